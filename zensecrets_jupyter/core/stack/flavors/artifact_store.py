"""Artifact stores: they keep what steps return."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import field_validator

from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.stack.component import StackComponentConfig
from zensecrets_jupyter.core.stack.flavors.bases import AuthenticatedConfig, CustomConfig


class LocalArtifactStoreConfig(StackComponentConfig):
    """A folder of this machine."""

    TYPE: ClassVar[str] = "artifact_store"
    FLAVOR: ClassVar[str] = "local"

    path: str = ""
    """The folder; one of the workspace's own where none is given."""

    @field_validator("path")
    @classmethod
    def _refuse_urls(cls, path: str) -> str:
        if "://" in path:
            message = "a local artifact store takes a folder"
            raise ValueError(message)
        return path

    @property
    def is_local(self) -> bool:
        """True: the folder is on this machine."""
        return True


class _BucketConfig(AuthenticatedConfig):
    """Attributes of a store in a cloud's buckets."""

    SCHEMES: ClassVar[tuple[str, ...]] = ()

    path: str

    @field_validator("path")
    @classmethod
    def _check_scheme(cls, path: str) -> str:
        if not path.startswith(cls.SCHEMES):
            message = f"the path starts with none of {', '.join(cls.SCHEMES)}"
            raise ValueError(message)
        return path


class S3ArtifactStoreConfig(_BucketConfig):
    """A bucket of S3, or of something that speaks its protocol."""

    TYPE: ClassVar[str] = "artifact_store"
    FLAVOR: ClassVar[str] = "s3"
    SCHEMES: ClassVar[tuple[str, ...]] = ("s3://",)

    key: str | None = SecretField(default=None)
    secret: str | None = SecretField(default=None)
    token: str | None = SecretField(default=None)
    client_kwargs: dict[str, Any] | None = None
    config_kwargs: dict[str, Any] | None = None
    s3_additional_kwargs: dict[str, Any] | None = None


class GCPArtifactStoreConfig(_BucketConfig):
    """A bucket of Google Cloud Storage."""

    TYPE: ClassVar[str] = "artifact_store"
    FLAVOR: ClassVar[str] = "gcp"
    SCHEMES: ClassVar[tuple[str, ...]] = ("gs://",)


class AzureArtifactStoreConfig(_BucketConfig):
    """A container of Azure Blob Storage."""

    TYPE: ClassVar[str] = "artifact_store"
    FLAVOR: ClassVar[str] = "azure"
    SCHEMES: ClassVar[tuple[str, ...]] = ("abfs://", "az://")


class CustomArtifactStoreConfig(CustomConfig):
    """An artifact store with attributes of any name."""

    TYPE: ClassVar[str] = "artifact_store"
    FLAVOR: ClassVar[str] = "custom"
