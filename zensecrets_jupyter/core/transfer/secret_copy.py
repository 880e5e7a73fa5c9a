"""Secrets out of one secrets manager into another: looked at first, then written, each whole or not at all.

A copy that was broken off, by whatever it was, is gone on with by copying again: what the target has already is found to be the same.
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

    from zensecrets_jupyter.core.transfer.batch_writer import Tell

ON_CONFLICT = ("skip", "replace", "stop")
"""What may become of a secret that the target has with something else: it stays, it is replaced, or nothing at all is done."""
_SHOWN = 5
"""Names in a sentence at most; more are counted."""
_OF_ONE_SECRET = (SecretError, ManagerCorruptedError, StoreTooNewError, UnsupportedOperationError)
"""What is wrong with one secret, while all others may be well."""


class Standing(enum.Enum):
    """How a secret of the source stands to the target."""

    NEW = "new"
    """The target has nothing under its name."""
    SAME = "the same already"
    """The target has it, with the same content and schema."""
    CONFLICT = "conflict"
    """The target has something else under its name, or something that can't be compared."""
    IMPOSSIBLE = "can't be done"
    """It can't be read, or the target can't hold it."""


class Planned(NamedTuple):
    """What a copy found of one secret; ``why`` says more where there is more to say, and never a value."""

    name: str
    standing: Standing
    why: str = ""


@dataclass(frozen=True)
class CopyPlan:
    """What copying will do, as it was found: nothing is written yet.

    Attributes:
        source: Where the secrets are.
        target: Where they are to be.
        secrets: How each of them stands, sorted by name.
        records: What is to be written of each, by name.
    """

    source: SecretsManager
    target: SecretsManager
    secrets: tuple[Planned, ...]
    records: Mapping[str, SecretRecord] = field(repr=False)

    def of(self, standing: Standing) -> list[Planned]:
        """Return the secrets that stand so."""
        return [one for one in self.secrets if one.standing is standing]


class CopyReport(NamedTuple):
    """What a copy did, by the names of the secrets.

    Attributes:
        registered: They are in the target now.
        replaced: They took the place of something else there.
        same: They were there already, just so.
        skipped: Something else was there under their names, and was left.
        failed: They could not be copied, each with the reason.
    """

    registered: list[str]
    replaced: list[str]
    same: list[str]
    skipped: list[str]
    failed: dict[str, str]


def plan_copy(source: SecretsManager, target: SecretsManager, names: Iterable[str] | None = None) -> CopyPlan:
    """Return what copying secrets will do; both sides are read, with few requests, and nothing is written.

    Args:
        source: Where the secrets are.
        target: Where they are to be, under the same names.
        names: Which ones; all that the source lists where none are given.

    Raises:
        UnsupportedOperationError: If the two are one, the source can't be read, or the target can't be written.
        SecretNotFoundError: If one of the ``names`` does not exist.
        ManagerError: If one of the two refuses or does not answer.
    """
    _refuse_incapable(source, target, lists=names is None)
    wanted = source.list_secrets() if names is None else sorted(set(names))
    found = source.get_records(wanted)
    _refuse_unreadable(source, found, named=names is not None)
    records: dict[str, SecretRecord] = {}
    planned: list[Planned] = []
    for name, record in found.items():
        if isinstance(record, SecretRecord):
            records[name] = record
        elif not isinstance(record, SecretNotFoundError):
            planned.append(Planned(name, Standing.IMPOSSIBLE, record.message))
        # Else it was deleted after it had been listed: there is nothing to copy.
    planned += _compared(target, records)
    return CopyPlan(source, target, tuple(sorted(planned)), records)


def carry_out(plan: CopyPlan, *, replace: Collection[str] = (), tell: Tell | None = None) -> CopyReport:
    """Do what the plan says and return what was done; what is a conflict is left as it is but for the names in ``replace``.

    Args:
        plan: What was found.
        replace: The conflicts in which the source's secret takes the place of the target's.
        tell: Is told how many secrets are done, of how many, as it goes on.

    Raises:
        UnsupportedOperationError: If something is to be replaced and the target can't; nothing was written.
        ZenSecretsError: If the target fails half way; it says how far it got, and that copying again goes on there.
        InterruptedWork: On Ctrl-C; it says the same.
    """
    conflicts = [one.name for one in plan.of(Standing.CONFLICT)]
    replaced = [name for name in conflicts if name in replace]
    if replaced and Capability.UPDATE not in plan.target.capabilities:
        message = f"Secrets manager {plan.target.name!r} (flavor {plan.target.flavor}) can't replace {_listed(replaced)}."
        raise UnsupportedOperationError(message, flavor=plan.target.flavor, hint="Nothing was copied: skip what is there, or delete it.")
    new = [one.name for one in plan.of(Standing.NEW)]
    same = [one.name for one in plan.of(Standing.SAME)]
    outcomes = write_all(plan.target, {name: plan.records[name] for name in (*new, *replaced)}, set(replaced), tell, before=len(same))
    failed = {one.name: one.why for one in plan.of(Standing.IMPOSSIBLE)}
    failed |= {name: why for name, why in outcomes.items() if why}
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
    tell: Tell | None = None,
) -> CopyReport:
    """Copy secrets into another secrets manager and return what was done; errors as :func:`plan_copy` and :func:`carry_out` have them.

    Args:
        source: Where the secrets are.
        target: Where they are to be, under the same names.
        names: Which ones; all that the source lists where none are given.
        on_conflict: What becomes of a name that the target has with something else: "skip", "replace", or "stop" before anything is done.
        tell: Is told how many secrets are done, of how many, as it goes on.

    Raises:
        SettingsError: If ``on_conflict`` is none of the three.
        SecretExistsError: If there is a conflict, and the copy is to stop at it; nothing was copied.
    """
    if on_conflict not in ON_CONFLICT:
        raise SettingsError(f"{on_conflict!r} says nothing of conflicts.", hint=f"Say {', '.join(ON_CONFLICT)}.")
    plan = plan_copy(source, target, names)
    conflicts = [one.name for one in plan.of(Standing.CONFLICT)]
    if conflicts and on_conflict == "stop":
        raise conflict_error(plan, hint='Say what then: on_conflict="skip" leaves what is there, on_conflict="replace" writes over it.')
    return carry_out(plan, replace=conflicts if on_conflict == "replace" else (), tell=tell)


