"""Materializers."""

from zensecrets_jupyter.core.steps import BaseMaterializer
from zensecrets_jupyter.core.steps.materializers import PickleMaterializer

__all__ = ["BaseMaterializer", "BuiltInMaterializer", "PickleMaterializer"]

BuiltInMaterializer = PickleMaterializer
