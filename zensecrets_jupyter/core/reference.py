"""References to secrets: ``{{name.key}}``, alone or inside a longer text.

The grammar: two braces, optional white space, the secret's name, a dot, the key, optional white space, two braces. The name holds no
dot, so the first dot ends it. Neither holds a brace or white space. A text may hold several references.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeAlias

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidReferenceError, InvalidSecretError, NotInStackError

_REFERENCE = re.compile(r"\{\{\s*(?!-)([^\s{}.]+)\.(?!-)([^\s{}]+)\s*\}\}")
_DOUBLE = re.compile(r"\{\{([^{}]*)(\}{0,2})")
_SINGLE = re.compile(r"\{\s*([^\s{}.\"':,]+)\s*\.\s*([^\s{}\"':,]+)\s*\}{1,2}")


class SecretReference(NamedTuple):
    """One reference: the ``name`` of a secret and one of its keys. ``str()`` gives its text, :meth:`parse` reads it."""

    name: str
    key: str

    def __str__(self) -> str:
        """Return ``{{name.key}}``."""
        return f"{{{{{self.name}.{self.key}}}}}"

    def resolve(self) -> str:
        """Return the value, where the reference knows its secrets manager: one that ``secret.reference(KEY)`` returned does.

        Raises:
            NotInStackError: If it does not, as it was parsed from a text or made by hand.
        """
        message = f"{self} knows no secrets manager to resolve it in."
        raise NotInStackError(message, hint="Resolve it in a stack: Client().active_stack.resolve(str(reference)).")

    @classmethod
    def parse(cls, text: str) -> SecretReference:
        """Return the reference that ``text`` is, as a whole.

        Raises:
            InvalidReferenceError: If it is anything else.
        """
        slip = near_miss(text)
        if slip:
            raise slip
        match = _REFERENCE.fullmatch(text)
        if match:
            return cls(match[1], match[2])
        message = f"{text!r} is not one reference."
        raise InvalidReferenceError(message, text=text, hint="Write {{SECRET_NAME.KEY}}.")


Part: TypeAlias = "str | SecretReference"


class RawText(str):
    """A text that is meant as it stands although it looks like a reference, as ``--literal`` declares it."""

    __slots__ = ()

    def to_json(self) -> dict[str, str]:
        """Return the object that stands for the text in the workspace and in files of stacks."""
        return {"$literal": str(self)}

    @staticmethod
    def from_json(value: Any) -> Any:
        """Return the raw text for an object of :meth:`to_json`, and any other value unchanged."""
        return RawText(value["$literal"]) if isinstance(value, dict) and value.keys() == {"$literal"} else value


def has_reference(value: Any) -> bool:
    """Tell whether ``value`` is a text that holds a reference."""
    return isinstance(value, str) and not isinstance(value, RawText) and _REFERENCE.search(value) is not None


def find_references(text: str) -> tuple[SecretReference, ...]:
    """Return the references in ``text`` in the order in which they stand, repetitions included."""
    return tuple(SecretReference(match[1], match[2]) for match in _REFERENCE.finditer(text))


def only_reference(text: str) -> SecretReference | None:
    """Return the reference that ``text`` is as a whole, or ``None`` if it is anything else."""
    match = _REFERENCE.fullmatch(text)
    return SecretReference(match[1], match[2]) if match else None


def split(text: str) -> tuple[Part, ...]:
    """Return ``text`` in its parts, plain texts and references; joined again they make it, but for white space inside braces."""
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


def mask(text: str) -> str:
    """Return ``text`` with each reference written as the mark that stands for its value, ``‹secret:name.key›``."""
    return _REFERENCE.sub(r"‹secret:\1.\2›", text)


def near_miss(text: str) -> InvalidReferenceError | None:
    """Return an error that names the likely intent if ``text`` holds something that is nearly a reference, else ``None``.

    A reference to a name or key that no secret can have is nearly one too.
    """
    blanked = list(text)
    for match in _REFERENCE.finditer(text):
        start, end = match.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        if before in {"$", "{"} or after == "}":
            start -= before in {"$", "{"}
            return _slip(text, start, text[start : end + (after == "}")], str(SecretReference(match[1], match[2])))
        unfit = _unfit(SecretReference(match[1], match[2]))
        if unfit:
            message = f"{match[0]!r} refers to what can't be: {unfit.message[0].lower()}{unfit.message[1:]}"
            return InvalidReferenceError(message, text=text, position=start, hint=unfit.hint)
        blanked[start:end] = " " * (end - start)
    rest = "".join(blanked)
    double = _DOUBLE.search(rest)
    if double:
        inside = re.sub(r"\s*\.[\s-]*", ".", double[1].strip(" \t\r\n-"))
        intent = SecretReference(*inside.split(".", 1)) if "." in inside.strip(".") else SecretReference(inside.strip(".") or "NAME", "KEY")
        return _slip(text, double.start(), double[0].rstrip(), re.sub(r"(?<=\S)\s+(?=\S)", "_", str(intent)))
    single = _SINGLE.search(rest)
    if single:
        return _slip(text, single.start(), single[0], str(SecretReference(single[1], single[2])))
    return None


def _unfit(found: SecretReference) -> InvalidSecretError | None:
    try:
        names.check_name(found.name)
        names.check_key(found.key, name=found.name)
    except InvalidSecretError as error:
        return error
    return None


def _slip(text: str, position: int, wrong: str, intent: str) -> InvalidReferenceError:
    message = f"{wrong!r} is nearly a reference to a secret."
    hint = f"Write {intent}, or add --literal if the text is meant as it stands."
    return InvalidReferenceError(message, text=text, position=position, hint=hint)
