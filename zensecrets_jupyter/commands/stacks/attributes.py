"""The attributes of a component as they are typed: texts, with JSON for lists and mappings."""

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
    """The component whose attributes are given."""

    type: ComponentType
    name: str
    flavor: str

    def __str__(self) -> str:
        """Return what a sentence calls it, such as ``annotator 'labels'``."""
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
    """Return what ``then`` returns for the attributes that the arguments give, those that were named without a value asked for.

    Args:
        call: Who is asked.
        subject: The component.
        given: The arguments.
        then: Does what the command is for.
        verb: What that is, as on a button.
        literal: Whether texts are taken as they stand, also where they look like a reference.

    Raises:
        UsageProblem: If an attribute is given twice, or is an option with a slip in it.
        UnreadableFileError: If a file can't be read.
        InvalidComponentError: If a list or a mapping is no JSON; the error never holds the text.
    """
    fields = accepted_fields_of(subject.type, subject.flavor)
    arguments = _repeated([Argument(matching_name(one.key, fields), one.text) for one in given], fields)
    check_duplicates(one.key for one in arguments)
    check_typos((one.key for one in arguments), own_options(), fields)
    # A switch is turned on by its name, as an option of any command is.
    arguments = [Argument(one.key, "true") if one.text is None and _is_switch(fields.get(one.key)) else one for one in arguments]
    texts = {one.key: _read(call, one.key, one.text, fields.get(one.key), literal=literal) for one in arguments if one.text is not None}

    def run(answers: Answers) -> Outcome:
        everything = {**texts, **answers[str(subject)].values}
        return then({key: RawText(text) if literal else _value(key, text, fields.get(key)) for key, text in everything.items()})

    asked = [_question(one.key, fields.get(one.key)) for one in arguments if one.text is None]
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


def _question(key: str, field: FieldInfo | None) -> Field:
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
    """Return what ``NAME=VALUE,NAME=VALUE`` says; a comma stands between two only where a name and a '=' follow.

    Raises:
        InvalidComponentError: If it says nothing, or two things of one name; the error never holds the text.
    """
    pairs = [one.partition("=") for one in re.split(r",(?=[^,=]+=)", text)]
    found = {name.strip(): value.strip() for name, _, value in pairs}
    if all(name.strip() and mark for name, mark, _ in pairs) and len(found) == len(pairs):
        return found
    message = f"Attribute {key!r} takes names with values, and this is none, or the same name twice."
    raise InvalidComponentError(message, hint=f"""Write --{key} NAME=VALUE,NAME=VALUE or --{key}='{{"NAME": "VALUE"}}'.""")


def _holds_texts(annotation: Any) -> bool:
    """Tell whether a field with this annotation holds texts by name, so that it can be written without JSON."""
    return (get_origin(annotation), get_args(annotation)) == (dict, (str, str))


def _is_list_of_texts(annotation: Any) -> bool:
    """Tell whether a field with this annotation holds texts, so that its option may be repeated, or take several with commas."""
    return (get_origin(annotation), get_args(annotation)) == (tuple, (str, ...))


def _repeated(arguments: list[Argument], fields: Mapping[str, FieldInfo]) -> list[Argument]:
    """Return the arguments, with those of an option that may be repeated joined to one."""
    joined: dict[str, list[str]] = {}
    for one in arguments:
        field = fields.get(one.key)
        if field is not None and one.text is not None and _is_list_of_texts(field.annotation):
            joined.setdefault(one.key, []).append(one.text)
    several = {key: texts for key, texts in joined.items() if len(texts) > 1}
    kept = [one for one in arguments if one.key not in several or one.text is None]
    return kept + [Argument(key, ",".join(texts)) for key, texts in several.items()]


def _is_structured(annotation: Any) -> bool:
    """Tell whether a field with this annotation holds a list or a mapping, and no text."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_structured(inner[0])
    if origin in {Union, types.UnionType}:
        return str not in inner and any(_is_structured(option) for option in inner)
    container = origin or annotation
    return isinstance(container, type) and issubclass(container, (list, dict, tuple, set, frozenset, Mapping))


def _is_switch(field: FieldInfo | None) -> bool:
    return field is not None and field.annotation is bool
