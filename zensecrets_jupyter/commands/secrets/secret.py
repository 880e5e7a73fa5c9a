"""The command group ``secret``: manage the secrets of the active stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.asking.form_request import Answer
from zensecrets_jupyter.commands.framework import completion, inline_secrets
from zensecrets_jupyter.commands.framework.active_manager import active_manager, check_exists, check_not_registered
from zensecrets_jupyter.commands.framework.argument_values import VALUES_OPTION, check_expanded, read_value
from zensecrets_jupyter.commands.framework.click_extensions import (
    Command,
    FreeOptionsCommand,
    declared_options,
    force_option,
    refresh_option,
    wait_option,
    yes_option,
)
from zensecrets_jupyter.commands.framework.command_groups import Group, LazyCommand
from zensecrets_jupyter.commands.framework.free_options import Argument, check_duplicates, check_typos, matching_name
from zensecrets_jupyter.commands.framework.help_texts import GROUP_TEXTS
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.commands.secrets.environment import env
from zensecrets_jupyter.commands.secrets.forms import check_keys, register_form, update_form
from zensecrets_jupyter.commands.secrets.guard import guard
from zensecrets_jupyter.commands.secrets.import_export import export_secrets, import_secrets
from zensecrets_jupyter.commands.secrets.selftest import selftest
from zensecrets_jupyter.commands.secrets.structured_values import split_values
from zensecrets_jupyter.commands.tables.secret_tables import schema_table, schemas_table, secret_table, secrets_table, versions_table
from zensecrets_jupyter.core import names, schemas
from zensecrets_jupyter.core.errors import SchemaError
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.asking.form_request import FormRequest
    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.schemas import BaseSecretSchema

secret = Group(
    "secret",
    lazy_commands={
        "scan": LazyCommand("zensecrets_jupyter.commands.files.scan", "scan", "Find values of secrets in notebooks and other files."),
        "clean": LazyCommand("zensecrets_jupyter.commands.files.clean", "clean", "Replace values of secrets in notebooks and other files."),
    },
    zenml_texts=GROUP_TEXTS["secret"],
    help="Manage the secrets of the active stack.",
)
secret.add_command(env)
secret.add_command(export_secrets)
secret.add_command(guard)
secret.add_command(import_secrets)
secret.add_command(selftest)

_name_argument = click.argument("name", metavar="NAME", shell_complete=completion.completer(completion.secret_names))
_interactive_option = click.option("-i", "--interactive", is_flag=True, help="Ask for the values.")
_literal_option = click.option("--literal", is_flag=True, help="Take values literally, even if they look like a variable.")

_VALUES_ALTERNATIVE = '--values=\'{"KEY": "VALUE"}\', or --values=@FILE'
"""The ways to set a key whose name looks like an option; hints name them. ``KEY`` is the name of the key."""
_strip_option = click.option(
    "--strip", is_flag=True, help="Strip white space, line ends and byte order marks from the ends of values, and replace CR LF by LF."
)


@secret.command(
    "register",
    cls=FreeOptionsCommand,
    list_keys=completion.schema_keys,
    find_inline_secret=inline_secrets.find_in_register,
    short_options={"-v": VALUES_OPTION},
)
@click.argument("name", metavar="NAME")
@click.option(
    "-s",
    "--schema",
    "schema_type",
    metavar="TYPE",
    default="arbitrary",
    shell_complete=completion.completer(completion.schema_types),
    help="The schema of the secret; `secret schemas` lists them.",
)
@_interactive_option
@_literal_option
@_strip_option
@wait_option
@click.pass_obj
def register(  # noqa: PLR0913 - one parameter for each option
    call: Call, name: str, schema_type: str, *, interactive: bool, literal: bool, strip: bool, arguments: Sequence[Argument]
) -> Outcome:
    """Register a secret.

    --KEY=VALUE gives a value, --KEY=@FILE reads it from a file, and a bare --KEY asks for it. Without options, or with -i, the command
    asks for every value. A value that starts with @ is written @@. --values=@FILE, or -v @FILE, reads several keys from JSON or YAML.
    """
    names.check_name(name)
    schema = schemas.get_schema(schema_type)
    arguments, file_values = split_values(call, arguments)
    texts = _texts_by_key(arguments, schema, schema.get_schema_keys())
    _refuse_values_with_interactive({**texts, **file_values}, interactive=interactive)
    check_keys(schema, name, texts)
    check_keys(schema, name, file_values, from_file=True)
    manager = active_manager()
    check_not_registered(manager, name)
    # The text of a bare --KEY is None. Without any key on the line, keys=None makes the form ask for all keys of the schema.
    missing_keys = [key for key, text in texts.items() if text is None] if texts or file_values else None
    values = {**_read_values(call, texts, literal=literal), **file_values}
    return _ask_or_run(call, register_form(manager, name, schema, keys=missing_keys, values=values, strip=strip))


@secret.command(
    "update",
    cls=FreeOptionsCommand,
    list_keys=completion.secret_and_schema_keys,
    find_inline_secret=inline_secrets.find_in_update,
    short_options={"-v": VALUES_OPTION},
)
@_name_argument
@click.option(
    "--remove-key", "--remove-keys", "-r", "keys_to_remove", metavar="KEY", multiple=True, help="A key to remove; may be repeated."
)
@_interactive_option
@_literal_option
@_strip_option
@wait_option
@click.pass_obj
def update(  # noqa: PLR0913 - one parameter for each option
    call: Call, name: str, keys_to_remove: Sequence[str], *, interactive: bool, literal: bool, strip: bool, arguments: Sequence[Argument]
) -> Outcome:
    """Update values of a secret.

    The other keys and the schema do not change.

    Values are written as for `secret register`. Without options, or with -i, the command asks for every value, and an empty answer keeps
    the stored one.
    """
    manager = active_manager()
    manager.check_change(name)
    stored_secret = manager.get_secret(name)
    arguments, file_values = split_values(call, arguments)
    texts = _texts_by_key(arguments, type(stored_secret), [*type(stored_secret).get_schema_keys(), *stored_secret.content])
    _refuse_values_with_interactive({**texts, **file_values}, interactive=interactive)
    check_keys(type(stored_secret), name, texts)
    check_keys(type(stored_secret), name, file_values, from_file=True)
    _refuse_contradictory_keys(name, {**texts, **file_values}, keys_to_remove)
    # As in register, keys=None asks for all keys. A line that only removes keys asks for none.
    asks_for_all_keys = not (texts or file_values) and (interactive or not keys_to_remove)
    missing_keys = None if asks_for_all_keys else [key for key, text in texts.items() if text is None]
    values = {**_read_values(call, texts, literal=literal), **file_values}
    return _ask_or_run(
        call, update_form(manager, stored_secret, keys=missing_keys, values=values, keys_to_remove=keys_to_remove, strip=strip)
    )


@secret.command("get", cls=Command)
@_name_argument
@click.option("-k", "--key", metavar="KEY", shell_complete=completion.completer(completion.secret_keys), help="The key of a single value.")
@click.option("--reveal", is_flag=True, help="Print the plain value; only in a terminal, and with --key.")
@click.option("-y", "--yes", is_flag=True, help="With --reveal, print the value even into a notebook's output.")
@refresh_option
@click.pass_obj
def get(call: Call, name: str, key: str | None, *, reveal: bool, yes: bool, refresh: bool) -> Outcome:  # noqa: PLR0913 - one parameter for each option
    """Return a secret, or with --key one of its values, and show it masked."""
    if reveal and key is None:
        raise UsageProblem("--reveal prints one value.", hint=f"Name its key: --key KEY (%secret get {name} lists the keys).")
    if reveal and not call.capabilities.may_reveal:
        message = "--reveal would write the value into an output, which is saved with the notebook."
        raise UsageProblem(message, hint=f"value = %secret get {name} --key {key} gives it to your code.")
    # The terminal program may reveal values, but `!zensecrets` in a notebook writes to the output of a cell.
    if reveal and call.capabilities.in_notebook and not yes:
        message = f"--reveal would write the value of {name}.{key} into the output of a notebook, which is saved. Nothing was shown."
        raise UsageProblem(
            message, hint="To show it anyway, add --yes. `value = %secret get NAME --key KEY` gives it to your code without showing it."
        )
    stored_secret = active_manager().get_secret(name, refresh=refresh)
    if key is None:
        return Outcome(value=stored_secret, view=secret_table(stored_secret))
    stored_key = key if key in stored_secret.content else matching_name(key, stored_secret.content)
    value = stored_secret.value(stored_key)
    return Outcome(value=value, view=value if reveal else str(stored_secret.masked_content()[stored_key]))


@secret.command("list", cls=Command)
def list_() -> Outcome:
    """List the secrets, without reading values."""
    manager = active_manager()
    table = secrets_table(manager.name, manager.summaries())
    return Outcome(value=table, view=table)


@secret.command("delete", cls=Command)
@_name_argument
@yes_option
@click.pass_obj
def delete(call: Call, name: str, *, yes: bool) -> Outcome:
    """Delete a secret and its earlier versions."""
    manager = active_manager()
    manager.require(Capability.DELETE, "delete")
    check_exists(manager, name)
    if not yes and not call.asker.confirm(f"Delete secret {name!r} from secrets manager {manager.name!r}?"):
        return Outcome(text="Nothing was deleted.")
    manager.delete_secret(name)
    return Outcome(text=f"Deleted secret {name!r}.")


@secret.command("undelete", cls=Command)
@click.argument("name", metavar="NAME")
def undelete(name: str) -> Outcome:
    """Restore a deleted secret that the backend still has."""
    manager = active_manager()
    manager.undelete_secret(name)
    return Outcome(text=f"Restored secret {name!r} in secrets manager {manager.name!r}.")


@secret.command("rename", cls=Command)
@_name_argument
@click.argument("new_name", metavar="NEW_NAME", required=False)
@click.option("-n", "--new-name", "new_name_option", metavar="NEW_NAME", help="The new name, as in current ZenML.")
def rename(name: str, new_name: str | None, new_name_option: str | None) -> Outcome:
    """Rename a secret.

    References to the old name do not change, and no longer find the secret.
    """
    # The line must have the new name exactly once, as an argument or as the option.
    if (new_name is None) is (new_name_option is None):
        raise UsageProblem("secret rename needs one new name.", hint="Write: %secret rename NAME NEW_NAME")
    # An empty name stays empty, so that rename_secret reports it.
    new_name = new_name or new_name_option or ""
    active_manager().rename_secret(name, new_name)
    return Outcome(text=f"Renamed secret {name!r} to {new_name!r}.")


@secret.command("cleanup", cls=Command)
@yes_option
@force_option
@click.pass_obj
def cleanup(call: Call, *, yes: bool, old_force: bool) -> Outcome:
    """Delete all secrets of the active stack."""
    manager = active_manager()
    manager.require(Capability.LIST | Capability.DELETE, "delete")
    deletable_names = [name for name in manager.list_secrets() if name not in manager.read_only_locations]
    if not deletable_names:
        return Outcome(text=f"There are no secrets in secrets manager {manager.name!r}.")
    # A text such as "3 secrets".
    count = counted(len(deletable_names), "secret")
    if not (yes or old_force) and not call.asker.confirm(f"Delete all {count} from secrets manager {manager.name!r}?"):
        return Outcome(text="Nothing was deleted.")
    manager.delete_all_secrets()
    return Outcome(text=f"Deleted {count} from secrets manager {manager.name!r}.")


@secret.command("schemas", cls=Command)
@click.argument("schema_type", metavar="[TYPE]", required=False, shell_complete=completion.completer(completion.schema_types))
def schemas_(schema_type: str | None) -> Outcome:
    """List the schemas, or the keys of one."""
    if schema_type is not None:
        table = schema_table(schemas.get_schema(schema_type))
    else:
        table = schemas_table((name, _usable_schema(name)) for name in schemas.schema_types())
    return Outcome(value=table, view=table)


@secret.command("history", cls=Command)
@_name_argument
def history(name: str) -> Outcome:
    """Show the versions of a secret."""
    table = versions_table(name, active_manager().history(name))
    return Outcome(value=table, view=table)


@secret.command("rollback", cls=Command)
@_name_argument
@click.option("--to", "number", metavar="VERSION", type=int, required=True, help="The number of the version; `secret history` lists them.")
def rollback(name: str, number: int) -> Outcome:
    """Restore an earlier version as a new version."""
    version = active_manager().rollback(name, number)
    return Outcome(text=f"Secret {name!r} has the content of version {number} again, as version {version.number}.")


def _ask_or_run(call: Call, request: FormRequest) -> Outcome:
    """Ask for the values of a request, or run the command if nothing is missing.

    In both cases, the continuation of the request is the rest of the command.
    """
    if request.is_empty:
        return request.continuation.run({section.subject: Answer({}) for section in request.sections})
    return call.asker.ask(request)


def _usable_schema(schema_type: str) -> type[BaseSecretSchema] | None:
    """Return the schema of a type; ``None`` if it can't be imported."""
    try:
        return schemas.get_schema(schema_type)
    except SchemaError:
        return None


