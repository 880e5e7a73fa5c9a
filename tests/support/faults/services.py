"""Services with fault injection, one class for each remote flavor."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import boto3

from tests.support.faults.http_proxy import canned_response, reset_after_execution, reset_before_execution, time_out
from tests.support.faults.injector import UNLIMITED
from zensecrets_jupyter.core.errors import ManagerAccessError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.aws.backend import AwsBackend
from zensecrets_jupyter.core.managers.backends.remote.vault.backend import VaultBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tests.core.managers.conftest import VaultFixture
    from tests.support.faults.http_proxy import Exchange, FaultProxy
    from zensecrets_jupyter.core.errors import ZenSecretsError
    from zensecrets_jupyter.core.managers.backends.remote.backend import RemoteBackend

SHORT_TIMEOUTS: dict[str, float] = {"timeout": 0.8, "deadline": 1.6}
"""Options for requests with faults: short enough for a test, and long enough for a response on a busy machine."""
LONG_TIMEOUTS: dict[str, float] = {"timeout": 30, "deadline": 60}
"""Options for requests without faults."""


class FaultyService(ABC):
    """The service of one flavor, which stores the secrets of one manager.

    Error responses contain canaries: the text ``zsCanary``, or values that are quoted from the request. The tests search for canaries in
    errors and logs. The following faults can be injected:

    * ``wrong credentials``, ``list denied``, ``read denied``, ``throttled`` and ``500`` are error responses.
    * ``clock skew``: the clocks of client and service differ. A service that compares them sends an error response.
    * ``time-out``: the service executes the request and sends no response in time.
    * ``reset``: the connection is reset before the service executes the request.
    * ``response lost``: the connection is reset after the service executed the request.
    * ``foreign response``: another service answers, such as the login page of a public network (a captive portal).
    """

    backend_class: ClassVar[type[RemoteBackend[Any, Any]]]
    write_requests: ClassVar[Mapping[str, Sequence[str]]]
    """For ``register``, ``merge``, ``delete`` and, if supported, ``undelete``: the labels of the requests that write.

    Each entry is an action such as ``CreateSecret``, or a method and the beginning of a path.
    """
    clock_skew_error: ClassVar[type[ZenSecretsError] | None] = None
    """The error that a wrong clock causes, or ``None`` if the service does not depend on the clock."""

    def __init__(self, identity: str, attributes: Mapping[str, Any]) -> None:
        """Use the service that ``attributes`` describe, for the manager with the ID ``identity``."""
        self.identity = identity
        self.attributes = attributes

    def open(self, **attributes: Any) -> SecretsManager[RemoteBackend[Any, Any]]:
        """Return a new manager, as another process would open it."""
        options = self.backend_class.make_options({**SHORT_TIMEOUTS, **self.attributes, **attributes})
        return SecretsManager(self.backend_class(options, context=ManagerContext(name="tested", id=self.identity)))

    def key_for(self, name: str) -> str:
        """Return the name that a secret has in the service.

        The backend creates it from the secret's name in ZenML.
        """
        return self.open().backend.key_for(name)

    @abstractmethod
    def inject(self, fault: str, *, times: int = UNLIMITED, only: str = "") -> AbstractContextManager[None]:
        """Return a context manager that injects a fault.

        Args:
            fault: The name of the fault.
            times: The number of requests that fail.
            only: A regular expression. Only requests with a matching label fail.
        """

    @abstractmethod
    def request_count(self) -> int:
        """Return the number of requests so far."""

    @abstractmethod
    def put(self, name: str, text: str) -> None:
        """Store ``text`` under the name of a secret, as another program would."""

    @abstractmethod
    def version_count(self, name: str) -> int:
        """Return the number of versions of a secret in the service."""


class FaultyAws(FaultyService):
    """AWS Secrets Manager, as moto implements it."""

    backend_class = AwsBackend
    write_requests: ClassVar[Mapping[str, Sequence[str]]] = {
        "register": ["CreateSecret"],
        "merge": ["PutSecretValue", "UpdateSecretVersionStage"],
        "delete": ["DeleteSecret"],
        "undelete": ["RestoreSecret"],
    }
    clock_skew_error = ManagerAccessError

    def __init__(self, identity: str, proxy: FaultProxy) -> None:
        """Use the moto server behind ``proxy``."""
        super().__init__(identity, {"endpoint_url": proxy.address})
        self._proxy = proxy
        self._client = boto3.client("secretsmanager", endpoint_url=proxy.address)

    def inject(self, fault: str, *, times: int = UNLIMITED, only: str = "") -> AbstractContextManager[None]:
        """Return a context manager that injects a fault through the proxy."""
        faults: dict[str, Callable[[Exchange], None]] = {
            "wrong credentials": aws_error("UnrecognizedClientException"),
            "list denied": aws_error("AccessDeniedException"),
            "read denied": aws_error("AccessDeniedException"),
            "throttled": aws_error("ThrottlingException"),
            "500": aws_error("InternalServiceError", 500),
            "clock skew": aws_error("InvalidSignatureException", 403, "Signature expired: zsCanary is now earlier"),
            **HTTP_FAULTS,
        }
        only = {"list denied": "ListSecrets", "read denied": "(Batch)?GetSecretValue"}.get(fault, only)
        return self._proxy.inject(faults[fault], times=times, only=only)

    def request_count(self) -> int:
        """Return the number of requests that the proxy has seen."""
        return len(self._proxy.requests)

    def put(self, name: str, text: str) -> None:
        """Store ``text`` as a secret string."""
        self._client.create_secret(Name=self.key_for(name), SecretString=text)

    def version_count(self, name: str) -> int:
        """Return the number of versions that the service lists."""
        return len(self._client.describe_secret(SecretId=self.key_for(name))["VersionIdsToStages"])


class FaultyVault(FaultyService):
    """Vault, as the fake server implements it."""

    backend_class = VaultBackend
    write_requests: ClassVar[Mapping[str, Sequence[str]]] = {
        "register": ["POST /v1/secret/data/"],
        "merge": ["POST /v1/secret/data/"],
        "delete": ["POST /v1/secret/delete/"],
        "undelete": ["POST /v1/secret/undelete/"],
    }

    def __init__(self, identity: str, vault: VaultFixture) -> None:
        """Use the fake server and the proxy of ``vault``."""
        super().__init__(identity, vault.attributes)
        self._fixture = vault

    def inject(self, fault: str, *, times: int = UNLIMITED, only: str = "") -> AbstractContextManager[None]:
        """Return a context manager that injects a fault through the proxy."""
        denied = canned_response(403, {"errors": ["1 error occurred:\n\t* permission denied zsCanary\n\n"]})
        faults: dict[str, Callable[[Exchange], None]] = {
            "wrong credentials": canned_response(403, {"errors": ["permission denied", "invalid token", "zsCanary"]}),
            "list denied": denied,
            "read denied": denied,
            "throttled": canned_response(429, {"errors": ["request path zsCanary: rate limit quota exceeded"]}, Retry_After="1"),
            "500": canned_response(500, {"errors": ["1 error occurred:\n\t* internal error zsCanary\n\n"]}),
            "clock skew": _answer_with_an_old_date,
            **HTTP_FAULTS,
        }
        only = {"list denied": "LIST ", "read denied": "GET /v1/secret/data/"}.get(fault, only)
        return self._fixture.proxy.inject(faults[fault], times=times, only=only)

    def request_count(self) -> int:
        """Return the number of requests that the proxy has seen."""
        return len(self._fixture.proxy.requests)

    def put(self, name: str, text: str) -> None:
        """Store a JSON object. Any other text is stored as ``{"text": TEXT}``, because Vault stores only JSON objects."""
        try:
            data = json.loads(text)
        except ValueError:
            data = {"text": text}
        # A location in Vault is a namespace, a mount and a path.
        self._fixture.fake.write(("", "secret", self.key_for(name)), data)

    def version_count(self, name: str) -> int:
        """Return the number of versions that the service lists."""
        return len(self._fixture.fake.secrets["", "secret", self.key_for(name)])


def aws_error(code: str, status: int = 400, message: str = "User: zsCanary is not allowed") -> Callable[[Exchange], None]:
    """Return a fault with an error response of AWS."""
    return canned_response(status, {"__type": code, "message": message})


def _answer_with_an_old_date(exchange: Exchange) -> None:
    """Forward the request and change the response's date, as a wrong clock would."""
    exchange.answer(exchange.forward()._replace(headers={"Date": "Mon, 01 Jan 2001 00:00:00 GMT"}))


HTTP_FAULTS: dict[str, Callable[[Exchange], None]] = {
    "time-out": time_out,
    "reset": reset_before_execution,
    "response lost": reset_after_execution,
    "foreign response": canned_response(200, "<html>zsCanary: this network asks you to log in</html>"),
}
"""The faults that a proxy can inject into any HTTP service, by name; see :class:`FaultyService`."""
