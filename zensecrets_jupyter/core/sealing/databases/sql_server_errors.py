"""Translation of the errors of a database server, its driver and SQLAlchemy."""

from __future__ import annotations

from typing import NamedTuple

from zensecrets_jupyter.core.errors import (
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerUnreachableError,
    StoreFullError,
)


class _Translation(NamedTuple):
    """The error of this package for some errors of the server.

    Attributes:
        error_class: The class of the error.
        problem: The end of its message, after the name of the database.
        hint: Its hint.
    """

    error_class: type[ManagerAccessError | ManagerCorruptedError | ManagerUnreachableError | StoreFullError]
    problem: str
    hint: str


_LOGIN = _Translation(ManagerAccessError, "refused the user or the password", "Check both in the url of the secrets manager.")
_NO_DATABASE = _Translation(ManagerAccessError, "has no such database, or refuses this machine", "Check the url of the secrets manager.")
_FORBIDDEN = _Translation(ManagerAccessError, "does not allow this user to do that", "Ask its administrator for that permission.")
_READ_ONLY = _Translation(
    ManagerAccessError, "is read-only at the moment", "Use the address of the server that accepts writes, and try again."
)
_FULL = _Translation(StoreFullError, "is full", "Free some space there and try again; earlier data is unchanged.")
_BUSY = _Translation(
    ManagerUnreachableError, "did not finish in time, because others hold locks or connections", "Wait for them, and try again."
)
_DOWN = _Translation(
    ManagerUnreachableError, "does not answer, or closed the connection", "Check that it runs and can be reached, and try again."
)
_DAMAGED = _Translation(
    ManagerCorruptedError,
    "does not hold the tables of this package",
    "They were not changed: restore them from a copy, or choose another schema.",
)

# PostgreSQL documentation, appendix A: two characters are an error class, five a single error.
_BY_STATE: dict[str, _Translation] = {
    "28": _LOGIN,
    "3D": _NO_DATABASE,
    "42501": _FORBIDDEN,
    "25006": _READ_ONLY,
    "53100": _FULL,
    "53": _BUSY,
    "54": _FULL,
    "40": _BUSY,
    "55P03": _BUSY,
    "57014": _BUSY,
    "57": _DOWN,
    "08": _DOWN,
}

# libpq has no code for an error before the session begins. If its message is not in English, the server counts as down.
_BY_TEXT: dict[str, _Translation] = {
    "authentication failed": _LOGIN,
    "no password supplied": _LOGIN,
    "FATAL:  role": _LOGIN,
    "FATAL:  database": _NO_DATABASE,
    "pg_hba.conf": _NO_DATABASE,
    "too many clients": _BUSY,
    "permission denied": _FORBIDDEN,
}


def translate_server_error(error: BaseException, database: str, *, writing: bool) -> ManagerError:
    """Return the error of this package for an error of the server.

    The text of the server's error is not repeated, because it may quote parameters.

    Args:
        error: The error.
        database: The description of the database for the message.
        writing: Whether the failed operation writes.
    """
    error_class, problem, hint = _find_translation(error)
    if writing and error_class is ManagerUnreachableError:
        hint = f"{hint} A write may have succeeded before the connection ended: check that first."
    return error_class(f"{database} {problem}.", flavor="sql", hint=hint)


def _find_translation(error: BaseException) -> _Translation:
    cause = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None) or ""
    for code in (state, state[:2]):
        if code in _BY_STATE:
            return _BY_STATE[code]
    if state:
        return _DAMAGED
    if type(cause).__name__ not in {"OperationalError", "InterfaceError", "TimeoutError", "ConnectionTimeout"}:
        return _DAMAGED
    text = str(cause)
    return next((translation for part, translation in _BY_TEXT.items() if part in text), _DOWN)
