"""Copy of secrets from one secrets manager into another: first the comparison, then the writes.

To continue an interrupted copy, copy again: the comparison finds the secrets that are in the target already.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.errors import (
    ManagerAccessError,
    ManagerCorruptedError,
    SecretError,
    SecretExistsError,
    SecretNotFoundError,
    SettingsError,
    StoreTooNewError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import Capability, SecretRecord, SecretsManager
from zensecrets_jupyter.core.transfer.batch_writer import write_all

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from zensecrets_jupyter.core.transfer.batch_writer import ProgressCallback

CONFLICT_ACTIONS = ("skip", "replace", "stop")
"""Ways to handle a conflict: keep the secret of the target, replace it, or copy nothing."""
_MAX_LISTED_NAMES = 5
"""Maximum number of names in a sentence; further ones are counted."""
_SINGLE_SECRET_ERRORS = (SecretError, ManagerCorruptedError, StoreTooNewError, UnsupportedOperationError)
"""Errors that concern one secret and not the whole secrets manager."""


class ComparisonResult(enum.Enum):
    """The result of comparing a secret of the source with the target."""

    NEW = "new"
    """The target has no secret with its name."""
    SAME = "the same already"
    """The target has a secret with the same name, schema and content."""
    CONFLICT = "conflict"
    """The target has a secret with the same name and other content, or one that can't be compared."""
    IMPOSSIBLE = "can't be done"
    """The source can't read the secret, or the target can't store it or can't read its own secret of that name."""


class ComparedSecret(NamedTuple):
    """A secret with the result of its comparison.

    ``reason`` explains the result without any value, and may be empty.
    """

    name: str
    result: ComparisonResult
    reason: str = ""


@dataclass(frozen=True)
class CopyPlan:
    """The plan of a copy; nothing is written yet.

    Attributes:
        source: The secrets manager to copy from.
        target: The secrets manager to copy into.
        secrets: The compared secrets, sorted by name.
        records: All records that were read from the source, by name. Only those of new and replaced secrets are written.
    """

    source: SecretsManager
    target: SecretsManager
    secrets: tuple[ComparedSecret, ...]
    records: Mapping[str, SecretRecord] = field(repr=False)

    def secrets_with_result(self, result: ComparisonResult) -> list[ComparedSecret]:
        """Return the secrets with this result."""
        return [secret for secret in self.secrets if secret.result is result]


class CopyReport(NamedTuple):
    """The result of a copy, by names of secrets.

    Attributes:
        registered: Secrets that are new in the target.
        replaced: Secrets that replaced the target's secrets of the same name.
        same: Secrets that the target had already.
        skipped: Conflicts that stayed unchanged in the target.
        failed: Secrets that could not be copied, each with the reason.
    """

    registered: list[str]
    replaced: list[str]
    same: list[str]
    skipped: list[str]
    failed: dict[str, str]


def plan_copy(source: SecretsManager, target: SecretsManager, names: Iterable[str] | None = None) -> CopyPlan:
    """Compare the secrets of two secrets managers and return the plan of a copy.

    Args:
        source: The secrets manager to copy from.
        target: The secrets manager to copy into; the names stay the same.
        names: The names of the secrets; by default all that the source lists.

    Raises:
        UnsupportedOperationError: If source and target are the same, the source can't be read, or the target can't be written.
        SecretNotFoundError: If one of the ``names`` does not exist.
        ManagerError: If the source or the target refuses a request or does not answer.
    """
    _check_capabilities(source, target, needs_list=names is None)
    selected_names = source.list_secrets() if names is None else sorted(set(names))
    results = source.get_records(selected_names)
    _check_readable(source, results, are_names_given=names is not None)
    records: dict[str, SecretRecord] = {}
    comparisons: list[ComparedSecret] = []
    for name, record in results.items():
        if isinstance(record, SecretRecord):
            records[name] = record
        elif not isinstance(record, SecretNotFoundError):
            comparisons.append(ComparedSecret(name, ComparisonResult.IMPOSSIBLE, record.message))
        # For SecretNotFoundError, the secret was deleted after the listing, and there is nothing to copy.
    comparisons += _compare_all(target, records)
    return CopyPlan(source, target, tuple(sorted(comparisons)), records)


