"""The types of components that a stack can have."""

from __future__ import annotations

from enum import Enum

from zensecrets_jupyter.core.text import plural


class ComponentType(str, Enum):
    """The types of component that a stack can have; the values are ZenML's."""

    ALERTER = "alerter"
    ANNOTATOR = "annotator"
    ARTIFACT_STORE = "artifact_store"
    CONTAINER_REGISTRY = "container_registry"
    DATA_VALIDATOR = "data_validator"
    EXPERIMENT_TRACKER = "experiment_tracker"
    FEATURE_STORE = "feature_store"
    MODEL_DEPLOYER = "model_deployer"
    ORCHESTRATOR = "orchestrator"
    SECRETS_MANAGER = "secrets_manager"
    STEP_OPERATOR = "step_operator"

    @property
    def command(self) -> str:
        """The command group that handles components of this type, such as ``artifact-store``."""
        return self.value.replace("_", "-")

    @property
    def words(self) -> str:
        """What a sentence calls it, such as ``artifact store``."""
        return self.value.replace("_", " ")

    @property
    def article(self) -> str:
        """The same with its article, such as ``an artifact store``."""
        return f"{'an' if self.value[0] in 'aeo' else 'a'} {self.words}"

    @property
    def plural(self) -> str:
        """The plural, such as ``artifact stores``."""
        return plural(self.words)
