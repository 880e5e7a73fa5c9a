"""The versions of a secret in AWS: their IDs and labels.

An ID contains our version number. AWS labels the current and the previous version. It may remove a version without a label at any time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope

CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
"""The labels of AWS for the current and the previous version."""


def version_id(number: int, envelope: SecretEnvelope, *, separator: str = "-") -> str:
    """Return the ID of a new version, which is the same for each attempt.

    It has 32 characters, which is the minimum length of AWS.

    Args:
        number: The number of the version.
        envelope: The envelope, whose write ID becomes part of the version ID.
        separator: The character between the two parts: ``-``, or ``+`` for a second version of the same write.
    """
    return f"{number:015}{separator}{envelope.write_id}"


def number_in(version: str) -> int | None:
    """Return the number in a version ID, or ``None`` if another program made the ID."""
    return int(version[:15]) if re.fullmatch("[0-9]{15}[+-][0-9a-f]{16}", version) else None


def labelled_versions(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Return the IDs of the current and of the previous version. An ID is empty if there is no such version."""
    by_label = {label: version for version, labels in metadata.get("VersionIdsToStages", {}).items() for label in labels}
    return by_label.get(CURRENT, ""), by_label.get(_PREVIOUS, "")


def version_numbers(metadata: Mapping[str, Any]) -> dict[str, int]:
    """Return the numbers of the labelled versions, the current one first.

    A version that was written in the AWS console has an ID without a number. If the previous version does not have a lower number than
    the current one, it belongs to a deleted secret with the same name, and is omitted.
    """
    current, previous = labelled_versions(metadata)
    previous_number = number_in(previous)
    # A current version without a number follows the previous version, whose number may also be unknown.
    number = number_in(current) or (previous_number + 1 if previous_number else 2 if previous else 1)
    earlier = previous_number or number - 1
    return {current: number, **({previous: earlier} if previous and 0 < earlier < number else {})}
