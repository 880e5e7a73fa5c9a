"""References to secrets: ``{{name.key}}``, alone or inside a longer text.

Grammar: two braces, optional white space, the name of the secret, a dot, the key, optional white space, two braces. The name contains no
dot, so that the first dot ends it. Name and key contain no brace and no white space. A text may contain several references.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeAlias

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidReferenceError, InvalidSecretError, NotInStackError
from zensecrets_jupyter.core.redaction.masks import mask_text
from zensecrets_jupyter.core.text import clause

_REFERENCE = re.compile(r"\{\{\s*(?!-)([^\s{}.]+)\.(?!-)([^\s{}]+)\s*\}\}")
_DOUBLE = re.compile(r"\{\{([^{}]*)(\}{0,2})")
"""Two braces and the text after them. It is searched after the valid references have been replaced by spaces."""
_SINGLE = re.compile(r"\{\s*([^\s{}.\"':,]+)\s*\.\s*([^\s{}\"':,]+)\s*\}{1,2}")
"""A name and a key after one brace."""


class SecretReference(NamedTuple):
    """A reference: the ``name`` of a secret, and one of its keys.

    ``str()`` returns the text of the reference, and :meth:`parse` reads it.
    """

    name: str
    key: str

    def __str__(self) -> str:
        """Return ``{{name.key}}``."""
        return f"{{{{{self.name}.{self.key}}}}}"

    def resolve(self) -> str:
        """Return the value of the key.

        This is only possible for a reference from ``secret.reference(KEY)``, because it has a secrets manager.

        Raises:
            NotInStackError: If the reference has no secrets manager, because it was parsed from a text or constructed.
        """
        message = f"{self} has no secrets manager that could resolve it."
        raise NotInStackError(message, hint="Resolve it in a stack: Client().active_stack.resolve(str(reference)).")

    @classmethod
    def parse(cls, text: str) -> SecretReference:
        """Return the reference that ``text`` consists of.

        Raises:
            InvalidReferenceError: If ``text`` is anything other than one reference.
        """
        error = near_miss(text)
        if error:
            raise error
        match = _REFERENCE.fullmatch(text)
        if match:
            return cls(match[1], match[2])
        message = f"{text!r} is not one reference."
        raise InvalidReferenceError(message, text=text, hint="Write {{SECRET_NAME.KEY}}.")


Part: TypeAlias = "str | SecretReference"


class RawText(str):
    """A text that is no reference although it looks like one.

    The option ``--literal`` declares an attribute as raw text.
    """

    __slots__ = ()

    def to_json(self) -> dict[str, str]:
        """Return the object that represents the text in the workspace and in stack files."""
        return {"$literal": str(self)}

    @staticmethod
    def from_json(value: Any) -> Any:
        """Return the raw text for an object of :meth:`to_json`, and any other value unchanged."""
        return RawText(value["$literal"]) if isinstance(value, dict) and value.keys() == {"$literal"} else value


def has_reference(value: Any) -> bool:
    """Return whether ``value`` is a text with a reference."""
    return isinstance(value, str) and not isinstance(value, RawText) and _REFERENCE.search(value) is not None


def find_references(text: str) -> tuple[SecretReference, ...]:
    """Return the references in ``text`` in order, with repetitions."""
    return tuple(SecretReference(match[1], match[2]) for match in _REFERENCE.finditer(text))


def single_reference(text: str) -> SecretReference | None:
    """Return the reference that ``text`` consists of, or ``None`` for any other text."""
    match = _REFERENCE.fullmatch(text)
    return SecretReference(match[1], match[2]) if match else None


def split_references(text: str) -> tuple[Part, ...]:
    """Return ``text`` as a sequence of plain texts and references."""
    parts: list[Part] = []
    end = 0
    for match in _REFERENCE.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        parts.append(SecretReference(match[1], match[2]))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    return tuple(parts)


def mask_references(text: str) -> str:
    """Return ``text`` with each reference replaced by the mask of its value, ``‹secret:name.key›``."""
    return _REFERENCE.sub(lambda match: mask_text(f"{match[1]}.{match[2]}"), text)


def near_miss(text: str) -> InvalidReferenceError | None:
    """Return an error if ``text`` contains almost a reference, otherwise ``None``.

    The error names the likely reference. A reference with an invalid name or key counts too.
    """
    blanked = list(text)
    for match in _REFERENCE.finditer(text):
        start, end = match.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        if before in {"$", "{"} or after == "}":
            start -= before in {"$", "{"}
            return _near_miss_error(text, start, text[start : end + (after == "}")], str(SecretReference(match[1], match[2])))
        name_error = _name_error(SecretReference(match[1], match[2]))
        if name_error:
            message = f"{match[0]!r} has a name that no secret can have: {clause(name_error.message)}"
            return InvalidReferenceError(message, text=text, position=start, hint=name_error.hint)
        blanked[start:end] = " " * (end - start)
    rest = "".join(blanked)
    double = _DOUBLE.search(rest)
    if double:
        inside = re.sub(r"\s*\.[\s-]*", ".", double[1].strip(" \t\r\n-"))
        intended = (
            SecretReference(*inside.split(".", 1)) if "." in inside.strip(".") else SecretReference(inside.strip(".") or "NAME", "KEY")
        )
        return _near_miss_error(text, double.start(), double[0].rstrip(), re.sub(r"(?<=\S)\s+(?=\S)", "_", str(intended)))
    single = _SINGLE.search(rest)
    if single:
        return _near_miss_error(text, single.start(), single[0], str(SecretReference(single[1], single[2])))
    return None


def _name_error(candidate: SecretReference) -> InvalidSecretError | None:
    """Return the error for an invalid name or key, or ``None``."""
    try:
        names.check_name(candidate.name)
        names.check_key(candidate.key, name=candidate.name)
    except InvalidSecretError as error:
        return error
    return None


def _near_miss_error(text: str, position: int, wrong: str, intended: str) -> InvalidReferenceError:
    message = f"{wrong!r} is almost a reference to a secret."
    hint = f"Write {intended}, or add --literal for a raw text."
    return InvalidReferenceError(message, text=text, position=position, hint=hint)
