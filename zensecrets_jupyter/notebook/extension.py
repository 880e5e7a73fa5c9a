"""Loading and unloading of the extension in a shell."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from zensecrets_jupyter.core.installation import watch_imports
from zensecrets_jupyter.core.interaction import set_passphrase_source
from zensecrets_jupyter.core.system.process_globals import process_global
from zensecrets_jupyter.notebook import display, fingerprint_sync, guard, stored_variables
from zensecrets_jupyter.notebook.askers import make_passphrase_source
from zensecrets_jupyter.notebook.cells import installation as cells
from zensecrets_jupyter.notebook.magics import awaited_magics, completion, line_magics, with_secrets

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load(shell: InteractiveShell) -> None:
    """Add the guard, magics, completion and display to ``shell``, unless it has them already."""
    if shell in _loaded_shells():
        return
    with ExitStack() as undo:
        # After an update of the package, a failed import reports that the package has changed.
        watch_imports(undo)
        cells.install(shell, guard.install(shell, undo), undo)
        line_magics.register(shell, undo)
        with_secrets.register(shell, undo)
        completion.register(shell, undo)
        display.register(shell, undo)
        awaited_magics.register(shell, undo)
        fingerprint_sync.register(shell, undo)
        stored_variables.register(shell, undo)
        undo.callback(_dismiss_forms)
        earlier_source = set_passphrase_source(make_passphrase_source(shell))
        undo.callback(set_passphrase_source, earlier_source)
        _loaded_shells()[shell] = undo.pop_all()


def unload(shell: InteractiveShell) -> None:
    """Undo :func:`load`, and restore the earlier state of ``shell``."""
    undo = _loaded_shells().pop(shell, None)
    if undo is not None:
        undo.close()


def _loaded_shells() -> WeakKeyDictionary[InteractiveShell, ExitStack]:
    """Return the ``ExitStack`` of each loaded shell, which undoes :func:`load`.

    The mapping survives a reload of this module.
    """
    return process_global("loaded", WeakKeyDictionary)


def _dismiss_forms() -> None:
    # If the module was not imported, no form exists, and importing it here would only take time.
    form_module = sys.modules.get("zensecrets_jupyter.notebook.form.widget")
    if form_module is not None:
        form_module.dismiss_all("This form was closed when its extension was unloaded.")
