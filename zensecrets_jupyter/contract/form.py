"""Messages between the kernel's part and the browser's part of a form.

Jupyter sends the state of a form, a :data:`FormState`, to every open page and saves it in the notebook. Therefore the state must not
reveal anything about a value. Only a :class:`Submission` contains values, and the browser encrypts it.

The TypeScript types in ``js/src/contract`` are generated from the docstrings and fields below.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from zensecrets_jupyter.contract.message import Message

FORM_MIME = "application/vnd.zensecrets.form+json"
"""MIME type of a form in an output, for front ends with our extension."""
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
"""MIME type of a widget of ipywidgets in an output."""


class InputRule(Message):
    """A check of a value or of a key's name, which the browser makes.

    Attributes:
        pattern: A regular expression with the flag `u` that finds a violation.
        text: The message that the user sees.
        is_error: Whether a violation prevents the submission; otherwise the message is a note.
        sensitive_only: Whether the rule applies only to sensitive fields.
        typed_only: Whether the rule applies only to typed or pasted text, and not to the content of a file.
    """

    pattern: str
    text: str
    is_error: bool
    sensitive_only: bool
    typed_only: bool


class FormField(Message):
    """A field of the form, for one key.

    Attributes:
        key: The key of the secret, or the name of the component's attribute.
        description: A short explanation; may be empty.
        required: Whether an empty field is a problem, if the kernel has no value that the field keeps.
        sensitive: Whether the browser shows dots instead of the typed value.
        current_value_label: The label of the stored value that an empty field keeps, such as "set"; empty if no value is stored.
        has_earlier_input: Whether the kernel has a valid value from an earlier submission of this form, which an empty field keeps.
        removable: Whether the user may remove the stored value.
        needed_by: The attributes that refer to the key, such as "annotator 'labels'.authentication_secret".
        media_type: The media type of the value; may be empty. A value with a media type may have several lines.
        problem: The problem that the kernel found in the last submission; may be empty.
    """

    key: str
    description: str
    # With a stored value or a valid earlier input, an empty field is never a problem, because the field keeps that value.
    required: bool
    sensitive: bool
    current_value_label: str
    has_earlier_input: bool
    removable: bool
    needed_by: tuple[str, ...]
    media_type: str
    problem: str


class FormSection(Message):
    """The part of a form for one secret or one component.

    Attributes:
        title: The name of the secret or component; empty if the title of the form begins with it.
        note: A line below the title, such as "schema aws"; may be empty.
        completed_label: The label of a completed section, such as "done"; otherwise empty.
        any_key: Whether the user may add keys.
        fields: The fields of the section.
    """

    title: str
    note: str
    completed_label: str
    any_key: bool
    fields: tuple[FormField, ...]


class PassphraseField(Message):
    """The field for the passphrase of a store.

    Attributes:
        label: The label, such as "Passphrase of secrets manager 'default'".
        is_new: Whether the user chooses a new passphrase. It is typed twice; if it is empty, a key file protects the store instead.
        problem: The problem that the kernel found in the last submission; may be empty.
    """

    label: str
    is_new: bool
    problem: str


class OpenForm(Message):
    """State of a form that waits for the user.

    Attributes:
        id: The identifier of the form, repeated in the sealed submission.
        phase: The discriminator of the state.
        verb: The label of the submit button: "Register", "Update", "Import".
        title: The object of the verb and its location, such as "aws_prod → default (local)".
        public_key: The one-time X25519 public key of the kernel in base64, to which the browser seals the submission.
        attempt: The number of submissions that the kernel has processed.
        is_displayed: Whether a front end has displayed the form.
        problem: The problem of the whole form after the last submission; may be empty.
        sections: The sections, one for each secret or component.
        passphrase: The field for a passphrase, if the command needs one.
        rules: The checks of values.
        key_rules: The checks of the names of added keys.
        max_bytes: The maximum size of a value in bytes of UTF-8.
    """

    id: str
    phase: Literal["open"] = "open"
    verb: str
    title: str
    public_key: str
    attempt: int
    is_displayed: bool
    problem: str
    sections: tuple[FormSection, ...]
    passphrase: PassphraseField | None
    rules: tuple[InputRule, ...]
    key_rules: tuple[InputRule, ...]
    max_bytes: int


class ClosedForm(Message):
    """State of a form that has ended; a line replaces the form.

    Attributes:
        id: The identifier of the form.
        phase: The outcome: submitted, cancelled by the user, or dismissed by the kernel.
        line: The line that replaces the form.
        details: Further lines below it, such as warnings.
    """

    id: str
    phase: Literal["submitted", "cancelled", "dismissed"]
    line: str
    details: tuple[str, ...]


FormState = Annotated[OpenForm | ClosedForm, Field(discriminator="phase")]
"""The value of the widget's synchronised trait `form`; each change replaces the whole value."""


