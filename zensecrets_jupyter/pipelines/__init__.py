"""Pipelines as ZenML has them up to 0.3x: their parameters are steps, and ``run()`` runs them."""

from zensecrets_jupyter.classic.machine_settings import Schedule
from zensecrets_jupyter.classic.pipelines import BasePipeline, pipeline

__all__ = ["BasePipeline", "Schedule", "pipeline"]
