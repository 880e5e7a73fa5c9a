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

# Translations by SQLSTATE (PostgreSQL documentation, appendix A). Two characters are a class of errors, five characters are a single error.
# The translation of a single error takes precedence over that of its class.
_TRANSLATIONS_BY_STATE: dict[str, _Translation] = {
    "28": _LOGIN,  # invalid authorization
    "3D": _NO_DATABASE,  # invalid database name
    "42501": _FORBIDDEN,  # insufficient privilege
    "25006": _READ_ONLY,  # read-only transaction
    "53100": _FULL,  # disk full
    "53": _BUSY,  # insufficient resources, such as too many connections
    "54": _FULL,  # program limit exceeded, such as too large a row
    "40": _BUSY,  # transaction rollback, such as a deadlock
    "55P03": _BUSY,  # lock not available
    "57014": _BUSY,  # query canceled, for example by a time limit
    "57": _DOWN,  # operator intervention, such as a shutdown
    "08": _DOWN,  # connection exception
}

# Translations by a text that the message contains, because libpq has no code for an error before the session begins. An error without these
# texts, for example a message in another language, is translated as if the server did not answer.
_TRANSLATIONS_BY_TEXT: dict[str, _Translation] = {
    "authentication failed": _LOGIN,
    "no password supplied": _LOGIN,
    "FATAL:  role": _LOGIN,
    "FATAL:  database": _NO_DATABASE,
    "pg_hba.conf": _NO_DATABASE,
    "too many clients": _BUSY,
    "permission denied": _FORBIDDEN,
}


def translate_server_error(error: BaseException, database: str, *, is_write: bool) -> ManagerError:
    """Return the error of this package for an error of the server.

    The text of the server's error is not repeated, because it may quote parameters.

    Args:
        error: The error.
        database: The description of the database for the message.
        is_write: Whether the failed operation writes.
    """
    error_class, problem, hint = _find_translation(error)
    if is_write and error_class is ManagerUnreachableError:
        hint = f"{hint} A write may have succeeded before the connection ended: check that first."
    return error_class(f"{database} {problem}.", flavor="sql", hint=hint)


def _find_translation(error: BaseException) -> _Translation:
    # SQLAlchemy stores the driver's error in ``orig``. psycopg calls the code ``sqlstate``, and psycopg2 calls it ``pgcode``.
    driver_error = getattr(error, "orig", None) or error
    sqlstate = getattr(driver_error, "sqlstate", None) or getattr(driver_error, "pgcode", None) or ""
    for code in (sqlstate, sqlstate[:2]):
        if code in _TRANSLATIONS_BY_STATE:
            return _TRANSLATIONS_BY_STATE[code]
    # The statements of this package are valid for intact tables, so any other error means that the tables are damaged.
    if sqlstate:
        return _DAMAGED
    # Without a code, these classes of psycopg, psycopg2 and SQLAlchemy mean that the connection failed.
    if type(driver_error).__name__ not in {"OperationalError", "InterfaceError", "TimeoutError", "ConnectionTimeout"}:
        return _DAMAGED
    message = str(driver_error)
    return next((translation for text, translation in _TRANSLATIONS_BY_TEXT.items() if text in message), _DOWN)
