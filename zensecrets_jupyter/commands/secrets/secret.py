"""The command group ``secret``: manage the secrets of the active stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.asking.form_request import Answer
from zensecrets_jupyter.commands.framework import completion, inline_secrets
from zensecrets_jupyter.commands.framework.active_manager import check_exists, check_free, manager_of
from zensecrets_jupyter.commands.framework.argument_values import VALUES, check_expanded, read_value
from zensecrets_jupyter.commands.framework.click_extensions import (
    Command,
    FreeCommand,
    Group,
    LazyCommand,
    force_option,
    own_options,
    refresh,
    wait,
)
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.commands.framework.free_options import Argument, check_duplicates, check_typos, matching_name
from zensecrets_jupyter.commands.framework.help_texts import GROUP_TEXTS
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.framework.render import schema_table, schemas_table, secret_table, secrets_table, versions_table
from zensecrets_jupyter.commands.secrets.environment import env
from zensecrets_jupyter.commands.secrets.forms import check_keys, register_form, update_form
from zensecrets_jupyter.commands.secrets.guard import guard
from zensecrets_jupyter.commands.secrets.import_export import export_secrets, import_secrets
from zensecrets_jupyter.commands.secrets.selftest import selftest
from zensecrets_jupyter.commands.secrets.structured_values import split_values
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
    lazy={
        "scan": LazyCommand("zensecrets_jupyter.commands.files.scan", "scan", "Find known values in notebooks and other files."),
        "clean": LazyCommand("zensecrets_jupyter.commands.files.clean", "clean", "Replace known values in notebooks and other files."),
    },
    zenml_texts=GROUP_TEXTS["secret"],
    help="Manage the secrets of the active stack.",
)
secret.add_command(env)
secret.add_command(export_secrets)
secret.add_command(guard)
secret.add_command(import_secrets)
secret.add_command(selftest)

_name = click.argument("name", metavar="NAME", shell_complete=completion.completer(completion.secret_names))
_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
_interactive = click.option("-i", "--interactive", is_flag=True, help="Ask for the values.")
_literal = click.option("--literal", is_flag=True, help="Take values literally, even if they look like a variable.")

_AS_KEY = '--values=\'{"KEY": "VALUE"}\', or --values=@FILE'
"""How to give a key that looks like an option."""
_strip = click.option(
    "--strip", is_flag=True, help="Strip white space, line ends and byte order marks from the ends of values, and replace CR LF by LF."
)


@secret.command(
    "register", cls=FreeCommand, keys=completion.keys_of_schema, inline_secret=inline_secrets.from_register, short={"-v": VALUES}
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
@_interactive
@_literal
@_strip
@wait
@click.pass_obj
def register(  # noqa: PLR0913 - its options
    call: Call, name: str, schema_type: str, *, interactive: bool, literal: bool, strip: bool, given: Sequence[Argument]
) -> Outcome:
    """Register a secret.

    --KEY=VALUE gives a value, --KEY=@FILE reads it from a file, and a bare --KEY asks for it. Without options, or with -i, every value is
    asked for. A value that starts with @ is written @@. --values=@FILE, or -v @FILE, reads several keys from JSON or YAML.
    """
    names.check_name(name)
    schema = schemas.get_schema(schema_type)
    given, values = split_values(call, given)
    arguments = _arguments(given, schema, schema.get_schema_keys())
    _refuse_values({**arguments, **values}, interactive=interactive)
    check_keys(schema, name, arguments)
    check_keys(schema, name, values, from_file=True)
    manager = manager_of()
    check_free(manager, name)
    asked = [key for key, text in arguments.items() if text is None] if arguments or values else None
    read = {**_read(call, arguments, literal=literal), **values}
    return _ask_or_run(call, register_form(manager, name, schema, keys=asked, given=read, strip=strip))


@secret.command("update", cls=FreeCommand, keys=completion.keys_of_secret, inline_secret=inline_secrets.from_update, short={"-v": VALUES})
@_name
@click.option("--remove-key", "--remove-keys", "-r", "removed", metavar="KEY", multiple=True, help="A key to remove; may be repeated.")
@_interactive
@_literal
@_strip
@wait
@click.pass_obj
def update(  # noqa: PLR0913 - its options
    call: Call, name: str, removed: Sequence[str], *, interactive: bool, literal: bool, strip: bool, given: Sequence[Argument]
) -> Outcome:
    """Update values of a secret; its other keys and its schema stay.

    Values are given as for `secret register`. Without options, or with -i, each is asked for, and an empty answer keeps the stored value.
    """
    manager = manager_of()
    manager.check_change(name)
    present = manager.get_secret(name)
    given, values = split_values(call, given)
    arguments = _arguments(given, type(present), [*type(present).get_schema_keys(), *present.content])
    _refuse_values({**arguments, **values}, interactive=interactive)
    check_keys(type(present), name, arguments)
    check_keys(type(present), name, values, from_file=True)
    _refuse_both(name, {**arguments, **values}, removed)
    everything = not (arguments or values) and (interactive or not removed)
    asked = None if everything else [key for key, text in arguments.items() if text is None]
    read = {**_read(call, arguments, literal=literal), **values}
    return _ask_or_run(call, update_form(manager, present, keys=asked, given=read, removed=removed, strip=strip))


@secret.command("get", cls=Command)
@_name
@click.option("-k", "--key", metavar="KEY", shell_complete=completion.completer(completion.keys_of_named_secret), help="One of its keys.")
@click.option("--reveal", is_flag=True, help="Print the value itself; in a terminal only, with --key.")
@click.option("-y", "--yes", is_flag=True, help="With --reveal, print it also into the output of a notebook.")
@refresh
@click.pass_obj
def get(call: Call, name: str, key: str | None, *, reveal: bool, yes: bool, refresh: bool) -> Outcome:  # noqa: PLR0913 - its options
    """Return a secret, or with --key one of its values, and show it masked."""
    if reveal and key is None:
        raise UsageProblem("--reveal prints one value.", hint=f"Say which: --key KEY (%secret get {name} lists the keys).")
    if reveal and not call.capabilities.may_reveal:
        message = "--reveal would write the value into an output, which is saved with the notebook."
        raise UsageProblem(message, hint=f"value = %secret get {name} --key {key} gives it to your code.")
    if reveal and call.capabilities.in_notebook and not yes:
        message = f"This is about to show the value of {name}.{key} in a notebook, where an output is saved; it was not shown."
        raise UsageProblem(
            message, hint="To show it all the same, add --yes. `value = %secret get NAME --key KEY` gives it to your code unseen."
        )
    found = manager_of().get_secret(name, refresh=refresh)
    if key is None:
        return Outcome(found, view=secret_table(found))
    known = key if key in found.content else matching_name(key, found.content)
    value = found.value(known)
    return Outcome(value, view=value if reveal else str(found.masked_content()[known]))


@secret.command("list", cls=Command)
def list_() -> Outcome:
    """List the secrets, without reading values."""
    manager = manager_of()
    table = secrets_table(manager.name, manager.summaries())
    return Outcome(table, view=table)


@secret.command("delete", cls=Command)
@_name
@_yes
@click.pass_obj
def delete(call: Call, name: str, *, yes: bool) -> Outcome:
    """Delete a secret with its earlier versions."""
    manager = manager_of()
    manager.require(Capability.DELETE, "delete")
    check_exists(manager, name)
    if not yes and not call.asker.confirm(f"Delete secret {name!r} from secrets manager {manager.name!r}?"):
        return Outcome(text="Nothing was deleted.")
    manager.delete_secret(name)
    return Outcome(text=f"Deleted secret {name!r}.")


@secret.command("undelete", cls=Command)
@click.argument("name", metavar="NAME")
def undelete(name: str) -> Outcome:
    """Restore a deleted secret, if its backend still holds it."""
    manager = manager_of()
    manager.undelete_secret(name)
    return Outcome(text=f"Brought back secret {name!r} in secrets manager {manager.name!r}.")


@secret.command("rename", cls=Command)
@_name
@click.argument("new_name", metavar="NEW_NAME", required=False)
@click.option("-n", "--new-name", "option", metavar="NEW_NAME", help="As in current ZenML: the new name.")
def rename(name: str, new_name: str | None, option: str | None) -> Outcome:
    """Rename a secret; references to the old name have to be changed too."""
    if (new_name is None) is (option is None):
        raise UsageProblem("secret rename needs one new name.", hint="Write: %secret rename NAME NEW_NAME")
    new_name = new_name or option or ""
    manager_of().rename_secret(name, new_name)
    return Outcome(text=f"Renamed secret {name!r} to {new_name!r}.")


@secret.command("cleanup", cls=Command)
@_yes
@force_option
@click.pass_obj
def cleanup(call: Call, *, yes: bool, old_force: bool) -> Outcome:
    """Delete all secrets of the active stack."""
    manager = manager_of()
    manager.require(Capability.LIST | Capability.DELETE, "delete")
    held = [name for name in manager.list_secrets() if name not in manager.read_only]
    if not held:
        return Outcome(text=f"There are no secrets in secrets manager {manager.name!r}.")
    count = counted(len(held), "secret")
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
        table = schemas_table((known, _usable_schema(known)) for known in schemas.schema_types())
    return Outcome(table, view=table)


@secret.command("history", cls=Command)
@_name
def history(name: str) -> Outcome:
    """Show the versions of a secret."""
    table = versions_table(name, manager_of().history(name))
    return Outcome(table, view=table)


@secret.command("rollback", cls=Command)
@_name
@click.option("--to", "number", metavar="VERSION", type=int, required=True, help="The number of the version; `secret history` lists them.")
def rollback(name: str, number: int) -> Outcome:
    """Restore an earlier version as a new version."""
    version = manager_of().rollback(name, number)
    return Outcome(text=f"Secret {name!r} has the content of version {number} again, as version {version.number}.")


def _ask_or_run(call: Call, request: FormRequest) -> Outcome:
    if request.is_empty:
        return request.then.run({section.subject: Answer({}) for section in request.sections})
    return call.asker.ask(request)


def _usable_schema(schema_type: str) -> type[BaseSecretSchema] | None:
    try:
        return schemas.get_schema(schema_type)
    except SchemaError:
        return None


def _arguments(given: Sequence[Argument], schema: type[BaseSecretSchema], keys: Sequence[str]) -> dict[str, str | None]:
    known = schema.get_schema_keys()
    arguments = [Argument(matching_name(one.key, known), one.text) for one in given]
    check_typos((one.key for one in arguments), [*own_options(), f"--{VALUES}"], keys, way_out=_AS_KEY)
    check_duplicates(one.key for one in arguments)
    return {one.key: one.text for one in arguments}


def _refuse_values(arguments: dict[str, str | None], *, interactive: bool) -> None:
    if interactive and any(text is not None for text in arguments.values()):
        raise UsageProblem("-i asks for the values, and some were given too.", hint="Leave out -i, or leave out the values.")


def _refuse_both(name: str, arguments: dict[str, str | None], removed: Sequence[str]) -> None:
    both = [key for key in removed if key in arguments]
    if both:
        raise UsageProblem(f"Key {both[0]!r} of secret {name!r} is to be set and to be removed.", hint="Do one of the two.")


def _read(call: Call, arguments: dict[str, str | None], *, literal: bool) -> dict[str, str]:
    if sum(text == "@-" for text in arguments.values()) > 1:
        raise UsageProblem("Only one value can be what was piped in.", hint="Take the others from files: --KEY=@FILE.")
    for key, text in arguments.items():
        if text is not None and not literal:
            check_expanded(key, text)
    return {key: read_value(key, text, call.capabilities.piped) for key, text in arguments.items() if text is not None}
