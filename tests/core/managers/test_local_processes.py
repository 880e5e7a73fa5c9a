"""Several processes with one store, and processes that are killed during a write."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.managers import workers
from tests.support.managers.stores import PROCESSES, content_of, open_store, run_sql, secret
from zensecrets_jupyter.core.errors import ZenSecretsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROCESS_COUNT = 8


def test_eight_processes_register_in_a_new_store(home: Path) -> None:
    """Eight processes that create a store together lose no secret, and create one key.

    Each process writes 200 secrets.
    """
    start = PROCESSES.Barrier(PROCESS_COUNT)
    processes = [PROCESSES.Process(target=workers.register_many, args=(home, start, worker, 200)) for worker in range(PROCESS_COUNT)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESS_COUNT
    store = open_store(home)
    expected = {f"w{worker}n{number}": {"key": f"value {worker}.{number}"} for worker in range(PROCESS_COUNT) for number in range(200)}
    assert set(store.list_secrets()) == {"contested", *expected}
    assert {name: content_of(store, name) for name in expected} == expected
    assert len(list((home / "keys").iterdir())) == 1, "a process deletes its key if another process created one first"
    assert run_sql(store.backend.path, "PRAGMA integrity_check") == [("ok",)]
    assert run_sql(store.backend.path, "PRAGMA journal_mode") == [("wal",)]


def test_eight_processes_merge_into_one_secret(home: Path) -> None:
    """Eight processes that merge into one secret lose no key, because a merge is atomic.

    Each process sets 20 keys.
    """
    open_store(home).register_secret(secret("shared"))
    start = PROCESSES.Barrier(PROCESS_COUNT)
    processes = [PROCESSES.Process(target=workers.merge_many, args=(home, start, worker, 20)) for worker in range(PROCESS_COUNT)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESS_COUNT
    store = open_store(home)
    assert set(content_of(store, "shared")) == {f"w{worker}n{number}" for worker in range(PROCESS_COUNT) for number in range(20)}
    assert store.history("shared")[0].number == 1 + PROCESS_COUNT * 20


def test_killed_writer_keeps_acknowledged_writes(home: Path) -> None:
    """A writer that is killed leaves every acknowledged write and no half-written secret.

    The writer is killed at a random moment.
    """
    rng = random.Random(3)  # noqa: S311 - the random numbers select a time and protect nothing
    expected: dict[str, str] = {}
    for turn in range(25):
        reports = _run_until_killed(workers.write_until_killed, (home, turn), rng.randrange(12), rng.uniform(0.0, 0.01))
        steps = workers.steps(turn)
        for operation, step in zip(reports, steps):  # noqa: B905 - the generator of the steps is infinite
            assert step.operation == operation
            expected = step.expect(expected)
        store = open_store(home)
        stored = {name: content_of(store, name)["key"] for name in store.list_secrets()}
        # The step after the last acknowledged step may have been executed or not.
        assert stored in (expected, next(steps).expect(expected))
        expected = stored
    assert len(expected) > 25
    assert run_sql(open_store(home).backend.path, "PRAGMA integrity_check") == [("ok",)]


def _run_until_killed(target: Callable[..., None], arguments: tuple[Any, ...], steps: int, after: float) -> list[str]:
    """Return the reports of a process that is killed.

    The process is killed ``after`` seconds after it sent a number of reports.
    """
    receiver, sender = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=target, args=(arguments[0], sender, *arguments[1:]))
    process.start()
    sender.close()
    reports = [receiver.recv() for _ in range(steps)]
    process.join(after)
    assert process.exitcode is None, "the process ended before it was killed"
    process.kill()
    process.join()
    with suppress(EOFError):
        while True:
            reports.append(receiver.recv())
    receiver.close()
    return reports


def test_process_killed_during_a_key_change_leaves_a_readable_store(home: Path) -> None:
    """All secrets are readable after a process is killed during a key change.

    The process changes the data key or its protection.
    """
    rng = random.Random(4)  # noqa: S311 - the random numbers select a time and protect nothing
    store = open_store(home)
    for number in range(30):
        store.register_secret(secret(f"n{number}", key=f"n{number}"))
    store.merge_secret("n0", {"key": "later"})
    store.rollback("n0", 1)
    generations = set()
    for _ in range(25):
        _run_until_killed(workers.rotate_until_killed, (home,), rng.randrange(4), rng.uniform(0.0, 0.02))
        reopened = open_store(home)
        for number in range(30):
            assert content_of(reopened, f"n{number}") == {"key": f"n{number}"}
        assert content_of(store, "n7") == {"key": "n7"}
        generations.add(run_sql(reopened.backend.path, "SELECT generation FROM data_keys")[0][0])
    assert open_store(home).rollback("n0", 2).number == 4
    assert len(generations) > 5


def test_reads_and_writes_during_key_changes(home: Path) -> None:
    """During key changes by one process, other processes read and write without errors.

    The data key and its protection are changed.
    """
    store = open_store(home)
    for number in range(10):
        store.register_secret(secret(f"n{number}", key=f"n{number}"))
    stop = PROCESSES.Event()
    pipes = [PROCESSES.Pipe(duplex=False) for _ in range(3)]
    targets = (workers.read_until, workers.read_until, workers.write_until)
    processes = [PROCESSES.Process(target=target, args=(home, stop, pipe[1])) for target, pipe in zip(targets, pipes, strict=True)]
    for process, pipe in zip(processes, pipes, strict=True):
        process.start()
        pipe[1].close()
    for turn in range(40):
        store.rotate_key()
        if turn % 4 == 0:
            store.rewrap("keyfile")
    stop.set()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    reports = [pipe[0].recv() for pipe in pipes]
    assert all(isinstance(rounds, int) and rounds > 0 for rounds in reports), reports
    assert len(open_store(home).list_secrets()) == 10 + reports[2]
    assert len(list((home / "keys").iterdir())) == 1


def test_forked_process_opens_the_store_again(home: Path) -> None:
    """A forked child uses its own connections, and the connections of its parent keep working."""
    receiver, sender = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=workers.fork_and_read, args=(home, sender))
    process.start()
    sender.close()
    reports = [receiver.recv() for _ in range(3)]
    process.join()
    assert reports == [("child", {"key": "1"}, False), ("status", {}, False), ("parent", {"key": "3"}, False)]
    assert open_store(home).list_secrets() == ["before", "child"]


def test_deleted_and_recreated_store_is_opened_again(home: Path) -> None:
    """A process with an open store notices that the file was deleted.

    The process also notices that another process created a new file.
    """
    opened, other = open_store(home), open_store(home)
    opened.register_secret(secret("old", key="1"))
    for file in opened.backend.path.parent.iterdir():
        file.unlink()
    assert opened.list_secrets() == []
    other.register_secret(secret("new", key="2"))
    assert content_of(opened, "new") == {"key": "2"}
    opened.register_secret(secret("newer", key="3"))
    assert content_of(other, "newer") == {"key": "3"}
    with pytest.raises(ZenSecretsError, match="no secret 'old'"):
        opened.get_secret("old")
