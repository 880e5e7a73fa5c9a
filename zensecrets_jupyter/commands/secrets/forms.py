"""The forms that register and update secrets, with one field for each key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.asking.form_request import SET, Answers, Continuation, Field, FormRequest, Section
from zensecrets_jupyter.commands.framework.active_manager import manager_label
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.framework.warnings import unmaskable_warnings, value_notes
from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.text import counted, plural
from zensecrets_jupyter.core.value_cleanup import strip_invisible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.schemas import BaseSecretSchema


def check_keys(schema: type[BaseSecretSchema], name: str, keys: Iterable[str], *, from_file: bool = False) -> None:
    """Check that a schema allows the keys.

    Args:
        schema: The schema.
        name: The secret's name, for errors.
        keys: The keys.
        from_file: Whether the keys come from a file. If so, errors hide a key that looks like a value, because a malformed file may have
            a value in the position of a key.

    Raises:
        InvalidSecretError: If a key is not allowed. The hint suggests similar keys and lists the schema's keys.
    """
    schema_keys = schema.get_schema_keys()
    for key in keys:
        names.check_key(key, name=name, from_file=from_file)
        if key not in schema_keys and not schema.takes_any_key():
            shown_key = names.quote_untrusted(key) if from_file else repr(key)
            message = f"Secret {name!r} can't have the key {shown_key}, because the schema {schema.TYPE!r} does not have it."
            hint = f"{names.did_you_mean(key, schema_keys)} The schema's keys are {', '.join(schema_keys)}."
            raise InvalidSecretError(message, name=name, hint=hint.strip())


def form_title(subject: str, manager: SecretsManager) -> str:
    """Return the title of a form: its subject and the secrets manager.

    For example, the title is ``db → default (local)``.
    """
    return f"{subject} → {manager_label(manager)}"


def secrets_form(
    manager: SecretsManager, verb: str, subject: str, sections: Sequence[Section], run: Callable[[Answers], Outcome]
) -> FormRequest:
    """Return the form for secrets of a secrets manager.

    Args:
        manager: The secrets manager.
        verb: The action, which is also the text of the form's button, such as "Register".
        subject: The object of the action: the name of a secret, or of the file with all secrets of the form.
        sections: The values to ask for.
        run: The function that finishes the command with the answers of the form.
    """
    continuation = Continuation(run, required_passphrase=lambda: manager.required_passphrase)
    return FormRequest(verb, form_title(subject, manager), tuple(sections), continuation, manager.id)


def register_form(  # noqa: PLR0913 - the parameters after the first three are keyword-only
    manager: SecretsManager,
    name: str,
    schema: type[BaseSecretSchema],
    *,
    keys: Sequence[str] | None = None,
    values: Mapping[str, str],
    strip: bool = False,
) -> FormRequest:
    """Return the form that registers a secret.

    Args:
        manager: The secrets manager.
        name: The name of the secret.
        schema: The schema of the secret.
        keys: The keys to ask for; by default the schema's keys. If the schema allows other keys, the user can then add them in the form.
        values: The values that the command line already has, by key.
        strip: Whether to apply :func:`.strip_invisible` to the values.

    Raises:
        InvalidSecretError: If the schema does not allow a key.
        UnsupportedOperationError: If the secrets manager can't register secrets.
    """
    manager.require(Capability.REGISTER, "register")

    def run(answers: Answers) -> Outcome:
        content = _strip_values({**values, **answers[name].values}, strip=strip)
        manager.register_secret(schema.from_content(name, content))
        summary = f"registered {name} ({counted(len(content), 'key')}) in {manager_label(manager)}"
        warnings = [*unmaskable_warnings(schema, name, content), *value_notes(name, content)]
        if not content:
            warnings = [f"Note: the secret is empty. To set a key: %secret update {name} --KEY"]
        return Outcome(text=f"Registered secret {name!r} with {_keys_text(content)}.", summary=summary, warnings=tuple(warnings))

    check_keys(schema, name, [*(keys or ()), *values])
    command = f"%secret register {name}{f' --schema={schema.TYPE}' if schema.TYPE != 'arbitrary' else ''}"
    any_key = schema.takes_any_key() and keys is None
    section = Section(name, schema.TYPE, tuple(fields_of(schema, keys)), any_key=any_key, command=command)
    return secrets_form(manager, "Register", name, [section], run)


def update_form(  # noqa: PLR0913 - the parameters after the first two are keyword-only
    manager: SecretsManager,
    stored_secret: BaseSecretSchema,
    *,
    keys: Sequence[str] | None = None,
    values: Mapping[str, str],
    keys_to_remove: Sequence[str] = (),
    strip: bool = False,
) -> FormRequest:
    """Return the form that updates a secret.

    Args:
        manager: The secrets manager.
        stored_secret: The secret before the update.
        keys: The keys to ask for; by default the keys of the schema and of the secret.
        values: The values that the command line already has, by key.
        keys_to_remove: The keys that the command line removes. The user can remove more keys in the form.
        strip: Whether to apply :func:`.strip_invisible` to the values.

    Raises:
        InvalidSecretError: If the schema does not allow a key.
        UnsupportedOperationError: If the secrets manager can't update secrets.
    """
    manager.require(Capability.READ | Capability.UPDATE, "change single keys of")
    name, schema = stored_secret.name, type(stored_secret)

    def run(answers: Answers) -> Outcome:
        content = _strip_values({**values, **answers[name].values}, strip=strip)
        removed_keys = [*keys_to_remove, *answers[name].removed_keys]
        if not content and not removed_keys:
            return Outcome(text=f"Nothing was changed in secret {name!r}.", summary=f"nothing was changed in {name}")
        manager.merge_secret(name, content, remove=removed_keys)
        changes = [f"set {_keys_text(content)}"] if content else []
        changes += [f"removed {', '.join(removed_keys)}"] if removed_keys else []
        summary = f"updated {name} ({counted(len(content) + len(removed_keys), 'key')}) in {manager_label(manager)}"
        warnings = (*unmaskable_warnings(schema, name, content), *value_notes(name, content))
        return Outcome(text=f"Updated secret {name!r}: {'; '.join(changes)}.", summary=summary, warnings=warnings)

    check_keys(schema, name, [*(keys or ()), *values])
    any_key = schema.takes_any_key() and keys is None
    section = Section(name, schema.TYPE, tuple(fields_of(schema, keys, stored_secret)), any_key=any_key, command=f"%secret update {name}")
    return secrets_form(manager, "Update", name, [section], run)


def fields_of(schema: type[BaseSecretSchema], keys: Sequence[str] | None, stored_secret: BaseSecretSchema | None = None) -> list[Field]:
    """Return the form fields for the keys of a secret.

    Args:
        schema: The schema of the secret.
        keys: The keys that the user chose, whose fields are all required; by default all keys of the schema and of ``stored_secret``.
        stored_secret: The secret before the change; ``None`` if it does not exist.
    """
    stored_content = stored_secret.content if stored_secret is not None else {}
    if keys is not None:
        return [field_of(schema, key, required=True, is_stored=key in stored_content) for key in keys]
    required = schema.required_keys()
    all_keys = dict.fromkeys([*schema.get_schema_keys(), *stored_content])
    return [
        field_of(schema, key, required=key in required, is_stored=key in stored_content)._replace(
            removable=key in stored_content and key not in required
        )
        for key in all_keys
    ]


def field_of(
    schema: type[BaseSecretSchema],
    key: str,
    *,
    required: bool,
    is_stored: bool = False,
    needed_by: tuple[str, ...] = (),
) -> Field:
    """Return the form field for a key of a secret.

    Args:
        schema: The schema of the secret.
        key: The key.
        required: Whether an empty answer is an error. If a value is stored, an empty answer keeps it and is no error.
        is_stored: Whether the secrets manager has stored a value for the key.
        needed_by: The component attributes that refer to the value.
    """
    # The model has more fields than the keys, such as the name of the secret.
    schema_field = schema.model_fields.get(key) if key in schema.get_schema_keys() else None
    description = (schema_field.description or "") if schema_field else ""
    if schema_field is not None and not schema_field.is_required() and schema_field.default is not None:
        description = f"{description} (default: {schema_field.default})".strip()
    return Field(
        key,
        description,
        required=required,
        sensitive=schema.is_sensitive(key),
        current_value_label=SET if is_stored else "",
        media_type=schema.media_type(key),
        needed_by=needed_by,
    )


def _strip_values(content: dict[str, str], *, strip: bool) -> dict[str, str]:
    """Return the content with stripped values; the same content if ``strip`` is false."""
    return {key: strip_invisible(value) for key, value in content.items()} if strip else content


def _keys_text(content: Iterable[str]) -> str:
    """Return the keys for a message, such as ``keys user, password`` or ``no keys``."""
    keys = list(content)
    return f"{plural('key', len(keys))} {', '.join(keys)}" if keys else "no keys"
