"""A secret's value as Python code holds it: a ``str`` for every library, masked in every ``repr``, never in a pickle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from zensecrets_jupyter.core import redaction, reference
from zensecrets_jupyter.core.errors import UnregisteredValueError

if TYPE_CHECKING:
    from typing_extensions import Self

_MARK = re.compile("‹secret:[^‹›]+›")
"""The template of a value that no secret holds, such as one that was typed into a component."""


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


class SecretValue(str):
    """The value of a key, or a text with such values in it.

    It is its plain text wherever a ``str`` is taken. Its ``repr`` is the mark ``‹secret:name.key›``, copies are itself, and it pickles
    as its reference, which is resolved again where it is loaded.
    """

    __slots__ = ("_origin", "_template")
    _template: str
    _origin: Origin | None

    def __new__(cls, text: str, template: str, origin: Origin | None = None) -> Self:
        """Return ``text``, which ``template`` (a text with references) stands for in ``origin``; from now on the redactor masks it."""
        self = super().__new__(cls, text)
        self._template = template
        self._origin = origin
        # A text of several values is masked by its parts: they come here too, each under its own name.
        only = reference.only_reference(template)
        if only:
            redaction.the_redactor().protect(text, f"{only.name}.{only.key}")
        elif _MARK.fullmatch(template):
            redaction.the_redactor().protect(text, template.removeprefix("‹secret:").removesuffix("›"))
        return self

    @property
    def template(self) -> str:
        """The reference, or the text with references in it, that this value was resolved from."""
        return self._template

    def __repr__(self) -> str:
        """Return the mark that stands for the value."""
        return reference.mask(self._template)

    def __str__(self) -> str:
        """Return the value itself, still masked in a ``repr`` and still pickled as its reference."""
        return self

    def __copy__(self) -> SecretValue:
        """Return the value itself: it never changes."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> SecretValue:
        """Return the value itself: it never changes."""
        return self

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Pickle as the reference.

        Raises:
            UnregisteredValueError: If the value belongs to no registered secret, so that there is nothing to resolve later.
        """
        if self._origin is None:
            raise unregistered(self._template)
        return restore_value, (self._origin, self._template)


def restore_value(origin: Origin, template: str) -> str:
    """Return what ``template`` stands for now; pickles of values call this."""
    return origin.restore_value(template)


def restore_secret(origin: Origin, name: str) -> Any:
    """Return the secret called ``name`` as it is now; pickles of secrets call this."""
    return origin.restore_secret(name)


def unregistered(template: str) -> UnregisteredValueError:
    """Return the error for pickling what has no place to be resolved from again."""
    message = f"{reference.mask(template)} belongs to no registered secret, so it can't be pickled as its reference."
    return UnregisteredValueError(message, hint="Register the secret and take the value from Client().get_secret(NAME).")
