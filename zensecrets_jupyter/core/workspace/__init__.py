"""The workspace: the registered components and stacks, and the active stack."""

from zensecrets_jupyter.core.workspace.records import ComponentRecord, StackRecord
from zensecrets_jupyter.core.workspace.workspace import RegisteredManager, Workspace, get_workspace

__all__ = ["ComponentRecord", "RegisteredManager", "StackRecord", "Workspace", "get_workspace"]
