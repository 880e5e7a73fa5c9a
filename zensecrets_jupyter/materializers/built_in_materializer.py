"""The default materializer with ZenML's import path."""

from zensecrets_jupyter.core.steps.artifacts.materializers import PickleMaterializer

__all__ = ["BuiltInMaterializer"]

BuiltInMaterializer = PickleMaterializer
