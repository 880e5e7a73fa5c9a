"""Requests to a remote service: one client per process, retries and error mapping.

An error of the SDK never becomes the cause of our error, because it holds the request, and so the token and the values.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_before_delay, wait_random_exponential

from zensecrets_jupyter.core.errors import FlavorUnavailableError, SecretExistsError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.fields import is_secret_field
from zensecrets_jupyter.core.managers.backends.remote.environment_files import find_file_error
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError, RemoteRequest, error_for
from zensecrets_jupyter.core.managers.backends.remote.naming import NameEncoding, ScopedOptions
from zensecrets_jupyter.core.managers.registry import install_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ClientT = TypeVar("ClientT")
_ClientT_co = TypeVar("_ClientT_co", covariant=True)
OptionsT = TypeVar("OptionsT", bound="RemoteOptions")
_ResultT = TypeVar("_ResultT")

ErrorTable: TypeAlias = "Mapping[str | type[Exception], ErrorKind]"
"""Error kinds by the class of the SDK's error, or by the code of the service."""

_PLATFORM_ERRORS: ErrorTable = {
    socket.gaierror: ErrorKind.UNREACHABLE,
    ssl.SSLCertVerificationError: ErrorKind.UNREACHABLE,
    ConnectionError: ErrorKind.TRANSIENT,
    TimeoutError: ErrorKind.TRANSIENT,
}
"""Error kinds of errors of the standard library, which an SDK may pass on."""
_MAY_CONCERN_FILES = {ErrorKind.UNFORESEEN, ErrorKind.UNKNOWN_USER, ErrorKind.UNREACHABLE, ErrorKind.TRANSIENT}
"""Error kinds that an SDK may raise for an unusable local file."""


class RemoteOptions(ScopedOptions):
    """Options of every remote flavor."""

    timeout: float = Field(default=10.0, gt=0, le=600)
    """Seconds to wait for the response to one request."""
    deadline: float = Field(default=60.0, gt=0, le=3600)
    """Seconds after which a request is not retried."""

    @field_validator("*")
    @classmethod
    def _refuse_passwords_in_urls(cls, value: Any, info: ValidationInfo) -> Any:
        # Addresses are shown to users, for example in errors.
        if isinstance(value, str) and "://" in value and "@" in value and not is_secret_field(cls.model_fields[info.field_name or ""]):
            raise PydanticCustomError("an address that holds a user or a password", "unexpected")
        return value


class RemoteService(Protocol[_ClientT_co]):
    """The attributes of a remote backend that a :class:`RequestRunner` needs."""

    FLAVOR: ClassVar[str]
    encoding: ClassVar[NameEncoding]
    error_kinds: ClassVar[ErrorTable]
    environment_files: ClassVar[Mapping[str, str]]
    libraries: ClassVar[tuple[str, ...]]
    attempts: ClassVar[int]
    first_wait: ClassVar[float]

    @property
    def name(self) -> str:
        """Name of the secrets manager."""

    def connect(self) -> _ClientT_co:
        """Return a new client."""

    def library_errors(self) -> ErrorTable:
        """Return further error kinds by class."""

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """Return the service's codes of an error, the most specific first."""

    def classify(self, error: Exception) -> ErrorKind | None:
        """Return the kind of an error that class and code do not determine, or ``None``."""

    def requested_wait(self, error: Exception) -> float:
        """Return the seconds that the service asked to wait before a retry."""

    def exists_error(self, name: str) -> SecretExistsError:
        """Return the error for a name that exists already."""


