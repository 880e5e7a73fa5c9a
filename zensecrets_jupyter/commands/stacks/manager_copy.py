"""``secrets-manager copy``: copy the secrets of one secrets manager to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.asking.form_request import Choice
from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.click_extensions import Command
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.framework.render import Table
from zensecrets_jupyter.commands.progress import ProgressDisplay
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.text import counted
from zensecrets_jupyter.core.transfer.copying import ON_CONFLICT, CopyPlan, Standing, carry_out, conflict_error, plan_copy
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.transfer.copying import CopyReport

_FLAG = "--on-conflict"
_UNASKED = f"Add {_FLAG}=skip to leave what is there, {_FLAG}=replace to write over it, or {_FLAG}=stop to copy nothing then."
_manager_names = completion.completer(completion.component_names(ComponentType.SECRETS_MANAGER))


@click.command("copy", cls=Command)
@click.argument("source", metavar="SOURCE", shell_complete=_manager_names)
@click.argument("target", metavar="TARGET", shell_complete=_manager_names)
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=completion.completer(completion.secret_names_of_source))
@click.option(
    _FLAG,
    type=click.Choice(ON_CONFLICT),
    default=None,
    help="What to do if the target has a secret with other content; by default you are asked.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be copied, and write nothing.")
@click.pass_obj
def copy(call: Call, source: str, target: str, names: Sequence[str], *, on_conflict: str | None, dry_run: bool) -> Outcome:  # noqa: PLR0913 - one parameter an option
    """Copy secrets from one secrets manager to another: all, or the named ones.

    Both are registered, and SOURCE keeps its secrets; content, keys and schemas do not change. Secrets that TARGET has with the same
    content are skipped, so an interrupted copy continues when it is started again. Nothing is replaced without confirmation.

    If TARGET does not exist, it is registered like SOURCE, as `copy` does with any component; then no secret is copied.
    """
    workspace = get_workspace()
    if not (names or on_conflict or dry_run) and _is_free(target, source):
        workspace.copy_component(ComponentType.SECRETS_MANAGER, source, target)
        text = f"Registered secrets manager {target!r} like {source!r}; no secret was copied. To copy them: %zen secrets-manager copy"
        return Outcome(text=f"{text} {source} {target}")
    plan = plan_copy(workspace.open_manager(source), workspace.open_manager(target), names or None)
    if dry_run:
        table = _plan_table(plan)
        return Outcome(table, view=table)
    replaced = _decided(call, plan, on_conflict)
    if replaced is None:
        return Outcome(text="Nothing was copied.")
    with ProgressDisplay(call.capabilities, f"Copying to {target}", unit="secrets") as progress:
        report = carry_out(plan, replace=replaced, tell=progress.report)
    return _outcome(plan, report)


def _is_free(target: str, source: str) -> bool:
    """Return whether no secrets manager has the name, nor a similar one other than the source."""
    known = [record.name for record in get_workspace().components(ComponentType.SECRETS_MANAGER)]
    return target not in known and not did_you_mean(target, [name for name in known if name != source])


def _decided(call: Call, plan: CopyPlan, on_conflict: str | None) -> set[str] | None:
    """Return the names of the secrets to replace in the target; ``None`` if the person cancels.

    Raises:
        SecretExistsError: If there are conflicts, and ``on_conflict`` is "stop".
        InteractionUnavailableError: If there are conflicts without ``on_conflict``, and nobody can be asked.
    """
    conflicts = plan.of(Standing.CONFLICT)
    if not conflicts or on_conflict == "skip":
        return set()
    if on_conflict == "stop":
        raise conflict_error(plan, hint=f"Look first: --dry-run. {_UNASKED}")
    if on_conflict == "replace":
        return {one.name for one in conflicts}
    replaced: set[str] = set()
    for number, one in enumerate(conflicts):
        waiting = conflicts[number:]
        question = f"{plan.target.name!r} has a secret {one.name!r} already: {one.why}."
        answer = call.asker.choose(question, _choices(plan, len(waiting)), alternative=_UNASKED)
        if not answer:
            return None
        if answer in {"r", "R"}:
            replaced.update(later.name for later in (waiting if answer == "R" else [one]))
        if answer in {"S", "R"}:
            break
    return replaced


def _choices(plan: CopyPlan, waiting: int) -> list[Choice]:
    one = [Choice("s", "skip it"), Choice("r", "replace it")]
    every = [Choice("S", f"skip all {waiting}"), Choice("R", f"replace all {waiting}")] if waiting > 1 else []
    can_replace = Capability.UPDATE in plan.target.capabilities
    return [choice for choice in (*one, *every) if can_replace or choice.letter in {"s", "S"}]


def _plan_table(plan: CopyPlan) -> Table:
    title = f"Copy from {plan.source.name!r} to {plan.target.name!r}, not carried out"
    rows = [(one.name, one.standing.value, one.why) for one in plan.secrets]
    return Table(["name", "", "why"], rows, title=title, note=_counts(plan) if rows else _nothing_in(plan))


def _counts(plan: CopyPlan) -> str:
    counts = {standing: len(plan.of(standing)) for standing in Standing}
    return ", ".join(f"{count} {standing.value}" for standing, count in counts.items() if count) + "."


def _nothing_in(plan: CopyPlan) -> str:
    return f"There are no secrets in secrets manager {plan.source.name!r}."


def _outcome(plan: CopyPlan, report: CopyReport) -> Outcome:
    if not plan.secrets:
        return Outcome(text=_nothing_in(plan))
    done = len(report.registered) + len(report.replaced)
    told = f"Copied {counted(done, 'secret')} from {plan.source.name!r} to {plan.target.name!r}"
    more = [
        f"{len(report.replaced)} in place of what was there" if report.replaced else "",
        f"{_were(len(report.same))} there already" if report.same else "",
        f"{_were(len(report.skipped))} skipped" if report.skipped else "",
        f"{len(report.failed)} can't be copied" if report.failed else "",
    ]
    text = "; ".join([told, *filter(None, more)]) + "."
    why = {one.name: one.why for one in plan.secrets} | report.failed
    rows = [(name, "can't be copied" if name in report.failed else "skipped", why[name]) for name in (*report.skipped, *report.failed)]
    left = Table(["name", "", "why"], rows, title="Not copied") if rows else None
    if report.failed:
        return Outcome(
            text=text, view=left, exit_code=1, line=f"{counted(len(report.failed), 'secret')} could not be copied: see above why."
        )
    return Outcome(text="\n".join([text, *_switch_hint(plan)]), view=left)


def _switch_hint(plan: CopyPlan) -> list[str]:
    """Return how to use the target from now on; nothing if the active stack uses it already."""
    stack = get_workspace().stack_record()
    if stack.components.get(ComponentType.SECRETS_MANAGER) == plan.target.name:
        return []
    return [f"To work with them there: %stack update {stack.name} -x {plan.target.name}"]


def _were(count: int) -> str:
    return f"{count} {'was' if count == 1 else 'were'}"
