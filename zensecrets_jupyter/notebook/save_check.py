"""The kernel's part of the save check.

A Jupyter server sends the content of a file that it is about to save, and the kernel masks the values that it knows in this content.
"""

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
    """Masks a kernel's values in documents, while the guard of the kernel is on.

    Attributes:
        is_listening: Whether the kernel accepts requests of servers.
    """

    def __init__(self, kernel: Any, guard: Guard, undo: ExitStack) -> None:
        """Create a check that does not listen yet.

        Args:
            kernel: The kernel.
            guard: The guard of the kernel, whose redactor has the values.
            undo: Gets the callback that stops the listener.
        """
        self._connection_file = str(getattr(getattr(kernel, "parent", None), "abs_connection_file", "") or "")
        self._guard = guard
        self._undo = undo
        self._has_started = False
        self._masker: DocumentMasker | None = None
        # Set by `_update_masker`, together with the first masker.
        self._matcher: ValueMatcher
        # The number of values that the redactor had received at the last update, and the number of values in the matcher.
        self._seen_count = self._matcher_size = 0
        self._lock = threading.Lock()
        self.is_listening = False

    def start(self) -> None:
        """Start listening for requests, if a server has started the kernel.

        Later calls do nothing.
        """
        if self._has_started or not self._connection_file:
            return
        self._has_started = True
        from jupyter_core.paths import jupyter_runtime_dir

        # The connection file of a kernel that a server has started is in the runtime folder.
        file = Path(self._connection_file)
        if file.parent.resolve() != Path(jupyter_runtime_dir()).resolve():
            return
        try:
            listener = CheckListener(file.parent, file.stem, self.answer)
        except OSError:
            # The status of the guard says that saved files are not checked.
            return
        self.is_listening = True
        atexit.register(listener.close)
        self._undo.callback(self._stop, listener)

    def answer(self, request: dict[str, Any]) -> Mapping[str, Any]:
        """Return the answer to a request of a server.

        Args:
            request: The request. ``document`` is the content to mask, ``format`` its format in Jupyter's contents API, and ``is_source``
                whether it is code. A request without a document only asks whether the guard is on.

        Returns:
            ``on``: whether the guard is on. ``names``: the names of the values in the document, such as ``db.password``. ``document``:
            the masked document, if it differs from the given one. A document in base64 is only searched, and not returned.
        """
        if not self._guard.is_on:
            return {"on": False, "names": []}
        if "document" not in request:
            return {"on": True, "names": []}
        with self._lock:
            return self._mask(request)

    def _mask(self, request: dict[str, Any]) -> Mapping[str, Any]:
        masker = self._update_masker()
        masker.masked_names.clear()
        document = request["document"]
        if request.get("format") == "base64":
            masker.record_matches(base64.b64decode(str(document)))
            return {"on": True, "names": sorted(masker.masked_names)}
        # `("source",)` is the path of source code; see DocumentMasker.mask_string.
        masked_document = masker.mask_document(document, ("source",) if request.get("is_source") else ())
        names = sorted(masker.masked_names)
        return {"on": True, "names": names, "document": masked_document} if names else {"on": True, "names": []}

    def _update_masker(self) -> DocumentMasker:
        """Return a masker for the current values of the redactor."""
        redactor = self._guard.redactor
        self._seen_count, new_values = redactor.added_since(self._seen_count)
        # If the redactor has removed no value, its values are those of the matcher and the new ones.
        has_removed_values = self._matcher_size + len(new_values) != redactor.size
        if self._masker is None or new_values or has_removed_values:
            from zensecrets_jupyter.scan.documents import DocumentMasker
            from zensecrets_jupyter.scan.matchers import ValueMatcher

            if self._masker is None or has_removed_values:
                self._matcher, self._matcher_size, new_values = ValueMatcher(), 0, redactor.protected_values()
            for value, name in new_values:
                self._matcher.add(value, name)
            self._matcher_size += len(new_values)
            # A masker caches texts without a match. These texts may contain one of the new values, so a new masker replaces the
            # old one.
            self._masker = DocumentMasker(self._matcher)
        return self._masker

    def _stop(self, listener: CheckListener) -> None:
        self.is_listening = False
        atexit.unregister(listener.close)
        listener.close()
