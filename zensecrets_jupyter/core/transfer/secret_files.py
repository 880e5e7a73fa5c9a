"""Import of secrets from a file, all or nothing, and export into a file."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.errors import InvalidSecretError, SecretExistsError, SecretNotFoundError, UnreadableFileError, ZenSecretsError
from zensecrets_jupyter.core.managers import Capability, SecretRecord, SecretsManager
from zensecrets_jupyter.core.managers.records import record_of
from zensecrets_jupyter.core.schemas import BaseSecretSchema, get_schema, schema_or_fallback
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE
from zensecrets_jupyter.core.transfer import sealed_export, secret_formats
from zensecrets_jupyter.core.transfer.import_journal import Change, write_journal
from zensecrets_jupyter.core.transfer.text_files import read_text, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zensecrets_jupyter.core.interaction import PassphraseSource


class ImportPlan(NamedTuple):
    """The plan of an import: secrets to register, secrets to replace, and names to skip."""

    new: list[BaseSecretSchema]
    replaced: list[BaseSecretSchema]
    skipped: list[str]


def read_secrets(path: str, ask: PassphraseSource, *, name: str = "", schema: str = "", file_format: str = "") -> list[BaseSecretSchema]:
    """Return the secrets of a file, each checked against its schema.

    Args:
        path: A ``.env``, JSON or YAML file that a user wrote, or an export, encrypted or not.
        ask: Asks for the passphrase of an encrypted export, unless ``ZENSECRETS_PASSPHRASE`` is set.
        name: The name of the secret, if the file holds a single one; by default derived from the file's name.
        schema: The type of the secret's schema, if the file holds a single secret; by default the type in the file, or ``arbitrary``.
        file_format: One of :data:`secret_formats.FORMATS`; by default derived from the file's name.

    Raises:
        UnreadableFileError: If the file can't be read in this format.
        InvalidSecretError: If a secret does not follow its schema.
        SchemaError: If there is no schema of that type.
        WrongPassphraseError: If the passphrase of an encrypted export is wrong.
    """
    text = read_text(path)
    if sealed_export.is_sealed(text):
        text, file_format = sealed_export.unseal(text, path, _prefer_environment(ask)), "json"
    file_format = file_format or secret_formats.format_of(path)
    if not file_format:
        message = f"The name of {path!r} does not state its format."
        raise UnreadableFileError(message, hint=f"Add --format {' or --format '.join(secret_formats.FORMATS)}.")
    records = secret_formats.read(text, file_format, file=path, name=name or secret_formats.name_of(path))
    if (name or schema) and len(records) > 1:
        message = f"The file {path!r} holds {len(records)} secrets: {', '.join(records)}."
        raise InvalidSecretError(message, hint="Leave out --name and --schema.")
    if name and name not in records:
        # The file itself names its single secret; ``name`` overrides that name.
        records = {name: next(iter(records.values()))}
    return [
        _make_secret(secret, SecretRecord(schema or record.schema, record.content), is_schema_given=bool(schema))
        for secret, record in records.items()
    ]


def plan_import(
    manager: SecretsManager, secrets: Iterable[BaseSecretSchema], *, overwrite: bool = False, skip_existing: bool = False
) -> ImportPlan:
    """Return the plan of an import.

    Raises:
        SecretExistsError: If a name exists, and neither ``overwrite`` nor ``skip_existing`` is set.
        UnsupportedOperationError: If the secrets manager does not have an operation that the import requires.
    """
    secrets_by_name = {secret.name: secret for secret in secrets}
    # If the manager can't list its secrets, all secrets of the import count as new, and the registration refuses a name that exists.
    names_in_manager = set(manager.list_secrets()) if Capability.LIST in manager.capabilities else set()
    existing_names = [name for name in secrets_by_name if name in names_in_manager]
    if existing_names and not (overwrite or skip_existing):
        existing_list = f"{', '.join(map(repr, existing_names))} exist{'s' if len(existing_names) == 1 else ''} already"
        message = f"{existing_list} in secrets manager {manager.name!r}; nothing was imported."
        raise SecretExistsError(message, name=existing_names[0], manager=manager.name, hint="Add --overwrite or --skip-existing.")
    new = [secret for name, secret in secrets_by_name.items() if name not in names_in_manager]
    replaced = [secrets_by_name[name] for name in existing_names] if overwrite else []
    skipped = [] if overwrite else existing_names
    plan = ImportPlan(new, replaced, skipped)
    if plan.new:
        manager.require(Capability.REGISTER, "register")
    if plan.replaced:
        manager.require(Capability.READ | Capability.UPDATE, "replace")
    return plan


def run_import(manager: SecretsManager, plan: ImportPlan) -> None:
    """Write the secrets of a plan; undo all of them if one fails.

    Raises:
        ZenSecretsError: The first error; it states whether everything was undone.
    """
    new = {secret.name: record_of(secret) for secret in plan.new}
    replaced = {secret.name: record_of(secret) for secret in plan.replaced}
    if manager.supports_batch_writes:
        try:
            manager.write_records(new, replaced)
        except ZenSecretsError as error:
            problem = error
        else:
            return
        raise _append_outcome(problem, "nothing was imported")
    records_before = {name: record_of(manager.get_secret(name, refresh=True)) for name in replaced}
    changes = {name: Change(records_before.get(name), record) for name, record in {**new, **replaced}.items()}
    with write_journal(manager, changes):
        _write_one_by_one(manager, changes)


def _write_one_by_one(manager: SecretsManager, changes: Mapping[str, Change]) -> None:
    """Write the changes one after the other; undo all of them if one fails."""
    # The name of each written secret, and a function that undoes its change.
    undo_functions: list[tuple[str, Callable[[], None]]] = []
    try:
        for name, change in changes.items():
            if change.before is None:
                manager.register_record(name, change.after)
                undo_functions.append((name, _make_deletion(manager, name)))
            else:
                manager.replace_record(name, change.after)
                undo_functions.append((name, partial(manager.replace_record, name, change.before)))
    except ZenSecretsError as error:
        problem = error
    except BaseException:
        # An interruption by Ctrl-C undoes the import too.
        _undo_all(undo_functions)
        raise
    else:
        return
    remaining_names = _undo_all(undo_functions)
    outcome = "nothing was imported"
    if remaining_names:
        outcome = f"{', '.join(remaining_names)} could not be undone and stay imported; nothing else was imported"
    raise _append_outcome(problem, outcome)


def _append_outcome(problem: ZenSecretsError, outcome: str) -> ZenSecretsError:
    """Return the error with the outcome of the import at the end of its message."""
    problem.message = f"{problem.message.rstrip('.')}; {outcome}."
    return problem


def export_secrets(
    manager: SecretsManager, names: Iterable[str], path: str, *, passphrase: Callable[[], str] | None, replace: bool = False
) -> list[str]:
    """Write secrets to a file that only its owner can read, and return their names.

    Args:
        manager: The secrets manager.
        names: The names of the secrets.
        path: The file. Without a passphrase its name determines the format: ``.json``, ``.yaml`` or ``.env``.
        passphrase: Returns the passphrase for encryption, and is called after the secrets are read; ``None`` for plain text.
        replace: Whether an existing file is replaced.

    Raises:
        SecretNotFoundError: If a secret does not exist.
        UnwritableFileError: If the file exists and ``replace`` is false, or it can't be written.
        InvalidSecretError: If the format can't hold the secrets, or the name of the file does not state a format.
    """
    records = {name: record_of(manager.get_secret(name)) for name in dict.fromkeys(names)}
    if passphrase is None:
        file_format = secret_formats.format_of(path)
        if not file_format:
            message = f"The name of {path!r} does not state a format."
            raise InvalidSecretError(message, hint="End it with .json, .yaml or .env.")
        text = secret_formats.write(records, file_format)
    else:
        text = sealed_export.seal(secret_formats.write(records, "json"), passphrase())
    write_text(path, text, replace=replace, private=True)
    return list(records)


def _prefer_environment(ask: PassphraseSource) -> PassphraseSource:
    """Return a source that takes the passphrase from ``ZENSECRETS_PASSPHRASE``, or calls ``ask`` if the variable is not set."""

    def read_passphrase(prompt: str) -> str:
        return os.environ.get(PASSPHRASE_VARIABLE) or ask(prompt)

    return read_passphrase


def _make_secret(name: str, record: SecretRecord, *, is_schema_given: bool) -> BaseSecretSchema:
    """Return the secret of a record.

    A schema that the user has given must exist. A fallback replaces a schema from a file that is missing here.
    """
    schema = get_schema(record.schema) if is_schema_given else schema_or_fallback(record.schema)
    return schema.from_content(name, record.content)


def _make_deletion(manager: SecretsManager, name: str) -> Callable[[], None]:
    """Return a function that deletes a secret if it exists."""

    def delete() -> None:
        with suppress(SecretNotFoundError):
            manager.delete_secret(name)

    return delete


def _undo_all(undo_functions: list[tuple[str, Callable[[], None]]]) -> list[str]:
    """Call the functions in reverse order, and return the names of the secrets whose function failed."""
    return [name for name, undo in reversed(undo_functions) if not _succeeds(undo)]


def _succeeds(undo: Callable[[], None]) -> bool:
    """Call ``undo``, and return whether it raises no error of this package."""
    try:
        undo()
    except ZenSecretsError:
        return False
    return True
