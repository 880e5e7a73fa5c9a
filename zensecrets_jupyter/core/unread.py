"""What a task of a worker process was given and its process could not read: an error where it is used, not where it arrives.

Pools of processes break, or wait for ever, if the arguments of a task can't be unpickled. What a task raises they hand to whoever waits
for it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from zensecrets_jupyter.core.errors import ManagerLockedError, ZenSecretsError

if TYPE_CHECKING:
    from collections.abc import Callable

_USES = (
    "__add__ __bool__ __bytes__ __call__ __contains__ __enter__ __eq__ __float__ __format__ __ge__ __getitem__ __gt__ __hash__ __index__ "
    "__int__ __iter__ __le__ __len__ __lt__ __mod__ __mul__ __ne__ __radd__ __setitem__ __str__"
)


def read_in_worker(read: Callable[..., Any], *arguments: Any) -> Any:
    """Return what ``read`` returns; in a worker process, an :class:`Unread` where it can't be read.

    Raises:
        ZenSecretsError: What ``read`` raises, in a process that is no worker.
    """
    try:
        return read(*arguments)
    except ZenSecretsError as error:
        if not _is_worker():
            raise
        return Unread(error, (read, arguments))


def _is_worker() -> bool:
    # Those of multiprocessing, concurrent.futures, joblib and Dask all have a name of their own.
    multiprocessing = sys.modules.get("multiprocessing.process")
    return multiprocessing is not None and multiprocessing.current_process().name != "MainProcess"


class Unread:
    """A secret or a value that could not be read when it was unpickled: each use raises why."""

    def __init__(self, error: ZenSecretsError, again: tuple[Callable[..., Any], tuple[Any, ...]]) -> None:
        """Stand for what ``again``, a function and its arguments, would read."""
        if isinstance(error, ManagerLockedError):
            error.hint = f"{error.hint} This is a worker process: set it before the workers are started."
        self.__dict__.update(_error=error, _again=again)

    def __repr__(self) -> str:
        """Return why it is unread."""
        return f"<Unread: {self.__dict__['_error']}>"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Pickle as what it was unpickled from."""
        again: tuple[Any, ...] = self.__dict__["_again"]
        return again

    def __getattr__(self, name: str) -> NoReturn:
        """Raise why it could not be read."""
        raise self.__dict__["_error"]

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        """Raise why it could not be read."""
        raise self.__dict__["_error"]


def _used(self: Unread, *_arguments: Any) -> NoReturn:
    raise self.__dict__["_error"]


for _name in _USES.split():
    setattr(Unread, _name, _used)
