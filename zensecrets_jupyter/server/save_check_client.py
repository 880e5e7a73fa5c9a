"""The server's part of the save check.

Before the server saves a file, it sends the file to the kernels. Each kernel masks the values that it knows, and returns the file.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.files.save_check import endpoint_of, endpoints

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    from zensecrets_jupyter.commands.files.save_check import Endpoint

_MAX_THREADS = 16
"""Maximum number of simultaneous requests."""


class SaveCheckClient:
    """Client of all running kernels of this user that have loaded the extension.

    Kernels that other servers of the user have started are included, because their files are in the same runtime folder.
    """

    def __init__(self, folder: Path, log: logging.Logger) -> None:
        """Create a client.

        Args:
            folder: The Jupyter runtime folder, in which each kernel writes a file with its port and its encryption key.
            log: The log of the server, for failed requests.
        """
        self._folder = folder
        self._log = log

    def mask(self, document: Any, **options: Any) -> tuple[Any, set[str]]:
        """Return a document with the values of all kernels masked.

        Args:
            document: A notebook or a text.
            options: Further fields of the request: ``format`` (of the contents API) and ``is_source`` (whether people write the file).

        Returns:
            The masked document, and the names of the masked values.
        """
        kernel_endpoints = endpoints(self._folder)
        if not kernel_endpoints:
            return document, set()
        with ThreadPoolExecutor(min(len(kernel_endpoints), _MAX_THREADS)) as pool:
            first_answers = list(pool.map(lambda endpoint: self._ask(endpoint, {"document": document, **options}), kernel_endpoints))
        names: set[str] = set()
        for endpoint, first_answer in zip(kernel_endpoints, first_answers, strict=True):
            if not first_answer.get("names"):
                continue
            # The first answer is for the unchanged document. If an earlier kernel has masked something, this kernel is asked again.
            answer = self._ask(endpoint, {"document": document, **options}) if names else first_answer
            names.update(answer.get("names") or [])
            document = answer.get("document", document)
        return document, names

    def is_checking(self, kernel: str) -> bool:
        """Return whether a kernel answers and its guard is on."""
        # An empty question asks for the state of the guard, which the answer has under ``on``.
        endpoint = endpoint_of(self._folder, kernel)
        return endpoint is not None and self._ask(endpoint, {}).get("on") is True

    def _ask(self, endpoint: Endpoint, question: dict[str, Any]) -> dict[str, Any]:
        try:
            return endpoint.ask(question)
        except ConnectionRefusedError:
            # The kernel was killed, and could not remove its endpoint file.
            endpoint.file.unlink(missing_ok=True)
            return {}
        except (OSError, ValueError) as error:
            self._log.warning("zensecrets: a kernel did not check a file that is being saved (%s).", type(error).__name__)
            return {}
