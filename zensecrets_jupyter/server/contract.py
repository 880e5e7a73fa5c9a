"""Paths and response bodies of the REST API of the server extension.

``js/src/contract/server.ts`` is generated from this module by ``python -m tests.support.typescript``.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

CHECKS_PATH = "zensecrets/checks"
"""Path below the base URL of the server; the identifier of a kernel follows it."""


class KernelCheck(BaseModel):
    """Response to a request for the check of a kernel.

    Attributes:
        checked: Whether the kernel checks the files that the server saves.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    checked: bool
