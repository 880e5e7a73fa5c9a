"""What the browser asks the server: whether files that it saves are checked by a kernel."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

if TYPE_CHECKING:
    from zensecrets_jupyter.server.kernels import CheckingKernels


def address_of(base_url: str) -> str:
    """Return the pattern of the handler's address, in which the kernel's identity stands."""
    return url_path_join(base_url, "zensecrets/checks", r"(?P<kernel>[\w-]+)")


class CheckHandler(APIHandler):
    """Tells whether a kernel checks what is saved."""

    def initialize(self, kernels: CheckingKernels) -> None:
        """Ask ``kernels``."""
        self._kernels = kernels

    @web.authenticated
    async def get(self, kernel: str) -> None:
        """Answer ``{"checked": bool}``."""
        checked = await asyncio.to_thread(self._kernels.is_checking, f"kernel-{kernel}")
        self.set_header("Cache-Control", "no-store")
        self._answer({"checked": checked})

    def _answer(self, answer: dict[str, Any]) -> None:
        self.finish(json.dumps(answer))
