"""Steps and pipelines: how they are written, run, cached and stored, and what a step knows of itself while it runs."""

from zensecrets_jupyter.core.steps.artifacts import Artifact
from zensecrets_jupyter.core.steps.context import StepContext, get_step_context
from zensecrets_jupyter.core.steps.materializers import BaseMaterializer
from zensecrets_jupyter.core.steps.parameters import BaseParameters
from zensecrets_jupyter.core.steps.pipeline import Pipeline, pipeline
from zensecrets_jupyter.core.steps.run import ExecutionStatus, PipelineRun, StepRun, recent_runs
from zensecrets_jupyter.core.steps.settings import BaseSettings, StepSettings
from zensecrets_jupyter.core.steps.signature import Output
from zensecrets_jupyter.core.steps.step import Step, step

__all__ = [
    "Artifact",
    "BaseMaterializer",
    "BaseParameters",
    "BaseSettings",
    "ExecutionStatus",
    "Output",
    "Pipeline",
    "PipelineRun",
    "Step",
    "StepContext",
    "StepRun",
    "StepSettings",
    "get_step_context",
    "pipeline",
    "recent_runs",
    "step",
]
