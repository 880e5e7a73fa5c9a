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
    """The functions that are called after a step.

    Attributes:
        on_success: Called without arguments after a step that raised no error.
        on_failure: Called after a step that raised an error. It receives the exception if it has a parameter.
    """

    on_success: Callable[..., object] | None = None
    on_failure: Callable[..., object] | None = None

    def updated(self, owner: str, **hooks: Any) -> Hooks:
        """Return a copy with the given hooks, except for those that are ``None``.

        Args:
            owner: The step or pipeline, as error messages call it, such as ``step 'trainer'``.
            hooks: The new hooks, by attribute.

        Raises:
            StepInterfaceError: If a hook is not callable.
        """
        new_hooks = {name: hook for name, hook in hooks.items() if hook is not None}
        for name, hook in new_hooks.items():
            if not callable(hook):
                message = f"{name} of {owner} is {type_with_article(hook)}, which can't be called."
                raise StepInterfaceError(message, hint="Give a function.")
        return replace(self, **new_hooks)

    def with_defaults(self, defaults: Hooks) -> Hooks:
        """Return a copy in which ``defaults`` replace the hooks that are ``None``."""
        return Hooks(self.on_success or defaults.on_success, self.on_failure or defaults.on_failure)

    def call(self, error: BaseException | None) -> None:
        """Call ``on_success`` if ``error`` is ``None``, otherwise ``on_failure`` for this error of the step.

        As in ZenML, the step does not fail because of an error in the hook. One line about the error is printed.
        """
        hook = self.on_success if error is None else self.on_failure
        if hook is None:
            return
        try:
            takes_error = error is not None and bool(inspect.signature(hook).parameters)
            hook(error) if takes_error else hook()
        except Exception as hook_error:  # noqa: BLE001 - a hook is code of the user and may raise any error
            # Only the class of the error is printed, because its text may contain the value of a secret.
            sys.stderr.write(f"The hook {getattr(hook, '__name__', 'of a step')!r} raised {type(hook_error).__qualname__}.\n")
