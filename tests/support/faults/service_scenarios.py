"""The fault scenarios of AWS and Vault, and the scenario of any :class:`FaultyService`."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.core.managers.conftest import AWS_USER, VaultFixture
from tests.support.fakes.moto_server import running_moto
from tests.support.fakes.vault_server import running_vault
from tests.support.faults.cases import FaultScenario, seed
from tests.support.faults.http_proxy import FaultProxy
from tests.support.faults.services import LONG_TIMEOUTS, FaultyAws, FaultyVault
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.faults.services import FaultyService


@contextmanager
def aws(_folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of AWS Secrets Manager with a moto server."""
    with running_moto() as port, FaultProxy("127.0.0.1", port).running() as proxy, pytest.MonkeyPatch.context() as monkeypatch:
        for variable, value in AWS_USER.items():
            monkeypatch.setenv(variable, value)
        yield scenario_for(FaultyAws(str(uuid.uuid4()), proxy))


@contextmanager
def vault(_folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of Vault with a fake server."""
    with running_vault() as (fake, port), FaultProxy("127.0.0.1", port).running() as proxy:
        yield scenario_for(FaultyVault(str(uuid.uuid4()), VaultFixture(fake, proxy, fake.new_token())))


def scenario_for(service: FaultyService) -> FaultScenario:
    """Return the scenario of a service that stores the secrets of one manager."""

    def make_foreign(name: str) -> Callable[[], bool]:
        # Several operations of a fault case use the same foreign payload, so it is stored only once.
        if name not in service.open(**LONG_TIMEOUTS).list_secrets():
            service.put(name, canary("foreign"))
        # A second version would mean that the manager has overwritten the payload.
        return lambda: service.version_count(name) == 1

    # This regular expression matches the labels of all write requests.
    any_write_request = "|".join(sorted({request for requests in service.write_requests.values() for request in requests}))
    faults = {
        "wrong credentials": partial(service.inject, "wrong credentials"),
        "no permission to list": partial(service.inject, "list denied"),
        "no permission to read": partial(service.inject, "read denied"),
        "throttled": partial(service.inject, "throttled", times=2),
        "one time-out": partial(service.inject, "time-out", times=1),
        "permanent time-out": partial(service.inject, "time-out"),
        "reset during a write": partial(service.inject, "response lost", times=1, only=any_write_request),
        "one error 500": partial(service.inject, "500", times=1),
        "permanent error 500": partial(service.inject, "500"),
    }
    impossible_faults = {}
    if service.clock_skew_error is None:
        impossible_faults["clock skew"] = "a token does not depend on the clock"
    else:
        faults["clock skew"] = partial(service.inject, "clock skew")
    return FaultScenario(
        service.backend_class.FLAVOR,
        service.open,
        partial(seed, partial(service.open, **LONG_TIMEOUTS)),
        faults=faults,
        impossible_faults=impossible_faults,
        delete=lambda name: service.open(**LONG_TIMEOUTS).delete_secret(name),
        make_foreign=make_foreign,
        max_value_size=service.backend_class.max_size,
        open_patient_manager=partial(service.open, deadline=LONG_TIMEOUTS["deadline"]),
    )
