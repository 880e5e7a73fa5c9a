"""Google Cloud Secret Manager and Azure Key Vault with fault injection, and the choice of a service by its flavor."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from tests.support.fakes.key_vault import CLIENT_ID, TENANT
from tests.support.fakes.secret_manager import PROJECT
from tests.support.faults.injector import UNLIMITED, Fault
from tests.support.faults.services import FaultyAws, FaultyService, FaultyVault
from zensecrets_jupyter.core.errors import ManagerAccessError
from zensecrets_jupyter.core.managers.backends.remote.azure.backend import AzureBackend
from zensecrets_jupyter.core.managers.backends.remote.gcp.backend import GcpBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    import pytest

    from tests.support.fakes.key_vault import KeyVaultServer
    from tests.support.fakes.secret_manager import SecretManagerServer

DELAY_BEYOND_TIMEOUT = 1.0
"""The delay of a response in seconds. It is longer than the time-out in :data:`~tests.support.faults.services.SHORT_TIMEOUTS`."""


class FastRetryGcp(GcpBackend):
    """A backend with a very short wait before a retry."""

    first_wait: ClassVar[float] = 0.02


class FastRetryAzure(AzureBackend):
    """A backend with shorter waits before a retry and during a pending deletion."""

    first_wait: ClassVar[float] = 0.02
    poll_interval: ClassVar[float] = 0.001
    deletion_seconds: ClassVar[float] = 2.0


class FaultyGcp(FaultyService):
    """Google Cloud Secret Manager, as the fake server implements it.

    Google's client reports a broken connection as ``UNAVAILABLE``, so the fake server sends that code in place of breaking the connection.
    """

    backend_class = FastRetryGcp
    write_requests: ClassVar[Mapping[str, Sequence[str]]] = {
        "register": ["CreateSecret", "AddSecretVersion", "UpdateSecret"],
        "merge": ["AddSecretVersion", "UpdateSecret"],
        "delete": ["DeleteSecret"],
    }

    def __init__(self, identity: str, server: SecretManagerServer) -> None:
        """Use the fake server ``server``."""
        super().__init__(identity, {"project": PROJECT, "endpoint": server.endpoint})
        self._server = server

    def inject(self, fault: str, *, times: int = UNLIMITED, only: str = "") -> AbstractContextManager[None]:
        """Return a context manager that injects a fault.

        The fault ``clock skew`` has no effect. Google's token server checks the clock when an account logs in, and the fake server needs no
        account.
        """
        faults = {
            "wrong credentials": Fault("UNAUTHENTICATED"),
            "list denied": Fault("PERMISSION_DENIED"),
            "read denied": Fault("PERMISSION_DENIED"),
            "throttled": Fault("RESOURCE_EXHAUSTED", retry_after=0.1),
            "time-out": Fault("UNAVAILABLE", delay=DELAY_BEYOND_TIMEOUT, request_is_executed=True),
            "reset": Fault("UNAVAILABLE"),
            "response lost": Fault("UNAVAILABLE", request_is_executed=True),
            "500": Fault("INTERNAL"),
            "clock skew": Fault(),
            "foreign response": Fault(is_foreign_response=True),
        }
        only = {"list denied": "ListSecrets$", "read denied": "AccessSecretVersion"}.get(fault, only)
        return self._server.faults.inject(faults[fault], only=only, times=0 if fault == "clock skew" else times)

    def request_count(self) -> int:
        """Return the number of requests that the fake server has seen."""
        return len(self._server.faults.requests)

    def put(self, name: str, text: str) -> None:
        """Store ``text`` directly in the fake server."""
        self._server.put(self.key_for(name), text.encode())

    def version_count(self, name: str) -> int:
        """Return the number of enabled versions in the fake server. Destroyed versions are not counted."""
        versions = self._server.secrets[self.key_for(name)].versions
        return sum(version.metadata.state.name == "ENABLED" for version in versions.values())


class FaultyAzure(FaultyService):
    """Azure Key Vault, as the fake server implements it."""

    backend_class = FastRetryAzure
    write_requests: ClassVar[Mapping[str, Sequence[str]]] = {
        "register": ["PUT /secrets/"],
        "merge": ["PUT /secrets/"],
        "delete": ["DELETE /secrets/"],
        "undelete": ["POST /deletedsecrets/"],
    }
    clock_skew_error = ManagerAccessError

    def __init__(self, identity: str, server: KeyVaultServer) -> None:
        """Use the fake server ``server`` and its registered application."""
        application = {"tenant_id": TENANT, "client_id": CLIENT_ID, "client_secret": server.client_secret}
        # If ``authority_is_known`` is true, Azure's client first asks the public cloud about the token server (``authority``).
        vault = {"vault_url": server.url, "authority": server.url, "authority_is_known": False}
        super().__init__(identity, {**vault, **application})
        self._server = server

    def inject(self, fault: str, *, times: int = UNLIMITED, only: str = "") -> AbstractContextManager[None]:
        """Return a context manager that injects a fault into the vault, and none into its token server."""
        faults = {
            "wrong credentials": Fault("401", "zsCanary"),
            "list denied": Fault("403"),
            "read denied": Fault("403"),
            "throttled": Fault("429"),
            "time-out": Fault("500", delay=DELAY_BEYOND_TIMEOUT, request_is_executed=True),
            "reset": Fault(closes_connection=True),
            "response lost": Fault(closes_connection=True, request_is_executed=True),
            "500": Fault("500"),
            "clock skew": Fault("401", "IDX10223: Lifetime validation failed. The token is expired. zsCanary"),
            "foreign response": Fault(is_foreign_response=True),
        }
        # The labels of requests to the vault contain "secrets", and those of requests to the token server do not.
        only = {"list denied": "GET /secrets$", "read denied": "GET /secrets/"}.get(fault, only or "secrets")
        return self._server.faults.inject(faults[fault], only=only, times=times)

    def request_count(self) -> int:
        """Return the number of requests that the fake server has seen."""
        return len(self._server.faults.requests)

    def put(self, name: str, text: str) -> None:
        """Store ``text`` directly in the fake server."""
        self._server.put(self.key_for(name), text)

    def version_count(self, name: str) -> int:
        """Return the number of versions in the fake server."""
        return len(self._server.secrets[self.key_for(name)])


_SERVICES: dict[str, tuple[Callable[[str, Any], FaultyService], str]] = {
    "aws": (FaultyAws, "aws"),
    "azure": (FaultyAzure, "key_vault"),
    "gcp": (FaultyGcp, "secret_manager"),
    "vault": (FaultyVault, "vault"),
}
"""For each flavor, the class of its service and the fixture with its server."""

SERVICE_FLAVORS = sorted(_SERVICES)
"""The flavors for which :func:`faulty_service` returns a service."""


def faulty_service(flavor: str, request: pytest.FixtureRequest) -> FaultyService:
    """Request the fixture with the server of a flavor, and return the service with that server for a new manager."""
    service_class, fixture = _SERVICES[flavor]
    return service_class(str(uuid.uuid4()), request.getfixturevalue(fixture))
