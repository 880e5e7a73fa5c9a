"""Which flavors of component there are: the built-in ones, those of installed packages, and classes defined in this process.

Secrets managers have a registry of their own. Listing imports nothing but the entry points' metadata; built-in names are reserved.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import FlavorUnavailableError, ManagerError, StackError, UnknownFlavorError
from zensecrets_jupyter.core.names import did_you_mean

if TYPE_CHECKING:
    from zensecrets_jupyter.core.stack.component import StackComponentConfig

ENTRY_POINTS = "zensecrets_jupyter.flavors.v1"
"""The group in which a package names its flavors: ``"type.flavor" = "module:Class"``."""

_HERE = "zensecrets_jupyter.core.stack.flavors"
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
"""For each type of component, its built-in flavors and the class of their attributes, in the module named after the type."""

_defined: dict[tuple[str, str], type[StackComponentConfig]] = {}


@cache
def _plugins() -> dict[tuple[str, str], EntryPoint]:
    found: dict[tuple[str, str], EntryPoint] = {}
    for point in entry_points(group=ENTRY_POINTS):
        component_type, _, flavor = point.name.partition(".")
        first = found.get((component_type, flavor))
        built_in = flavor in BUILT_IN.get(component_type, {})
        if built_in or (first is not None and first.value != point.value):
            one = "zensecrets-jupyter" if first is None else first.dist.name if first.dist else first.value
            two = point.dist.name if point.dist else point.value
            message = f"The flavor {flavor!r} of {component_type} is claimed by {one!r} and by {two!r}."
            raise ManagerError(message, flavor=flavor, hint="Uninstall one of the two.")
        found[component_type, flavor] = point
    return found


def add(config: type[StackComponentConfig]) -> None:
    """Make a class known under its ``TYPE`` and ``FLAVOR``; defined again in a cell, it replaces the earlier one.

    Raises:
        StackError: If the type is none of the eleven, or the flavor belongs to a built-in one or to another class.
    """
    component_type = str(getattr(config.TYPE, "value", config.TYPE))
    if component_type not in BUILT_IN:
        message = f"{config.__qualname__}.TYPE is {component_type!r}, which is no type of component with flavors of this kind."
        raise StackError(message, hint=f"Set it to one of {', '.join(BUILT_IN)}.")
    built_in = BUILT_IN[component_type].get(config.FLAVOR)
    if built_in and (f"{_HERE}.{component_type}", built_in) != (config.__module__, config.__qualname__):
        message = f"The flavor {config.FLAVOR!r} of {component_type} that {config.__qualname__} names is built in."
        raise StackError(message, hint="Give the class another FLAVOR.")
    present = _defined.get((component_type, config.FLAVOR))
    if present and (present.__module__, present.__qualname__) != (config.__module__, config.__qualname__):
        message = f"The flavor {config.FLAVOR!r} of {component_type} belongs to {present.__module__}.{present.__qualname__} already."
        raise StackError(message, hint=f"Give {config.__qualname__} another FLAVOR.")
    _defined[component_type, config.FLAVOR] = config


def flavors(component_type: str) -> list[str]:
    """Return the names of all flavors of a type, sorted.

    Raises:
        ManagerError: If two installed packages claim one.
    """
    others = {flavor for owner, flavor in (*_plugins(), *_defined) if owner == component_type}
    return sorted({*BUILT_IN.get(component_type, {}), *others})


def get_flavor(component_type: str, flavor: str) -> type[StackComponentConfig]:
    """Return the class of the attributes of that flavor.

    Raises:
        UnknownFlavorError: If nobody defines it here.
        FlavorUnavailableError: If its package can't be imported.
    """
    if (component_type, flavor) in _defined:
        return _defined[component_type, flavor]
    built_in = BUILT_IN.get(component_type, {}).get(flavor)
    if built_in:
        found: type[StackComponentConfig] = getattr(importlib.import_module(f"{_HERE}.{component_type}"), built_in)
        return found
    plugin = _plugins().get((component_type, flavor))
    if plugin:
        return _load(component_type, flavor, plugin)
    known = flavors(component_type)
    message = f"No flavor of {component_type.replace('_', ' ')} is called {flavor!r} here."
    hint = f"{did_you_mean(flavor, known)} The flavors are {', '.join(known)}."
    raise UnknownFlavorError(message, flavor=flavor, hint=hint.strip())


def _load(component_type: str, flavor: str, plugin: EntryPoint) -> type[StackComponentConfig]:
    from zensecrets_jupyter.core.stack.component import StackComponentConfig  # noqa: PLC0415 - it imports this module

    loaded: Any = None
    problem = "it is no StackComponentConfig with that TYPE and FLAVOR"
    try:
        loaded = plugin.load()
    except Exception as error:  # noqa: BLE001 - a plug-in's import can raise anything, and is told as our own error below
        problem = f"{type(error).__name__}: {error}"
    if isinstance(loaded, type) and issubclass(loaded, StackComponentConfig) and flavor == loaded.FLAVOR:
        return loaded
    message = f"The flavor {flavor!r} of {component_type} can't be used: {problem}."
    raise FlavorUnavailableError(message, flavor=flavor, hint="Update or uninstall its package.")
