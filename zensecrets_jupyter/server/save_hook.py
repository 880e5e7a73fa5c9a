"""The second net: what Jupyter Server is about to write is looked through for known values.

The first is in the kernel, which hands out no value that it knows. What comes by another way, typed into a cell or a Markdown text, pasted,
from a kernel without the extension, is masked here before it is on the disk.

The server's process holds no value: it knows them by the fingerprints under ``ZENSECRETS_HOME``. A value that could be guessed has none,
and is not seen here. Files named ``.env`` are left alone, since holding secrets is what they are for.

Should anything go wrong here, the file is saved as it is and the log says so: losing what a person wrote would be worse than what this net
is for, and the first one has already seen all that the kernel said.
"""

from __future__ import annotations

import base64
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import mark
from zensecrets_jupyter.core.scan.documents import Masker
from zensecrets_jupyter.core.scan.replacing import SOURCES
from zensecrets_jupyter.core.scan.store import known_fingerprints, place

if TYPE_CHECKING:
    import logging

_Version = tuple[str, int, int]


class SaveHook:
    """Masks known values in what is about to be saved, and tells the log which."""

    def __init__(self, log: logging.Logger) -> None:
        """Tell ``log``."""
        self._log = log
        self._version: _Version | None = None
        self._masker: Masker | None = None

    def __call__(self, *, model: dict[str, Any], path: str, **_further: Any) -> None:
        """Mask what is in ``model``, as Jupyter Server calls a hook before it saves it at ``path``; nothing is raised."""
        try:
            self._mask(model, path)
        except Exception as error:  # noqa: BLE001 - whatever it is, what the person wrote has to be saved
            self._log.error(
                "zensecrets could not look through a file that is being saved (%s): it is saved as it is.", type(error).__name__
            )

    def _mask(self, model: dict[str, Any], path: str) -> None:
        name = PurePosixPath(path).name
        content = model.get("content")
        # An upload in pieces is no text that a person is editing.
        if content is None or name.startswith(".env") or model.get("chunk"):
            return
        masker = self._current()
        if masker is None:
            return
        masker.masked.clear()
        if model.get("format") == "base64":
            self._tell_of_bytes(content, path, masker)
            return
        if model.get("type") == "notebook":
            model["content"] = masker.document(content)
        elif isinstance(content, str):
            # Of a text that is no notebook a masker sees as much as of a cell's source, or of an output.
            is_source = PurePosixPath(path).suffix.lower() in SOURCES
            model["content"] = masker.text(content, ("source",) if is_source else ())
        if masker.masked:
            self._log.warning("zensecrets masked %s in %s before it was saved.", _marks(masker), masker.text(path))

    def _tell_of_bytes(self, content: str, path: str, masker: Masker) -> None:
        masker.look(base64.b64decode(content))
        if masker.masked:
            self._log.warning("zensecrets found %s in %s, which is no text and is saved as it is.", _marks(masker), masker.text(path))

    def _current(self) -> Masker | None:
        """Return what masks by the fingerprints as they are now, or ``None`` while there are none."""
        file = place()
        if not file.exists():
            return None
        found = file.stat()
        version = (str(file), found.st_mtime_ns, found.st_size)
        if version != self._version:
            self._masker = Masker(known_fingerprints())
            self._version = version
        return self._masker


def _marks(masker: Masker) -> str:
    return ", ".join(mark(name) for name in sorted(masker.masked))
