"""The fault scenario of a real ZenML server behind a fault proxy."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.faults.cases import FaultScenario, seed
from tests.support.faults.http_proxy import FaultProxy
from tests.support.faults.services import LONG_TIMEOUTS
from tests.support.faults.zenml_service import COMPONENT_SCOPE, SECRETS_PATH, FastRetryZenml, inject_zenml_fault
from tests.support.zenml_server import running_zenml
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def zenml(folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of a ZenML server to which a user has logged in."""
    with (
        running_zenml() as server,
        FaultProxy("127.0.0.1", server.port).running() as proxy,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        # ZenML stores the login in the folder ``zenml`` of XDG_CONFIG_HOME. The login contains the URL of the proxy.
        server.write_login(folder / "zenml", proxy.address)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))

        def open_manager(**options: float) -> SecretsManager:
            return SecretsManager(
                FastRetryZenml(FastRetryZenml.make_options({**COMPONENT_SCOPE, **options}), context=ManagerContext(name="tested", id="one"))
            )

        inject = partial(inject_zenml_fault, proxy)
        yield FaultScenario(
            "zenml",
            open_manager,
            partial(seed, partial(open_manager, **LONG_TIMEOUTS)),
            faults={
                "wrong credentials": partial(inject, "wrong credentials"),
                "no permission to list": partial(inject, "list denied"),
                "no permission to read": partial(inject, "read denied"),
                "throttled": partial(inject, "throttled", times=2),
                "one time-out": partial(inject, "time-out", times=1),
                "permanent time-out": partial(inject, "time-out"),
                "reset during a write": partial(inject, "response lost", times=1, only=f"(POST|PUT|DELETE) {SECRETS_PATH}"),
                "one error 500": partial(inject, "500", times=1),
                "permanent error 500": partial(inject, "500"),
            },
            faults_without_injection=("name too long", "illegal name", "value too large", "deleted between list and read"),
            impossible_faults={
                "clock skew": "a token does not depend on the clock",
                "foreign payload": "the server does not store which program wrote a secret",
            },
            delete=lambda name: open_manager(**LONG_TIMEOUTS).delete_secret(name),
            max_value_size=FastRetryZenml.max_size,
            open_patient_manager=partial(open_manager, deadline=LONG_TIMEOUTS["deadline"]),
        )
