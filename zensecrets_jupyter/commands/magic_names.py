"""Names of the magics, and the command group that each stands for."""

from __future__ import annotations

GROUPS: dict[str, list[str]] = {"zen": [], "secret": ["secret"], "stack": ["stack"]}
"""Line magics, each with the first words of its commands."""

LINE_MAGICS = "|".join(GROUPS)
"""Alternatives of a regular expression that matches the name of a line magic."""

WITH_SECRETS = "with_secrets"
"""The cell magic, whose arguments are completed as those of ``secret get``."""
