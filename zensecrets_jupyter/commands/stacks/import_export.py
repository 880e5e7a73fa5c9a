"""``stack import`` and ``stack export``: read stacks from YAML files, and write stacks without values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.asking.form_request import Answers, Continuation, Field, FormRequest, Offer, Section
from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.click_extensions import FILE, Command, wait_option
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
    """Export a stack to a YAML file without values.

    The command exports the active stack by default, and writes to NAME.yaml by default. The file lists the secrets that the stack needs.
    Sensitive attributes with a plain value are left out, and the output names them.
    """
    workspace = get_workspace()
    record = workspace.stack_record(name)
    text, left_out_attributes = stack_files.export_stack(workspace, record.name)
    path = file or f"{record.name}.yaml"
    write_text(path, text, replace=force)
    notes = (f"Note: left out, because they are plain values: {', '.join(left_out_attributes)}.",) if left_out_attributes else ()
    return Outcome(text=f"Exported stack {record.name!r} to {path}.", warnings=notes)


@click.command("import", cls=Command)
@click.argument("name", metavar="NAME")
@click.argument("file", metavar="[FILE]", required=False, type=FILE)
@click.option("-f", "--filename", "filename", metavar="FILE", type=FILE, help="The file; by default NAME.yaml.")
@click.option(
    "--ignore-version-mismatch", is_flag=True, expose_value=False, help="Accepted for ZenML, without effect: every version is accepted."
)
@wait_option
@click.pass_obj
def import_stack(call: Call, name: str, file: str | None, filename: str | None) -> Outcome:
    """Import a stack and its missing components from a YAML file.

    NAME may be the file. Then the name of the stack comes from the file. The command asks for missing secrets that the stack needs.
    """
    if file and filename:
        raise UsageProblem("The line names the file twice.", hint="Write it once.")
    path = file or filename
    name_is_file = path is None and name.endswith((".yaml", ".yml"))
    path = path or (name if name_is_file else f"{name}.yaml")
    file_stack = stack_files.read_stack(path)
    stack_name = file_stack.name if name_is_file else name
    if not stack_name:
        raise UsageProblem(f"The file {path!r} has no name for its stack.", hint="Write: %stack import NAME -f FILE")
    workspace = get_workspace()
    # Sensitive attributes that the file leaves out, by the type of the new component.
    needed_attributes = stack_files.missing_sensitive_attributes(workspace, file_stack)
    # The subject of a section of the form, such as "annotator 'labels'".
    subjects = {
        component_type: f"{component_type.label} {file_stack.components[component_type].name!r}" for component_type in needed_attributes
    }

    def run(answers: Answers) -> Outcome:
        # The typed values, which the workspace seals when it stores them.
        sealed_attributes = {component_type: dict(answers[subjects[component_type]].values) for component_type in needed_attributes}
        record, new_components = stack_files.import_stack(workspace, file_stack, stack_name, sealed_attributes)
        new_text = (
            f"with {', '.join(f'{component.type.label} {component.name!r}' for component in new_components)}"
            if new_components
            else "of existing components"
        )
        summary = f"imported stack {record.name}"
        warnings = [
            warning
            for component in new_components
            for warning in attribute_warnings(component, file_stack.components[component.type].attributes)
        ]
        warnings += _zenml_secrets_notes(file_stack, new_components)
        import_outcome = Outcome(text=f"Imported stack {record.name!r} {new_text}.", summary=summary, warnings=tuple(warnings))
        return import_outcome.followed_by(_offer_secrets(call, record.name, file_stack))

    if not needed_attributes:
        return run({})
    sections = tuple(
        Section(subjects[component_type], "", tuple(Field(attribute, "left out of the file") for attribute in attributes))
        for component_type, attributes in needed_attributes.items()
    )
    continuation = Continuation(run, required_passphrase=lambda: workspace.required_passphrase)
    alternative = "In the file, write a reference to a secret, {{SECRET_NAME.KEY}}, for each."
    return call.asker.ask(FormRequest("Import", f"stack {stack_name!r}", sections, continuation, alternative=alternative))


def _zenml_secrets_notes(file_stack: stack_files.StackDescription, new_components: Sequence[ComponentRecord]) -> list[str]:
    """Return a list with a note about the secrets of ZenML's local secrets manager.

    The note says where the secrets are, and how to import them. The list is empty unless the import registered a secrets manager and the
    file of the stack names ZenML's secrets file.
    """
    name = next((component.name for component in new_components if component.type is ComponentType.SECRETS_MANAGER), "")
    if not file_stack.zenml_secrets_file or not name:
        return []
    location = f"The secrets of {name!r} are in {file_stack.zenml_secrets_file} in the folder of ZenML"
    return [f"Note: the file contains no secrets. {location}. To import them: %zen secrets-manager update {name} --secrets_file=FILE"]


def _offer_secrets(call: Call, name: str, file_stack: stack_files.StackDescription) -> Outcome:
    """Offer to register the missing secrets of the stack.

    If no secret is missing, or the stack can't be validated, the outcome has only the warnings about the stack.
    """
    workspace = get_workspace()
    try:
        missing_references = [
            str(problem.reference)
            for problem in workspace.stack(name).validate().problems
            if problem.reference is not None and problem.code in {"secret-not-found", "secret-key-not-found"}
        ]
    except ZenSecretsError:
        missing_references = []
    if not missing_references:
        return Outcome(warnings=stack_warnings(name))
    references = ", ".join(dict.fromkeys(missing_references))
    outcome_if_declined = Outcome(text=f"Missing: {references}. To register: %stack register-secrets {name}")
    offer = Offer(f"Missing: {references}. Register {'them' if len(missing_references) > 1 else 'it'} now?", outcome_if_declined)
    return register_secrets(call, workspace.stack(name), schemas=file_stack.schemas, offer=offer)
