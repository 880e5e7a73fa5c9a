"""Masked copies of exceptions and other objects.

They are for code that reads objects instead of text, such as a logging handler.
"""

from __future__ import annotations

import builtins
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zensecrets_jupyter.core.redaction.redactor import Redactor

_Group: Any = getattr(builtins, "BaseExceptionGroup", ())
"""The class of exception groups, or ``()`` before Python 3.11, so that no exception is an instance of it."""

_HEAP_TYPE = 1 << 9
"""The flag of classes that a ``class`` statement created: https://docs.python.org/3/c-api/typeobj.html#c.Py_TPFLAGS_HEAPTYPE."""

_SCALARS = (str, bytes, bytearray, memoryview, int, float, complex, type(None))
"""Types whose objects contain no other objects. ``redact_tree`` masks texts and bytes, and leaves numbers unchanged."""


def mask_exception(error: BaseException, redactor: Redactor) -> BaseException | None:
    """Return ``error`` itself if its traceback shows no value, otherwise a masked copy.

    The copy has the same class, or a subclass with the same name. Its causes, contexts, attributes and ``__notes__`` are masked as well.
    It has the same traceback, unless a source line in the traceback shows a value.

    Args:
        error: The exception. It is not changed.
        redactor: The redactor that finds and masks values.

    Returns:
        The exception to show, or ``None`` if no copy without values can be made.
    """
    if not redactor.find(format_exception(error)):
        return error
    with suppress(Exception):
        # Copying calls methods of the exception's class, such as __str__, which may raise anything.
        copies: dict[int, BaseException] = {}
        copy = _copy_exception(error, redactor, copies)
        if redactor.find(format_exception(copy)):
            # The value is in a source line of the traceback.
            for copied_error in copies.values():
                copied_error.__traceback__ = None
        if not redactor.find(format_exception(copy)):
            return copy
    return None


def format_exception(error: BaseException) -> str:
    """Return the traceback that Python prints for ``error``, with its causes."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def display_texts(item: Any) -> tuple[str, ...]:
    """Return the texts that code may show for an object: ``str`` and ``repr``."""
    return (str(item),) if isinstance(item, _SCALARS) else (str(item), repr(item))


def mask_object(item: Any, redactor: Redactor) -> Any:
    """Return ``item`` with values masked.

    An object whose ``str`` or ``repr`` shows a value becomes a masked text.
    """
    tree = redactor.redact_tree(item)
    if isinstance(tree, _SCALARS) or not any(redactor.find(text) for text in display_texts(tree)):
        return tree
    if isinstance(tree, dict):
        return {key: mask_object(subtree, redactor) for key, subtree in tree.items()}
    if type(tree) in {list, tuple}:
        return type(tree)(mask_object(subtree, redactor) for subtree in tree)
    return redactor.redact(str(tree))


def _copy_exception(error: BaseException, redactor: Redactor, copies: dict[int, BaseException]) -> BaseException:
    """Return the masked copy of ``error``.

    Args:
        error: The exception.
        redactor: The redactor.
        copies: The copies that were made already, by the id of the original. They are used again if causes and contexts form a cycle.
    """
    if id(error) in copies:
        return copies[id(error)]
    # Built-in classes may have fields besides the arguments, such as the file name of an OSError. __reduce__ returns these too.
    args = redactor.redact_tree(_built_in_base(type(error)).__reduce__(error)[1])
    if isinstance(error, _Group):
        args = (redactor.redact(error.message), [_copy_exception(member, redactor, copies) for member in error.exceptions])
    # If the copy's own __str__ does not return the masked text, a subclass returns it.
    text = redactor.redact(str(error))
    copy = _create_exception(type(error), args, error, redactor)
    if _str_or_none(copy) != text:
        copy = _create_exception(_subclass_with_text(type(error), text), args, error, redactor)
    copies[id(error)] = copy
    if error.__cause__ is not None:
        copy.__cause__ = _copy_exception(error.__cause__, redactor, copies)
    if error.__context__ is not None:
        copy.__context__ = _copy_exception(error.__context__, redactor, copies)
    copy.__suppress_context__ = error.__suppress_context__
    return copy.with_traceback(error.__traceback__)


def _create_exception(error_class: type[BaseException], args: Any, error: BaseException, redactor: Redactor) -> BaseException:
    """Return a masked exception of class ``error_class`` without calling the class's own ``__new__`` and ``__init__``.

    Args:
        error_class: The class of the new exception.
        args: The masked arguments for the built-in base class.
        error: The original exception.
        redactor: The redactor.
    """
    built_in = _built_in_base(error_class)
    created: BaseException = built_in.__new__(error_class, *args)
    with suppress(Exception):
        # The fields of the built-in class remain empty if the arguments don't fit them.
        built_in.__init__(created, *args)
    if not isinstance(error, _Group):
        created.args = redactor.redact_tree(error.args)
    created.__dict__.update(redactor.redact_tree(vars(error)))
    return created


def _built_in_base(error_class: type[BaseException]) -> Any:
    """Return the nearest base class that no ``class`` statement created, such as ``OSError``."""
    return next(base for base in error_class.__mro__ if not base.__flags__ & _HEAP_TYPE)


def _subclass_with_text(error_class: type[BaseException], text: str) -> type[BaseException]:
    """Return a subclass with the name of ``error_class`` whose exceptions show ``text``."""
    name = error_class.__name__
    methods = {"__str__": lambda _self: text, "__repr__": lambda _self: f"{name}({text!r})"}
    return type(name, (error_class,), {"__module__": error_class.__module__, "__qualname__": error_class.__qualname__, **methods})


def _str_or_none(error: BaseException) -> str | None:
    with suppress(Exception):
        # The __str__ of a class may need attributes that only its own __init__ sets.
        return str(error)
    return None
