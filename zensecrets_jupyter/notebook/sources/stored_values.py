"""Load the values of the active stack's secrets once the extension is loaded, so that they are masked before anybody reads a secret.

Only what can be read without asking a person and without a request to a remote service: a local store whose key is in a file, in an
unlocked keyring, or under a passphrase in the environment. Where that can't be, the keyed fingerprints stand in, if this user keeps any.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.settings import home

if TYPE_CHECKING:
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.notebook.guard.guard import Guard
    from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher

_DELAY = 0.1
"""Seconds before the work begins, unless something is about to be shown: loading the extension is not to wait for it."""
_PATIENCE = 5.0
"""Seconds for which outputs and cells wait together at most. A store that takes longer hangs, and the notebook should not."""


def register(shell: InteractiveShell, guard: Guard, undo: ExitStack) -> None:
    """Load values for ``guard`` in the background; cells and outputs wait for the end of it. ``undo`` stops that."""
    # Looking at the active stack would make one where nobody has registered anything yet.
    try:
        has_store = (home() / "workspace.db").exists()
    except (OSError, ZenSecretsError):
        # What is wrong with the home is told by what needs it more.
        return
    if not has_store:
        return
    loading = _Loading(guard)
    guard.before_output = loading.wait
    shell.events.register("pre_run_cell", loading.wait)
    undo.callback(shell.events.unregister, "pre_run_cell", loading.wait)
    undo.callback(loading.stop)


class _Loading:
    """The thread that loads values, and how others wait for it."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._process = os.getpid()
        self._wanted = threading.Event()
        self._stopped = False
        self._until: float | None = None
        self._thread = threading.Thread(target=self._run, name="zensecrets values", daemon=True)
        self._thread.start()

    def wait(self, _info: object = None) -> None:
        """Return when the values are known, or the patience for them is at an end; at once from then on."""
        # In a forked process the thread is not there, nor is it to be waited for where it itself shows something.
        if os.getpid() == self._process and threading.current_thread() is not self._thread:
            self._wanted.set()
            if self._until is None:
                self._until = time.monotonic() + _PATIENCE
            self._thread.join(max(0.0, self._until - time.monotonic()))
        self._guard.before_output = None

    def stop(self) -> None:
        """End it, at once if it has not begun."""
        self._stopped = True
        self.wait()

    def _run(self) -> None:
        self._wanted.wait(_DELAY)
        # What is wrong with a folder or a store is told by what needs it more.
        with suppress(OSError, ZenSecretsError):
            if not self._stopped and not _load_values():
                self._guard.fingerprints = _known_fingerprints()


def _load_values() -> bool:
    """Read every secret of the active stack if that asks nobody, and return whether it could be done."""
    from zensecrets_jupyter.commands.framework.active_manager import manager_of  # noqa: PLC0415 - loading the extension stays fast
    from zensecrets_jupyter.core.interaction import nobody, passphrases_from  # noqa: PLC0415 - likewise
    from zensecrets_jupyter.core.managers import Capability  # noqa: PLC0415 - likewise

    with passphrases_from(nobody):
        manager = manager_of()
        readable = Capability.READ | Capability.LIST
        if not manager.is_local or manager.capabilities & readable != readable or not manager.opens_without_prompt:
            return False
        # The redactor is told of each value that is read. The cache is not used: how fresh a secret is remains as it was.
        records = manager.get_records(manager.list_secrets())
        return not any(isinstance(record, ZenSecretsError) for record in records.values())


def _known_fingerprints() -> FingerprintMatcher | None:
    from zensecrets_jupyter.scan.fingerprints.store import fingerprint_file, load_fingerprints  # noqa: PLC0415 - likewise

    if not fingerprint_file().exists():
        return None
    found = load_fingerprints()
    return found if found.names else None
