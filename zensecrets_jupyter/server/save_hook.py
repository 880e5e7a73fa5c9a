"""The pre-save hook of Jupyter Server, which masks values in saved files.

The guard in the kernel masks values in outputs. The hook masks values that the guard can't mask: values in the source of a cell, and values
in the output of a kernel without the extension.

The server process holds no values. It asks the kernels with the extension loaded to mask the file, and it recognizes values by the
fingerprints (keyed hashes) under ``ZENSECRETS_HOME``, if there are any. Files whose name begins with ``.env``, such as ``.env.local``, are
not changed, because they are meant to contain secrets.

There are two steps: masking by fingerprints, and masking by kernels. After an error in a step, this step changes nothing, the error is
logged, and the file is saved. Losing the user's work would be worse than saving a value.
"""

from __future__ import annotations

import base64
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import mask_text
from zensecrets_jupyter.core.text import counted
from zensecrets_jupyter.scan.documents import DocumentMasker
from zensecrets_jupyter.scan.edits import SOURCE_SUFFIXES
from zensecrets_jupyter.scan.fingerprints.store import fingerprint_file, load_fingerprints

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from zensecrets_jupyter.server.save_check_client import SaveCheckClient

_FileVersion = tuple[str, int, int]
"""The path of a file, its modification time in nanoseconds, and its size."""


class SaveHook:
    """Pre-save hook that masks values in files, and logs the names of the values."""

    def __init__(self, log: logging.Logger, client: SaveCheckClient | None = None) -> None:
        """Create the hook.

        Args:
            log: The log of the server.
            client: The client of the kernels that mask their values; without a client, the hook uses fingerprints only.
        """
        self._log = log
        self._client = client
        # The masker is made anew when the fingerprint file changes. This is the version of the file from which it was made.
        self._masker_version: _FileVersion | None = None
        self._masker: DocumentMasker | None = None

    def __call__(self, *, model: dict[str, Any], path: str, **_unused: Any) -> None:
        """Mask the content of ``model`` in place, and never raise an error.

        Args:
            model: The file that Jupyter Server is about to save, as a model of its contents API.
            path: The path of the file.
            _unused: Unused arguments of the hook.
        """
        self._mask_or_log_error(self._mask_by_fingerprints, model, path)
        self._mask_or_log_error(self._mask_by_kernels, model, path)

    def _mask_or_log_error(self, mask: Callable[[dict[str, Any], str], None], model: dict[str, Any], path: str) -> None:
        try:
            mask(model, path)
        except Exception as error:  # noqa: BLE001 - the user's file has to be saved after any error
            self._log.error(
                "zensecrets could not check a file that is being saved (%s): the file is saved unchanged.", type(error).__name__
            )

    def _mask_by_fingerprints(self, model: dict[str, Any], path: str) -> None:
        if not _is_checked(model, path) or (masker := self._update_masker()) is None:
            return
        masker.masked_names.clear()
        if model.get("format") == "base64":
            # The file is binary: its values are reported and not masked.
            masker.record_matches(base64.b64decode(model["content"]))
        else:
            # A source file is treated like the source of a cell (references replace values), another text like an output (masks do).
            model["content"] = masker.mask_document(model["content"], ("source",) if _is_source(model, path) else ())
        self._report(model, masker.mask_string(path), masker.masked_names)

    def _mask_by_kernels(self, model: dict[str, Any], path: str) -> None:
        if self._client is None or not _is_checked(model, path):
            return
        options = {"format": model.get("format"), "is_source": _is_source(model, path)}
        content, names = self._client.mask(model["content"], **options)
        if names:
            model["content"] = content
            # The path may contain a value too, and must not show it in the log.
            self._report(model, self._client.mask(path)[0], names)

    def _report(self, model: dict[str, Any], path: str, names: set[str]) -> None:
        if not names:
            return
        masks = ", ".join(mask_text(name) for name in sorted(names))
        if model.get("format") == "base64":
            self._log.warning("zensecrets found %s in %s, which is not text and is saved unchanged.", masks, path)
        else:
            self._log.warning("zensecrets masked %s in %s before it was saved.", masks, path)

    def _update_masker(self) -> DocumentMasker | None:
        """Return a masker for the current fingerprints, or ``None`` without fingerprints."""
        file = fingerprint_file()
        if not file.exists():
            return None
        status = file.stat()
        version = (str(file), status.st_mtime_ns, status.st_size)
        if version != self._masker_version:
            fingerprints = load_fingerprints()
            if fingerprints.damaged_line_count:
                self._log.warning(
                    "zensecrets found damage in %s and removed %s: the values of these fingerprints are not recognised in saved files"
                    " until a command or a notebook reads them again.",
                    file,
                    counted(fingerprints.damaged_line_count, "line"),
                )
                # The damaged lines were removed, so the file has a new version.
                status = file.stat()
            self._masker = DocumentMasker(fingerprints)
            self._masker_version = (str(file), status.st_mtime_ns, status.st_size)
        return self._masker


def _is_checked(model: dict[str, Any], path: str) -> bool:
    """Return whether the hook searches a file.

    It searches notebooks and files with string content, except ``.env`` files.
    """
    # The content is a string for a text and for base64. A file that is uploaded in chunks is usually not a text that the user edits.
    is_text = model.get("type") == "notebook" or isinstance(model.get("content"), str)
    return bool(is_text and model.get("content") and not PurePosixPath(path).name.startswith(".env") and not model.get("chunk"))


def _is_source(model: dict[str, Any], path: str) -> bool:
    """Return whether a file is of a type that people write, such as ``.py``."""
    return model.get("type") != "notebook" and PurePosixPath(path).suffix.lower() in SOURCE_SUFFIXES
