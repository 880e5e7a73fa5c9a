"""ZenML's artifact types: this module replaces ``zenml.artifacts``."""

from zensecrets_jupyter.classic.artifacts import (
    BaseArtifact,
    DataAnalysisArtifact,
    DataArtifact,
    ModelArtifact,
    SchemaArtifact,
    ServiceArtifact,
    StatisticsArtifact,
)

__all__ = [
    "BaseArtifact",
    "DataAnalysisArtifact",
    "DataArtifact",
    "ModelArtifact",
    "SchemaArtifact",
    "ServiceArtifact",
    "StatisticsArtifact",
]
