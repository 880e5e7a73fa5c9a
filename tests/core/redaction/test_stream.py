"""Streams: a value that comes in pieces is masked, and nothing else is changed, lost or kept for long."""

from __future__ import annotations

import base64
import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import leaks
from tests.support.leaks import FORMS
from tests.support.redaction.values import NASTY, longest_visible, nasty, realistic
from zensecrets_jupyter.core.redaction import FAILED, Redactor, mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS
from zensecrets_jupyter.core.redaction.patterns.token_prefixes import sensitive_span
from zensecrets_jupyter.core.redaction.search import Search
from zensecrets_jupyter.testing.canary import canary, find_canary

VALUES = {
    **{kind: nasty(kind) for kind in NASTY},
    **{name: value for name, value in realistic().items() if len(value) < 300},
    "canary": canary(),
}


def allowed(value: str) -> int:
    """Return how many characters of a value may be seen: half of it, or what is public in it and five more."""
    return max(5, len(value) // 2, sensitive_span(value).start + 5)


def protecting(**values: str) -> Redactor:
    """Return a redactor that protects values as ``a.NAME``."""
    redactor = Redactor()
    for name, value in values.items():
        assert redactor.protect(value, f"a.{name}")
    return redactor


@pytest.mark.once
@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("released", [False, True], ids=["at once", "after a pause"])
def test_a_value_split_at_every_position(kind: str, *, released: bool) -> None:
    """Of a value that is written in two pieces, with or without a pause between, no more than half is seen, and not the rest."""
    value = VALUES[kind]
    redactor = protecting(key=value)
    for position in range(1, len(value)):
        stream = redactor.stream()
        shown = [stream.feed(f"before {value[:position]}")]
        if released:
            shown.append(stream.release())
        shown += [stream.feed(f"{value[position:]} behind\n"), stream.release()]
        text = "".join(shown)
        assert text.startswith("before ")
        assert text.endswith(" behind\n")
        assert longest_visible(value, text) <= allowed(value), position
        assert mask_text("a.key") in text
        assert stream.held == 0


@pytest.mark.parametrize("released", [False, True], ids=["at once", "after a pause"])
def test_a_value_in_three_pieces_and_letter_by_letter(*, released: bool) -> None:
    """However many pieces there are, no more is seen than of two."""
    value = "Kx7Rf2Qm9Lp4Vt8Zs3Wn6Yb1"
    redactor = protecting(key=value)
    splits = [[value[:one], value[one:two], value[two:]] for one in range(1, 23) for two in range(one + 1, 24)]
    for pieces in [*splits, list(value)]:
        stream = redactor.stream()
        text = ""
        for piece in pieces:
            text += stream.feed(piece)
            if released:
                text += stream.release()
        text += stream.feed("!\n") + stream.release()
        assert longest_visible(value, text) <= len(value) // 2
        assert text.endswith(f"{mask_text('a.key')}!\n")
        assert text.count("‹") == 1


IN_ROWS = frozenset({
    "xxd", "hexdump -C", "hexdump", "od", "od -c", "curl --trace", "wrapped table", "wrapped table of pipes", "base32", "base85", "Ascii85",
    "base64 in lines of 20", "list of bytes", "list of code points", "C array", "Unicode numbers", "names of characters", "in HTML spans",
    "in colours", "encoded words, Q", "encoded words, B", "base64 in YAML", "URL twice",
})  # fmt: skip
"""Encoders of which a piece can't be told from other text before more of it came; docs/guard.md says so."""


@pytest.mark.parametrize("released", [False, True], ids=["at once", "after a pause"])
@pytest.mark.parametrize("end", ["-", "-_", "==", "!", "$)", "'", '"'])
def test_a_value_that_ends_in_signs(end: str, *, released: bool) -> None:
    """The signs belong to its mask, although all letters came before them."""
    value = f"{canary('signs')}{end}"
    for position in range(1, len(value)):
        stream = protecting(key=value).stream()
        shown = stream.feed(value[:position]) + (stream.release() if released else "") + stream.feed(f"{value[position:]}\n")
        assert shown.removesuffix("\n").endswith(mask_text("a.key")), position


def test_pieces_of_a_few_letters_among_many_values() -> None:
    """A piece shorter than what is looked for is shown at once, or waits for the rest; its end is found in every other piece."""
    redactor = protecting(**{f"k{number}": canary(f"few{number}") for number in range(200)})
    for piece in ("ab", "x", "few1", "zs", "1 2", *(f"{number:03}" for number in range(0, 1000, 7))):
        stream = redactor.stream()
        assert stream.feed(piece) + stream.feed("\n") == f"{piece}\n"


@pytest.mark.parametrize("begin", ["-", "_-", "--", "!", "#$", "'", '{"', "(("])
def test_a_value_that_begins_with_signs(begin: str) -> None:
    """The signs wait with the first letters, and belong to its mask."""
    value = f"{begin}{canary('signs')}"
    for position in range(len(begin) + 1, len(value)):
        stream = protecting(key=value).stream()
        shown = stream.feed(f"is {value[:position]}") + stream.feed(f"{value[position:]}\n")
        assert shown == f"is {mask_text('a.key')}\n", position


@pytest.mark.once
@pytest.mark.parametrize("encoder", [name for name in ENCODERS if name not in IN_ROWS])
def test_an_encoded_value_split_at_every_position(encoder: str) -> None:
    """However a value is encoded, not half of it is seen when it comes in two pieces."""
    value = f"Kx7\"Rf2'Qm9&\u00e9<Lp4\n8Vt\U0001f600{canary()[-12:]}"
    written = ENCODERS[encoder](value)
    redactor = protecting(key=value)
    for position in range(1, len(written)):
        stream = redactor.stream()
        text = stream.feed(f"<{written[:position]}") + stream.feed(f"{written[position:]}>\n") + stream.release()
        assert mask_text("a.key") in text
        assert len(text.replace(mask_text("a.key"), "")) < len(written) / 2, position
        assert stream.held == 0


@given(st.lists(st.tuples(st.text(max_size=30), st.booleans()), max_size=30))
def test_all_else_arrives_as_it_was(pieces: list[tuple[str, bool]]) -> None:
    """Text that is no secret comes out letter by letter as it went in, however it is cut, released or not."""
    redactor = protecting(a="0" + canary(), b="a" + canary(), c="\x00\x01" + canary(), d="\u00e9" + canary(), e="\U0001f600" + canary())
    stream = redactor.stream()
    shown = ""
    for text, released in pieces:
        shown += stream.feed(text)
        if released:
            shown += stream.release()
            assert stream.held == 0
    shown += stream.release()
    assert shown == "".join(text for text, _ in pieces)
    assert redactor.counts == {}


@given(st.data())
def test_any_pieces_of_a_text_with_values(data: st.DataObject) -> None:
    """However a text with values in it is cut, no value is seen, and what is not a value is."""
    values = {"one": "Kx7Rf2Qm9Lp4Vt8Zs3Wn6Yb1", "two": "Kx7Rf2Qm9Lp4-another-end", "three": "clé\n\U0001f600-voûte"}
    redactor = protecting(**values)
    texts = data.draw(st.lists(st.sampled_from([*values.values(), "été ", "\n", "Kx7", "\x1b[31m", "."]), max_size=6))
    whole = "".join(texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    stream = redactor.stream()
    shown = "".join(stream.feed(whole[start:end]) for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)) + stream.release()
    assert shown == redactor.redact(whole)


@given(st.data())
def test_no_pause_shows_more_than_half(data: st.DataObject) -> None:
    """However a value is cut and wherever the stream pauses, no more than half of it is seen."""
    value = data.draw(st.sampled_from(list(VALUES.values())))
    redactor = protecting(key=value)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(value)), max_size=6)))
    stream = redactor.stream()
    shown = ""
    for start, end in zip([0, *cuts], [*cuts, len(value)], strict=True):
        shown += stream.feed(value[start:end])
        if data.draw(st.booleans()):
            shown += stream.release()
    shown += stream.release()
    assert longest_visible(value, shown) <= allowed(value)


