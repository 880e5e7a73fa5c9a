"""Store fingerprints of the values of this process, so that the server masks them when it saves notebooks."""

from __future__ import annotations

import os
from contextlib import suppress

from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.core.errors import UnreadableFileError, ZenSecretsError
from zensecrets_jupyter.core.settings import home
from zensecrets_jupyter.core.system.atomic_write import describe_os_error
from zensecrets_jupyter.scan.fingerprints.store import (
    VARIABLE,
    fingerprint_file,
    is_up_to_date,
    remove_fingerprints,
    save_fingerprints,
    take_removed_count,
)

_told: set[str] = set()


def sync_fingerprints() -> str:
    """Keep the fingerprints of new values where that may be; see :mod:`zensecrets_jupyter.scan.fingerprints.store`.

    Errors of the secrets manager are ignored here, since commands that need it report them.

    Returns:
        What a person has to know, each thing once in a process; nothing where there is nothing.
    """
    problem = ""
    try:
        if not is_up_to_date() and _may_be_kept():
            problem = _remember()
    except (OSError, ZenSecretsError):
        pass
    damaged = take_removed_count()
    if damaged:
        lines = "a line" if damaged == 1 else f"{damaged} lines"
        problem = (
            f"{fingerprint_file()} was damaged, and {lines} had to be taken out of it: a notebook that is saved is not looked through"
            " for the values that they stood for until they are read again, as `%secret guard --all` does."
        )
    if not problem or problem in _told:
        return ""
    _told.add(problem)
    return f"Note: {problem}"


def _remember() -> str:
    """Store the fingerprints, and return the problem if that failed."""
    try:
        save_fingerprints()
    except UnreadableFileError as error:
        return str(error)
    except OSError as error:
        reason = describe_os_error(error)
        return f"New values are not recognised when a notebook is saved: {fingerprint_file()} can't be written, since {reason}."
    return ""


def forget_fingerprints(name: str) -> None:
    """Take the fingerprints of what is called ``name`` out of the file, so that a server no longer masks it when a notebook is saved."""
    with suppress(OSError):
        remove_fingerprints(name)


def _may_be_kept() -> bool:
    if os.environ.get(VARIABLE, "").strip().lower() == "on":
        return True
    # Looking at the active stack would make one, where nobody has registered anything yet.
    return home().exists() and active_manager().keeps_key_in_file
