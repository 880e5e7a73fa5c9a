"""Materializers with ZenML's import path."""

from zensecrets_jupyter.core.steps import BaseMaterializer
from zensecrets_jupyter.core.steps.artifacts.materializers import PickleMaterializer

__all__ = ["BaseMaterializer", "BuiltInMaterializer", "PickleMaterializer"]

BuiltInMaterializer = PickleMaterializer
