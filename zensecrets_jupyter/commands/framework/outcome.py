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
        value: The object that a magic returns to the code of a cell, such as a secret, a Table or a text; ``None`` without one.
        text: The message for a person; may be empty. Front ends print :attr:`message`, which adds the warnings.
        view: The representation for terminals. A notebook displays ``value``, and the view only if ``value`` is ``None``.
        exit_code: The exit code of the program ``zensecrets`` in a terminal.
        summary: The line that a form shows after it is submitted, such as "registered aws_prod (3 keys) in default (local)".
        warnings: The lines after ``text``, each beginning with "Warning:" or "Note:".
    """

    value: Any = None
    text: str = ""
    view: Table | str | None = None
    exit_code: int = 0
    summary: str = ""
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return the attributes, masked: ``value`` may be the value of a secret."""
        attributes = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
        return the_redactor().redact(f"Outcome({attributes})")

    @property
    def message(self) -> str:
        """The text, followed by the warnings."""
        return "\n".join(line for line in (self.text, *self.warnings) if line)

    def followed_by(self, following: Outcome) -> Outcome:
        """Return one outcome with the messages and summaries of both.

        The other attributes are those of ``following``.
        """
        return following._replace(
            text="\n".join(text for text in (self.message, following.text) if text),
            summary="; ".join(summary for summary in (self.summary, following.summary) if summary),
        )
