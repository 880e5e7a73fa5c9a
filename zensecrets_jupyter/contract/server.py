"""Paths and response bodies of the REST API of the server extension."""

from __future__ import annotations

from zensecrets_jupyter.contract.message import Message

# A complete path is, for example, zensecrets/checks/KERNEL_ID.
CHECKS_PATH = "zensecrets/checks"
"""Path below the base URL of the server; the identifier of a kernel follows it."""


class KernelCheck(Message):
    """Response to the question whether a kernel checks saved files.

    Attributes:
        checks_saved_files: Whether the kernel checks the files that the server saves.
    """

    checks_saved_files: bool
