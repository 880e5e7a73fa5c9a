"""Error kinds of the library ``requests``, for backends that send their requests with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable


def requests_errors(*, default: ErrorKind | None = None) -> ErrorTable:
    """Return the error kinds of ``requests`` by class.

    Args:
        default: The kind of all other errors of ``requests``. If it is ``None``, they have no entry, so their kind is UNFORESEEN.
    """
    from requests import exceptions

    return {
        exceptions.SSLError: ErrorKind.UNREACHABLE,
        exceptions.InvalidURL: ErrorKind.UNREACHABLE,
        # A token with a line break causes this error, because the line break would begin another header.
        exceptions.InvalidHeader: ErrorKind.UNKNOWN_USER,
        exceptions.ConnectionError: ErrorKind.TRANSIENT,
        exceptions.Timeout: ErrorKind.TRANSIENT,
        exceptions.ChunkedEncodingError: ErrorKind.TRANSIENT,
        **({exceptions.RequestException: default} if default else {}),
    }
