"""Benchmarks of stacks whose secrets are in remote services, with a latency of 20 ms.

Budgets: the validation of references to 100 secrets takes at most 0.3 s; reading a cached secret takes at most 5 µs, and sends no request.
The benchmarks use the real flavors, the client libraries of the services, and the fake services of the tests in separate processes. The
measured times include the work of the fake services.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.benchmarks.slow_services import SERVICES, SlowService, environment_of, running_service
from tests.support.managers.stores import secret
from tests.support.stacks import component, stack
from zensecrets_jupyter.core.settings import SecretValidationLevel
from zensecrets_jupyter.core.stack import ComponentType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_benchmark.fixture import BenchmarkFixture

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.stack import Stack

LATENCY = 0.02
"""Latency of each response in seconds."""
SECRET_COUNT = 100
"""Number of secrets in the benchmarks that use only one number."""
SECRET_COUNTS = (10, 100, 1_000)
REFERENCE_COUNTS = (1, 10_000)
IDENTITY = "benchmark"
"""The identifier of all secrets managers in this module. Managers with the same identifier have the same secrets in a service."""


@pytest.fixture(scope="module", params=sorted(SERVICES))
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowService]:
    """Yield a service that contains a thousand secrets; each benchmark runs with each service."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch, running_service(request.param, folder) as slow_service:
        for variable, value in environment_of(request.param, folder).items():
            patch.setenv(variable, value)
        _fill(slow_service.open(IDENTITY), max(SECRET_COUNTS))
        yield slow_service


def _fill(manager: SecretsManager, count: int) -> None:
    """Register ``count`` secrets, and one with the name ``other``, to which no stack refers."""
    manager.register_secret(secret("other", key="the value that is read to connect"))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(manager.register_secret, (secret(f"s{number}", key=f"the value of secret {number}") for number in range(count))))


def _stack(manager: SecretsManager, reference_count: int, secret_count: int) -> Stack:
    """Return a stack of one component whose attributes are references.

    The first reference is to the secret ``s0``, the second one to ``s1``, and so on.
    After the last secret, ``s0`` follows again.
    """
    attributes = {f"attribute{number}": f"{{{{s{number % secret_count}.key}}}}" for number in range(reference_count)}
    return stack(component(ComponentType.ANNOTATOR, **attributes), manager=manager)


def _measure_validation(
    service: SlowService, benchmark: BenchmarkFixture, reference_count: int, secret_count: int, *, connect_first: bool = True
) -> None:
    """Measure the validation of a stack by a new secrets manager.

    If ``connect_first`` is true, the manager connects to the service before the measured time starts.
    """

    def make_arguments() -> tuple[tuple[Stack], dict[str, object]]:
        manager = service.open(IDENTITY)
        if connect_first:
            # This read connects, and leaves the secrets of the stack out of the cache.
            manager.get_secret("other")
        return (_stack(manager, reference_count, secret_count),), {}

    def validate(new_stack: Stack) -> None:
        report = new_stack.validate(level=SecretValidationLevel.SECRET_AND_KEY_EXISTS)
        assert report.ok, report

    with service.latency(LATENCY):
        benchmark.pedantic(validate, setup=make_arguments, rounds=5)


@pytest.mark.parametrize("secret_count", SECRET_COUNTS)
def test_validate(benchmark: BenchmarkFixture, service: SlowService, secret_count: int) -> None:
    """A stack with one reference to each secret is validated. No secret is cached.

    The budget is 0.3 s for a hundred secrets.
    """
    benchmark.group = f"validate {secret_count:,} references to {secret_count:,} secrets, 20 ms latency"
    _measure_validation(service, benchmark, secret_count, secret_count)


def test_validate_for_the_first_time(benchmark: BenchmarkFixture, service: SlowService) -> None:
    """A stack is validated by a secrets manager that has to connect and log in.

    The stack has a hundred references to a hundred secrets.
    """
    benchmark.group = f"validate {SECRET_COUNT:,} references to {SECRET_COUNT:,} secrets, 20 ms latency"
    _measure_validation(service, benchmark, SECRET_COUNT, SECRET_COUNT, connect_first=False)


@pytest.mark.parametrize("reference_count", REFERENCE_COUNTS)
def test_validate_many_references(benchmark: BenchmarkFixture, service: SlowService, reference_count: int) -> None:
    """A stack with one reference, or with ten thousand references to a hundred secrets, is validated."""
    benchmark.group = f"validate {reference_count:,} references over {SECRET_COUNT} secrets, 20 ms latency"
    _measure_validation(service, benchmark, reference_count, SECRET_COUNT)


def test_validate_one_by_one(benchmark: BenchmarkFixture, service: SlowService) -> None:
    """For comparison, each reference is checked separately: its secret is read again.

    ZenML validates a stack in this way.
    """
    manager = service.open(IDENTITY)
    new_stack = _stack(manager, SECRET_COUNT, SECRET_COUNT)

    def validate() -> None:
        for requirement in new_stack.requirements():
            manager.get_secret(requirement.reference.name, refresh=True).value(requirement.reference.key)

    benchmark.group = f"validate {SECRET_COUNT:,} references to {SECRET_COUNT:,} secrets, 20 ms latency"
    with service.latency(LATENCY):
        benchmark.pedantic(validate, rounds=2)


def test_read_with_the_library(benchmark: BenchmarkFixture, service: SlowService) -> None:
    """For comparison, the client of the service's library reads the secrets in a loop."""
    names = [f"s{number}" for number in range(SECRET_COUNT)]
    benchmark.group = f"validate {SECRET_COUNT:,} references to {SECRET_COUNT:,} secrets, 20 ms latency"
    with _library_reader(service) as read, service.latency(LATENCY):
        # The first read is not measured, because it connects.
        read(names[:1])
        benchmark.pedantic(read, args=(names,), rounds=2)


@contextmanager
def _library_reader(service: SlowService) -> Iterator[Callable[[Sequence[str]], list[object]]]:
    """Yield a function that reads secrets in a loop with the service's client library.

    The function gets the names of the secrets, and returns what the service stores.
    """
    if service.flavor == "sql":
        select = "SELECT sealed FROM zensecrets.secrets WHERE manager = %s AND name = %s"
        with psycopg.connect(service.attributes["url"], autocommit=True) as connection:
            yield lambda names: [connection.execute(select, (IDENTITY, name)).fetchone() for name in names]
        return
    backend: Any = service.open(IDENTITY).backend
    client = backend.connect()
    # The argument of each function, `key`, is the name under which the service stores a secret.
    reads: dict[str, Callable[[str], object]] = {
        "aws": lambda key: client.get_secret_value(SecretId=key)["SecretString"],
        "azure": lambda key: client.get_secret(key).value,
        "gcp": lambda key: client.client.access_secret_version(name=client.path(key, "zensecrets")).payload.data,
        "vault": lambda key: client.secrets.kv.v2.read_secret_version(path=key, raise_on_deleted_version=True)["data"]["data"],
    }
    yield lambda names: [reads[service.flavor](backend.key_for(name)) for name in names]


@pytest.mark.benchmark(group="read a secret that was read before, 20 ms latency")
def test_warm_get(benchmark: BenchmarkFixture, service: SlowService) -> None:
    """A cached ("warm") secret is read; the budget is 5 µs."""
    manager = service.open(IDENTITY)
    with service.latency(LATENCY):
        cached_secret = benchmark(manager.get_secret, "s1")
    assert cached_secret.content == {"key": "the value of secret 1"}