def _texts_by_key(options: Sequence[Argument], schema: type[BaseSecretSchema], keys: Sequence[str]) -> dict[str, str | None]:
    """Check free options for typing errors and repetitions, and return their texts by key.

    The text of a bare option is ``None``.

    Args:
        options: The free options.
        schema: The schema of the secret.
        keys: The keys of the secret. An option with the name of a key is never a mistyped option of the command.
    """
    schema_keys = schema.get_schema_keys()
    arguments = [Argument(matching_name(option.key, schema_keys), option.text) for option in options]
    check_typos(
        (argument.key for argument in arguments), [*declared_options(), f"--{VALUES_OPTION}"], keys, alternative=_VALUES_ALTERNATIVE
    )
    check_duplicates(argument.key for argument in arguments)
    return {argument.key: argument.text for argument in arguments}


def _refuse_values_with_interactive(texts: dict[str, str | None], *, interactive: bool) -> None:
    if interactive and any(text is not None for text in texts.values()):
        raise UsageProblem("-i asks for the values, but the line already has some.", hint="Leave out -i, or leave out the values.")


def _refuse_contradictory_keys(name: str, texts: dict[str, str | None], keys_to_remove: Sequence[str]) -> None:
    contradictory_keys = [key for key in keys_to_remove if key in texts]
    if contradictory_keys:
        raise UsageProblem(f"The line both sets and removes key {contradictory_keys[0]!r} of secret {name!r}.", hint="Do one of the two.")


def _read_values(call: Call, texts: dict[str, str | None], *, literal: bool) -> dict[str, str]:
    """Return the values of the options by key.

    The text ``@FILE`` is read from a file. Bare options are left out.
    """
    if sum(text == "@-" for text in texts.values()) > 1:
        raise UsageProblem("Only one value can come from piped input.", hint="Read the others from files: --KEY=@FILE.")
    # --literal turns off only this check: a text that begins with @ is still read from a file.
    for key, text in texts.items():
        if text is not None and not literal:
            check_expanded(key, text)
    return {key: read_value(key, text, call.capabilities.piped_input) for key, text in texts.items() if text is not None}
