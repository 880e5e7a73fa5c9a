"""Derivation of a key from a passphrase with Argon2id (RFC 9106)."""

from __future__ import annotations

import secrets
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.sealing.cipher import KEY_SIZE
from zensecrets_jupyter.core.system.text_encoding import decode_system_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.sealing.key_protections.interface import KeyParameters


class Argon2Profile(NamedTuple):
    """A named set of Argon2id parameters: the number of passes (``time``), the memory in KiB, and the number of parallel lanes."""

    name: str
    time: int
    memory: int
    lanes: int


RFC_9106_LOW_MEMORY = Argon2Profile("RFC 9106 second recommended option", time=3, memory=65536, lanes=4)
"""RFC 9106, section 4, the second recommended option (64 MiB), with a salt of 128 bits and a key of 256 bits."""

_SALT_SIZE = 16
_MAX_PARAMETERS = Argon2Profile("", time=12, memory=256 * 1024, lanes=16)
"""Upper limits of the parameters. Without limits, the parameters in an altered store, or in an export from another person, could make
a derivation use all memory, or take hours."""
_MAX_WORK = 4 * RFC_9106_LOW_MEMORY.time * RFC_9106_LOW_MEMORY.memory
"""Limit of the product of passes and memory. It is four times the product of :data:`RFC_9106_LOW_MEMORY`, with which a derivation
takes half a second."""

WORK_LIMIT = f"{_MAX_PARAMETERS.time} passes of Argon2 over {RFC_9106_LOW_MEMORY.memory // 1024} MiB of memory"
"""The limit :data:`_MAX_WORK` as a phrase for errors: 12 passes over 64 MiB are the same product.

An error contains this phrase even if another limit is exceeded.
"""


def new_parameters() -> dict[str, str | int]:
    """Return the parameters of a new key: those of Argon2id, and a random salt."""
    profile = RFC_9106_LOW_MEMORY
    return {
        "profile": profile.name,
        "time": profile.time,
        "memory": profile.memory,
        "lanes": profile.lanes,
        "salt": secrets.token_hex(_SALT_SIZE),
    }


def exceeds_limit(parameters: Mapping[str, object]) -> bool:
    """Return whether the passes, the memory, the lanes, or the passes times the memory exceed their limit."""
    time, memory, lanes = (_get_int(parameters, name) for name in ("time", "memory", "lanes"))
    limit = _MAX_PARAMETERS
    return time > limit.time or memory > limit.memory or lanes > limit.lanes or time * memory > _MAX_WORK


def derive_key(passphrase: str, parameters: KeyParameters, label: str) -> bytes:
    """Return the key that is derived from a passphrase.

    Args:
        passphrase: The passphrase.
        parameters: The parameters that :func:`new_parameters` returned for this key.
        label: The name of the opened store or file in errors.

    Raises:
        ManagerCorruptedError: If the parameters are malformed or exceed the limit.
    """
    from argon2.exceptions import HashingError
    from argon2.low_level import Type, hash_secret_raw

    if exceeds_limit(parameters):
        message = f"Opening {label} with its passphrase would take more than {WORK_LIMIT}."
        raise ManagerCorruptedError(message, hint="This package does not write files like that: use another copy.")
    # Argon2 raises HashingError for 0, which is translated below. A negative number would raise OverflowError, so it is replaced by 0.
    time, memory, lanes = (max(0, _get_int(parameters, name)) for name in ("time", "memory", "lanes"))
    # Keyboards produce different Unicode sequences for one character. RFC 8265 prescribes NFC for passwords.
    # "surrogatepass" also encodes lone surrogates, for which the strict encoder raises an error.
    secret = unicodedata.normalize("NFC", decode_system_text(passphrase)).encode("utf-8", "surrogatepass")
    try:
        salt = bytes.fromhex(str(parameters.get("salt")))
        return hash_secret_raw(secret, salt, time, memory, lanes, KEY_SIZE, Type.ID)
    except (HashingError, ValueError):
        pass
    message = f"The passphrase parameters of {label} can't be read."
    raise ManagerCorruptedError(message, hint="Restore it from a copy.")


def _get_int(parameters: Mapping[str, object], name: str) -> int:
    """Return an integer parameter, or 0 if it is missing or has another type."""
    value = parameters.get(name)
    return value if isinstance(value, int) else 0
