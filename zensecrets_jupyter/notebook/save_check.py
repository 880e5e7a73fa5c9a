"""What a kernel does for files that are about to be saved: it masks the values that it knows in them, for the server that saves them."""

from __future__ import annotations

import atexit
import base64
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.files.save_check import CheckListener

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    from zensecrets_jupyter.notebook.guard import Guard
    from zensecrets_jupyter.scan.documents import DocumentMasker
    from zensecrets_jupyter.scan.matchers import ValueMatcher


class SaveCheck:
    """Masks documents with the values of a kernel, while its guard is on."""

    def __init__(self, kernel: Any, guard: Guard, undo: ExitStack) -> None:
        """Use the values that ``guard`` masks; ``undo`` ends it."""
        self._connection_file = str(getattr(getattr(kernel, "parent", None), "abs_connection_file", "") or "")
        self._guard = guard
        self._undo = undo
        self._has_started = False
        self._masker: DocumentMasker | None = None
        self._known: ValueMatcher
        self._added = self._size = 0
        self._lock = threading.Lock()
        self.is_listening = False

    def start(self) -> None:
        """Begin to listen, once; a kernel that no server has started has its connection file elsewhere, or none."""
        if self._has_started or not self._connection_file:
            return
        self._has_started = True
        from jupyter_core.paths import jupyter_runtime_dir

        file = Path(self._connection_file)
        if file.parent.resolve() != Path(jupyter_runtime_dir()).resolve():
            return
        try:
            listener = CheckListener(file.parent, file.stem, self.answer)
        except OSError:
            # The status says that saved files are not checked.
            return
        self.is_listening = True
        atexit.register(listener.close)
        self._undo.callback(self._stop, listener)

    def answer(self, question: dict[str, Any]) -> Mapping[str, Any]:
        """Return the answer to a server: the names of what was masked, and the masked document if there is any."""
        if not self._guard.is_on:
            return {"on": False, "names": []}
        if "document" not in question:
            return {"on": True, "names": []}
        with self._lock:
            return self._masked(question)

    def _masked(self, question: dict[str, Any]) -> Mapping[str, Any]:
        masker = self._current()
        masker.masked.clear()
        document = question["document"]
        if question.get("format") == "base64":
            masker.record_matches(base64.b64decode(str(document)))
            return {"on": True, "names": sorted(masker.masked)}
        masked = masker.document(document, ("source",) if question.get("is_source") else ())
        names = sorted(masker.masked)
        return {"on": True, "names": names, "document": masked} if names else {"on": True, "names": []}

    def _current(self) -> DocumentMasker:
        redactor = self._guard.redactor
        self._added, new = redactor.added_since(self._added)
        was_forgotten = self._size + len(new) != redactor.size
        if self._masker is None or new or was_forgotten:
            from zensecrets_jupyter.scan.documents import DocumentMasker
            from zensecrets_jupyter.scan.matchers import ValueMatcher

            if self._masker is None or was_forgotten:
                self._known, self._size, new = ValueMatcher(), 0, redactor.protected_values()
            for value, name in new:
                self._known.add(value, name)
            self._size += len(new)
            # It remembers the texts in which there was nothing.
            self._masker = DocumentMasker(self._known)
        return self._masker

    def _stop(self, listener: CheckListener) -> None:
        self.is_listening = False
        atexit.unregister(listener.close)
        listener.close()
