"""Requests to a place that is another machine: one client, tries with waits between them, and our errors for whatever it said.

A flavor brings a table of what its library's errors mean, and :meth:`RemoteRequests._connect`.
"""

from __future__ import annotations

import os
import re
import threading
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_before_delay, wait_random_exponential

from zensecrets_jupyter.core.errors import FlavorUnavailableError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.fields import is_secret_field
from zensecrets_jupyter.core.managers._named_files import problem_with
from zensecrets_jupyter.core.managers._names import Alphabet, ScopedOptions
from zensecrets_jupyter.core.managers._outcomes import Outcome, Refusal, Request, error_for
from zensecrets_jupyter.core.managers._registry import Availability, install_command, is_installed
from zensecrets_jupyter.core.managers.interface import SecretsManager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

ClientT = TypeVar("ClientT")
OptionsT = TypeVar("OptionsT", bound="RemoteOptions")
_Answer = TypeVar("_Answer")

_OF_THE_PLATFORM: dict[str, Outcome] = {
    "gaierror": Outcome.UNREACHABLE,
    "SSLCertVerificationError": Outcome.UNREACHABLE,
    "ConnectionError": Outcome.TRANSIENT,
    "TimeoutError": Outcome.TRANSIENT,
    # requests.exceptions: a token with a line break, which would begin another header.
    "InvalidHeader": Outcome.UNKNOWN_USER,
}
"""What a library may hand on as it came, by class."""
_PERHAPS_OF_MACHINE = {Outcome.UNFORESEEN, Outcome.UNKNOWN_USER, Outcome.UNREACHABLE, Outcome.TRANSIENT}
"""What a library makes of a file on this machine that it can't use."""


class RemoteOptions(ScopedOptions):
    """What every remote flavor takes."""

    timeout: float = Field(default=10.0, gt=0, le=600)
    """Seconds that the place has for the answer to one request."""
    deadline: float = Field(default=60.0, gt=0, le=3600)
    """Seconds after which nothing is tried again."""

    @field_validator("*")
    @classmethod
    def _hold_no_password(cls, value: Any, info: ValidationInfo) -> Any:
        # An address is shown, in errors too.
        if isinstance(value, str) and "://" in value and "@" in value and not is_secret_field(cls.model_fields[info.field_name or ""]):
            raise PydanticCustomError("an address that holds a user or a password", "unexpected")
        return value


