"""Types of stack components."""

from __future__ import annotations

from enum import Enum

from zensecrets_jupyter.core.text import plural


class ComponentType(str, Enum):
    """The types of stack components. The value of a member is the name that ZenML gives to the type."""

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
        """The name of the command group for this type, such as ``artifact-store``."""
        return self.value.replace("_", "-")

    @property
    def label(self) -> str:
        """The name of the type in sentences, such as ``artifact store``."""
        return self.value.replace("_", " ")

    @property
    def label_with_article(self) -> str:
        """The name of the type with its article, such as ``an artifact store``."""
        # No type begins with another vowel.
        return f"{'an' if self.value[0] in 'aeo' else 'a'} {self.label}"

    @property
    def plural(self) -> str:
        """The plural of the name, such as ``artifact stores``."""
        # This calls the imported function, not this property.
        return plural(self.label)
