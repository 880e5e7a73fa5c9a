"""Secrets as environment variables, for as long as something runs."""

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

_UNFIT = re.compile(r"[^A-Z0-9_]")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_RESERVED = {
    # Where programs and their files are, and who runs them: POSIX, "Environment Variables", and Windows. USERNAME is not among them:
    # it is a key of many secrets, and programs ask for USER or LOGNAME.
    "the system": r"PATH|HOME|USER|LOGNAME|UID|EUID|SHELL|PWD|OLDPWD|TMPDIR|TEMP|TMP|DISPLAY|WAYLAND_DISPLAY|XDG_\w+|DBUS_\w+|SSH_AUTH_SOCK"
    r"|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|USERPROFILE|HOMEDRIVE|HOMEPATH|PROGRAMDATA|PROGRAMFILES",
    # Language, time and terminal: what a program writes changes with them.
    "the language or the terminal": r"LANG|LANGUAGE|LC_\w+|LOCPATH|NLSPATH|TZ|TERM|TERMINFO|COLUMNS|LINES|EDITOR|VISUAL|PAGER|BROWSER",
    # Code that is loaded into each program: ld.so(8), dyld(1).
    "the dynamic linker": r"LD_\w+|DYLD_\w+|LIBPATH|SHLIB_PATH|GCONV_PATH|GLIBC_TUNABLES",
    # What a shell runs, or how it reads a line: POSIX sh, bash(1), zsh(1).
    "a shell": r"IFS|ENV|BASH_\w+|BASHOPTS|SHELLOPTS|CDPATH|PS[0-4]|PROMPT_COMMAND|ZDOTDIR|OPTIND|OPTARG|PPID|HISTFILE",
    # What an interpreter runs or loads before the program: python(1), node(1), perlrun(1), ruby(1), java(1), R's Startup.
    "an interpreter": r"PYTHON\w+|VIRTUAL_ENV|CONDA_\w+|NODE_OPTIONS|NODE_PATH|PERL5LIB|PERL5OPT|RUBYOPT|RUBYLIB|CLASSPATH|JAVA_HOME"
    r"|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|R_HOME|R_PROFILE|R_PROFILE_USER|GOPATH|GOROOT",
    # Programs that Git starts: git(1).
    "Git": r"GIT_\w+",
    # By which way, and trusting whom, a program reaches the network: curl(1), OpenSSL, requests, resolv.conf(5).
    "the network": r"(?:HTTP|HTTPS|FTP|ALL|NO)_PROXY|SSL_CERT_FILE|SSL_CERT_DIR|SSLKEYLOGFILE|OPENSSL_CONF|REQUESTS_CA_BUNDLE"
    r"|CURL_CA_BUNDLE|HOSTALIASES|RES_OPTIONS",
    # Where Jupyter and this package keep their files, and with what they open them.
    "Jupyter or zensecrets": r"JUPYTER\w*|JPY_\w+|IPYTHONDIR|MPLBACKEND|MPLCONFIGDIR|ZENSECRETS_\w+|ZENML_\w+",
}
"""Variables that change what programs do, by what reads them. A key of the same name is no reason to replace one of them."""

_RESERVED_NAME = {reader: re.compile(names, re.IGNORECASE) for reader, names in _RESERVED.items()}

_lock = threading.Lock()
_before: dict[str, str | None] = {}
"""What each variable that is set now was before the first block that set it."""
_layers: list[dict[str, str]] = []
"""What the blocks that run now have set, the outermost first."""


def variable_name(key: str) -> str:
    """Return the name of the variable that holds ``key``: in upper case, with ``_`` for every character outside of ``A-Z0-9_``."""
    return _UNFIT.sub("_", key.upper())


