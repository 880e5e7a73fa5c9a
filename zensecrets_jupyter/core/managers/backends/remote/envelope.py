"""The stored text of a secret: a JSON document with a format version. Messages call it the payload."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from zensecrets_jupyter.core.errors import ManagerCorruptedError, StoreTooNewError
from zensecrets_jupyter.core.managers.records import SecretRecord

FORMAT_KEY = "zensecrets"
"""The JSON key of the format version. Only a document of this package has this key."""
FORMAT = 1
"""The format version. A document with a higher version can be deleted, but neither read nor replaced."""


@dataclass(frozen=True)
class SecretEnvelope:
    """The stored text of a secret.

    Attributes:
        text: The text. ``repr`` does not show it.
        token: The value that the service needs for a conditional write, such as a version number or an etag. It is not a credential.
    """

    text: str = field(repr=False)
    token: object = None

    @property
    def size(self) -> int:
        """Number of bytes of the text."""
        return len(self.text.encode("utf-8"))

    @property
    def is_ours(self) -> bool:
        """Whether this package wrote the text. The text may be damaged or have a newer format."""
        document = _parse_json(self.text)
        return isinstance(document, dict) and FORMAT_KEY in document

    @property
    def write_id(self) -> str:
        """ID of the write, with 16 hexadecimal digits. It is empty if another program wrote the text."""
        return self._get_text("write")

    @property
    def schema(self) -> str:
        """Type of the schema. It is empty if another program wrote the text."""
        return self._get_text("schema")

    def _get_text(self, key: str) -> str:
        """Return the text under a key of the document, or an empty text."""
        document = _parse_json(self.text)
        text = document.get(key) if isinstance(document, dict) and FORMAT_KEY in document else None
        return text if isinstance(text, str) else ""


class EnvelopeCodec:
    """Converts records to envelopes and back. A backend whose service has another format uses a subclass."""

    def encode(self, record: SecretRecord) -> SecretEnvelope:
        """Return the envelope of a record, with a new write ID.

        If the response to a write is lost, the writer reads the stored text, and recognizes its own text by the write ID.
        """
        content = {FORMAT_KEY: FORMAT, "schema": record.schema, "content": dict(record.content), "write": secrets.token_hex(8)}
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            # UTF-8 cannot encode lone surrogates, so all characters outside ASCII are escaped.
            text = json.dumps(content, separators=(",", ":"))
        return SecretEnvelope(text)

    def decode(self, envelope: SecretEnvelope, *, name: str, service: str, manager: str) -> SecretRecord:  # noqa: ARG002 - the codec of the zenml backend uses the manager in a message
        """Return the record of an envelope.

        Args:
            envelope: The stored text.
            name: Name of the secret, for messages.
            service: Name of the service, for messages.
            manager: Name of the secrets manager, for messages.

        Raises:
            ManagerCorruptedError: If another program wrote the text, or the text is damaged.
            StoreTooNewError: If a newer version of this package wrote the text.
        """
        document = _parse_json(envelope.text)
        if not isinstance(document, dict) or FORMAT_KEY not in document:
            raise foreign_secret_error(name, service)
        version, schema, content = document[FORMAT_KEY], document.get("schema"), document.get("content")
        if isinstance(version, int) and version > FORMAT:
            message = f"Secret {name!r} in {service} was written by a newer version of zensecrets-jupyter (format {version})."
            raise StoreTooNewError(message, hint="Update this package: pip install --upgrade zensecrets-jupyter")
        # The last condition: all values are texts.
        if version == FORMAT and isinstance(schema, str) and isinstance(content, dict) and set(map(type, content.values())) <= {str}:
            return SecretRecord(schema, content)
        hint = f"It was not changed. Restore an earlier version in the service, or delete the secret: %secret delete {name}"
        raise ManagerCorruptedError(f"The payload of secret {name!r} in {service} is damaged.", hint=hint)


def foreign_secret_error(name: str, service: str) -> ManagerCorruptedError:
    """Return the error for a payload of another program.

    The payload is stored under the key that the secret ``name`` has in the service.
    """
    hint = "It was not changed. Use another name, or a secrets manager with another scope."
    return ManagerCorruptedError(
        f"Another program wrote the payload of {name!r} in {service}, so it is not a secret of this package.", hint=hint
    )


def _parse_json(text: str) -> Any:
    """Return the parsed text, or ``None`` if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
