"""Orchestrators: their interface, and one module per implemented flavor."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import FlavorUnavailableError
from zensecrets_jupyter.core.steps.orchestrators.interface import Orchestrator

if TYPE_CHECKING:
    from zensecrets_jupyter.core.stack import StackComponent

__all__ = ["Orchestrator", "get_orchestrator"]

_BUILT_IN = {"local": "LocalOrchestrator"}
"""The class of each implemented flavor, in the module with the name of the flavor."""


def get_orchestrator(component: StackComponent) -> Orchestrator:
    """Return the implementation of an orchestrator of a stack.

    Raises:
        FlavorUnavailableError: If this package does not implement its flavor.
    """
    if component.flavor in _BUILT_IN:
        module = importlib.import_module(f"{__name__}.{component.flavor}")
        found: type[Orchestrator] = getattr(module, _BUILT_IN[component.flavor])
        return found()
    message = f"No pipeline can be run on the {component}: this package does not implement the flavor {component.flavor!r}."
    hint = f"Use a stack with an orchestrator that it implements: {', '.join(_BUILT_IN)}."
    raise FlavorUnavailableError(message, flavor=component.flavor, hint=hint)
