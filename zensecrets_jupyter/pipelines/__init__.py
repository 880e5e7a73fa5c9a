"""Pipelines in the style of ZenML before 0.40, in which a pipeline is a class."""

from zensecrets_jupyter.classic.machine_settings import Schedule
from zensecrets_jupyter.classic.pipelines import BasePipeline, pipeline

__all__ = ["BasePipeline", "Schedule", "pipeline"]
