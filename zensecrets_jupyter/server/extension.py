"""Loading into Jupyter Server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.server.save_hook import SaveHook

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _load_jupyter_server_extension(app: ServerApp) -> None:
    """Look through whatever ``app`` is about to save."""
    app.contents_manager.register_pre_save_hook(SaveHook(app.log))  # type: ignore[no-untyped-call] # it carries no annotations
