"""Secrets managers: the user API (`interface`), the backend contract (`backend`) and the built-in backends."""

from zensecrets_jupyter.core.managers.backend import Backend
from zensecrets_jupyter.core.managers.call_checks import mask_refused_values, mask_values
from zensecrets_jupyter.core.managers.interface import SecretsManager
from zensecrets_jupyter.core.managers.records import Capability, ManagerContext, ManagerOptions, SecretRecord, SecretSummary, SecretVersion
from zensecrets_jupyter.core.managers.registry import Availability, availability, flavor_names, get_flavor, summary

__all__ = [
    "Availability",
    "Backend",
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
    "mask_refused_values",
    "mask_values",
    "summary",
]
