"""Secrets, stacks and references of ZenML 0.20 in Jupyter notebooks.

The values of secrets do not appear in outputs, files or logs. ``%load_ext zensecrets_jupyter`` loads the magics. This module is the public
Python API: ``__init__.pyi`` lists its names, and each name is imported at its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lazy_loader

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_import, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Import a public name at its first use."""
    if name in __all__:
        return _import(name)
    if name == "__version__":
        from importlib.metadata import version

        return version("zensecrets-jupyter")
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """Return the public names."""
    return [*__all__, "__version__"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Load the extension into ``shell``; ``%load_ext zensecrets_jupyter`` calls this function."""
    from zensecrets_jupyter.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Undo the loading of the extension; ``%unload_ext zensecrets_jupyter`` calls this function."""
    from zensecrets_jupyter.notebook.extension import unload

    unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Return the location of the JupyterLab extension."""
    return [{"src": "labextension", "dest": "zensecrets-jupyter"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Return the module of the Jupyter Server extension."""
    return [{"module": "zensecrets_jupyter.server.extension"}]
