"""Form requests: the values that a command needs, and the rest of the command, which runs with the values.

A command never prompts. The front end that runs it supplies an :class:`Asker`, which shows a form, prompts in the terminal, or reads
environment variables. A form is submitted after the cell has ended, so a request carries the rest of the command as a continuation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.framework.outcome import Outcome
    from zensecrets_jupyter.core.interaction import RequiredPassphrase

SET = "set"
"""The value of :attr:`Field.current_value_label` if the secrets manager has stored a value for the key."""


class Field(NamedTuple):
    """A value to ask for.

    Attributes:
        key: The key of the secret, or the attribute of the component.
        description: A short description of the value; may be empty.
        required: Whether an empty answer is an error. An empty answer is no error if ``current_value_label`` is not empty.
        sensitive: Whether the input is hidden.
        current_value_label: Describes the existing value, which an empty answer keeps: :data:`SET`, or "in the file" for a value in an
            imported file. Empty if there is no value.
        removable: Whether the person may remove the existing value.
        media_type: The media type of the value, such as ``application/json``; empty if unknown.
        needed_by: The attributes that refer to the value, such as ``annotator 'labels'.authentication_secret``.
    """

    key: str
    description: str = ""
    required: bool = True
    sensitive: bool = True
    current_value_label: str = ""
    removable: bool = False
    media_type: str = ""
    needed_by: tuple[str, ...] = ()


class Section(NamedTuple):
    """The fields of one secret, or of one component.

    Attributes:
        subject: The secret's name, or the component's type and name.
        schema: The type of the secret's schema; empty for a component.
        fields: The values to ask for.
        any_key: Whether a person may add keys that are not in ``fields``.
        note: A remark about the section, such as "replaces the stored secret"; may be empty.
        command: The command that takes the same values as options, for errors of non-interactive runs; may be empty.
    """

    subject: str
    schema: str
    fields: tuple[Field, ...]
    any_key: bool = False
    note: str = ""
    command: str = ""


class Answer(NamedTuple):
    """The answer to one section: the non-empty values by key, and the keys to remove."""

    values: Mapping[str, str]
    removed_keys: tuple[str, ...] = ()


Answers = Mapping[str, Answer]
"""The answers of a form by the subjects of its sections."""


def _no_subjects() -> Collection[str]:
    return ()


def _no_passphrase() -> RequiredPassphrase | None:
    return None


@dataclass(frozen=True)
class Continuation:
    """The rest of a command, which runs when a form is submitted.

    Attributes:
        run: Runs the rest of the command with the answers. After a ZenSecretsError it may be called again, with the same or other answers.
        completed_subjects: Returns the subjects of the sections whose values were written before ``run`` failed.
        required_passphrase: Returns a description of the passphrase that ``run`` will ask for; ``None`` if it asks for none.
    """

    run: Callable[[Answers], Outcome]
    completed_subjects: Callable[[], Collection[str]] = _no_subjects
    required_passphrase: Callable[[], RequiredPassphrase | None] = _no_passphrase


class Offer(NamedTuple):
    """A yes-or-no question that a front end asks before it shows an optional form.

    Attributes:
        question: The question, such as "Register it now?".
        outcome_if_declined: The outcome if the answer is no.
    """

    question: str
    outcome_if_declined: Outcome


@dataclass(frozen=True)
class FormRequest:
    """A request for values.

    Attributes:
        verb: The action, as on a button: "Register".
        title: The object of the action and the secrets manager: ``aws_prod → default (local)``.
        sections: The values to ask for.
        continuation: The rest of the command.
        manager_id: The identity of the secrets manager that stores the sections' secrets; empty for components.
        offer: A question to ask first; ``None`` if the person asked for the form.
        offers_retry: Whether a person at a terminal may run the continuation again with the same answers after it failed.
        alternative: The hint for errors of non-interactive runs. If it is empty, the hint lists the commands of the sections and the
            environment variables.
    """

    verb: str
    title: str
    sections: tuple[Section, ...]
    continuation: Continuation
    manager_id: str = ""
    offer: Offer | None = None
    offers_retry: bool = False
    alternative: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the request asks for no value."""
        return not any(section.fields or section.any_key for section in self.sections)


class Choice(NamedTuple):
    """One of the possible answers to a question: the letter to type, and its label."""

    letter: str
    label: str


class Asker(Protocol):
    """The interface by which a command asks a person for input; each front end implements it.

    Every method raises InteractionUnavailableError if it needs a person and the input is not interactive. In a non-interactive run,
    :meth:`ask` first looks for the values in environment variables. The error names the missing input and a way to pass it.
    """

    def ask(self, request: FormRequest) -> Outcome:
        """Ask for the values, and return the outcome of the continuation.

        If the request becomes a form in the browser, the method returns before the form is submitted, with an empty outcome.

        Raises:
            InvalidSecretError: If no attempt gave an acceptable value.
            ZenSecretsError: If the continuation fails.
        """

    def ask_passphrase(self, prompt: str, *, confirm: bool = False) -> str:
        """Return a passphrase, which the person types twice if ``confirm`` is true.

        Raises:
            WrongPassphraseError: If the two inputs differed in each attempt.
        """

    def confirm(self, question: str) -> bool:
        """Return whether the answer is yes."""

    def choose(self, question: str, choices: Sequence[Choice], *, alternative: str) -> str:
        """Return the letter of a choice; empty if the person chooses none of them.

        Args:
            question: The question.
            choices: The possible answers.
            alternative: The hint for the error of a non-interactive run.
        """
