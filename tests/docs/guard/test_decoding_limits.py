"""Tests of docs/guard.md: the limits of the redactor."""

from __future__ import annotations

import base64
import secrets
import zlib
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from tests.docs.guard.guard_page import covers
from tests.docs.guard.values import ESCAPING, LEAK, escaped, is_masked, random_value, redactor_for
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
    transformed = {
        "cut into slices": "".join(f"{number}: {value[number : number + 4]}, " for number in range(0, len(value), 4)),
        "reversed": value[::-1],
        "shifted": "".join(chr(ord(letter) + 1) for letter in value),
        "compressed": base64.b64encode(zlib.compress(value.encode())).decode(),
        "encrypted": Fernet(Fernet.generate_key()).encrypt(value.encode()).decode(),
    }
    assert [name for name, text in transformed.items() if is_masked(value, text)] == []
    assert is_masked(value, value)


@covers("A value inside more than two encodings, or escaped five times, is not recognized.")
@covers("A value in base64 is not recognized if the case of its digits was changed, or if `+` and `/` were replaced.")
def test_three_encodings_and_five_escapes_are_not_decoded() -> None:
    """Two encodings and four escapes are masked, three encodings and five escapes are not.

    Changed base64 digits are not masked either.
    """
    value = random_value()
    twice = ENCODERS["base64"](ENCODERS["hexadecimal"](value))
    assert is_masked(value, twice)
    assert not is_masked(value, ENCODERS["base64"](twice))
    for name in ESCAPING:
        assert is_masked(*escaped(name, 4)), name
        assert not is_masked(*escaped(name, 5)), name
    assert not is_masked(value, ENCODERS["base64"](value).upper())
    # In base64, every third letter of this value becomes a `+` or a `/`.
    with_signs = "".join(f"{random_value(2)}{secrets.choice('?~>')}" for _ in range(8))
    assert is_masked(with_signs, ENCODERS["base64"](with_signs))
    assert not is_masked(with_signs, ENCODERS["base64"](with_signs).translate(str.maketrans("+/", "$*")))


@covers("A value of up to ten letters in base85 is sometimes shown; a longer value is sometimes shown in quoted Ascii85.")
def test_some_values_in_base85_are_shown() -> None:
    """Fewer than a tenth of the short values are shown.

    Of the longer values, fewer than a hundredth are shown.
    """
    longest = 10

    def not_masked(values: list[str], *encoders: str) -> list[str]:
        texts = {}
        for value in values:
            texts[value] = value
            for name in encoders:
                texts[value] = ENCODERS[name](texts[value])
        return [text for value, text in texts.items() if not is_masked(value, text)]

    assert 0 < len(not_masked([random_value(6 + number % (longest - 5)) for number in range(1000)], "base85")) < 100
    assert len(not_masked([random_value(longest + 1 + number % 20) for number in range(1000)], "base85")) < 10
    longer = [random_value() for _ in range(200)]
    assert len(not_masked(longer, "Ascii85")) < 4
    assert 4 < len(not_masked(longer, "Ascii85", "shell")) < len(longer)


EVERYTHING_ENCODED = "%252541 &amp;amp;amp; \\\\\\x41 \\xe9 \x1b[0m <b>x</b> =41 &AOk- | a | b |\n| c | d |\n 'a' 'b' 12 34 56 78 90 91 "
"""A text with many decoded views."""


