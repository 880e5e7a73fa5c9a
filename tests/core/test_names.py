"""Tests of the rules for names and keys, and of near misses, which are similar names."""

from __future__ import annotations

import string
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.names import MAX_NAME_LENGTH, check_key, check_name, did_you_mean, near_misses, type_with_article

PROPERTY_SETTINGS = settings(deadline=None, max_examples=100)

# The word "name" is reserved. 256 characters are too long by one. "\ud800" is half of a surrogate pair.
_INVALID_NAMES = ["", "-a", "--", "a b", "a\tb", "a\n", "\u2028", "a\u00a0b", "a{b", "a}b", "\x00", "a\x7f", "\ud800", "name", "x" * 256]


@pytest.mark.parametrize("name", ["a", "A-1_b", "a/b", "é", "秘密", "пароль", "x" * MAX_NAME_LENGTH, "names", "Name", "$x", "🔑"])
def test_a_valid_name_is_returned(name: str) -> None:
    """A valid name has up to 255 letters of any alphabet, digits, signs or emoji."""
    assert check_name(name) == name
    assert check_key(name) == name


@pytest.mark.parametrize("name", _INVALID_NAMES)
def test_an_invalid_name_is_refused_as_name_and_as_key(name: str) -> None:
    """Empty, long, reserved and option-like names, and invalid characters, are refused."""
    for check in (check_name, check_key):
        with pytest.raises(InvalidSecretError) as caught:
            check(name)
        assert caught.value.hint
        assert is_one_line(caught.value)


def test_a_key_may_contain_a_dot() -> None:
    """A key may contain a dot. A name may not, because in a reference the first dot ends the name."""
    assert check_key("tls.crt") == "tls.crt"
    with pytest.raises(InvalidSecretError, match="dots"):
        check_name("tls.crt")


def test_a_long_name_is_truncated_in_errors() -> None:
    """The error for a long name shows its first 20 characters and its length."""
    with pytest.raises(InvalidSecretError, match="1000 characters; 255 are allowed") as caught:
        check_name("x" * 1000)
    assert "x" * 21 not in str(caught.value)


def test_the_error_for_a_key_names_its_secret() -> None:
    """The error for a reserved key names the secret."""
    with pytest.raises(InvalidSecretError, match="of secret 'mine'") as caught:
        check_key("name", name="mine")
    assert caught.value.name == "mine"


@PROPERTY_SETTINGS
@given(st.text(max_size=300))
def test_a_name_is_returned_unchanged_or_refused(text: str) -> None:
    """For any text, the check returns the same text or raises InvalidSecretError."""
    for check in (check_name, check_key):
        with suppress(InvalidSecretError):
            assert check(text) == text


@PROPERTY_SETTINGS
@given(st.text(string.ascii_letters + string.digits + "_-.", min_size=2, max_size=30).filter(lambda text: text != "name"))
def test_a_valid_name_is_a_valid_key(text: str) -> None:
    """Every valid name is a valid key."""
    try:
        check_name(text)
    except InvalidSecretError:
        return
    assert check_key(text) == text


def test_near_misses_are_sorted_by_similarity() -> None:
    """A near miss has swapped letters or another case.

    A very different name is no near miss.
    """
    names = ["openai", "openai_prod", "database", "AWS_PROD"]
    assert near_misses("opneai", names)[0] == "openai"
    assert near_misses("aws_prod", names)[0] == "AWS_PROD"
    assert near_misses("zzz", names) == []


def test_did_you_mean_is_a_question_or_empty() -> None:
    """Two near misses are joined by "or". Without a near miss, the text is empty."""
    assert did_you_mean("token", ["tokens", "tokem"]).count(" or ") == 1
    assert did_you_mean("token", ["Token"]) == "Did you mean 'Token'?"
    assert did_you_mean("token", []) == ""


@pytest.mark.parametrize(("value", "text"), [(1, "an int"), ("", "a str"), (int, "a type"), (object(), "an object"), ({}, "a dict")])
def test_a_type_has_its_article(value: object, text: str) -> None:
    """The name of a type follows "a" or "an"."""
    assert type_with_article(value) == text
