"""Protection of environment variables that are set after ``%load_ext``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction.environment import protect_variable, saved_choices

if TYPE_CHECKING:
    from contextlib import ExitStack

    from zensecrets_jupyter.core.redaction import Redactor


def install(redactor: Redactor, undo: ExitStack) -> None:
    """Protect the values of environment variables that are set from now on; ``undo`` stops it.

    Every method of ``os.environ`` that sets a variable calls ``os.putenv``, so only ``os.putenv`` is replaced. An audit hook is no
    alternative: it could not be removed, and Python would call it for each import and each opened file.
    """
    original = os.putenv
    is_active = True

    def putenv(name: Any, value: Any) -> None:
        original(name, value)
        if is_active:
            _protect(redactor, os.fsdecode(name), os.fsdecode(value))

    def restore() -> None:
        nonlocal is_active
        is_active = False
        # Other code may have wrapped our function in the meantime. It still calls ours, which only calls the original now.
        if os.putenv is putenv:
            os.putenv = original

    os.putenv = putenv
    undo.callback(restore)


def _protect(redactor: Redactor, variable: str, value: str) -> None:
    """Protect the secrets in a variable, except variables that the user ignores (``%secret guard ignore``)."""
    try:
        protect_variable(variable, value, redactor=redactor, choices=saved_choices())
    except Exception:  # noqa: BLE001 - an error must not reach the code that sets the variable, and the value must be masked
        redactor.protect(value, f"env.{variable}")
