"""What a secret and its keys may be called, and the guesses at what a person meant."""

from __future__ import annotations

import string
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.names import MAX_NAME_LENGTH, check_key, check_name, did_you_mean, near_misses, type_with_article

QUICK = settings(deadline=None, max_examples=100)

_BAD_EVERYWHERE = ["", "-a", "--", "a b", "a\tb", "a\n", "\u2028", "a\u00a0b", "a{b", "a}b", "\x00", "a\x7f", "\ud800", "name", "x" * 256]


@pytest.mark.parametrize("name", ["a", "A-1_b", "a/b", "é", "秘密", "пароль", "x" * MAX_NAME_LENGTH, "names", "Name", "$x", "🔑"])
def test_an_acceptable_name_comes_back(name: str) -> None:
    """Letters of any alphabet, digits and signs make a name, up to 255 of them."""
    assert check_name(name) == name
    assert check_key(name) == name


@pytest.mark.parametrize("name", _BAD_EVERYWHERE)
def test_a_bad_name_is_refused_as_name_and_as_key(name: str) -> None:
    """What is empty, too long, reserved, starts like an option, or holds white space, braces or control characters is refused."""
    for check in (check_name, check_key):
        with pytest.raises(InvalidSecretError) as caught:
            check(name)
        assert caught.value.hint
        assert is_one_line(caught.value)


def test_a_key_may_hold_a_dot_and_a_name_may_not() -> None:
    """A dot ends the name in a reference, hence it is refused in a name alone."""
    assert check_key("tls.crt") == "tls.crt"
    with pytest.raises(InvalidSecretError, match="dots"):
        check_name("tls.crt")


def test_a_long_name_is_not_repeated_whole() -> None:
    """The error on a name of a thousand characters shows its beginning and counts the rest."""
    with pytest.raises(InvalidSecretError, match="1000 characters; 255 are allowed") as caught:
        check_name("x" * 1000)
    assert "x" * 21 not in str(caught.value)


def test_a_bad_key_names_its_secret() -> None:
    """The error on a reserved key says of which secret."""
    with pytest.raises(InvalidSecretError, match="of secret 'mine'") as caught:
        check_key("name", name="mine")
    assert caught.value.name == "mine"


@QUICK
@given(st.text(max_size=300))
def test_a_name_is_accepted_or_refused_and_never_changed(text: str) -> None:
    """Whatever the text, the check returns it as it is or raises our error."""
    for check in (check_name, check_key):
        with suppress(InvalidSecretError):
            assert check(text) == text


@QUICK
@given(st.text(string.ascii_letters + string.digits + "_-.", min_size=2, max_size=30).filter(lambda text: text != "name"))
def test_what_is_a_name_is_a_key(text: str) -> None:
    """Every acceptable name is an acceptable key."""
    try:
        check_name(text)
    except InvalidSecretError:
        return
    assert check_key(text) == text


def test_near_misses_come_nearest_first() -> None:
    """A swapped letter, a wrong case and a missing sign are recognised; what is far away is not."""
    known = ["openai", "openai_prod", "database", "AWS_PROD"]
    assert near_misses("opneai", known)[0] == "openai"
    assert near_misses("aws_prod", known)[0] == "AWS_PROD"
    assert near_misses("zzz", known) == []


def test_did_you_mean_is_a_question_or_nothing() -> None:
    """Two guesses are joined by or; without a guess there is no question."""
    assert did_you_mean("token", ["tokens", "tokem"]).count(" or ") == 1
    assert did_you_mean("token", ["Token"]) == "Did you mean 'Token'?"
    assert did_you_mean("token", []) == ""


@pytest.mark.parametrize(("thing", "told"), [(1, "an int"), ("", "a str"), (int, "a type"), (object(), "an object"), ({}, "a dict")])
def test_a_type_has_its_article(thing: object, told: str) -> None:
    """As a sentence has it."""
    assert type_with_article(thing) == told
