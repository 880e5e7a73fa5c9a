"""The versions of a secret in AWS: their ids, which hold a number of ours, and their labels, which are AWS's.

AWS keeps the labels of the current version and of the one before it; a version without one it may remove at any time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope

CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


def version_id(number: int, envelope: SecretEnvelope, *, mark: str = "-") -> str:
    """Return the id of the version that ``envelope`` becomes: 32 characters, the fewest that AWS takes, and the same at each try."""
    return f"{number:015}{mark}{envelope.write_id}"


def number_in(version: str) -> int | None:
    """Return the number that is a part of an id of ours; ``None`` if it is another's."""
    return int(version[:15]) if re.fullmatch("[0-9]{15}[+-][0-9a-f]{16}", version) else None


def labelled(kept: Mapping[str, Any]) -> tuple[str, str]:
    """Return the ids of the current and of the previous version; empty where there is none."""
    by_label = {label: version for version, labels in kept.get("VersionIdsToStages", {}).items() for label in labels}
    return by_label.get(CURRENT, ""), by_label.get(_PREVIOUS, "")


def numbers(kept: Mapping[str, Any]) -> dict[str, int]:
    """Return the numbers of the versions that have AWS's labels, the current one first.

    What somebody wrote in AWS's own console has an id without a number. What has no lower number than the current one is the content
    of a deleted secret whose name was registered anew: no version of this one.
    """
    current, previous = labelled(kept)
    before = number_in(previous)
    number = number_in(current) or (before + 1 if before else 2 if previous else 1)
    earlier = before or number - 1
    return {current: number, **({previous: earlier} if previous and 0 < earlier < number else {})}
