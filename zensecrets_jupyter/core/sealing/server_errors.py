"""What a database server, its driver and SQLAlchemy raise, and which of our errors it is told as."""

from __future__ import annotations

from zensecrets_jupyter.core.errors import (
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerUnreachableError,
    StoreFullError,
)

_Kind = type[ManagerAccessError] | type[ManagerCorruptedError] | type[ManagerUnreachableError] | type[StoreFullError]
_Told = tuple[_Kind, str, str]

_LOGIN: _Told = (ManagerAccessError, "refused the user or the password", "Check both in the url of the secrets manager.")
_NO_DATABASE: _Told = (ManagerAccessError, "has no such database, or refuses this machine", "Check the url of the secrets manager.")
_FORBIDDEN: _Told = (ManagerAccessError, "does not allow this user to do that", "Ask whoever administers it for that permission.")
_READ_ONLY: _Told = (ManagerAccessError, "takes no writes just now", "Use the address of the server that does, and try again.")
_FULL: _Told = (StoreFullError, "has no room for more", "Make room there and try again; what was stored before is untouched.")
_BUSY: _Told = (ManagerUnreachableError, "did not finish in time: others hold what it needs", "Wait for them, and try again.")
_DOWN: _Told = (
    ManagerUnreachableError,
    "does not answer, or ended the connection",
    "Check that it runs and can be reached, and try again.",
)
_DAMAGED: _Told = (
    ManagerCorruptedError,
    "does not hold the tables as this package makes them",
    "They were left as they are: restore them from a copy, or choose another schema.",
)

# PostgreSQL's documentation, appendix A: codes of two characters are classes.
_BY_STATE: dict[str, _Told] = {
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

# libpq hands on no code for what ends before a session begins. In another language than English it is told as a server that is down.
_BY_TEXT: dict[str, _Told] = {
    "authentication failed": _LOGIN,
    "no password supplied": _LOGIN,
    "FATAL:  role": _LOGIN,
    "FATAL:  database": _NO_DATABASE,
    "pg_hba.conf": _NO_DATABASE,
    "too many clients": _BUSY,
    "permission denied": _FORBIDDEN,
}


def from_server(error: BaseException, where: str, *, writing: bool) -> ManagerError:
    """Return our error for what was said about the database that ``where`` describes.

    The texts are not repeated: they quote what was sent.
    """
    kind, said, hint = _found(error)
    if writing and kind is ManagerUnreachableError:
        hint = f"{hint} If the connection ended while it was being written, it may have been written all the same: look first."
    return kind(f"{where} {said}.", flavor="sql", hint=hint)


def _found(error: BaseException) -> _Told:
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
    return next((told for part, told in _BY_TEXT.items() if part in text), _DOWN)
