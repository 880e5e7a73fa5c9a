"""The YAML file that configures a run of a pipeline, as ZenML has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zensecrets_jupyter.core.errors import UnreadableFileError

LONGEST = 1 << 20
"""Bytes in such a file at most."""


def read_run_configuration(path: str) -> dict[str, Any]:
    """Return what the file says, by the names of ZenML's arguments.

    Raises:
        UnreadableFileError: If it can't be read, is too large, or is no YAML mapping; what is in it is not quoted.
    """
    import yaml

    reason = ""
    found: Any = None
    try:
        with Path(path).open("rb") as file:
            data = file.read(LONGEST + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    else:
        try:
            found = None if len(data) > LONGEST else yaml.safe_load(data) or {}
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
            reason = "it is no YAML"
        else:
            reason = "it is too large" if len(data) > LONGEST else "" if isinstance(found, dict) else "it holds no mapping"
    if not reason:
        return {str(name): value for name, value in found.items()}
    message = f"The configuration {path} can't be used: {reason}."
    raise UnreadableFileError(message, hint="Write a mapping such as: steps: {trainer: {parameters: {epochs: 3}}}")
