"""Parse the attributes of a component from arguments, and ask for missing values."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, get_args, get_origin

from zensecrets_jupyter.commands.asking.form_request import Answer, Answers, Continuation, Field, FormRequest, Section
from zensecrets_jupyter.commands.framework.argument_values import check_expanded, read_value
from zensecrets_jupyter.commands.framework.click_extensions import declared_options
from zensecrets_jupyter.commands.framework.component_flavors import accepted_fields_of_flavor
from zensecrets_jupyter.commands.framework.free_options import Argument, check_duplicates, check_typos, matching_name
from zensecrets_jupyter.core.errors import InvalidComponentError
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field, media_type_of
from zensecrets_jupyter.core.reference import RawText, has_reference
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from zensecrets_jupyter.commands.framework.outcome import Outcome
    from zensecrets_jupyter.commands.front_end import Call
    from zensecrets_jupyter.core.stack import ComponentType


class ComponentLabel(NamedTuple):
    """The type, name and flavor of a component."""

    type: ComponentType
    name: str
    flavor: str

    def __str__(self) -> str:
        """Return the type and name, such as ``annotator 'labels'``."""
        return f"{self.type.label} {self.name!r}"


def ask_attributes(  # noqa: PLR0913 - the parts of a request for attributes
    call: Call,
    subject: ComponentLabel,
    arguments: Sequence[Argument],
    apply_attributes: Callable[[dict[str, Any]], Outcome],
    *,
    verb: str,
    literal: bool = False,
) -> Outcome:
    """Parse the attributes, ask for missing values, and run the rest of the command.

    Args:
        call: The context of the command.
        subject: The component.
        arguments: The free options.
        apply_attributes: The rest of the command, which takes the attributes.
        verb: The label of the form's submit button, such as "Register".
        literal: Whether every text is a raw text. A raw text is neither parsed nor read as a reference.

    Returns:
        The outcome of the rest of the command, or of a form that is submitted later.

    Raises:
        UsageProblem: If an attribute is repeated, or looks like a mistyped option.
        UnreadableFileError: If a file can't be read.
        InvalidComponentError: If a list or a mapping is not valid JSON. The error never quotes the text.
    """
    fields = accepted_fields_of_flavor(subject.type, subject.flavor)
    arguments = _join_repeated([Argument(matching_name(argument.key, fields), argument.text) for argument in arguments], fields)
    check_duplicates(key for key, _ in arguments)
    check_typos((key for key, _ in arguments), declared_options(), fields)
    # A bare option of a boolean attribute means true, like a flag of any command.
    arguments = [Argument(key, "true" if text is None and _is_boolean(fields.get(key)) else text) for key, text in arguments]
    texts = {key: _read_text(call, key, text, fields.get(key), literal=literal) for key, text in arguments if text is not None}

    def run(answers: Answers) -> Outcome:
        all_texts = {**texts, **answers[str(subject)].values}
        return apply_attributes({key: RawText(text) if literal else _parse(key, text, fields.get(key)) for key, text in all_texts.items()})

    form_fields = [_form_field(key, fields.get(key)) for key, text in arguments if text is None]
    if not form_fields:
        return run({str(subject): Answer({})})
    command = f"%zen {subject.type.command} register {subject.name} --flavor={subject.flavor}"
    section = Section(str(subject), "", tuple(form_fields), command=command)
    continuation = Continuation(run, required_passphrase=lambda: get_workspace().required_passphrase)
    return call.asker.ask(FormRequest(verb, str(subject), (section,), continuation))


def _read_text(call: Call, key: str, text: str, field: FieldInfo | None, *, literal: bool) -> str:
    sensitive = field is None or is_secret_field(field)
    if sensitive and not literal:
        check_expanded(key, text, allows_references=True)
    return read_value(key, text, call.capabilities.piped_input, sensitive=sensitive)


def _form_field(key: str, field: FieldInfo | None) -> Field:
    if field is None:
        return Field(key)
    # The form hides the input unless the flavor declares the attribute as clear text.
    return Field(key, field.description or "", sensitive=not is_clear_text_field(field), media_type=media_type_of(field))


def _parse(key: str, text: str, field: FieldInfo | None) -> Any:
    """Parse the text of an attribute.

    Returns:
        A list or a mapping, if the field takes one; otherwise the text. A text that begins with a reference is not parsed.

    Raises:
        InvalidComponentError: If the text of a list or a mapping is not valid.
    """
    # A reference such as {{name.key}} may replace the whole list or mapping.
    if field is None or not _is_structured(field.annotation) or (has_reference(text) and text.startswith("{{")):
        return text
    if _is_mapping_of_texts(field.annotation) and not text.lstrip().startswith(("{", "[")):
        return _parse_pairs(key, text)
    if _is_list_of_texts(field.annotation) and not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",")]
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        location = f"line {error.lineno}, column {error.colno}"
    except RecursionError:
        location = "too deeply nested"
    message = f"Attribute {key!r} takes a list or a mapping as JSON, but the text is not valid JSON ({location})."
    raise InvalidComponentError(message, hint=f"""Write --{key}='["a", "b"]' or --{key}='{{"a": "b"}}'.""")


def _parse_pairs(key: str, text: str) -> dict[str, str]:
    """Return the mapping that a text of the form ``NAME=VALUE,NAME=VALUE`` denotes.

    A comma separates pairs only if a name and ``=`` follow.

    Raises:
        InvalidComponentError: If a pair has no name or no ``=``, or a name occurs twice. The error never quotes the text.
    """
    pairs = [pair.partition("=") for pair in re.split(r",(?=[^,=]+=)", text)]
    values = {name.strip(): value.strip() for name, _, value in pairs}
    if all(name.strip() and equals for name, equals, _ in pairs) and len(values) == len(pairs):
        return values
    message = f"Attribute {key!r} takes pairs of a name and a value, each name once; the text is not of this form."
    raise InvalidComponentError(message, hint=f"""Write --{key} NAME=VALUE,NAME=VALUE or --{key}='{{"NAME": "VALUE"}}'.""")


def _is_mapping_of_texts(annotation: Any) -> bool:
    """Return whether a field is a mapping of texts.

    A person can write its value without JSON, as ``NAME=VALUE,NAME=VALUE``.
    """
    return (get_origin(annotation), get_args(annotation)) == (dict, (str, str))


def _is_list_of_texts(annotation: Any) -> bool:
    """Return whether a field is a list of texts.

    Components declare a list of texts as ``tuple[str, ...]``. A person can write its value without JSON: with commas, or by repeating
    an option in :data:`.REPEATABLE_KEYS`.
    """
    return (get_origin(annotation), get_args(annotation)) == (tuple, (str, ...))


def _join_repeated(arguments: list[Argument], fields: Mapping[str, FieldInfo]) -> list[Argument]:
    """Return the arguments; the repeated arguments of a list are joined by commas.

    For example, ``--clear=region --clear=endpoint`` becomes ``--clear=region,endpoint``. The parser of the line accepts repeated options
    only for :data:`.REPEATABLE_KEYS`.
    """
    texts_by_key: dict[str, list[str]] = {}
    for key, text in arguments:
        field = fields.get(key)
        if field is not None and text is not None and _is_list_of_texts(field.annotation):
            texts_by_key.setdefault(key, []).append(text)
    repeated_texts = {key: texts for key, texts in texts_by_key.items() if len(texts) > 1}
    others = [argument for argument in arguments if argument.key not in repeated_texts or argument.text is None]
    return others + [Argument(key, ",".join(texts)) for key, texts in repeated_texts.items()]


def _is_structured(annotation: Any) -> bool:
    """Return whether a field is a list or a mapping, and takes no plain text.

    A union with ``str`` takes a plain text, so its text is not parsed.
    """
    origin, type_arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_structured(type_arguments[0])
    if origin in {Union, types.UnionType}:
        return str not in type_arguments and any(_is_structured(type_argument) for type_argument in type_arguments)
    container = origin or annotation
    return isinstance(container, type) and issubclass(container, (list, dict, tuple, set, frozenset, Mapping))


def _is_boolean(field: FieldInfo | None) -> bool:
    return field is not None and field.annotation is bool
