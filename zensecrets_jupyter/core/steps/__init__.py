"""Steps and pipelines: their definition, execution, caching and stored outputs."""

from zensecrets_jupyter.core.steps.artifacts.artifact import Artifact
from zensecrets_jupyter.core.steps.artifacts.materializers import BaseMaterializer
from zensecrets_jupyter.core.steps.definition.context import StepContext, get_step_context
from zensecrets_jupyter.core.steps.definition.parameters import BaseParameters
from zensecrets_jupyter.core.steps.definition.settings import BaseSettings, StepSettings
from zensecrets_jupyter.core.steps.definition.signature import Output
from zensecrets_jupyter.core.steps.execution.run import ExecutionStatus, PipelineRun, StepRun, recent_runs
from zensecrets_jupyter.core.steps.pipeline import Pipeline, pipeline
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
