"""Values of secrets in this process, and the references that replace them in pickles.

A value is an exact ``str``, because some libraries refuse a subclass. An exact ``str`` has no attribute for its reference. Therefore
this module registers each value when a secret is created, with its reference and its *origin*. The origin is an object that can resolve the
reference again.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast, runtime_checkable

from zensecrets_jupyter.core import redaction, reference
from zensecrets_jupyter.core.errors import UnregisteredValueError
from zensecrets_jupyter.core.reference import SecretReference
from zensecrets_jupyter.core.system.deferred_errors import call_or_defer_error

if TYPE_CHECKING:
    from typing_extensions import Self


@runtime_checkable
class Origin(Protocol):
    """Picklable object that resolves references; each secrets manager of a workspace has one."""

    def restore_value(self, template: str) -> str:
        """Return ``template`` with each reference replaced by its current value.

        Raises:
            SecretNotFoundError: If a secret or a key in it does not exist any more.
            ManagerError: If the secrets manager is not available in this process.
        """

    def restore_secret(self, name: str) -> Any:
        """Return the current secret ``name``; raises the errors of :meth:`restore_value`."""


class ValueSource(NamedTuple):
    """The reference and the origin of a value. The origin is ``None`` for a secret that is in no registered secrets manager."""

    reference: SecretReference
    origin: Origin | None


@cache
def known_values() -> dict[str, ValueSource]:
    """Return the registered values, each with its most recent source; every call returns the same dict."""
    return {}


def register_value(text: str, source: ValueSource) -> None:
    """Mask the value ``text`` in outputs from now on, and register its source.

    A value that can't be masked is not registered. A source without an origin does not replace a source with an origin.
    """
    if not redaction.the_redactor().protect(text, f"{source.reference.name}.{source.reference.key}"):
        # The value is too short or too common to be masked.
        return
    values = known_values()
    earlier = values.get(text)
    if earlier is None or earlier.origin is None or source.origin is not None:
        values[text] = source


class MaskedText:
    """Placeholder for a sensitive value in a ``repr``; it contains only the mask."""

    __slots__ = ("_mask",)

    def __init__(self, mask: str) -> None:
        """Create a placeholder that shows ``mask``."""
        self._mask = mask

    def __repr__(self) -> str:
        """Return the mask."""
        return self._mask


class RegisteredReference(SecretReference):
    """A reference with the origin of its value; the origin can resolve the reference, also in another process."""

    origin: Origin | None
    """The origin, or ``None`` for a secret that is in no registered secrets manager."""

    @classmethod
    def create(cls, origin: Origin | None, name: str, key: str) -> Self:
        """Return the reference to ``key`` of the secret ``name`` with its origin."""
        self = cls(name, key)
        self.origin = origin
        return self

    def resolve(self) -> str:
        """Return the current value.

        Raises:
            UnregisteredValueError: If the secret was not read from a registered secrets manager.
            SecretNotFoundError, ManagerError: If the value can't be read.
        """
        if self.origin is None:
            raise unregistered_error(str(self))
        return self.origin.restore_value(str(self))

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Pickle the reference, never the value."""
        return restore_reference, (self.origin, self.name, self.key)


def restore_value(origin: Origin, template: str) -> str:
    """Return ``template`` with its references resolved; pickles of values call this function."""
    return cast("str", call_or_defer_error(origin.restore_value, template))


def restore_secret(origin: Origin, name: str) -> Any:
    """Return the current secret ``name``; pickles of secrets call this function."""
    return call_or_defer_error(origin.restore_secret, name)


def restore_reference(origin: Origin | None, name: str, key: str) -> RegisteredReference:
    """Return a reference; pickles of references call this function."""
    return RegisteredReference.create(origin, name, key)


def unregistered_error(text: str) -> UnregisteredValueError:
    """Return the error for pickling a value without an origin; ``text`` is its reference or its mask."""
    message = f"{reference.mask_references(text)} belongs to no registered secret, so it can't be pickled as its reference."
    return UnregisteredValueError(message, hint="Register the secret and take the value from Client().get_secret(NAME).")
