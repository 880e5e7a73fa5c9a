"""Tests of references: grammar, parsing, formatting, and near misses.

A near miss is a text that resembles a reference, such as ``{{name}}`` without a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.core.errors import InvalidReferenceError, InvalidSecretError
from zensecrets_jupyter.core.names import check_key, check_name
from zensecrets_jupyter.core.reference import (
    RawText,
    SecretReference,
    find_reference_error,
    find_references,
    has_reference,
    mask_references,
    split_references,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PROPERTY_SETTINGS = settings(deadline=None, max_examples=200)
"""Hypothesis settings of the tests that run with random texts."""


def _is_accepted(check: Callable[[str], object], text: str) -> bool:
    """Return whether ``check`` accepts a name or key."""
    try:
        check(text)
    except InvalidSecretError:
        return False
    return True


NAMES = st.text(min_size=1, max_size=20).filter(lambda text: _is_accepted(check_name, text))
KEYS = st.text(min_size=1, max_size=20).filter(lambda text: _is_accepted(check_key, text))
REFERENCES = st.builds(SecretReference, NAMES, KEYS)
PLAIN_TEXTS = st.text(st.characters(exclude_characters="{}$", exclude_categories=["Cs"]), max_size=20)
"""Texts that can't be part of a reference or near miss.

