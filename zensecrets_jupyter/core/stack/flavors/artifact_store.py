"""Attributes of an artifact store, by flavor. Artifact stores store the outputs of steps."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import field_validator

from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.stack.component import StackComponentConfig
from zensecrets_jupyter.core.stack.flavors.bases import AuthenticatedConfig, CustomConfig


class LocalArtifactStoreConfig(StackComponentConfig):
    """Artifact store in a folder of this machine."""

    TYPE: ClassVar[str] = "artifact_store"
    FLAVOR: ClassVar[str] = "local"

    path: str = ""
    """The folder; by default one in the workspace."""

    @field_validator("path")
    @classmethod
    def _refuse_urls(cls, path: str) -> str:
        if "://" in path:
            message = "the path of a local artifact store has to be a folder"
            raise ValueError(message)
        return path

    @property
    def is_local(self) -> bool:
        """True: the folder is on this machine."""
        return True


class _BucketConfig(AuthenticatedConfig):
    """Attributes of an artifact store in a cloud bucket."""

    SCHEMES: ClassVar[tuple[str, ...]] = ()
    """The accepted beginnings of ``path``."""

    path: str
    """The URL of the bucket or of a folder in it, such as ``s3://bucket/folder``."""

    @field_validator("path")
    @classmethod
    def _check_scheme(cls, path: str) -> str:
        if not path.startswith(cls.SCHEMES):
            message = f"the path has to start with one of {', '.join(cls.SCHEMES)}"
            raise ValueError(message)
        return path


class S3ArtifactStoreConfig(_BucketConfig):
    """Artifact store in a bucket of S3 or of a compatible service."""

    TYPE: ClassVar[str] = "artifact_store"
    FLAVOR: ClassVar[str] = "s3"
    SCHEMES: ClassVar[tuple[str, ...]] = ("s3://",)

    # ZenML passes all these attributes to s3fs.S3FileSystem, which calls the three AWS credentials key, secret and token.
    key: str | None = SecretField(default=None)
    secret: str | None = SecretField(default=None)
    token: str | None = SecretField(default=None)
    client_kwargs: dict[str, Any] | None = None
    config_kwargs: dict[str, Any] | None = None
    s3_additional_kwargs: dict[str, Any] | None = None


class GCPArtifactStoreConfig(_BucketConfig):
    """Artifact store in a Google Cloud Storage bucket."""

    TYPE: ClassVar[str] = "artifact_store"
    FLAVOR: ClassVar[str] = "gcp"
    SCHEMES: ClassVar[tuple[str, ...]] = ("gs://",)


class AzureArtifactStoreConfig(_BucketConfig):
    """Artifact store in an Azure Blob Storage container."""

    TYPE: ClassVar[str] = "artifact_store"
    FLAVOR: ClassVar[str] = "azure"
    SCHEMES: ClassVar[tuple[str, ...]] = ("abfs://", "az://")


class CustomArtifactStoreConfig(CustomConfig):
    """An artifact store with attributes of any name."""

    TYPE: ClassVar[str] = "artifact_store"
    FLAVOR: ClassVar[str] = "custom"
