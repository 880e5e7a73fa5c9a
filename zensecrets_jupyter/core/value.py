"""Values of secrets that this process knows, and the references that pickles hold in their place.

A value is an exact ``str``: every library gets what it expects. What knows that a text is a secret's value is this module: each value is
noted when a secret is made, with the reference that stands for it and the origin in which that can be resolved again.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast, runtime_checkable

from zensecrets_jupyter.core import redaction, reference
from zensecrets_jupyter.core.errors import UnregisteredValueError
from zensecrets_jupyter.core.reference import SecretReference
from zensecrets_jupyter.core.unread import read_in_worker

if TYPE_CHECKING:
    from typing_extensions import Self


@runtime_checkable
class Origin(Protocol):
    """Where values come from, as something that pickles; the workspace hands it to the managers that it opens."""

    def restore_value(self, template: str) -> str:
        """Return the text that ``template`` stands for now.

        Raises:
            SecretNotFoundError: If a secret or a key in it is gone.
            ManagerError: If the secrets manager can't be had here.
        """

    def restore_secret(self, name: str) -> Any:
        """Return the secret called ``name`` as it is now; errors as for :meth:`restore_value`."""


class ValueSource(NamedTuple):
    """The reference that stands for a value, and where it is resolved again; ``origin`` is ``None`` for an unregistered secret."""

    reference: SecretReference
    origin: Origin | None


@cache
def known_values() -> dict[str, ValueSource]:
    """Return each value that this process has seen and the guard can mask, with its source; of one value, the source seen last."""
    return {}


def note_value(text: str, source: ValueSource) -> None:
    """Have the guard mask ``text`` from now on, and note what stands for it; a source without an origin replaces none that has one."""
    if not redaction.the_redactor().protect(text, f"{source.reference.name}.{source.reference.key}"):
        # Too short or too common to be told from other texts.
        return
    known = known_values()
    present = known.get(text)
    if present is None or present.origin is None or source.origin is not None:
        known[text] = source


class MaskedText:
    """Stands for a sensitive value in a ``repr``: shows the mask, holds nothing."""

    __slots__ = ("_mask",)

    def __init__(self, mask: str) -> None:
        """Show ``mask``."""
        self._mask = mask

    def __repr__(self) -> str:
        """Return the mask."""
        return self._mask


class RegisteredReference(SecretReference):
    """A reference that knows the secrets manager of its secret, so that it resolves there, in another process too."""

    origin: Origin | None

    @classmethod
    def at(cls, origin: Origin | None, name: str, key: str) -> Self:
        """Return the reference to ``key`` of the secret ``name``, which is resolved in ``origin``."""
        self = cls(name, key)
        self.origin = origin
        return self

    def resolve(self) -> str:
        """Return the value as it is now.

        Raises:
            UnregisteredValueError: If the secret was not read from a registered secrets manager.
            SecretNotFoundError, ManagerError: If the value can't be had.
        """
        if self.origin is None:
            raise unregistered(str(self))
        return self.origin.restore_value(str(self))

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Pickle as the reference, never as the value."""
        return restore_reference, (self.origin, self.name, self.key)


def restore_value(origin: Origin, template: str) -> str:
    """Return what ``template`` stands for now; pickles of values call this."""
    return cast("str", read_in_worker(origin.restore_value, template))


def restore_secret(origin: Origin, name: str) -> Any:
    """Return the secret called ``name`` as it is now; pickles of secrets call this."""
    return read_in_worker(origin.restore_secret, name)


def restore_reference(origin: Origin | None, name: str, key: str) -> RegisteredReference:
    """Return a reference; pickles of references call this."""
    return RegisteredReference.at(origin, name, key)


def unregistered(template: str) -> UnregisteredValueError:
    """Return the error for pickling what has no place to be resolved from again."""
    message = f"{reference.mask(template)} belongs to no registered secret, so it can't be pickled as its reference."
    return UnregisteredValueError(message, hint="Register the secret and take the value from Client().get_secret(NAME).")
