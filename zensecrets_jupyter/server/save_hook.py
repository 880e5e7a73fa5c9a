"""The second net: what Jupyter Server is about to write is looked through for known values.

The first is in the kernel, which hands out no value that it knows. What comes by another way, typed into a cell or a Markdown text, pasted,
from a kernel without the extension, is masked here before it is on the disk.

The server's process holds no value. It asks the kernels in which the extension is loaded to mask in the file what they mask in outputs, and
it knows values by the fingerprints under ``ZENSECRETS_HOME``, where there are any. Files named ``.env`` are left alone, since they are
meant to hold secrets.

Should anything go wrong here, the file is saved as it is and the log says so: losing what a person wrote would be worse than what this net
is for, and the first one has already seen all that the kernel said.
"""

from __future__ import annotations

import base64
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import mark
from zensecrets_jupyter.scan.documents import DocumentMasker
from zensecrets_jupyter.scan.edits import SOURCES
from zensecrets_jupyter.scan.fingerprints.store import fingerprint_file, load_fingerprints

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from zensecrets_jupyter.server.kernels import CheckingKernels

_Version = tuple[str, int, int]


class SaveHook:
    """Masks known values in what is about to be saved, and tells the log which."""

    def __init__(self, log: logging.Logger, kernels: CheckingKernels | None = None) -> None:
        """Tell ``log``; ``kernels`` are asked as well."""
        self._log = log
        self._kernels = kernels
        self._version: _Version | None = None
        self._masker: DocumentMasker | None = None

    def __call__(self, *, model: dict[str, Any], path: str, **_further: Any) -> None:
        """Mask what is in ``model``, as Jupyter Server calls a hook before it saves it at ``path``; nothing is raised."""
        self._try(self._mask_by_fingerprints, model, path)
        self._try(self._mask_by_kernels, model, path)

    def _try(self, mask: Callable[[dict[str, Any], str], None], model: dict[str, Any], path: str) -> None:
        try:
            mask(model, path)
        except Exception as error:  # noqa: BLE001 - whatever it is, what the person wrote has to be saved
            self._log.error(
                "zensecrets could not look through a file that is being saved (%s): it is saved as it is.", type(error).__name__
            )

    def _mask_by_fingerprints(self, model: dict[str, Any], path: str) -> None:
        if not _is_checked(model, path) or (masker := self._current()) is None:
            return
        masker.masked.clear()
        if model.get("format") == "base64":
            masker.look(base64.b64decode(model["content"]))
        else:
            # Of a text that is no notebook a masker sees as much as of a cell's source, or of an output.
            model["content"] = masker.document(model["content"], ("source",) if _is_source(model, path) else ())
        self._tell(model, masker.text(path), masker.masked)

    def _mask_by_kernels(self, model: dict[str, Any], path: str) -> None:
        if self._kernels is None or not _is_checked(model, path):
            return
        options = {"format": model.get("format"), "is_source": _is_source(model, path)}
        content, names = self._kernels.masked(model["content"], **options)
        if names:
            model["content"] = content
            self._tell(model, self._kernels.masked(path)[0], names)

    def _tell(self, model: dict[str, Any], path: str, names: set[str]) -> None:
        if not names:
            return
        marks = ", ".join(mark(name) for name in sorted(names))
        if model.get("format") == "base64":
            self._log.warning("zensecrets found %s in %s, which is no text and is saved as it is.", marks, path)
        else:
            self._log.warning("zensecrets masked %s in %s before it was saved.", marks, path)

    def _current(self) -> DocumentMasker | None:
        """Return what masks by the fingerprints as they are now, or ``None`` while there are none."""
        file = fingerprint_file()
        if not file.exists():
            return None
        found = file.stat()
        version = (str(file), found.st_mtime_ns, found.st_size)
        if version != self._version:
            known = load_fingerprints()
            if known.damaged:
                self._log.warning(
                    "zensecrets found damage in %s and took out %s: the values that they stood for are not recognised in what is saved"
                    " until a command or a notebook reads them again.",
                    file,
                    "a line" if known.damaged == 1 else f"{known.damaged} lines",
                )
                found = file.stat()
            self._masker = DocumentMasker(known)
            self._version = (str(file), found.st_mtime_ns, found.st_size)
        return self._masker


def _is_checked(model: dict[str, Any], path: str) -> bool:
    # An upload in pieces is no text that a person is editing.
    is_text = model.get("type") == "notebook" or isinstance(model.get("content"), str)
    return bool(is_text and model.get("content") and not PurePosixPath(path).name.startswith(".env") and not model.get("chunk"))


def _is_source(model: dict[str, Any], path: str) -> bool:
    return model.get("type") != "notebook" and PurePosixPath(path).suffix.lower() in SOURCES
