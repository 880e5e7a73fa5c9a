"""Validating stacks whose secrets are in remote places, each answer of which takes 20 ms, beside what people would do instead.

Budgets: 100 secrets validate in 0.3 s at most; a warm read asks the place for nothing, and takes 5 µs. The real flavors and their libraries
are measured, against the fakes of the tests, which run in processes of their own: what they take themselves is in the figures.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.benchmarks.slow_services import SERVICES, SlowPlace, environment_of, running
from tests.support.managers.counting import secret
from tests.support.stacks import component, stack
from zensecrets_jupyter.core.settings import SecretValidationLevel
from zensecrets_jupyter.core.stack import ComponentType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_benchmark.fixture import BenchmarkFixture

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.stack import Stack

SECONDS_AN_ANSWER = 0.02
SECRETS = 100
SIZES = (10, 100, 1_000)
REFERENCES = (1, 10_000)
IDENTITY = "benchmark"


@pytest.fixture(scope="module", params=sorted(SERVICES))
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowPlace]:
    """Yield each place, with a thousand secrets in it."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch, running(request.param, folder) as made:
        for variable, value in environment_of(request.param, folder).items():
            patch.setenv(variable, value)
        _fill(made.open(IDENTITY), max(SIZES))
        yield made


def _fill(manager: SecretsManager, count: int) -> None:
    manager.register_secret(secret("other", key="what is read to be connected"))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(manager.register_secret, (secret(f"s{number}", key=f"the value of secret {number}") for number in range(count))))


def _stack(manager: SecretsManager, references: int, secrets: int) -> Stack:
    """Return a stack that holds so many references together, over so many secrets."""
    held = {f"attribute{number}": f"{{{{s{number % secrets}.key}}}}" for number in range(references)}
    return stack(component(ComponentType.ANNOTATOR, **held), manager=manager)


def _validate(place: SlowPlace, benchmark: BenchmarkFixture, references: int, secrets: int, *, is_connected: bool = True) -> None:
    def make() -> tuple[tuple[Stack], dict[str, object]]:
        manager = place.open(IDENTITY)
        if is_connected:
            manager.get_secret("other")
        return (_stack(manager, references, secrets),), {}

    def validate(mine: Stack) -> None:
        report = mine.validate(level=SecretValidationLevel.SECRET_AND_KEY_EXISTS)
        assert report.ok, report

    with place.taking(SECONDS_AN_ANSWER):
        benchmark.pedantic(validate, setup=make, rounds=5)  # type: ignore[no-untyped-call] # pytest-benchmark has no types there


@pytest.mark.parametrize("secrets", SIZES)
def test_validate(benchmark: BenchmarkFixture, place: SlowPlace, secrets: int) -> None:
    """A stack with a reference to each of the secrets, none of which was read before: budget 0.3 s for a hundred."""
    benchmark.group = f"validate {secrets:,} references to {secrets:,} secrets, 20 ms an answer"
    _validate(place, benchmark, secrets, secrets)


def test_validate_for_the_first_time(benchmark: BenchmarkFixture, place: SlowPlace) -> None:
    """The same by a client that has still to connect, and to log in where that is a request of its own."""
    benchmark.group = f"validate {SECRETS:,} references to {SECRETS:,} secrets, 20 ms an answer"
    _validate(place, benchmark, SECRETS, SECRETS, is_connected=False)


@pytest.mark.parametrize("references", REFERENCES)
def test_validate_many_references(benchmark: BenchmarkFixture, place: SlowPlace, references: int) -> None:
    """One reference, or ten thousand over a hundred secrets."""
    benchmark.group = f"validate {references:,} references over {SECRETS} secrets, 20 ms an answer"
    _validate(place, benchmark, references, SECRETS)


def test_validate_one_by_one(benchmark: BenchmarkFixture, place: SlowPlace) -> None:
    """A read per reference, one after the other, as ZenML does."""
    manager = place.open(IDENTITY)
    mine = _stack(manager, SECRETS, SECRETS)

    def validate() -> None:
        for need in mine.requirements():
            manager.get_secret(need.reference.name, refresh=True).value(need.reference.key)

    benchmark.group = f"validate {SECRETS:,} references to {SECRETS:,} secrets, 20 ms an answer"
    with place.taking(SECONDS_AN_ANSWER):
        benchmark.pedantic(validate, rounds=2)  # type: ignore[no-untyped-call] # likewise


def test_read_by_the_library_itself(benchmark: BenchmarkFixture, place: SlowPlace) -> None:
    """What one would write with the place's own library: its client is asked for each secret."""
    names = [f"s{number}" for number in range(SECRETS)]
    benchmark.group = f"validate {SECRETS:,} references to {SECRETS:,} secrets, 20 ms an answer"
    with _reading(place) as read, place.taking(SECONDS_AN_ANSWER):
        read(names[:1])
        benchmark.pedantic(read, args=(names,), rounds=2)  # type: ignore[no-untyped-call] # likewise


@contextmanager
def _reading(place: SlowPlace) -> Iterator[Callable[[Sequence[str]], list[object]]]:
    """Yield what reads the documents of secrets, one after the other."""
    if place.flavor == "sql":
        select = "SELECT sealed FROM zensecrets.secrets WHERE manager = %s AND name = %s"
        with psycopg.connect(place.attributes["url"], autocommit=True) as connection:
            yield lambda names: [connection.execute(select, (IDENTITY, name)).fetchone() for name in names]
        return
    manager: Any = place.open(IDENTITY)
    client = manager._connected()
    reads: dict[str, Callable[[str], object]] = {
        "aws": lambda key: client.get_secret_value(SecretId=key)["SecretString"],
        "azure": lambda key: client.get_secret(key).value,
        "gcp": lambda key: client.client.access_secret_version(name=client.path(key, "zensecrets")).payload.data,
        "vault": lambda key: client.secrets.kv.v2.read_secret_version(path=key, raise_on_deleted_version=True)["data"]["data"],
    }
    yield lambda names: [reads[place.flavor](manager.key_for(name)) for name in names]


@pytest.mark.benchmark(group="read a secret that was read before, 20 ms an answer")
def test_warm_get(benchmark: BenchmarkFixture, place: SlowPlace) -> None:
    """A warm read: budget 5 µs."""
    manager = place.open(IDENTITY)
    with place.taking(SECONDS_AN_ANSWER):
        found = benchmark(manager.get_secret, "s1")
    assert found.content == {"key": "the value of secret 1"}
