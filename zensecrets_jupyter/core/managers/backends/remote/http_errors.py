"""Kinds of the errors of ``requests``, for the backends whose library is built on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable


def requests_errors(*, default: ErrorKind | None = None) -> ErrorTable:
    """Return the kinds of errors of ``requests``, by class.

    Args:
        default: The kind of its other errors; by default they are unforeseen.
    """
    from requests import exceptions

    return {
        exceptions.SSLError: ErrorKind.UNREACHABLE,
        exceptions.InvalidURL: ErrorKind.UNREACHABLE,
        # A token with a line break, which would begin another header.
        exceptions.InvalidHeader: ErrorKind.UNKNOWN_USER,
        exceptions.ConnectionError: ErrorKind.TRANSIENT,
        exceptions.Timeout: ErrorKind.TRANSIENT,
        exceptions.ChunkedEncodingError: ErrorKind.TRANSIENT,
        **({exceptions.RequestException: default} if default else {}),
    }
