"""How a request to a place can end other than well, whichever place it is, and which of our errors that is.

A flavor's table says for each error of its library which :class:`Outcome` it is; the sentences are written here, once.
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


class Outcome(enum.Enum):
    """What a place meant by its error."""

    MISSING = enum.auto()
    """There is no such secret."""
    EXISTS = enum.auto()
    """The key is taken."""
    CONFLICT = enum.auto()
    """Another writer came between reading and writing: what was read is stale, and reading it anew mends that."""
    TRANSIENT = enum.auto()
    """No answer, a broken connection, throttling, an error inside of the place: what another try may mend."""
    UNREACHABLE = enum.auto()
    """Nothing answers there, and another try at once would not find it either: a name without an address, a refused certificate."""
    UNKNOWN_USER = enum.auto()
    """The place does not know who asks: no credentials, wrong ones, expired ones."""
    SKEWED = enum.auto()
    """The clock of this machine is wrong, so that no signature holds."""
    DENIED = enum.auto()
    """It knows who asks, and does not allow it."""
    LOCKED = enum.auto()
    """The place itself is sealed and somebody has to open it."""
    REFUSED_NAME = enum.auto()
    """It takes no such name."""
    TOO_LARGE = enum.auto()
    """It takes no such large content."""
    FULL = enum.auto()
    """There is no more room, or no more secrets are allowed."""
    UNSUPPORTED = enum.auto()
    """It can't do that at all."""
    NOT_OURS = enum.auto()
    """What it keeps there is nothing that we can have written."""
    UNFORESEEN = enum.auto()
    """Anything that no table knows."""


class Refusal(Exception):  # noqa: N818 - a place's answer, that becomes one of our errors before a user sees it
    """A request that ended so; a flavor raises it where the place refuses without an error of its library's.

    Attributes:
        outcome: What the place meant.
        detail: Its code for it, or the class of its library's error; never that error's text, which may quote what was sent.
        tried_again: Whether an earlier try had failed: then the place may be as this very request left it.
    """

    def __init__(self, outcome: Outcome, detail: str = "", *, tried_again: bool = False) -> None:
        """Say what the place meant."""
        super().__init__(outcome.name)
        self.outcome = outcome
        self.detail = detail or outcome.name.lower().replace("_", " ")
        self.tried_again = tried_again


class Request(NamedTuple):
    """What is asked of which place, for the messages: ``verb`` as in "can't VERB secret 'name'"; no ``name`` where it is no one secret."""

    place: str
    flavor: str
    manager: str
    verb: str
    name: str = ""
    writes: bool = False

    @property
    def what(self) -> str:
        """What it was about."""
        return f"{self.verb} secret {self.name!r}" if self.name else f"{self.verb} secrets"


def error_for(refusal: Refusal, request: Request) -> ZenSecretsError:
    """Return our error for a refusal; of missing and taken names the manager itself tells."""
    outcome, detail = refusal.outcome, refusal.detail
    place, flavor, what = request.place, request.flavor, request.what
    if outcome in {Outcome.REFUSED_NAME, Outcome.TOO_LARGE}:
        wrong = "name" if outcome is Outcome.REFUSED_NAME else "size of the content"
        message = f"{place} refused the {wrong} of secret {request.name!r} ({detail})."
        hint = (
            "Choose another name." if outcome is Outcome.REFUSED_NAME else "Keep large files elsewhere, and the key that opens them here."
        )
        return InvalidSecretError(message, name=request.name, manager=request.manager, hint=hint)
    error, said, hint = _TOLD.get(outcome, _UNFORESEEN)
    if request.writes and outcome in {Outcome.TRANSIENT, Outcome.UNFORESEEN}:
        hint = f"The last answer was lost, so it may have been done all the same: look before you try again. {hint}"
    return error(f"{said.format(place=place, what=what)} ({detail}).", flavor=flavor, hint=hint.format(place=place, what=what))


_Told = tuple[type[ManagerError], str, str]

_TOLD: dict[Outcome, _Told] = {
    Outcome.TRANSIENT: (
        ManagerUnreachableError,
        "{place} did not answer in time, or failed each time, so it can't {what}",
        "Check the network, a proxy if there is one, and the place's own status page, and try again.",
    ),
    Outcome.CONFLICT: (
        ManagerUnreachableError,
        "Others keep changing in {place} what was to be changed, so it can't {what}",
        "Wait until they have ended, and try again; nothing was changed.",
    ),
    Outcome.UNREACHABLE: (
        ManagerUnreachableError,
        "{place} can't be reached, so it can't {what}",
        "Check the address that the secrets manager has, the network, and a proxy if there is one.",
    ),
    Outcome.UNKNOWN_USER: (
        ManagerAccessError,
        "{place} does not know who is asking, so it can't {what}",
        "Check the credentials in the environment or of the secrets manager: they are missing, wrong or expired.",
    ),
    Outcome.SKEWED: (
        ManagerAccessError,
        "{place} refused the time of this machine, so it can't {what}",
        "Set the clock of this machine right, and try again.",
    ),
    Outcome.DENIED: (
        ManagerAccessError,
        "{place} does not allow you to {what}",
        "Ask whoever administers it for that permission.",
    ),
    Outcome.LOCKED: (
        ManagerLockedError,
        "{place} is sealed, so it can't {what}",
        "Ask whoever administers it to open it.",
    ),
    Outcome.FULL: (
        StoreFullError,
        "{place} has no room for more, so it can't {what}",
        "Delete what is not needed, or have the quota raised; what was stored before is untouched.",
    ),
    Outcome.UNSUPPORTED: (
        UnsupportedOperationError,
        "{place} can't {what}",
        "Use a stack with another secrets manager for that.",
    ),
    Outcome.NOT_OURS: (
        ManagerCorruptedError,
        "{place} can't {what}: what it keeps there was not written by this package, or is damaged",
        "It was left as it is: use another name, or a secrets manager with another scope.",
    ),
}
_UNFORESEEN: _Told = (
    ManagerError,
    "{place} failed in a way that nobody foresaw, so it can't {what}",
    "Try again; if it stays so, report it with the name in the brackets.",
)
