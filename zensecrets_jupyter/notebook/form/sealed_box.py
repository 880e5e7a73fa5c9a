"""Sealed boxes of libsodium, with which the browser encrypts submissions.

Each submission is encrypted to a one-time public key of the kernel.
"""

from __future__ import annotations

import base64
import binascii

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

MAX_LENGTH = 16 * 1024 * 1024
"""Maximum number of characters of a sealed message.

It is more than any form needs, and small enough to decode in memory.
"""


class RefusedMessageError(Exception):
    """A message to a form is invalid.

    The text of the error contains only the reason, such as "it is too long".
    """


class OneTimeKey:
    """An X25519 key pair for one sealed box (libsodium's ``crypto_box_seal``).

    The private key never leaves the object.
    """

    def __init__(self) -> None:
        """Generate the key pair."""
        self._private = PrivateKey.generate()

    @property
    def public(self) -> str:
        """The public key in base64."""
        return base64.b64encode(bytes(self._private.public_key)).decode("ascii")

    def open(self, sealed: str) -> bytes:
        """Decrypt a sealed box in base64, and return its content.

        Raises:
            RefusedMessageError: If the text is not base64, too long, damaged, or sealed to another key.
        """
        if len(sealed) > MAX_LENGTH:
            raise RefusedMessageError("it is too long")
        try:
            return SealedBox(self._private).decrypt(base64.b64decode(sealed, validate=True))
        except (binascii.Error, ValueError):
            problem = "it is not base64"
        except CryptoError:
            problem = "it is not encrypted to the current key of this form: another message was processed before it, or it is forged"
        raise RefusedMessageError(problem)
