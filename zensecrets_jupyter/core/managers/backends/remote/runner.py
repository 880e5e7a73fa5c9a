"""Requests to a service on another machine: one client, retries, and our errors for those of its library.

No error of a library becomes the cause of ours: it carries the request, and with that the token and the values.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_before_delay, wait_random_exponential

from zensecrets_jupyter.core.errors import FlavorUnavailableError, SecretExistsError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.fields import is_secret_field
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError, RemoteRequest, error_for
from zensecrets_jupyter.core.managers.backends.remote.named_files import problem_with
from zensecrets_jupyter.core.managers.backends.remote.naming import NameEncoding, ScopedOptions
from zensecrets_jupyter.core.managers.registry import install_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ClientT = TypeVar("ClientT")
_ClientT_co = TypeVar("_ClientT_co", covariant=True)
OptionsT = TypeVar("OptionsT", bound="RemoteOptions")
_AnswerT = TypeVar("_AnswerT")

ErrorTable: TypeAlias = "Mapping[str | type[Exception], ErrorKind]"
"""Kinds of errors, by the library's class, or by a code of the service where there is no class."""

_PLATFORM_ERRORS: ErrorTable = {
    socket.gaierror: ErrorKind.UNREACHABLE,
    ssl.SSLCertVerificationError: ErrorKind.UNREACHABLE,
    ConnectionError: ErrorKind.TRANSIENT,
    TimeoutError: ErrorKind.TRANSIENT,
}
"""Errors of the standard library that a service's library may pass on."""
_MAY_BE_A_FILE = {ErrorKind.UNFORESEEN, ErrorKind.UNKNOWN_USER, ErrorKind.UNREACHABLE, ErrorKind.TRANSIENT}
"""Kinds that libraries raise for a local file that they can't use."""


class RemoteOptions(ScopedOptions):
    """Attributes of every remote flavor."""

    timeout: float = Field(default=10.0, gt=0, le=600)
    """Seconds to wait for the answer to one request."""
    deadline: float = Field(default=60.0, gt=0, le=3600)
    """Seconds after which nothing is tried again."""

    @field_validator("*")
    @classmethod
    def _hold_no_password(cls, value: Any, info: ValidationInfo) -> Any:
        # An address is shown, in errors too.
        if isinstance(value, str) and "://" in value and "@" in value and not is_secret_field(cls.model_fields[info.field_name or ""]):
            raise PydanticCustomError("an address that holds a user or a password", "unexpected")
        return value


class Service(Protocol[_ClientT_co]):
    """The parts of a remote backend that a runner uses."""

    FLAVOR: ClassVar[str]
    encoding: ClassVar[NameEncoding]
    error_kinds: ClassVar[ErrorTable]
    named_files: ClassVar[Mapping[str, str]]
    libraries: ClassVar[tuple[str, ...]]
    tries: ClassVar[int]
    first_wait: ClassVar[float]

    @property
    def name(self) -> str:
        """Name of the secrets manager, for messages."""

    def connect(self) -> _ClientT_co:
        """Return a new client."""

    def library_errors(self) -> ErrorTable:
        """Return the kinds of the library's errors, by class."""

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """Return the service's codes for an error, the most specific first."""

    def classify(self, error: Exception) -> ErrorKind | None:
        """Return the kind of an error that neither class nor code tells."""

    def requested_wait(self, error: Exception) -> float:
        """Return how many seconds the service asked to wait."""

    def exists(self, name: str) -> SecretExistsError:
        """Return the error for a name that is taken."""