class RequestRunner(Generic[ClientT]):
    """Sends requests to one service: one client per process, retries and error mapping."""

    def __init__(self, service: RemoteService[ClientT], *, deadline: float) -> None:
        """Send requests for ``service``, without retries after ``deadline`` seconds."""
        self._service = service
        self._deadline = deadline
        self._client: tuple[int, ClientT] | None = None
        self._connecting = threading.Lock()

    def ask(self, verb: str, call: Callable[[ClientT], _ResultT], *, name: str = "", writes: bool = False) -> _ResultT:
        """Return the result of ``call``, which is retried after a transient error.

        Args:
            verb: The operation, for messages such as "can't list secrets".
            call: Sends the request with a client. Errors of the SDK are mapped to our errors.
            name: The name of the secret, if the request concerns one secret.
            writes: Whether the request is a write, whose result is unknown if the response is lost.

        Raises:
            SecretNotFoundError: If the service has no such secret.
            SecretExistsError: If the name exists already.
            ManagerError: If the service refuses the request or does not answer.
        """
        try:
            return self.attempt(call)
        except RemoteError as error:
            problem = self.error_for(error, verb, name, writes=writes)
        raise problem

    def attempt(self, call: Callable[[ClientT], _ResultT]) -> _ResultT:
        """Return the result of ``call``, with retries.

        Raises:
            RemoteError: If the service, the SDK or the connection failed.
        """
        client = self._client
        try:
            return self._call_with_retries(call)
        except RemoteError as error:
            problem = error
        if problem.kind is ErrorKind.UNKNOWN_USER and client is not None:
            # Temporary credentials may have expired. A new client requests new credentials.
            self._discard(client)
            return self._call_with_retries(call, was_retried=problem.was_retried)
        raise problem

    def kind_of(self, error: Exception) -> ErrorKind:
        """Return the kind of an error of the SDK."""
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
        """Return the code or the class of an error. Its text is never returned, because it may quote the request."""
        if isinstance(error, RemoteError):
            return error.detail
        # The service sends the code, so only a text that looks like a code is shown.
        codes = [code for code in self._service.codes_of(error) if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", code)]
        return codes[0] if codes else type(error).__name__

    def error_for(self, error: RemoteError, verb: str, name: str = "", *, writes: bool = False) -> ZenSecretsError:
        """Return our error for a failed request. The arguments are those of :meth:`ask`."""
        service = self._service
        if name and error.kind is ErrorKind.MISSING:
            return SecretNotFoundError(f"no {name!r}", name=name)
        if name and error.kind is ErrorKind.EXISTS:
            return service.exists_error(name)
        file_error = find_file_error(service.environment_files, flavor=service.FLAVOR) if error.kind in _MAY_CONCERN_FILES else None
        return file_error or error_for(error, RemoteRequest(service.encoding.service, service.FLAVOR, service.name, verb, name, writes))

    def _call_with_retries(self, call: Callable[[ClientT], _ResultT], *, was_retried: bool = False) -> _ResultT:
        """Return the result of ``call``, and convert the error of the last attempt to :class:`RemoteError`.

        Args:
            call: Sends the request with a client.
            was_retried: Whether an attempt with an earlier client may have been executed.
        """
        retrying = Retrying(
            retry=retry_if_exception(self._is_transient),
            stop=stop_after_attempt(self._service.attempts) | stop_before_delay(self._deadline),
            wait=self._wait,
            reraise=True,
        )
        try:
            return retrying(lambda: call(self._get_client()))
        except ZenSecretsError:
            raise
        except Exception as error:  # noqa: BLE001 - an SDK may raise any error, and its text may quote values
            kind, detail = self.kind_of(error), self.detail_of(error)
            problem = RemoteError(kind, detail, was_retried=was_retried or retrying.statistics.get("attempt_number", 1) > 1)
        raise problem

    def _is_transient(self, error: BaseException) -> bool:
        """Return whether a retry may fix an error."""
        # Our own errors are final, although some of them are subclasses of ConnectionError.
        return isinstance(error, Exception) and not isinstance(error, ZenSecretsError) and self.kind_of(error) is ErrorKind.TRANSIENT

    def _wait(self, state: RetryCallState) -> float:
        """Return the seconds to wait before the next attempt."""
        error = state.outcome.exception() if state.outcome else None
        requested = self._service.requested_wait(error) if isinstance(error, Exception) else 0.0
        return requested + wait_random_exponential(multiplier=self._service.first_wait, max=10)(state)

    def _get_client(self) -> ClientT:
        """Return the client of this process, and connect if there is none."""
        client = self._find_client()
        if client is None:
            with self._connecting:
                client = self._find_client() or self._connect()
        return client[1]

    def _find_client(self) -> tuple[int, ClientT] | None:
        """Return the client and the ID of this process, or ``None`` without a client."""
        # A forked process must not use the connections of its parent.
        return self._client if self._client is not None and self._client[0] == os.getpid() else None

    def _connect(self) -> tuple[int, ClientT]:
        """Create a client, and return it with the ID of this process."""
        service = self._service
        try:
            self._client = (os.getpid(), service.connect())
        except ImportError as error:
            missing = error.name or " and ".join(service.libraries)
        else:
            return self._client
        message = f"Flavor {service.FLAVOR!r} of secrets manager needs {missing}, which is not installed."
        raise FlavorUnavailableError(message, flavor=service.FLAVOR, hint=f"Install it: {install_command(service.FLAVOR)}")

    def _discard(self, client: tuple[int, ClientT]) -> None:
        """Drop a client, unless another thread has replaced it already."""
        with self._connecting:
            if self._client is client:
                self._client = None


class _DebugFilter(logging.Filter):
    """Drop the debug records of threads that send a request for a secret. The records of other threads pass."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = threading.local()
        self._loggers: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG or not getattr(self.requests, "depth", 0)

    def install(self, library: str) -> None:
        """Add the filter to the logger of a library and to its child loggers."""
        # A filter applies to its own logger and not to child loggers, and an SDK creates child loggers at any time.
        loggers = logging.root.manager.loggerDict
        if self._loggers.get(library) == len(loggers):
            return
        self._loggers[library] = len(loggers)
        for name in list(loggers):
            if name == library or name.startswith(f"{library}."):
                logging.getLogger(name).addFilter(self)


_debug_filter = _DebugFilter()


@contextmanager
def suppressed_debug_logs(library: str) -> Iterator[None]:
    """Suppress the debug logs of an SDK in this thread. They contain request bodies."""
    _debug_filter.install(library)
    _debug_filter.requests.depth = getattr(_debug_filter.requests, "depth", 0) + 1
    try:
        yield
    finally:
        _debug_filter.requests.depth -= 1
