"""Tests of secrets as arguments of tasks in worker processes of concurrent.futures, multiprocessing and joblib."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import joblib
import pytest

from tests.support.managers.stores import secret
from zensecrets_jupyter import BaseSecretSchema, Client, ManagerLockedError
from zensecrets_jupyter.core.errors import SecretNotFoundError
from zensecrets_jupyter.core.interaction import set_passphrase_source
from zensecrets_jupyter.core.system.deferred_errors import DeferredErrorProxy
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PASSPHRASE, VALUE = canary("passphrase"), canary("value")


def value_length(loaded_secret: BaseSecretSchema) -> int:
    """Return the length of the secret's value."""
    return len(loaded_secret.content["key"])


def _run_in_executor(task: Callable[[BaseSecretSchema], int], argument: BaseSecretSchema) -> int:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(task, argument).result(60)


def _run_in_pool(task: Callable[[BaseSecretSchema], int], argument: BaseSecretSchema) -> int:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply_async(task, (argument,)).get(60)


def _run_in_joblib(task: Callable[[BaseSecretSchema], int], argument: BaseSecretSchema) -> int:
    # joblib gets two tasks for its two workers.
    lengths: list[int] = joblib.Parallel(2)(joblib.delayed(task)(task_argument) for task_argument in [argument, argument])
    return lengths[0]


@pytest.fixture
def secret_of_locked_store(home: Path) -> Iterator[BaseSecretSchema]:
    """Return a secret of a store whose passphrase other processes do not have.

    A function returns the passphrase in this process. Worker processes could only read it from an environment variable, which is not set.
    """
    source_before = set_passphrase_source(lambda _prompt: PASSPHRASE)
    try:
        manager = Client().active_stack.secrets_manager
        manager.register_secret(secret("kept", key=VALUE))
        yield manager.get_secret("kept")
    finally:
        set_passphrase_source(source_before)
        assert find_canary(home) == []


# The marker ``one_python``: CI runs these slow tests with one version of Python only.
@pytest.mark.one_python
@pytest.mark.parametrize("run", [_run_in_executor, _run_in_pool, _run_in_joblib])
def test_a_locked_store_in_a_worker_raises_its_error(
    run: Callable[[Callable[[BaseSecretSchema], int], BaseSecretSchema], int],
    secret_of_locked_store: BaseSecretSchema,
) -> None:
    """If a worker can't open a secret's store, the task fails with an error.

    The secret is an argument of the task. The pool does not hang.
    """
    with pytest.raises(ManagerLockedError, match=r"Set ZENSECRETS_PASSPHRASE.*before the workers are started"):
        run(value_length, secret_of_locked_store)
    # joblib keeps its workers for later calls, so the test ends them.
    joblib.externals.loky.get_reusable_executor().shutdown()


@pytest.mark.one_python
def test_a_worker_with_the_passphrase_reads_the_secret(secret_of_locked_store: BaseSecretSchema, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker with the passphrase in its environment reads the secret."""
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", PASSPHRASE)
    assert _run_in_pool(value_length, secret_of_locked_store) == len(VALUE)


def test_each_use_of_a_deferred_error_raises_it() -> None:
    """A placeholder replaces an object that could not be unpickled. Its uses raise the error.

    Only ``repr`` raises no error. It shows the error, for debuggers.

    A pickle of the placeholder has the original object, here the result of ``str("again")``.
    """
    placeholder = DeferredErrorProxy(SecretNotFoundError("There is no secret 'gone'.", name="gone"), (str, ("again",)))
    uses: list[Callable[[], object]] = [
        lambda: placeholder.content,
        lambda: str(placeholder),
        lambda: f"{placeholder}",
        lambda: len(placeholder),
        lambda: placeholder["key"],  # type: ignore[index]
        lambda: list(placeholder),
        lambda: bool(placeholder),
        lambda: placeholder == "",  # type: ignore[comparison-overlap]
        lambda: {placeholder: 1},
        lambda: "Bearer " + placeholder,  # type: ignore[operator]
        lambda: setattr(placeholder, "key", "value"),
    ]
    for use in uses:
        with pytest.raises(SecretNotFoundError, match="no secret 'gone'"):
            use()
    assert "no secret 'gone'" in repr(placeholder)
    assert pickle.loads(pickle.dumps(placeholder)) == "again"  # noqa: S301 - the test itself pickled the object
