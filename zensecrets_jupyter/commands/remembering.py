"""What a process comes to know is recognised when a server saves a notebook: fingerprints are kept, never values."""

from __future__ import annotations

import json
import os
from contextlib import suppress

from zensecrets_jupyter.commands.active import manager_of
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.scan.store import VARIABLE, is_up_to_date, place, remember
from zensecrets_jupyter.core.settings import home


def remember_values() -> None:
    """Keep the fingerprints of new values where that may be; see :mod:`zensecrets_jupyter.core.scan.store`.

    It is the second net: nothing waits for it, and what is wrong with a folder or a store is told by what needs it more.
    """
    with suppress(OSError, ZenSecretsError):
        if not is_up_to_date() and _may_be_kept():
            remember()


def forget_fingerprints(name: str) -> None:
    """Take the fingerprints of what is called ``name`` out of the file, so that a server no longer masks it when a notebook is saved."""
    path = place()
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with suppress(OSError, ValueError):
        header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["name"] != name]
        if len(kept) < len(lines):
            with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write("".join([header, *kept]))
            scratch.replace(path)


def _may_be_kept() -> bool:
    if os.environ.get(VARIABLE, "").strip().lower() == "on":
        return True
    # Looking at the active stack would make one, where nobody has registered anything yet.
    return home().exists() and manager_of().keeps_key_in_file
