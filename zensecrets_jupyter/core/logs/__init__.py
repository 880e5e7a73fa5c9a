"""Masking of everything that a process logs, by whichever handler, logger or logging library."""

from __future__ import annotations

from zensecrets_jupyter.core.logs.handlers import mask_logging

__all__ = ["mask_logging"]
