"""Requests to a remote service: one client per process, retries and error mapping.

An error of the SDK may contain the request, with the token and the values. So it never becomes the cause or the context of our error: our
error is raised after the ``except`` block.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass
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
_FILE_ERROR_KINDS = {ErrorKind.UNFORESEEN, ErrorKind.UNKNOWN_USER, ErrorKind.UNREACHABLE, ErrorKind.TRANSIENT}
"""The kinds of the errors that an SDK may raise for an unusable local file."""


class RemoteOptions(ScopedOptions):
    """Options of every remote flavor."""

    timeout: float = Field(default=10.0, gt=0, le=600)
    """Seconds to wait for the response to one request."""
    deadline: float = Field(default=60.0, gt=0, le=3600)
    """Seconds after the first attempt. After this time a failed request is not retried."""

    @field_validator("*")
    @classmethod
    def _refuse_passwords_in_urls(cls, value: Any, info: ValidationInfo) -> Any:
        # Addresses are shown to users, for example in errors, so an address such as https://user:password@host is refused.
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
    max_attempts: ClassVar[int]
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
        """Return the kind of an error whose class and codes are not enough to find the kind, or ``None``."""

    def requested_wait(self, error: Exception) -> float:
        """Return the seconds that the service asked to wait before a retry."""

    def exists_error(self, name: str) -> SecretExistsError:
        """Return the error for a name that exists already."""


@dataclass(frozen=True)
class _ProcessClient(Generic[ClientT]):
    """A client, and the ID of the process that created it."""

    client: ClientT
    process_id: int


class RequestRunner(Generic[ClientT]):
    """Sends requests to one service: one client per process, retries and error mapping."""

    def __init__(self, service: RemoteService[ClientT], *, deadline: float) -> None:
        """Send requests for ``service``, without retries after ``deadline`` seconds."""
        self._service = service
        self._deadline = deadline
        self._client: _ProcessClient[ClientT] | None = None
        self._lock = threading.Lock()

    def run(self, verb: str, send: Callable[[ClientT], _ResultT], *, name: str = "", is_write: bool = False) -> _ResultT:
        """Call ``send``, with retries after transient errors, and return its result.

        Errors of the SDK are mapped to our errors.

        Args:
            verb: The operation, for messages such as "can't list secrets".
            send: Sends the request with a client.
            name: The name of the secret, if the request concerns one secret.
            is_write: Whether the request is a write, whose result is unknown if the response is lost.

        Raises:
            SecretNotFoundError: If the service has no such secret.
            SecretExistsError: If the name exists already.
            ManagerError: If the service refuses the request or does not answer.
        """
        try:
            return self.run_unmapped(send)
        except RemoteError as error:
            problem = self.error_for(error, verb, name, is_write=is_write)
        raise problem

    def run_unmapped(self, send: Callable[[ClientT], _ResultT]) -> _ResultT:
        """Call ``send``, with retries after transient errors, and return its result.

        The caller maps the error to one of our errors.

        Raises:
            RemoteError: If the service, the SDK or the connection failed.
        """
        client = self._client
        try:
            return self._call_with_retries(send)
        except RemoteError as error:
            problem = error
        if problem.kind is ErrorKind.UNKNOWN_USER and client is not None:
            # Temporary credentials of the earlier client may have expired, so a new client requests new credentials. If this call created
            # the client, its credentials are new, and there is no retry.
            self._discard_client(client)
            return self._call_with_retries(send, was_retried=problem.was_retried)
        raise problem

    def kind_of(self, error: Exception) -> ErrorKind:
        """Return the kind of an error of the SDK."""
        if isinstance(error, RemoteError):
            return error.kind
        kind = self._service.classify(error)
        if kind is not None:
            return kind
        kinds: dict[str | type[Exception], ErrorKind] = {
            **_PLATFORM_ERRORS,
            **self._service.library_errors(),
            **self._service.error_kinds,
        }
        # The codes of the service come first, and then the class of the error and its base classes.
        codes_and_classes: list[str | type] = [*self._service.codes_of(error), *type(error).__mro__]
        return next((kinds[key] for key in codes_and_classes if key in kinds), ErrorKind.UNFORESEEN)

    def detail_of(self, error: Exception) -> str:
        """Return the code or the class of an error. Its text is never returned, because it may quote the request."""
        if isinstance(error, RemoteError):
            return error.detail
        # The service sends the code, so only a text that looks like a code is shown.
        codes = [code for code in self._service.codes_of(error) if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", code)]
        return codes[0] if codes else type(error).__name__

    def error_for(self, error: RemoteError, verb: str, name: str = "", *, is_write: bool = False) -> ZenSecretsError:
        """Return our error for a failed request. The arguments are those of :meth:`run`."""
        service = self._service
        if name and error.kind is ErrorKind.MISSING:
            # The secrets manager replaces this short text by a message with a hint.
            return SecretNotFoundError(f"no {name!r}", name=name)
        if name and error.kind is ErrorKind.EXISTS:
            return service.exists_error(name)
        file_error = find_file_error(service.environment_files, flavor=service.FLAVOR) if error.kind in _FILE_ERROR_KINDS else None
        return file_error or error_for(error, RemoteRequest(service.encoding.service, service.FLAVOR, service.name, verb, name, is_write))

    def _call_with_retries(self, send: Callable[[ClientT], _ResultT], *, was_retried: bool = False) -> _ResultT:
        """Return the result of ``send``, and convert the error of the last attempt to :class:`RemoteError`.

        Args:
            send: Sends the request with a client.
            was_retried: Whether the service may have executed an attempt with an earlier client.
        """
        retrying = Retrying(
            retry=retry_if_exception(self._is_transient),
            stop=stop_after_attempt(self._service.max_attempts) | stop_before_delay(self._deadline),
            wait=self._seconds_to_wait,
            reraise=True,
        )
        try:
            return retrying(lambda: send(self._get_client()))
        except ZenSecretsError:
            raise
        except Exception as error:  # noqa: BLE001 - an SDK may raise any error, and its text may quote values
            kind, detail = self.kind_of(error), self.detail_of(error)
            problem = RemoteError(kind, detail, was_retried=was_retried or retrying.statistics.get("attempt_number", 1) > 1)
        raise problem

    def _is_transient(self, error: BaseException) -> bool:
        """Return whether a retry of the request may succeed."""
        # Our own errors are final. Their class has to be checked here, because ManagerUnreachableError is also a ConnectionError, whose
        # kind is TRANSIENT.
        return isinstance(error, Exception) and not isinstance(error, ZenSecretsError) and self.kind_of(error) is ErrorKind.TRANSIENT

    def _seconds_to_wait(self, state: RetryCallState) -> float:
        """Return the seconds to wait before the next attempt.

        They are the sum of the time that the service requested and a random time.
        """
        error = state.outcome.exception() if state.outcome else None
        requested_seconds = self._service.requested_wait(error) if isinstance(error, Exception) else 0.0
        return requested_seconds + wait_random_exponential(multiplier=self._service.first_wait, max=10)(state)

    def _get_client(self) -> ClientT:
        """Return the client of this process, and connect if there is none."""
        client = self._find_client()
        if client is None:
            with self._lock:
                client = self._find_client() or self._connect()
        return client.client

    def _find_client(self) -> _ProcessClient[ClientT] | None:
        """Return the client of this process, or ``None`` if there is none."""
        # A forked process must not use the connections of its parent.
        return self._client if self._client is not None and self._client.process_id == os.getpid() else None

    def _connect(self) -> _ProcessClient[ClientT]:
        """Create a client for this process."""
        service = self._service
        try:
            self._client = _ProcessClient(service.connect(), os.getpid())
        except ImportError as error:
            missing_modules = error.name or " and ".join(service.libraries)
        else:
            return self._client
        message = f"Flavor {service.FLAVOR!r} of secrets manager needs {missing_modules}, which is not installed."
        raise FlavorUnavailableError(message, flavor=service.FLAVOR, hint=f"Install it: {install_command(service.FLAVOR)}")

    def _discard_client(self, client: _ProcessClient[ClientT]) -> None:
        """Stop using a client, unless another thread has replaced it already."""
        with self._lock:
            if self._client is client:
                self._client = None


class _DebugFilter(logging.Filter):
    """Filter that removes the debug logs of threads in which :func:`suppressed_debug_logs` is active."""

    def __init__(self) -> None:
        super().__init__()
        self.thread_state = threading.local()
        """Its attribute ``depth`` is the number of active blocks of :func:`suppressed_debug_logs` in the current thread."""
        self._logger_counts: dict[str, int] = {}
        """For each library, the number of loggers in this process when :meth:`install` last searched its loggers."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG or not getattr(self.thread_state, "depth", 0)

    def install(self, library: str) -> None:
        """Add the filter to the logger of a library and to its child loggers."""
        # A filter does not apply to child loggers. An SDK creates child loggers at any time, so they are searched again if the number of
        # loggers has changed.
        loggers = logging.root.manager.loggerDict
        if self._logger_counts.get(library) == len(loggers):
            return
        self._logger_counts[library] = len(loggers)
        for name in list(loggers):
            if name == library or name.startswith(f"{library}."):
                logging.getLogger(name).addFilter(self)


_debug_filter = _DebugFilter()


@contextmanager
def suppressed_debug_logs(library: str) -> Iterator[None]:
    """Suppress the debug logs of an SDK in this thread, because they contain request bodies."""
    _debug_filter.install(library)
    _debug_filter.thread_state.depth = getattr(_debug_filter.thread_state, "depth", 0) + 1
    try:
        yield
    finally:
        _debug_filter.thread_state.depth -= 1
