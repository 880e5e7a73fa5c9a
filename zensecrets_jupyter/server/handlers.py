"""Request handlers of the REST API."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from zensecrets_jupyter.contract.server import CHECKS_PATH, KernelCheck

if TYPE_CHECKING:
    from zensecrets_jupyter.server.save_check_client import SaveCheckClient


def check_url(base_url: str) -> str:
    """Return the URL pattern of :class:`CheckHandler`, which ends with the ID of a kernel."""
    return url_path_join(base_url, CHECKS_PATH, r"(?P<kernel>[\w-]+)")


class CheckHandler(APIHandler):
    """Responds whether a kernel masks its values in files before the server saves them."""

    def initialize(self, client: SaveCheckClient) -> None:
        """Set the client that asks a kernel; Tornado calls this method."""
        self._client = client

    @web.authenticated
    async def get(self, kernel: str) -> None:
        """Respond with a :class:`~zensecrets_jupyter.contract.server.KernelCheck`."""
        # The client expects the name of the kernel's connection file without its suffix: ``kernel-ID``. The question is sent in a thread,
        # because it blocks until the kernel answers.
        is_checking = await asyncio.to_thread(self._client.is_checking, f"kernel-{kernel}")
        self.set_header("Cache-Control", "no-store")
        self.finish(KernelCheck(checks_saved_files=is_checking).model_dump_json())
