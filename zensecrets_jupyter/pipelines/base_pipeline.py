"""The class ``BasePipeline`` with ZenML's import path."""

from zensecrets_jupyter.classic.pipelines import BasePipeline

__all__ = ["BasePipeline"]
