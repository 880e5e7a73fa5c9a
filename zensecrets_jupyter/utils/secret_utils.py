"""References to secrets, and fields for secrets, under the names of ZenML's module ``zenml.utils.secret_utils``."""

from typing import Any

from zensecrets_jupyter.core.fields import ClearTextField, SecretField, is_clear_text_field, is_secret_field
from zensecrets_jupyter.core.reference import SecretReference, single_reference

__all__ = [
    "ClearTextField",
    "SecretField",
    "SecretReference",
    "is_clear_text_field",
    "is_secret_field",
    "is_secret_reference",
    "parse_secret_reference",
]

parse_secret_reference = SecretReference.parse
"""Return the reference that a text such as ``{{name.key}}`` consists of."""


def is_secret_reference(value: Any) -> bool:
    """Return whether ``value`` is a text that consists of exactly one reference."""
    return isinstance(value, str) and single_reference(value) is not None
