"""Errors while unpickling arguments in a worker process, deferred until the argument is used.

If the arguments of a task can't be unpickled, a process pool breaks or hangs. An error inside the task, however, reaches the caller.
Therefore a placeholder replaces the argument, and raises the error when the task uses the placeholder.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from zensecrets_jupyter.core.errors import ManagerLockedError, ZenSecretsError

if TYPE_CHECKING:
    from collections.abc import Callable

_SPECIAL_METHODS = (
    "__add__ __bool__ __bytes__ __call__ __contains__ __enter__ __eq__ __float__ __format__ __ge__ __getitem__ __gt__ __hash__ __index__ "
    "__int__ __iter__ __le__ __len__ __lt__ __mod__ __mul__ __ne__ __radd__ __setitem__ __str__"
)
"""Methods that the placeholder defines itself, because Python looks them up in the class and does not call ``__getattr__`` for them."""


def call_or_defer_error(load: Callable[..., Any], *arguments: Any) -> Any:
    """Return the result of ``load(*arguments)``; in a worker process, replace an error by a :class:`DeferredErrorProxy`.

    Raises:
        ZenSecretsError: The error of ``load``, outside of worker processes.
    """
    try:
        return load(*arguments)
    except ZenSecretsError as error:
        if not _is_worker_process():
            raise
        return DeferredErrorProxy(error, (load, arguments))


def _is_worker_process() -> bool:
    # If this process has not imported multiprocessing, it is no worker process.
    # Workers of multiprocessing, concurrent.futures, joblib and Dask are all named differently from the main process.
    multiprocessing = sys.modules.get("multiprocessing.process")
    return multiprocessing is not None and multiprocessing.current_process().name != "MainProcess"


class DeferredErrorProxy:
    """Placeholder of an object that could not be unpickled; each use raises the error."""

    def __init__(self, error: ZenSecretsError, reload: tuple[Callable[..., Any], tuple[Any, ...]]) -> None:
        """Create a placeholder that raises ``error`` on each use.

        Args:
            error: The error.
            reload: The function that failed, and its arguments. Unpickling a pickle of this object calls the function again.
        """
        if isinstance(error, ManagerLockedError):
            error.hint = f"{error.hint} This is a worker process: set it before the workers are started."
        # A plain assignment would call __setattr__, which raises the error.
        self.__dict__.update(_error=error, _reload=reload)

    def __repr__(self) -> str:
        """Return the error, so that a debugger can show the object."""
        return f"<DeferredErrorProxy: {self.__dict__['_error']}>"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Return the function and arguments of the original object's pickle, so that unpickling loads the object again."""
        reload: tuple[Any, ...] = self.__dict__["_reload"]
        return reload

    def __getattr__(self, name: str) -> NoReturn:
        """Raise the error."""
        raise self.__dict__["_error"]

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        """Raise the error."""
        raise self.__dict__["_error"]


def _raise_error(self: DeferredErrorProxy, *_arguments: Any) -> NoReturn:
    raise self.__dict__["_error"]


for _name in _SPECIAL_METHODS.split():
    setattr(DeferredErrorProxy, _name, _raise_error)
