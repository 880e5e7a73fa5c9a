"""Watch the environment: a variable that is set after ``%load_ext`` is judged before anything more is shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction.environment import protect_variable, saved_choices

if TYPE_CHECKING:
    from contextlib import ExitStack

    from zensecrets_jupyter.core.redaction import Redactor


def install(redactor: Redactor, undo: ExitStack) -> None:
    """Protect what ``os.environ`` and ``os.putenv`` set from now on; ``undo`` stops it.

    Every method of ``os.environ`` that sets a variable calls ``putenv`` as a global of module ``os``, so one function sees them all. An
    audit hook would too, but it can't be removed, and would be called for each import and each file that is opened.
    """
    original = os.putenv
    is_active = True

    def putenv(name: Any, value: Any) -> None:
        original(name, value)
        if is_active:
            _learn(redactor, os.fsdecode(name), os.fsdecode(value))

    def restore() -> None:
        nonlocal is_active
        is_active = False
        # Whoever replaced the function after us calls ours, which does nothing more.
        if os.putenv is putenv:
            os.putenv = original

    os.putenv = putenv
    undo.callback(restore)


def _learn(redactor: Redactor, variable: str, value: str) -> None:
    try:
        protect_variable(variable, value, redactor=redactor, choices=saved_choices())
    except Exception:  # noqa: BLE001 - setting a variable must not fail because of us; better to mask too much
        redactor.protect(value, f"env.{variable}")
