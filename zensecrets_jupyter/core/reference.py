"""References to secrets: ``{{name.key}}``, alone or inside a longer text.

Grammar: two opening braces, optional white space, the name of the secret, a dot, the key, optional white space, two closing braces. The
name contains no dot, so the first dot ends the name. Name and key contain no brace and no white space, and do not begin with a hyphen. A
text may contain several references.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeAlias

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidReferenceError, InvalidSecretError, NotInStackError
from zensecrets_jupyter.core.redaction.masks import mask_text
from zensecrets_jupyter.core.text import clause

_REFERENCE = re.compile(r"\{\{\s*(?!-)([^\s{}.]+)\.(?!-)([^\s{}]+)\s*\}\}")
_AFTER_TWO_BRACES = re.compile(r"\{\{([^{}]*)(\}{0,2})")
"""Two opening braces, the text after them, and up to two closing braces."""
_AFTER_ONE_BRACE = re.compile(r"\{\s*([^\s{}.\"':,]+)\s*\.\s*([^\s{}\"':,]+)\s*\}{1,2}")
"""One opening brace, a name, a dot, a key, and one or two closing braces."""


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

        This needs a secrets manager, which only a reference from ``secret.reference(KEY)`` has.

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
        error = find_reference_error(text)
        if error:
            raise error
        match = _REFERENCE.fullmatch(text)
        if match:
            return cls(match[1], match[2])
        message = f"{text!r} is not one reference."
        raise InvalidReferenceError(message, text=text, hint="Write {{SECRET_NAME.KEY}}.")


TextPart: TypeAlias = "str | SecretReference"
"""A part of a text: a reference, or the plain text before, between or after references."""


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


def split_references(text: str) -> tuple[TextPart, ...]:
    """Return ``text`` as a sequence of plain texts and references."""
    parts: list[TextPart] = []
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


def find_reference_error(text: str) -> InvalidReferenceError | None:
    """Return the error for a near miss of a reference in ``text``, or ``None``.

    A near miss is, for example, ``{name.key}`` or ``{{name}}``. The error names the likely reference. A reference with an invalid name or
    key is an error too. If ``text`` has several errors, those of complete references come first, then those with two braces.
    """
    without_references = list(text)
    for match in _REFERENCE.finditer(text):
        start, end = match.span()
        # A sign next to a complete reference makes it a near miss: ``${{name.key}}``, as in GitHub Actions, or ``{{{name.key}}}``.
        has_sign_before = text[start - 1 : start] in {"$", "{"}
        has_brace_after = text[end : end + 1] == "}"
        if has_sign_before or has_brace_after:
            start -= int(has_sign_before)
            return _near_miss_error(text, start, text[start : end + int(has_brace_after)], str(SecretReference(match[1], match[2])))
        name_error = _name_error(SecretReference(match[1], match[2]))
        if name_error:
            message = f"{match[0]!r} has a name that no secret can have: {clause(name_error.message)}"
            return InvalidReferenceError(message, text=text, position=start, hint=name_error.hint)
        # Spaces replace the reference, so that the text after it keeps its position.
        without_references[start:end] = " " * (end - start)
    rest = "".join(without_references)
    two_braces = _AFTER_TWO_BRACES.search(rest)
    if two_braces:
        return _near_miss_error(text, two_braces.start(), two_braces[0].rstrip(), _likely_reference(two_braces[1]))
    one_brace = _AFTER_ONE_BRACE.search(rest)
    if one_brace:
        return _near_miss_error(text, one_brace.start(), one_brace[0], str(SecretReference(one_brace[1], one_brace[2])))
    return None


def _likely_reference(inside: str) -> str:
    """Return the likely reference for ``inside``, the text between ``{{`` and ``}}`` in a near miss."""
    # Hyphens before the name or the key are removed, and so is white space around the dot.
    inside = re.sub(r"\s*\.[\s-]*", ".", inside.strip(" \t\r\n-"))
    has_key = "." in inside.strip(".")
    likely = SecretReference(*inside.split(".", 1)) if has_key else SecretReference(inside.strip(".") or "NAME", "KEY")
    # White space inside a name becomes an underscore.
    return re.sub(r"(?<=\S)\s+(?=\S)", "_", str(likely))


def _name_error(candidate: SecretReference) -> InvalidSecretError | None:
    """Return the error for an invalid name or key, or ``None``."""
    try:
        names.check_name(candidate.name)
        names.check_key(candidate.key, name=candidate.name)
    except InvalidSecretError as error:
        return error
    return None


def _near_miss_error(text: str, position: int, near_miss: str, likely_reference: str) -> InvalidReferenceError:
    message = f"{near_miss!r} is almost a reference to a secret."
    hint = f"Write {likely_reference}, or add --literal for a raw text."
    return InvalidReferenceError(message, text=text, position=position, hint=hint)
