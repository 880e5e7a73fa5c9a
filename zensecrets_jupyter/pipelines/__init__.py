"""Pipelines of ZenML before 0.40, where a pipeline is a class whose parameters are steps."""

from zensecrets_jupyter.classic.machine_settings import Schedule
from zensecrets_jupyter.classic.pipelines import BasePipeline, pipeline

__all__ = ["BasePipeline", "Schedule", "pipeline"]
