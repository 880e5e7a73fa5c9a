"""Three commands of secrets managers: ``copy`` for secrets, ``rewrap`` and ``rotate-key``.

Other components have another ``copy``, which copies only attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.asking.form_request import Choice
from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.click_extensions import Command
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.progress import ProgressDisplay
from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.text import counted
from zensecrets_jupyter.core.transfer.secret_copy import CONFLICT_ACTIONS, ComparisonResult, CopyPlan, conflict_error, plan_copy, run_copy
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.transfer.secret_copy import CopyReport

_CONFLICT_OPTION = "--on-conflict"
_SKIP_AND_REPLACE = f"{_CONFLICT_OPTION}=skip to keep the target's secrets, {_CONFLICT_OPTION}=replace to replace them"
"""A part of hints: two values of the option, with which a copy succeeds in spite of conflicts."""
_manager_names = completion.completer(completion.component_names(ComponentType.SECRETS_MANAGER))
_manager_name_argument = click.argument("name", metavar="NAME", shell_complete=_manager_names)


@click.command("copy", cls=Command)
@click.argument("source", metavar="SOURCE", shell_complete=_manager_names)
@click.argument("target", metavar="TARGET", shell_complete=_manager_names)
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=completion.completer(completion.source_secret_names))
@click.option(
    _CONFLICT_OPTION,
    type=click.Choice(CONFLICT_ACTIONS),
    default=None,
    help="Choose what happens if the target has a secret with other content. Without this option, the command asks.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be copied, and write nothing.")
@click.pass_obj
def copy_secrets(call: Call, source: str, target: str, names: Sequence[str], *, on_conflict: str | None, dry_run: bool) -> Outcome:  # noqa: PLR0913 - one parameter for each option
    """Copy all or some secrets from one secrets manager to another.

    SOURCE keeps its secrets. Content, keys and schemas do not change. Secrets that TARGET has with the same content are skipped, so you
    can start an interrupted copy again. No secret is replaced without confirmation.

    If TARGET does not exist, it is registered with the attributes of SOURCE, as `copy` does for any component, and no secret is copied.
    """
    workspace = get_workspace()
    # Names and options are about secrets. With any of them, the target must exist.
    if not (names or on_conflict or dry_run) and _is_new_name(target, source):
        workspace.copy_component(ComponentType.SECRETS_MANAGER, source, target)
        text = f"Registered secrets manager {target!r} with the attributes of {source!r}. To copy the secrets: %zen secrets-manager copy"
        return Outcome(text=f"{text} {source} {target}")
    plan = plan_copy(workspace.open_manager(source), workspace.open_manager(target), names or None)
    if dry_run:
        table = _plan_table(plan)
        return Outcome(value=table, view=table)
    names_to_replace = _resolve_conflicts(call, plan, on_conflict)
    if names_to_replace is None:
        return Outcome(text="Nothing was copied.")
    with ProgressDisplay(call.capabilities, f"Copying to {target}", unit="secrets") as progress:
        report = run_copy(plan, replace=names_to_replace, on_progress=progress.callback)
    return _outcome(plan, report)


@click.command("rewrap", cls=Command)
@_manager_name_argument
@click.option("--to", "protection", type=click.Choice(["keyring", "passphrase", "keyfile"]), required=True, help="The new key protection.")
def rewrap(name: str, protection: str) -> Outcome:
    """Change the key protection of a local secrets manager.

    The protection is the keyring of the operating system, a passphrase or a key file.
    """
    manager = get_workspace().open_manager(name)
    manager.rewrap(protection)
    return Outcome(text=f"Secrets manager {name!r} is protected by {manager.describe().get('protected by', protection)}.")


@click.command("rotate-key", cls=Command)
@_manager_name_argument
def rotate_key(name: str) -> Outcome:
    """Seal a local secrets manager with a new key."""
    manager = get_workspace().open_manager(name)
    manager.rotate_key()
    return Outcome(text=f"Secrets manager {name!r} is sealed with a new key.")


def _is_new_name(target: str, source: str) -> bool:
    """Return whether ``target`` is the name of a new secrets manager.

    A name that is similar to the name of another secrets manager may be a typing error, and does not count as new. A name that is similar
    to the name of the source, such as ``prod2`` and ``prod``, counts as new.
    """
    names = [record.name for record in get_workspace().components(ComponentType.SECRETS_MANAGER)]
    return target not in names and not did_you_mean(target, [name for name in names if name != source])


def _resolve_conflicts(call: Call, plan: CopyPlan, on_conflict: str | None) -> set[str] | None:
    """Return the names of the secrets to replace in the target.

    The result is ``None`` if the person cancels the copy.

    Raises:
        SecretExistsError: If there are conflicts, and ``on_conflict`` is "stop".
        InteractionUnavailableError: If there are conflicts, ``on_conflict`` is ``None``, and the input is not interactive.
    """
    conflicts = plan.secrets_with_result(ComparisonResult.CONFLICT)
    if not conflicts or on_conflict == "skip":
        return set()
    if on_conflict == "stop":
        raise conflict_error(plan, hint=f"To see them: --dry-run. Add {_SKIP_AND_REPLACE}.")
    if on_conflict == "replace":
        return {secret.name for secret in conflicts}
    alternative = f"Add {_SKIP_AND_REPLACE}, or {_CONFLICT_OPTION}=stop to copy nothing."
    names_to_replace: set[str] = set()
    for index, secret in enumerate(conflicts):
        remaining_conflicts = conflicts[index:]
        question = f"{plan.target.name!r} already has a secret {secret.name!r}: {secret.reason}."
        answer = call.asker.choose(question, _choices(plan, len(remaining_conflicts)), alternative=alternative)
        if not answer:
            return None
        # A capital letter answers for all remaining conflicts.
        if answer == "r":
            names_to_replace.add(secret.name)
        elif answer == "R":
            names_to_replace.update(conflict.name for conflict in remaining_conflicts)
        if answer in {"S", "R"}:
            break
    return names_to_replace


def _choices(plan: CopyPlan, remaining_count: int) -> list[Choice]:
    for_one = [Choice("s", "skip it"), Choice("r", "replace it")]
    for_all = [Choice("S", f"skip all {remaining_count}"), Choice("R", f"replace all {remaining_count}")] if remaining_count > 1 else []
    can_replace = Capability.UPDATE in plan.target.capabilities
    return [choice for choice in (*for_one, *for_all) if can_replace or choice.letter in {"s", "S"}]


def _plan_table(plan: CopyPlan) -> Table:
    title = f"Copy from {plan.source.name!r} to {plan.target.name!r}, not carried out"
    rows = [(secret.name, secret.result.value, secret.reason) for secret in plan.secrets]
    return Table(["name", "", "why"], rows, title=title, note=_counts_text(plan) if rows else _no_secrets_text(plan))


def _counts_text(plan: CopyPlan) -> str:
    counts = {result: len(plan.secrets_with_result(result)) for result in ComparisonResult}
    return ", ".join(f"{count} {result.value}" for result, count in counts.items() if count) + "."


def _no_secrets_text(plan: CopyPlan) -> str:
    return f"There are no secrets in secrets manager {plan.source.name!r}."


def _outcome(plan: CopyPlan, report: CopyReport) -> Outcome:
    if not plan.secrets:
        return Outcome(text=_no_secrets_text(plan))
    copied_count = len(report.registered) + len(report.replaced)
    copied_text = f"Copied {counted(copied_count, 'secret')} from {plan.source.name!r} to {plan.target.name!r}"
    details = [
        f"{len(report.replaced)} of them replaced a secret" if report.replaced else "",
        f"{len(report.same)} already in the target" if report.same else "",
        f"{len(report.skipped)} skipped" if report.skipped else "",
        f"{len(report.failed)} can't be copied" if report.failed else "",
    ]
    text = "; ".join([copied_text, *filter(None, details)]) + "."
    # The reason of a failed copy replaces the reason in the plan.
    reasons = {secret.name: secret.reason for secret in plan.secrets} | report.failed
    rows = [(name, "can't be copied" if name in report.failed else "skipped", reasons[name]) for name in (*report.skipped, *report.failed)]
    uncopied_table = Table(["name", "", "why"], rows, title="Not copied") if rows else None
    if report.failed:
        return Outcome(
            text=text,
            view=uncopied_table,
            exit_code=1,
            summary=f"{counted(len(report.failed), 'secret')} could not be copied; the table above has the reasons.",
        )
    return Outcome(text="\n".join([text, *_switch_hint(plan)]), view=uncopied_table)


def _switch_hint(plan: CopyPlan) -> list[str]:
    """Return a list with a hint to use the target in the active stack.

    The list is empty if the active stack uses the target already.
    """
    stack = get_workspace().stack_record()
    if stack.components.get(ComponentType.SECRETS_MANAGER) == plan.target.name:
        return []
    return [f"To use them there: %stack update {stack.name} -x {plan.target.name}"]