@covers("Decoding is limited, to save time.")
@covers(
    """All views that result from the same number of decodings are together at most twelve times as long as the text, or three times if the
    text is longer than 100 KB."""
)
@pytest.mark.parametrize(("length", "times"), [(100_000, 12), (3_000_000, 3)])
def test_the_length_of_all_views_is_limited(length: int, times: int) -> None:
    """The total length of an encoded text's views has a limit.

    Each limit may be exceeded by a megabyte. A plain value in the text is always masked.
    """
    text = EVERYTHING_ENCODED * (length // len(EVERYTHING_ENCODED))
    lengths: list[int] = []

    def record_view(data: bytes, _skeleton: bytes) -> list[PatternMatch]:
        lengths.append(len(data))
        return []

    assert list(ViewSearch(16).search(text.encode(), record_view)) == []
    encodings = 2
    assert 2 * len(text) < sum(lengths) < (1 + encodings) * (times * len(text) + (1 << 20))
    value = random_value()
    assert is_masked(value, f"{text[:length]}\n{value}\n")


@covers("In a text of more than 1 MiB, one encoding is decoded, not two inside each other.")
def test_one_encoding_is_decoded_in_a_long_text() -> None:
    """In more than a megabyte base64 is decoded, but base64 of hexadecimal digits is not."""
    line = "an ordinary line\n"
    lines = line * ((1 << 20) // len(line) - 100)
    value = random_value()
    once = ENCODERS["base64"](value)
    twice = ENCODERS["base64"](ENCODERS["hexadecimal"](value))
    redactor = redactor_for(value)
    for text in (once, f'"{once[:20]}\\u{ord(once[20]):04x}{once[21:]}"', twice):
        assert mask_text("a.key") in redactor.redact(lines + text)
    longer = lines + line * 200
    for text in (once, f'"{once[:20]}\\u{ord(once[20]):04x}{once[21:]}"'):
        assert mask_text("a.key") in redactor.redact(longer + text)
    assert mask_text("a.key") not in redactor.redact(longer + twice)


@covers("In a text of more than 64 KiB, an escape is decoded with only one kilobyte of text on either side.")
@pytest.mark.parametrize("length", [1 << 14, 1 << 18])
def test_an_escape_is_decoded_with_a_kilobyte_on_either_side(length: int) -> None:
    """The view of an escape in a long text has a kilobyte on both sides.

    A value with the escape is masked.
    """
    line = "an ordinary line"
    lines = "\n".join([line] * (length // len(line)))
    value = f"{random_value()}/{random_value()}"
    text = f"{lines}\n{value}\n{lines}".replace("/", "%2F")
    views: list[bytes] = []

    def record_view(data: bytes, _skeleton: bytes) -> list[PatternMatch]:
        views.append(data)
        return []

    assert list(ViewSearch(16).search(text.encode(), record_view)) == []
    decoded = next(view for view in views if value.encode() in view)
    if length > 1 << 16:
        assert (1 << 10) < decoded.index(value.encode()) < (1 << 12)
        assert (2 << 10) < len(decoded) < (1 << 13)
    else:
        assert len(decoded) > len(lines)
    shown = redactor_for(value).redact(text)
    assert mask_text("a.key") in shown
    assert longest_visible(value, shown) < LEAK


@covers(
    """Dumps and lists of numbers are decoded in the first 256 KiB of a text, and base85 in the first 128 KiB, up to 8 KiB of text that
    looks like base85."""
)
@covers("The rest of the text is searched without decoding.")
def test_decoding_ends_at_a_limit() -> None:
    """An encoded value is masked up to each limit, a plain value everywhere."""
    numbers, base85 = 1 << 18, 1 << 13
    # A "%" in base85 may look like an escape of a URL. The text around an escape is searched again, also after the limit.
    value = next(value for value in iter(random_value, None) if "%" not in ENCODERS["base85"](value))
    redactor = redactor_for(value)

    def masks(before: str, text: str) -> bool:
        assert mask_text("a.key") in redactor.redact(f"{before}\n{value}")
        return mask_text("a.key") in redactor.redact(f"{before}\n{text}\n")

    lines = "an ordinary line\n" * (numbers // len("an ordinary line\n") + 100)
    for name in ("list of bytes", "hexdump", "od"):
        assert masks(lines[: numbers - 1000], ENCODERS[name](value)), name
        assert not masks(lines[: numbers + 1000], ENCODERS[name](value)), name
    far = 1 << 17
    assert masks(lines[: far - 1000], ENCODERS["base85"](value))
    assert not masks(lines[: far + 1000], ENCODERS["base85"](value))
    # A view without escapes may be shorter, so this text is much longer than the limit.
    for length, expected in ((base85 - 1000, True), (3 * base85, False)):
        assert (
            masks("".join(f"{ENCODERS['base85'](random_value(32))}\n" for _ in range(length // 41)), ENCODERS["base85"](value)) is expected
        )


@covers(
    """If an encoded value arrives in pieces, and the beginning does not reveal the encoding (rows of a dump, tables, base32, base85), the
    first pieces are shown."""
)
def test_the_first_piece_of_some_encodings_is_shown() -> None:
    """Base64, hexadecimal digits and escapes in two pieces are masked.

    The first of three pieces of base85 may be shown.
    """

    def shown(encoder: str, value: str, pieces: int) -> tuple[str, str]:
        text = ENCODERS[encoder](value)
        stream = redactor_for(value).stream()
        length = len(text) // pieces
        cut = [text[start : start + length] for start in range(0, len(text), length)]
        return cut[0], "".join(stream.feed(piece) for piece in (*cut, "\n")) + stream.release()

    for name in ("plain", "base64", "hexadecimal", "URL, every byte", "hexadecimal escapes", "HTML by hexadecimal number"):
        first, text = shown(name, random_value(), 2)
        assert longest_visible(first, text) < LEAK, name
        assert mask_text("a.key") in text, name
    pairs = [shown("base85", random_value(), 3) for _ in range(20)]
    assert [first for first, text in pairs if text.startswith(first)] != []
