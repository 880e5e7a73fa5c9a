"""Secrets as environment variables, for as long as something runs."""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import InvalidSecretError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_UNFIT = re.compile(r"[^A-Z0-9_]")

_lock = threading.Lock()
_before: dict[str, str | None] = {}
"""What each variable that is set now was before the first block that set it."""
_layers: list[dict[str, str]] = []
"""What the blocks that run now have set, the outermost first."""


def variable_name(key: str) -> str:
    """Return the name of the variable that holds ``key``: in upper case, with ``_`` for every character outside of ``A-Z0-9_``."""
    return _UNFIT.sub("_", key.upper())


def variables_of(secrets: Iterable[BaseSecretSchema], *, prefix: str = "") -> dict[str, str]:
    """Return the variables that hold the keys of ``secrets``, by name; a secret that is named twice counts once.

    Each name starts with ``prefix``, as that is written.

    Raises:
        InvalidSecretError: If two keys would be one variable, or a value holds a NUL, which no variable can.
    """
    variables: dict[str, str] = {}
    owners: dict[str, tuple[str, str]] = {}
    for secret in secrets:
        for key, value in secret.content.items():
            variable = f"{prefix}{variable_name(key)}"
            owner = owners.setdefault(variable, (secret.name, key))
            if owner != (secret.name, key):
                message = f"{'.'.join(owner)} and {secret.name}.{key} would both be the environment variable {variable}."
                raise InvalidSecretError(message, name=secret.name, hint="Give one of the keys another name, or use one secret at a time.")
            if not _fits(value):
                message = f"{secret.name}.{key} can't be an environment variable: its value holds a character that none can hold."
                raise InvalidSecretError(message, name=secret.name, hint="Read it with Client().get_secret(NAME) instead.")
            variables[variable] = value
    return variables


@contextmanager
def secret_environment(secrets: Iterable[BaseSecretSchema], *, prefix: str = "") -> Iterator[dict[str, str]]:
    """Set the keys of ``secrets`` as environment variables while the block runs, and yield the variables by name.

    Blocks may be nested, and may overlap in several threads: of those that set one variable the one that began last counts. After the
    last of them the variable is what it was before the first, also if it did not exist. Each name starts with ``prefix``.

    Raises:
        InvalidSecretError: If two keys would be one variable, or a value can't be in one; nothing was set then.
    """
    layer = variables_of(secrets, prefix=prefix)
    with _lock:
        _push(layer)
    try:
        yield dict(layer)
    finally:
        with _lock:
            _drop(layer)


def _fits(value: str) -> bool:
    try:
        return b"\0" not in os.fsencode(value)
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