def run_copy(plan: CopyPlan, *, replace: Collection[str] = (), on_progress: ProgressCallback | None = None) -> CopyReport:
    """Write the secrets of a plan and return the result.

    The target's secrets stay unchanged in a conflict, except for the names in ``replace``.

    Args:
        plan: The plan.
        replace: The names of the conflicts to replace in the target.
        on_progress: Called with the number of processed secrets, written or not, and the total number.

    Raises:
        UnsupportedOperationError: If the target has to replace secrets and can't; nothing was written.
        ZenSecretsError: If the target fails; the error states the progress and suggests to copy again.
        InterruptedWork: On Ctrl-C; the error states the progress and suggests to copy again.
    """
    conflicts = [secret.name for secret in plan.secrets_with_result(ComparisonResult.CONFLICT)]
    replaced = [name for name in conflicts if name in replace]
    if replaced and Capability.UPDATE not in plan.target.capabilities:
        message = f"Secrets manager {plan.target.name!r} (flavor {plan.target.flavor}) can't replace {_list_names(replaced)}."
        raise UnsupportedOperationError(
            message, flavor=plan.target.flavor, hint="Nothing was copied: skip the conflicts, or delete the secrets there."
        )
    new = [secret.name for secret in plan.secrets_with_result(ComparisonResult.NEW)]
    same = [secret.name for secret in plan.secrets_with_result(ComparisonResult.SAME)]
    outcomes = write_all(
        plan.target, {name: plan.records[name] for name in (*new, *replaced)}, set(replaced), on_progress, already_copied_count=len(same)
    )
    failed = {secret.name: secret.reason for secret in plan.secrets_with_result(ComparisonResult.IMPOSSIBLE)}
    failed |= {name: reason for name, reason in outcomes.items() if reason}
    return CopyReport(
        [name for name in new if name not in failed],
        [name for name in replaced if name not in failed],
        same,
        [name for name in conflicts if name not in replace],
        failed,
    )


def copy_secrets(
    source: SecretsManager,
    target: SecretsManager,
    names: Iterable[str] | None = None,
    *,
    on_conflict: str = "stop",
    on_progress: ProgressCallback | None = None,
) -> CopyReport:
    """Copy secrets into another secrets manager and return the result.

    Args:
        source: The secrets manager to copy from.
        target: The secrets manager to copy into; the names stay the same.
        names: The names of the secrets; by default all that the source lists.
        on_conflict: The handling of names that exist in the target with other content: ``skip``, ``replace``, or ``stop`` before any write.
        on_progress: Called with the number of processed secrets, written or not, and the total number.

    Raises:
        SettingsError: If ``on_conflict`` has another value.
        SecretExistsError: If there is a conflict and ``on_conflict`` is ``stop``; nothing was copied.
        ZenSecretsError: For the errors of :func:`plan_copy` and :func:`run_copy`.
    """
    if on_conflict not in CONFLICT_ACTIONS:
        raise SettingsError(f"{on_conflict!r} is not a way to handle conflicts.", hint=f"Use one of {', '.join(CONFLICT_ACTIONS)}.")
    plan = plan_copy(source, target, names)
    conflicts = [secret.name for secret in plan.secrets_with_result(ComparisonResult.CONFLICT)]
    if conflicts and on_conflict == "stop":
        raise conflict_error(
            plan, hint='Decide: on_conflict="skip" keeps the secrets of the target, on_conflict="replace" overwrites them.'
        )
    return run_copy(plan, replace=conflicts if on_conflict == "replace" else (), on_progress=on_progress)


def conflict_error(plan: CopyPlan, *, hint: str) -> SecretExistsError:
    """Return the error that lists the conflicts of a plan."""
    names = [secret.name for secret in plan.secrets_with_result(ComparisonResult.CONFLICT)]
    detail = "with other content" if Capability.READ in plan.target.capabilities else "and returns no secrets that could be compared"
    message = f"Secrets manager {plan.target.name!r} has {_list_names(names)} already, {detail}; nothing was copied."
    return SecretExistsError(message, name=names[0], manager=plan.target.name, hint=hint)


def _check_capabilities(source: SecretsManager, target: SecretsManager, *, needs_list: bool) -> None:
    """Raise UnsupportedOperationError unless secrets can be copied from ``source`` into ``target``."""
    if source.id == target.id:
        message = f"Secrets manager {source.name!r} can't be copied into itself."
        raise UnsupportedOperationError(message, flavor=source.flavor, hint="Name two secrets managers: SOURCE, then TARGET.")
    hint = "List the registered ones: %zen secrets-manager list"
    if Capability.READ not in source.capabilities:
        message = f"Nothing can be copied out of secrets manager {source.name!r}: flavor {source.flavor} can't read secrets here."
        raise UnsupportedOperationError(message, flavor=source.flavor, hint=f"Copy from one that can be read. {hint}")
    if needs_list and Capability.LIST not in source.capabilities:
        message = f"Secrets manager {source.name!r} (flavor {source.flavor}) can't list its secrets."
        raise UnsupportedOperationError(message, flavor=source.flavor, hint="Name the secrets to copy.")
    if Capability.REGISTER not in target.capabilities:
        message = f"Nothing can be copied into secrets manager {target.name!r}: flavor {target.flavor} can't register secrets."
        raise UnsupportedOperationError(message, flavor=target.flavor, hint=f"Copy into one that can be written. {hint}")


