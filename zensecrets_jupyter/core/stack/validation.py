"""Validation of a stack before a run: every problem at once, each with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from zensecrets_jupyter.core import settings as user_settings
from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.errors import (
    SecretKeyNotFoundError,
    SecretNotFoundError,
    StackValidationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.interaction import pending_secret_hint
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.settings import SecretValidationLevel
from zensecrets_jupyter.core.text import clause, counted, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.reference import SecretReference
    from zensecrets_jupyter.core.stack.component import StackComponent
    from zensecrets_jupyter.core.stack.references import Requirement, RequiresSecrets

_REQUIRED_TYPES = (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE)
_UPDATE_OPTIONS = {ComponentType.ORCHESTRATOR: "-o", ComponentType.ARTIFACT_STORE: "-a", ComponentType.SECRETS_MANAGER: "-x"}
"""Options of ``%stack update`` that set the component of a type."""


class ValidatedStack(Protocol):
    """Interface of a stack, with the parts that the validation reads; see :class:`~zensecrets_jupyter.core.stack.stack.Stack`."""

    name: str

    @property
    def components(self) -> Mapping[ComponentType, StackComponent]:
        """The components by type, without the secrets manager."""

    @property
    def secrets_manager(self) -> SecretsManager:
        """The secrets manager."""

    @property
    def has_secrets_manager(self) -> bool:
        """Whether the stack has a secrets manager."""

    def requirements(self, settings: Iterable[tuple[str, RequiresSecrets]] = ()) -> list[Requirement]:
        """Return the references of the components and of ``settings``."""


@dataclass(frozen=True)
class Problem:
    """One problem that prevents a stack from running.

    Attributes:
        code: The code of the error that a run would raise.
        message: The problem and its location, in one sentence.
        hint: A similar name that exists, or the remedy for this one problem; may be empty.
        component: The owner of the reference, such as ``annotator 'labels'`` or ``step 'trainer'``; empty if there is no reference.
        attribute: The attribute that holds the reference; empty for a problem without a reference.
        reference: The reference; ``None`` for a problem with a component or the secrets manager of the stack.
        cause: The reason why the reference does not resolve; empty for a problem without a reference.
        type_to_set: The type of component to add or replace; ``None`` for any other problem.
    """

    code: str
    message: str
    hint: str = ""
    component: str = ""
    attribute: str = ""
    reference: SecretReference | None = None
    cause: str = ""
    type_to_set: ComponentType | None = None

    def __str__(self) -> str:
        """Return the message and the hint in one line."""
        return f"{self.message} {self.hint}".rstrip()


@dataclass(frozen=True)
class Report:
    """The outcome of a validation.

    Attributes:
        stack: The stack's name.
        level: The depth of the validation.
        problems: All problems: first those of the components, then those of references in the order of components and attributes.
        remedy: The commands that solve the problems, or the first command to try; empty if there is no problem.
    """

    stack: str
    level: SecretValidationLevel
    problems: tuple[Problem, ...]
    remedy: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def __str__(self) -> str:
        """Return the report as text, one line per problem, and the remedy at the end."""
        if self.ok:
            return f"Stack {self.stack!r} is valid ({self.level.value})."
        lines = [
            f"Stack {self.stack!r} can't run: {counted(len(self.problems), 'problem')}.",
            *(f"  - {problem}" for problem in self.problems),
        ]
        return "\n".join([*lines, *([f"Remedy: {self.remedy}"] if self.remedy else [])])

    def raise_for_problems(self) -> None:
        """Raise an error if there is a problem.

        Raises:
            StackValidationError: If there is a problem; its text is that of the report.
        """
        if not self.ok:
            raise StackValidationError(str(self), report=self)


def validate(
    stack: ValidatedStack,
    *,
    level: SecretValidationLevel | None = None,
    settings: Iterable[tuple[str, RequiresSecrets]] = (),
    refresh: bool = False,
) -> Report:
    """Return the report on ``stack``; see :meth:`Stack.validate`.

    Each level checks the components. ``NONE`` checks nothing else. ``SECRET_EXISTS`` lists the secrets and never reads one.
    ``SECRET_AND_KEY_EXISTS`` reads each secret once; it lists secrets only to suggest similar names for missing ones, if the secrets
    manager can list.
    """
    level = level or user_settings.validation_level()
    problems = list(_component_problems(stack))
    requirements = stack.requirements(settings) if level is not SecretValidationLevel.NONE else []
    if requirements and not stack.has_secrets_manager:
        cause = "the stack has no secrets manager."
        problems += [_reference_problem(requirement, "no-secrets-manager", cause) for requirement in requirements]
    elif requirements and level is SecretValidationLevel.SECRET_EXISTS:
        problems += _problems_by_listing(stack, requirements)
    elif requirements:
        problems += _problems_by_reading(stack, requirements, refresh=refresh)
    return Report(stack.name, level, tuple(problems), _remedy(stack, problems))


def _component_problems(stack: ValidatedStack) -> Iterator[Problem]:
    for component_type in _REQUIRED_TYPES:
        if component_type not in stack.components:
            message = f"The stack has no {component_type.label}."
            yield Problem("invalid-stack", message, f"Add {component_type.label_with_article}.", type_to_set=component_type)
    orchestrator = stack.components.get(ComponentType.ORCHESTRATOR)
    if orchestrator is None or not orchestrator.is_remote:
        return
    if stack.has_secrets_manager and stack.secrets_manager.is_local:
        manager = stack.secrets_manager.name
        message = f"The {orchestrator} runs on another machine and can't reach the local secrets manager {manager!r}."
        yield Problem("invalid-stack", message, "Use one that it can reach.", type_to_set=ComponentType.SECRETS_MANAGER)
    store = stack.components.get(ComponentType.ARTIFACT_STORE)
    if store is not None and store.is_local:
        message = f"The {orchestrator} runs on another machine and can't reach the local {store}."
        yield Problem("invalid-stack", message, "Use one that it can reach.", type_to_set=ComponentType.ARTIFACT_STORE)


def _problems_by_listing(stack: ValidatedStack, requirements: list[Requirement]) -> Iterator[Problem]:
    """Yield the problems with references, found by listing the secrets."""
    try:
        names = set(stack.secrets_manager.list_secrets())
    except ZenSecretsError as error:
        yield Problem(error.code, error.message, error.hint)
        return
    for requirement in requirements:
        name = requirement.reference.name
        if name not in names:
            hint = pending_secret_hint(stack.secrets_manager.id, name) or did_you_mean(name, names)
            yield _reference_problem(requirement, "secret-not-found", f"there is no secret {name!r}.", hint)


def _problems_by_reading(stack: ValidatedStack, requirements: list[Requirement], *, refresh: bool) -> Iterator[Problem]:
    """Yield the problems with references, found by reading the secrets."""
    results = stack.secrets_manager.get_secrets((requirement.reference.name for requirement in requirements), refresh=refresh)
    for requirement in requirements:
        # The result is the secret, or the error of reading it.
        result = results[requirement.reference.name]
        pending_hint = pending_secret_hint(stack.secrets_manager.id, requirement.reference.name)
        if isinstance(result, SecretNotFoundError):
            # The hint is kept if it mentions the open form of the secret, or a similar name. The hint to register the secret is left out,
            # because the remedy at the end of the report says it.
            hint = result.hint if pending_hint or result.hint.startswith("Did you mean") else ""
            yield _reference_problem(requirement, result.code, f"there is no secret {requirement.reference.name!r}.", hint)
        elif isinstance(result, ZenSecretsError):
            yield _reference_problem(requirement, result.code, result.message, result.hint)
        elif requirement.reference.key:
            try:
                result.value(requirement.reference.key)
            except SecretKeyNotFoundError as error:
                yield _reference_problem(requirement, error.code, clause(error.message), pending_hint or error.hint)


def _reference_problem(requirement: Requirement, code: str, cause: str, hint: str = "") -> Problem:
    """Return the problem with a reference; ``cause`` is the end of its message."""
    required_secret = str(requirement.reference) if requirement.reference.key else f"secret {requirement.reference.name!r}"
    message = f"{requirement.owner}.{requirement.attribute} needs {required_secret}, and {cause}"
    return Problem(code, sentence(message), hint, requirement.owner, requirement.attribute, requirement.reference, cause=cause)


def _remedy(stack: ValidatedStack, problems: list[Problem]) -> str:
    """Return the commands that solve the problems, or the first command to try."""
    codes = {problem.code for problem in problems}
    # The options contain the name of the type as a placeholder, such as "-o ORCHESTRATOR".
    options = [f"{_UPDATE_OPTIONS[problem.type_to_set]} {problem.type_to_set.name}" for problem in problems if problem.type_to_set]
    if "no-secrets-manager" in codes:
        options.append("-x SECRETS_MANAGER")
    commands = [f"%stack update {stack.name} {' '.join(dict.fromkeys(options))}"] if options else []
    secret_problems = [problem for problem in problems if problem.code in {"secret-not-found", "secret-key-not-found"}]
    owners = {str(component) for component in stack.components.values()}
    if any(problem.component in owners for problem in secret_problems):
        commands.append(f"%stack register-secrets {stack.name}")
    # The command register-secrets does not ask for secrets that only steps and pipelines require.
    settings_problems = [problem for problem in secret_problems if problem.component not in owners]
    for code, verb in (("secret-not-found", "register"), ("secret-key-not-found", "update")):
        commands += _secret_commands(verb, [problem.reference for problem in settings_problems if problem.code == code])
    if problems and not commands:
        # The secrets manager can't be used, and its description shows the reason.
        commands.append(f"%zen secrets-manager describe {stack.secrets_manager.name}")
    return ", then ".join(commands)


def _secret_commands(verb: str, references: Iterable[SecretReference | None]) -> list[str]:
    """Return a command for each secret; the command asks for all missing keys of the secret."""
    options_by_secret: dict[str, list[str]] = {}
    for reference in references:
        if reference is not None:
            options_by_secret.setdefault(reference.name, []).extend([f"--{reference.key}"] if reference.key else [])
    return [" ".join([f"%secret {verb} {name}", *dict.fromkeys(options)]) for name, options in options_by_secret.items()]
