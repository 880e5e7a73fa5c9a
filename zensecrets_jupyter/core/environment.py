"""Secrets as environment variables during a block of code."""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.system.text_encoding import encode_system_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_INVALID_CHARACTER = re.compile(r"[^A-Z0-9_]")
"""Pattern of a character that :func:`variable_name` replaces."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Pattern of a valid variable name."""

_RESERVED = {
    # The locations of programs and files, and the current user: POSIX, chapter "Environment Variables", and Windows. USERNAME is left
    # out, because many secrets have a key of this name, and programs read USER or LOGNAME.
    "the system": r"PATH|HOME|USER|LOGNAME|UID|EUID|SHELL|PWD|OLDPWD|TMPDIR|TEMP|TMP|DISPLAY|WAYLAND_DISPLAY|XDG_\w+|DBUS_\w+|SSH_AUTH_SOCK"
    r"|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|USERPROFILE|HOMEDRIVE|HOMEPATH|PROGRAMDATA|PROGRAMFILES",
    # The language, the time zone and the terminal, which change the output of programs.
    "the language or the terminal": r"LANG|LANGUAGE|LC_\w+|LOCPATH|NLSPATH|TZ|TERM|TERMINFO|COLUMNS|LINES|EDITOR|VISUAL|PAGER|BROWSER",
    # The code that is loaded into each program: ld.so(8), dyld(1).
    "the dynamic linker": r"LD_\w+|DYLD_\w+|LIBPATH|SHLIB_PATH|GCONV_PATH|GLIBC_TUNABLES",
    # The code that a shell runs at its start, and its rules of parsing: POSIX sh, bash(1), zsh(1).
    "a shell": r"IFS|ENV|BASH_\w+|BASHOPTS|SHELLOPTS|CDPATH|PS[0-4]|PROMPT_COMMAND|ZDOTDIR|OPTIND|OPTARG|PPID|HISTFILE",
    # The code that an interpreter loads before the program: python(1), node(1), perlrun(1), ruby(1), java(1), ?Startup in R.
    "an interpreter": r"PYTHON\w+|VIRTUAL_ENV|CONDA_\w+|NODE_OPTIONS|NODE_PATH|PERL5LIB|PERL5OPT|RUBYOPT|RUBYLIB|CLASSPATH|JAVA_HOME"
    r"|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|R_HOME|R_PROFILE|R_PROFILE_USER|GOPATH|GOROOT",
    # The programs that Git starts: git(1).
    "Git": r"GIT_\w+",
    # Proxies, certificates and name resolution: curl(1), OpenSSL, requests, resolv.conf(5).
    "the network": r"(?:HTTP|HTTPS|FTP|ALL|NO)_PROXY|SSL_CERT_FILE|SSL_CERT_DIR|SSLKEYLOGFILE|OPENSSL_CONF|REQUESTS_CA_BUNDLE"
    r"|CURL_CA_BUNDLE|HOSTALIASES|RES_OPTIONS",
    # The folders and passphrases of Jupyter and of this package.
    "Jupyter or zensecrets": r"JUPYTER\w*|JPY_\w+|IPYTHONDIR|MPLBACKEND|MPLCONFIGDIR|ZENSECRETS_\w+|ZENML_\w+",
}
"""Patterns of variables that change how programs behave, by their reader as named in messages.

A key sets one of these variables only if the user chose that name for the key.
"""

_RESERVED_PATTERNS = {reader: re.compile(names, re.IGNORECASE) for reader, names in _RESERVED.items()}

_lock = threading.Lock()
_original_values: dict[str, str | None] = {}
"""The value of each variable before the earliest running block that sets it; ``None`` if the variable did not exist."""
_running_blocks: list[dict[str, str]] = []
"""The variables of each running block, in the order in which the blocks started."""


def variable_name(key: str) -> str:
    """Return the key in upper case, with ``_`` for every character except ``A-Z0-9_``."""
    return _INVALID_CHARACTER.sub("_", key.upper())


