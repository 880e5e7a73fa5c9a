"""``secret selftest``: canaries in every form through every channel, and what came out at the end of each.

A face knows its channels and hands in what uses them; the redactor itself and its filter of logs are tested everywhere.
"""

from __future__ import annotations

import logging
import secrets
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.click_extensions import Command
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.framework.render import Table
from zensecrets_jupyter.commands.front_end import ChannelResult
from zensecrets_jupyter.core.redaction import RedactingFilter, Redactor, mask_text
from zensecrets_jupyter.core.redaction.encoders import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zensecrets_jupyter.commands.front_end import Call

NAME = "selftest.canary"
"""What every canary is called."""

BLOTTED = "*" * 12
"""What a canary in binary data becomes, which has to stay as long as it was."""

_NASTY = "\"'\\&<é>\n😀/+%"
_TRIED = (
    "plain", "repr", "ascii", "bytes repr", "UTF-16 repr", "JSON", "JSON without ensure_ascii", "JSON in a script", "C", "HTML", "XML",
    "URL", "URL form", "URL twice", "shell", "double quotes doubled", "LaTeX", "regular expression", "base64", "base64url",
    "base64 in lines of 76", "base64 of UTF-16", "base32", "hexadecimal", "upper hexadecimal", "hexadecimal with colons",
    "quoted-printable",
)  # fmt: skip
"""Encoders that write nothing of their own between the letters of a value."""
_WINDOW = 16
"""So many characters in a row are seen as the canary: the longest escape of one of its letters is shorter."""


class Canary(NamedTuple):
    """A value that is nowhere else, and the text that it is let out as."""

    value: str
    text: str


def plant() -> dict[str, Canary]:
    """Return a canary for each form, by the form's name."""
    canaries = {}
    for form in _TRIED:
        encode = ENCODERS[form]
        value = "".join(f"{secrets.token_hex(4)}{letter}" for letter in _NASTY) + secrets.token_hex(4)
        canaries[form] = Canary(value, encode(value))
    canaries["in colour"] = Canary(value := secrets.token_urlsafe(30), f"\x1b[1m{value[:9]}\x1b[31m{value[9:]}\x1b[0m")
    canaries["cut short"] = Canary(value := secrets.token_urlsafe(30), f"{value[:20]}…")
    first, second = secrets.token_hex(16), secrets.token_hex(8)
    canaries["in a longer one"] = Canary(first + second, f"{first}{second}")
    return canaries


def look(channel: str, canaries: Mapping[str, Canary], came_out: str) -> ChannelResult:
    """Return what of ``canaries`` is in what came out of a channel. Where nothing came out at all, nothing was masked either."""
    seen = {came_out[start : start + _WINDOW] for start in range(len(came_out))}
    out = [form for form, canary in canaries.items() if _is_in(canary.text, seen) or _is_in(canary.value, seen)]
    arrived = out or mask_text(NAME) in came_out or BLOTTED in came_out
    return ChannelResult(channel, [form for form in canaries if form not in out] if arrived else [], out)


def _is_in(text: str, seen: set[str]) -> bool:
    return any(text[start : start + _WINDOW] in seen for start in range(max(1, len(text) - _WINDOW + 1)))


def probe_redactor() -> list[ChannelResult]:
    """Return what the redactor and the filter of logs let out, tried with a redactor that knows nothing else."""
    canaries = plant()
    redactor = Redactor()
    for canary in canaries.values():
        redactor.protect(canary.value, NAME)
    texts = [canary.text for canary in canaries.values()]
    stream = redactor.stream()
    split = "".join(stream.feed(text[: len(text) // 2]) + stream.feed(f"{text[len(text) // 2 :]}\n") for text in texts) + stream.release()
    return [
        look("the redactor", canaries, "\n".join(redactor.redact(text) for text in texts)),
        look("the redactor, split in two", canaries, split),
        look("a log", canaries, _logged(redactor, texts)),
    ]


def _logged(redactor: Redactor, texts: Iterable[str]) -> str:
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(RedactingFilter(redactor))
    # A logger that no other one knows of.
    logger = logging.Logger(NAME)  # noqa: LOG001 - see above
    logger.addHandler(handler)
    for text in texts:
        logger.warning("it is %s", text)
    return written.getvalue()


@click.command("selftest", cls=Command)
@click.pass_obj
def selftest(call: Call) -> Outcome:
    """Let canaries out by every channel in every form, and show what was masked.

    A canary is a value made up for this; no secret is used. In a notebook the kernel's messages are looked at as they are handed on, and in
    IPython in a terminal what arrives there; elsewhere the redactor and its filter of logs. Ends with an error if anything got out.
    """
    channels = call.capabilities.selftest
    probes = [*probe_redactor(), *(channels() if channels else [])]
    table = Table(
        ["channel", "masked", "came out"],
        [(probe.channel, f"{len(probe.masked)} of {len(probe.masked) + len(probe.out)} forms", _listed(probe)) for probe in probes],
        title="Selftest of the guard",
    )
    failed = [probe.channel for probe in probes if probe.out or not probe.masked]
    if not failed:
        return Outcome(table, view=table)
    problem = f"{len(failed)} of {len(probes)} channels let values out, or could not be looked at: {', '.join(failed)}."
    return Outcome(view=table, exit_code=1, line=f"{problem} Is the guard off? Otherwise report it, with the table.")


def _listed(probe: ChannelResult) -> str:
    if not probe.masked and not probe.out:
        return "it could not be looked at"
    rest = len(probe.out) - _FEW
    return ", ".join(probe.out[:_FEW]) + (f" and {rest} more" if rest > 0 else "") or "nothing"


_FEW = 6
