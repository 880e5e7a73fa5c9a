"""Benchmarks of reading, listing and writing secrets in the local store.

The budgets are not asserted, so a slow benchmark does not fail.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from dotenv import dotenv_values
from keyring.backends import SecretService

from tests.support.sealing.sessions import joined_session
from zensecrets_jupyter.core.managers import SecretsManager
from zensecrets_jupyter.core.managers.backends.sealed import tables
from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend
from zensecrets_jupyter.core.managers.backends.sealed.rows import CURRENT, RowBinding, seal_record
from zensecrets_jupyter.core.managers.records import ManagerContext, SecretRecord
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keyring.backend import KeyringBackend
    from pytest_benchmark.fixture import BenchmarkFixture
    from sqlalchemy import Connection

    from zensecrets_jupyter.core.sealing.data_key_row import DataKey

SIZES = (10, 1_000, 10_000)
"""Numbers of secrets in a store."""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[int, SecretsManager[LocalBackend]]:
    """Return a secrets manager of a local store for each size in ``SIZES``.

    Without a passphrase and a keyring, the wrapping keys of the stores are in files.
    """
    stores = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZENSECRETS_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("ZENSECRETS_PASSPHRASE", raising=False)
        for size in SIZES:
            context = ManagerContext(name=str(size), id=str(size), folder=tmp_path_factory.mktemp(str(size)))
            stores[size] = SecretsManager(LocalBackend(context=context))
            _fill(stores[size], size)
    return stores


def _fill(store: SecretsManager[LocalBackend], size: int) -> None:
    """Write the rows of ``size`` secrets into the database of a store, in one transaction.

    The function does not register the secrets, because 10,000 registrations would wait for the disk 10,000 times.
    """

    def add_rows(connection: Connection, key: DataKey) -> None:
        rows: list[dict[str, Any]] = []
        for number in range(size):
            # The time of the write is in microseconds. It is different for each secret.
            binding = RowBinding(store.id, f"secret_{number}", CURRENT, 1, "arbitrary", 1_700_000_000_000_000 + number)
            record = SecretRecord("arbitrary", {"user": f"user {number}", "password": f"password {number}"})
            row = {"manager": store.id, "name": binding.name, "schema": binding.schema, "number": 1, "written": binding.write_time}
            rows.append({**row, "generation": key.generation, "sealed": seal_record(key, binding, record)})
        connection.execute(tables.INSERT_SECRET, rows)

    store.backend._keys.write(add_rows)


@pytest.mark.benchmark(group="get a secret")
def test_get_warm(benchmark: BenchmarkFixture, stores: dict[int, SecretsManager[LocalBackend]]) -> None:
    """A cached ("warm") secret is read; the budget is 5 µs."""
    secret = benchmark(stores[10_000].get_secret, "secret_1")
    assert secret.content["user"] == "user 1"


@pytest.mark.benchmark(group="get a secret")
@pytest.mark.parametrize("size", SIZES)
def test_get_cold(benchmark: BenchmarkFixture, stores: dict[int, SecretsManager[LocalBackend]], size: int) -> None:
    """A secret is read from the file of a store, not from the cache.

    The budget is 300 µs, for all sizes of the store.
    """
    numbers = itertools.count()
    secret = benchmark(lambda: stores[size].get_secret(f"secret_{next(numbers) % size}", refresh=True))
    assert secret.content["user"].startswith("user")


@pytest.mark.benchmark(group="get a secret")
def test_get_with_dotenv(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """For comparison, ``dotenv_values`` reads a file of ten secrets."""
    file = tmp_path / ".env"
    file.write_text("".join(f"SECRET_{number}=password {number}\n" for number in range(10)))
    assert benchmark(lambda: dotenv_values(file)["SECRET_1"]) == "password 1"


@pytest.fixture
def gnome_keyring() -> Iterator[KeyringBackend]:
    """Yield the keyring of a new desktop session, an unlocked gnome-keyring that contains one password."""
    with joined_session():
        keyring: KeyringBackend = SecretService.Keyring()
        keyring.set_password("benchmark", "user", "password 1")
        yield keyring


@pytest.mark.benchmark(group="get a secret")
def test_get_with_keyring(benchmark: BenchmarkFixture, gnome_keyring: KeyringBackend) -> None:
    """For comparison, ``keyring`` reads a password from gnome-keyring."""
    assert benchmark(gnome_keyring.get_password, "benchmark", "user") == "password 1"


@pytest.mark.benchmark(group="list secrets")
@pytest.mark.parametrize("size", SIZES)
def test_list_names(benchmark: BenchmarkFixture, stores: dict[int, SecretsManager[LocalBackend]], size: int) -> None:
    """The names of all secrets of a store are listed; the budget is 20 ms for 10,000 secrets."""
    assert len(benchmark(stores[size].list_secrets)) == size


@pytest.mark.benchmark(group="list secrets")
@pytest.mark.parametrize("size", SIZES)
def test_list_summaries(benchmark: BenchmarkFixture, stores: dict[int, SecretsManager[LocalBackend]], size: int) -> None:
    """The names, schemas, versions and times of all secrets are listed.

    The budget is 20 ms for 10,000 secrets.
    """
    assert len(benchmark(stores[size].summaries)) == size


@pytest.mark.benchmark(group="write a secret")
def test_register(benchmark: BenchmarkFixture, stores: dict[int, SecretsManager[LocalBackend]]) -> None:
    """A secret is registered in a store of 10,000 secrets, and is on the disk afterwards.

    This benchmark is the last one of the module, because the benchmarks of lists expect exactly 10,000 secrets in the shared store.
    """
    numbers = itertools.count()

    def register() -> None:
        stores[10_000].register_secret(ArbitrarySecretSchema(name=f"new_{next(numbers)}", arbitrary_kv_pairs={"k": "v"}))

    benchmark.pedantic(register, rounds=100)
