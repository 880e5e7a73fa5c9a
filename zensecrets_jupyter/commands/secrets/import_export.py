"""``secret import`` and ``secret export``: read secrets from files, and write them to files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.asking.form_request import Answers, Section
from zensecrets_jupyter.commands.framework import completion
from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.commands.framework.click_extensions import FILE, Command, wait_option
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.framework.warnings import value_notes
from zensecrets_jupyter.commands.secrets.forms import field_of, secrets_form
from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.core import names as name_rules
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE
from zensecrets_jupyter.core.text import counted
from zensecrets_jupyter.core.transfer.secret_files import ImportPlan, plan_import, read_secrets, run_import
from zensecrets_jupyter.core.transfer.secret_files import export_secrets as write_export
from zensecrets_jupyter.core.transfer.secret_formats import FORMATS
from zensecrets_jupyter.core.transfer.text_files import refuse_existing
from zensecrets_jupyter.core.value_cleanup import strip_invisible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.schemas import BaseSecretSchema

_file_argument = click.argument("file", metavar="FILE", type=FILE)
"""The argument of both commands: the file to import, or the file to write."""


@click.command("import", cls=Command)
@_file_argument
@click.option("--name", metavar="NAME", default="", help="The name of the secret; by default the name of the file.")
@click.option(
    "-s",
    "--schema",
    "schema_type",
    metavar="TYPE",
    default="",
    shell_complete=completion.completer(completion.schema_types),
    help="The schema of the secret, if the file does not name it.",
)
@click.option("--format", "file_format", type=click.Choice(FORMATS), default=None, help="The format of the file; by default by its suffix.")
@click.option("--overwrite", is_flag=True, help="Replace existing secrets.")
@click.option("--skip-existing", is_flag=True, help="Keep existing secrets unchanged.")
@click.option(
    "--strip", is_flag=True, help="Strip white space, line ends and byte order marks from the ends of values, and replace CR LF by LF."
)
@click.option("--dry-run", is_flag=True, help="Show what would be imported, and import nothing.")
@click.option(
    "-i", "--interactive", is_flag=True, help="Show the secrets of the file in a form, where you can change values before the import."
)
@wait_option
@click.pass_obj
def import_secrets(  # noqa: PLR0913 - one parameter for each option
    call: Call,
    file: str,
    name: str,
    schema_type: str,
    file_format: str | None,
    *,
    overwrite: bool,
    skip_existing: bool,
    strip: bool,
    dry_run: bool,
    interactive: bool,
) -> Outcome:
    """Import secrets from a file: .env, JSON, YAML, or an export of `secret export`.

    A file of keys and values is one secret. A file of names, each with keys and values, is several secrets. The command imports all
    secrets of the file or none.
    """
    if overwrite and skip_existing:
        raise UsageProblem("--overwrite and --skip-existing contradict each other.", hint="Write one of the two.")
    if interactive and dry_run:
        raise UsageProblem("-i and --dry-run contradict each other.", hint="Write one of the two.")
    if name:
        name_rules.check_name(name)
    manager = active_manager()
    secrets = read_secrets(file, call.asker.ask_passphrase, name=name, schema=schema_type, file_format=file_format or "")
    if strip:
        secrets = [
            type(secret).from_content(secret.name, {key: strip_invisible(value) for key, value in secret.content.items()})
            for secret in secrets
        ]
    plan = plan_import(manager, secrets, overwrite=overwrite, skip_existing=skip_existing)
    if interactive and (plan.new or plan.replaced):
        return _preview(call, manager, file, plan)
    if not dry_run:
        run_import(manager, plan)
    table = _table(file, plan, dry_run=dry_run)
    return Outcome(value=table, view=table)


def _preview(call: Call, manager: SecretsManager, file: str, plan: ImportPlan) -> Outcome:
    """Show a form with the secrets of the file.

    When the user submits the form, the secrets are imported.
    """

    def apply_answer(secret: BaseSecretSchema, answers: Answers) -> BaseSecretSchema:
        """Return a secret of the file with the user's changes in the form."""
        answer = answers[secret.name]
        remaining_content = {key: value for key, value in secret.content.items() if key not in answer.removed_keys}
        return type(secret).from_content(secret.name, {**remaining_content, **answer.values})

    def run(answers: Answers) -> Outcome:
        new_secrets = [apply_answer(secret, answers) for secret in plan.new]
        replaced_secrets = [apply_answer(secret, answers) for secret in plan.replaced]
        edited_plan = ImportPlan(new_secrets, replaced_secrets, plan.skipped)
        run_import(manager, edited_plan)
        table = _table(file, edited_plan, dry_run=False)
        descriptions = [f"{secret.name} ({counted(len(secret.content), 'key')})" for secret in (*edited_plan.new, *edited_plan.replaced)]
        return Outcome(value=table, view=table, summary=f"imported {', '.join(descriptions)} from {file}")

    sections = [_section(secret, "") for secret in plan.new]
    sections += [_section(secret, "replaces the stored secret") for secret in plan.replaced]
    return call.asker.ask(secrets_form(manager, "Import", file, sections, run))


