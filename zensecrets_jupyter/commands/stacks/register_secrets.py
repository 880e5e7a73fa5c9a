"""``stack register-secrets``: ask for all secrets that a stack needs, in one form."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.commands.asking.form_request import Answers, Continuation, Field, FormRequest, Offer, Section
from zensecrets_jupyter.commands.framework.active_manager import manager_label
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.framework.warnings import value_notes
from zensecrets_jupyter.commands.secrets.forms import field_of, form_title
from zensecrets_jupyter.core.errors import (
    InvalidSecretError,
    NoSecretsManagerError,
    SecretNotFoundError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema, BaseSecretSchema, schema_or_fallback
from zensecrets_jupyter.core.text import counted, plural, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.stack import Stack


class _RequiredSecret(NamedTuple):
    """A secret that a stack needs.

    Attributes:
        name: The name of the secret.
        attributes: For each key, the attributes that refer to it, such as ``annotator 'labels'.authentication_secret``.
        stored_secret: The secret that the secrets manager has stored; ``None`` if it does not exist.
        schema: The schema of the secret.
    """

    name: str
    attributes: dict[str, tuple[str, ...]]
    stored_secret: BaseSecretSchema | None
    schema: type[BaseSecretSchema]


def register_secrets(
    call: Call, stack: Stack, *, asks_existing_values: bool = False, schemas: Mapping[str, str] | None = None, offer: Offer | None = None
) -> Outcome:
    """Ask for the values of the secrets that the stack needs, then write them all.

    Args:
        call: The context of the command.
        stack: The stack.
        asks_existing_values: Whether to ask for existing values too.
        schemas: The known schema types of missing secrets, by the secret's name.
        offer: A question to ask first.

    Returns:
        The outcome of the writes, or of a form that is submitted later. If no value is missing, the outcome says so.

    Raises:
        NoSecretsManagerError: If secrets are needed and the stack has no secrets manager.
        InvalidSecretError: If the schema of a secret does not allow a required key.
        UnsupportedOperationError: If the secrets manager can't write, or a key is missing in a read-only secret.
        ZenSecretsError: If writing fails. The error lists the written and the unwritten secrets.
    """
    attributes = _attributes_by_key(stack)
    if not attributes:
        return Outcome(text=f"Stack {stack.name!r} needs no secrets.")
    if not stack.has_secrets_manager:
        message = f"Stack {stack.name!r} needs the {plural('secret', len(attributes))} {', '.join(attributes)}, but has no secrets manager."
        raise NoSecretsManagerError(message, hint=f"Add one: %stack update {stack.name} -x SECRETS_MANAGER")
    manager = stack.secrets_manager
    required_secrets = _required_secrets(manager, attributes, schemas or {})
    sections = []
    for secret in required_secrets:
        section = _section(secret, asks_existing_values=asks_existing_values and secret.name not in manager.read_only_locations)
        if section.fields:
            # For a read-only secret, the error comes before the form asks for values.
            manager.check_change(secret.name)
            sections.append(section)
    if not sections:
        hint = f"To change them: %stack register-secrets {stack.name} --all"
        return Outcome(text=f"Every secret that stack {stack.name!r} needs is registered. {hint}")
    # The command checks that the manager can write, before the form asks for values.
    for secret in required_secrets:
        if _section(secret, asks_existing_values=asks_existing_values).fields:
            manager.require(Capability.REGISTER if secret.stored_secret is None else Capability.READ | Capability.UPDATE, "write")
    writer = _SecretWriter(manager, {secret.name: secret for secret in required_secrets})
    continuation = Continuation(
        writer.run, completed_subjects=lambda: writer.written_names, required_passphrase=lambda: manager.required_passphrase
    )
    title = form_title(f"secrets of stack {stack.name!r}", manager)
    return call.asker.ask(FormRequest("Register", title, tuple(sections), continuation, manager.id, offer, offers_retry=True))


def _attributes_by_key(stack: Stack) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the attributes that refer to a key, by the secret's name and the key.

    The secrets are in the order of the stack's components.
    """
    attributes: dict[str, dict[str, tuple[str, ...]]] = {}
    for requirement in stack.requirements():
        keys = attributes.setdefault(requirement.reference.name, {})
        key = requirement.reference.key
        keys[key] = (*keys.get(key, ()), f"{requirement.owner}.{requirement.attribute}")
    return attributes


