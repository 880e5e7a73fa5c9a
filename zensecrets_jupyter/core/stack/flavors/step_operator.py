"""Attributes of a step operator, by flavor. Step operators run single steps on other machines."""

from __future__ import annotations

from typing import Any, ClassVar

from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.stack.component import StackComponentConfig
from zensecrets_jupyter.core.stack.flavors.bases import CustomConfig, GoogleCredentialsConfig


class _RemoteConfig(StackComponentConfig):
    """Attributes of a step operator that runs steps on other machines."""

    IGNORED: ClassVar[dict[str, str]] = {"base_image": "ZenML 0.20 ignores it too; DockerSettings of a step or pipeline set the image"}

    @property
    def is_remote(self) -> bool:
        """True: the step runs on another machine."""
        return True


class SagemakerStepOperatorConfig(_RemoteConfig):
    """SageMaker jobs."""

    TYPE: ClassVar[str] = "step_operator"
    FLAVOR: ClassVar[str] = "sagemaker"

    role: str
    instance_type: str
    bucket: str | None = None
    experiment_name: str | None = None


class AzureMLStepOperatorConfig(_RemoteConfig):
    """Azure Machine Learning jobs."""

    TYPE: ClassVar[str] = "step_operator"
    FLAVOR: ClassVar[str] = "azureml"

    subscription_id: str
    resource_group: str
    workspace_name: str
    compute_target_name: str
    environment_name: str | None = None
    tenant_id: str | None = SecretField(default=None)
    service_principal_id: str | None = SecretField(default=None)
    service_principal_password: str | None = SecretField(default=None)


class VertexStepOperatorConfig(_RemoteConfig, GoogleCredentialsConfig):
    """Vertex AI jobs."""

    TYPE: ClassVar[str] = "step_operator"
    FLAVOR: ClassVar[str] = "vertex"

    region: str
    project: str | None = None
    accelerator_type: str | None = None
    accelerator_count: int = 0
    machine_type: str = "n1-standard-4"
    encryption_spec_key_name: str | None = None


class KubernetesSparkStepOperatorConfig(_RemoteConfig):
    """Spark jobs on a Kubernetes cluster."""

    TYPE: ClassVar[str] = "step_operator"
    FLAVOR: ClassVar[str] = "spark-kubernetes"

    master: str
    """The URL of the cluster, as Spark's option ``--master``: ``k8s://https://HOST:PORT``."""
    deploy_mode: str = "cluster"
    submit_kwargs: dict[str, Any] | None = None
    namespace: str | None = None
    service_account: str | None = None


class CustomStepOperatorConfig(CustomConfig):
    """A step operator with attributes of any name."""

    TYPE: ClassVar[str] = "step_operator"
    FLAVOR: ClassVar[str] = "custom"
