"""Several processes with one store, and processes that are killed during a write."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.managers import workers
from tests.support.managers.stores import FORK_SERVER, content_of, open_store, run_sql, secret
from zensecrets_jupyter.core.errors import ZenSecretsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROCESS_COUNT = 8


def test_eight_processes_register_in_a_new_store(home: Path) -> None:
    """Eight processes that write 200 secrets each into a new store lose no secret, and leave one key file."""
    start = FORK_SERVER.Barrier(PROCESS_COUNT)
    processes = [FORK_SERVER.Process(target=workers.register_many, args=(home, start, worker, 200)) for worker in range(PROCESS_COUNT)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESS_COUNT
    store = open_store(home)
    # In addition to its own secrets, each process tries to register the secret "contested", and one process succeeds.
    expected = {f"w{worker}n{number}": {"key": f"value {worker}.{number}"} for worker in range(PROCESS_COUNT) for number in range(200)}
    assert set(store.list_secrets()) == {"contested", *expected}
    assert {name: content_of(store, name) for name in expected} == expected
    assert len(list((home / "keys").iterdir())) == 1, "a process deletes its key if another process created one first"
    assert run_sql(store.backend.path, "PRAGMA integrity_check") == [("ok",)]
    assert run_sql(store.backend.path, "PRAGMA journal_mode") == [("wal",)]


def test_eight_processes_merge_into_one_secret(home: Path) -> None:
    """Eight processes that set 20 keys each of one secret lose no key, because a merge is atomic."""
    open_store(home).register_secret(secret("shared"))
    start = FORK_SERVER.Barrier(PROCESS_COUNT)
    processes = [FORK_SERVER.Process(target=workers.merge_many, args=(home, start, worker, 20)) for worker in range(PROCESS_COUNT)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESS_COUNT
    store = open_store(home)
    assert set(content_of(store, "shared")) == {f"w{worker}n{number}" for worker in range(PROCESS_COUNT) for number in range(20)}
    # The registration is version 1, and each merge creates one version.
    assert store.history("shared")[0].number == 1 + PROCESS_COUNT * 20


def test_killed_writer_keeps_acknowledged_writes(home: Path) -> None:
    """After a writer is killed at a random moment, every acknowledged write is stored, and no secret is half-written."""
    rng = random.Random(3)  # noqa: S311 - the random numbers select a time and protect nothing
    expected_values: dict[str, str] = {}
    for turn in range(25):
        reports = _run_until_killed(workers.write_until_killed, (home, turn), rng.randrange(12), rng.uniform(0.0, 0.01))
        # The process executes these same writes in the same order, and reports the operation of each finished write.
        writes = workers.endless_writes(turn)
        for operation, write in zip(reports, writes):  # noqa: B905 - the generator of the writes is infinite
            assert write.operation == operation
            expected_values = write.values_after(expected_values)
        store = open_store(home)
        stored_values = {name: content_of(store, name)["key"] for name in store.list_secrets()}
        # The write after the last acknowledged write may have been executed or not.
        assert stored_values in (expected_values, next(writes).values_after(expected_values))
        expected_values = stored_values
    assert len(expected_values) > 25, "most turns have written several secrets"
    assert run_sql(open_store(home).backend.path, "PRAGMA integrity_check") == [("ok",)]


def _run_until_killed(target: Callable[..., None], arguments: tuple[Any, ...], report_count: int, seconds: float) -> list[str]:
    """Run a function in a process, kill the process, and return all its reports.

    The process is killed ``seconds`` after it has sent ``report_count`` reports. It sends the reports through a pipe. The function gets the
    pipe as its second argument, between the first and the other ``arguments``.
    """
    receiver, sender = FORK_SERVER.Pipe(duplex=False)
    home, *other_arguments = arguments
    process = FORK_SERVER.Process(target=target, args=(home, sender, *other_arguments))
    process.start()
    sender.close()
    reports = [receiver.recv() for _ in range(report_count)]
    process.join(seconds)
    assert process.exitcode is None, "the process ended before it was killed"
    process.kill()
    process.join()
    with suppress(EOFError):
        while True:
            reports.append(receiver.recv())
    receiver.close()
    return reports


def test_process_killed_during_a_key_change_leaves_a_readable_store(home: Path) -> None:
    """After a process is killed while it changes the data key or its protection, all secrets and versions are readable."""
    rng = random.Random(4)  # noqa: S311 - the random numbers select a time and protect nothing
    store = open_store(home)
    for number in range(30):
        store.register_secret(secret(f"n{number}", key=f"n{number}"))
    # "n0" gets three versions, of which the first and the third have the same content.
    store.merge_secret("n0", {"key": "later"})
    store.rollback("n0", 1)
    generations = set()
    for _ in range(25):
        _run_until_killed(workers.rotate_until_killed, (home,), rng.randrange(4), rng.uniform(0.0, 0.02))
        reopened = open_store(home)
        for number in range(30):
            assert content_of(reopened, f"n{number}") == {"key": f"n{number}"}
        # The instance that was opened before the key changes can read too.
        assert content_of(store, "n7") == {"key": "n7"}
        # The generation is a number that each change of the data key increments.
        generations.add(run_sql(reopened.backend.path, "SELECT generation FROM data_keys")[0][0])
    assert open_store(home).rollback("n0", 2).number == 4, "an earlier version is readable too"
    assert len(generations) > 5, "the data key was changed several times"


def test_reads_and_writes_during_key_changes(home: Path) -> None:
    """While one process changes the data key and its protection, other processes read and write without errors."""
    store = open_store(home)
    for number in range(10):
        store.register_secret(secret(f"n{number}", key=f"n{number}"))
    stop = FORK_SERVER.Event()
    processes, receivers = [], []
    for target in (workers.read_until_stopped, workers.read_until_stopped, workers.write_until_stopped):
        receiver, sender = FORK_SERVER.Pipe(duplex=False)
        process = FORK_SERVER.Process(target=target, args=(home, stop, sender))
        process.start()
        sender.close()
        processes.append(process)
        receivers.append(receiver)
    for turn in range(40):
        store.rotate_key()
        if turn % 4 == 0:
            store.rewrap("keyfile")
    stop.set()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    reports = [receiver.recv() for receiver in receivers]
    # A reader reports the number of its rounds, or the name of a secret with wrong content. The writer reports the number of its secrets.
    assert all(isinstance(report, int) and report > 0 for report in reports), reports
    registered_count = reports[-1]
    assert len(open_store(home).list_secrets()) == 10 + registered_count
    assert len(list((home / "keys").iterdir())) == 1


def test_forked_process_opens_the_store_again(home: Path) -> None:
    """A forked child opens the file of the store again, and its parent continues to use the open file."""
    receiver, sender = FORK_SERVER.Pipe(duplex=False)
    process = FORK_SERVER.Process(target=workers.fork_and_read, args=(home, sender))
    process.start()
    sender.close()
    reports = [receiver.recv() for _ in range(2)]
    process.join()
    assert process.exitcode == 0
    # A report has the process, the content that it read, and whether it still uses the file that was open before the fork.
    assert reports == [("child", {"key": "1"}, False), ("parent", {"key": "3"}, True)]
    assert open_store(home).list_secrets() == ["before", "child"]


def test_deleted_and_recreated_store_is_opened_again(home: Path) -> None:
    """If the file of an open store is deleted, the store is empty.

    If another instance of the store creates a new file, the open store uses the new file.
    """
    store, other = open_store(home), open_store(home)
    store.register_secret(secret("old", key="1"))
    for file in store.backend.path.parent.iterdir():
        file.unlink()
    assert store.list_secrets() == []
    other.register_secret(secret("new", key="2"))
    assert content_of(store, "new") == {"key": "2"}
    store.register_secret(secret("newer", key="3"))
    assert content_of(other, "newer") == {"key": "3"}
    with pytest.raises(ZenSecretsError, match="no secret 'old'"):
        store.get_secret("old")