def _check_readable(source: SecretsManager, results: Mapping[str, SecretRecord | ZenSecretsError], *, are_names_given: bool) -> None:
    """Raise the first error that prevents the whole copy, and ignore errors that prevent only the copy of a single secret.

    Args:
        source: The secrets manager to copy from.
        results: The record of each secret, or the error of reading it, by name.
        are_names_given: Whether the user gave the names. A given name that does not exist raises SecretNotFoundError.
    """
    problems = {name: result for name, result in results.items() if isinstance(result, ZenSecretsError)}
    for name, problem in problems.items():
        if isinstance(problem, SecretNotFoundError):
            if are_names_given:
                raise source.not_found_error(name)
        elif isinstance(problem, ManagerAccessError):
            # A backend may refuse access to single secrets. If no secret can be read at all, there is nothing to copy.
            if len(problems) == len(results):
                raise problem
        elif not isinstance(problem, _SINGLE_SECRET_ERRORS):
            raise problem


def _compare_all(target: SecretsManager, records: Mapping[str, SecretRecord]) -> list[ComparedSecret]:
    """Return the comparison of each record with the target's secret of the same name."""
    # The target is listed once and read in batches, because each request to a remote service takes time.
    can_list, can_read = Capability.LIST in target.capabilities, Capability.READ in target.capabilities
    refusals = {name: reason for name, record in records.items() if (reason := _refusal_reason(target, name, record))}
    # If the target can't list its secrets, it may have any of them.
    possible_names = set(target.list_secrets()) if can_list and records else set(records)
    common_names = [name for name in records if name in possible_names and name not in refusals]
    target_records = target.get_records(common_names) if can_read and common_names else {}
    comparisons = [ComparedSecret(name, ComparisonResult.IMPOSSIBLE, reason) for name, reason in refusals.items()]
    for name, record in records.items():
        if name in refusals:
            continue
        if name not in possible_names or isinstance(target_records.get(name), SecretNotFoundError):
            comparisons.append(ComparedSecret(name, ComparisonResult.NEW))
        elif not can_read and can_list:
            reason = f"flavor {target.flavor} returns no secrets, so they can't be compared"
            comparisons.append(ComparedSecret(name, ComparisonResult.CONFLICT, reason))
        elif not can_read:
            # The target can neither list nor read secrets. If it has this secret, it refuses the registration later.
            comparisons.append(ComparedSecret(name, ComparisonResult.NEW))
        else:
            comparisons.append(_compare(target_records[name], name, record))
    return comparisons


def _compare(target_record: SecretRecord | ZenSecretsError, name: str, record: SecretRecord) -> ComparedSecret:
    """Return the comparison of a record with the target's record, or with the error of reading the target's record."""
    if isinstance(target_record, ManagerAccessError):
        return ComparedSecret(name, ComparisonResult.CONFLICT, f"it can't be compared: {target_record.message}")
    if isinstance(target_record, _SINGLE_SECRET_ERRORS):
        return ComparedSecret(name, ComparisonResult.IMPOSSIBLE, target_record.message)
    if isinstance(target_record, ZenSecretsError):
        raise target_record
    reason = _describe_differences(record, target_record)
    return ComparedSecret(name, ComparisonResult.CONFLICT, reason) if reason else ComparedSecret(name, ComparisonResult.SAME)


def _refusal_reason(target: SecretsManager, name: str, record: SecretRecord) -> str:
    """Return the reason why the target can't store a record, or an empty text."""
    try:
        target.check_record(name, record)
    except _SINGLE_SECRET_ERRORS as error:
        return error.message
    return ""


def _describe_differences(record: SecretRecord, target_record: SecretRecord) -> str:
    """Return the keys and schemas in which the record of the target differs from ``record``, or an empty text."""
    content, target_content = dict(record.content), dict(target_record.content)
    keys_by_description = [
        ("other values of", [key for key in content if key in target_content and content[key] != target_content[key]]),
        ("it lacks", [key for key in content if key not in target_content]),
        ("it also has", [key for key in target_content if key not in content]),
    ]
    differences = [f"{description} {', '.join(sorted(keys))}" for description, keys in keys_by_description if keys]
    if record.schema != target_record.schema:
        differences.append(f"its schema is {target_record.schema!r}, not {record.schema!r}")
    return "; ".join(differences)


def _list_names(names: list[str]) -> str:
    """Return the first names and the number of further ones, for a sentence."""
    first_names = ", ".join(map(repr, names[:_MAX_LISTED_NAMES]))
    return f"{first_names} and {len(names) - _MAX_LISTED_NAMES} more" if len(names) > _MAX_LISTED_NAMES else first_names
