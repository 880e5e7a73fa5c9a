"""Stacks and their components: attributes that hold references, the flavors of each type, and validation before a run."""

from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.stack._flavors import flavor_names, get_flavor
from zensecrets_jupyter.core.stack._templated import Needing, Place, Requirement, TemplatedModel
from zensecrets_jupyter.core.stack.component import StackComponent, StackComponentConfig
from zensecrets_jupyter.core.stack.stack import PlaceInStack, Stack, not_in_stack, resolve_text
from zensecrets_jupyter.core.stack.validation import Problem, Report

__all__ = [
    "ComponentType",
    "Needing",
    "Place",
    "PlaceInStack",
    "Problem",
    "Report",
    "Requirement",
    "Stack",
    "StackComponent",
    "StackComponentConfig",
    "TemplatedModel",
    "flavor_names",
    "get_flavor",
    "not_in_stack",
    "resolve_text",
]
