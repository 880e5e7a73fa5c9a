"""Hooks that are called after a step: ``on_success`` and ``on_failure``."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import type_with_article

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Hooks:
    """The functions to call; ``on_failure`` gets the exception if it takes an argument.

    Attributes:
        on_success: Called after a step without an error.
        on_failure: Called after a step that raised an error.
    """

    on_success: Callable[..., object] | None = None
    on_failure: Callable[..., object] | None = None

    def changed(self, owner: str, **given: Any) -> Hooks:
        """Return the hooks updated with the given ones; ``owner`` is the text by which errors name the step.

        Raises:
            StepInterfaceError: If a hook is not callable.
        """
        said = {name: hook for name, hook in given.items() if hook is not None}
        for name, hook in said.items():
            if not callable(hook):
                message = f"{name} of {owner} is {type_with_article(hook)}, which can't be called."
                raise StepInterfaceError(message, hint="Give a function.")
        return replace(self, **said)

    def over(self, below: Hooks) -> Hooks:
        """Return these hooks, completed by those of ``below``."""
        return Hooks(self.on_success or below.on_success, self.on_failure or below.on_failure)

    def call(self, error: BaseException | None) -> None:
        """Call the hook for the result of the step; an error of the hook prints one line, as in ZenML."""
        hook = self.on_success if error is None else self.on_failure
        if hook is None:
            return
        try:
            takes_error = error is not None and bool(inspect.signature(hook).parameters)
            hook(error) if takes_error else hook()
        except Exception as problem:  # noqa: BLE001 - a hook is the user's code and may raise anything
            # The class only: an exception's text may hold a value.
            sys.stderr.write(f"The hook {getattr(hook, '__name__', 'of a step')!r} raised {type(problem).__qualname__}.\n")
