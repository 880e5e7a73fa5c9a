"""Kinds of errors of a service, and the error that a user gets for each.

A backend maps each error of its SDK to an :class:`ErrorKind`. This module has a message for users for each kind.
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
    """The kind of an error of a service."""

    MISSING = enum.auto()
    """The secret does not exist."""
    EXISTS = enum.auto()
    """The secret exists already."""
    CONFLICT = enum.auto()
    """Another writer changed the secret between read and write. The update has to read the secret again."""
    TRANSIENT = enum.auto()
    """No response, a broken connection, throttling or an internal error. A retry may succeed."""
    UNREACHABLE = enum.auto()
    """An unknown host, a refused certificate, or a server of another kind at the address. A retry would not help."""
    UNKNOWN_USER = enum.auto()
    """Credentials are missing, wrong or expired."""
    SKEWED = enum.auto()
    """The clock of this machine is wrong, so signatures are invalid."""
    DENIED = enum.auto()
    """The user has no permission."""
    LOCKED = enum.auto()
    """The service is sealed: an administrator has to unlock it before it answers requests. An example is Vault after a restart."""
    REFUSED_NAME = enum.auto()
    """The service does not accept the name."""
    TOO_LARGE = enum.auto()
    """The content is too large."""
    FULL = enum.auto()
    """The storage or the number of secrets is at its limit."""
    UNSUPPORTED = enum.auto()
    """The service does not support the operation."""
    NOT_OURS = enum.auto()
    """Another program wrote the stored payload, or it is damaged."""
    UNFORESEEN = enum.auto()
    """Any other error."""


class RemoteError(Exception):
    """The error of a failed request, inside this package.

    A user gets one of our errors instead, from :func:`error_for`. The request runner raises a RemoteError for an error of the SDK. A
    backend raises one if a request fails without an error of the SDK.

    Attributes:
        kind: Kind of the error.
        detail: The code of the service, the class of the SDK's error, or a short text of this package. It never contains the text of the
            SDK's error, which may quote the request.
        was_retried: Whether an earlier attempt failed, so that the service may have executed this request already.
    """

    def __init__(self, kind: ErrorKind, detail: str = "", *, was_retried: bool = False) -> None:
        """Create an error of a kind."""
        super().__init__(kind.name)
        self.kind = kind
        self.detail = detail or kind.name.lower().replace("_", " ")
        self.was_retried = was_retried


class RemoteRequest(NamedTuple):
    """Facts about a request, for the error message.

    Attributes:
        service: Name of the service.
        flavor: Name of the flavor.
        manager: Name of the secrets manager.
        verb: The operation, for messages such as "can't read secret 'db'".
        name: Name of the secret, or an empty text if the request concerns several secrets.
        is_write: Whether the request is a write.
    """

    service: str
    flavor: str
    manager: str
    verb: str
    name: str = ""
    is_write: bool = False

    @property
    def action(self) -> str:
        """The operation with its object, such as "read secret 'db'"."""
        return f"{self.verb} secret {self.name!r}" if self.name else f"{self.verb} secrets"


def error_for(remote_error: RemoteError, request: RemoteRequest) -> ZenSecretsError:
    """Return our error for a failed request.

    For a request with the name of a secret, the caller handles the kinds MISSING and EXISTS before.
    """
    kind, detail = remote_error.kind, remote_error.detail
    service, flavor, action = request.service, request.flavor, request.action
    if kind in {ErrorKind.REFUSED_NAME, ErrorKind.TOO_LARGE}:
        subject = "name" if kind is ErrorKind.REFUSED_NAME else "size of the content"
        message = f"{service} refused the {subject} of secret {request.name!r} ({detail})."
        hint = "Choose another name." if kind is ErrorKind.REFUSED_NAME else "Store large files elsewhere, and only the key to them here."
        return InvalidSecretError(message, name=request.name, manager=request.manager, hint=hint)
    error_class, message, hint = _MESSAGES.get(kind, _UNFORESEEN)
    if request.is_write and kind in {ErrorKind.TRANSIENT, ErrorKind.UNFORESEEN}:
        hint = f"The last response was lost, so the service may have executed the write. Check before you try again. {hint}"
    return error_class(
        f"{message.format(service=service, action=action)} ({detail}).", flavor=flavor, hint=hint.format(service=service, action=action)
    )


_Message = tuple[type[ManagerError], str, str]
"""The class of an error, its message and its hint. :func:`error_for` fills in the braces, and adds the detail and a full stop."""

_MESSAGES: dict[ErrorKind, _Message] = {
    ErrorKind.TRANSIENT: (
        ManagerUnreachableError,
        "{service} did not answer in time, or failed at every attempt, so it can't {action}",
        "Check the network, the proxy and the status page of {service}, and try again.",
    ),
    # An update is repeated after a conflict. This message is for an update that has no retries left.
    ErrorKind.CONFLICT: (
        ManagerUnreachableError,
        "Other writers change the secret in {service} all the time, so it can't {action}",
        "Nothing was changed. Wait until the other writers have ended, and try again.",
    ),
    ErrorKind.UNREACHABLE: (
        ManagerUnreachableError,
        "{service} can't be reached, so it can't {action}",
        "Check the address of the secrets manager, the network and the proxy.",
    ),
    ErrorKind.UNKNOWN_USER: (
        ManagerAccessError,
        "{service} does not accept the credentials, so it can't {action}",
        "Check the credentials of the environment or of the secrets manager. They are missing, wrong or expired.",
    ),
    ErrorKind.SKEWED: (
        ManagerAccessError,
        "{service} refused the time of this machine, so it can't {action}",
        "Correct the clock of this machine, and try again.",
    ),
    ErrorKind.DENIED: (
        ManagerAccessError,
        "{service} does not allow you to {action}",
        "Ask its administrator for the permission.",
    ),
    ErrorKind.LOCKED: (
        ManagerLockedError,
        "{service} is sealed, so it can't {action}",
        "Ask its administrator to unseal it.",
    ),
    ErrorKind.FULL: (
        StoreFullError,
        "{service} is full, so it can't {action}",
        "Delete unused secrets, or ask for a higher quota. The stored secrets are unchanged.",
    ),
    ErrorKind.UNSUPPORTED: (
        UnsupportedOperationError,
        "{service} can't {action}",
        "Use a stack with another secrets manager for that.",
    ),
    ErrorKind.NOT_OURS: (
        ManagerCorruptedError,
        "{service} can't {action}: another program wrote the stored payload, or it is damaged",
        "It was not changed. Use another name, or a secrets manager with another scope.",
    ),
}
_UNFORESEEN: _Message = (
    ManagerError,
    "{service} failed with an unexpected error, so it can't {action}",
    "Check that no proxy or login page of the network answers instead. If the error persists, report the name in the brackets.",
)
