"""What the tests of the guard plant and look for: the forms of values, written anew, so that a mistake in ours does not hide itself."""

from __future__ import annotations

import base64
import html
import json
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, quote_plus

from ahocorasick_rs import BytesAhoCorasick

from zensecrets_jupyter.core.redaction.encoders import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

WINDOW = 12
"""So many characters of a value in a row are a leak; leaks.md."""


class PlantedValue(NamedTuple):
    """What is planted in one channel in one form.

    Attributes:
        values: What the guard is told: one value, or two that overlap.
        text: What the code lets out.
        traces: Texts of which no part may be seen.
    """

    values: list[str]
    text: str
    traces: list[str]


def _nasty() -> str:
    return "".join(f"{secrets.token_hex(3)}{letter}" for letter in "\"'\\&<é 😀%") + secrets.token_hex(3)


def _plainly() -> str:
    return secrets.token_urlsafe(30)


def _of(encode: Callable[[str], str], make: Callable[[], str] = _nasty) -> Callable[[], PlantedValue]:
    def plant() -> PlantedValue:
        value = make()
        text = encode(value)
        return PlantedValue([value], text, [text, value])

    return plant


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _shifted(before: bytes) -> Callable[[], PlantedValue]:
    def plant() -> PlantedValue:
        value = _nasty()
        text = _b64(before + value.encode())
        # Its first digits tell of what was before, which is no secret.
        return PlantedValue([value], text, [text[4 * len(before) // 3 + 2 :], value])

    return plant


def _pem(line_end: str) -> Callable[[], PlantedValue]:
    def plant() -> PlantedValue:
        lines = [base64.b64encode(secrets.token_bytes(48)).decode() for _ in range(4)]
        whole = ["-----BEGIN CANARY KEY-----", *lines, "-----END CANARY KEY-----", ""]
        return PlantedValue(["\n".join(whole)], line_end.join(whole), lines)

    return plant


def _line_of_pem() -> PlantedValue:
    value, _, lines = _pem("\n")()
    return PlantedValue(value, f"a line of it: {lines[2]}", [lines[2]])


def _overlapping() -> PlantedValue:
    text = secrets.token_hex(24)
    return PlantedValue([text[:32], text[16:]], text, [text])


def _coloured_inside(value: str) -> str:
    return f"{value[:15]}\x1b[31m{value[15:]}\x1b[0m"


def _leaf() -> PlantedValue:
    value = _plainly()
    return PlantedValue([json.dumps({"type": "canary", "private": value})], value, [value])


def _basic_auth() -> PlantedValue:
    value = _nasty()
    whole = _b64(b"somebody:" + value.encode())
    return PlantedValue([value], f"Authorization: Basic {whole}", [whole[12:]])


FORMS: dict[str, Callable[[], PlantedValue]] = {
    "plain": _of(str),
    "realistic": _of(str, _plainly),
    "repr": _of(repr),
    "JSON": _of(json.dumps),
    "JSON, not ASCII": _of(lambda value: json.dumps(value, ensure_ascii=False)),
    "JSON in JSON": _of(lambda value: json.dumps(json.dumps(value))),
    "bytes": _of(lambda value: repr(value.encode())),
    "HTML": _of(html.escape),
    "URL": _of(quote),
    "URL of a form": _of(quote_plus),
    "base64": _of(lambda value: _b64(value.encode())),
    "base64 after one": _shifted(b"u"),
    "base64 after two": _shifted(b"u:"),
    "base64url": _of(lambda value: base64.urlsafe_b64encode(value.encode()).decode()),
    "basic-auth header": _basic_auth,
    "hexadecimal": _of(lambda value: value.encode().hex()),
    "upper hexadecimal": _of(lambda value: value.encode().hex().upper()),
    "between colours": _of(lambda value: f"\x1b[1;31m{value}\x1b[0m", _plainly),
    "colour inside": _of(_coloured_inside, _plainly),
    "PEM": _pem("\n"),
    "PEM with CR LF": _pem("\r\n"),
    "line of a PEM": _line_of_pem,
    "leaf of JSON": _leaf,
    "two that overlap": _overlapping,
    "cut short": _of(lambda value: f"{value[:20]}…", _plainly),
    "cut at the front": _of(lambda value: f"…{value[-20:]}", _plainly),
    "twice in a row": _of(lambda value: value + value, _plainly),
}
"""How to plant in each form."""


TWICE = {"JSON in JSON"}
"""The forms that are one escape inside another."""


def plant(channels: Iterable[str], quoting: Collection[str] = ()) -> dict[tuple[str, str], PlantedValue]:
    """Return something to plant for each of ``channels`` in each form, but nothing escaped twice for ``quoting`` ones."""
    return {(channel, form): make() for channel in channels for form, make in FORMS.items() if channel not in quoting or form not in TWICE}


_LOOKED_FOR = (
    "repr", "ascii", "bytes repr", "JSON", "JSON without ensure_ascii", "Java", "HTML", "XML", "URL", "URL form", "URL twice", "shell",
    "double quotes doubled", "LaTeX", "base64", "base64url", "hexadecimal", "upper hexadecimal", "hexadecimal with colons", "UTF-16",
)  # fmt: skip
"""Encoders that write nothing of their own between the letters of a value."""


class LeakSearch:
    """Looks for what was planted, in its own form, in ours and in every other."""

    def __init__(self, planted: dict[tuple[str, str], PlantedValue], window: int = WINDOW) -> None:
        """Look for these, in whole if ``window`` is 0, else for any so many characters in a row."""
        self._window = window
        self._owners: dict[bytes, tuple[str, str]] = {}
        for place, one in planted.items():
            for trace in one.traces:
                self._add(trace, place)
                for name in _LOOKED_FOR:
                    self._add(ENCODERS[name](trace), place)
        self._texts = list(self._owners)
        self._automaton: BytesAhoCorasick = BytesAhoCorasick(self._texts)

    def _add(self, text: str, place: tuple[str, str]) -> None:
        window = self._window or len(text)
        for start in range(0, max(1, len(text) - window + 1), 3):
            self._owners.setdefault(text[start : start + window].encode("utf-8", "surrogatepass"), place)

    def leaks(self, *haystacks: bytes) -> set[tuple[str, str]]:
        """Return what of it is in ``haystacks``: the channels that it was planted in, and the forms."""
        found: set[tuple[str, str]] = set()
        for haystack in haystacks:
            matches = self._automaton.find_matches_as_indexes(haystack, overlapping=True)
            found |= {self._owners[self._texts[index]] for index, _, _ in matches}
        return found


def message_texts(messages: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Return everything that stands in messages, and each stream in one piece too."""
    streams: dict[tuple[str, str], str] = {}
    for message in messages:
        for part in ("header", "parent_header", "metadata", "content"):
            yield from (text.encode("utf-8", "surrogatepass") for text in _leaves(message[part]))
        yield from (bytes(buffer) for buffer in message.get("buffers", []))
        if message["msg_type"] == "stream":
            key = (message["parent_header"].get("msg_id", ""), message["content"]["name"])
            streams[key] = streams.get(key, "") + message["content"]["text"]
    yield from (text.encode("utf-8", "surrogatepass") for text in streams.values())


def _leaves(thing: Any) -> Iterator[str]:
    if isinstance(thing, dict):
        for key, inner in thing.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(thing, (list, tuple)):
        for inner in thing:
            yield from _leaves(inner)
    else:
        yield str(thing)