class FormOutput(Message):
    """Data of a form in an output, with the fields of ipywidgets' own MIME type.

    Attributes:
        version_major: The major version of ipywidgets' protocol.
        version_minor: The minor version of ipywidgets' protocol.
        model_id: The identifier of the widget's model.
        line: The line to show when the form itself is unavailable.
    """

    version_major: int = 2
    version_minor: int = 1
    model_id: str
    line: str


class SectionAnswer(Message):
    """The values of one section of a submission.

    Attributes:
        values: Pairs of a key and a value, without empty fields. A mapping would lose a repeated key, which is a mistake to report.
        removed: The keys to remove.
    """

    values: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]


class Submission(Message):
    """Content of the sealed message of a submission.

    Attributes:
        form_id: The identifier of the form.
        attempt: The attribute `attempt` of the state that the browser displayed.
        sections: The values of each section, in the order of the form.
        passphrase: The passphrase of the store, if the form has a field for it.
        pad: Spaces that make the length a round number, so that it does not reveal the length of the values.
    """

    form_id: str
    attempt: int
    sections: tuple[SectionAnswer, ...]
    passphrase: str | None = None
    pad: str = ""


def _text_or_empty(value: Any) -> Any:
    """Return ``value`` if it is a text, and otherwise an empty text."""
    return value if isinstance(value, str) else ""


class ShownMessage(Message):
    """Message of a front end that has displayed the form.

    Attributes:
        kind: The discriminator of the message.
    """

    kind: Literal["shown"]


class CancelMessage(Message):
    """Message of a front end whose user has cancelled the form.

    Attributes:
        kind: The discriminator of the message.
    """

    kind: Literal["cancel"]


class SubmitMessage(Message):
    """Message of a front end whose user has submitted the form.

    Attributes:
        kind: The discriminator of the message.
        sealed: The submission as a sealed box in base64.
    """

    kind: Literal["submit"]
    # If ``sealed`` is missing or no text, it becomes an empty text. Its decryption fails, and the form shows the problem.
    sealed: Annotated[str, BeforeValidator(_text_or_empty)] = ""


FormMessage = Annotated[ShownMessage | CancelMessage | SubmitMessage, Field(discriminator="kind")]
"""A custom message of a front end to a form."""

# The validator of all messages of a front end.
_MESSAGES: TypeAdapter[ShownMessage | CancelMessage | SubmitMessage] = TypeAdapter(FormMessage)


def read_message(content: object) -> ShownMessage | CancelMessage | SubmitMessage | None:
    """Validate the content of a message; return ``None`` if it is invalid."""
    try:
        return _MESSAGES.validate_python(content)
    except ValidationError:
        return None


def read_submission(plaintext: bytes) -> Submission | None:
    """Parse the plaintext of a sealed submission; return ``None`` if it is malformed."""
    try:
        # The model is strict. Strict validation accepts a JSON array for a tuple, but not a Python list, which json.loads would return.
        return Submission.model_validate_json(plaintext)
    except ValidationError:
        # The text of the error hides the plaintext, but the error object contains a part of it. Therefore the error is dropped here.
        return None
