"""Attributes of a container registry, by flavor. Container registries store container images for steps."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import field_validator

from zensecrets_jupyter.core.stack.flavors.bases import AuthenticatedConfig, CustomConfig


class _ContainerRegistryConfig(AuthenticatedConfig):
    """Attributes of every container registry."""

    uri: str
    """The address of the registry; a slash at its end is removed."""

    @field_validator("uri")
    @classmethod
    def _strip_slash(cls, uri: str) -> str:
        return uri.rstrip("/")

    @property
    def is_local(self) -> bool:
        """Whether the address of the registry is on this machine."""
        # ZenML 0.20 uses the same pattern: a local registry has an address such as localhost:5000.
        return re.fullmatch(r"localhost:[0-9]{4,5}", self.uri) is not None


class DefaultContainerRegistryConfig(_ContainerRegistryConfig):
    """A registry at any address."""

    TYPE: ClassVar[str] = "container_registry"
    FLAVOR: ClassVar[str] = "default"


class AWSContainerRegistryConfig(_ContainerRegistryConfig):
    """Amazon Elastic Container Registry."""

    TYPE: ClassVar[str] = "container_registry"
    FLAVOR: ClassVar[str] = "aws"


class AzureContainerRegistryConfig(_ContainerRegistryConfig):
    """Azure Container Registry."""

    TYPE: ClassVar[str] = "container_registry"
    FLAVOR: ClassVar[str] = "azure"


class DockerHubContainerRegistryConfig(_ContainerRegistryConfig):
    """Docker Hub."""

    TYPE: ClassVar[str] = "container_registry"
    FLAVOR: ClassVar[str] = "dockerhub"


class GCPContainerRegistryConfig(_ContainerRegistryConfig):
    """Google Container Registry."""

    TYPE: ClassVar[str] = "container_registry"
    FLAVOR: ClassVar[str] = "gcp"


class GitHubContainerRegistryConfig(_ContainerRegistryConfig):
    """GitHub Container Registry."""

    TYPE: ClassVar[str] = "container_registry"
    FLAVOR: ClassVar[str] = "github"

    automatic_token_authentication: bool = False
    """Whether a GitHub Actions workflow authenticates with its own token."""


class CustomContainerRegistryConfig(CustomConfig):
    """A container registry with attributes of any name."""

    TYPE: ClassVar[str] = "container_registry"
    FLAVOR: ClassVar[str] = "custom"
