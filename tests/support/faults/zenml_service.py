"""A real ZenML server behind a fault proxy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from tests.support.faults.http_proxy import canned_response
from tests.support.faults.injector import UNLIMITED
from tests.support.faults.services import HTTP_FAULTS, SHORT_TIMEOUTS
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.zenml.backend import ZenmlBackend
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.support.faults.http_proxy import Exchange, FaultProxy
    from tests.support.zenml_server import ZenmlServer

SECRETS_PATH = "/api/v1/secrets"
COMPONENT_SCOPE: dict[str, Any] = {**SHORT_TIMEOUTS, "scope": "component"}
"""Options with short time-outs and the scope ``component``: the secrets belong to this manager only."""


class FastRetryZenml(ZenmlBackend):
    """A backend with a very short wait before a retry and few secrets per page."""

    first_wait: ClassVar[float] = 0.02
    page: ClassVar[int] = 3


def zenml_error(status: int, error: str, **headers: str) -> Callable[[Exchange], None]:
    """Return a fault with an error response of a ZenML server.

    The argument ``error`` is the class name of the server's exception.
    """
    return canned_response(status, {"detail": [error, "zsCanary: it was refused"]}, **headers)


def hide_values(exchange: Exchange) -> None:
    """Answer without values, as the server does for a user who may not read them."""
    response = exchange.forward()
    document = json.loads(response.body)
    document["body"]["values"] = dict.fromkeys(document["body"]["values"], None)
    exchange.answer(response._replace(body=json.dumps(document).encode()))


def inject_zenml_fault(proxy: FaultProxy, fault: str, *, times: int = UNLIMITED, only: str = "") -> AbstractContextManager[None]:
    """Return a context manager that injects a fault. The arguments are those of :meth:`FaultyService.inject`."""
    faults: dict[str, Callable[[Exchange], None]] = {
        "wrong credentials": zenml_error(401, "CredentialsNotValid"),
        "list denied": zenml_error(403, "IllegalOperationError"),
        "read denied": hide_values,
        "throttled": zenml_error(429, "MaxConcurrentTasksError"),
        "500": zenml_error(500, "RuntimeError"),
        **HTTP_FAULTS,
    }
    only = {"list denied": rf"GET {SECRETS_PATH}\?", "read denied": rf"GET {SECRETS_PATH}/"}.get(fault, only)
    return proxy.inject(faults[fault], times=times, only=only)


def foreign_responses() -> dict[str, Callable[[Exchange], None]]:
    """Return faults in which the response is not that of a ZenML server, by description."""
    return {
        "a page that asks to log in": HTTP_FAULTS["foreign response"],
        "another service, which does not have the path": canned_response(404, {"detail": "Not Found"}),
        "another service, with other response bodies": canned_response(200, {"items": canary("items")}),
        "an address that has moved": canned_response(307, {}, Location="http://127.0.0.1:1/"),
    }


class ZenmlFixture(NamedTuple):
    """A ZenML server, its fault proxy, and ZenML's configuration folder with the login of a user."""

    server: ZenmlServer
    proxy: FaultProxy
    config_folder: Path

    def open(self, identity: str = "one", **attributes: Any) -> SecretsManager[FastRetryZenml]:
        """Return a manager with the login of the user."""
        return SecretsManager(FastRetryZenml(FastRetryZenml.make_options(attributes), context=ManagerContext(name="tested", id=identity)))
