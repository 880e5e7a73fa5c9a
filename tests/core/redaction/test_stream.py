"""Redaction of streams: a value that arrives in several chunks is masked, and other text is not changed or delayed."""

from __future__ import annotations

import base64
import hashlib
import itertools
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import leaks
from tests.support.leaks import ENCODINGS
from tests.support.redaction.values import DIFFICULT, difficult_value, longest_visible, realistic_values
from zensecrets_jupyter.core.redaction import FAILED, Redactor, mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS
from zensecrets_jupyter.core.redaction.patterns.token_prefixes import sensitive_span
from zensecrets_jupyter.core.redaction.search import Search
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterable

VALUES = {
    **{kind: difficult_value(kind) for kind in DIFFICULT},
    **{name: value for name, value in realistic_values().items() if len(value) < 300},
    "canary": canary(),
}
"""A value of each kind."""


def max_visible(value: str) -> int:
    """Return how many consecutive characters of a value a stream may show.

    The maximum is the largest of three numbers: five, half of the length of the value, and five more than the length of its public prefix,
    such as ``ghp_``.
    """
    return max(5, len(value) // 2, sensitive_span(value).start + 5)


def redactor_with(**values: str) -> Redactor:
    """Return a redactor that protects each value as ``a.NAME``."""
    redactor = Redactor()
    for name, value in values.items():
        assert redactor.protect(value, f"a.{name}")
    return redactor


def split(text: str, positions: Iterable[int]) -> list[str]:
    """Return the chunks of a text that is split at the positions."""
    borders = [0, *sorted(positions), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(borders)]


@pytest.mark.one_python
@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("has_pause", [False, True], ids=["at once", "after a pause"])
def test_a_value_split_at_every_position(kind: str, *, has_pause: bool) -> None:
    """If a value arrives in two chunks, with or without a pause between them, the stream shows at most :func:`max_visible` characters."""
    value = VALUES[kind]
    redactor = redactor_with(key=value)
    for position in range(1, len(value)):
        stream = redactor.stream()
        output = [stream.feed(f"before {value[:position]}")]
        if has_pause:
            output.append(stream.release())
        output += [stream.feed(f"{value[position:]} after\n"), stream.release()]
        text = "".join(output)
        assert text.startswith("before ")
        assert text.endswith(" after\n")
        assert longest_visible(value, text) <= max_visible(value), position
        assert mask_text("a.key") in text
        assert stream.held_back_length == 0


@pytest.mark.parametrize("has_pause", [False, True], ids=["at once", "after a pause"])
def test_a_value_in_many_chunks(*, has_pause: bool) -> None:
    """If a value arrives in any three chunks, or letter by letter, the stream shows at most half of it."""
    value = "Kx7Rf2Qm9Lp4Vt8Zs3Wn6Yb1"
    redactor = redactor_with(key=value)
    three_chunks = [split(value, positions) for positions in itertools.combinations(range(1, len(value)), 2)]
    for chunks in [*three_chunks, list(value)]:
        stream = redactor.stream()
        text = ""
        for chunk in chunks:
            text += stream.feed(chunk)
            if has_pause:
                text += stream.release()
        text += stream.feed("!\n") + stream.release()
        assert longest_visible(value, text) <= len(value) // 2
        assert text.endswith(f"{mask_text('a.key')}!\n")
        assert text.count("‹") == 1  # There is one mask.


RECOGNIZED_LATE = frozenset({
    "xxd", "hexdump -C", "hexdump", "od", "od -c", "curl --trace", "wrapped table", "wrapped table of pipes", "base32", "base85", "Ascii85",
    "base64 in lines of 20", "list of bytes", "list of code points", "C array", "Unicode numbers", "names of characters", "in HTML spans",
    "terminal colors", "encoded words, Q", "encoded words, B", "base64 in YAML", "URL twice",
})  # fmt: skip
"""Encodings in which the beginning of a value looks like other text.

Therefore, a stream may show this beginning. docs/guard.md documents it.
"""


@pytest.mark.parametrize("has_pause", [False, True], ids=["at once", "after a pause"])
@pytest.mark.parametrize("end", ["-", "-_", "==", "!", "$)", "'", '"'])
def test_punctuation_at_the_end_of_a_value_is_masked(end: str, *, has_pause: bool) -> None:
    """Punctuation at the end of a value is masked, even if it arrives after all letters."""
    value = f"{canary('signs')}{end}"
    for position in range(1, len(value)):
        stream = redactor_with(key=value).stream()
        output = stream.feed(value[:position]) + (stream.release() if has_pause else "") + stream.feed(f"{value[position:]}\n")
        assert output.removesuffix("\n").endswith(mask_text("a.key")), position


def test_short_chunks_with_many_values_are_shown() -> None:
    """A short chunk that is not a value is shown when a line end follows.

    This is also true if many values are protected.

    Some chunks, such as ``zs`` or ``few1``, are parts of the protected canaries.
    """
    redactor = redactor_with(**{f"k{number}": canary(f"few{number}") for number in range(200)})
    for chunk in ("ab", "x", "few1", "zs", "1 2", *(f"{number:03}" for number in range(0, 1000, 7))):
        stream = redactor.stream()
        assert stream.feed(chunk) + stream.feed("\n") == f"{chunk}\n"


@pytest.mark.parametrize("beginning", ["-", "_-", "--", "!", "#$", "'", '{"', "(("])
def test_punctuation_at_the_start_of_a_value_is_masked(beginning: str) -> None:
    """Punctuation at the start of a value is held back and masked together with the first letters."""
    value = f"{beginning}{canary('signs')}"
    for position in range(len(beginning) + 1, len(value)):
        stream = redactor_with(key=value).stream()
        output = stream.feed(f"is {value[:position]}") + stream.feed(f"{value[position:]}\n")
        assert output == f"is {mask_text('a.key')}\n", position


@pytest.mark.one_python
@pytest.mark.parametrize("encoder", [name for name in ENCODERS if name not in RECOGNIZED_LATE])
def test_an_encoded_value_split_at_every_position(encoder: str) -> None:
    """The stream shows less than half of an encoded value that arrives in two chunks."""
    # The value contains characters that encoders escape, and characters of two and four bytes.
    value = f"Kx7\"Rf2'Qm9&\u00e9<Lp4\n8Vt\U0001f600{canary()[-12:]}"
    encoded = ENCODERS[encoder](value)
    redactor = redactor_with(key=value)
    for position in range(1, len(encoded)):
        stream = redactor.stream()
        text = stream.feed(f"<{encoded[:position]}") + stream.feed(f"{encoded[position:]}>\n") + stream.release()
        assert mask_text("a.key") in text
        assert len(text.replace(mask_text("a.key"), "")) < len(encoded) / 2, position
        assert stream.held_back_length == 0


@given(st.lists(st.tuples(st.text(max_size=30), st.booleans()), max_size=30))
def test_other_text_is_not_changed(chunks: list[tuple[str, bool]]) -> None:
    """Text without a value is not changed, for any chunks and pauses."""
    # Hypothesis often generates the first characters of these values, so the stream has to hold them back.
    redactor = redactor_with(a="0" + canary(), b="a" + canary(), c="\x00\x01" + canary(), d="\u00e9" + canary(), e="\U0001f600" + canary())
    stream = redactor.stream()
    output = ""
    for text, has_pause in chunks:
        output += stream.feed(text)
        if has_pause:
            output += stream.release()
            assert stream.held_back_length == 0
    output += stream.release()
    assert output == "".join(text for text, _ in chunks)
    assert redactor.counts == {}


@given(st.data())
def test_a_text_with_values_in_any_chunks(data: st.DataObject) -> None:
    """For any chunks, the redacted stream equals the redacted whole text."""
    # The values one and two have the same beginning.
    values = {"one": "Kx7Rf2Qm9Lp4Vt8Zs3Wn6Yb1", "two": "Kx7Rf2Qm9Lp4-another-end", "three": "clé\n\U0001f600-voûte"}
    redactor = redactor_with(**values)
    texts = data.draw(st.lists(st.sampled_from([*values.values(), "été ", "\n", "Kx7", "\x1b[31m", "."]), max_size=6))
    whole_text = "".join(texts)
    chunks = split(whole_text, data.draw(st.lists(st.integers(0, len(whole_text)), max_size=8)))
    stream = redactor.stream()
    output = "".join(map(stream.feed, chunks)) + stream.release()
    assert output == redactor.redact(whole_text)


@given(st.data())
def test_no_pause_shows_too_much(data: st.DataObject) -> None:
    """For any chunks and pauses, the stream shows at most :func:`max_visible` characters of a value."""
    value = data.draw(st.sampled_from(list(VALUES.values())))
    redactor = redactor_with(key=value)
    stream = redactor.stream()
    output = ""
    for chunk in split(value, data.draw(st.lists(st.integers(0, len(value)), max_size=6))):
        output += stream.feed(chunk)
        if data.draw(st.booleans()):
            output += stream.release()
    output += stream.release()
    assert longest_visible(value, output) <= max_visible(value)


@pytest.mark.one_python
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_encoded_value_in_any_chunks(encoding: str) -> None:
    """The stream shows no part of an encoded value that arrives in random chunks.

    :class:`~tests.support.leaks.LeakSearch` defines the length of a part.
    """
    generator = random.Random(encoding)  # noqa: S311 - the random numbers select chunks and protect nothing
    for _ in range(30):
        # A planted value consists of one or two protected values, and of a text that contains them in the encoding.
        planted_value = ENCODINGS[encoding]()
        redactor = redactor_with(**{f"key{index}": value for index, value in enumerate(planted_value.values)})
        text = f"before {planted_value.text} after\n"
        position_count = min(len(text) - 1, generator.choice([1, 2, 3, 5]))
        chunks = split(text, generator.sample(range(1, len(text)), position_count))
        stream = redactor.stream()
        output = "".join(map(stream.feed, chunks)) + stream.release()
        assert output.startswith("before ")
        assert output.endswith(" after\n")
        assert leaks.LeakSearch({("stream", encoding): planted_value}).leaks(output.encode("utf-8", "surrogatepass")) == set(), chunks


def test_text_that_is_held_back_for_a_removed_value_is_shown() -> None:
    """After the removal of the last value, the next call returns the text that was held back for it, in order."""
    value = canary()
    for releases in (True, False):
        redactor = Redactor()
        redactor.protect(value, "a.b")
        stream = redactor.stream()
        shown = stream.feed(f"text {value[:12]}")
        redactor.forget("a.b")
        shown += f"{stream.release()} more" if releases else stream.feed(" more")
        assert shown == f"text {value[:12]} more"
        assert stream.feed(" text") == " text"


def test_plain_output_is_not_held_back() -> None:
    """A stream holds back only text that may be the beginning of a value.

    It returns this text when the next chunk shows that the value does not follow.
    """
    stream = redactor_with(key="correct-horse-battery").stream()
    assert stream.feed("Epoch 1/3\n") == "Epoch 1/3\n"
    assert stream.feed("\r 33%|███   | 1/3") == "\r 33%|███   | 1/3"
    assert stream.feed(" correct-h") == " "
    assert stream.held_back_length == 9  # The characters "correct-h".
    assert stream.feed("at\n") == "correct-hat\n"
    assert stream.held_back_length == 0


@pytest.mark.parametrize("shared_bytes", [3, 2, 1])
@pytest.mark.parametrize("text", ["🍎🍏", "żółć", "日本語"])
def test_a_character_with_the_first_bytes_of_a_binary_key(text: str, shared_bytes: int) -> None:
    """A character whose last bytes begin a binary key is not masked.

    It is shown at the latest after the next chunk.
    """
    redactor = Redactor()
    key = text.encode()[-shared_bytes:] + hashlib.sha512(canary("binary").encode()).digest()
    redactor.protect(base64.b64encode(key[:64]).decode(), "a.key")
    stream = redactor.stream()
    # The line end comes in a chunk of its own, because the random bytes of the key may contain one.
    assert stream.feed(text) + stream.release() + stream.feed(text) + stream.feed("\n") + stream.release() == f"{text}{text}\n"


def test_a_binary_key_that_begins_and_ends_inside_characters() -> None:
    """If a binary key begins with a part of a character or ends with one, the whole character is masked."""
    redactor = Redactor()
    letters = canary("within").encode()[-28:]
    key = "🍏".encode()[-2:] + letters + "🍏".encode()[:2]
    redactor.protect(base64.b64encode(key).decode(), "a.key")
    text = f"é 🍏{letters.decode()}🍏 é"
    assert redactor.redact(text) == f"é {mask_text('a.key')} é"
    stream = redactor.stream()
    assert stream.feed(text) + stream.release() == f"é {mask_text('a.key')} é"


def test_a_short_prefix_is_shown_after_a_pause() -> None:
    """After a pause, a prefix of less than half of the value is shown.

    The prefix may be a word. A longer prefix is masked.
    """
    stream = redactor_with(key="correct-horse-battery-staple").stream()
    assert stream.feed("correct") + stream.release() == "correct"
    assert stream.feed("ed\n") == "ed\n"
    assert redactor_with(key="hunter22").stream().feed("hunter") == ""
    stream = redactor_with(key="hunter22").stream()
    assert stream.feed("hunter") + stream.release() == mask_text("a.key")


def test_a_private_key_line_by_line() -> None:
    """If a private key is printed line by line with a pause after each line, no line of it is shown."""
    value = realistic_values()["pem.pkcs8"]
    redactor = redactor_with(key=value)
    stream = redactor.stream()
    output = ""
    for line in value.splitlines(keepends=True):
        output += stream.feed(line) + stream.release()
    lines = value.splitlines()
    # The line before the footer is not checked, because it may be short.
    assert find_canary(output, *lines[1:-2]) == []
    assert longest_visible("".join(lines[2:-2]), output) < 12
    # A part of the first line of digits may be shown: it begins with data that all keys of this format share. A whole line has 64 digits.
    assert longest_visible(lines[1], output) < 64


def test_a_colored_value_in_two_chunks() -> None:
    """The stream masks a value whose color changes in the middle, in any two chunks.

    It shows at most five characters of the value.
    """
    redactor = redactor_with(key="correct-horse-battery")
    whole_text = "\x1b[1mcorrect-\x1b[31mhorse-battery\x1b[0m.\n"
    for position in range(1, len(whole_text)):
        stream = redactor.stream()
        text = stream.feed(whole_text[:position]) + stream.feed(whole_text[position:]) + stream.release()
        assert longest_visible("correct-horse-battery", text) <= 5, position
        assert "horse" not in text


def test_a_value_that_is_protected_while_a_stream_is_open() -> None:
    """A value that is protected while a stream is open is masked in later chunks."""
    redactor = Redactor()
    stream = redactor.stream()
    assert stream.feed("correct-horse") == "correct-horse"
    redactor.protect("correct-horse-battery", "a.key")
    assert stream.feed(" correct-horse-battery\n") == f" {mask_text('a.key')}\n"


# The parameters are methods of Search that a stream calls.
@pytest.mark.parametrize("function", ["is_clean_line", "find", "unfinished_start"])
def test_a_chunk_whose_search_fails_is_replaced(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """If the search in a chunk fails, a notice replaces the chunk.

    The rest of a value that began in this chunk is not shown either.
    """
    value = "Kx7Rf2Qm9Lp4Vt8Zs3"
    stream = redactor_with(key=value).stream()
    assert stream.feed("settled\n") == "settled\n"

    def fail(*_arguments: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(Search, function, fail)
        assert stream.feed(value[:10]) == FAILED
    assert stream.feed(f"{value[10:]} after\n") + stream.release() == " after\n"
