"""The kernel's half of a form: what it shows, what it makes of a message from the browser, and how it ends.

It knows nothing of widgets; :mod:`~zensecrets_jupyter.notebook.form` puts it on the screen.
"""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.asking.form_request import Answer, Field, Question, Section
from zensecrets_jupyter.commands.asking.input_rules import EMPTY, TWICE, problem_with, problem_with_key
from zensecrets_jupyter.commands.framework.outcome import Outcome, followed_by
from zensecrets_jupyter.core.errors import (
    InteractionCancelledError,
    InteractionUnavailableError,
    ManagerLockedError,
    WrongPassphraseError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.interaction import await_secrets, passphrases_from
from zensecrets_jupyter.notebook import wire
from zensecrets_jupyter.notebook.sealed_box import OneTimeKey, RefusedMessageError
from zensecrets_jupyter.notebook.wire import Problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.commands.asking.form_request import Asker
    from zensecrets_jupyter.core.interaction import PassphraseSource, PassphraseWanted

_REFUSED = "What was sent could not be read, and nothing was done. Type the values again."
_UNASKED = "Nothing asks for a passphrase any more, so the one that you typed was not used. Submit again to go on without it."


class FormSession:
    """A question that a form has put to a person, until it is answered.

    Messages may come from several front ends and threads; one is dealt with at a time, and each changes the key that the next one has
    to be sealed to.

    Attributes:
        outcome: What came of it; ``None`` while it waits.
        problem: What to raise for whoever waits; ``None`` if it ended well, or while it waits.
    """

    def __init__(self, identity: str, question: Question, where: str, changed: Callable[[], None], log: Callable[[str], None]) -> None:
        """Put ``question``.

        Args:
            identity: The identity of the form; a message names it.
            question: What is asked.
            where: What asks, as a sentence begins with it: "The form of cell [3]".
            changed: Called after each change of :attr:`state`.
            log: Writes a line into the kernel's log.
        """
        self._identity = identity
        self._where = where
        self._changed = changed
        self._log = log
        self._lock = threading.RLock()
        self._attempt = 0
        self._shown = False
        self._done: Outcome | None = None
        self.outcome: Outcome | None = None
        self.problem: ZenSecretsError | None = None
        self._put(question)
        self.state = self._open_state(Problems())

    @property
    def is_open(self) -> bool:
        """Whether it waits for a person."""
        return self.outcome is None and self.problem is None

    @property
    def line(self) -> str:
        """What to show where the form itself can't be shown."""
        if not self.is_open:
            return str(self.state["line"])
        return f"A form was open here: {self._question.verb.lower()} {self._question.title}. Run the cell again to open it."

    def receive(self, message: object) -> None:
        """Deal with a message from a front end; what is no such message is refused, logged, and changes nothing that is stored."""
        content = message if isinstance(message, dict) else {}
        kind = content.get("kind")
        with self._lock:
            if not self.is_open:
                if kind != "shown":
                    self._log(f"{self._where}: a message came after the form was closed, and was refused.")
            elif kind == "shown":
                self._shown = True
                self.state = {**self.state, "shown": True}
                self._changed()
            elif kind == "cancel":
                self._cancel()
            elif kind == "submit":
                self._submit(content.get("sealed"))
            else:
                self._log(f"{self._where}: a message of an unknown kind was refused.")

    def ask_through(self, asker: Asker) -> None:
        """Have the question answered by ``asker``, where no form can be shown.

        Raises:
            ZenSecretsError: What came of it.
        """
        self._end(asker.ask(self._question))

    def ask_next(self, question: Question) -> None:
        """Put another question in the same form; for what :attr:`Question.finish` asks in its turn."""
        self._release()
        self._put(question)

    def dismiss(self, reason: str) -> None:
        """Close it without an answer; ``reason`` is the line that is left."""
        with self._lock:
            if self.is_open:
                self.problem = InteractionCancelledError(reason, hint="Run the cell again.")
                self._close(wire.GONE, reason)

    def _put(self, question: Question) -> None:
        self._question = question
        self._kept: dict[str, Answer] = {}
        self._key = OneTimeKey()
        self._release = await_secrets(question.awaits, [section.subject for section in question.sections], self._where)

    def _open_state(self, problems: Problems) -> dict[str, Any]:
        return wire.open_state(
            self._identity,
            self._question,
            key=self._key.public,
            attempt=self._attempt,
            shown=self._shown,
            passphrase=self._question.passphrase_wanted(),
            problems=problems,
            kept=self._kept,
        )

    def _cancel(self) -> None:
        if self._question.offer:
            # It was offered while something else had been done already, and that stays done.
            self._end(self._question.declined)
            return
        done = list(self._question.finished())
        left = f"{', '.join(done)} {'was' if len(done) == 1 else 'were'} done before" if done else "nothing was changed"
        message = f"Cancelled: {self._question.verb.lower()} {self._question.title}; {left}."
        self.problem = InteractionCancelledError(message, hint="Run the cell again to be asked again.")
        self._close(wire.CANCELLED, message)

    def _submit(self, sealed: object) -> None:
        key, attempt = self._key, self._attempt
        self._key, self._attempt = OneTimeKey(), attempt + 1
        try:
            submission = wire.read_submission(key.open(sealed), form=self._identity, attempt=attempt, question=self._question)
        except RefusedMessageError as refusal:
            self._log(f"{self._where}: a message was refused, since {refusal}.")
            self._show(Problems(form=_REFUSED))
            return
        problems = self._take(submission)
        if problems.fields or problems.form:
            self._show(problems)
        elif submission.passphrase and self._question.passphrase_wanted() is None:
            # Another form, or a terminal, has made or opened the store since this one was shown.
            self._show(Problems(form=_UNASKED))
        else:
            self._finish(submission.passphrase)

    def _take(self, submission: wire.Submission) -> Problems:
        """Keep what can be taken of a submission for :meth:`_finish`, and return what can't."""
        fields: dict[tuple[str, str], str] = {}
        for section, given in zip(self._question.sections, submission.sections, strict=True):
            before = self._kept.get(section.subject, Answer({}))
            values = dict(before.values)
            asked = {field.key: field for field in section.fields}
            seen: set[str] = set()
            for key, value in given.values:
                problem = _problem(section, asked.get(key), key, value, seen)
                seen.add(key)
                if problem and key not in asked:
                    # A key that a person added has no field of its own before it is taken, and is not repeated: it may be a value.
                    return Problems(form=problem)
                if problem:
                    fields[section.subject, key] = problem
                elif value:
                    values[key] = value
            removable = {field.key for field in section.fields if field.removable}
            removed = tuple(dict.fromkeys(key for key in given.removed if key in removable))
            dropped = set(removed)
            values = {key: value for key, value in values.items() if key not in dropped}
            self._kept[section.subject] = Answer(values, removed)
            for field in section.fields:
                absent = field.key not in values and not field.present and field.required
                if absent and (section.subject, field.key) not in fields:
                    fields[section.subject, field.key] = EMPTY
            if section.any_key and not section.fields and not values and not fields:
                return Problems(form=f"At least one key of {section.subject} is needed.")
        return Problems(fields=fields)

    def _finish(self, passphrase: str | None) -> None:
        question = self._question
        try:
            with passphrases_from(_once(passphrase, question.passphrase_wanted())):
                outcome = question.finish({section.subject: self._kept.get(section.subject, Answer({})) for section in question.sections})
        except (WrongPassphraseError, ManagerLockedError) as error:
            self._show(Problems(passphrase=str(error)) if question.passphrase_wanted() is not None else Problems(form=str(error)))
        except ZenSecretsError as error:
            self._show(Problems(form=str(error)))
        except KeyboardInterrupt:
            self._show(Problems(form="Interrupted; look what is there before you try again."))
        except Exception as error:  # noqa: BLE001 - a traceback in the cell could show what was typed: this is the bug's only door
            self._log(f"{self._where}: {type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}")
            self._show(Problems(form=f"This is a bug of ours ({type(error).__name__}); where it is stands in the kernel's log."))
        else:
            self._done = outcome if self._done is None else followed_by(self._done, outcome)
            if self._question is question:
                self._end(self._done)
            else:
                self._show(Problems())

    def _show(self, problems: Problems) -> None:
        self.state = self._open_state(problems)
        self._changed()

    def _end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        said = outcome.text.splitlines()
        self._close(wire.DONE, f"✔ {outcome.line or (said[0] if said else 'done')}", said[1:])

    def _close(self, phase: str, line: str, details: list[str] | None = None) -> None:
        self._release()
        self._kept = {}
        self._key = OneTimeKey()
        # The question holds what was given on the command line, and what it wrote.
        self._question = Question("", "", (), lambda _answers: Outcome())
        self.state = wire.closed_state(self._identity, phase, line, details or [])
        self._changed()


def _problem(section: Section, field: Field | None, key: str, value: str, seen: set[str]) -> str:
    if key in seen:
        return TWICE
    if field is not None:
        # The browser knows what came from a file; here what is only for what was typed is let through.
        return problem_with(field, value, from_file=True) if value else ""
    if not section.any_key:
        return "This was not asked for."
    return problem_with_key(key, ()) or (problem_with(Field(key), value, from_file=True) if value else EMPTY)


def _once(passphrase: str | None, wanted: PassphraseWanted | None) -> PassphraseSource:
    """Return a source that gives what was typed: to each of the prompts for a new passphrase, or once, since a second one means wrong."""
    left = [passphrase]

    def give(prompt: str) -> str:
        if passphrase is None or wanted is None:
            message = f"A passphrase is needed ({prompt.strip().rstrip(':')}), and the form did not ask for it."
            raise InteractionUnavailableError(message, hint="Run %secret get NAME in a cell, which asks for it, and submit again.")
        return passphrase if wanted.is_new else (left.pop() or "") if left else ""

    return give
