"""Registry of the component flavors, by type and name; secrets managers have their own registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import FlavorUnavailableError, StackError, UnknownFlavorError
from zensecrets_jupyter.core.names import did_you_mean, quote_untrusted
from zensecrets_jupyter.core.registry import Registry

if TYPE_CHECKING:
    from zensecrets_jupyter.core.stack.component import StackComponentConfig

ENTRY_POINTS = "zensecrets_jupyter.flavors.v1"
"""The entry-point group of flavors in other packages: ``"type.flavor" = "module:Class"``."""

_PACKAGE = "zensecrets_jupyter.core.stack.flavors"
BUILT_IN: dict[str, dict[str, str]] = {
    "alerter": {"custom": "CustomAlerterConfig", "slack": "SlackAlerterConfig"},
    "annotator": {"custom": "CustomAnnotatorConfig", "label_studio": "LabelStudioAnnotatorConfig"},
    "artifact_store": {
        "azure": "AzureArtifactStoreConfig",
        "custom": "CustomArtifactStoreConfig",
        "gcp": "GCPArtifactStoreConfig",
        "local": "LocalArtifactStoreConfig",
        "s3": "S3ArtifactStoreConfig",
    },
    "container_registry": {
        "aws": "AWSContainerRegistryConfig",
        "azure": "AzureContainerRegistryConfig",
        "custom": "CustomContainerRegistryConfig",
        "default": "DefaultContainerRegistryConfig",
        "dockerhub": "DockerHubContainerRegistryConfig",
        "gcp": "GCPContainerRegistryConfig",
        "github": "GitHubContainerRegistryConfig",
    },
    "data_validator": {
        "custom": "CustomDataValidatorConfig",
        "deepchecks": "DeepchecksDataValidatorConfig",
        "evidently": "EvidentlyDataValidatorConfig",
        "great_expectations": "GreatExpectationsDataValidatorConfig",
        "whylogs": "WhylogsDataValidatorConfig",
    },
    "experiment_tracker": {
        "custom": "CustomExperimentTrackerConfig",
        "mlflow": "MLFlowExperimentTrackerConfig",
        "neptune": "NeptuneExperimentTrackerConfig",
        "wandb": "WandbExperimentTrackerConfig",
    },
    "feature_store": {"custom": "CustomFeatureStoreConfig", "feast": "FeastFeatureStoreConfig"},
    "model_deployer": {
        "custom": "CustomModelDeployerConfig",
        "kserve": "KServeModelDeployerConfig",
        "mlflow": "MLFlowModelDeployerConfig",
        "seldon": "SeldonModelDeployerConfig",
    },
    "orchestrator": {
        "airflow": "AirflowOrchestratorConfig",
        "custom": "CustomOrchestratorConfig",
        "github": "GitHubActionsOrchestratorConfig",
        "kubeflow": "KubeflowOrchestratorConfig",
        "kubernetes": "KubernetesOrchestratorConfig",
        "local": "LocalOrchestratorConfig",
        "local_docker": "LocalDockerOrchestratorConfig",
        "tekton": "TektonOrchestratorConfig",
        "vertex": "VertexOrchestratorConfig",
    },
    "step_operator": {
        "azureml": "AzureMLStepOperatorConfig",
        "custom": "CustomStepOperatorConfig",
        "sagemaker": "SagemakerStepOperatorConfig",
        "spark-kubernetes": "KubernetesSparkStepOperatorConfig",
        "vertex": "VertexStepOperatorConfig",
    },
}
"""The config classes of the built-in flavors, by type and flavor. Each type has a module with the same name."""


def _clash_error(_name: str, message: str, hint: str) -> StackError:
    """Return the error for two classes with the same type and flavor."""
    return StackError(message, hint=hint)


def _unavailable_error(name: str, message: str, hint: str) -> FlavorUnavailableError:
    # The registry calls a flavor TYPE.FLAVOR.
    return FlavorUnavailableError(message, flavor=name.partition(".")[2], hint=hint)


_registry: Registry[StackComponentConfig] = Registry(
    "component flavor",
    ENTRY_POINTS,
    {
        f"{component_type}.{flavor}": (f"{_PACKAGE}.{component_type}", class_name)
        for component_type, flavors in BUILT_IN.items()
        for flavor, class_name in flavors.items()
    },
    clash_error=_clash_error,
    unavailable_error=_unavailable_error,
)


def add(config: type[StackComponentConfig]) -> None:
    """Register a class under its ``TYPE`` and ``FLAVOR``.

    A class with the same module and qualified name replaces the registered one, because a notebook cell may define its class again.

    Raises:
        StackError: If the type is unknown, or the flavor belongs to a class with another name: a built-in class, a class of an installed
            package, or a class of this process.
    """
    component_type = str(getattr(config.TYPE, "value", config.TYPE))
    if component_type not in BUILT_IN:
        message = f"{config.__qualname__}.TYPE is {component_type!r}, which is not a component type with registered flavors."
        raise StackError(message, hint=f"Set it to one of {', '.join(BUILT_IN)}.")
    _registry.add(f"{component_type}.{config.FLAVOR}", config)


def flavor_names(component_type: str) -> list[str]:
    """Return the names of all flavors of a type, sorted.

    Raises:
        StackError: If two packages register the same flavor.
    """
    prefix = f"{component_type}."
    return [name.removeprefix(prefix) for name in _registry.names() if name.startswith(prefix)]


def get_flavor(component_type: str, flavor: str) -> type[StackComponentConfig]:
    """Return the config class of a flavor.

    Raises:
        UnknownFlavorError: If no class with that flavor is registered.
        FlavorUnavailableError: If its package can't be imported.
        StackError: If two packages register the same flavor.
    """
    config = _registry.find(f"{component_type}.{flavor}")
    if config is not None:
        return config
    names = flavor_names(component_type)
    message = f"No flavor of {component_type.replace('_', ' ')} is called {quote_untrusted(flavor)}."
    hint = f"{did_you_mean(flavor, names)} The flavors are {', '.join(names)}."
    raise UnknownFlavorError(message, flavor=flavor, hint=hint.strip())
