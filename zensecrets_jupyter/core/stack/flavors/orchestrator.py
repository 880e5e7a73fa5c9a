"""Attributes of an orchestrator, by flavor. Orchestrators run the steps of a pipeline."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.stack.component import StackComponentConfig
from zensecrets_jupyter.core.stack.flavors.bases import CustomConfig, GoogleCredentialsConfig


class _OrchestratorConfig(StackComponentConfig):
    """Attributes of every orchestrator."""

    IGNORED: ClassVar[dict[str, str]] = {
        "custom_docker_base_image_name": "ZenML 0.20 ignores it too; DockerSettings of a pipeline set the image"
    }


class LocalOrchestratorConfig(_OrchestratorConfig):
    """Orchestrator that runs the steps in this process; it has no attributes."""

    TYPE: ClassVar[str] = "orchestrator"
    FLAVOR: ClassVar[str] = "local"

    @property
    def is_local(self) -> bool:
        """True: the steps run in this process."""
        return True


class LocalDockerOrchestratorConfig(_OrchestratorConfig):
    """Orchestrator for containers on this machine; it has no attributes.

    This package does not run steps in containers.
    """

    TYPE: ClassVar[str] = "orchestrator"
    FLAVOR: ClassVar[str] = "local_docker"

    @property
    def is_local(self) -> bool:
        """True: the containers are on this machine."""
        return True


class _RemoteConfig(_OrchestratorConfig):
    """Attributes of an orchestrator that runs steps on other machines."""

    @property
    def is_remote(self) -> bool:
        """True: the steps run on other machines."""
        return True


class AirflowOrchestratorConfig(_OrchestratorConfig):
    """Airflow on this machine; it has no attributes."""

    TYPE: ClassVar[str] = "orchestrator"
    FLAVOR: ClassVar[str] = "airflow"

    @property
    def is_local(self) -> bool:
        """True: ZenML 0.20 runs Airflow as a process of this machine."""
        return True


class GitHubActionsOrchestratorConfig(_RemoteConfig):
    """GitHub Actions workflows."""

    TYPE: ClassVar[str] = "orchestrator"
    FLAVOR: ClassVar[str] = "github"

    skip_dirty_repository_check: bool = False
    skip_github_repository_check: bool = False
    push: bool = False


class KubeflowOrchestratorConfig(_OrchestratorConfig):
    """Kubeflow Pipelines on the cluster of ``kubernetes_context``, by default on this machine."""

    TYPE: ClassVar[str] = "orchestrator"
    FLAVOR: ClassVar[str] = "kubeflow"

    kubeflow_pipelines_ui_port: int = 8080
    kubeflow_hostname: str | None = None
    kubeflow_namespace: str = "kubeflow"
    kubernetes_context: str | None = None
    client_username: str | None = SecretField(default=None)
    client_password: str | None = SecretField(default=None)
    synchronous: bool = False
    skip_local_validations: bool = False
    skip_cluster_provisioning: bool = False
    skip_ui_daemon_provisioning: bool = False

    @property
    def is_remote(self) -> bool:
        """Whether the steps run on a remote cluster; always true with ``skip_local_validations``."""
        # The context of a local cluster, which ZenML creates with the tool k3d, begins with "k3d-".
        context = self.kubernetes_context
        return self.skip_local_validations or (context is not None and not context.startswith("k3d-"))

    @property
    def is_local(self) -> bool:
        """Whether the cluster is on this machine."""
        return not self.is_remote


class KubernetesOrchestratorConfig(_RemoteConfig):
    """Pods of a Kubernetes cluster."""

    TYPE: ClassVar[str] = "orchestrator"
    FLAVOR: ClassVar[str] = "kubernetes"

    kubernetes_context: str | None = None
    kubernetes_namespace: str = "zenml"
    synchronous: bool = False
    skip_config_loading: bool = False


class TektonOrchestratorConfig(_RemoteConfig):
    """Tekton on a Kubernetes cluster."""

    TYPE: ClassVar[str] = "orchestrator"
    FLAVOR: ClassVar[str] = "tekton"

    kubernetes_context: str
    kubernetes_namespace: str = "zenml"
    tekton_ui_port: int = 8080
    skip_ui_daemon_provisioning: bool = False


class VertexOrchestratorConfig(_RemoteConfig, GoogleCredentialsConfig):
    """Vertex AI Pipelines."""

    TYPE: ClassVar[str] = "orchestrator"
    FLAVOR: ClassVar[str] = "vertex"

    project: str | None = None
    location: str
    pipeline_root: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    encryption_spec_key_name: str | None = None
    workload_service_account: str | None = None
    network: str | None = None
    synchronous: bool = False
    cpu_limit: str | None = None
    memory_limit: str | None = None
    node_selector_constraint: tuple[str, str] | None = None
    gpu_limit: int | None = None


class CustomOrchestratorConfig(CustomConfig):
    """An orchestrator with attributes of any name."""

    TYPE: ClassVar[str] = "orchestrator"
    FLAVOR: ClassVar[str] = "custom"
