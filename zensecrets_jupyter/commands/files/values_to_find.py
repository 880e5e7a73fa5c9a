"""The values that `scan` and `clean` search for.

These are the sensitive values in the active secrets manager. With ``--fingerprints FILE``, they are the values whose fingerprints (keyed
hashes) are in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.transfer.text_files import read_text
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.matchers import Matcher, ValueMatcher

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.core.managers import SecretsManager

fingerprints_option = click.option(
    "--fingerprints", metavar="FILE", default=None, help="Search with the fingerprints in this file instead of the values."
)


class ValuesToFind(NamedTuple):
    """A matcher for the values to find, and a note about the others.

    Attributes:
        matcher: Finds the values.
        note: A sentence that names each value that the matcher can't find, with the reason; empty if it finds all values.
    """

    matcher: Matcher
    note: str


def read_values_to_find(fingerprints_file: str | None, *, may_be_empty: bool = False) -> ValuesToFind:
    """Return the values that `scan` and `clean` search for.

    Args:
        fingerprints_file: A file of fingerprints; with ``None``, the sensitive values in the active stack's secrets manager.
        may_be_empty: Whether a secrets manager without a searchable value is allowed. Other searches of ``scan`` need no values.

    Raises:
        UsageProblem: If the secrets manager has no searchable value, and ``may_be_empty`` is false.
        UnreadableFileError: If the file can't be read as fingerprints.
        ZenSecretsError: If a secret can't be read.
    """
    if fingerprints_file is not None:
        return ValuesToFind(FingerprintMatcher(read_text(fingerprints_file), fingerprints_file), "")
    manager = active_manager()
    matcher = ValueMatcher()
    skip_reasons = {}
    for value, name in sensitive_values(manager, manager.list_secrets()):
        # The result is the reason why a scan can't recognize the value; it is empty for a value that was added.
        reason = matcher.add(value, name)
        if reason:
            skip_reasons[name] = reason
    if not matcher.names and not may_be_empty:
        message = f"There is nothing to search for: secrets manager {manager.name!r} has no value that a scan can recognize."
        raise UsageProblem(message, hint="Register the secrets, or add --fingerprints FILE.")
    reasons = "; ".join(f"{name}: {reason}" for name, reason in sorted(skip_reasons.items()))
    return ValuesToFind(matcher, f"Not searched for: {reasons}." if reasons else "")


def sensitive_values(manager: SecretsManager, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the sensitive values of secrets, each with its name ``secret.key``.

    Raises:
        ZenSecretsError: If a secret can't be read.
    """
    values = []
    for name, secret in manager.get_secrets(names).items():
        if isinstance(secret, ZenSecretsError):
            raise secret
        values += [(value, f"{name}.{key}") for key, value in secret.content.items() if type(secret).is_sensitive(key)]
    return values
