"""The types of artifacts of ZenML, which materializers name in ``ASSOCIATED_ARTIFACT_TYPES``; nothing here differs by them.

Up to 0.3x they are classes, later members of :class:`ArtifactType`.
"""

from __future__ import annotations

from enum import Enum


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


class ArtifactType(str, Enum):
    """The types of artifacts of later ZenML, for ``ASSOCIATED_ARTIFACT_TYPE``."""

    BASE = "BaseArtifact"
    DATA = "DataArtifact"
    DATA_ANALYSIS = "DataAnalysisArtifact"
    MODEL = "ModelArtifact"
    SCHEMA = "SchemaArtifact"
    SERVICE = "ServiceArtifact"
    STATISTICS = "StatisticsArtifact"