@pytest.mark.once
@pytest.mark.parametrize("form", FORMS)
def test_any_pieces_of_an_encoded_value(form: str) -> None:
    """However the text in which a value stands is cut, no twelve characters of it are seen in a row, in whatever form it is written."""
    choose = random.Random(form)  # noqa: S311 - which pieces a text comes in is no secret
    for _ in range(30):
        planted = FORMS[form]()
        redactor = protecting(**{f"key{index}": value for index, value in enumerate(planted.values)})
        text = f"before {planted.text} behind\n"
        cuts = sorted(choose.sample(range(1, len(text)), min(len(text) - 1, choose.choice([1, 2, 3, 5]))))
        pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        stream = redactor.stream()
        shown = "".join(map(stream.feed, pieces)) + stream.release()
        assert shown.startswith("before ")
        assert shown.endswith(" behind\n")
        assert leaks.LeakSearch({("stream", form): planted}).leaks(shown.encode("utf-8", "surrogatepass")) == set(), pieces


def test_plain_output_is_not_held() -> None:
    """Only an end that may be a value's beginning waits, and no longer than until it is told apart."""
    stream = protecting(key="correct-horse-battery").stream()
    assert stream.feed("Epoch 1/3\n") == "Epoch 1/3\n"
    assert stream.feed("\r 33%|███   | 1/3") == "\r 33%|███   | 1/3"
    assert stream.feed(" correct-h") == " "
    assert stream.held == 9
    assert stream.feed("at\n") == "correct-hat\n"
    assert stream.held == 0


