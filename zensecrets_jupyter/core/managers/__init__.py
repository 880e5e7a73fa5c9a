"""Secrets managers: the contract (`interface`), which flavors are known, and one file for each flavor."""

from zensecrets_jupyter.core.managers._calls import mask_values, masks_refused
from zensecrets_jupyter.core.managers._registry import Availability, availability, flavor_names, get_flavor, summary
from zensecrets_jupyter.core.managers.interface import SecretsManager
from zensecrets_jupyter.core.managers.records import Capability, ManagerContext, ManagerOptions, SecretRecord, SecretSummary, SecretVersion

__all__ = [
    "Availability",
    "Capability",
    "ManagerContext",
    "ManagerOptions",
    "SecretRecord",
    "SecretSummary",
    "SecretVersion",
    "SecretsManager",
    "availability",
    "flavor_names",
    "get_flavor",
    "mask_values",
    "masks_refused",
    "summary",
]
