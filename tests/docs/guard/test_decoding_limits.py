"""Tests of docs/guard.md: the limits of the redactor, which decodes a text, and searches each decoded view of it for values."""

from __future__ import annotations

import base64
import secrets
import zlib
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from tests.docs.guard.guard_page import covers
from tests.docs.guard.values import ESCAPING_ENCODERS, LEAK_LENGTH, is_masked, random_value, redactor_for, value_and_escaped_text
from tests.support.redaction.values import longest_visible
from zensecrets_jupyter.core.redaction import mask_text
from zensecrets_jupyter.core.redaction.decoding.view_search import ViewSearch
from zensecrets_jupyter.core.redaction.encoders import ENCODERS

if TYPE_CHECKING:
    from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch


@covers("A value that was cut into slices, reversed, shifted by one letter, compressed or encrypted is not recognized.")
def test_transformed_values_are_not_masked() -> None:
    """A sliced, reversed, shifted, compressed or encrypted value is shown."""
    value = random_value()
    transformed_values = {
        "cut into slices": "".join(f"{number}: {value[number : number + 4]}, " for number in range(0, len(value), 4)),
        "reversed": value[::-1],
        "shifted": "".join(chr(ord(letter) + 1) for letter in value),
        "compressed": base64.b64encode(zlib.compress(value.encode())).decode(),
        "encrypted": Fernet(Fernet.generate_key()).encrypt(value.encode()).decode(),
    }
    assert [name for name, text in transformed_values.items() if is_masked(value, text)] == []
    assert is_masked(value, value)


def _has_small_letters_at_both_ends(text: str) -> bool:
    return all(any(letter.islower() for letter in end) for end in (text[:8], text[-8:]))


@covers("A value inside more than two encodings, or escaped five times, is not recognized.")
@covers("A value in base64 is not recognized if the case of its digits was changed, or if `+` and `/` were replaced.")
def test_three_encodings_and_five_escapes_are_not_decoded() -> None:
    """A value in two encodings or four escapes is masked; in three encodings or five escapes it is shown.

    A value in base64 is shown if its digits were changed.
    """
    value = random_value()
    text_in_two_encodings = ENCODERS["base64"](ENCODERS["hexadecimal"](value))
    assert is_masked(value, text_in_two_encodings)
    assert not is_masked(value, ENCODERS["base64"](text_in_two_encodings))
    for name in ESCAPING_ENCODERS:
        assert is_masked(*value_and_escaped_text(name, 4)), name
        assert not is_masked(*value_and_escaped_text(name, 5)), name
    # The base64 of this value has lower-case letters near both ends. Without them, `upper` may leave an end unchanged, and an unchanged
    # end is masked.
    value = next(value for value in iter(random_value, None) if _has_small_letters_at_both_ends(ENCODERS["base64"](value)))
    assert not is_masked(value, ENCODERS["base64"](value).upper())
    # Base64 writes three characters as four digits. In this value, the fourth digit is always `+` or `/`.
    value_with_signs = "".join(f"{random_value(2)}{secrets.choice('?~>')}" for _ in range(8))
    assert is_masked(value_with_signs, ENCODERS["base64"](value_with_signs))
    assert not is_masked(value_with_signs, ENCODERS["base64"](value_with_signs).translate(str.maketrans("+/", "$*")))


@covers("A value of up to ten letters in base85 is sometimes shown; a longer value is sometimes shown in quoted Ascii85.")
def test_some_values_in_base85_are_shown() -> None:
    """In base85, some short values and very few longer values are shown.

    The limits are a tenth of the short values and a hundredth of the longer values.
    In Ascii85, some longer values are shown if the text is also quoted for a shell.
    """

    def unmasked_count(values: list[str], *encoders: str) -> int:
        count = 0
        for value in values:
            text = value
            for name in encoders:
                text = ENCODERS[name](text)
            count += not is_masked(value, text)
        return count

    # A short value has 6 to 10 letters, and a longer one has 11 to 30. The lengths take turns in the list.
    short_values = [random_value(6 + index % 5) for index in range(1000)]
    longer_values = [random_value(11 + index % 20) for index in range(1000)]
    assert 0 < unmasked_count(short_values, "base85") < 100
    assert unmasked_count(longer_values, "base85") < 10
    values_of_24_letters = [random_value() for _ in range(200)]
    assert unmasked_count(values_of_24_letters, "Ascii85") < 4
    assert 4 < unmasked_count(values_of_24_letters, "Ascii85", "shell") < 200


