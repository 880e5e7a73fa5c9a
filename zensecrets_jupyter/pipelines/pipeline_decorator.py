"""The decorator ``pipeline`` with ZenML's import path."""

from zensecrets_jupyter.classic.pipelines import pipeline

__all__ = ["pipeline"]
