"""Client of the kernels that redact files before the server saves them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.files.save_check import endpoint_of, endpoints

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    from zensecrets_jupyter.commands.files.save_check import Endpoint

_MAX_THREADS = 16
"""Maximum number of kernels that are asked at the same time."""


class SaveCheckClient:
    """The running kernels of this user with the extension loaded, including kernels of other servers."""

    def __init__(self, folder: Path, log: logging.Logger) -> None:
        """Set the Jupyter runtime folder in which kernels are found, and the log for failed requests.

        Args:
            folder: The Jupyter runtime folder.
            log: The log of the server.
        """
        self._folder = folder
        self._log = log

    def masked(self, document: Any, **options: Any) -> tuple[Any, set[str]]:
        """Return ``document`` with the values of the kernels masked, and the names of those values."""
        found = endpoints(self._folder)
        if not found:
            return document, set()
        with ThreadPoolExecutor(min(len(found), _MAX_THREADS)) as pool:
            answers = list(pool.map(lambda endpoint: self._ask(endpoint, {"document": document, **options}), found))
        names: set[str] = set()
        for endpoint, first in zip(found, answers, strict=True):
            if not first.get("names"):
                continue
            # The kernel gets the document again, if an earlier kernel has changed it.
            answer = self._ask(endpoint, {"document": document, **options}) if names else first
            names.update(answer.get("names") or [])
            document = answer.get("document", document)
        return document, names

    def is_checking(self, kernel: str) -> bool:
        """Tell whether a kernel answers and its guard is on."""
        endpoint = endpoint_of(self._folder, kernel)
        return endpoint is not None and self._ask(endpoint, {}).get("on") is True

    def _ask(self, endpoint: Endpoint, question: dict[str, Any]) -> dict[str, Any]:
        try:
            return endpoint.ask(question)
        except ConnectionRefusedError:
            # The kernel was killed and could not remove its file.
            endpoint.file.unlink(missing_ok=True)
            return {}
        except (OSError, ValueError) as error:
            self._log.warning("zensecrets: a kernel did not check a file that is being saved (%s).", type(error).__name__)
            return {}
