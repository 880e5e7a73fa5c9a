"""What keeps an output that names no materializer."""

from zensecrets_jupyter.core.steps.artifacts.materializers import PickleMaterializer

__all__ = ["BuiltInMaterializer"]

BuiltInMaterializer = PickleMaterializer