The category ``Cs`` has the surrogates.
"""


@PROPERTY_SETTINGS
@given(REFERENCES)
def test_parse_and_str_are_inverse(reference: SecretReference) -> None:
    """Parsing the text of any valid reference returns an equal reference."""
    assert SecretReference.parse(str(reference)) == reference
    assert str(SecretReference.parse(str(reference))) == str(reference)


@PROPERTY_SETTINGS
@given(REFERENCES, st.text(" \t\n", max_size=3), st.text(" \t\n", max_size=3))
def test_white_space_inside_the_braces_is_ignored(reference: SecretReference, before: str, after: str) -> None:
    """White space inside the braces does not change the reference."""
    assert SecretReference.parse(f"{{{{{before}{reference.name}.{reference.key}{after}}}}}") == reference


@PROPERTY_SETTINGS
@given(st.lists(st.one_of(PLAIN_TEXTS, REFERENCES), max_size=8))
def test_splitting_keeps_all_parts(parts: list[str | SecretReference]) -> None:
    """Splitting a text returns its references and the texts between them, in order."""
    text = "".join(str(part) for part in parts)
    split_parts = split_references(text)
    assert "".join(str(part) for part in split_parts) == text
    references = tuple(part for part in parts if isinstance(part, SecretReference))
    assert tuple(part for part in split_parts if isinstance(part, SecretReference)) == references
    assert find_references(text) == references


@PROPERTY_SETTINGS
@given(st.text(max_size=60))
def test_any_text_can_be_split(text: str) -> None:
    """The joined parts of any text are equal to the text, except for white space inside the braces of a reference."""
    # A reference has no white space inside its braces when it is formatted. The test removes all white space before it compares.
    joined = "".join(str(part) for part in split_references(text))
    assert "".join(joined.split()) == "".join(text.split())


@PROPERTY_SETTINGS
@given(st.text("{}$. ab-", max_size=25))
def test_braces_are_a_reference_a_near_miss_or_plain_text(text: str) -> None:
    """Any text with braces is a near miss, contains references, or is plain text.

    The error for a near miss is one line, and its position is inside the text.
    """
    error = find_reference_error(text)
    if error is not None:
        assert is_one_line(error)
        assert error.text == text
        assert 0 <= error.position < len(text)
    elif has_reference(text):
        assert find_references(text)


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("{{a.b}}", [("a", "b")]),
        ("{{ a.b }}", [("a", "b")]),
        ("{{a.b.c}}", [("a", "b.c")]),
        ("{{a.b}}{{c.d}}", [("a", "b"), ("c", "d")]),
        ("https://{{db.user}}:{{db.password}}@host", [("db", "user"), ("db", "password")]),
        ("{{a.b}} {{a.b}}", [("a", "b"), ("a", "b")]),
        # Other tests use this long reference in commands.
        ("{{label_studio_secret.YOUR_AUTH_SECRET_VALUE_GOES_HERE}}", [("label_studio_secret", "YOUR_AUTH_SECRET_VALUE_GOES_HERE")]),
        ('{"password": "{{db.password}}"}', [("db", "password")]),
        ("plain", []),
        ("", []),
    ],
)
def test_the_references_in_a_text_are_found(text: str, references: list[tuple[str, str]]) -> None:
    """Each text contains the listed references and no near miss."""
    assert find_references(text) == tuple(references)
    assert has_reference(text) is bool(references)
    assert find_reference_error(text) is None


@pytest.mark.parametrize(
    ("text", "intended_reference", "position"),
    [
        ("{{a}}", "{{a.KEY}}", 0),
        ("{{}}", "{{NAME.KEY}}", 0),
        ("{a.b}", "{{a.b}}", 0),
        ("{{a.b}", "{{a.b}}", 0),
        ("{{a.b", "{{a.b}}", 0),
        ("{a.b}}", "{{a.b}}", 0),
        ("${{a.b}}", "{{a.b}}", 0),
        ("{{{a.b}}}", "{{a.b}}", 0),
        ("{{a .b}}", "{{a.b}}", 0),
        ("{{a. b}}", "{{a.b}}", 0),
        ("{{ a . b }}", "{{a.b}}", 0),
        ("{{a.}}", "{{a.KEY}}", 0),
        ("{{a b.c}}", "{{a_b.c}}", 0),
        ("x={{a}} and more", "{{a.KEY}}", 2),
        ("https://{{db.user}}:{db.password}@host", "{{db.password}}", 20),
        ("{{a.b}} ${{c.d}}", "{{c.d}}", 8),
    ],
)
def test_a_near_miss_names_the_likely_intent(text: str, intended_reference: str, position: int) -> None:
    """The error has the likely reference and the position of the near miss.

    It also has ``--literal``, the option for a raw text.
    """
    error = find_reference_error(text)
    assert error is not None
    assert intended_reference in error.hint
    assert "--literal" in error.hint
    assert error.position == position
    assert error.text == text


# ``name`` is reserved: neither a secret nor a key can have this name. The other names and keys begin with a hyphen, have 256 characters, or
# are unprintable.
@pytest.mark.parametrize("text", ["{{name.key}}", "{{a.name}}", "{{-a.b}}", "{{a.-b}}", "{{" + "x" * 256 + ".k}}", "{{a.\x00}}"])
def test_a_reference_with_an_invalid_name_is_refused(text: str) -> None:
    """Parsing refuses a reference with an invalid name or key.

    No hint suggests the refused reference.
    """
    with pytest.raises(InvalidReferenceError) as caught:
        SecretReference.parse(text)
    assert is_one_line(caught.value)
    error = find_reference_error(text)
    assert error is not None
    assert text not in error.hint


@pytest.mark.parametrize("text", ["", "plain", "{}", '{"a": 1.5}', "a.b", "f{x}", "{1:.2f}", "$x", "{{'a': {}}"])
def test_parsing_any_other_text_is_refused(text: str) -> None:
    """Parsing refuses a text that is no reference, with a hint that shows the syntax."""
    with pytest.raises(InvalidReferenceError) as caught:
        SecretReference.parse(text)
    assert "{{" in caught.value.hint


@pytest.mark.parametrize("text", ["plain", '{"a": {"b": 1.5}}', "{x}", "{0}", "100 %", "a.b", "f(x) { return y.z; }"])
def test_common_texts_with_braces_are_no_near_misses(text: str) -> None:
    """JSON, format strings without a dot, and code are no near misses."""
    assert find_reference_error(text) is None
    assert not has_reference(text)


def test_parse_requires_the_whole_text() -> None:
    """Parsing refuses a reference inside a longer text."""
    with pytest.raises(InvalidReferenceError, match="not one reference"):
        SecretReference.parse("x {{a.b}}")


def test_a_raw_text_has_no_reference() -> None:
    """A RawText contains no reference, even if it looks like one."""
    assert not has_reference(RawText("{{a.b}}"))


@PROPERTY_SETTINGS
@given(PLAIN_TEXTS, REFERENCES, PLAIN_TEXTS)
def test_masking_replaces_only_references(before: str, reference: SecretReference, after: str) -> None:
    """Masking replaces each reference and nothing else."""
    # The texts around the reference contain no mask.
    assume("‹" not in before + after)
    assert mask_references(f"{before}{reference}{after}") == f"{before}‹secret:{reference.name}.{reference.key}›{after}"
