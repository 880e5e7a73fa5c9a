"""Pipelines, runs and steps with ZenML's import path."""

from zensecrets_jupyter.classic.views import (
    PipelineRunView,
    PipelineView,
    StepView,
    get_pipeline,
    get_pipelines,
    get_run,
    get_unlisted_runs,
)

__all__ = ["PipelineRunView", "PipelineView", "StepView", "get_pipeline", "get_pipelines", "get_run", "get_unlisted_runs"]
