"""The climates of the places in clouds."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tests.support.fakes.github_api import LARGEST, REPOSITORY, GithubServer
from tests.support.fakes.key_vault import KeyVaultServer
from tests.support.fakes.secret_manager import SecretManagerServer
from tests.support.faults.answers import Fault
from tests.support.faults.cases import Climate
from tests.support.faults.cloud_services import LATE, AzurePlace, GcpPlace
from tests.support.faults.services import HASTE
from tests.support.faults.wire_scenarios import climate_of
from tests.support.managers.counting import secret
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.github import GithubBackend
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class HastyGithub(GithubBackend):
    """It waits hardly at all between tries."""

    first_wait: ClassVar[float] = 0.01


@contextmanager
def gcp(_folder: Path) -> Iterator[Climate]:
    """Yield the climate of Google Cloud, as the fake has it."""
    with SecretManagerServer().running() as server:
        yield climate_of(GcpPlace(str(uuid.uuid4()), server))


@contextmanager
def azure(folder: Path) -> Iterator[Climate]:
    """Yield the climate of Azure, as the fake has it."""
    server = KeyVaultServer(folder, canary("client-secret"))
    with server.running(), pytest.MonkeyPatch.context() as environment:
        environment.setenv("REQUESTS_CA_BUNDLE", str(server.authority))
        yield climate_of(AzurePlace(str(uuid.uuid4()), server))


@contextmanager
def github(_folder: Path) -> Iterator[Climate]:
    """Yield the climate of GitHub, which gives nothing back, as the fake has it."""
    server = GithubServer(canary("token"))

    def open_manager() -> SecretsManager[HastyGithub]:
        asked: dict[str, Any] = {"api_url": server.url, "repository": REPOSITORY, "token": server.token, **HASTE}
        return SecretsManager(HastyGithub(HastyGithub.make_options(asked), context=ManagerContext(name="tried", id="one")))

    def seed(name: str, value: str) -> None:
        manager = open_manager()
        if name in manager.list_secrets():
            manager.delete_secret(name)
        manager.register_secret(secret(name, key=value))

    failing = server.weather.failing
    with server.running():
        yield Climate(
            "github",
            open_manager,
            seed,
            make={
                "wrong credentials": partial(failing, Fault("401")),
                "no permission to list": partial(failing, Fault("403")),
                "throttled": partial(failing, Fault("429", reason="limit"), times=2),
                "time-out once": partial(failing, Fault("500", delay=LATE), times=1),
                "time-out for ever": partial(failing, Fault("500", delay=LATE)),
                "reset in the middle of a write": partial(failing, Fault(cut=True, done=True), "PUT|DELETE", times=1),
                "500 once": partial(failing, Fault("500"), times=1),
                "500 for ever": partial(failing, Fault("500")),
            },
            calm=("name too long", "illegal name", "value too large"),
            never={
                "no permission to read": "nobody may read there",
                "clock skew": "a token is not bound to a time",
                "deleted between list and read": "nothing is read",
                "not ours": "what nobody can read nobody can tell from ours",
            },
            too_large=LARGEST,
            # To change a single key would need the others.
            untried=("change", "change large"),
        )
