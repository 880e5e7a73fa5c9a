"""What a remote flavor's place has to be able to do in the tests of bad weather: a row of the table is a method, or a kind of spell."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import boto3

from tests.support.faults.http import answering, resetting, resetting_after, silent
from zensecrets_jupyter.core.errors import ManagerAccessError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.aws.backend import AwsBackend
from zensecrets_jupyter.core.managers.backends.remote.vault.backend import VaultBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tests.core.managers.conftest import VaultPlace
    from tests.support.faults.http import Exchange, Weather
    from zensecrets_jupyter.core.errors import ZenSecretsError
    from zensecrets_jupyter.core.managers.backends.remote.backend import RemoteBackend

HASTE: dict[str, float] = {"timeout": 0.8, "deadline": 1.6}
"""Options with which no test waits long for what never comes, and what comes is in time, also on a machine that is busy."""
PATIENCE: dict[str, float] = {"timeout": 30, "deadline": 60}
"""Options for what is done in good weather."""


class Place(ABC):
    """One flavor's place, with one secrets manager in it.

    The spells are ``wrong credentials``, ``may not list``, ``may not read``, ``throttled``, ``silent`` (it does what it is asked for and
    tells nobody in time), ``reset`` (the connection breaks, and nothing was done), ``answer lost`` (it breaks, and it was done), ``500``,
    ``clock skew`` and ``nonsense`` (what answers is something else). Whatever texts they answer with hold a canary.
    """

    backend_class: ClassVar[type[RemoteBackend[Any, Any]]]
    writes: ClassVar[Mapping[str, Sequence[str]]]
    """For each act, ``register``, ``merge``, ``delete`` and perhaps ``undelete``, the requests that change something, for :meth:`spell`."""
    skewed: ClassVar[type[ZenSecretsError] | None] = None
    """The error that a wrong clock ends in; ``None`` where no time of this machine is looked at."""

    def __init__(self, identity: str, attributes: Mapping[str, Any]) -> None:
        """Be where ``attributes`` say, for the secrets manager with that identity."""
        self.identity = identity
        self.attributes = attributes

    def open(self, **attributes: Any) -> SecretsManager[RemoteBackend[Any, Any]]:
        """Return the manager as another process would open it."""
        options = self.backend_class.make_options({**HASTE, **self.attributes, **attributes})
        return SecretsManager(self.backend_class(options, context=ManagerContext(name="tried", id=self.identity)))

    def key(self, name: str) -> str:
        """Return what the place calls a secret."""
        return self.open().backend.key_for(name)

    @abstractmethod
    def spell(self, kind: str, *, times: int = 10**9, only: str = "") -> AbstractContextManager[None]:
        """Return what makes that many requests, of those that ``only`` names, end so as long as its block runs."""

    @abstractmethod
    def requests(self) -> int:
        """Return how many requests were made so far."""

    @abstractmethod
    def put(self, name: str, text: str) -> None:
        """Keep ``text`` where the secret ``name`` would be, as another program would."""

    @abstractmethod
    def versions(self, name: str) -> int:
        """Return how often the secret was written, as the place itself knows it."""


class AwsPlace(Place):
    """AWS as moto has it."""

    backend_class = AwsBackend
    writes: ClassVar[Mapping[str, Sequence[str]]] = {
        "register": ["CreateSecret"],
        "merge": ["PutSecretValue", "UpdateSecretVersionStage"],
        "delete": ["DeleteSecret"],
        "undelete": ["RestoreSecret"],
    }
    skewed = ManagerAccessError

    def __init__(self, identity: str, weather: Weather) -> None:
        """Stand behind ``weather``."""
        super().__init__(identity, {"endpoint_url": weather.address})
        self._weather = weather
        self._client = boto3.client("secretsmanager", endpoint_url=weather.address)

    def spell(self, kind: str, *, times: int = 10**9, only: str = "") -> AbstractContextManager[None]:
        """See :class:`Place`."""
        acts: dict[str, Callable[[Exchange], None]] = {
            "wrong credentials": _aws_refusal("UnrecognizedClientException"),
            "may not list": _aws_refusal("AccessDeniedException"),
            "may not read": _aws_refusal("AccessDeniedException"),
            "throttled": _aws_refusal("ThrottlingException"),
            "500": _aws_refusal("InternalServiceError", 500),
            "clock skew": _aws_refusal("InvalidSignatureException", 403, "Signature expired: zsCanary is now earlier"),
            **OF_ANY_PLACE,
        }
        only = {"may not list": "ListSecrets", "may not read": "(Batch)?GetSecretValue"}.get(kind, only)
        return self._weather.spell(acts[kind], times=times, only=only)

    def requests(self) -> int:
        """See :class:`Place`."""
        return len(self._weather.seen)

    def put(self, name: str, text: str) -> None:
        """See :class:`Place`."""
        self._client.create_secret(Name=self.key(name), SecretString=text)

    def versions(self, name: str) -> int:
        """See :class:`Place`."""
        return len(self._client.describe_secret(SecretId=self.key(name))["VersionIdsToStages"])


class VaultsPlace(Place):
    """Vault as the fake has it."""

    backend_class = VaultBackend
    writes: ClassVar[Mapping[str, Sequence[str]]] = {
        "register": ["POST /v1/secret/data/"],
        "merge": ["POST /v1/secret/data/"],
        "delete": ["POST /v1/secret/delete/"],
        "undelete": ["POST /v1/secret/undelete/"],
    }

    def __init__(self, identity: str, place: VaultPlace) -> None:
        """Stand behind its weather."""
        super().__init__(identity, place.attributes)
        self._place = place

    def spell(self, kind: str, *, times: int = 10**9, only: str = "") -> AbstractContextManager[None]:
        """See :class:`Place`."""
        denied = answering(403, {"errors": ["1 error occurred:\n\t* permission denied zsCanary\n\n"]})
        acts: dict[str, Callable[[Exchange], None]] = {
            "wrong credentials": answering(403, {"errors": ["permission denied", "invalid token", "zsCanary"]}),
            "may not list": denied,
            "may not read": denied,
            "throttled": answering(429, {"errors": ["request path zsCanary: rate limit quota exceeded"]}, Retry_After="1"),
            "500": answering(500, {"errors": ["1 error occurred:\n\t* internal error zsCanary\n\n"]}),
            "clock skew": lambda exchange: exchange.answer(exchange.forward()._replace(headers={"Date": "Mon, 01 Jan 2001 00:00:00 GMT"})),
            **OF_ANY_PLACE,
        }
        only = {"may not list": "LIST ", "may not read": "GET /v1/secret/data/"}.get(kind, only)
        return self._place.weather.spell(acts[kind], times=times, only=only)

    def requests(self) -> int:
        """See :class:`Place`."""
        return len(self._place.weather.seen)

    def put(self, name: str, text: str) -> None:
        """See :class:`Place`; Vault itself keeps nothing but JSON objects."""
        try:
            data = json.loads(text)
        except ValueError:
            data = {"text": text}
        self._place.vault.write(("", "secret", self.key(name)), data)

    def versions(self, name: str) -> int:
        """See :class:`Place`."""
        return len(self._place.vault.kept["", "secret", self.key(name)])


def _aws_refusal(code: str, status: int = 400, message: str = "User: zsCanary is not allowed") -> Callable[[Exchange], None]:
    return answering(status, {"__type": code, "message": message})


OF_ANY_PLACE: dict[str, Callable[[Exchange], None]] = {
    "silent": silent,
    "reset": resetting,
    "answer lost": resetting_after,
    "nonsense": answering(200, "<html>zsCanary: this network asks you to log in</html>"),
}
"""What a proxy can do to any place that speaks HTTP, by the kind of spell."""
