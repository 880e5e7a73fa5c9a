"""Schedules."""

from zensecrets_jupyter.core.steps.machines import Schedule

__all__ = ["Schedule"]
