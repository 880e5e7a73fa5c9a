"""A stack: a set of components, and the secrets manager that resolves their references."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from zensecrets_jupyter.core import reference
from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.errors import NoSecretsManagerError, NotInStackError, SecretKeyNotFoundError, SecretNotFoundError
from zensecrets_jupyter.core.interaction import pending_secret_hint
from zensecrets_jupyter.core.reference import Part, SecretReference
from zensecrets_jupyter.core.stack.validation import Report, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.settings import SecretValidationLevel
    from zensecrets_jupyter.core.stack.component import StackComponent
    from zensecrets_jupyter.core.stack.references import Requirement, RequiresSecrets


class Stack:
    """A named set of components, at most one of each type.

    Each type of component is an attribute. It is ``None`` if the stack has no component of that type. A component of a stack resolves its
    references in this stack: ``stack.annotator.authentication_secret`` is the value of the secret.
    """

    def __init__(self, name: str, components: Iterable[StackComponent], secrets_manager: SecretsManager | None, *, id: str) -> None:  # noqa: A002 - ZenML calls this argument id
        """Bind the components to this stack."""
        self.name = name
        self.id = id
        self._secrets_manager = secrets_manager
        self._components = {component.type: component.bind_references(StackResolver(self, str(component))) for component in components}

    def __repr__(self) -> str:
        """Return the name and the components, references unresolved."""
        parts = [str(component) for component in self._components.values()]
        if self._secrets_manager is not None:
            parts.append(f"secrets manager {self._secrets_manager.name!r}")
        return f"<Stack {self.name!r}: {', '.join(parts)}>"

    @property
    def components(self) -> Mapping[ComponentType, StackComponent]:
        """The components by type, without the secrets manager, in the order of their addition."""
        return dict(self._components)

    @property
    def secrets_manager(self) -> SecretsManager:
        """The stack's secrets manager.

        Raises:
            NoSecretsManagerError: If the stack has none.
        """
        if self._secrets_manager is None:
            message = f"Stack {self.name!r} has no secrets manager."
            raise NoSecretsManagerError(message, hint=f"Add one: %stack update {self.name} -x SECRETS_MANAGER")
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
            settings: Pairs of an owner's name in errors, and its settings.
        """
        found = [requirement for component in self._components.values() for requirement in component.requirements()]
        return found + [requirement for owner, model in settings for requirement in model.requirements(owner)]

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
        try:
            return resolve_text(self.secrets_manager, text)
        except (NoSecretsManagerError, SecretNotFoundError) as error:
            problem = error
        if isinstance(problem, SecretKeyNotFoundError):
            problem.hint = pending_secret_hint(self.secrets_manager.id, problem.name) or problem.hint
        raise _add_owner(problem, text, owner)

    def validate(
        self, *, level: SecretValidationLevel | None = None, settings: Iterable[tuple[str, RequiresSecrets]] = (), refresh: bool = False
    ) -> Report:
        """Return a report of every problem that prevents pipelines from running on this stack.

        Args:
            level: The depth of the validation, by default that of ``ZENML_SECRET_VALIDATION_LEVEL``.
            settings: Pairs of a step's name in errors, and its settings.
            refresh: Whether secrets are read even if the cache holds them.

        Raises:
            SettingsError: If the value of the environment variable is not a level.
        """
        return validate(self, level=level, settings=settings, refresh=refresh)


class StackResolver:
    """Resolves the references of a component, or of a step's settings, in a stack."""

    __slots__ = ("_owner", "_stack")

    def __init__(self, stack: Stack, owner: str) -> None:
        """Resolve in ``stack`` for ``owner``."""
        self._stack = stack
        self._owner = owner

    def __str__(self) -> str:
        """Return the name of the references' owner in errors."""
        return self._owner

    def resolve(self, text: str) -> str:
        """Return ``text`` resolved; see :meth:`Stack.resolve`."""
        return self._stack.resolve(text, self._owner)

    def reader(self, text: str) -> Callable[[], str]:
        """Return a function that resolves ``text`` on each call."""
        # A text that is a single reference is resolved without parsing it again.
        parts = reference.split_references(text)
        manager = self._stack._secrets_manager  # noqa: SLF001 - the resolver is a part of the stack
        if manager is None or len(parts) != 1 or not isinstance(parts[0], SecretReference):
            return partial(self.resolve, text)
        name, key = parts[0]
        get_secret = manager.get_secret

        def read() -> str:
            try:
                return get_secret(name).value(key)
            except SecretNotFoundError:
                # Stack.resolve raises the error again, with the owner of the reference.
                pass
            return self.resolve(text)

        return read


def resolve_text(manager: SecretsManager, text: str) -> str:
    """Return ``text`` with its references resolved by ``manager``, as an exact ``str``.

    Raises:
        SecretNotFoundError: If a secret, or a key of one, does not exist.
    """
    parts = _split(text)
    if len(parts) == 1 and type(parts[0]) is SecretReference:
        return manager.get_secret(parts[0].name).value(parts[0].key)
    return "".join(manager.get_secret(part.name).value(part.key) if type(part) is SecretReference else str(part) for part in parts)


def not_in_stack(component: StackComponent, stack: Stack) -> NotInStackError:
    """Return the error for resolving references of a component that ``stack`` does not hold."""
    message = f"The references of {component} can't be resolved: it is not part of the active stack {stack.name!r}."
    hint = f"Add it with %stack update {stack.name} --{component.type.command} {component.name}, or activate another stack: %stack set"
    return NotInStackError(message, hint=hint)


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[Part, ...]:
    return reference.split_references(text)


def _add_owner(error: NoSecretsManagerError | SecretNotFoundError, text: str, owner: str) -> NoSecretsManagerError | SecretNotFoundError:
    message = f"{text}{f' of {owner}' if owner else ''} can't be resolved: {error.message}"
    if isinstance(error, SecretKeyNotFoundError):
        return SecretKeyNotFoundError(message, name=error.name, key=error.key, manager=error.manager, hint=error.hint)
    if isinstance(error, SecretNotFoundError):
        return SecretNotFoundError(message, name=error.name, manager=error.manager, hint=error.hint)
    return NoSecretsManagerError(message, flavor=error.flavor, hint=error.hint)
