"""Background loading of the active stack's values, which are then masked in all outputs.

Values are loaded only if this needs no prompt and no request to a remote service. This is so for a local store whose wrapping key is in a
file, is in an unlocked keyring, or comes from a passphrase in an environment variable. Otherwise the values are recognised by their
fingerprints, if there is a file of fingerprints.
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

    from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher

_DELAY = 0.1
"""Seconds before loading starts, so that ``%load_ext`` ends first.

If an output or a cell waits for the values, loading starts at once.
"""
_TIMEOUT = 5.0
"""Maximum number of seconds that all outputs and cells together wait.

A store that does not answer must not block the notebook.
"""


class StoredValues:
    """Values of the active stack's secrets, loaded into the redactor by a thread.

    Attributes:
        is_loading: Whether output must wait for the values.
        fingerprints: Matcher that finds the values by their fingerprints if they could not be loaded; otherwise ``None``.
    """

    def __init__(self) -> None:
        """Create an object that loads nothing until :meth:`install`."""
        self.is_loading = False
        self.fingerprints: FingerprintMatcher | None = None
        self._process = os.getpid()
        self._is_needed_now = threading.Event()
        self._is_stopped = False
        self._deadline: float | None = None
        self._thread = threading.Thread(target=self._run, name="zensecrets values", daemon=True)

    def install(self, shell: InteractiveShell, undo: ExitStack) -> None:
        """Load values in the background; cells of ``shell`` wait for them. ``undo`` stops it."""
        # Reading the active stack would create a workspace, so nothing is read before one exists.
        try:
            has_workspace = (home() / "workspace.db").exists()
        except (OSError, ZenSecretsError):
            # The next command that needs the home folder reports what is wrong with it.
            return
        if not has_workspace:
            return
        self.is_loading = True
        self._thread.start()
        shell.events.register("pre_run_cell", self._before_cell)
        undo.callback(shell.events.unregister, "pre_run_cell", self._before_cell)
        undo.callback(self._stop)

    def wait(self) -> None:
        """Wait until the values are loaded or the timeout ends. Later calls return at once."""
        # The loading thread must not wait for itself when it writes output.
        if not self.is_loading or threading.current_thread() is self._thread:
            return
        # A forked process does not wait, because it does not have the thread.
        if os.getpid() == self._process:
            self._is_needed_now.set()
            if self._deadline is None:
                self._deadline = time.monotonic() + _TIMEOUT
            self._thread.join(max(0.0, self._deadline - time.monotonic()))
        self.is_loading = False

    def _before_cell(self, _info: object = None) -> None:
        self.wait()

    def _stop(self) -> None:
        """Prevent the start of loading; if loading has already started, wait for its end."""
        self._is_stopped = True
        self.wait()

    def _run(self) -> None:
        self._is_needed_now.wait(_DELAY)
        # The next command that needs the folder or the store reports what is wrong with it.
        with suppress(OSError, ZenSecretsError):
            if not self._is_stopped and not _load_values():
                self.fingerprints = _stored_fingerprints()


def _load_values() -> bool:
    """Read all secrets of the active stack without a prompt; return whether all were read."""
    from zensecrets_jupyter.commands.framework.active_manager import active_manager
    from zensecrets_jupyter.core.interaction import NonInteractivePassphraseSource, use_passphrase_source
    from zensecrets_jupyter.core.managers import Capability

    with use_passphrase_source(NonInteractivePassphraseSource()):
        manager = active_manager()
        readable = Capability.READ | Capability.LIST
        if not manager.is_local or manager.capabilities & readable != readable or not manager.opens_without_prompt:
            return False
        # The manager protects each value that it reads. `get_records` bypasses its cache, so the age of cached secrets is unchanged.
        records = manager.get_records(manager.list_secrets())
        return not any(isinstance(record, ZenSecretsError) for record in records.values())


def _stored_fingerprints() -> FingerprintMatcher | None:
    from zensecrets_jupyter.scan.fingerprints.store import fingerprint_file, load_fingerprints

    if not fingerprint_file().exists():
        return None
    fingerprints = load_fingerprints()
    return fingerprints if fingerprints.names else None
