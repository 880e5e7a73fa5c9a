"""Id and text of a wrapping key that is stored in a file or in the keyring."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.sealing.cipher import KEY_SIZE

if TYPE_CHECKING:
    from zensecrets_jupyter.core.sealing.key_protections.interface import KeyParameters

_KEY_ID = re.compile(r"[0-9a-f]+")


def new_key_id() -> str:
    """Return a random id for a new key."""
    return uuid.uuid4().hex


def get_key_id(parameters: KeyParameters, label: str) -> str:
    """Return the id of a key from its parameters.

    Raises:
        ManagerCorruptedError: If the id is missing or malformed.
    """
    # The database stores the id in clear text. Without this check, an altered id such as "../x" could select a file in another folder.
    key_id = parameters.get("id")
    if isinstance(key_id, str) and _KEY_ID.fullmatch(key_id):
        return key_id
    raise ManagerCorruptedError(f"The location of the key of {label} can't be read.", hint="Restore it from a copy.")


def encode_key(key: bytes) -> str:
    """Return the text that is stored for a key."""
    return base64.b64encode(key).decode("ascii")


def decode_key(text: str | bytes) -> bytes:
    """Return the key that :func:`encode_key` encoded, or ``b""`` if ``text`` is not an encoded key."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return key if len(key) == KEY_SIZE else b""