class RequestRunner(Generic[ClientT]):
    """Makes the requests of one service: connects once per process, retries, and maps errors."""

    def __init__(self, service: Service[ClientT], *, deadline: float) -> None:
        """Make requests for ``service``; after ``deadline`` seconds nothing is tried again."""
        self._service = service
        self._deadline = deadline
        self._client: tuple[int, ClientT] | None = None
        self._connecting = threading.Lock()

    def ask(self, verb: str, call: Callable[[ClientT], _AnswerT], *, name: str = "", writes: bool = False) -> _AnswerT:
        """Return what ``call`` returns. It is called again after an error that another try may mend.

        Args:
            verb: The operation, for messages: "list" as in "can't list secrets".
            call: Makes the request with a client. Its errors are mapped to ours.
            name: The secret that the request is about, if it is about one.
            writes: Whether the request changes something, so that after a lost answer the state is unknown.

        Raises:
            SecretNotFoundError: If the service has no such secret.
            SecretExistsError: If the name is taken.
            ManagerError: If the service refuses or does not answer.
        """
        try:
            return self.attempt(call)
        except RemoteError as error:
            problem = self.error_for(error, verb, name, writes=writes)
        raise problem

    def attempt(self, call: Callable[[ClientT], _AnswerT]) -> _AnswerT:
        """Return what ``call`` returns, with retries.

        Raises:
            RemoteError: If the service, the library or the connection failed.
        """
        client = self._client
        try:
            return self._try(call)
        except RemoteError as error:
            problem = error
        if problem.kind is ErrorKind.UNKNOWN_USER and client is not None:
            # Temporary credentials may have expired: a new client asks for new ones.
            self._forget(client)
            return self._try(call)
        raise problem

    def kind_of(self, error: Exception) -> ErrorKind:
        """Return the kind of a library's error."""
        if isinstance(error, RemoteError):
            return error.kind
        kind = self._service.classify(error)
        if kind is not None:
            return kind
        table: dict[str | type[Exception], ErrorKind] = {
            **_PLATFORM_ERRORS,
            **self._service.library_errors(),
            **self._service.error_kinds,
        }
        keys: list[str | type] = [*self._service.codes_of(error), *type(error).__mro__]
        return next((table[key] for key in keys if key in table), ErrorKind.UNFORESEEN)

    def detail_of(self, error: Exception) -> str:
        """Return the code or the class of an error, never its text, which may quote the request."""
        if isinstance(error, RemoteError):
            return error.detail
        # The code comes from the service, so only text that looks like a code is repeated.
        codes = [code for code in self._service.codes_of(error) if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", code)]
        return codes[0] if codes else type(error).__name__

    def error_for(self, error: RemoteError, verb: str, name: str = "", *, writes: bool = False) -> ZenSecretsError:
        """Return our error for a failed request; arguments as for :meth:`ask`."""
        service = self._service
        if name and error.kind is ErrorKind.MISSING:
            return SecretNotFoundError(f"no {name!r}", name=name)
        if name and error.kind is ErrorKind.EXISTS:
            return service.exists(name)
        of_file = problem_with(service.named_files, flavor=service.FLAVOR) if error.kind in _MAY_BE_A_FILE else None
        return of_file or error_for(error, RemoteRequest(service.encoding.service, service.FLAVOR, service.name, verb, name, writes))

    def _try(self, call: Callable[[ClientT], _AnswerT]) -> _AnswerT:
        tries = Retrying(
            retry=retry_if_exception(self._is_transient),
            stop=stop_after_attempt(self._service.tries) | stop_before_delay(self._deadline),
            wait=self._wait,
            reraise=True,
        )
        try:
            return tries(lambda: call(self._connected()))
        except ZenSecretsError:
            raise
        except Exception as error:  # noqa: BLE001 - a library may raise anything; its text may quote values and is dropped
            kind, detail = self.kind_of(error), self.detail_of(error)
            problem = RemoteError(kind, detail, was_retried=tries.statistics.get("attempt_number", 1) > 1)
        raise problem

    def _is_transient(self, error: BaseException) -> bool:
        # Our own errors are final, though some are built-in ConnectionErrors too.
        return isinstance(error, Exception) and not isinstance(error, ZenSecretsError) and self.kind_of(error) is ErrorKind.TRANSIENT

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        requested = self._service.requested_wait(error) if isinstance(error, Exception) else 0.0
        return requested + wait_random_exponential(multiplier=self._service.first_wait, max=10)(state)

    def _connected(self) -> ClientT:
        client = self._open_client()
        if client is None:
            with self._connecting:
                client = self._open_client() or self._connect()
        return client[1]

    def _open_client(self) -> tuple[int, ClientT] | None:
        # A forked process must not use its parent's connections.
        return self._client if self._client is not None and self._client[0] == os.getpid() else None

    def _connect(self) -> tuple[int, ClientT]:
        service = self._service
        try:
            self._client = (os.getpid(), service.connect())
        except ImportError as error:
            missing = error.name or " and ".join(service.libraries)
        else:
            return self._client
        message = f"Flavor {service.FLAVOR!r} of secrets manager needs {missing}, which is not installed."
        raise FlavorUnavailableError(message, flavor=service.FLAVOR, hint=f"Install it: {install_command(service.FLAVOR)}")

    def _forget(self, client: tuple[int, ClientT]) -> None:
        with self._connecting:
            if self._client is client:
                self._client = None
