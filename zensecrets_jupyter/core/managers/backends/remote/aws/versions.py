"""The versions of a secret in AWS: their IDs and labels.

An ID contains our version number. AWS gives a label to the current version and to the previous one, and may remove a
version without a label at any time.
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
    """Return the ID of a new version. A retry of the same write gets the same ID.

    The ID has 32 characters, the minimum length of AWS.

    Args:
        number: The number of the version.
        envelope: The envelope, whose write ID becomes part of the version ID.
        separator: The character between the two parts: ``-``, or ``+`` if the same write has already used the ID with ``-``.
    """
    return f"{number:015}{separator}{envelope.write_id}"


def number_in(version: str) -> int | None:
    """Return the number in a version ID, or ``None`` if another program made the ID."""
    return int(version[:15]) if re.fullmatch("[0-9]{15}[+-][0-9a-f]{16}", version) else None


def labelled_version_ids(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Return the ID of the current version and the ID of the previous version. If a version does not exist, its ID is empty."""
    ids_by_label = {label: version for version, labels in metadata.get("VersionIdsToStages", {}).items() for label in labels}
    return ids_by_label.get(CURRENT, ""), ids_by_label.get(_PREVIOUS, "")


def version_numbers(metadata: Mapping[str, Any]) -> dict[str, int]:
    """Return the numbers of the labelled versions by version ID, the current version first.

    A version that was written in the AWS console has an ID without a number, and gets a number here. The previous version is omitted if its
    number is not lower than that of the current version. Then it belongs to a deleted secret with the same name.
    """
    current_id, previous_id = labelled_version_ids(metadata)
    previous_number = number_in(previous_id)
    current_number = number_in(current_id)
    if not current_number:
        # The current version follows the previous one. If the previous one has no number either, the previous one counts as version 1.
        current_number = (previous_number or 1) + 1 if previous_id else 1
    if not previous_number:
        # The result may be 0. Then the previous version is older than version 1, and is omitted.
        previous_number = current_number - 1
    has_previous = bool(previous_id) and 0 < previous_number < current_number
    return {current_id: current_number, **({previous_id: previous_number} if has_previous else {})}
