"""Schedules."""

from zensecrets_jupyter.classic.machine_settings import Schedule

__all__ = ["Schedule"]
