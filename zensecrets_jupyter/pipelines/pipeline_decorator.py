"""The decorator of pipelines."""

from zensecrets_jupyter.classic.pipelines import pipeline

__all__ = ["pipeline"]