def variables_of(
    secrets: Iterable[BaseSecretSchema], *, prefix: str = "", names: Mapping[str, str] | None = None, as_is: bool = False
) -> dict[str, str]:
    """Return the values of ``secrets`` by the names of their environment variables.

    Args:
        secrets: The secrets. The same secret may occur twice.
        prefix: The first part of each name; its case does not change.
        names: Names that the user chose for some variables, by ``key`` or ``secret.key``. They do not get the prefix.
        as_is: Whether a value is also set under its unchanged key, if the key is a valid variable name: ``api_key`` besides ``API_KEY``.
            Later versions of ZenML do this. Only steps and pipelines set this argument.

    Raises:
        InvalidSecretError: If two keys have the same variable, if the variable of a key is reserved, such as ``PATH``, if one of ``names``
            is not valid or its key does not exist, or if a value contains a character that no variable can contain, such as NUL.
    """
    names = names or {}
    # A selector is a key of the mapping `names`: SECRET.KEY, or KEY for this key of every secret.
    unused_selectors = set(names)
    variables: dict[str, str] = {}
    owners: dict[str, tuple[str, str]] = {}
    for secret in secrets:
        for key, value in secret.content.items():
            # SECRET.KEY has priority over KEY.
            selector = next((name for name in (f"{secret.name}.{key}", key) if name in names), None)
            unused_selectors.discard(selector or "")
            variable = _variable(secret.name, key, names[selector] if selector else None, prefix, in_step=as_is)
            owner = owners.setdefault(variable, (secret.name, key))
            if owner != (secret.name, key):
                message = f"{'.'.join(owner)} and {secret.name}.{key} have the same environment variable {variable}."
                raise InvalidSecretError(
                    message, name=secret.name, hint=f"Give one of them another name, {_NAME_OPTION}, or use one secret at a time."
                )
            if not _is_valid_value(value):
                message = (
                    f"{secret.name}.{key} can't be an environment variable: its value contains a character that is not possible there."
                )
                raise InvalidSecretError(message, name=secret.name, hint="Read it with Client().get_secret(NAME) instead.")
            variables[variable] = encode_system_text(value)
    if as_is:
        # An unchanged key is skipped if another key already has this variable.
        for variable, (secret_name, key) in owners.copy().items():
            if _VARIABLE.fullmatch(key) and owners.setdefault(key, (secret_name, key)) == (secret_name, key):
                variables[key] = variables[variable]
    if unused_selectors:
        message = f"The secrets have no key {min(unused_selectors)!r} that could get the given name as an environment variable."
        raise InvalidSecretError(message, name="", hint="Name a key of the secrets, as KEY or SECRET.KEY.")
    return variables


_NAME_OPTION = "--as KEY=NAME"
"""The command-line option that chooses the name of a variable, for hints."""


def _variable(secret: str, key: str, name: str | None, prefix: str, *, in_step: bool) -> str:
    """Return the name of the variable for a key.

    Args:
        secret: The name of the secret.
        key: The key.
        name: The name that the user chose, or ``None``.
        prefix: The first part of the name, unless the user chose it.
        in_step: Whether the variable is for a step or pipeline, where the user can't choose a name.

    Raises:
        InvalidSecretError: If ``name`` is not valid, or if the variable is reserved and the user did not choose it.
    """
    if name is not None:
        if _VARIABLE.fullmatch(name) is None:
            message = f"The given name for {secret}.{key} is not valid for an environment variable."
            raise InvalidSecretError(message, name=secret, hint="Use letters, digits and '_', and no digit first.")
        return name
    variable = f"{prefix}{variable_name(key)}"
    reader = next((reader for reader, names in _RESERVED_PATTERNS.items() if names.fullmatch(variable)), None)
    if reader is not None:
        message = f"{secret}.{key} would replace the environment variable {variable}, which {reader} reads."
        hint = f"Use another name: --prefix APP_ or {_NAME_OPTION}; in Python prefix='APP_' or names={{{key!r}: 'NAME'}} of Client().env."
        if in_step:
            hint = (
                f"Remove {secret!r} from secrets=, and write Client().get_secret({secret!r}).value({key!r}) in the step, or store the value"
                f" under another key: %secret update {secret} --remove-key {key} --app_{key}"
            )
        raise InvalidSecretError(message, name=secret, hint=hint)
    return variable


@contextmanager
def secret_environment(
    secrets: Iterable[BaseSecretSchema], *, prefix: str = "", names: Mapping[str, str] | None = None, as_is: bool = False
) -> Iterator[dict[str, str]]:
    """Set the keys of ``secrets`` as environment variables during the block.

    The context manager yields the values by variable name. The arguments are those of :func:`variables_of`.

    Blocks may be nested, and may overlap in several threads. If several running blocks set a variable, its value is that of the block that
    started last. When all blocks that set the variable have ended, it gets its original value, or is removed if it did not exist.

    Raises:
        InvalidSecretError: For the reasons of :func:`variables_of`. Then no variable is set.
    """
    variables = variables_of(secrets, prefix=prefix, names=names, as_is=as_is)
    with _lock:
        _start_block(variables)
    try:
        yield dict(variables)
    finally:
        with _lock:
            _end_block(variables)


def _is_valid_value(value: str) -> bool:
    """Return whether an environment variable can contain ``value``."""
    try:
        # The UTF-8 encoding refuses lone surrogates, which `os.fsencode` may accept.
        return b"\0" not in os.fsencode(encode_system_text(value)) and b"\0" not in value.encode("utf-8")
    except UnicodeEncodeError:
        return False


def _start_block(variables: dict[str, str]) -> None:
    """Set the variables of a block that starts."""
    for variable in variables:
        _original_values.setdefault(variable, os.environ.get(variable))
    _running_blocks.append(variables)
    os.environ.update(variables)


def _end_block(variables: dict[str, str]) -> None:
    """Restore the variables of a block that ends."""
    # Dicts are compared by identity, because another thread may run a block with equal variables.
    _running_blocks[:] = [other for other in _running_blocks if other is not variables]
    for variable in variables:
        value = _value_in_last_block(variable, _running_blocks)
        if value is not None:
            os.environ[variable] = value
            continue
        original = _original_values.pop(variable)
        if original is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = original


def _value_in_last_block(variable: str, blocks: Iterable[Mapping[str, str]]) -> str | None:
    """Return the variable's value from the last started block that sets it, or ``None``."""
    return next((variables[variable] for variables in reversed(list(blocks)) if variable in variables), None)
