"""The class ``Schedule`` with ZenML's import path."""

from zensecrets_jupyter.classic.machine_settings import Schedule

__all__ = ["Schedule"]
