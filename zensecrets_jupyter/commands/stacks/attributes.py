"""Parse the attributes of a component from arguments, and ask for the missing ones."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, get_args, get_origin

from zensecrets_jupyter.commands.asking.form_request import Answer, Answers, Continuation, Field, FormRequest, Section
from zensecrets_jupyter.commands.framework.argument_values import check_expanded, read_value
from zensecrets_jupyter.commands.framework.click_extensions import own_options
from zensecrets_jupyter.commands.framework.component_fields import accepted_fields_of
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
        return f"{self.type.words} {self.name!r}"


def ask_attributes(  # noqa: PLR0913 - two of them are named
    call: Call,
    subject: ComponentLabel,
    given: Sequence[Argument],
    then: Callable[[dict[str, Any]], Outcome],
    *,
    verb: str,
    literal: bool = False,
) -> Outcome:
    """Parse the attributes, ask for those without a value, and run the rest of the command.

    Args:
        call: The context of the command.
        subject: The component.
        given: The arguments.
        then: The rest of the command, which takes the attributes.
        verb: The action, as on a button.
        literal: Whether texts that look like references are raw texts.

    Raises:
        UsageProblem: If an attribute is repeated, or looks like a mistyped option.
        UnreadableFileError: If a file can't be read.
        InvalidComponentError: If a list or a mapping is no JSON. The error never quotes the text.
    """
    fields = accepted_fields_of(subject.type, subject.flavor)
    arguments = _join_repeated([Argument(matching_name(one.key, fields), one.text) for one in given], fields)
    check_duplicates(one.key for one in arguments)
    check_typos((one.key for one in arguments), own_options(), fields)
    # A bare boolean attribute is true, as a flag of any command is.
    arguments = [Argument(one.key, "true") if one.text is None and _is_switch(fields.get(one.key)) else one for one in arguments]
    texts = {one.key: _read(call, one.key, one.text, fields.get(one.key), literal=literal) for one in arguments if one.text is not None}

    def run(answers: Answers) -> Outcome:
        everything = {**texts, **answers[str(subject)].values}
        return then({key: RawText(text) if literal else _value(key, text, fields.get(key)) for key, text in everything.items()})

    asked = [_field(one.key, fields.get(one.key)) for one in arguments if one.text is None]
    if not asked:
        return run({str(subject): Answer({})})
    command = f"%zen {subject.type.command} register {subject.name} --flavor={subject.flavor}"
    section = Section(str(subject), "", tuple(asked), command=command)
    continuation = Continuation(run, passphrase_wanted=lambda: get_workspace().passphrase_wanted)
    return call.asker.ask(FormRequest(verb, str(subject), (section,), continuation))


def _read(call: Call, key: str, text: str, field: FieldInfo | None, *, literal: bool) -> str:
    sensitive = field is None or is_secret_field(field)
    if sensitive and not literal:
        check_expanded(key, text, references=True)
    return read_value(key, text, call.capabilities.piped, sensitive=sensitive)


def _field(key: str, field: FieldInfo | None) -> Field:
    if field is None:
        return Field(key)
    return Field(key, field.description or "", sensitive=not is_clear_text_field(field), media_type=media_type_of(field))


def _value(key: str, text: str, field: FieldInfo | None) -> Any:
    if field is None or not _is_structured(field.annotation) or (has_reference(text) and text.startswith("{{")):
        return text
    if _holds_texts(field.annotation) and not text.lstrip().startswith(("{", "[")):
        return _pairs(key, text)
    if _is_list_of_texts(field.annotation) and not text.lstrip().startswith("["):
        return [one.strip() for one in text.split(",")]
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
    except RecursionError:
        where = "it is nested too deeply"
    message = f"Attribute {key!r} takes a list or a mapping as JSON, and this is none ({where})."
    raise InvalidComponentError(message, hint=f"""Write --{key}='["a", "b"]' or --{key}='{{"a": "b"}}'.""")


def _pairs(key: str, text: str) -> dict[str, str]:
    """Parse ``NAME=VALUE,NAME=VALUE``; a comma separates pairs only if a name and ``=`` follow.

    Raises:
        InvalidComponentError: If a pair has no name or no ``=``, or a name occurs twice. The error never quotes the text.
    """
    pairs = [one.partition("=") for one in re.split(r",(?=[^,=]+=)", text)]
    found = {name.strip(): value.strip() for name, _, value in pairs}
    if all(name.strip() and equals for name, equals, _ in pairs) and len(found) == len(pairs):
        return found
    message = f"Attribute {key!r} takes names with values, and this is none, or the same name twice."
    raise InvalidComponentError(message, hint=f"""Write --{key} NAME=VALUE,NAME=VALUE or --{key}='{{"NAME": "VALUE"}}'.""")


def _holds_texts(annotation: Any) -> bool:
    """Return whether a field is a mapping of texts, which can be written without JSON."""
    return (get_origin(annotation), get_args(annotation)) == (dict, (str, str))


def _is_list_of_texts(annotation: Any) -> bool:
    """Return whether a field is a list of texts, whose option may be repeated or take commas."""
    return (get_origin(annotation), get_args(annotation)) == (tuple, (str, ...))


def _join_repeated(arguments: list[Argument], fields: Mapping[str, FieldInfo]) -> list[Argument]:
    """Return the arguments, with repeated ones joined by commas."""
    joined: dict[str, list[str]] = {}
    for one in arguments:
        field = fields.get(one.key)
        if field is not None and one.text is not None and _is_list_of_texts(field.annotation):
            joined.setdefault(one.key, []).append(one.text)
    several = {key: texts for key, texts in joined.items() if len(texts) > 1}
    kept = [one for one in arguments if one.key not in several or one.text is None]
    return kept + [Argument(key, ",".join(texts)) for key, texts in several.items()]


def _is_structured(annotation: Any) -> bool:
    """Return whether a field is a list or a mapping."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_structured(inner[0])
    if origin in {Union, types.UnionType}:
        return str not in inner and any(_is_structured(option) for option in inner)
    container = origin or annotation
    return isinstance(container, type) and issubclass(container, (list, dict, tuple, set, frozenset, Mapping))


def _is_switch(field: FieldInfo | None) -> bool:
    return field is not None and field.annotation is bool
