"""The result of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.redaction import the_redactor

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.framework.render import Table


class Outcome(NamedTuple):
    """What came of a command.

    Attributes:
        value: What the command returns: an object of the core, a Table, a text, or None.
        text: Lines for a person, printed by every face; may be empty.
        view: What shows ``value`` where it does not show itself, as in a terminal; or what is to be shown besides the text.
        exit_code: What a terminal's process ends with.
        line: What was done, in the few words that a form shrinks to: "registered aws_prod (3 keys) in default (local)".
    """

    value: Any = None
    text: str = ""
    view: Table | str | None = None
    exit_code: int = 0
    line: str = ""

    def __repr__(self) -> str:
        """Return the parts, masked: what is returned to code may be a value."""
        parts = ", ".join(f"{name}={part!r}" for name, part in self._asdict().items())
        return the_redactor().redact(f"Outcome({parts})")


def followed_by(first: Outcome, then: Outcome) -> Outcome:
    """Return two outcomes as one: the texts one after the other, and the value of the second."""
    text = "\n".join(text for text in (first.text, then.text) if text)
    return then._replace(text=text, line="; ".join(line for line in (first.line, then.line) if line))
