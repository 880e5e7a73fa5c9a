"""What would keep a pipeline from running on a stack: every problem at once, each with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zensecrets_jupyter.core import settings as user_settings
from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.errors import (
    SecretKeyNotFoundError,
    SecretNotFoundError,
    StackValidationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.interaction import awaited_hint
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.settings import SecretValidationLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zensecrets_jupyter.core.reference import SecretReference
    from zensecrets_jupyter.core.stack.references import Requirement, RequiresSecrets
    from zensecrets_jupyter.core.stack.stack import Stack

_NEEDED = (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE)
_FLAGS = {ComponentType.ORCHESTRATOR: "-o", ComponentType.ARTIFACT_STORE: "-a", ComponentType.SECRETS_MANAGER: "-x"}


@dataclass(frozen=True)
class Problem:
    """One thing that keeps a stack from running.

    Attributes:
        code: The kind of problem: that of the error which running would end with.
        message: What is wrong and where, in one sentence.
        hint: A near miss or the remedy for this problem alone; may be empty.
        component: What holds the reference, such as ``annotator 'labels'``; empty for a problem of the stack's shape.
        attribute: The attribute that holds it; empty likewise.
        reference: The reference; ``None`` likewise.
        cause: What keeps the reference from being resolved, without what holds it; the whole message likewise.
        lacks: The type of component that the stack needs, or needs another one of; ``None`` for a problem with a reference.
    """

    code: str
    message: str
    hint: str = ""
    component: str = ""
    attribute: str = ""
    reference: SecretReference | None = None
    cause: str = ""
    lacks: ComponentType | None = None

    def __str__(self) -> str:
        """Return the message and the hint in one line."""
        return f"{self.message} {self.hint}".rstrip()


@dataclass(frozen=True)
class Report:
    """The outcome of a validation.

    Attributes:
        stack: The stack's name.
        level: How much was looked at.
        problems: Every problem, those of the stack's shape first, then in the order of the components and their attributes.
        remedy: The command that mends them, or the first step towards it; empty where there is no problem.
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
        """Return the report as text, a line a problem, ending with the remedy."""
        if self.ok:
            return f"Stack {self.stack!r} is valid ({self.level.value})."
        count = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        lines = [f"Stack {self.stack!r} can't run: {count}.", *(f"  - {problem}" for problem in self.problems)]
        return "\n".join([*lines, *([f"To mend it: {self.remedy}"] if self.remedy else [])])

    def raise_for_problems(self) -> None:
        """Return if there is no problem.

        Raises:
            StackValidationError: If there is any; its text is that of the report.
        """
        if not self.ok:
            raise StackValidationError(str(self), report=self)


def validate(
    stack: Stack, *, level: SecretValidationLevel | None = None, settings: Iterable[tuple[str, RequiresSecrets]] = (), refresh: bool = False
) -> Report:
    """Return the report on ``stack``; see :meth:`Stack.validate`.

    ``NONE`` looks at the stack's shape only. ``SECRET_EXISTS`` lists the secrets and never reads one. ``SECRET_AND_KEY_EXISTS`` reads
    each secret once, and lists only to name near misses of those that are missing, where the manager may list.
    """
    level = level or user_settings.validation_level()
    problems = list(_shape(stack))
    needs = stack.requirements(settings) if level is not SecretValidationLevel.NONE else []
    if needs and stack.has_secrets_manager:
        by_listing = level is SecretValidationLevel.SECRET_EXISTS
        problems += _by_listing(stack, needs) if by_listing else _by_reading(stack, needs, refresh=refresh)
    elif needs:
        problems += [_problem(need, "no-secrets-manager", "the stack has no secrets manager.") for need in needs]
    return Report(stack.name, level, tuple(problems), _remedy(stack, problems))