class RemoteRequests(SecretsManager, Generic[ClientT, OptionsT]):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`.

    Every request passes :meth:`ask`. No error of a library becomes the cause of ours: it carries its request, and that its token and body.
    """

    options_model: ClassVar[type[ManagerOptions]] = RemoteOptions
    alphabet: ClassVar[Alphabet]
    """What the place takes as a key; its ``place`` is what messages call it."""
    foreign_errors: ClassVar[Mapping[str, Outcome]] = {}
    """What the library's errors mean: by the codes of :meth:`_codes_of`, or by the name of a class or of one that it is derived from."""
    named_files: ClassVar[Mapping[str, str]] = {}
    """Environment variables of the library that name files: see :mod:`~zensecrets_jupyter.core.managers._named_files`."""
    libraries: ClassVar[tuple[str, ...]] = ()
    """Modules that the flavor's extra installs."""
    tries: ClassVar[int] = 5
    """How often a request is made at most that fails in a way that another try may mend."""
    first_wait: ClassVar[float] = 0.1
    """Seconds before the second try at most; at each later try twice as many, and each time a random part of it."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""
        super().__init__(options, context=context)
        self._client: tuple[int, ClientT] | None = None
        self._connecting = threading.Lock()

    @property
    def chosen(self) -> OptionsT:
        """The options, as the flavor's own model."""
        return cast("OptionsT", self.options)

    @classmethod
    def availability(cls) -> Availability:
        """See :meth:`~zensecrets_jupyter.core.managers.interface.SecretsManager.availability`; it looks for the libraries only."""
        missing = [library for library in cls.libraries if not is_installed(library)]
        if not missing:
            return Availability(ok=True)
        return Availability(ok=False, reason=f"needs {' and '.join(missing)}: {install_command(cls.FLAVOR)}")

    def ask(self, verb: str, call: Callable[[ClientT], _Answer], *, name: str = "", writes: bool = False) -> _Answer:
        """Return what ``call`` returns of the client; it is called again where a try fails that another may mend.

        Args:
            verb: What is done, for the messages: "list" as in "can't list secrets".
            call: Makes the request; what it raises is told as our own error.
            name: The secret that it is about, if it is about one.
            writes: Whether it changes something there, so that after a lost answer nobody knows what is there.

        Raises:
            SecretNotFoundError: If the place has no such secret.
            SecretExistsError: If the name is taken.
            ManagerError: If the place refuses or does not answer.
        """
        try:
            return self._attempt(call)
        except Refusal as refusal:
            problem = self._error(refusal, verb, name, writes=writes)
        raise problem

    def _attempt(self, call: Callable[[ClientT], _Answer]) -> _Answer:
        """Return what ``call`` returns; raise Refusal for whatever else the place, the library or the connection did."""
        known = self._client
        try:
            return self._try(call)
        except Refusal as refusal:
            problem = refusal
        if problem.outcome is Outcome.UNKNOWN_USER and known is not None:
            # What was given for a while has ended: a client that is made anew asks for it again.
            self._forget(known)
            return self._try(call)
        raise problem

    def _try(self, call: Callable[[ClientT], _Answer]) -> _Answer:
        tries = Retrying(
            retry=retry_if_exception(self._may_be_mended),
            stop=stop_after_attempt(self.tries) | stop_before_delay(self.chosen.deadline),
            wait=self._wait,
            reraise=True,
        )
        try:
            return tries(lambda: call(self._connected()))
        except ZenSecretsError:
            raise
        except Exception as error:  # noqa: BLE001 - a library may raise anything, with what it was given in the text: none of it gets out
            detail = self._detail_of(error)
            refused = Refusal(self._outcome_of(error), detail, tried_again=tries.statistics.get("attempt_number", 1) > 1)
        raise refused

    def _may_be_mended(self, error: BaseException) -> bool:
        # Our own errors, some of which are built-in ones of connections too, are final.
        return isinstance(error, Exception) and not isinstance(error, ZenSecretsError) and self._outcome_of(error) is Outcome.TRANSIENT

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = self._wait_asked_by(error) if isinstance(error, Exception) else 0.0
        return asked + wait_random_exponential(multiplier=self.first_wait, max=10)(state)

    def _outcome_of(self, error: Exception) -> Outcome:
        """Return what the place meant by ``error``; a flavor overrides it for what no code tells."""
        if isinstance(error, Refusal):
            return error.outcome
        classes = [cls.__name__ for cls in type(error).__mro__]
        table = {**_OF_THE_PLATFORM, **self.foreign_errors}
        return next((table[code] for code in (*self._codes_of(error), *classes) if code in table), Outcome.UNFORESEEN)

    def _detail_of(self, error: Exception) -> str:
        if isinstance(error, Refusal):
            return error.detail
        # The code comes from the place: only what looks like one is repeated.
        codes = [code for code in self._codes_of(error) if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", code)]
        return codes[0] if codes else type(error).__name__

    def _error(self, refusal: Refusal, verb: str, name: str = "", *, writes: bool = False) -> ZenSecretsError:
        if name and refusal.outcome is Outcome.MISSING:
            return SecretNotFoundError(f"no {name!r}", name=name)
        if name and refusal.outcome is Outcome.EXISTS:
            return self.exists(name)
        of_machine = problem_with(self.named_files, flavor=self.FLAVOR) if refusal.outcome in _PERHAPS_OF_MACHINE else None
        return of_machine or error_for(refusal, Request(self.alphabet.place, self.FLAVOR, self.name, verb, name, writes))

    def _connected(self) -> ClientT:
        client = self._open_client()
        if client is None:
            with self._connecting:
                client = self._open_client() or self._connect_anew()
        return client[1]

    def _open_client(self) -> tuple[int, ClientT] | None:
        # A child of a fork must not use its parent's connections.
        return self._client if self._client is not None and self._client[0] == os.getpid() else None

    def _connect_anew(self) -> tuple[int, ClientT]:
        try:
            self._client = (os.getpid(), self._connect())
        except ImportError as error:
            missing = error.name or " and ".join(self.libraries)
        else:
            return self._client
        message = f"Flavor {self.FLAVOR!r} of secrets manager needs {missing}, which is not installed."
        raise FlavorUnavailableError(message, flavor=self.FLAVOR, hint=f"Install it: {install_command(self.FLAVOR)}")

    def _forget(self, client: tuple[int, ClientT]) -> None:
        with self._connecting:
            if self._client is client:
                self._client = None

    # What a flavor implements.

    @abstractmethod
    def _connect(self) -> ClientT:
        """Return a new client, safe for several threads, that gives up a request after ``self.chosen.timeout`` and repeats none itself.

        A login is made here, with the client and not by :meth:`ask`.
        """

    def _codes_of(self, error: Exception) -> tuple[str, ...]:  # noqa: ARG002 - a hook
        """Return the codes that ``error`` carries, the most telling first, as :attr:`foreign_errors` names them."""
        return ()

    def _wait_asked_by(self, error: Exception) -> float:  # noqa: ARG002 - a hook
        """Return how many seconds the place asked to wait before the next try."""
        return 0.0
