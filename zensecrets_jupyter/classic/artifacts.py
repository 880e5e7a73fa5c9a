"""ZenML's types of artifacts, for ``ASSOCIATED_ARTIFACT_TYPES`` of materializers.

The types have no effect here. In ZenML before 0.40 each type is a class. Since 0.40 each type is a member of :class:`ArtifactType`.
"""

from __future__ import annotations

from enum import Enum


class BaseArtifact:
    """Any output of a step."""


class DataArtifact(BaseArtifact):
    """Data."""


class ModelArtifact(BaseArtifact):
    """A model."""


class SchemaArtifact(BaseArtifact):
    """A schema of a data set, and not of a secret."""


class StatisticsArtifact(BaseArtifact):
    """Statistics about data."""


class DataAnalysisArtifact(BaseArtifact):
    """An analysis of data."""


class ServiceArtifact(BaseArtifact):
    """A running service."""


class ArtifactType(str, Enum):
    """The types of artifacts since ZenML 0.40, for ``ASSOCIATED_ARTIFACT_TYPE``."""

    BASE = "BaseArtifact"
    DATA = "DataArtifact"
    DATA_ANALYSIS = "DataAnalysisArtifact"
    MODEL = "ModelArtifact"
    SCHEMA = "SchemaArtifact"
    SERVICE = "ServiceArtifact"
    STATISTICS = "StatisticsArtifact"
