"""Google's and Azure's places in the tests of bad weather."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tests.support.fakes.key_vault import CLIENT_ID, TENANT
from tests.support.fakes.secret_manager import PROJECT
from tests.support.faults.answers import Fault
from tests.support.faults.services import Place
from zensecrets_jupyter.core.errors import ManagerAccessError
from zensecrets_jupyter.core.managers.backends.remote.azure.backend import AzureBackend
from zensecrets_jupyter.core.managers.backends.remote.gcp.backend import GcpBackend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from tests.support.fakes.key_vault import KeyVaultServer
    from tests.support.fakes.secret_manager import SecretManagerServer

LATE = 1.0
"""Seconds after which an answer comes that is too late for the options of these tests."""


class HastyGcp(GcpBackend):
    """It waits hardly at all between tries."""

    first_wait: ClassVar[float] = 0.02


class HastyAzure(AzureBackend):
    """It waits hardly at all between tries, and for what is being deleted."""

    first_wait: ClassVar[float] = 0.02
    settling: ClassVar[float] = 0.001
    seconds_of_deleting: ClassVar[float] = 2.0


class GcpPlace(Place):
    """Google Cloud as the fake has it; of a connection that breaks its client says ``UNAVAILABLE``, and so does the fake."""

    backend_class = HastyGcp
    writes: ClassVar[Mapping[str, Sequence[str]]] = {
        "register": ["CreateSecret", "AddSecretVersion", "UpdateSecret"],
        "merge": ["AddSecretVersion", "UpdateSecret"],
        "delete": ["DeleteSecret"],
    }

    def __init__(self, identity: str, server: SecretManagerServer) -> None:
        """Be on that server."""
        super().__init__(identity, {"project": PROJECT, "endpoint": server.endpoint})
        self._server = server

    def spell(self, kind: str, *, times: int = 10**9, only: str = "") -> AbstractContextManager[None]:
        """See :class:`Place`; without an account no signature depends on a clock."""
        faults = {
            "wrong credentials": Fault("UNAUTHENTICATED"),
            "may not list": Fault("PERMISSION_DENIED"),
            "may not read": Fault("PERMISSION_DENIED"),
            "throttled": Fault("RESOURCE_EXHAUSTED", wait=0.1),
            "silent": Fault("UNAVAILABLE", delay=LATE, done=True),
            "reset": Fault("UNAVAILABLE"),
            "answer lost": Fault("UNAVAILABLE", done=True),
            "500": Fault("INTERNAL"),
            "clock skew": Fault(),
            "nonsense": Fault(nonsense=True),
        }
        only = {"may not list": "ListSecrets$", "may not read": "AccessSecretVersion"}.get(kind, only)
        return self._server.weather.failing(faults[kind], only, 0 if kind == "clock skew" else times)

    def requests(self) -> int:
        """See :class:`Place`."""
        return len(self._server.weather.requests)

    def put(self, name: str, text: str) -> None:
        """See :class:`Place`."""
        self._server.put(self.key(name), text.encode())

    def versions(self, name: str) -> int:
        """See :class:`Place`."""
        return sum(version.state.name == "ENABLED" for version, _ in self._server.secrets[self.key(name)][1].values())


class AzurePlace(Place):
    """Azure as the fake has it."""

    backend_class = HastyAzure
    writes: ClassVar[Mapping[str, Sequence[str]]] = {
        "register": ["PUT /secrets/"],
        "merge": ["PUT /secrets/"],
        "delete": ["DELETE /secrets/"],
        "undelete": ["POST /deletedsecrets/"],
    }
    skewed = ManagerAccessError

    def __init__(self, identity: str, server: KeyVaultServer) -> None:
        """Be on that server, as the application that it knows."""
        application = {"tenant_id": TENANT, "client_id": CLIENT_ID, "client_secret": server.client_secret}
        place = {"vault_url": server.url, "authority": server.url, "authority_is_known": False}
        super().__init__(identity, {**place, **application})
        self._server = server

    def spell(self, kind: str, *, times: int = 10**9, only: str = "") -> AbstractContextManager[None]:
        """See :class:`Place`; it is the vault's weather, and not the token server's."""
        faults = {
            "wrong credentials": Fault("401", "zsCanary"),
            "may not list": Fault("403"),
            "may not read": Fault("403"),
            "throttled": Fault("429"),
            "silent": Fault("500", delay=LATE, done=True),
            "reset": Fault(cut=True),
            "answer lost": Fault(cut=True, done=True),
            "500": Fault("500"),
            "clock skew": Fault("401", "IDX10223: Lifetime validation failed. The token is expired. zsCanary"),
            "nonsense": Fault(nonsense=True),
        }
        only = {"may not list": "GET /secrets$", "may not read": "GET /secrets/"}.get(kind, only or "secrets")
        return self._server.weather.failing(faults[kind], only, times)

    def requests(self) -> int:
        """See :class:`Place`."""
        return len(self._server.weather.requests)

    def put(self, name: str, text: str) -> None:
        """See :class:`Place`."""
        self._server.put(self.key(name), text)

    def versions(self, name: str) -> int:
        """See :class:`Place`."""
        return len(self._server.kept[self.key(name)])
