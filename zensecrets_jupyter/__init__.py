"""Secrets, stacks and references of ZenML's 0.20 generation, in notebooks: values never reach an output, a file or a log.

``%load_ext zensecrets_jupyter`` loads the magics; this module is the whole API for Python. ``__init__.pyi`` lists the public names, and
each is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lazy_loader

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_import, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
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
    """Bring the magics to ``shell``; what ``%load_ext zensecrets_jupyter`` calls."""
    from zensecrets_jupyter.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take everything back that loading did; what ``%unload_ext zensecrets_jupyter`` calls."""
    from zensecrets_jupyter.notebook.extension import unload

    unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the front end is."""
    return [{"src": "labextension", "dest": "zensecrets-jupyter"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server which module extends it."""
    return [{"module": "zensecrets_jupyter.server.extension"}]
