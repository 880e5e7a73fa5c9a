"""Enumerations with ZenML's names."""

from zensecrets_jupyter.classic.artifacts import ArtifactType
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.steps import ExecutionStatus

__all__ = ["ArtifactType", "ExecutionStatus", "StackComponentType"]

StackComponentType = ComponentType
