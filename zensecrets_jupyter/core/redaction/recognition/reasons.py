"""Why each name is protected, for ``%secret guard``; values are not kept here."""

from __future__ import annotations

from functools import cache


class Reasons:
    """The reason of each protected name, as a person reads it."""

    def __init__(self) -> None:
        """Begin without any."""
        self._reasons: dict[str, str] = {}

    def add(self, name: str, reason: str) -> None:
        """Record why ``name`` is protected; the last reason counts."""
        self._reasons[name] = reason

    def forget(self, name: str) -> None:
        """Drop the reason of ``name``."""
        self._reasons.pop(name, None)

    def get(self, name: str) -> str:
        """Return why ``name`` is protected; a name without a reason is that of a secret's key."""
        known = self._reasons.get(name)
        if known is not None:
            return known
        secret = name.partition(".")[0]
        return f"registered or read as a key of secret {secret!r}"


@cache
def the_reasons() -> Reasons:
    """Return the reasons of this process, beside :func:`~zensecrets_jupyter.core.redaction.the_redactor`."""
    return Reasons()
