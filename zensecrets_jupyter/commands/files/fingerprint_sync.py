"""Store the fingerprints of this process's values, and remove fingerprints.

A fingerprint is a set of keyed hashes of a value. With it, the Jupyter Server recognizes the value in a notebook that the server saves, and
masks the value.
"""

from __future__ import annotations

import os
from contextlib import suppress

from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.core.errors import UnreadableFileError, ZenSecretsError
from zensecrets_jupyter.core.settings import home
from zensecrets_jupyter.core.system.atomic_write import describe_os_error
from zensecrets_jupyter.core.text import counted
from zensecrets_jupyter.scan.fingerprints.store import (
    FINGERPRINTS_VARIABLE,
    fingerprint_file,
    is_up_to_date,
    remove_fingerprints,
    save_fingerprints,
    take_removed_line_count,
)

_reported_problems: set[str] = set()
"""The problems that this process has reported."""


def sync_fingerprints() -> str:
    """Store the fingerprints of new values, if fingerprints may be stored.

    The docstring of :mod:`zensecrets_jupyter.scan.fingerprints.store` says when they may be stored. Errors of the secrets manager are
    ignored here, because the commands that use the secrets manager report them.

    Returns:
        A note about a problem that this process has not reported yet; empty if there is none.
    """
    problem = ""
    try:
        if not is_up_to_date() and _may_store():
            problem = _store()
    except (OSError, ZenSecretsError):
        pass
    # A note about damaged lines, which are removed when fingerprints are stored, replaces any other problem.
    removed_line_count = take_removed_line_count()
    if removed_line_count:
        problem = (
            f"{fingerprint_file()} was damaged, and {counted(removed_line_count, 'line')} had to be removed. Saved notebooks are not"
            " searched for the values of these lines until a session reads the values again, for instance with `%secret guard --all`."
        )
    if not problem or problem in _reported_problems:
        return ""
    _reported_problems.add(problem)
    return f"Note: {problem}"


def _store() -> str:
    """Store the fingerprints, and return the problem; empty if there is none."""
    try:
        save_fingerprints()
    except UnreadableFileError as error:
        return str(error)
    except OSError as error:
        return (
            f"Saved notebooks are not searched for new values: {fingerprint_file()} can't be written, because {describe_os_error(error)}."
        )
    return ""


def forget_fingerprints(name: str) -> None:
    """Remove the fingerprints of the values with this name (``secret.key``).

    After that, the server no longer masks these values in saved notebooks.
    """
    with suppress(OSError):
        remove_fingerprints(name)


def _may_store() -> bool:
    """Return whether the user's settings and the secrets manager allow fingerprints."""
    # With the setting "off", is_up_to_date() returns true, and this function is not called.
    if os.environ.get(FINGERPRINTS_VARIABLE, "").strip().lower() == "on":
        return True
    # The check of home() comes first, because reading the active stack would create a workspace under it.
    return home().exists() and active_manager().keeps_key_in_file
