"""Orchestrators: the contract (`interface`), and one file for each that runs pipelines here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import FlavorUnavailableError
from zensecrets_jupyter.core.steps.orchestrators.interface import Orchestrator

if TYPE_CHECKING:
    from zensecrets_jupyter.core.stack import StackComponent

__all__ = ["Orchestrator", "get_orchestrator"]

_BUILT_IN = {"local": "LocalOrchestrator"}
"""For each flavor that is implemented the name of its class, in the module called like the flavor."""


def get_orchestrator(component: StackComponent) -> Orchestrator:
    """Return what runs pipelines for an orchestrator of a stack.

    Raises:
        FlavorUnavailableError: If nothing here does.
    """
    if component.flavor in _BUILT_IN:
        module = importlib.import_module(f"{__name__}.{component.flavor}")
        found: type[Orchestrator] = getattr(module, _BUILT_IN[component.flavor])
        return found()
    message = f"No pipeline can be run on the {component}: this package does not implement the flavor {component.flavor!r}."
    hint = f"Use a stack with an orchestrator that it implements: {', '.join(_BUILT_IN)}."
    raise FlavorUnavailableError(message, flavor=component.flavor, hint=hint)
