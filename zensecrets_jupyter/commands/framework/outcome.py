"""The result of a command, and the error for a malformed command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.redaction import the_redactor

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.tables.table import Table


class UsageProblem(ZenSecretsError):  # noqa: N818 - Click and IPython each have a UsageError of their own
    """The command line is wrong, and nothing was done.

    A command, an option or an argument is unknown or missing, or it contradicts another one.
    """

    code = "usage"


class Outcome(NamedTuple):
    """The result of a command.

    Attributes:
        value: The object that the command returns to code: an object of the core, a Table, a text, or None.
        text: The message for a person; may be empty. Front ends print :attr:`message`, which adds the warnings.
        view: The display of ``value`` for a front end that can't display ``value`` itself, such as a terminal. Without a ``value``, it is
            an additional output.
        exit_code: The exit code of a terminal's process.
        line: The short summary that a closed form shows: "registered aws_prod (3 keys) in default (local)".
        warnings: Further lines, each beginning with "Warning:" or "Note:".
    """

    value: Any = None
    text: str = ""
    view: Table | str | None = None
    exit_code: int = 0
    line: str = ""
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return the attributes, masked: ``value`` may be the value of a secret."""
        parts = ", ".join(f"{name}={part!r}" for name, part in self._asdict().items())
        return the_redactor().redact(f"Outcome({parts})")

    @property
    def message(self) -> str:
        """The text, followed by the warnings."""
        return "\n".join(line for line in (self.text, *self.warnings) if line)

    def followed_by(self, then: Outcome) -> Outcome:
        """Return two outcomes as one, with the messages joined and the value of the second."""
        return then._replace(
            text="\n".join(text for text in (self.message, then.text) if text),
            line="; ".join(line for line in (self.line, then.line) if line),
        )
