"""Stacks and their components: attributes with references, flavors, and validation before a run."""

from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.stack.component import StackComponent, StackComponentConfig
from zensecrets_jupyter.core.stack.flavor_registry import flavor_names, get_flavor
from zensecrets_jupyter.core.stack.reference_model import ReferenceModel
from zensecrets_jupyter.core.stack.references import ReferenceResolver, Requirement, RequiresSecrets
from zensecrets_jupyter.core.stack.resolver import StackResolver, resolve_text
from zensecrets_jupyter.core.stack.stack import Stack
from zensecrets_jupyter.core.stack.validation import Problem, Report

__all__ = [
    "ComponentType",
    "Problem",
    "ReferenceModel",
    "ReferenceResolver",
    "Report",
    "Requirement",
    "RequiresSecrets",
    "Stack",
    "StackComponent",
    "StackComponentConfig",
    "StackResolver",
    "flavor_names",
    "get_flavor",
    "resolve_text",
]
