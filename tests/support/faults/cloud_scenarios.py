"""The fault scenarios of Google Cloud, Azure and GitHub, each with a fake server."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tests.support.fakes.github_api import MAX_VALUE_BYTES, REPOSITORY, GithubServer
from tests.support.fakes.key_vault import KeyVaultServer
from tests.support.fakes.secret_manager import SecretManagerServer
from tests.support.faults.cases import FaultScenario, seed
from tests.support.faults.cloud_services import DELAY_BEYOND_TIMEOUT, FaultyAzure, FaultyGcp
from tests.support.faults.injector import Fault
from tests.support.faults.service_scenarios import scenario_for
from tests.support.faults.services import LONG_TIMEOUTS, SHORT_TIMEOUTS
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.github import GithubBackend
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FastRetryGithub(GithubBackend):
    """A backend with a very short wait before a retry."""

    first_wait: ClassVar[float] = 0.01


@contextmanager
def gcp(_folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of Google Cloud Secret Manager."""
    with SecretManagerServer().running() as server:
        yield scenario_for(FaultyGcp(str(uuid.uuid4()), server))


@contextmanager
def azure(folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of Azure Key Vault."""
    server = KeyVaultServer(folder, canary("client-secret"))
    with server.running(), pytest.MonkeyPatch.context() as monkeypatch:
        # Azure's client sends its requests over HTTPS, and must trust the certificate of the fake server.
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.authority))
        yield scenario_for(FaultyAzure(str(uuid.uuid4()), server))


@contextmanager
def github(_folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of GitHub Actions secrets, which cannot be read."""
    server = GithubServer(canary("token"))

    def open_manager(**timeouts: float) -> SecretsManager[FastRetryGithub]:
        options: dict[str, Any] = {"api_url": server.url, "repository": REPOSITORY, "token": server.token, **SHORT_TIMEOUTS, **timeouts}
        return SecretsManager(FastRetryGithub(FastRetryGithub.make_options(options), context=ManagerContext(name="tested", id="one")))

    inject = server.faults.inject
    with server.running():
        yield FaultScenario(
            "github",
            open_manager,
            partial(seed, open_manager),
            faults={
                "wrong credentials": partial(inject, Fault("401")),
                "no permission to list": partial(inject, Fault("403")),
                # The reason "limit" adds GitHub's rate-limit headers to the response.
                "throttled": partial(inject, Fault("429", reason="limit"), times=2),
                # The client never gets the error 500, because it has already stopped waiting.
                "one time-out": partial(inject, Fault("500", delay=DELAY_BEYOND_TIMEOUT), times=1),
                "permanent time-out": partial(inject, Fault("500", delay=DELAY_BEYOND_TIMEOUT)),
                "reset during a write": partial(
                    inject, Fault(closes_connection=True, request_is_executed=True), only="PUT|DELETE", times=1
                ),
                "one error 500": partial(inject, Fault("500"), times=1),
                "permanent error 500": partial(inject, Fault("500")),
            },
            faults_without_injection=("name too long", "illegal name", "value too large"),
            impossible_faults={
                "no permission to read": "no secret can be read",
                "clock skew": "a token does not depend on the time",
                "deleted between list and read": "no secret can be read",
                "foreign payload": "a payload cannot be read, and so cannot be recognized as foreign",
            },
            max_value_size=MAX_VALUE_BYTES,
            open_patient_manager=partial(open_manager, deadline=LONG_TIMEOUTS["deadline"]),
            # GitHub stores a secret as one text. To change one key, a backend needs the other keys, which cannot be read.
            skipped_operations=("change", "change large"),
        )
