"""A stack: a set of components, and the secrets manager that resolves their references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.stack.resolver import StackResolver, missing_manager_error
from zensecrets_jupyter.core.stack.validation import Report, validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.reference import SecretReference
    from zensecrets_jupyter.core.settings import SecretValidationLevel
    from zensecrets_jupyter.core.stack.component import StackComponent
    from zensecrets_jupyter.core.stack.references import Requirement, RequiresSecrets


class Stack:
    """A named set of components, at most one of each type.

    The stack has an attribute for each type of component, such as ``annotator``. The attribute is ``None`` if the stack has no component of
    that type; only ``secrets_manager`` raises an error then. A component resolves its references with the secrets manager of its stack:
    ``stack.annotator.authentication_secret`` is the value of the secret.
    """

    def __init__(self, name: str, components: Iterable[StackComponent], secrets_manager: SecretsManager | None, *, id: str) -> None:  # noqa: A002 - ZenML calls this argument id
        """Bind the components to this stack."""
        self.name = name
        self.id = id
        self._secrets_manager = secrets_manager
        self._components = {component.type: component.bind_references(self.resolver(str(component))) for component in components}

    def __repr__(self) -> str:
        """Return the name and the components, references unresolved."""
        labels = [str(component) for component in self._components.values()]
        if self._secrets_manager is not None:
            labels.append(f"secrets manager {self._secrets_manager.name!r}")
        return f"<Stack {self.name!r}: {', '.join(labels)}>"

    @property
    def components(self) -> Mapping[ComponentType, StackComponent]:
        """The components by type, without the secrets manager, in the order of the constructor's argument."""
        return dict(self._components)

    @property
    def secrets_manager(self) -> SecretsManager:
        """The stack's secrets manager.

        Raises:
            NoSecretsManagerError: If the stack has none.
        """
        if self._secrets_manager is None:
            raise missing_manager_error(self.name)
        return self._secrets_manager

    @property
    def has_secrets_manager(self) -> bool:
        """Whether the stack has a secrets manager."""
        return self._secrets_manager is not None

    @property
    def alerter(self) -> StackComponent | None:
        """The stack's alerter."""
        return self._components.get(ComponentType.ALERTER)

    @property
    def annotator(self) -> StackComponent | None:
        """The stack's annotator."""
        return self._components.get(ComponentType.ANNOTATOR)

    @property
    def artifact_store(self) -> StackComponent | None:
        """The stack's artifact store."""
        return self._components.get(ComponentType.ARTIFACT_STORE)

    @property
    def container_registry(self) -> StackComponent | None:
        """The stack's container registry."""
        return self._components.get(ComponentType.CONTAINER_REGISTRY)

    @property
    def data_validator(self) -> StackComponent | None:
        """The stack's data validator."""
        return self._components.get(ComponentType.DATA_VALIDATOR)

    @property
    def experiment_tracker(self) -> StackComponent | None:
        """The stack's experiment tracker."""
        return self._components.get(ComponentType.EXPERIMENT_TRACKER)

    @property
    def feature_store(self) -> StackComponent | None:
        """The stack's feature store."""
        return self._components.get(ComponentType.FEATURE_STORE)

    @property
    def model_deployer(self) -> StackComponent | None:
        """The stack's model deployer."""
        return self._components.get(ComponentType.MODEL_DEPLOYER)

    @property
    def orchestrator(self) -> StackComponent | None:
        """The stack's orchestrator."""
        return self._components.get(ComponentType.ORCHESTRATOR)

    @property
    def step_operator(self) -> StackComponent | None:
        """The stack's step operator."""
        return self._components.get(ComponentType.STEP_OPERATOR)

    def requirements(self, settings: Iterable[tuple[str, RequiresSecrets]] = ()) -> list[Requirement]:
        """Return the references of the components, then those of ``settings``.

        Args:
            settings: Pairs. The first item is the name of a step or pipeline in errors, the second its settings or required secrets.
        """
        component_requirements = [requirement for component in self._components.values() for requirement in component.requirements()]
        return component_requirements + [requirement for owner, model in settings for requirement in model.requirements(owner)]

    @property
    def required_secrets(self) -> list[SecretReference]:
        """The references of the components, each once, in the order of components and attributes."""
        return list(dict.fromkeys(requirement.reference for requirement in self.requirements()))

    def resolve(self, text: str, owner: str = "") -> str:
        """Return ``text`` with its references resolved by this stack's secrets manager.

        Args:
            text: A text with references.
            owner: The name of the text's owner in errors.

        Raises:
            NoSecretsManagerError: If the stack has no secrets manager.
            SecretNotFoundError: If a secret does not exist.
            SecretKeyNotFoundError: If a secret does not have the key; the error names its keys.
        """
        return self.resolver(owner).resolve(text)

    def resolver(self, owner: str) -> StackResolver:
        """Return the resolver for references of ``owner``, which is the name of the owner in errors."""
        return StackResolver(self._secrets_manager, self.name, owner)

    def validate(
        self, *, level: SecretValidationLevel | None = None, settings: Iterable[tuple[str, RequiresSecrets]] = (), refresh: bool = False
    ) -> Report:
        """Return a report of every problem that prevents pipelines from running on this stack.

        Args:
            level: The depth of the validation, by default that of ``ZENML_SECRET_VALIDATION_LEVEL``.
            settings: Pairs. The first item is the name of a step or pipeline in errors, the second its settings or required secrets.
            refresh: Whether secrets are read even if the cache holds them.

        Raises:
            SettingsError: If ``level`` is ``None``, and the value of the environment variable is not a level.
        """
        return validate(self, level=level, settings=settings, refresh=refresh)