def variables_of(
    secrets: Iterable[BaseSecretSchema], *, prefix: str = "", names: Mapping[str, str] | None = None, as_is: bool = False
) -> dict[str, str]:
    """Return the variables that hold the keys of ``secrets``, by name; a secret that is named twice counts once.

    Args:
        secrets: The secrets.
        prefix: What each name starts with, as it is written.
        names: Names for some keys, by ``key`` or ``secret.key``; they get no prefix.
        as_is: Whether each key that can be the name of a variable is one as it is written too, as later ZenML has it.

    Raises:
        InvalidSecretError: If two keys would be one variable, a key would replace a variable such as ``PATH``, a name is none or is for
            no key, or a value holds a NUL, which no variable can.
    """
    given = dict(names or {})
    unused = set(given)
    variables: dict[str, str] = {}
    owners: dict[str, tuple[str, str]] = {}
    for secret in secrets:
        for key, value in secret.content.items():
            chosen = next((name for name in (f"{secret.name}.{key}", key) if name in given), None)
            unused.discard(chosen or "")
            variable = _variable(secret.name, key, given[chosen] if chosen else None, prefix, of_step=as_is)
            owner = owners.setdefault(variable, (secret.name, key))
            if owner != (secret.name, key):
                message = f"{'.'.join(owner)} and {secret.name}.{key} would both be the environment variable {variable}."
                raise InvalidSecretError(
                    message, name=secret.name, hint=f"Give one of them another name, {_AS}, or use one secret at a time."
                )
            if not _fits(value):
                message = f"{secret.name}.{key} can't be an environment variable: its value holds a character that none can hold."
                raise InvalidSecretError(message, name=secret.name, hint="Read it with Client().get_secret(NAME) instead.")
            variables[variable] = encode_system_text(value)
    if as_is:
        for variable, (secret_name, key) in owners.copy().items():
            if _VARIABLE.fullmatch(key) and owners.setdefault(key, (secret_name, key)) == (secret_name, key):
                variables[key] = variables[variable]
    if unused:
        message = f"There is no key {min(unused)!r} that could have a name as an environment variable."
        raise InvalidSecretError(message, name="", hint="Name a key of the secrets, as KEY or SECRET.KEY.")
    return variables


_AS = "--as KEY=NAME"


def _variable(secret: str, key: str, name: str | None, prefix: str, *, of_step: bool) -> str:
    """Return the name of the variable for a key; ``of_step`` tells whether a step or a pipeline asks for it, which takes no names.

    Raises:
        InvalidSecretError: If ``name`` can be none, or if there is no ``name`` and the variable would replace a reserved one.
    """
    if name is not None:
        if _VARIABLE.fullmatch(name) is None:
            message = f"No environment variable can have the name that is given for {secret}.{key}."
            raise InvalidSecretError(message, name=secret, hint="Use letters, digits and '_', and no digit first.")
        return name
    variable = f"{prefix}{variable_name(key)}"
    reader = next((reader for reader, names in _RESERVED_NAME.items() if names.fullmatch(variable)), None)
    if reader is not None:
        message = f"{secret}.{key} would replace the environment variable {variable}, which {reader} reads."
        hint = f"Give it another name: --prefix APP_, or {_AS}; in Python prefix='APP_', or names={{{key!r}: 'NAME'}} of Client().env."
        if of_step:
            hint = (
                f"Take {secret!r} out of secrets=, and write Client().get_secret({secret!r}).value({key!r}) in the step, or store the value"
                f" under another key: %secret update {secret} --remove-key {key} --app_{key}"
            )
        raise InvalidSecretError(message, name=secret, hint=hint)
    return variable


@contextmanager
def secret_environment(
    secrets: Iterable[BaseSecretSchema], *, prefix: str = "", names: Mapping[str, str] | None = None, as_is: bool = False
) -> Iterator[dict[str, str]]:
    """Set the keys of ``secrets`` as environment variables while the block runs, and yield the variables by name.

    Blocks may be nested, and may overlap in several threads: of those that set one variable the one that began last counts. After the
    last of them the variable is what it was before the first, also if it did not exist. The other arguments are those of
    :func:`variables_of`.

    Raises:
        InvalidSecretError: As :func:`variables_of` raises it; nothing was set then.
    """
    layer = variables_of(secrets, prefix=prefix, names=names, as_is=as_is)
    with _lock:
        _push(layer)
    try:
        yield dict(layer)
    finally:
        with _lock:
            _drop(layer)


def _fits(value: str) -> bool:
    try:
        return b"\0" not in os.fsencode(encode_system_text(value)) and b"\0" not in value.encode("utf-8")
    except UnicodeEncodeError:
        return False


def _push(layer: dict[str, str]) -> None:
    for variable in layer:
        _before.setdefault(variable, os.environ.get(variable))
    _layers.append(layer)
    os.environ.update(layer)


def _drop(layer: dict[str, str]) -> None:
    # By identity: another thread may run a block with the same variables.
    _layers[:] = [other for other in _layers if other is not layer]
    for variable in layer:
        above = _innermost(variable, _layers)
        if above is not None:
            os.environ[variable] = above
            continue
        before = _before.pop(variable)
        if before is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = before


def _innermost(variable: str, layers: Iterable[Mapping[str, str]]) -> str | None:
    return next((layer[variable] for layer in reversed(list(layers)) if variable in layer), None)
