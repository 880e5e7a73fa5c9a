"""Kinds of failed requests, and the error that a user sees for each.

A backend maps the errors of its library to :class:`ErrorKind`; the messages are written here, once.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from zensecrets_jupyter.core.errors import (
    InvalidSecretError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerLockedError,
    ManagerUnreachableError,
    StoreFullError,
    UnsupportedOperationError,
    ZenSecretsError,
)


class ErrorKind(enum.Enum):
    """Kind of an error of a service."""

    MISSING = enum.auto()
    """There is no such secret."""
    EXISTS = enum.auto()
    """The key is taken."""
    CONFLICT = enum.auto()
    """Another writer changed the secret between read and write. Reading it again mends that."""
    TRANSIENT = enum.auto()
    """No answer, a broken connection, throttling or an internal error. Another try may mend it."""
    UNREACHABLE = enum.auto()
    """No service answers there, and another try would not help: an unknown host, a refused certificate."""
    UNKNOWN_USER = enum.auto()
    """Credentials are missing, wrong or expired."""
    SKEWED = enum.auto()
    """The clock of this machine is wrong, so that no signature is valid."""
    DENIED = enum.auto()
    """The user has no permission."""
    LOCKED = enum.auto()
    """The service itself is sealed."""
    REFUSED_NAME = enum.auto()
    """The service accepts no such name."""
    TOO_LARGE = enum.auto()
    """The content is too large."""
    FULL = enum.auto()
    """No room is left, or no more secrets are allowed."""
    UNSUPPORTED = enum.auto()
    """The service does not support the operation."""
    NOT_OURS = enum.auto()
    """This package can't have written what the service holds."""
    UNFORESEEN = enum.auto()
    """Any other error."""


class RemoteError(Exception):
    """A failed request. A backend raises it if the service refuses without an error of its library.

    It becomes one of our errors before a user sees it.

    Attributes:
        kind: Kind of the error.
        detail: The service's code, or the class of the library's error. Never its text, which may quote the request.
        was_retried: Whether an earlier try had failed, so that the service may be as this very request left it.
    """

    def __init__(self, kind: ErrorKind, detail: str = "", *, was_retried: bool = False) -> None:
        """Make an error of that kind."""
        super().__init__(kind.name)
        self.kind = kind
        self.detail = detail or kind.name.lower().replace("_", " ")
        self.was_retried = was_retried


class RemoteRequest(NamedTuple):
    """A request, for messages: ``verb`` as in "can't VERB secret 'name'"; ``name`` is empty if it is about no single secret."""

    service: str
    flavor: str
    manager: str
    verb: str
    name: str = ""
    writes: bool = False

    @property
    def action(self) -> str:
        """The operation, with its object."""
        return f"{self.verb} secret {self.name!r}" if self.name else f"{self.verb} secrets"


def error_for(problem: RemoteError, request: RemoteRequest) -> ZenSecretsError:
    """Return our error for a failed request. Missing and taken names are handled by the caller."""
    kind, detail = problem.kind, problem.detail
    service, flavor, action = request.service, request.flavor, request.action
    if kind in {ErrorKind.REFUSED_NAME, ErrorKind.TOO_LARGE}:
        wrong = "name" if kind is ErrorKind.REFUSED_NAME else "size of the content"
        message = f"{service} refused the {wrong} of secret {request.name!r} ({detail})."
        hint = "Choose another name." if kind is ErrorKind.REFUSED_NAME else "Keep large files elsewhere, and the key that opens them here."
        return InvalidSecretError(message, name=request.name, manager=request.manager, hint=hint)
    error, text, hint = _MESSAGES.get(kind, _UNFORESEEN)
    if request.writes and kind in {ErrorKind.TRANSIENT, ErrorKind.UNFORESEEN}:
        hint = f"The last answer was lost, so it may have been done all the same: look before you try again. {hint}"
    return error(
        f"{text.format(service=service, action=action)} ({detail}).", flavor=flavor, hint=hint.format(service=service, action=action)
    )


_Message = tuple[type[ManagerError], str, str]

_MESSAGES: dict[ErrorKind, _Message] = {
    ErrorKind.TRANSIENT: (
        ManagerUnreachableError,
        "{service} did not answer in time, or failed each time, so it can't {action}",
        "Check the network, a proxy if there is one, and the status page of {service}, and try again.",
    ),
    ErrorKind.CONFLICT: (
        ManagerUnreachableError,
        "Others keep changing in {service} what was to be changed, so it can't {action}",
        "Wait until they have ended, and try again; nothing was changed.",
    ),
    ErrorKind.UNREACHABLE: (
        ManagerUnreachableError,
        "{service} can't be reached, so it can't {action}",
        "Check the address that the secrets manager has, the network, and a proxy if there is one.",
    ),
    ErrorKind.UNKNOWN_USER: (
        ManagerAccessError,
        "{service} does not know who is asking, so it can't {action}",
        "Check the credentials in the environment or of the secrets manager: they are missing, wrong or expired.",
    ),
    ErrorKind.SKEWED: (
        ManagerAccessError,
        "{service} refused the time of this machine, so it can't {action}",
        "Set the clock of this machine right, and try again.",
    ),
    ErrorKind.DENIED: (
        ManagerAccessError,
        "{service} does not allow you to {action}",
        "Ask whoever administers it for that permission.",
    ),
    ErrorKind.LOCKED: (
        ManagerLockedError,
        "{service} is sealed, so it can't {action}",
        "Ask whoever administers it to open it.",
    ),
    ErrorKind.FULL: (
        StoreFullError,
        "{service} has no room for more, so it can't {action}",
        "Delete what is not needed, or have the quota raised; what was stored before is untouched.",
    ),
    ErrorKind.UNSUPPORTED: (
        UnsupportedOperationError,
        "{service} can't {action}",
        "Use a stack with another secrets manager for that.",
    ),
    ErrorKind.NOT_OURS: (
        ManagerCorruptedError,
        "{service} can't {action}: what it keeps there was not written by this package, or is damaged",
        "It was left as it is: use another name, or a secrets manager with another scope.",
    ),
}
_UNFORESEEN: _Message = (
    ManagerError,
    "{service} failed in a way that nobody foresaw, so it can't {action}",
    "Try again; if it stays so, report it with the name in the brackets.",
)
