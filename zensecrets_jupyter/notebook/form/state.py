"""The displayed state of a form, made from a request and the last submission."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.commands.asking.form_request import Answer, Field
from zensecrets_jupyter.commands.asking.input_rules import KEY_RULES, VALUE_RULES
from zensecrets_jupyter.commands.framework.argument_values import MAX_VALUE_BYTES
from zensecrets_jupyter.contract.form import FormField, FormSection, InputRule, OpenForm, PassphraseField

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.commands.asking.form_request import FormRequest, Section
    from zensecrets_jupyter.commands.asking.input_rules import Rule
    from zensecrets_jupyter.core.interaction import RequiredPassphrase


class Problems(NamedTuple):
    """Problems of a submission.

    Attributes:
        form: The problem of the whole form; empty if it has none.
        passphrase: The problem of the passphrase; empty if it has none.
        fields: The problems of fields, by section and key.
    """

    form: str = ""
    passphrase: str = ""
    fields: Mapping[tuple[str, str], str] = {}


def open_state(  # noqa: PLR0913 - each argument is a part of the state
    form_id: str,
    request: FormRequest,
    *,
    public_key: str,
    attempt: int,
    is_displayed: bool,
    problems: Problems,
    earlier_answers: Mapping[str, Answer],
) -> OpenForm:
    """Return the state of a form that waits for the user.

    Args:
        form_id: The identifier of the form.
        request: The request that the form shows.
        public_key: The public key to which the browser seals the submission.
        attempt: The number of submissions that were processed.
        is_displayed: Whether a front end has displayed the form.
        problems: The problems of the last submission.
        earlier_answers: The valid values of earlier submissions, by section.
    """
    completed = request.continuation.completed_subjects()
    passphrase = request.continuation.required_passphrase()
    return OpenForm(
        id=form_id,
        verb=request.verb,
        title=request.title,
        public_key=public_key,
        attempt=attempt,
        is_displayed=is_displayed,
        problem=problems.form,
        sections=tuple(
            _section(
                section,
                # The title of a form for a single secret begins with the secret's name, so the section does not repeat the name.
                title="" if request.title.startswith(section.subject) else section.subject,
                # A completed section was stored before the rest of the command failed.
                completed_label="done" if section.subject in completed else "",
                problems=problems,
                earlier_answer=earlier_answers.get(section.subject, Answer({})),
            )
            for section in request.sections
        ),
        passphrase=None if passphrase is None else _passphrase(passphrase, problems),
        rules=_rules(VALUE_RULES),
        key_rules=_rules(KEY_RULES),
        max_bytes=MAX_VALUE_BYTES,
    )


def _passphrase(required: RequiredPassphrase, problems: Problems) -> PassphraseField:
    label = f"{'New passphrase for' if required.is_new else 'Passphrase of'} {required.label}"
    return PassphraseField(label=label, is_new=required.is_new, problem=problems.passphrase)


def _section(section: Section, *, title: str, completed_label: str, problems: Problems, earlier_answer: Answer) -> FormSection:
    # The schema `arbitrary` is the default, so the note does not mention it.
    schema_note = f"schema {section.schema}" if section.schema not in {"", "arbitrary"} else ""
    requested_keys = {field.key for field in section.fields}
    # Keys that the user added in an earlier submission.
    added_fields = [Field(key) for key in earlier_answer.values if key not in requested_keys]
    return FormSection(
        title=title,
        note="; ".join(text for text in (schema_note, section.note) if text),
        completed_label=completed_label,
        any_key=section.any_key,
        fields=tuple(
            FormField(
                key=field.key,
                description=field.description,
                required=field.required,
                sensitive=field.sensitive,
                current_value_label=field.current_value_label,
                has_earlier_input=field.key in earlier_answer.values,
                removable=field.removable,
                needed_by=field.needed_by,
                media_type=field.media_type,
                problem=problems.fields.get((section.subject, field.key), ""),
            )
            for field in (*section.fields, *added_fields)
        ),
    )


def _rules(rules: tuple[Rule, ...]) -> tuple[InputRule, ...]:
    return tuple(
        InputRule(
            pattern=rule.pattern,
            text=rule.text,
            is_error=rule.is_error,
            sensitive_only=rule.sensitive_only,
            typed_only=rule.typed_only,
        )
        for rule in rules
    )
