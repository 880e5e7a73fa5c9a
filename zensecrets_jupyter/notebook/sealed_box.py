"""The key to which a browser seals what was typed: made for one message, and forgotten after it."""

from __future__ import annotations

import base64
import binascii

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

LARGEST = 16 * 1024 * 1024
"""Characters in a sealed message at most: more values than a form has fields for, and little enough to look at."""


class RefusedMessageError(Exception):
    """A message to a form was not what its front end sends; the text says why, and never what was in it."""


class OneTimeKey:
    """An X25519 key pair whose private half never leaves this object, for libsodium's sealed boxes (``crypto_box_seal``)."""

    def __init__(self) -> None:
        """Make a new pair."""
        self._private = PrivateKey.generate()

    @property
    def public(self) -> str:
        """The public half, as base64."""
        return base64.b64encode(bytes(self._private.public_key)).decode("ascii")

    def open(self, sealed: object) -> bytes:
        """Return what was sealed to this key.

        Raises:
            RefusedMessageError: If it is no base64, too large, damaged, or was sealed to another key.
        """
        if not isinstance(sealed, str) or len(sealed) > LARGEST:
            raise RefusedMessageError("it holds nothing sealed, or too much")
        try:
            return SealedBox(self._private).decrypt(base64.b64decode(sealed, validate=True))
        except (binascii.Error, ValueError):
            problem = "it is no base64"
        except CryptoError:
            problem = "it was not sealed to this form's present key: another message was dealt with before it, or somebody made it up"
        raise RefusedMessageError(problem)
