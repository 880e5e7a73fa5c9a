"""The extension that Jupyter Server loads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.server.handlers import CheckHandler, check_url
from zensecrets_jupyter.server.save_check_client import SaveCheckClient
from zensecrets_jupyter.server.save_hook import SaveHook

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _load_jupyter_server_extension(app: ServerApp) -> None:
    """Add the save hook and the REST API to ``app``.

    Jupyter Server requires the name of this function, and calls it at its start.
    """
    client = SaveCheckClient(Path(app.runtime_dir), app.log)
    app.contents_manager.register_pre_save_hook(SaveHook(app.log, client))  # type: ignore[no-untyped-call] # Jupyter Server's method has no annotations
    handler = (check_url(app.base_url), CheckHandler, {"client": client})
    # The pattern ``.*$`` allows every host name in a request.
    app.web_app.add_handlers(".*$", [handler])  # type: ignore[no-untyped-call] # Jupyter Server's method has no annotations
