"""Values for tests of the guard, and a search for them.

This module encodes the values with its own functions, not with those of the package.
"""

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
"""Number of consecutive characters of a value that are a leak."""


class PlantedValue(NamedTuple):
    """A value that a test sends through one channel in one encoding.

    Attributes:
        values: The protected values: one, or two that overlap.
        text: The text that the channel gets.
        traces: Texts of which no part may be visible.
    """

    values: list[str]
    text: str
    traces: list[str]


def _special_value() -> str:
    return "".join(f"{secrets.token_hex(3)}{letter}" for letter in "\"'\\&<é 😀%") + secrets.token_hex(3)


def _plain_value() -> str:
    return secrets.token_urlsafe(30)


def _encode_with(encode: Callable[[str], str], make: Callable[[], str] = _special_value) -> Callable[[], PlantedValue]:
    def plant() -> PlantedValue:
        value = make()
        text = encode(value)
        return PlantedValue([value], text, [text, value])

    return plant


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _base64_after(before: bytes) -> Callable[[], PlantedValue]:
    def plant() -> PlantedValue:
        value = _special_value()
        text = _b64(before + value.encode())
        # The first digits encode the text before the value, which is no secret.
        return PlantedValue([value], text, [text[4 * len(before) // 3 + 2 :], value])

    return plant


def _pem(line_end: str) -> Callable[[], PlantedValue]:
    def plant() -> PlantedValue:
        lines = [base64.b64encode(secrets.token_bytes(48)).decode() for _ in range(4)]
        pem_lines = ["-----BEGIN CANARY KEY-----", *lines, "-----END CANARY KEY-----", ""]
        return PlantedValue(["\n".join(pem_lines)], line_end.join(pem_lines), lines)

    return plant


def _line_of_pem() -> PlantedValue:
    value, _, lines = _pem("\n")()
    return PlantedValue(value, f"a line of it: {lines[2]}", [lines[2]])


def _overlapping() -> PlantedValue:
    text = secrets.token_hex(24)
    return PlantedValue([text[:32], text[16:]], text, [text])


def _color_inside(value: str) -> str:
    return f"{value[:15]}\x1b[31m{value[15:]}\x1b[0m"


def _leaf() -> PlantedValue:
    value = _plain_value()
    return PlantedValue([json.dumps({"type": "canary", "private": value})], value, [value])


def _basic_auth() -> PlantedValue:
    value = _special_value()
    credentials = _b64(b"testuser:" + value.encode())
    return PlantedValue([value], f"Authorization: Basic {credentials}", [credentials[12:]])


ENCODINGS: dict[str, Callable[[], PlantedValue]] = {
    "plain": _encode_with(str),
    "realistic": _encode_with(str, _plain_value),
    "repr": _encode_with(repr),
    "JSON": _encode_with(json.dumps),
    "JSON, not ASCII": _encode_with(lambda value: json.dumps(value, ensure_ascii=False)),
    "JSON in JSON": _encode_with(lambda value: json.dumps(json.dumps(value))),
    "bytes": _encode_with(lambda value: repr(value.encode())),
    "HTML": _encode_with(html.escape),
    "URL": _encode_with(quote),
    "URL of a form": _encode_with(quote_plus),
    "base64": _encode_with(lambda value: _b64(value.encode())),
    "base64 after one": _base64_after(b"u"),
    "base64 after two": _base64_after(b"u:"),
    "base64url": _encode_with(lambda value: base64.urlsafe_b64encode(value.encode()).decode()),
    "basic-auth header": _basic_auth,
    "hexadecimal": _encode_with(lambda value: value.encode().hex()),
    "upper hexadecimal": _encode_with(lambda value: value.encode().hex().upper()),
    "between colors": _encode_with(lambda value: f"\x1b[1;31m{value}\x1b[0m", _plain_value),
    "color inside": _encode_with(_color_inside, _plain_value),
    "PEM": _pem("\n"),
    "PEM with CR LF": _pem("\r\n"),
    "line of a PEM": _line_of_pem,
    "leaf of JSON": _leaf,
    "two that overlap": _overlapping,
    "cut short": _encode_with(lambda value: f"{value[:20]}…", _plain_value),
    "cut at the front": _encode_with(lambda value: f"…{value[-20:]}", _plain_value),
    "twice in a row": _encode_with(lambda value: value + value, _plain_value),
}
"""A function that creates a planted value, for each encoding."""


DOUBLE_ESCAPES = {"JSON in JSON"}
"""Encodings with one escape inside another."""


def plant(channels: Iterable[str], quoting: Collection[str] = ()) -> dict[tuple[str, str], PlantedValue]:
    """Return a planted value for each channel and encoding.

    The channels in ``quoting`` get no double escapes.
    """
    return {
        (channel, encoding): make()
        for channel in channels
        for encoding, make in ENCODINGS.items()
        if channel not in quoting or encoding not in DOUBLE_ESCAPES
    }


_SEARCHED_ENCODERS = (
    "repr", "ascii", "bytes repr", "JSON", "JSON without ensure_ascii", "Java", "HTML", "XML", "URL", "URL form", "URL twice", "shell",
    "double quotes doubled", "LaTeX", "base64", "base64url", "hexadecimal", "upper hexadecimal", "hexadecimal with colons", "UTF-16",
)  # fmt: skip
"""Encoders that add no text between the letters of a value."""


class LeakSearch:
    """A search for planted values, in their own encoding and in encodings of the package."""

    def __init__(self, planted: dict[tuple[str, str], PlantedValue], window: int = WINDOW) -> None:
        """Search for consecutive characters of the planted values.

        Args:
            planted: The planted values by channel and encoding.
            window: The number of consecutive characters that are a leak; 0 for whole texts.
        """
        self._window = window
        self._owners: dict[bytes, tuple[str, str]] = {}
        for origin, value in planted.items():
            for trace in value.traces:
                self._add(trace, origin)
                for name in _SEARCHED_ENCODERS:
                    self._add(ENCODERS[name](trace), origin)
        self._texts = list(self._owners)
        self._automaton: BytesAhoCorasick = BytesAhoCorasick(self._texts)

    def _add(self, text: str, origin: tuple[str, str]) -> None:
        window = self._window or len(text)
        for start in range(0, max(1, len(text) - window + 1), 3):
            self._owners.setdefault(text[start : start + window].encode("utf-8", "surrogatepass"), origin)

    def leaks(self, *haystacks: bytes) -> set[tuple[str, str]]:
        """Return the channels and encodings of the planted values that ``haystacks`` contain."""
        leaked: set[tuple[str, str]] = set()
        for haystack in haystacks:
            matches = self._automaton.find_matches_as_indexes(haystack, overlapping=True)
            leaked |= {self._owners[self._texts[index]] for index, _, _ in matches}
        return leaked


def message_texts(messages: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Return all texts in messages, and the whole text of each stream."""
    streams: dict[tuple[str, str], str] = {}
    for message in messages:
        for part in ("header", "parent_header", "metadata", "content"):
            yield from (text.encode("utf-8", "surrogatepass") for text in _leaves(message[part]))
        yield from (bytes(buffer) for buffer in message.get("buffers", []))
        if message["msg_type"] == "stream":
            key = (message["parent_header"].get("msg_id", ""), message["content"]["name"])
            streams[key] = streams.get(key, "") + message["content"]["text"]
    yield from (text.encode("utf-8", "surrogatepass") for text in streams.values())


def _leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, inner in tree.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(tree, (list, tuple)):
        for inner in tree:
            yield from _leaves(inner)
    else:
        yield str(tree)
