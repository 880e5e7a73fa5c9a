"""The reasons why values are protected, for the table of ``%secret guard``.

A value is protected under a name, which its mask shows: ``secret.key`` for a secret, ``env.VARIABLE`` for an environment variable, and
other names for values from elsewhere, such as a password prompt. A reason belongs to such a name, and contains no value.
"""

from __future__ import annotations

from functools import cache


class ProtectionReasons:
    """The reasons why values are protected, by the names of the values in masks."""

    def __init__(self) -> None:
        """Create an empty collection."""
        self._reasons: dict[str, str] = {}

    def add(self, name: str, reason: str) -> None:
        """Set the reason why the values called ``name`` are protected."""
        self._reasons[name] = reason

    def forget(self, name: str) -> None:
        """Remove the reason of ``name``."""
        self._reasons.pop(name, None)

    def get(self, name: str) -> str:
        """Return the reason why the values called ``name`` are protected.

        A name without a stored reason is the name of a secret's value, ``secret.key``.
        """
        reason = self._reasons.get(name)
        if reason is not None:
            return reason
        secret = name.partition(".")[0]
        return f"registered or read as a key of secret {secret!r}"


@cache
def the_protection_reasons() -> ProtectionReasons:
    """Return the reasons why the values of :func:`~zensecrets_jupyter.core.redaction.the_redactor` are protected."""
    return ProtectionReasons()