def _section(secret: BaseSecretSchema, note: str) -> Section:
    """Return the section of the form for a secret of the file.

    An empty answer in a field keeps the value of the file.
    """
    required = type(secret).required_keys()
    fields = [
        field_of(type(secret), key, required=key in required)._replace(current_value_label="in the file", removable=key not in required)
        for key in secret.content
    ]
    return Section(secret.name, secret.TYPE, tuple(fields), note=note)


@click.command("export", cls=Command)
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=completion.completer(completion.secret_names))
@_file_argument
@click.option("--plaintext", is_flag=True, help="Write the values unsealed, in the format of the file's suffix.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.pass_obj
def export_secrets(call: Call, names: Sequence[str], file: str, *, plaintext: bool, force: bool) -> Outcome:
    """Export secrets to a file that is sealed with a passphrase.

    The passphrase comes from ZENSECRETS_PASSPHRASE, or the command asks for it. `secret import` reads the file.
    """
    manager = active_manager()
    # If FILE is missing, Click takes the last NAME as the file.
    if Capability.LIST in manager.capabilities and file in manager.list_secrets():
        raise UsageProblem(
            f"The file is missing: the last word, {file!r}, is the name of a secret.", hint="Write: %secret export NAME... FILE"
        )
    if not force:
        refuse_existing(file)

    def ask_passphrase() -> str:
        passphrase = os.environ.get(PASSPHRASE_VARIABLE) or call.asker.ask_passphrase(f"New passphrase for {file}: ", confirm=True)
        if not passphrase:
            raise UsageProblem("An export needs a passphrase.", hint="Type a passphrase, or add --plaintext to write plain values.")
        return passphrase

    exported_names = write_export(manager, names, file, passphrase=None if plaintext else ask_passphrase, replace=force)
    names_text = ", ".join(map(repr, exported_names))
    protection = "in plain text; every reader of the file can read the values" if plaintext else "sealed with the passphrase"
    return Outcome(text=f"Exported {names_text} to {file}, {protection}.")


def _table(file: str, plan: ImportPlan, *, dry_run: bool) -> Table:
    """Return the table of an import, with a row for each key.

    The last column has no title. It contains the action.
    """
    actions = [
        (plan.new, "would be registered" if dry_run else "registered"),
        (plan.replaced, "would be replaced" if dry_run else "replaced"),
    ]
    rows = [
        (secret.name, secret.TYPE, key, value, action)
        for secrets, action in actions
        for secret in secrets
        for key, value in secret.masked_content().items()
    ]
    rows += [(name, "", "", "", "not changed") for name in plan.skipped]
    title = f"Import of {file}{', not carried out' if dry_run else ''}"
    notes = "\n".join(note for secret in (*plan.new, *plan.replaced) for note in value_notes(secret.name, secret.content))
    return Table(["name", "schema", "key", "value", ""], rows, title=title, note=notes if rows else "The file has no secrets to import.")
