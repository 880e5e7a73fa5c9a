"""What a process comes to know is recognised when a server saves a notebook: fingerprints are kept, never values."""

from __future__ import annotations

import os
from contextlib import suppress

from zensecrets_jupyter.commands.active import manager_of
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.scan.store import VARIABLE, is_up_to_date, remember
from zensecrets_jupyter.core.settings import home


def remember_values() -> None:
    """Keep the fingerprints of new values where that may be; see :mod:`zensecrets_jupyter.core.scan.store`.

    It is the second net: nothing waits for it, and what is wrong with a folder or a store is told by what needs it more.
    """
    with suppress(OSError, ZenSecretsError):
        if not is_up_to_date() and _may_be_kept():
            remember()


def _may_be_kept() -> bool:
    if os.environ.get(VARIABLE, "").strip().lower() == "on":
        return True
    # Looking at the active stack would make one, where nobody has registered anything yet.
    return home().exists() and manager_of().keeps_key_in_file