MANY_ENCODINGS = "%252541 &amp;amp;amp; \\\\\\x41 \\xe9 \x1b[0m <b>x</b> =41 &AOk- | a | b |\n| c | d |\n 'a' 'b' 12 34 56 78 90 91 "
"""A text with pieces in many encodings, which has many decoded views."""


@covers("Decoding is limited, to save time.")
@covers(
    """All views that result from the same number of decodings are together at most twelve times as long as the text, or three times if the
    text is longer than 100 KB."""
)
@pytest.mark.parametrize(("length", "factor"), [(100_000, 12), (3_000_000, 3)])
def test_the_length_of_all_views_is_limited(length: int, factor: int) -> None:
    """The views of a text together are at most ``factor`` times as long as the text, for each number of decodings.

    This limit may be exceeded by a megabyte. A plain value in the text is always masked.
    """
    text = MANY_ENCODINGS * (length // len(MANY_ENCODINGS))
    lengths_of_views: list[int] = []

    def record_view(data: bytes, _skeleton: bytes) -> list[PatternMatch]:
        lengths_of_views.append(len(data))
        return []

    # The argument is the length of the shortest value. `record_view` reports no match in any view.
    assert list(ViewSearch(16).search(text.encode(), record_view)) == []
    # A view results from zero, one or two decodings, and the limit applies to each of these three numbers.
    assert 2 * len(text) < sum(lengths_of_views) < 3 * (factor * len(text) + (1 << 20))
    value = random_value()
    assert is_masked(value, f"{text[:length]}\n{value}\n")


@covers("In a text of more than 1 MiB, one encoding is decoded, not two inside each other.")
def test_one_encoding_is_decoded_in_a_long_text() -> None:
    """In a text of more than 1 MiB, base64 is decoded.

    It is decoded even if one digit is escaped. Base64 of hexadecimal digits is not decoded.
    """
    line = "an ordinary line\n"
    # The first text is a hundred lines shorter than 1 MiB, and the second one a hundred lines longer.
    short_text = line * ((1 << 20) // len(line) - 100)
    long_text = short_text + line * 200
    value = random_value()
    encoded_once = ENCODERS["base64"](value)
    # Any digit of base64 may be written as an escape in a string of JSON. The test escapes the digit with index 20.
    escaped_digit = f"\\u{ord(encoded_once[20]):04x}"
    encoded_with_escape = f'"{encoded_once[:20]}{escaped_digit}{encoded_once[21:]}"'
    encoded_twice = ENCODERS["base64"](ENCODERS["hexadecimal"](value))
    redactor = redactor_for(value)
    for encoded_value in (encoded_once, encoded_with_escape, encoded_twice):
        assert mask_text("a.key") in redactor.redact(short_text + encoded_value)
    for encoded_value in (encoded_once, encoded_with_escape):
        assert mask_text("a.key") in redactor.redact(long_text + encoded_value)
    assert mask_text("a.key") not in redactor.redact(long_text + encoded_twice)


@covers("In a text of more than 64 KiB, an escape is decoded with only one kilobyte of text on either side.")
@pytest.mark.parametrize("length", [1 << 14, 1 << 18])
def test_an_escape_is_decoded_with_a_kilobyte_on_either_side(length: int) -> None:
    """In a long text, the decoded view has the value with the escape and a kilobyte on either side. A short text is decoded completely.

    The value is masked in both.
    """
    line = "an ordinary line"
    lines = "\n".join([line] * (length // len(line)))
    value = f"{random_value()}/{random_value()}"
    text = f"{lines}\n{value}\n{lines}".replace("/", "%2F")
    views: list[bytes] = []

    def record_view(data: bytes, _skeleton: bytes) -> list[PatternMatch]:
        views.append(data)
        return []

    # The search is for values of at least 16 bytes. `record_view` reports no match in any view.
    assert list(ViewSearch(16).search(text.encode(), record_view)) == []
    decoded_view = next(view for view in views if value.encode() in view)
    if length > 1 << 16:
        # The view may have more than a kilobyte on either side. The test allows 4 KiB before the value, and 8 KiB in all.
        assert (1 << 10) < decoded_view.index(value.encode()) < (1 << 12)
        assert (2 << 10) < len(decoded_view) < (1 << 13)
    else:
        assert len(decoded_view) > len(lines)
    redacted_text = redactor_for(value).redact(text)
    assert mask_text("a.key") in redacted_text
    assert longest_visible(value, redacted_text) < LEAK_LENGTH


@covers(
    """Dumps and lists of numbers are decoded in the first 256 KiB of a text, and base85 in the first 128 KiB, up to 8 KiB of text that
    looks like base85."""
)
@covers("The rest of the text is searched without decoding.")
def test_decoding_ends_at_a_limit() -> None:
    """An encoded value is masked before each of three limits, and shown after it.

    A plain value is masked everywhere.
    """
    numbers_limit, base85_limit, base85_length_limit = 1 << 18, 1 << 17, 1 << 13
    # The base85 of this value has no "%", which may look like an escape of a URL. The text around an escape is searched again, also after
    # the limit, so the value could be masked there.
    value = next(value for value in iter(random_value, None) if "%" not in ENCODERS["base85"](value))
    value_in_base85 = ENCODERS["base85"](value)
    redactor = redactor_for(value)

    def is_masked_after(text: str, encoded_value: str) -> bool:
        """Return whether an encoded value is masked after ``text``.

        The plain value must always be masked there.
        """
        assert mask_text("a.key") in redactor.redact(f"{text}\n{value}")
        return mask_text("a.key") in redactor.redact(f"{text}\n{encoded_value}\n")

    lines = "an ordinary line\n" * (numbers_limit // len("an ordinary line\n") + 100)
    for name in ("list of bytes", "hexdump", "od"):
        assert is_masked_after(lines[: numbers_limit - 1000], ENCODERS[name](value)), name
        assert not is_masked_after(lines[: numbers_limit + 1000], ENCODERS[name](value)), name
    assert is_masked_after(lines[: base85_limit - 1000], value_in_base85)
    assert not is_masked_after(lines[: base85_limit + 1000], value_in_base85)

    def text_in_base85(length: int) -> str:
        # Base85 writes 32 bytes as 40 digits. With the line end, a line has 41 characters.
        return "".join(f"{ENCODERS['base85'](random_value(32))}\n" for _ in range(length // 41))

    assert is_masked_after(text_in_base85(base85_length_limit - 1000), value_in_base85)
    # Digits of base85 may look like escapes. A view in which these are decoded is shorter than the text, and could be below the limit.
    # Three times the limit is long enough.
    assert not is_masked_after(text_in_base85(3 * base85_length_limit), value_in_base85)


@covers(
    """If an encoded value arrives in pieces, and the beginning does not reveal the encoding (rows of a dump, tables, base32, base85), the
    first pieces are shown."""
)
def test_the_first_piece_of_some_encodings_is_shown() -> None:
    """Plain text, base64, hexadecimal digits and escapes in two pieces are masked.

    The first of three pieces of base85 is shown for some values, so the test uses 20 values.
    """

    def first_piece_and_output(encoder: str, value: str, piece_count: int) -> tuple[str, str]:
        text = ENCODERS[encoder](value)
        stream = redactor_for(value).stream()
        length = len(text) // piece_count
        pieces = [text[start : start + length] for start in range(0, len(text), length)]
        return pieces[0], "".join(stream.feed(piece) for piece in (*pieces, "\n")) + stream.release()

    for name in ("plain", "base64", "hexadecimal", "URL, every byte", "hexadecimal escapes", "HTML by hexadecimal number"):
        first_piece, output = first_piece_and_output(name, random_value(), 2)
        assert longest_visible(first_piece, output) < LEAK_LENGTH, name
        assert mask_text("a.key") in output, name
    base85_results = [first_piece_and_output("base85", random_value(), 3) for _ in range(20)]
    assert any(output.startswith(first_piece) for first_piece, output in base85_results)
