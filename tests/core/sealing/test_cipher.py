"""Tests of the cipher and its fingerprints."""

from __future__ import annotations

import pytest

from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.testing.canary import canary, find_canary

CONTEXT = ("secret", "id", "name")
"""A context of the cipher: texts that say what a ciphertext is. Only the same context decrypts the ciphertext."""


@pytest.mark.parametrize("plaintext", [b"", b"\0", canary().encode(), bytes(100_000)], ids=["empty", "NUL", "canary", "long"])
def test_the_same_key_and_context_decrypt(plaintext: bytes) -> None:
    """The same key and context decrypt a ciphertext, and encrypting the same plaintext again gives another ciphertext."""
    key = cipher.new_key()
    sealed = cipher.seal(key, plaintext, CONTEXT)
    assert cipher.unseal(key, sealed, CONTEXT) == plaintext
    assert not find_canary(sealed)
    assert sealed != cipher.seal(key, plaintext, CONTEXT)


def test_any_altered_byte_is_detected() -> None:
    """A flipped bit, a truncated ciphertext or an added byte raises ManagerCorruptedError without the plaintext."""
    key = cipher.new_key()
    sealed = cipher.seal(key, canary().encode(), CONTEXT)
    # One copy for each byte. In this byte, the bit with the value 4 is flipped.
    flipped = [sealed[:index] + bytes([sealed[index] ^ 4]) + sealed[index + 1 :] for index in range(len(sealed))]
    # Layout: a format byte, a nonce of 24 bytes, and the ciphertext with a tag of 16 bytes.
    # The short copies end inside or after one of these parts: 25 bytes have no tag, and 40 bytes are one byte too short for a tag.
    for damaged in [*flipped, b"", sealed[:1], sealed[:24], sealed[:25], sealed[:40], sealed[:-1], sealed + b"\0"]:
        with pytest.raises(ManagerCorruptedError) as caught:
            cipher.unseal(key, damaged, CONTEXT)
        assert not find_canary(repr(caught.value))


@pytest.mark.parametrize(
    "other_context",
    [
        (),
        ("secret", "id"),
        ("secret", "id", "name", ""),
        ("secret", "id", "nam", "e"),
        ("secret", "idname"),
        ("secreti", "d", "name"),
        ("secret", "name", "id"),
    ],
)
def test_another_context_does_not_decrypt(other_context: tuple[str, ...]) -> None:
    """A different context raises ManagerCorruptedError.

    Two contexts are different even if their joined texts are equal, as for ``("a", "bc")`` and ``("ab", "c")``.
    """
    key = cipher.new_key()
    with pytest.raises(ManagerCorruptedError):
        cipher.unseal(key, cipher.seal(key, b"x", CONTEXT), other_context)
    assert cipher.encode(other_context) != cipher.encode(CONTEXT)


def test_another_key_does_not_decrypt() -> None:
    """A different key raises ManagerCorruptedError."""
    sealed = cipher.seal(cipher.new_key(), b"x", CONTEXT)
    with pytest.raises(ManagerCorruptedError):
        cipher.unseal(cipher.new_key(), sealed, CONTEXT)


def test_a_context_may_contain_a_lone_surrogate() -> None:
    """A context may contain a lone surrogate.

    Python decodes invalid bytes of environment variables to lone surrogates.
    """
    key = cipher.new_key()
    sealed = cipher.seal(key, b"x", ("\udc80",))
    assert cipher.unseal(key, sealed, ("\udc80",)) == b"x"


def test_a_fingerprint_depends_on_text_and_key() -> None:
    """The fingerprint of a text is always the same under one key.

    Another text, or another key, gives another fingerprint. A fingerprint has 32 hexadecimal digits.
    """
    key, other_key = cipher.new_key(), cipher.new_key()
    text = canary()
    assert cipher.fingerprint(key, text) == cipher.fingerprint(key, text)
    assert len({cipher.fingerprint(key, text), cipher.fingerprint(key, text + "x"), cipher.fingerprint(other_key, text)}) == 3
    assert len(cipher.fingerprint(key, text)) == 32
    assert not find_canary(cipher.fingerprint(key, text))


def test_libsodium_decrypts_a_sealed_text() -> None:
    """Libsodium decrypts a sealed text without code of this package.

    The documented layout is a format byte, a nonce of 24 bytes, and the ciphertext with its tag. The additional data is the context: four
    bytes with the length of a text precede each text.
    """
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt

    key = cipher.new_key()
    sealed = cipher.seal(key, b"plain", ("a", "bc"))
    format_byte, nonce, ciphertext = sealed[:1], sealed[1:25], sealed[25:]
    additional_data = b"\0\0\0\x01a\0\0\0\x02bc"
    assert format_byte == b"\x01"
    assert crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, additional_data, nonce, key) == b"plain"
