"""ZenML's place in the tests of bad weather: a real server behind the proxy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from tests.support.faults.http import answering
from tests.support.faults.services import HASTE, OF_ANY_PLACE
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.zenml.backend import ZenmlBackend
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.support.faults.http import Exchange, Weather
    from tests.support.zenml_server import ZenmlServer

SECRETS = "/api/v1/secrets"
ON_ITS_OWN: dict[str, Any] = {**HASTE, "scope": "component"}
"""Options with which no test waits long for what never comes, of a secrets manager with secrets of its own."""


class HastyZenml(ZenmlBackend):
    """It waits hardly at all between tries, and has few secrets in a page."""

    first_wait: ClassVar[float] = 0.02
    page: ClassVar[int] = 3


def refusal(status: int, error: str, **headers: str) -> Callable[[Exchange], None]:
    """Return what a ZenML server answers where it refuses with that error of its own."""
    return answering(status, {"detail": [error, "zsCanary: it was refused"]}, **headers)


def hiding(exchange: Exchange) -> None:
    """Answer as the server does to whoever may not see values: with the keys."""
    answer = exchange.forward()
    found = json.loads(answer.body)
    found["body"]["values"] = dict.fromkeys(found["body"]["values"])
    exchange.answer(answer._replace(body=json.dumps(found).encode()))


def spell(weather: Weather, kind: str, *, times: int = 10**9, only: str = "") -> AbstractContextManager[None]:
    """Return what makes the requests end so; see ``bad_weather.Place``."""
    acts: dict[str, Callable[[Exchange], None]] = {
        "wrong credentials": refusal(401, "CredentialsNotValid"),
        "may not list": refusal(403, "IllegalOperationError"),
        "may not read": hiding,
        "throttled": refusal(429, "MaxConcurrentTasksError"),
        "500": refusal(500, "RuntimeError"),
        **OF_ANY_PLACE,
    }
    only = {"may not list": rf"GET {SECRETS}\?", "may not read": rf"GET {SECRETS}/"}.get(kind, only)
    return weather.spell(acts[kind], times=times, only=only)


def answering_of_another() -> dict[str, Callable[[Exchange], None]]:
    """Return what answers at an address where there is no ZenML server, by name."""
    return {
        "a page that asks to log in": OF_ANY_PLACE["nonsense"],
        "another service, which knows no such address": answering(404, {"detail": "Not Found"}),
        "another service, with answers of its own": answering(200, {"items": canary("items")}),
        "an address that has moved": answering(307, {}, Location="http://127.0.0.1:1/"),
    }


class ZenmlPlace(NamedTuple):
    """A server, the weather before it, and where a person's login for it is."""

    server: ZenmlServer
    weather: Weather
    settings: Path

    def open(self, identity: str = "one", **attributes: Any) -> SecretsManager[HastyZenml]:
        """Return a manager for whoever has logged in."""
        return SecretsManager(HastyZenml(HastyZenml.make_options(attributes), context=ManagerContext(name="tried", id=identity)))