def _required_secrets(
    manager: SecretsManager, attributes: Mapping[str, dict[str, tuple[str, ...]]], schemas: Mapping[str, str]
) -> list[_RequiredSecret]:
    required_secrets = []
    # For a secret that can't be read, get_secrets returns an error instead. A missing secret can be registered, unless it is read-only.
    for name, secret in manager.get_secrets(attributes).items():
        if isinstance(secret, SecretNotFoundError) and name not in manager.read_only_locations:
            schema = schema_or_fallback(schemas[name]) if name in schemas else ArbitrarySecretSchema
            required_secrets.append(_RequiredSecret(name, attributes[name], None, schema))
        elif isinstance(secret, ZenSecretsError):
            raise secret
        else:
            required_secrets.append(_RequiredSecret(name, attributes[name], secret, type(secret)))
        _check_keys(required_secrets[-1])
    return required_secrets


def _check_keys(secret: _RequiredSecret) -> None:
    schema_keys = secret.schema.get_schema_keys()
    for key, attributes in secret.attributes.items():
        if key not in schema_keys and not secret.schema.takes_any_key():
            message = (
                f"{attributes[0]} needs {{{{{secret.name}.{key}}}}}, but the schema {secret.schema.TYPE!r} of the secret has no such key."
            )
            hint = f"Refer to one of {', '.join(schema_keys)}, or to another secret."
            raise InvalidSecretError(sentence(message), name=secret.name, hint=hint)


def _section(secret: _RequiredSecret, *, asks_existing_values: bool) -> Section:
    stored_content = secret.stored_secret.content if secret.stored_secret is not None else {}
    required_keys = dict.fromkeys([*secret.attributes, *(key for key in secret.schema.required_keys() if key not in stored_content)])
    # The schema's keys come first, in the order of the schema, which people know.
    schema_keys = [key for key in secret.schema.get_schema_keys() if key in required_keys]
    keys = [*schema_keys, *(key for key in required_keys if key not in schema_keys)]
    fields: list[Field] = [
        field_of(secret.schema, key, required=True, is_stored=key in stored_content, needed_by=secret.attributes.get(key, ()))
        for key in keys
        if asks_existing_values or key not in stored_content
    ]
    verb = "update" if secret.stored_secret is not None else "register"
    # An option for the command below.
    schema = f" --schema={secret.schema.TYPE}" if secret.stored_secret is None and not secret.schema.takes_any_key() else ""
    command = f"%secret {verb} {secret.name}{schema}"
    return Section(secret.name, secret.schema.TYPE, tuple(fields), command=command)


class _SecretWriter:
    """Writes secrets one by one.

    After a failure, the next run continues with the unwritten secrets.
    """

    def __init__(self, manager: SecretsManager, required_secrets: Mapping[str, _RequiredSecret]) -> None:
        self._manager = manager
        self._required_secrets = required_secrets
        # For each written secret, a text such as "openai (2 keys)".
        self._descriptions: list[str] = []
        self.written_names: list[str] = []

    def run(self, answers: Answers) -> Outcome:
        """Write the secrets that no earlier call has written, and return the outcome.

        Raises:
            ZenSecretsError: If writing fails. The error lists the written and the unwritten secrets.
        """
        names = [name for name, answer in answers.items() if answer.values]
        try:
            for name in names:
                if name not in self.written_names:
                    self._write(self._required_secrets[name], answers[name].values)
                    self.written_names.append(name)
        except ZenSecretsError as error:
            problem = error
        else:
            text = f"Registered {', '.join(map(repr, self.written_names))}." if self.written_names else "Nothing was changed."
            notes = [note for name in self.written_names for note in value_notes(name, answers[name].values, removal_hint="")]
            summary = (
                f"registered {', '.join(self._descriptions)} in {manager_label(self._manager)}"
                if self.written_names
                else "nothing was changed"
            )
            return Outcome(text=text, summary=summary, warnings=tuple(notes))
        unwritten_names = [name for name in names if name not in self.written_names]
        progress = f"Written: {', '.join(self.written_names) or 'nothing'}; not written: {', '.join(unwritten_names)}."
        problem.message = f"{problem.message.rstrip('.')}. {progress}"
        raise problem

    def _write(self, secret: _RequiredSecret, values: Mapping[str, str]) -> None:
        if secret.stored_secret is None:
            self._manager.register_secret(secret.schema.from_content(secret.name, values))
        else:
            self._manager.merge_secret(secret.name, values)
        self._descriptions.append(f"{secret.name} ({counted(len(values), 'key')})")
