"""The types of artifacts of ZenML 0.20, which materializers name in ``ASSOCIATED_ARTIFACT_TYPES``; nothing here differs by them."""

from __future__ import annotations


class BaseArtifact:
    """Anything that a step returns."""


class DataArtifact(BaseArtifact):
    """Data."""


class ModelArtifact(BaseArtifact):
    """A model."""


class SchemaArtifact(BaseArtifact):
    """A schema of data."""


class StatisticsArtifact(BaseArtifact):
    """Statistics about data."""


class DataAnalysisArtifact(BaseArtifact):
    """An analysis of data."""


class ServiceArtifact(BaseArtifact):
    """A running service."""
