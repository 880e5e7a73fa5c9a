"""Authenticated encryption of texts, keyed fingerprints, and checksums.

To *seal* a text means to encrypt it with authentication. The cipher is XChaCha20-Poly1305 as libsodium implements it
(draft-irtf-cfrg-xchacha-03). Its nonce has 192 bits, so random nonces do not repeat, even for a very large number of texts
under one key.
"""

from __future__ import annotations

import hashlib
import secrets

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from zensecrets_jupyter.core.errors import ManagerCorruptedError

KEY_SIZE = 32
"""Size of a key in bytes."""

_NONCE_SIZE = 24
_FORMAT = b"\x01"
"""First byte of a sealed text, which identifies the cipher."""


def new_key() -> bytes:
    """Return a random key."""
    return secrets.token_bytes(KEY_SIZE)


def seal(key: bytes, plaintext: bytes, context: tuple[str, ...]) -> bytes:
    """Return ``plaintext`` in encrypted form, authenticated together with ``context``.

    Decryption needs the same key and the same context, for example the name of a secret. Decryption detects any changed byte. The context
    is the associated data of the cipher (AAD in RFC 8439).
    """
    nonce = secrets.token_bytes(_NONCE_SIZE)
    return _FORMAT + nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, encode(context), nonce, key)


def unseal(key: bytes, sealed: bytes, context: tuple[str, ...]) -> bytes:
    """Return the plaintext of a text that was sealed with this key and context.

    Raises:
        ManagerCorruptedError: If the sealed text was altered, or was sealed with another key or context.
    """
    nonce, ciphertext = sealed[1 : 1 + _NONCE_SIZE], sealed[1 + _NONCE_SIZE :]
    if sealed[:1] == _FORMAT and len(nonce) == _NONCE_SIZE:
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, encode(context), nonce, key)
        except (CryptoError, ValueError):
            pass
    raise ManagerCorruptedError("Sealed data was altered, damaged or moved.", hint="Restore it from a copy.")


def fingerprint(key: bytes, text: str) -> str:
    """Return 32 hexadecimal digits that identify ``text`` and reveal nothing about it without ``key``.

    The fingerprint is a keyed BLAKE2b digest (RFC 7693). Its key is derived from ``key``, so that fingerprints reveal nothing about texts
    that ``key`` seals.
    """
    # BLAKE2's ``person`` separates the uses of one key. It has at most 16 bytes, so "print" is short for fingerprint.
    derived_key = hashlib.blake2b(key=key, digest_size=KEY_SIZE, person=b"zensecrets-print").digest()
    return hashlib.blake2b(_to_bytes(text), key=derived_key, digest_size=16).hexdigest()


def checksum(texts: tuple[str, ...]) -> bytes:
    """Return 16 bytes with which accidental damage to ``texts`` is detected without a key.

    An attacker can forge a checksum.
    """
    return hashlib.blake2b(encode(texts), digest_size=16, person=b"zensecrets-check").digest()


def encode(texts: tuple[str, ...]) -> bytes:
    """Return ``texts`` as bytes, each after its length, so that different tuples have different encodings."""
    encoded_texts = [_to_bytes(text) for text in texts]
    return b"".join(len(encoded_text).to_bytes(4, "big") + encoded_text for encoded_text in encoded_texts)


def _to_bytes(text: str) -> bytes:
    # Python decodes invalid bytes of the environment to lone surrogates (PEP 383), which strict UTF-8 refuses.
    return text.encode("utf-8", "surrogatepass")
