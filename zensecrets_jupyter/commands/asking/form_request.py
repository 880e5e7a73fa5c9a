"""How a command asks for what it needs: the question as data, with what is done with the answers, and who answers it.

A command never prompts. The face that runs it hands it an :class:`Asker`: a form, hidden prompts, or nobody. A form answers after the
cell has ended, hence a question carries the rest of the command with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from zensecrets_jupyter.commands.framework.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from zensecrets_jupyter.core.interaction import PassphraseWanted

SET = "set"
"""What a person is told of a value that is stored already."""


class Field(NamedTuple):
    """One value to ask for.

    Attributes:
        key: The key, or the attribute.
        description: A few words on what belongs there; may be empty.
        required: Whether an empty answer is refused, where nothing is ``present``.
        sensitive: Whether what is typed must not be seen.
        present: A word for the value that is there already, which an empty answer keeps: :data:`SET`, "in the file"; empty if none is.
        removable: Whether what is there may be dropped.
        media_type: What kind of text it is, such as ``application/json``; empty where nobody says.
        needed_by: What refers to it, such as ``annotator 'labels'.authentication_secret``.
    """

    key: str
    description: str = ""
    required: bool = True
    sensitive: bool = True
    present: str = ""
    removable: bool = False
    media_type: str = ""
    needed_by: tuple[str, ...] = ()


class Section(NamedTuple):
    """The values of one secret to ask for, or of a component's attributes.

    Attributes:
        subject: The secret's name, or what a sentence calls the component.
        schema: The type of the secret's schema; empty for a component.
        fields: The values.
        any_key: Whether a person may add keys.
        note: What else there is to say, such as that a secret will be replaced; may be empty.
        command: The command that would take the same values as arguments, for who can't be asked; may be empty.
    """

    subject: str
    schema: str
    fields: tuple[Field, ...]
    any_key: bool = False
    note: str = ""
    command: str = ""


class Answer(NamedTuple):
    """What was given for one section: the values by key, what was left empty not among them, and the keys to drop."""

    values: Mapping[str, str]
    removed: tuple[str, ...] = ()


def _nothing() -> Collection[str]:
    return ()


def _unasked() -> PassphraseWanted | None:
    return None


@dataclass(frozen=True)
class Question:
    """What a command asks for, and what it does then.

    Attributes:
        verb: What answering does, as on a button: "Register".
        title: What that is done to, and where: ``aws_prod → default (local)``.
        sections: The values to ask for.
        finish: Does it with the answers, by the sections' subjects. What it raises may be mended and finished again.
        awaits: The identity of the secrets manager that the sections' secrets will be in; empty where they are none.
        offer: What is asked first where a person may well not want to be asked, such as "Register it now?"; may be empty.
        declined: What comes of it if a person does not want to.
        tries_again: Whether a person at a console is asked, after ``finish`` failed, whether to try again with what was typed.
        finished: Gives the subjects that ``finish`` is done with though it failed.
        passphrase_wanted: Gives the passphrase that ``finish`` will need and that a person has to type.
        otherwise: What to do where nobody can be asked; empty where the sections' commands say it.
    """

    verb: str
    title: str
    sections: tuple[Section, ...]
    finish: Callable[[Mapping[str, Answer]], Outcome]
    awaits: str = ""
    offer: str = ""
    declined: Outcome = field(default_factory=Outcome)
    tries_again: bool = False
    finished: Callable[[], Collection[str]] = _nothing
    passphrase_wanted: Callable[[], PassphraseWanted | None] = _unasked
    otherwise: str = ""

    def finish_unasked(self) -> Outcome | None:
        """Return what comes of it where there is nothing to ask; ``None`` where there is."""
        if any(section.fields or section.any_key for section in self.sections):
            return None
        return self.finish({section.subject: Answer({}) for section in self.sections})


class Choice(NamedTuple):
    """One of the answers to a question that has a few: the letter that gives it, and what it does, in a word or two."""

    letter: str
    words: str


class Asker(Protocol):
    """Somebody who answers, or nobody.

    Every method raises InteractionUnavailableError where nobody is there; its text says what was needed and how to give it.
    """

    def ask(self, question: Question) -> Outcome:
        """Return what came of the question: of finishing it, or of having asked, where the answers come later.

        Raises:
            InvalidSecretError: If what is required was left empty each time.
            ZenSecretsError: What finishing it raised.
        """

    def ask_passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """Return a passphrase; with ``confirm`` it was typed twice.

        Raises:
            WrongPassphraseError: If the two differed each time.
        """

    def confirm(self, question: str) -> bool:
        """Tell whether the person says yes."""

    def choose(self, question: str, choices: Sequence[Choice], *, otherwise: str) -> str:
        """Return the letter of the choice that the person takes; empty for none, which is what a person does who only presses Enter.

        Where nobody is there, ``otherwise`` is the hint of the error: how to say it without being asked.
        """