def conflict_error(plan: CopyPlan, *, hint: str) -> SecretExistsError:
    """Return the error that says which names the target has with something else, and that nothing was copied."""
    names = [one.name for one in plan.of(Standing.CONFLICT)]
    what = "with other content" if Capability.READ in plan.target.capabilities else "and gives nothing back that could be compared"
    message = f"Secrets manager {plan.target.name!r} has {_listed(names)} already, {what}; nothing was copied."
    return SecretExistsError(message, name=names[0], manager=plan.target.name, hint=hint)


def _refuse_incapable(source: SecretsManager, target: SecretsManager, *, lists: bool) -> None:
    """Raise UnsupportedOperationError unless secrets can be copied from the one into the other."""
    if source.id == target.id:
        message = f"Secrets manager {source.name!r} can't be copied into itself."
        raise UnsupportedOperationError(message, flavor=source.flavor, hint="Name two secrets managers: SOURCE, then TARGET.")
    listed = "Those that are registered: %zen secrets-manager list"
    if Capability.READ not in source.capabilities:
        message = f"Nothing can be copied out of secrets manager {source.name!r}: flavor {source.flavor} can't read secrets here."
        raise UnsupportedOperationError(message, flavor=source.flavor, hint=f"Copy from one that can be read. {listed}")
    if lists and Capability.LIST not in source.capabilities:
        message = f"Secrets manager {source.name!r} (flavor {source.flavor}) can't list what it holds."
        raise UnsupportedOperationError(message, flavor=source.flavor, hint="Name the secrets that are to be copied.")
    if Capability.REGISTER not in target.capabilities:
        message = f"Nothing can be copied into secrets manager {target.name!r}: flavor {target.flavor} can't register secrets."
        raise UnsupportedOperationError(message, flavor=target.flavor, hint=f"Copy into one that can be written. {listed}")


def _refuse_unreadable(source: SecretsManager, found: Mapping[str, SecretRecord | ZenSecretsError], *, named: bool) -> None:
    """Raise what keeps the whole source from being read, and SecretNotFoundError for what was asked for by name."""
    problems = {name: one for name, one in found.items() if isinstance(one, ZenSecretsError)}
    for name, problem in problems.items():
        if isinstance(problem, SecretNotFoundError):
            if named:
                raise source.not_found(name)
        elif isinstance(problem, ManagerAccessError):
            # A place may refuse some and not others; one that refuses all has nothing to copy.
            if len(problems) == len(found):
                raise problem
        elif not isinstance(problem, _OF_ONE_SECRET):
            raise problem


def _compared(target: SecretsManager, records: Mapping[str, SecretRecord]) -> list[Planned]:
    """Return how the records stand to the target: it is listed once, and what it has too is read in batches."""
    impossible = {name: why for name, record in records.items() if (why := _why_not(target, name, record))}
    known = set(target.list_secrets()) if Capability.LIST in target.capabilities and records else set(records)
    reads = Capability.READ in target.capabilities
    there = [name for name in records if name in known and name not in impossible]
    present = target.get_records(there) if reads and there else {}
    planned = [Planned(name, Standing.IMPOSSIBLE, why) for name, why in impossible.items()]
    for name, record in records.items():
        if name in impossible:
            continue
        if name not in known or isinstance(present.get(name), SecretNotFoundError):
            planned.append(Planned(name, Standing.NEW))
        elif not reads:
            lists = Capability.LIST in target.capabilities
            why = f"flavor {target.flavor} gives nothing back that it could be compared with"
            planned.append(Planned(name, Standing.CONFLICT, why) if lists else Planned(name, Standing.NEW))
        else:
            planned.append(_compared_with(present[name], name, record))
    return planned


def _compared_with(present: SecretRecord | ZenSecretsError, name: str, record: SecretRecord) -> Planned:
    if isinstance(present, ManagerAccessError):
        return Planned(name, Standing.CONFLICT, f"it can't be compared: {present.message}")
    if isinstance(present, _OF_ONE_SECRET):
        return Planned(name, Standing.IMPOSSIBLE, present.message)
    if isinstance(present, ZenSecretsError):
        raise present
    why = _difference(record, present)
    return Planned(name, Standing.CONFLICT, why) if why else Planned(name, Standing.SAME)


def _why_not(target: SecretsManager, name: str, record: SecretRecord) -> str:
    try:
        target.check_record(name, record)
    except _OF_ONE_SECRET as error:
        return error.message
    return ""


def _difference(record: SecretRecord, present: SecretRecord) -> str:
    """Return in which keys two records differ, and never how; empty if in none."""
    content, there = dict(record.content), dict(present.content)
    parts = [
        ("other values of", [key for key in content if key in there and content[key] != there[key]]),
        ("it lacks", [key for key in content if key not in there]),
        ("it has besides", [key for key in there if key not in content]),
    ]
    told = [f"{what} {', '.join(sorted(keys))}" for what, keys in parts if keys]
    if record.schema != present.schema:
        told.append(f"its schema is {present.schema!r}, not {record.schema!r}")
    return "; ".join(told)


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:_SHOWN]))
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
