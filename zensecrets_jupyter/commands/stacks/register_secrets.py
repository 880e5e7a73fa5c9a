"""``stack register-secrets``: ask for all secrets that a stack's references need, in one form."""

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


class _Need(NamedTuple):
    """A secret that a stack needs: the attributes that use each key, and the secret itself if it exists."""

    name: str
    users: dict[str, tuple[str, ...]]
    present: BaseSecretSchema | None
    schema: type[BaseSecretSchema]


def register_secrets(
    call: Call, stack: Stack, *, everything: bool = False, schemas: Mapping[str, str] | None = None, offer: Offer | None = None
) -> Outcome:
    """Ask for the values of the secrets that the stack needs, then write them all.

    Args:
        call: The context of the command.
        stack: The stack.
        everything: Whether to ask for existing values too.
        schemas: The schema types of missing secrets, by name, as far as they are known.
        offer: A question to ask first.

    Raises:
        NoSecretsManagerError: If secrets are needed and the stack has no secrets manager.
        InvalidSecretError: If a secret's schema does not allow a key that is needed.
        UnsupportedOperationError: If the secrets manager can't write, or a key is missing in a read-only secret.
        ZenSecretsError: If writing fails; the error lists what was written and what was not.
    """
    users = _users(stack)
    if not users:
        return Outcome(text=f"Stack {stack.name!r} needs no secrets.")
    if not stack.has_secrets_manager:
        message = f"Stack {stack.name!r} needs the {plural('secret', len(users))} {', '.join(users)}, and has no secrets manager."
        raise NoSecretsManagerError(message, hint=f"Add one: %stack update {stack.name} -x SECRETS_MANAGER")
    manager = stack.secrets_manager
    needs = _needs(manager, users, schemas or {})
    sections = []
    for need in needs:
        section = _section(need, everything=everything and need.name not in manager.read_only)
        if section.fields:
            # Read-only secrets are refused before anything is asked.
            manager.check_change(need.name)
            sections.append(section)
    if not sections:
        hint = f"To change them: %stack register-secrets {stack.name} --all"
        return Outcome(text=f"Every secret that stack {stack.name!r} needs is registered. {hint}")
    for need in needs:
        if _section(need, everything=everything).fields:
            manager.require(Capability.REGISTER if need.present is None else Capability.READ | Capability.UPDATE, "write")
    writing = _SecretWriter(manager, {need.name: need for need in needs})
    then = Continuation(writing.run, completed=lambda: writing.written, required_passphrase=lambda: manager.required_passphrase)
    title = form_title(f"secrets of stack {stack.name!r}", manager)
    return call.asker.ask(FormRequest("Register", title, tuple(sections), then, manager.id, offer, offers_retry=True))


def _users(stack: Stack) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the attributes that need each key of each secret, in the order of the components."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for need in stack.requirements():
        keys = found.setdefault(need.reference.name, {})
        keys[need.reference.key] = (*keys.get(need.reference.key, ()), f"{need.owner}.{need.attribute}")
    return found


def _needs(manager: SecretsManager, users: Mapping[str, dict[str, tuple[str, ...]]], schemas: Mapping[str, str]) -> list[_Need]:
    needs = []
    for name, secret in manager.get_secrets(users).items():
        if isinstance(secret, SecretNotFoundError) and name not in manager.read_only:
            schema = schema_or_fallback(schemas[name]) if name in schemas else ArbitrarySecretSchema
            need = _Need(name, users[name], None, schema)
        elif isinstance(secret, ZenSecretsError):
            raise secret
        else:
            need = _Need(name, users[name], secret, type(secret))
        _check_keys(need)
        needs.append(need)
    return needs


def _check_keys(need: _Need) -> None:
    known = need.schema.get_schema_keys()
    for key, users in need.users.items():
        if key not in known and not need.schema.takes_any_key():
            message = f"{users[0]} needs {{{{{need.name}.{key}}}}}, and the schema {need.schema.TYPE!r} of that secret has no such key."
            raise InvalidSecretError(sentence(message), name=need.name, hint=f"Refer to one of {', '.join(known)}, or to another secret.")


def _section(need: _Need, *, everything: bool) -> Section:
    stored = need.present.content if need.present is not None else {}
    wanted = dict.fromkeys([*need.users, *(key for key in need.schema.required_keys() if key not in stored)])
    # The keys of the schema come first, in its order, which people know.
    order = [key for key in need.schema.get_schema_keys() if key in wanted]
    keys = [*order, *(key for key in wanted if key not in order)]
    fields: list[Field] = [
        field_of(need.schema, key, required=True, present=key in stored, needed_by=need.users.get(key, ()))
        for key in keys
        if everything or key not in stored
    ]
    verb = "update" if need.present is not None else "register"
    schema = f" --schema={need.schema.TYPE}" if need.present is None and not need.schema.takes_any_key() else ""
    command = f"%secret {verb} {need.name}{schema}"
    return Section(need.name, need.schema.TYPE, tuple(fields), command=command)


class _SecretWriter:
    """Writes secrets one by one; after a failure, the next run continues with the unwritten ones."""

    def __init__(self, manager: SecretsManager, needs: Mapping[str, _Need]) -> None:
        self._manager = manager
        self._needs = needs
        self._lines: list[str] = []
        self.written: list[str] = []

    def run(self, answers: Answers) -> Outcome:
        """Write the secrets that are not written yet.

        Raises:
            ZenSecretsError: If writing fails; the error lists what was written and what was not.
        """
        wanted = [name for name, answer in answers.items() if answer.values]
        try:
            for name in wanted:
                if name not in self.written:
                    self._write(self._needs[name], answers[name].values)
                    self.written.append(name)
        except ZenSecretsError as error:
            problem = error
        else:
            written = f"Registered {', '.join(map(repr, self.written))}." if self.written else "Nothing was changed."
            notes = [note for name in self.written for note in value_notes(name, answers[name].values, strip="")]
            line = f"registered {', '.join(self._lines)} in {manager_label(self._manager)}" if self.written else "nothing was changed"
            return Outcome(text=written, line=line, warnings=tuple(notes))
        waiting = [name for name in wanted if name not in self.written]
        done = f"Written: {', '.join(self.written) or 'nothing'}; not written: {', '.join(waiting)}."
        problem.message = f"{problem.message.rstrip('.')}. {done}"
        raise problem

    def _write(self, need: _Need, values: Mapping[str, str]) -> None:
        if need.present is None:
            self._manager.register_secret(need.schema.from_content(need.name, values))
        else:
            self._manager.merge_secret(need.name, values)
        self._lines.append(f"{need.name} ({counted(len(values), 'key')})")
