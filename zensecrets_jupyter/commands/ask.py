"""How a command asks for what it needs: the questions as data, and who answers them.

A command never prompts. The face that runs it hands it an :class:`Asker`: a form, hidden prompts, or nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from zensecrets_jupyter.core.errors import (
    InteractionUnavailableError,
    InvalidSecretError,
    WrongPassphraseError,
)
from zensecrets_jupyter.core.names import check_key
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TRIES = 3
"""How often a person is asked for what may not be left empty, or has to be typed twice, before we give up."""


class Field(NamedTuple):
    """One value to ask for.

    Attributes:
        key: The key, or the attribute.
        description: A few words on what belongs there; may be empty.
        required: Whether an empty answer is refused, where nothing is ``present``.
        sensitive: Whether what is typed must not be seen.
        present: Whether a value is stored already, which an empty answer keeps.
        needed_by: What refers to it, such as ``annotator 'labels'.authentication_secret``.
    """

    key: str
    description: str = ""
    required: bool = True
    sensitive: bool = True
    present: bool = False
    needed_by: tuple[str, ...] = ()


class Section(NamedTuple):
    """The values of one secret to ask for, or of a component's attributes.

    Attributes:
        secret: The secret's name, or what a sentence calls the component.
        schema: The type of its schema; empty for a component.
        manager: The name of the secrets manager that keeps it; empty for a component.
        fields: The values.
        any_key: Whether a person may add keys.
        command: The command that would take the same values as arguments, for who can't be asked.
    """

    secret: str
    schema: str
    manager: str
    fields: tuple[Field, ...]
    any_key: bool = False
    command: str = ""


class Asker(Protocol):
    """Somebody who answers, or nobody.

    Every method raises InteractionUnavailableError where nobody is there; its text says what was needed and how to give it.
    """

    def ask_values(self, sections: Sequence[Section], *, title: str) -> dict[str, dict[str, str]]:
        """Return for each secret the values that were typed, by key; what was left empty is not in it.

        Raises:
            InvalidSecretError: If what is required was left empty each time.
        """

    def ask_passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """Return a passphrase; with ``confirm`` it was typed twice.

        Raises:
            WrongPassphraseError: If the two differed each time.
        """

    def confirm(self, question: str) -> bool:
        """Tell whether the person says yes."""


class HiddenPrompts:
    """Somebody at a console: each value is typed into a prompt of its own that does not echo."""

    def __init__(self, hidden: Callable[[str], str], show: Callable[[str], None], *, visible: Callable[[str], str] | None = None) -> None:
        """Ask through ``hidden``, which echoes nothing, and say things through ``show``.

        ``visible`` asks for what is no secret, such as the name of a key; without it that is typed unseen too.
        """
        self._hidden = hidden
        self._show = show
        self._visible = visible or hidden

    def ask_values(self, sections: Sequence[Section], *, title: str) -> dict[str, dict[str, str]]:
        """See :meth:`Asker.ask_values`."""
        if title:
            self._show(title)
        return {section.secret: self._ask_section(section) for section in sections}

    def ask_passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """See :meth:`Asker.ask_passphrase`."""
        for _ in range(TRIES):
            passphrase = self._hidden(prompt)
            if not confirm or self._hidden("The same again: ") == passphrase:
                return passphrase
            self._show("The two differ.")
        raise WrongPassphraseError(f"The two passphrases differed {TRIES} times; nothing was done.", hint="Try again.")

    def confirm(self, question: str) -> bool:
        """See :meth:`Asker.confirm`."""
        return self._visible(f"{question} [y/N]: ").strip().lower() in {"y", "yes"}

    def _ask_section(self, section: Section) -> dict[str, str]:
        if section.manager:
            self._show(_heading(section))
        found: dict[str, str] = {}
        for field in section.fields:
            answer = self._ask_field(section, field)
            if answer:
                found[field.key] = answer
        if section.any_key:
            self._ask_further_keys(section, found)
        return found

    def _ask_field(self, section: Section, field: Field) -> str:
        ask = self._hidden if field.sensitive else self._visible
        told = f" ({field.description})" if field.description else ""
        empty = "; empty keeps what is stored" if field.present else "" if field.required else "; empty for none"
        for user in field.needed_by:
            self._show(f"  {section.secret}.{field.key} is needed by {user}")
        for _ in range(TRIES):
            answer = ask(f"Value of {section.secret}.{field.key}{told}{empty}: ")
            if answer or field.present or not field.required:
                return answer
            self._show("A value is needed here.")
        message = f"No value was given for {section.secret}.{field.key}; nothing was written."
        raise InvalidSecretError(message, name=section.secret, manager=section.manager, hint="Try again.")

    def _ask_further_keys(self, section: Section, found: dict[str, str]) -> None:
        known = {field.key for field in section.fields}
        while True:
            more = "Another key" if known else "Key"
            key = self._visible(f"{more} of {section.secret}{' (empty when done)' if known else ''}: ").strip()
            if not key and (known or found):
                return
            problem = _problem_with_key(key, known)
            if problem:
                # What was typed is not repeated: it may be a value that went into the wrong prompt.
                self._show(problem)
                continue
            found[key] = self._ask_field(section, Field(key))
            known.add(key)


class Nobody:
    """Nobody is there: every question is an error that says what was needed, and how to give it without being asked."""

    def ask_values(self, sections: Sequence[Section], *, title: str) -> dict[str, dict[str, str]]:
        """See :meth:`Asker.ask_values`."""
        del title
        needed = [f"{section.secret}.{field.key}" for section in sections for field in section.fields]
        needed += [f"the keys of {section.secret}" for section in sections if not section.fields]
        commands = "; ".join(_command(section) for section in sections if section.command)
        message = f"Nobody is there to be asked for {', '.join(needed)}."
        raise InteractionUnavailableError(message, hint=f"Give {'them' if len(needed) > 1 else 'it'}: {commands}" if commands else "")

    def ask_passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """See :meth:`Asker.ask_passphrase`."""
        del confirm
        message = f"Nobody is there to be asked for a passphrase ({prompt.strip().rstrip(':')})."
        raise InteractionUnavailableError(message, hint=f"Set {PASSPHRASE_VARIABLE}.")

    def confirm(self, question: str) -> bool:
        """See :meth:`Asker.confirm`."""
        raise InteractionUnavailableError(f"Nobody is there to be asked: {question}", hint="Add -y to say yes.")


def _heading(section: Section) -> str:
    schema = f", schema {section.schema}" if section.schema not in {"", "arbitrary"} else ""
    return f"Secret {section.secret!r} (secrets manager {section.manager!r}{schema})"


def _command(section: Section) -> str:
    arguments = [f"--{field.key}=@FILE" for field in section.fields if field.required or len(section.fields) == 1]
    return " ".join([section.command, *(arguments or ["--KEY=@FILE"])])


def _problem_with_key(key: str, known: set[str]) -> str:
    if key in known:
        return "That key was given already."
    try:
        check_key(key)
    except InvalidSecretError:
        return "That can't be a key: use letters, digits, '_' and '-', and not 'name'."
    return ""