def _shape(stack: Stack) -> Iterator[Problem]:
    for needed in _NEEDED:
        if needed not in stack.components:
            yield Problem("invalid-stack", f"The stack has no {needed.words}.", f"Add {needed.article}.", lacks=needed)
    orchestrator = stack.orchestrator
    if orchestrator is None or not orchestrator.is_remote:
        return
    if stack.has_secrets_manager and stack.secrets_manager.is_local:
        manager = stack.secrets_manager.name
        message = f"The {orchestrator} runs elsewhere and can't reach the local secrets manager {manager!r}."
        yield Problem("invalid-stack", message, "Use one that it can reach.", lacks=ComponentType.SECRETS_MANAGER)
    store = stack.artifact_store
    if store is not None and store.is_local:
        message = f"The {orchestrator} runs elsewhere and can't reach the local {store}."
        yield Problem("invalid-stack", message, "Use one that it can reach.", lacks=ComponentType.ARTIFACT_STORE)


def _by_listing(stack: Stack, needs: list[Requirement]) -> Iterator[Problem]:
    try:
        known = set(stack.secrets_manager.list_secrets())
    except ZenSecretsError as error:
        yield Problem(error.code, error.message, error.hint)
        return
    for need in needs:
        name = need.reference.name
        if name not in known:
            hint = awaited_hint(stack.secrets_manager.id, name) or did_you_mean(name, known)
            yield _problem(need, "secret-not-found", f"there is no secret {name!r}.", hint)


def _by_reading(stack: Stack, needs: list[Requirement], *, refresh: bool) -> Iterator[Problem]:
    found = stack.secrets_manager.get_secrets((need.reference.name for need in needs), refresh=refresh)
    for need in needs:
        secret = found[need.reference.name]
        awaited = awaited_hint(stack.secrets_manager.id, need.reference.name)
        if isinstance(secret, SecretNotFoundError):
            hint = secret.hint if awaited or secret.hint.startswith("Did you mean") else ""
            yield _problem(need, secret.code, f"there is no secret {need.reference.name!r}.", hint)
        elif isinstance(secret, ZenSecretsError):
            yield _problem(need, secret.code, secret.message, secret.hint)
        elif need.reference.key:
            try:
                secret.value(need.reference.key)
            except SecretKeyNotFoundError as error:
                yield _problem(need, error.code, f"{error.message[0].lower()}{error.message[1:]}", awaited or error.hint)


def _problem(need: Requirement, code: str, what: str, hint: str = "") -> Problem:
    needed = str(need.reference) if need.reference.key else f"secret {need.reference.name!r}"
    message = f"{need.owner}.{need.attribute} needs {needed}, and {what}"
    return Problem(code, f"{message[0].upper()}{message[1:]}", hint, need.owner, need.attribute, need.reference, cause=what)


def _remedy(stack: Stack, problems: list[Problem]) -> str:
    codes = {problem.code for problem in problems}
    changes = [f"{_FLAGS[problem.lacks]} {problem.lacks.name}" for problem in problems if problem.lacks]
    if "no-secrets-manager" in codes:
        changes.append("-x SECRETS_MANAGER")
    steps = [f"%stack update {stack.name} {' '.join(dict.fromkeys(changes))}"] if changes else []
    missing = [problem for problem in problems if problem.code in {"secret-not-found", "secret-key-not-found"}]
    owners = {str(component) for component in stack.components.values()}
    if any(problem.component in owners for problem in missing):
        steps.append(f"%stack register-secrets {stack.name}")
    # What steps and pipelines miss is no part of the stack.
    others = [problem for problem in missing if problem.component not in owners]
    for code, verb in (("secret-not-found", "register"), ("secret-key-not-found", "update")):
        steps += _commands(verb, [problem.reference for problem in others if problem.code == code])
    if problems and not steps:
        steps.append(f"%zen secrets-manager describe {stack.secrets_manager.name}")
    return ", then ".join(steps)


def _commands(verb: str, missing: Iterable[SecretReference | None]) -> list[str]:
    """Return for each secret the command that asks for all the keys of it that are missing."""
    keys: dict[str, list[str]] = {}
    for needed in missing:
        if needed is not None:
            keys.setdefault(needed.name, []).extend([f"--{needed.key}"] if needed.key else [])
    return [" ".join([f"%secret {verb} {name}", *dict.fromkeys(options)]) for name, options in keys.items()]
