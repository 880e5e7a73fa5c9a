"""``secret selftest``: send canaries through every channel, and check that they are masked.

A canary is a random value, and there is one for each encoding. A channel is a way by which output leaves the session. A front end tests
its own channels and returns the results. This module tests the redactor and its log filter in every front end.
"""

from __future__ import annotations

import logging
import secrets
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.click_extensions import Command
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.front_end import ChannelResult
from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.core.redaction import RedactingFilter, Redactor, mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zensecrets_jupyter.commands.front_end import Call

NAME = "selftest.canary"
"""The name of every canary in a mask."""

BINARY_MASK = "*" * 12
"""A text that shows that a canary in binary data was masked.

The mask in binary data is one ``*`` for each byte, because the length must not change. Every canary is longer than this text.
"""

_SPECIAL_CHARACTERS = "\"'\\&<é>\n😀/+%"
"""Characters that encodings escape. Each is escaped by at least one encoding."""
_TESTED_ENCODERS = (
    "plain", "repr", "ascii", "bytes repr", "UTF-16 repr", "JSON", "JSON without ensure_ascii", "JSON in a script", "C", "HTML", "XML",
    "URL", "URL form", "URL twice", "shell", "double quotes doubled", "LaTeX", "regular expression", "base64", "base64url",
    "base64 in lines of 76", "base64 of UTF-16", "base32", "hexadecimal", "upper hexadecimal", "hexadecimal with colons",
    "quoted-printable",
)  # fmt: skip
"""The encoders with which the test encodes canaries: the usual ones, and not all of :data:`ENCODERS`."""
_WINDOW_SIZE = 16
"""The number of consecutive characters by which a canary is recognized.

Most encodings write a special character as fewer characters than a window has. Therefore nearly every window also contains random digits,
and belongs to a single canary.
"""


class Canary(NamedTuple):
    """A unique value, and its encoded text."""

    value: str
    text: str


def make_canaries() -> dict[str, Canary]:
    """Return a canary for each tested encoding and for three other changes, by name."""
    canaries = {}
    for encoding in _TESTED_ENCODERS:
        encode = ENCODERS[encoding]
        # Eight random digits before each special character, and eight at the end.
        value = "".join(f"{secrets.token_hex(4)}{letter}" for letter in _SPECIAL_CHARACTERS) + secrets.token_hex(4)
        canaries[encoding] = Canary(value, encode(value))
    # These three are not encodings: a text with color codes inside it, the beginning of a text, and a text inside another one.
    canaries["in color"] = Canary(value := secrets.token_urlsafe(30), f"\x1b[1m{value[:9]}\x1b[31m{value[9:]}\x1b[0m")
    canaries["cut short"] = Canary(value := secrets.token_urlsafe(30), f"{value[:20]}…")
    canaries["in a longer text"] = Canary(value := secrets.token_urlsafe(30), f"before{value}after")
    return canaries


def check_output(channel: str, canaries: Mapping[str, Canary], output: str) -> ChannelResult:
    """Return which canaries the output of a channel contains, and which are masked.

    If the output contains a canary or a mask, each canary that it does not contain counts as masked. If the output contains neither, the
    channel was not tested, and both lists of the result are empty.
    """
    windows = {output[start : start + _WINDOW_SIZE] for start in range(len(output))}
    leaked = [
        encoding for encoding, canary in canaries.items() if _has_window_in(canary.text, windows) or _has_window_in(canary.value, windows)
    ]
    is_tested = bool(leaked) or mask_text(NAME) in output or BINARY_MASK in output
    masked = [encoding for encoding in canaries if encoding not in leaked] if is_tested else []
    return ChannelResult(channel, masked, leaked)


def _has_window_in(text: str, windows: set[str]) -> bool:
    """Return whether one of the windows of a text, which are its parts of :data:`_WINDOW_SIZE` characters, is in ``windows``."""
    return any(text[start : start + _WINDOW_SIZE] in windows for start in range(max(1, len(text) - _WINDOW_SIZE + 1)))


def check_redactor() -> list[ChannelResult]:
    """Test a redactor that protects only canaries, and its log filter, and return the results."""
    canaries = make_canaries()
    redactor = Redactor()
    for canary in canaries.values():
        redactor.protect(canary.value, NAME)
    texts = [canary.text for canary in canaries.values()]
    stream = redactor.stream()
    # Each text arrives in two halves.
    chunks = [chunk for text in texts for chunk in (text[: len(text) // 2], f"{text[len(text) // 2 :]}\n")]
    stream_output = "".join(stream.feed(chunk) for chunk in chunks) + stream.release()
    return [
        check_output("the redactor", canaries, "\n".join(redactor.redact(text) for text in texts)),
        check_output("the redactor, split in two", canaries, stream_output),
        check_output("a log", canaries, _log_output(redactor, texts)),
    ]


def _log_output(redactor: Redactor, texts: Iterable[str]) -> str:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter(redactor))
    logger = logging.Logger(NAME)  # noqa: LOG001 - Python's logging must not know the logger, and it must have no parent
    logger.addHandler(handler)
    for text in texts:
        logger.warning("it is %s", text)
    return stream.getvalue()


@click.command("selftest", cls=Command)
@click.pass_obj
def selftest(call: Call) -> Outcome:
    """Test that the guard masks a value in every encoding on every channel.

    The test uses canaries, which are random values, and no secrets. In a notebook it checks the messages of the kernel, and in IPython
    the output of the terminal. Everywhere it checks the redactor and its log filter. The command fails if a canary is not masked.
    """
    test_channels = call.capabilities.selftest
    results = [*check_redactor(), *(test_channels() if test_channels else [])]
    table = Table(
        ["channel", "masked", "not masked"],
        [
            (
                result.channel,
                f"{len(result.masked_encodings)} of {len(result.masked_encodings) + len(result.leaked_encodings)} encodings",
                _leaks_text(result),
            )
            for result in results
        ],
        title="Selftest of the guard",
    )
    failed_channels = [result.channel for result in results if result.leaked_encodings or not result.masked_encodings]
    if not failed_channels:
        return Outcome(value=table, view=table)
    problem = f"{len(failed_channels)} of {len(results)} channels leaked values, or could not be tested: {', '.join(failed_channels)}."
    return Outcome(view=table, exit_code=1, summary=f"{problem} If the guard is on, please report this table as a bug.")


def _leaks_text(result: ChannelResult) -> str:
    if not result.masked_encodings and not result.leaked_encodings:
        return "the channel could not be tested"
    unlisted_count = len(result.leaked_encodings) - _MAX_LISTED
    return ", ".join(result.leaked_encodings[:_MAX_LISTED]) + (f" and {unlisted_count} more" if unlisted_count > 0 else "") or "nothing"


_MAX_LISTED = 6
"""The maximum number of encodings that a row of the table lists."""
