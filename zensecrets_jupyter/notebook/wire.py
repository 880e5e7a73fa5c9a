"""What passes between the two halves of a form: the state that the kernel shows, and what the browser seals.

The state is synchronised, recorded and saved, so nothing in it says anything about a value. ``js/src/form/wire.ts`` is the other side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from zensecrets_jupyter.commands.asking.form_request import Answer, Field
from zensecrets_jupyter.commands.asking.input_rules import KEY_RULES, VALUE_RULES
from zensecrets_jupyter.commands.framework.argument_values import LARGEST
from zensecrets_jupyter.notebook.sealed_box import RefusedMessageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from zensecrets_jupyter.commands.asking.form_request import Question, Section
    from zensecrets_jupyter.core.interaction import PassphraseWanted

FORM_MIME = "application/vnd.zensecrets.form+json"
"""The form as an output, for front ends with our extension: they show a line where the form can't be shown any more."""
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"

OPEN, DONE, CANCELLED, GONE = "open", "done", "cancelled", "gone"
"""The phases of a form: it waits; it was submitted; a person didn't want to; nobody waits for it any more."""


class Problems(NamedTuple):
    """What was wrong with a submission: of the whole form, of the passphrase, and of fields by section and key."""

    form: str = ""
    passphrase: str = ""
    fields: Mapping[tuple[str, str], str] = {}


class _SealedSection(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)

    values: list[tuple[str, str]]
    removed: list[str]


class Submission(BaseModel):
    """What the browser sealed.

    Attributes:
        form: The identity of the form.
        attempt: How many submissions it had dealt with.
        sections: For each section the values, as pairs so that a key given twice shows, and the keys to drop.
        passphrase: The store's passphrase, where it was asked for.
    """

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    form: str
    attempt: int
    sections: list[_SealedSection]
    passphrase: str | None = None


def read_submission(plaintext: bytes, *, form: str, attempt: int, question: Question) -> Submission:
    """Return what was sealed, if it is for this form in its present state.

    Raises:
        RefusedMessageError: If it is malformed, for another form, or of an earlier state.
    """
    submission: Submission | None
    try:
        # JSON has no tuples, hence by its parser and not from what json.loads returns.
        submission = Submission.model_validate_json(plaintext)
    except ValidationError:
        # The error holds what it refused.
        submission = None
    if submission is None:
        raise RefusedMessageError("it is malformed")
    if submission.form != form or submission.attempt != attempt:
        raise RefusedMessageError("it belongs to another form, or to an earlier state of this one")
    if len(submission.sections) != len(question.sections):
        raise RefusedMessageError("it answers something else than was asked")
    return submission


def closed_state(identity: str, phase: str, line: str, details: Collection[str] = ()) -> dict[str, Any]:
    """Return the state of a form of which one line is left."""
    return {"id": identity, "phase": phase, "line": line, "details": list(details)}


def open_state(  # noqa: PLR0913 - what a form shows
    identity: str,
    question: Question,
    *,
    key: str,
    attempt: int,
    shown: bool,
    passphrase: PassphraseWanted | None,
    problems: Problems,
    kept: Mapping[str, Answer],
) -> dict[str, Any]:
    """Return the state of a form that waits.

    Args:
        identity: The identity of the form.
        question: What it asks.
        key: The public key that the answer is to be sealed to.
        attempt: How many submissions were dealt with.
        shown: Whether a front end has shown it.
        passphrase: The passphrase that is needed too.
        problems: What was wrong with the last submission.
        kept: What was typed before and is held for another try.
    """
    finished = question.finished()
    return {
        "id": identity,
        "phase": OPEN,
        "line": "",
        "details": [],
        "verb": question.verb,
        "title": question.title,
        "key": key,
        "attempt": attempt,
        "shown": shown,
        "problem": problems.form,
        "sections": [
            {
                **_section(section, problems, kept.get(section.subject, Answer({}))),
                # The form's own title says it already where the form is for this secret alone.
                "title": "" if question.title.startswith(section.subject) else section.subject,
                "done": "done" if section.subject in finished else "",
            }
            for section in question.sections
        ],
        "passphrase": None if passphrase is None else _passphrase(passphrase, problems),
        "rules": [rule._asdict() for rule in VALUE_RULES],
        "keyRules": [rule._asdict() for rule in KEY_RULES],
        "largest": LARGEST,
    }


def _passphrase(wanted: PassphraseWanted, problems: Problems) -> dict[str, Any]:
    label = f"{'New passphrase for' if wanted.is_new else 'Passphrase of'} {wanted.label}"
    return {"label": label, "is_new": wanted.is_new, "problem": problems.passphrase}


def _section(section: Section, problems: Problems, kept: Answer) -> dict[str, Any]:
    schema = f"schema {section.schema}" if section.schema not in {"", "arbitrary"} else ""
    asked = {field.key for field in section.fields}
    added = [Field(key) for key in kept.values if key not in asked]
    return {
        "note": "; ".join(text for text in (schema, section.note) if text),
        "any_key": section.any_key,
        "fields": [
            {
                **field._asdict(),
                "needed_by": list(field.needed_by),
                "kept": field.key in kept.values,
                "problem": problems.fields.get((section.subject, field.key), ""),
            }
            for field in (*section.fields, *added)
        ],
    }
