"""What a shared place keeps of a secret: one JSON document, with a mark that says that it is ours, and in which format."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from zensecrets_jupyter.core.errors import ManagerCorruptedError, StoreTooNewError
from zensecrets_jupyter.core.managers.records import SecretRecord

MARK = "zensecrets"
"""The key of a document that says that it is ours; its value is the format."""
FORMAT = 1
"""Version of the document; one with a higher version is left alone."""


@dataclass(frozen=True)
class Document:
    """What a place keeps under a key: its ``text``, kept out of every ``repr``, and the ``token`` that names this very state.

    The token is whatever the place wants to be given back for a write that must not overwrite another's: a version, an etag.
    """

    text: str = field(repr=False)
    token: object = None

    @property
    def size(self) -> int:
        """Bytes that the place is sent."""
        return len(self.text.encode("utf-8"))

    @property
    def is_ours(self) -> bool:
        """Whether it is a document of this package, in whatever state or format."""
        found = _parsed(self.text)
        return isinstance(found, dict) and MARK in found

    @property
    def write(self) -> str:
        """What names the write that made it, 16 hexadecimal digits; empty if it is not ours."""
        return self._text_under("write")

    @property
    def schema(self) -> str:
        """The type of the schema; empty if it is not ours."""
        return self._text_under("schema")

    def _text_under(self, key: str) -> str:
        found = _parsed(self.text)
        text = found.get(key) if isinstance(found, dict) and MARK in found else None
        return text if isinstance(text, str) else ""


def written(record: SecretRecord) -> Document:
    """Return the document for ``record``; no two are alike, so that a writer knows its own again after an answer was lost."""
    document = {MARK: FORMAT, "schema": record.schema, "content": dict(record.content), "write": secrets.token_hex(8)}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # Half a character, which only an escape can write.
        text = json.dumps(document, separators=(",", ":"))
    return Document(text)


def read(document: Document, *, name: str, place: str) -> SecretRecord:
    """Return what the document holds that was found in ``place`` as the secret ``name``.

    Raises:
        ManagerCorruptedError: If it is not ours, or damaged.
        StoreTooNewError: If a newer version of this package wrote it.
    """
    found = _parsed(document.text)
    if not isinstance(found, dict) or MARK not in found:
        raise not_ours(name, place)
    version, schema, content = found[MARK], found.get("schema"), found.get("content")
    if isinstance(version, int) and version > FORMAT:
        message = f"Secret {name!r} in {place} was written by a newer version of zensecrets-jupyter (format {version}, here {FORMAT})."
        raise StoreTooNewError(message, hint="Update it: pip install --upgrade zensecrets-jupyter")
    if version == FORMAT and isinstance(schema, str) and isinstance(content, dict) and set(map(type, content.values())) <= {str}:
        return SecretRecord(schema, content)
    hint = f"It was left as it is: restore an earlier version there, or delete the secret: %secret delete {name}"
    raise ManagerCorruptedError(f"What {place} holds as secret {name!r} is damaged.", hint=hint)


def not_ours(name: str, place: str) -> ManagerCorruptedError:
    """Return the error for something that another program keeps where the secret ``name`` would be."""
    hint = "It was left as it is: use another name, or a secrets manager with another scope."
    return ManagerCorruptedError(f"What {place} holds as {name!r} is no secret of this package: another program wrote it.", hint=hint)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
