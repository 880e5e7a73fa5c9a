"""The cipher: what it opens, and what it refuses."""

from __future__ import annotations

import pytest

from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.testing.canary import canary, find_canary

BOUND = ("secret", "id", "name")


@pytest.mark.parametrize("plaintext", [b"", b"\0", canary().encode(), bytes(100_000)], ids=["empty", "NUL", "canary", "long"])
def test_what_is_sealed_opens_with_the_same_key_and_binding(plaintext: bytes) -> None:
    """The plaintext comes back, is not in what is sealed, and is sealed differently each time."""
    key = cipher.new_key()
    sealed = cipher.seal(key, plaintext, BOUND)
    assert cipher.unseal(key, sealed, BOUND) == plaintext
    assert not find_canary(sealed)
    assert sealed != cipher.seal(key, plaintext, BOUND)


def test_each_altered_byte_is_found_out() -> None:
    """A flipped bit anywhere, a cut end and an added byte are ManagerCorruptedError without a value in it."""
    key = cipher.new_key()
    sealed = cipher.seal(key, canary().encode(), BOUND)
    flipped = [sealed[:index] + bytes([sealed[index] ^ 4]) + sealed[index + 1 :] for index in range(len(sealed))]
    for damaged in [*flipped, b"", sealed[:1], sealed[:24], sealed[:25], sealed[:40], sealed[:-1], sealed + b"\0"]:
        with pytest.raises(ManagerCorruptedError) as caught:
            cipher.unseal(key, damaged, BOUND)
        assert not find_canary(repr(caught.value))


@pytest.mark.parametrize(
    "other",
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
def test_another_binding_does_not_open(other: tuple[str, ...]) -> None:
    """What is bound to some texts opens with exactly those, however the others join to the same letters."""
    key = cipher.new_key()
    with pytest.raises(ManagerCorruptedError):
        cipher.unseal(key, cipher.seal(key, b"x", BOUND), other)
    assert cipher.encode(other) != cipher.encode(BOUND)


def test_another_key_does_not_open() -> None:
    """Each new key is another one, and opens only what it sealed."""
    sealed = cipher.seal(cipher.new_key(), b"x", BOUND)
    with pytest.raises(ManagerCorruptedError):
        cipher.unseal(cipher.new_key(), sealed, BOUND)


def test_a_text_that_is_no_unicode_can_be_bound_to() -> None:
    """A lone surrogate, as the environment gives for undecodable bytes, is bound to like any other text."""
    key = cipher.new_key()
    sealed = cipher.seal(key, b"x", ("\udc80",))
    assert cipher.unseal(key, sealed, ("\udc80",)) == b"x"


def test_fingerprints_are_equal_for_equal_texts_under_one_key() -> None:
    """A fingerprint tells equal texts from others under one key, differs under another, and holds nothing of the text."""
    key, other = cipher.new_key(), cipher.new_key()
    text = canary()
    assert cipher.fingerprint(key, text) == cipher.fingerprint(key, text)
    assert len({cipher.fingerprint(key, text), cipher.fingerprint(key, text + "x"), cipher.fingerprint(other, text)}) == 3
    assert len(cipher.fingerprint(key, text)) == 32
    assert not find_canary(cipher.fingerprint(key, text))


def test_the_cipher_is_what_libsodium_documents() -> None:
    """What is sealed opens with libsodium's own call, from the documented layout: a format byte, the nonce, the ciphertext with its tag."""
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt

    key = cipher.new_key()
    sealed = cipher.seal(key, b"plain", ("a", "bc"))
    opened = crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[25:], b"\0\0\0\x01a\0\0\0\x02bc", sealed[1:25], key)
    assert (sealed[:1], opened) == (b"\x01", b"plain")
