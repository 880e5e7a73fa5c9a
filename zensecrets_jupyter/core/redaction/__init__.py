"""The redactor: known values are masked wherever text leaves, in every form in which code usually prints them.

Whatever is registered, typed or read in this process is given to :func:`the_redactor`; a face passes what it shows through it. Nothing here
can stop somebody who means to get a value out: slices, reversals and pictures are out of reach.
"""

from __future__ import annotations

from zensecrets_jupyter.core.redaction.environment import protect_environment
from zensecrets_jupyter.core.redaction.marks import FAILED, mark
from zensecrets_jupyter.core.redaction.records import RedactingFilter
from zensecrets_jupyter.core.redaction.redactor import Found, Redactor, the_redactor
from zensecrets_jupyter.core.redaction.stream import StreamRedactor
from zensecrets_jupyter.core.redaction.unprotected import why_unprotected

__all__ = [
    "FAILED",
    "Found",
    "RedactingFilter",
    "Redactor",
    "StreamRedactor",
    "mark",
    "protect_environment",
    "the_redactor",
    "why_unprotected",
]
