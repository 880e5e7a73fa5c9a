"""Sealing: authenticated encryption that also says what it belongs to, and keyed fingerprints.

The cipher is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, as libsodium has it). Its nonce of 192 bits may be drawn at random however
many texts one key seals.
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
"""Bytes in a key."""

_NONCE_SIZE = 24
_FORMAT = b"\x01"
"""First byte of what is sealed: which cipher it is, should there ever be another."""


def new_key() -> bytes:
    """Return a random key."""
    return secrets.token_bytes(KEY_SIZE)


def seal(key: bytes, plaintext: bytes, bound_to: tuple[str, ...]) -> bytes:
    """Return ``plaintext`` sealed: only the same key with the same ``bound_to`` opens it, and no byte of it can be altered unseen."""
    nonce = secrets.token_bytes(_NONCE_SIZE)
    return _FORMAT + nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, encode(bound_to), nonce, key)


def unseal(key: bytes, sealed: bytes, bound_to: tuple[str, ...]) -> bytes:
    """Return the plaintext that was sealed with this key and bound to the same.

    Raises:
        ManagerCorruptedError: If it was altered, damaged, moved, or sealed with another key.
    """
    nonce, ciphertext = sealed[1 : 1 + _NONCE_SIZE], sealed[1 + _NONCE_SIZE :]
    if sealed[:1] == _FORMAT and len(nonce) == _NONCE_SIZE:
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, encode(bound_to), nonce, key)
        except (CryptoError, ValueError):
            pass
    raise ManagerCorruptedError("What is sealed was altered, damaged or moved.", hint="Restore it from a copy.")


def fingerprint(key: bytes, text: str) -> str:
    """Return 32 hexadecimal digits that are equal for equal texts, and tell nothing about the text without ``key``.

    It is a keyed BLAKE2b (RFC 7693) under a key derived from ``key``, so that no fingerprint helps against what ``key`` seals.
    """
    derived = hashlib.blake2b(key=key, digest_size=KEY_SIZE, person=b"zensecrets-print").digest()
    return hashlib.blake2b(_bytes(text), key=derived, digest_size=16).hexdigest()


def checksum(parts: tuple[str, ...]) -> bytes:
    """Return 16 bytes by which damage to ``parts`` is seen without any key; they are no proof against a forger."""
    return hashlib.blake2b(encode(parts), digest_size=16, person=b"zensecrets-check").digest()


def encode(parts: tuple[str, ...]) -> bytes:
    """Return ``parts`` as bytes, each with its length before it: no two tuples give the same."""
    encoded = [_bytes(part) for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _bytes(text: str) -> bytes:
    # The environment gives undecodable bytes as lone surrogates, which strict UTF-8 refuses.
    return text.encode("utf-8", "surrogatepass")
