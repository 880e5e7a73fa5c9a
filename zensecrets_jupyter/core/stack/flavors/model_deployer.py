"""Attributes of a model deployer, by flavor. Model deployers serve models."""

from __future__ import annotations

from typing import ClassVar

from zensecrets_jupyter.core.stack.component import StackComponentConfig
from zensecrets_jupyter.core.stack.flavors.bases import CustomConfig


class MLFlowModelDeployerConfig(StackComponentConfig):
    """The MLflow server on this machine."""

    TYPE: ClassVar[str] = "model_deployer"
    FLAVOR: ClassVar[str] = "mlflow"

    service_path: str = ""
    """The folder in which ZenML stores the configuration and logs of the server."""

    @property
    def is_local(self) -> bool:
        """True: the server is a process of this machine."""
        return True


class SeldonModelDeployerConfig(StackComponentConfig):
    """Seldon Core on a Kubernetes cluster."""

    TYPE: ClassVar[str] = "model_deployer"
    FLAVOR: ClassVar[str] = "seldon"

    kubernetes_context: str | None = None
    kubernetes_namespace: str | None = None
    base_url: str
    secret: str | None = None
    """The name of the secret with the storage credentials, which has one of the ``seldon_…`` schemas."""


class KServeModelDeployerConfig(StackComponentConfig):
    """KServe on a Kubernetes cluster."""

    TYPE: ClassVar[str] = "model_deployer"
    FLAVOR: ClassVar[str] = "kserve"

    kubernetes_context: str | None = None
    kubernetes_namespace: str | None = None
    base_url: str
    secret: str | None = None
    """The name of the secret with the storage credentials, which has one of the ``kserve_…`` schemas."""
    custom_domain: str | None = None


class CustomModelDeployerConfig(CustomConfig):
    """A model deployer with attributes of any name."""

    TYPE: ClassVar[str] = "model_deployer"
    FLAVOR: ClassVar[str] = "custom"
