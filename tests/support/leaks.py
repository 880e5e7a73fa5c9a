"""Values for tests of the guard, and a search for them in its output.

The planted values are encoded with functions of the standard library, not of the package, so that a test finds an error in the package.
The search also finds values in encodings of the package.
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

    from tests.support.kernels import Kernel

WINDOW = 12
"""The number of consecutive characters of a value that are a leak."""


class PlantedValue(NamedTuple):
    """A value that a test sends through one channel in one encoding.

    Attributes:
        values: The protected values: one, or two that overlap.
        text: The text that the test sends through the channel.
        traces: Texts that the channel may not show. :data:`WINDOW` consecutive characters of one of them are a leak.
    """

    values: list[str]
    text: str
    traces: list[str]


def _special_value() -> str:
    """Return a new random value with special characters, which most encodings escape."""
    return "".join(f"{secrets.token_hex(3)}{letter}" for letter in "\"'\\&<é 😀%") + secrets.token_hex(3)


def _plain_value() -> str:
    """Return a new random value of letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(30)


def _planter(encode: Callable[[str], str], make_value: Callable[[], str] = _special_value) -> Callable[[], PlantedValue]:
    """Return a function that creates a planted value from the new value of ``make_value`` and its encoding."""

    def plant() -> PlantedValue:
        value = make_value()
        text = encode(value)
        return PlantedValue([value], text, [text, value])

    return plant


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _base64_after(before: bytes) -> Callable[[], PlantedValue]:
    """Return a function that plants the base64 of ``before`` followed by a value."""

    def plant() -> PlantedValue:
        value = _special_value()
        text = _b64(before + value.encode())
        # The first base64 digits encode ``before``, which is no secret. The slice leaves them out.
        return PlantedValue([value], text, [text[4 * len(before) // 3 + 2 :], value])

    return plant


def _pem(line_end: str) -> Callable[[], PlantedValue]:
    """Return a function that plants a PEM file with ``line_end``."""

    def plant() -> PlantedValue:
        lines = [base64.b64encode(secrets.token_bytes(48)).decode() for _ in range(4)]
        pem_lines = ["-----BEGIN CANARY KEY-----", *lines, "-----END CANARY KEY-----", ""]
        return PlantedValue(["\n".join(pem_lines)], line_end.join(pem_lines), lines)

    return plant


def _line_of_pem() -> PlantedValue:
    values, _, lines = _pem("\n")()
    # The whole PEM file is the protected value. The channel gets one of its lines only.
    return PlantedValue(values, f"a line of it: {lines[2]}", [lines[2]])


def _overlapping() -> PlantedValue:
    text = secrets.token_hex(24)
    # The first value is the beginning of the text, the second value is its end, and 16 characters are in both.
    return PlantedValue([text[:32], text[16:]], text, [text])


def _color_inside(value: str) -> str:
    return f"{value[:15]}\x1b[31m{value[15:]}\x1b[0m"


def _text_in_json() -> PlantedValue:
    value = _plain_value()
    # The protected value is a JSON document. The channel gets one text of the document only.
    return PlantedValue([json.dumps({"type": "canary", "private": value})], value, [value])


def _basic_auth() -> PlantedValue:
    value = _special_value()
    credentials = _b64(b"testuser:" + value.encode())
    # The first twelve base64 digits encode "testuser:", the nine characters before the value.
    return PlantedValue([value], f"Authorization: Basic {credentials}", [credentials[12:]])


ENCODINGS: dict[str, Callable[[], PlantedValue]] = {
    "plain": _planter(str),
    "realistic": _planter(str, _plain_value),
    "repr": _planter(repr),
    "JSON": _planter(json.dumps),
    "JSON, not ASCII": _planter(lambda value: json.dumps(value, ensure_ascii=False)),
    "JSON in JSON": _planter(lambda value: json.dumps(json.dumps(value))),
    "bytes": _planter(lambda value: repr(value.encode())),
    "HTML": _planter(html.escape),
    "URL": _planter(quote),
    "URL of a form": _planter(quote_plus),
    "base64": _planter(lambda value: _b64(value.encode())),
    # Base64 encodes three bytes as four digits. One or two bytes before a value change all its digits.
    "base64 after one": _base64_after(b"u"),
    "base64 after two": _base64_after(b"u:"),
    "base64url": _planter(lambda value: base64.urlsafe_b64encode(value.encode()).decode()),
    "basic-auth header": _basic_auth,
    "hexadecimal": _planter(lambda value: value.encode().hex()),
    "upper hexadecimal": _planter(lambda value: value.encode().hex().upper()),
    "between colors": _planter(lambda value: f"\x1b[1;31m{value}\x1b[0m", _plain_value),
    "color inside": _planter(_color_inside, _plain_value),
    "PEM": _pem("\n"),
    "PEM with CR LF": _pem("\r\n"),
    "line of a PEM": _line_of_pem,
    "leaf of JSON": _text_in_json,
    "two that overlap": _overlapping,
    "cut short": _planter(lambda value: f"{value[:20]}…", _plain_value),
    "cut at the front": _planter(lambda value: f"…{value[-20:]}", _plain_value),
    "twice in a row": _planter(lambda value: value + value, _plain_value),
}
"""A function that creates a planted value, for each encoding."""


DOUBLE_ESCAPES = {"JSON in JSON"}
"""Encodings with one escape inside another.

A third escape may exceed the number of nested escapes that the redactor decodes.
"""


def plant(channels: Iterable[str], quoting: Collection[str] = ()) -> dict[tuple[str, str], PlantedValue]:
    """Return a planted value for each channel and encoding.

    Args:
        channels: The names of the channels.
        quoting: The channels that escape every text themselves. They get no value with double escapes.
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
"""The names of the package's encoders in whose encodings :class:`LeakSearch` searches for a value."""


class LeakSearch:
    """A search for planted values, in their own encoding and in encodings of the package."""

    def __init__(self, planted_values: dict[tuple[str, str], PlantedValue], window: int = WINDOW) -> None:
        """Search for consecutive characters of the planted values.

        Args:
            planted_values: The planted values by channel and encoding.
            window: The number of consecutive characters that are a leak. With 0, only a whole text is a leak.
        """
        self._window_length = window
        self._origins: dict[bytes, tuple[str, str]] = {}
        for origin, value in planted_values.items():
            for trace in value.traces:
                self._add(trace, origin)
                for name in _SEARCHED_ENCODERS:
                    self._add(ENCODERS[name](trace), origin)
        self._windows = list(self._origins)
        self._automaton: BytesAhoCorasick = BytesAhoCorasick(self._windows)

    def _add(self, text: str, origin: tuple[str, str]) -> None:
        length = self._window_length or len(text)
        # To save memory, a window starts only at every third character. A leak of two more characters than a window is always found.
        for start in range(0, max(1, len(text) - length + 1), 3):
            window = text[start : start + length]
            self._origins.setdefault(window.encode("utf-8", "surrogatepass"), origin)

    def leaks(self, *haystacks: bytes) -> set[tuple[str, str]]:
        """Return the channels and encodings of the planted values that ``haystacks`` contain."""
        leaked: set[tuple[str, str]] = set()
        for haystack in haystacks:
            matches = self._automaton.find_matches_as_indexes(haystack, overlapping=True)
            leaked |= {self._origins[self._windows[index]] for index, _, _ in matches}
        return leaked


def message_texts(messages: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield all texts and buffers of kernel messages, and the joined text of each stream."""
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
    """Yield each key and each single value of nested dictionaries and lists as a text."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield str(key)
            yield from _leaves(item)
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            yield from _leaves(item)
    else:
        yield str(tree)


def is_visible(kernel: Kernel, value: str, length: int = WINDOW) -> bool:
    """Return whether the messages contain ``length`` consecutive characters of a value."""
    contents = "".join(json.dumps(message["content"], ensure_ascii=False) for message in kernel.record)
    return any(value[start : start + length] in contents for start in range(len(value) - length + 1))
