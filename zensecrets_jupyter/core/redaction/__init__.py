"""Redactor: masks values of secrets in output, in every encoding that code usually prints.

Every value that is registered, typed or read in this process is added to :func:`the_redactor`, and front ends pass all output through it.
The redactor prevents accidents. It can't stop a person who wants to print a value: slices, reversals and pictures are not recognized.

``search`` finds values. It decodes a text (``decoding``), and matches it with the patterns (``patterns``) of each value (``matching``).
``recognition`` decides which environment variables contain secrets.
"""

from __future__ import annotations

from zensecrets_jupyter.core.redaction.environment import protect_environment
from zensecrets_jupyter.core.redaction.maskability import unmaskable_reason
from zensecrets_jupyter.core.redaction.masks import FAILED, mask_text
from zensecrets_jupyter.core.redaction.records import RedactingFilter
from zensecrets_jupyter.core.redaction.redactor import Redactor, ValueSpan, the_redactor
from zensecrets_jupyter.core.redaction.stream import StreamRedactor

__all__ = [
    "FAILED",
    "RedactingFilter",
    "Redactor",
    "StreamRedactor",
    "ValueSpan",
    "mask_text",
    "protect_environment",
    "the_redactor",
    "unmaskable_reason",
]
