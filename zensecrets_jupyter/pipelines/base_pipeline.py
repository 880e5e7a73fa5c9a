"""The base of pipelines."""

from zensecrets_jupyter.classic.pipelines import BasePipeline

__all__ = ["BasePipeline"]
