"""Functions that the tests run in other processes on a shared store."""

from __future__ import annotations

import itertools
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tests.support.managers.stores import content_of, open_in_child, secret
from zensecrets_jupyter.core.errors import SecretExistsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Barrier, Event
    from pathlib import Path

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend


def register_many(home: Path, start: Barrier, worker: int, count: int) -> None:
    """Wait for all workers, then register ``count`` secrets.

    Each worker also tries to register the secret ``contested``, and only one worker succeeds.
    """
    store = open_in_child(home)
    start.wait()
    for number in range(count):
        store.register_secret(secret(f"w{worker}n{number}", key=f"value {worker}.{number}"))
        if number == 0:
            with suppress(SecretExistsError):
                store.register_secret(secret("contested", key=str(worker)))


def merge_many(home: Path, start: Barrier, worker: int, count: int) -> None:
    """Wait for all workers, then set ``count`` keys of one secret."""
    store = open_in_child(home)
    start.wait()
    for number in range(count):
        store.merge_secret("shared", {f"w{worker}n{number}": "value"})


class StoreWrite(NamedTuple):
    """One write: ``operation`` is applied to the secret ``name``."""

    operation: str
    name: str

    def apply(self, store: SecretsManager[LocalBackend]) -> None:
        """Apply the write to a store."""
        if self.operation == "register":
            store.register_secret(secret(self.name, key="1"))
        elif self.operation == "merge":
            store.merge_secret(self.name, {"key": "2"})
        elif self.operation == "rename":
            store.rename_secret(self.name, f"{self.name}-renamed")
        else:
            store.delete_secret(self.name)

    def values_after(self, values: dict[str, str]) -> dict[str, str]:
        """Return the value of each secret after the write, given the values before it."""
        others = {name: value for name, value in values.items() if name != self.name}
        if self.operation == "delete":
            return others
        if self.operation == "rename":
            return {**others, f"{self.name}-renamed": values[self.name]}
        return {**others, self.name: "1" if self.operation == "register" else "2"}


def endless_writes(turn: int) -> Iterator[StoreWrite]:
    """Yield writes without end. ``turn`` is the number of the writing process.

    Each name contains ``turn``, so no two processes use the same name.
    Each secret is registered, and a merge changes its value. Every third secret is then renamed. Of the others, every fifth one is
    deleted.
    """
    for number in itertools.count():
        name = f"t{turn}n{number}"
        yield StoreWrite("register", name)
        yield StoreWrite("merge", name)
        if number % 3 == 0:
            yield StoreWrite("rename", name)
        elif number % 5 == 0:
            yield StoreWrite("delete", name)


def write_until_killed(home: Path, pipe: Connection, turn: int) -> None:
    """Apply writes until the test kills the process.

    Each write is reported after it is done.
    """
    store = open_in_child(home)
    for write in endless_writes(turn):
        write.apply(store)
        pipe.send(write.operation)


def rotate_until_killed(home: Path, pipe: Connection) -> None:
    """Rotate and rewrap the data key until the test kills the process.

    Each change is reported after it is done. A rewrap changes the key protection and encrypts no secret again.
    """
    store = open_in_child(home)
    while True:
        store.rotate_key()
        pipe.send("rotated")
        store.rewrap("keyfile")
        pipe.send("rewrapped")


def read_until_stopped(home: Path, stop: Event, pipe: Connection) -> None:
    """Read all secrets until ``stop`` is set, then report how often all were read.

    The value of each secret must be its name. A wrong content is reported at once, and ends the function.
    """
    store = open_in_child(home)
    round_count = 0
    while not stop.is_set():
        for name in store.list_secrets():
            content = content_of(store, name)
            if content != {"key": name}:
                pipe.send((name, content))
                return
        round_count += 1
    pipe.send(round_count)


def write_until_stopped(home: Path, stop: Event, pipe: Connection) -> None:
    """Register secrets until ``stop`` is set, then report the number of secrets.

    The value of each secret is its name.
    """
    store = open_in_child(home)
    registered_count = 0
    while not stop.is_set():
        name = f"new{registered_count}"
        store.register_secret(secret(name, key=name))
        registered_count += 1
        time.sleep(0.001)
    pipe.send(registered_count)


def fork_and_read(home: Path, pipe: Connection) -> None:
    """Fork while the store is open, and use the store in the child and then in the parent.

    Each of the two reports its name, the content of a secret, and whether it still uses the file that was open before the fork.
    """
    store = open_in_child(home)
    store.register_secret(secret("before", key="1"))
    # This is the object of the open SQLite file with its connections, which must not be used after a fork.
    open_file = store.backend._file._open_file
    child = os.fork()
    if child == 0:
        pipe.send(("child", content_of(store, "before"), store.backend._file._open_file is open_file))
        store.register_secret(secret("child", key="2"))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    store.merge_secret("child", {"key": "3"})
    pipe.send(("parent", content_of(store, "child"), store.backend._file._open_file is open_file))
