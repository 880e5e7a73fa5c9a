"""What the tests have other processes do with a store; each function is the whole of a process."""

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
    """Register ``count`` secrets as soon as all others are ready too, and one name that all of them want."""
    store = open_in_child(home)
    start.wait()
    for number in range(count):
        store.register_secret(secret(f"w{worker}n{number}", key=f"value {worker}.{number}"))
        if number == 0:
            with suppress(SecretExistsError):
                store.register_secret(secret("contested", key=str(worker)))


def merge_many(home: Path, start: Barrier, worker: int, count: int) -> None:
    """Set ``count`` keys of one secret, one after the other."""
    store = open_in_child(home)
    start.wait()
    for number in range(count):
        store.merge_secret("shared", {f"w{worker}n{number}": "there"})


class Step(NamedTuple):
    """One write: ``what`` is done to the secret ``name``."""

    what: str
    name: str

    def write(self, store: SecretsManager[LocalBackend]) -> None:
        """Do it to the store."""
        if self.what == "register":
            store.register_secret(secret(self.name, key="1"))
        elif self.what == "merge":
            store.merge_secret(self.name, {"key": "2"})
        elif self.what == "rename":
            store.rename_secret(self.name, f"{self.name}-renamed")
        else:
            store.delete_secret(self.name)

    def expect(self, present: dict[str, str]) -> dict[str, str]:
        """Return what a store that holds ``present`` holds afterwards."""
        others = {name: value for name, value in present.items() if name != self.name}
        if self.what == "delete":
            return others
        if self.what == "rename":
            return {**others, f"{self.name}-renamed": present[self.name]}
        return {**others, self.name: "1" if self.what == "register" else "2"}


def steps(turn: int) -> Iterator[Step]:
    """Yield writes without end; the names of each turn are its own."""
    for number in itertools.count():
        name = f"t{turn}n{number}"
        yield Step("register", name)
        yield Step("merge", name)
        if number % 3 == 0:
            yield Step("rename", name)
        elif number % 5 == 0:
            yield Step("delete", name)


def write_until_killed(home: Path, told: Connection, turn: int) -> None:
    """Write, and tell of each step only when it is done."""
    store = open_in_child(home)
    for step in steps(turn):
        step.write(store)
        told.send(step.what)


def rotate_until_killed(home: Path, told: Connection) -> None:
    """Change the data key and its protection again and again, and tell of each change when it is done."""
    store = open_in_child(home)
    while True:
        store.rotate_key()
        told.send("rotated")
        store.rewrap("keyfile")
        told.send("rewrapped")


def read_until(home: Path, done: Event, told: Connection) -> None:
    """Read all secrets again and again, and tell how often; end if one is not what it should be."""
    store = open_in_child(home)
    rounds = 0
    while not done.is_set():
        for name in store.list_secrets():
            content = content_of(store, name)
            if content != {"key": name}:
                told.send((name, content))
                return
        rounds += 1
    told.send(rounds)


def write_until(home: Path, done: Event, told: Connection) -> None:
    """Register secrets until told to end, and tell how many."""
    store = open_in_child(home)
    number = 0
    while not done.is_set():
        number += 1
        store.register_secret(secret(f"new{number}", key=f"new{number}"))
        time.sleep(0.001)
    told.send(number)


def fork_and_read(home: Path, told: Connection) -> None:
    """Fork with the store open, have the child read and write, and go on with it here."""
    store = open_in_child(home)
    store.register_secret(secret("before", key="1"))
    opened = store.backend._file._opened
    child = os.fork()
    if child == 0:
        told.send(("child", content_of(store, "before"), store.backend._file._opened is opened))
        store.register_secret(secret("child", key="2"))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    told.send(("status", {}, status != 0))
    store.merge_secret("child", {"key": "3"})
    told.send(("parent", content_of(store, "child"), store.backend._file._opened is not opened))