@pytest.mark.parametrize("begins_with", [3, 2, 1])
@pytest.mark.parametrize("text", ["🍎🍏", "żółć", "日本語"])
def test_a_binary_key_that_begins_inside_a_character(text: str, begins_with: int) -> None:
    """The end of a character of the text is also how the key begins: the whole character waits, and is shown."""
    redactor = Redactor()
    key = text.encode()[-begins_with:] + hashlib.sha512(canary("binary").encode()).digest()
    redactor.protect(base64.b64encode(key[:64]).decode(), "a.key")
    stream = redactor.stream()
    # What follows may be punctuation of the key's too, whose bytes are random.
    assert stream.feed(text) + stream.release() + stream.feed(text) + stream.feed("\n") + stream.release() == f"{text}{text}\n"


def test_a_binary_key_whose_bytes_begin_and_end_inside_characters() -> None:
    """Both characters are masked with it, and what is around them is shown."""
    redactor = Redactor()
    letters = canary("within").encode()[-28:]
    key = "🍏".encode()[-2:] + letters + "🍏".encode()[:2]
    redactor.protect(base64.b64encode(key).decode(), "a.key")
    text = f"é 🍏{letters.decode()}🍏 é"
    assert redactor.redact(text) == f"é {mask_text('a.key')} é"
    stream = redactor.stream()
    assert stream.feed(text) + stream.release() == f"é {mask_text('a.key')} é"


def test_what_was_held_is_shown_if_it_tells_little() -> None:
    """After a pause fewer than twelve characters, and less than half of a value, are shown: it may be any word."""
    stream = protecting(key="correct-horse-battery-staple").stream()
    assert stream.feed("correct") + stream.release() == "correct"
    assert stream.feed("ed\n") == "ed\n"
    assert protecting(key="hunter22").stream().feed("hunter") == ""
    stream = protecting(key="hunter22").stream()
    assert stream.feed("hunter") + stream.release() == mask_text("a.key")


def test_a_pem_line_by_line() -> None:
    """A private key that is printed line by line, with a pause after each, shows none of its lines."""
    value = realistic()["pem.pkcs8"]
    redactor = protecting(key=value)
    stream = redactor.stream()
    shown = ""
    for line in value.splitlines(keepends=True):
        shown += stream.feed(line) + stream.release()
    lines = value.splitlines()
    assert find_canary(shown, *lines[1:-2]) == []
    assert longest_visible("".join(lines[2:-2]), shown) < 12
    assert longest_visible(lines[1], shown) < 64


def test_colours_inside_a_split_value() -> None:
    """A value that changes its colour between two pieces is masked."""
    redactor = protecting(key="correct-horse-battery")
    whole = "\x1b[1mcorrect-\x1b[31mhorse-battery\x1b[0m.\n"
    for position in range(1, len(whole)):
        stream = redactor.stream()
        text = stream.feed(whole[:position]) + stream.feed(whole[position:]) + stream.release()
        assert longest_visible("correct-horse-battery", text) <= 5, position
        assert "horse" not in text


def test_a_value_that_comes_while_its_beginning_is_shown() -> None:
    """A value is masked from the moment when it is protected, also in a stream that began before."""
    redactor = Redactor()
    stream = redactor.stream()
    assert stream.feed("correct-horse") == "correct-horse"
    redactor.protect("correct-horse-battery", "a.key")
    assert stream.feed(" correct-horse-battery\n") == f" {mask_text('a.key')}\n"


@pytest.mark.parametrize("function", ["is_clean_line", "find", "unfinished_start"])
def test_what_failed_is_remembered(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """A piece that could not be looked through is not shown, and neither is the rest of a value that began in it."""
    value = "Kx7Rf2Qm9Lp4Vt8Zs3"
    stream = protecting(key=value).stream()
    assert stream.feed("settled\n") == "settled\n"

    def fails(*_arguments: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(Search, function, fails)
        assert stream.feed(value[:10]) == FAILED
    assert stream.feed(f"{value[10:]} behind\n") + stream.release() == " behind\n"
