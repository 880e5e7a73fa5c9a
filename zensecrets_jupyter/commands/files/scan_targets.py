"""What `scan`, `clean` and `fingerprints` look for: all that the active stack's secrets manager holds, or what a file recognises."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.active_manager import manager_of
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.transfer.files import read_text
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.matchers import Matcher, ValueMatcher

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.core.managers import SecretsManager

from_fingerprints = click.option(
    "--fingerprints", metavar="FILE", default=None, help="Look for what this file recognises, instead of for the values themselves."
)


class ScanTargets(NamedTuple):
    """What is looked for, and what has to be said about it."""

    known: Matcher
    note: str


def scan_targets(fingerprints: str | None, *, may_be_none: bool = False) -> ScanTargets:
    """Return what to look for.

    Args:
        fingerprints: A file of fingerprints; without one it is all that the active stack's secrets manager holds.
        may_be_none: Whether it is no error if that is nothing.

    Raises:
        UsageProblem: If there is nothing to look for.
        UnreadableFileError: If the file can't be read as fingerprints.
        ZenSecretsError: If a secret can't be read.
    """
    if fingerprints is not None:
        return ScanTargets(FingerprintMatcher(read_text(fingerprints), fingerprints), "")
    manager = manager_of()
    values = ValueMatcher()
    passed_over = {name: reason for value, name in sensitive_values(manager, manager.list_secrets()) if (reason := values.add(value, name))}
    if not values.names and not may_be_none:
        message = f"There is nothing to look for: secrets manager {manager.name!r} holds no value that could be recognised."
        raise UsageProblem(message, hint="Register the secrets, or add --fingerprints FILE.")
    told = "; ".join(f"{name}: {reason}" for name, reason in sorted(passed_over.items()))
    return ScanTargets(values, f"Not looked for: {told}." if told else "")


def sensitive_values(manager: SecretsManager, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the sensitive values of secrets, each with its name, as ``secret.key``; each secret is read once.

    Raises:
        ZenSecretsError: If one of them can't be read.
    """
    found = []
    for name, secret in manager.get_secrets(names).items():
        if isinstance(secret, ZenSecretsError):
            raise secret
        found += [(value, f"{name}.{key}") for key, value in secret.content.items() if type(secret).is_sensitive(key)]
    return found
