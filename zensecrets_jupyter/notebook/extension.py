"""Loading into a shell and leaving it again without a trace."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from zensecrets_jupyter.core.installation import watch_imports
from zensecrets_jupyter.core.interaction import set_passphrase_source
from zensecrets_jupyter.core.process import process_wide
from zensecrets_jupyter.notebook import completion, display, guard, magics, remembering, stored_variables, waiting
from zensecrets_jupyter.notebook.askers import passphrase_source
from zensecrets_jupyter.notebook.inputs import loading as inputs

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load(shell: InteractiveShell) -> None:
    """Bring the guard, magics, completion and display to ``shell``; loading again changes nothing."""
    if shell in _loaded():
        return
    with ExitStack() as undo:
        watch_imports(undo)
        inputs.register(shell, guard.install(shell, undo), undo)
        magics.register(shell, undo)
        completion.register(shell, undo)
        display.register(shell, undo)
        waiting.register(shell, undo)
        remembering.register(shell, undo)
        stored_variables.register(shell, undo)
        undo.callback(_dismiss_forms)
        before = set_passphrase_source(passphrase_source(shell))
        undo.callback(set_passphrase_source, before)
        _loaded()[shell] = undo.pop_all()


def unload(shell: InteractiveShell) -> None:
    """Take back from ``shell`` what :func:`load` brought; what was there before is there again."""
    undo = _loaded().pop(shell, None)
    if undo is not None:
        undo.close()


def _loaded() -> WeakKeyDictionary[InteractiveShell, ExitStack]:
    """What undoes the loading into each shell; it outlives a reload of this module."""
    return process_wide("loaded", WeakKeyDictionary)


def _dismiss_forms() -> None:
    # Whoever never saw a form has not imported what they are made of.
    form = sys.modules.get("zensecrets_jupyter.notebook.form.widget")
    if form is not None:
        form.dismiss_all("This form was closed when its extension was unloaded.")
