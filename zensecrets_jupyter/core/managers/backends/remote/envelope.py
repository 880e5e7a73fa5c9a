"""The stored text of a secret: a JSON document that says that this package wrote it, and in which format."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from zensecrets_jupyter.core.errors import ManagerCorruptedError, StoreTooNewError
from zensecrets_jupyter.core.managers.records import SecretRecord

FORMAT_KEY = "zensecrets"
"""The key of a document that says that this package wrote it; its value is the format."""
FORMAT = 1
"""Version of the format; a document with a higher one is left unchanged."""


@dataclass(frozen=True)
class SecretEnvelope:
    """The stored text of a secret.

    Attributes:
        text: The text; kept out of ``repr``.
        token: What the service needs for a conditional write: a version, an etag.
    """

    text: str = field(repr=False)
    token: object = None

    @property
    def size(self) -> int:
        """Number of bytes that are sent."""
        return len(self.text.encode("utf-8"))

    @property
    def is_ours(self) -> bool:
        """Whether this package wrote it, in any format, damaged or not."""
        parsed = _parsed(self.text)
        return isinstance(parsed, dict) and FORMAT_KEY in parsed

    @property
    def write_id(self) -> str:
        """Identifier of the write, 16 hexadecimal digits; empty if another program wrote it."""
        return self._text_under("write")

    @property
    def schema(self) -> str:
        """Type of the schema; empty if another program wrote it."""
        return self._text_under("schema")

    def _text_under(self, key: str) -> str:
        parsed = _parsed(self.text)
        text = parsed.get(key) if isinstance(parsed, dict) and FORMAT_KEY in parsed else None
        return text if isinstance(text, str) else ""


class EnvelopeCodec:
    """Converts secrets to envelopes and back. A service with a format of its own for secrets has a codec of its own."""

    def encode(self, record: SecretRecord) -> SecretEnvelope:
        """Return an envelope for ``record``, with a new write id: a writer recognizes its own text after an answer was lost."""
        content = {FORMAT_KEY: FORMAT, "schema": record.schema, "content": dict(record.content), "write": secrets.token_hex(8)}
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            # A lone surrogate can only be written as an escape.
            text = json.dumps(content, separators=(",", ":"))
        return SecretEnvelope(text)

    def decode(self, envelope: SecretEnvelope, *, name: str, service: str, manager: str) -> SecretRecord:  # noqa: ARG002 - other codecs name the manager
        """Return the secret in an envelope.

        Args:
            envelope: The stored text.
            name: Name of the secret, for messages.
            service: Name of the service, for messages.
            manager: Name of the secrets manager, for messages.

        Raises:
            ManagerCorruptedError: If another program wrote it, or it is damaged.
            StoreTooNewError: If a newer version of this package wrote it.
        """
        parsed = _parsed(envelope.text)
        if not isinstance(parsed, dict) or FORMAT_KEY not in parsed:
            raise foreign_secret(name, service)
        version, schema, content = parsed[FORMAT_KEY], parsed.get("schema"), parsed.get("content")
        if isinstance(version, int) and version > FORMAT:
            message = (
                f"Secret {name!r} in {service} was written by a newer version of zensecrets-jupyter (format {version}, here {FORMAT})."
            )
            raise StoreTooNewError(message, hint="Update it: pip install --upgrade zensecrets-jupyter")
        if version == FORMAT and isinstance(schema, str) and isinstance(content, dict) and set(map(type, content.values())) <= {str}:
            return SecretRecord(schema, content)
        hint = f"It was left as it is: restore an earlier version there, or delete the secret: %secret delete {name}"
        raise ManagerCorruptedError(f"What {service} holds as secret {name!r} is damaged.", hint=hint)


def foreign_secret(name: str, service: str) -> ManagerCorruptedError:
    """Return the error for another program's text under the key of the secret ``name``."""
    hint = "It was left as it is: use another name, or a secrets manager with another scope."
    return ManagerCorruptedError(f"What {service} holds as {name!r} is no secret of this package: another program wrote it.", hint=hint)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
