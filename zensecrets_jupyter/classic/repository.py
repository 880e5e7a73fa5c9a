"""ZenML's ``Repository``: the old name of ``Client``, with methods that return pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.classic import views
from zensecrets_jupyter.core.client import Client

if TYPE_CHECKING:
    from pathlib import Path

    from zensecrets_jupyter.classic.views import PipelineView


class Repository(Client):
    """The client, with the additional attributes of ZenML's ``Repository``."""

    @property
    def root(self) -> Path:
        """The folder of the workspace."""
        return self.workspace.home

    @property
    def active_stack_name(self) -> str:
        """The name of the active stack."""
        return self.active_stack.name

    def get_pipelines(self) -> list[PipelineView]:
        """Return the pipelines that this process has run."""
        return views.get_pipelines()

    def get_pipeline(  # type: ignore[override] # ZenML's Repository returns another class than the client
        self, pipeline: object = None, pipeline_name: str | None = None
    ) -> PipelineView | None:
        """Return a pipeline by its name, its class or an instance.

        ``pipeline_name`` has priority over ``pipeline``. The result is ``None`` if this process has not run the pipeline.

        Raises:
            RunNotFoundError: If the argument is neither the name, the class nor an instance of a pipeline.
        """
        return views.get_pipeline(pipeline, pipeline_name)
