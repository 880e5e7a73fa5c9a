"""ZenML's enumerations."""

from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.steps import ExecutionStatus

__all__ = ["ExecutionStatus", "StackComponentType"]

StackComponentType = ComponentType
