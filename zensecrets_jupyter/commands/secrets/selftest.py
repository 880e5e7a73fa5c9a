"""``secret selftest``: send canaries in every encoding through every channel, and check that they come out masked.

A front end tests its own channels and supplies the results. The redactor and its log filter are tested in every front end.
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
"""The name of every canary in masks."""

BINARY_MASK = "*" * 12
"""The mask of a canary in binary data, whose length must not change."""

_SPECIAL_CHARACTERS = "\"'\\&<é>\n😀/+%"
_TESTED_ENCODERS = (
    "plain", "repr", "ascii", "bytes repr", "UTF-16 repr", "JSON", "JSON without ensure_ascii", "JSON in a script", "C", "HTML", "XML",
    "URL", "URL form", "URL twice", "shell", "double quotes doubled", "LaTeX", "regular expression", "base64", "base64url",
    "base64 in lines of 76", "base64 of UTF-16", "base32", "hexadecimal", "upper hexadecimal", "hexadecimal with colons",
    "quoted-printable",
)  # fmt: skip
"""Encoders that add nothing between the characters of a value."""
_WINDOW = 16
"""The number of consecutive characters that count as the canary; the longest escape of one character is shorter."""


class Canary(NamedTuple):
    """A unique value, and its encoded text."""

    value: str
    text: str


def make_canaries() -> dict[str, Canary]:
    """Return a canary for each encoding, by the encoding's name."""
    canaries = {}
    for encoding in _TESTED_ENCODERS:
        encode = ENCODERS[encoding]
        value = "".join(f"{secrets.token_hex(4)}{letter}" for letter in _SPECIAL_CHARACTERS) + secrets.token_hex(4)
        canaries[encoding] = Canary(value, encode(value))
    canaries["in colour"] = Canary(value := secrets.token_urlsafe(30), f"\x1b[1m{value[:9]}\x1b[31m{value[9:]}\x1b[0m")
    canaries["cut short"] = Canary(value := secrets.token_urlsafe(30), f"{value[:20]}…")
    first, second = secrets.token_hex(16), secrets.token_hex(8)
    canaries["in a longer one"] = Canary(first + second, f"{first}{second}")
    return canaries


def check_output(channel: str, canaries: Mapping[str, Canary], output: str) -> ChannelResult:
    """Return which canaries are in the output of a channel; an output without any canary or mask tests nothing."""
    seen = {output[start : start + _WINDOW] for start in range(len(output))}
    out = [encoding for encoding, canary in canaries.items() if _is_in(canary.text, seen) or _is_in(canary.value, seen)]
    arrived = out or mask_text(NAME) in output or BINARY_MASK in output
    return ChannelResult(channel, [encoding for encoding in canaries if encoding not in out] if arrived else [], out)


def _is_in(text: str, seen: set[str]) -> bool:
    return any(text[start : start + _WINDOW] in seen for start in range(max(1, len(text) - _WINDOW + 1)))


def check_redactor() -> list[ChannelResult]:
    """Test the redactor and the log filter with a redactor that holds only the canaries."""
    canaries = make_canaries()
    redactor = Redactor()
    for canary in canaries.values():
        redactor.protect(canary.value, NAME)
    texts = [canary.text for canary in canaries.values()]
    stream = redactor.stream()
    split = "".join(stream.feed(text[: len(text) // 2]) + stream.feed(f"{text[len(text) // 2 :]}\n") for text in texts) + stream.release()
    return [
        check_output("the redactor", canaries, "\n".join(redactor.redact(text) for text in texts)),
        check_output("the redactor, split in two", canaries, split),
        check_output("a log", canaries, _logged(redactor, texts)),
    ]


def _logged(redactor: Redactor, texts: Iterable[str]) -> str:
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(RedactingFilter(redactor))
    logger = logging.Logger(NAME)  # noqa: LOG001 - the logger must not be registered, nor have a parent
    logger.addHandler(handler)
    for text in texts:
        logger.warning("it is %s", text)
    return written.getvalue()


@click.command("selftest", cls=Command)
@click.pass_obj
def selftest(call: Call) -> Outcome:
    """Send canaries in every encoding through every channel, and show what was masked.

    A canary is a random value; no secret is used. In a notebook the messages of the kernel are checked, in IPython the output of the
    terminal, elsewhere the redactor and its log filter. The command fails if a canary came out unmasked.
    """
    channels = call.capabilities.selftest
    results = [*check_redactor(), *(channels() if channels else [])]
    table = Table(
        ["channel", "masked", "came out"],
        [(result.channel, f"{len(result.masked)} of {len(result.masked) + len(result.out)} forms", _listed(result)) for result in results],
        title="Selftest of the guard",
    )
    failed = [result.channel for result in results if result.out or not result.masked]
    if not failed:
        return Outcome(table, view=table)
    problem = f"{len(failed)} of {len(results)} channels let values out, or could not be looked at: {', '.join(failed)}."
    return Outcome(view=table, exit_code=1, line=f"{problem} Is the guard off? Otherwise report it, with the table.")


def _listed(result: ChannelResult) -> str:
    if not result.masked and not result.out:
        return "it could not be looked at"
    rest = len(result.out) - _FEW
    return ", ".join(result.out[:_FEW]) + (f" and {rest} more" if rest > 0 else "") or "nothing"


_FEW = 6
