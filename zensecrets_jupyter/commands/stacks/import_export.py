"""``stack import`` and ``stack export``: read stacks from YAML files, and write them without values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.asking.form_request import Answers, Continuation, Field, FormRequest, Offer, Section
from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.click_extensions import FILE, Command, wait
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.framework.warnings import attribute_warnings, stack_warnings
from zensecrets_jupyter.commands.stacks.register_secrets import register_secrets
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.transfer import stack_files
from zensecrets_jupyter.core.transfer.text_files import write_text
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.workspace import ComponentRecord


@click.command("export", cls=Command)
@click.argument("name", metavar="[NAME]", required=False, shell_complete=completion.completer(completion.stack_names))
@click.argument("file", metavar="[FILE]", required=False, type=FILE)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def export_stack(name: str | None, file: str | None, *, force: bool) -> Outcome:
    """Export a stack to a YAML file without values; by default the active stack, to NAME.yaml.

    The file lists the secrets that the stack needs. Sensitive attributes with a plain value are left out, and named in the output.
    """
    workspace = get_workspace()
    record = workspace.stack_record(name)
    text, left_out = stack_files.export_stack(workspace, record.name)
    target = file or f"{record.name}.yaml"
    write_text(target, text, replace=force)
    notes = (f"Left out, because they hold a value: {', '.join(left_out)}.",) if left_out else ()
    return Outcome(text=f"Exported stack {record.name!r} to {target}.", warnings=notes)


@click.command("import", cls=Command)
@click.argument("name", metavar="NAME")
@click.argument("file", metavar="[FILE]", required=False, type=FILE)
@click.option("-f", "--filename", "filename", metavar="FILE", type=FILE, help="The file; by default NAME.yaml.")
@click.option("--ignore-version-mismatch", is_flag=True, expose_value=False, help="As in ZenML, without effect: every version is accepted.")
@wait
@click.pass_obj
def import_stack(call: Call, name: str, file: str | None, filename: str | None) -> Outcome:
    """Import a stack and its missing components from a YAML file.

    NAME may be the file; the stack then has the name in the file. Secrets that the stack needs and that are missing are asked for.
    """
    if file and filename:
        raise UsageProblem("The file was given twice.", hint="Give it once.")
    target = file or filename
    is_file = target is None and name.endswith((".yaml", ".yml"))
    target = target or (name if is_file else f"{name}.yaml")
    filed = stack_files.read_stack(target)
    chosen = filed.name if is_file else name
    if not chosen:
        raise UsageProblem(f"The file {target!r} does not say what its stack is called.", hint="Write: %stack import NAME -f FILE")
    workspace = get_workspace()
    needed = stack_files.sealed_needed(workspace, filed)
    called = {kind: f"{kind.label} {filed.components[kind].name!r}" for kind in needed}

    def run(answers: Answers) -> Outcome:
        sealed = {kind: dict(answers[called[kind]].values) for kind in needed}
        record, new = stack_files.import_stack(workspace, filed, chosen, sealed)
        made = f"with {', '.join(f'{one.type.label} {one.name!r}' for one in new)}" if new else "of components that were there"
        line = f"imported stack {record.name}"
        warnings = [warning for one in new for warning in attribute_warnings(one, filed.components[one.type].attributes)]
        warnings += _secrets_left_behind(filed, new)
        imported = Outcome(text=f"Imported stack {record.name!r} {made}.", line=line, warnings=tuple(warnings))
        return imported.followed_by(_offer_secrets(call, record.name, filed))

    if not needed:
        return run({})
    sections = tuple(
        Section(called[kind], "", tuple(Field(attribute, "left out of the file") for attribute in attributes))
        for kind, attributes in needed.items()
    )
    then = Continuation(run, required_passphrase=lambda: workspace.required_passphrase)
    alternative = "Put a reference to a secret, {{SECRET_NAME.KEY}}, into the file for each."
    return call.asker.ask(FormRequest("Import", f"stack {chosen!r}", sections, then, alternative=alternative))


def _secrets_left_behind(filed: stack_files.FiledStack, new: Sequence[ComponentRecord]) -> list[str]:
    """Return where the secrets of ZenML's local secrets manager are, and how to import them, if it was registered now."""
    name = next((one.name for one in new if one.type is ComponentType.SECRETS_MANAGER), "")
    if not filed.secrets_left or not name:
        return []
    where = f"ZenML keeps those of {name!r} in {filed.secrets_left} of its own folder"
    return [f"Note: the file holds no secrets. {where}; to take them over: %zen secrets-manager update {name} --secrets_file=FILE"]


def _offer_secrets(call: Call, name: str, filed: stack_files.FiledStack) -> Outcome:
    """Offer to register the secrets that the stack needs and that are missing."""
    workspace = get_workspace()
    try:
        missing = [
            str(problem.reference)
            for problem in workspace.stack(name).validate().problems
            if problem.reference is not None and problem.code in {"secret-not-found", "secret-key-not-found"}
        ]
    except ZenSecretsError:
        missing = []
    if not missing:
        return Outcome(warnings=stack_warnings(name))
    listed = ", ".join(dict.fromkeys(missing))
    declined = Outcome(text=f"Missing: {listed}. To register: %stack register-secrets {name}")
    offer = Offer(f"Missing: {listed}. Register {'them' if len(missing) > 1 else 'it'} now?", declined)
    return register_secrets(call, workspace.stack(name), schemas=filed.schemas, offer=offer)
