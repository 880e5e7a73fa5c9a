"""The session of a form in the kernel: its state, its messages, and its outcome.

A session is independent of widgets; :mod:`~zensecrets_jupyter.notebook.form.widget` displays it.
"""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING, Literal

from zensecrets_jupyter.commands.asking.form_request import Answer, Continuation, Field, FormRequest, Section
from zensecrets_jupyter.commands.asking.input_rules import DUPLICATE_KEY, EMPTY, problem_with, problem_with_key
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.contract.form import CancelMessage, ClosedForm, OpenForm, ShownMessage, read_message, read_submission
from zensecrets_jupyter.core.errors import (
    InteractionCancelledError,
    InteractionUnavailableError,
    ManagerLockedError,
    WrongPassphraseError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.interaction import announce_pending_secrets, use_passphrase_source
from zensecrets_jupyter.notebook.form.sealed_box import OneTimeKey, RefusedMessageError
from zensecrets_jupyter.notebook.form.state import Problems, open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zensecrets_jupyter.commands.asking.form_request import Asker
    from zensecrets_jupyter.contract.form import Submission
    from zensecrets_jupyter.core.interaction import PassphraseSource, RequiredPassphrase

_UNREADABLE = "The submission could not be read, and nothing was changed. Type the values again."
_UNUSED_INPUT = "A passphrase is no longer needed, so the one that you typed was not used. Submit again to continue without it."


class FormSession:
    """The state of a form request, from the first display to the outcome.

    Messages may arrive from several front ends and threads, and a lock makes the session process one at a time. Each submission replaces
    the one-time key to which the browser encrypts the next submission.

    Attributes:
        state: The state that the browser displays.
        outcome: The outcome of the command; ``None`` while the form is open.
        problem: The error for code that awaits the form; ``None`` while the form is open and after a success.
    """

    def __init__(
        self, form_id: str, request: FormRequest, description: str, on_change: Callable[[], None], log: Callable[[str], None]
    ) -> None:
        """Open the session.

        Args:
            form_id: The identifier of the form, which each submission repeats.
            request: The requested values, and the rest of the command.
            description: The description of the form at the start of a message: "The form of cell [3]".
            on_change: A function that is called after each change of :attr:`state`.
            log: A function that writes a line to the kernel's log.
        """
        self._form_id = form_id
        self._description = description
        self._on_change = on_change
        self._log = log
        self._lock = threading.RLock()
        self._attempt = 0
        self._is_displayed = False
        self._earlier_outcome: Outcome | None = None
        self.outcome: Outcome | None = None
        self.problem: ZenSecretsError | None = None
        self._set_request(request)
        self.state: OpenForm | ClosedForm = self._open_state(Problems())

    @property
    def is_open(self) -> bool:
        """Whether the form waits for the user."""
        return self.outcome is None and self.problem is None

    @property
    def line(self) -> str:
        """The outcome of an ended form in one line.

        For an open form, it is a hint to run the cell again, which a saved notebook shows.
        """
        if isinstance(self.state, ClosedForm):
            return self.state.line
        return f"A form was open here: {self._request.verb.lower()} {self._request.title}. Run the cell again to open it."

    def receive(self, content: object) -> None:
        """Process a message of a front end; an invalid message is logged and refused."""
        message = read_message(content)
        with self._lock:
            if not self.is_open:
                # `ShownMessage` reports that a front end displays the form, which needs no answer after the end of the form.
                if not isinstance(message, ShownMessage):
                    self._log(f"{self._description}: a message was refused, since the form was closed before it arrived.")
            elif message is None:
                self._log(f"{self._description}: a message of an unknown kind was refused.")
            elif isinstance(message, ShownMessage):
                self._is_displayed = True
                self.state = self.state.model_copy(update={"is_displayed": True})
                self._on_change()
            elif isinstance(message, CancelMessage):
                self._cancel()
            else:
                self._submit(message.sealed)

    def ask_through(self, asker: Asker) -> None:
        """Ask for the values with ``asker`` instead of a form, and end the session.

        Raises:
            ZenSecretsError: If the command fails.
        """
        self._end(asker.ask(self._request))

    def ask_next(self, request: FormRequest) -> None:
        """Show the fields of ``request`` next, because the rest of the command needs more values."""
        self._release_announcement()
        self._set_request(request)

    def dismiss(self, reason: str) -> None:
        """Close an open form without an answer, with ``reason`` as its line."""
        with self._lock:
            if self.is_open:
                self.problem = InteractionCancelledError(reason, hint="Run the cell again.")
                self._close("dismissed", reason)

    def _set_request(self, request: FormRequest) -> None:
        self._request = request
        self._valid_answers: dict[str, Answer] = {}
        self._key = OneTimeKey()
        # The announcement tells other code that this form asks for the secrets. The function ends it.
        self._release_announcement = announce_pending_secrets(
            request.manager_id, [section.subject for section in request.sections], self._description
        )

    def _open_state(self, problems: Problems) -> OpenForm:
        return open_state(
            self._form_id,
            self._request,
            public_key=self._key.public,
            attempt=self._attempt,
            is_displayed=self._is_displayed,
            problems=problems,
            earlier_answers=self._valid_answers,
        )

    def _cancel(self) -> None:
        if self._request.offer is not None:
            # The form is only an offer of a command that has already changed something: `stack import` has imported the stack, and offers
            # to register its missing secrets. So the command succeeds without the secrets.
            self._end(self._request.offer.outcome_if_declined)
            return
        completed = list(self._request.continuation.completed_subjects())
        effect = f"already done: {', '.join(completed)}" if completed else "nothing was changed"
        message = f"Cancelled: {self._request.verb.lower()} {self._request.title}; {effect}."
        self.problem = InteractionCancelledError(message, hint="Run the cell again to open the form again.")
        self._close("cancelled", message)

    def _submit(self, sealed: str) -> None:
        try:
            submission = self._decrypt_submission(sealed)
        except RefusedMessageError as refusal:
            self._log(f"{self._description}: a message was refused, since {refusal}.")
            self._show(Problems(form=_UNREADABLE))
            return
        problems = self._keep_valid_values(submission)
        if problems.fields or problems.form:
            self._show(problems)
        elif submission.passphrase and self._request.continuation.required_passphrase() is None:
            # Another form or a terminal has created or unlocked the store since this form was displayed.
            self._show(Problems(form=_UNUSED_INPUT))
        else:
            self._finish(submission.passphrase)

    def _decrypt_submission(self, sealed: str) -> Submission:
        """Decrypt a submission with the one-time key, and replace the key.

        Raises:
            RefusedMessageError: If the submission is malformed, or of another form or an earlier state.
        """
        key, attempt = self._key, self._attempt
        self._key, self._attempt = OneTimeKey(), attempt + 1
        submission = read_submission(key.open(sealed))
        if submission is None:
            raise RefusedMessageError("it is malformed")
        if submission.form_id != self._form_id or submission.attempt != attempt:
            raise RefusedMessageError("it belongs to another form or to an earlier state of this form")
        if len(submission.sections) != len(self._request.sections):
            raise RefusedMessageError("its sections are not those of the form")
        return submission

    def _keep_valid_values(self, submission: Submission) -> Problems:
        """Store valid values for the next submission, and return the problems of invalid values."""
        problems: dict[tuple[str, str], str] = {}
        for section, answer in zip(self._request.sections, submission.sections, strict=True):
            # Begin with the valid values of earlier submissions. An empty field keeps its earlier value.
            values = dict(self._valid_answers.get(section.subject, Answer({})).values)
            requested_fields = {field.key: field for field in section.fields}
            seen_keys: set[str] = set()
            for key, value in answer.values:
                problem = _value_problem(section, requested_fields.get(key), key, value, seen_keys)
                seen_keys.add(key)
                if problem and key not in requested_fields:
                    # An added key has no field that could show the problem. The text does not quote the key, because
                    # the user may have typed a value in place of the key.
                    return Problems(form=problem)
                if problem:
                    problems[section.subject, key] = problem
                elif value:
                    values[key] = value
            removable_keys = {field.key for field in section.fields if field.removable}
            removed_keys = tuple(dict.fromkeys(key for key in answer.removed if key in removable_keys))
            values = {key: value for key, value in values.items() if key not in removed_keys}
            self._valid_answers[section.subject] = Answer(values, removed_keys)
            for field in section.fields:
                is_missing = field.required and not field.current_value_label and field.key not in values
                if is_missing and (section.subject, field.key) not in problems:
                    problems[section.subject, field.key] = EMPTY
            if section.any_key and not section.fields and not values and not problems:
                return Problems(form=f"{section.subject} needs at least one key.")
        return Problems(fields=problems)

    def _finish(self, passphrase: str | None) -> None:
        """Run the rest of the command, and end the session or show the problem."""
        request = self._request
        try:
            with use_passphrase_source(_passphrase_source(passphrase, request.continuation.required_passphrase())):
                outcome = request.continuation.run(
                    {section.subject: self._valid_answers.get(section.subject, Answer({})) for section in request.sections}
                )
        except (WrongPassphraseError, ManagerLockedError) as error:
            # The problem is shown at the passphrase field if the next state of the form has one.
            self._show(
                Problems(passphrase=str(error)) if request.continuation.required_passphrase() is not None else Problems(form=str(error))
            )
        except ZenSecretsError as error:
            self._show(Problems(form=str(error)))
        except KeyboardInterrupt:
            self._show(Problems(form="Interrupted; check which secrets exist before you submit again."))
        except Exception as error:  # noqa: BLE001 - a traceback in the cell could show the typed values
            self._log(f"{self._description}: {type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}")
            self._show(Problems(form=f"This is a bug in zensecrets ({type(error).__name__}). The log of the kernel has its location."))
        else:
            total_outcome = outcome if self._earlier_outcome is None else self._earlier_outcome.followed_by(outcome)
            if self._request is request:
                self._end(total_outcome)
            else:
                # The continuation has called `ask_next`, so the form shows the next request.
                self._earlier_outcome = total_outcome
                self._show(Problems())

    def _show(self, problems: Problems) -> None:
        self.state = self._open_state(problems)
        self._on_change()

    def _end(self, outcome: Outcome) -> None:
        """Close the form with the outcome of its command."""
        self.outcome = outcome
        lines = outcome.message.splitlines()
        self._close("submitted", f"✔ {outcome.summary or (lines[0] if lines else 'done')}", lines[1:])

    def _close(self, phase: Literal["submitted", "cancelled", "dismissed"], line: str, details: Sequence[str] = ()) -> None:
        """Replace the form by a line, and drop all values; the callers set the outcome or the problem."""
        self._release_announcement()
        self._valid_answers = {}
        self._key = OneTimeKey()
        # The request holds values of the command line and the stored secret, so an empty request replaces it.
        self._request = FormRequest("", "", (), Continuation(lambda _answers: Outcome()))
        self.state = ClosedForm(id=self._form_id, phase=phase, line=line, details=tuple(details))
        self._on_change()


def _value_problem(section: Section, field: Field | None, key: str, value: str, seen_keys: set[str]) -> str:
    """Return the problem of a submitted value; empty if it is valid.

    Args:
        section: The section of the value.
        field: The requested field; ``None`` for a key that the user has added.
        key: The key.
        value: The value.
        seen_keys: The earlier keys of the section in the same submission.
    """
    if key in seen_keys:
        return DUPLICATE_KEY
    if field is not None:
        # Only the browser knows whether a value was typed or read from a file, so the rules for typed text are not applied here.
        return problem_with(field, value, from_file=True) if value else ""
    if not section.any_key:
        return "The form does not ask for this key."
    # `seen_keys` was checked above, so no existing keys are passed.
    return problem_with_key(key, ()) or (problem_with(Field(key), value, from_file=True) if value else EMPTY)


def _passphrase_source(passphrase: str | None, required: RequiredPassphrase | None) -> PassphraseSource:
    """Return a source of the typed passphrase.

    A new passphrase is returned for each prompt. An existing passphrase is returned once. A second prompt means that it
    was wrong, and gets an empty answer.
    """
    unused_passphrases = [passphrase or ""]

    def source(prompt: str) -> str:
        if passphrase is None or required is None:
            message = f"The form has no field for a passphrase that is needed ({prompt.strip().rstrip(':')})."
            raise InteractionUnavailableError(message, hint="Run %secret get NAME in a cell, type the passphrase there, and submit again.")
        if required.is_new:
            return passphrase
        return unused_passphrases.pop() if unused_passphrases else ""

    return source
