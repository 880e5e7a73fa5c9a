"""Copies of exceptions and other objects in which every value is masked, for code that reads objects instead of text."""

from __future__ import annotations

import builtins
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zensecrets_jupyter.core.redaction.redactor import Redactor

_Group: Any = getattr(builtins, "BaseExceptionGroup", ())
"""The class of exception groups, which Python has since 3.11."""

_HEAP_TYPE = 1 << 9
"""The flag of classes that were made by a ``class`` statement: https://docs.python.org/3/c-api/typeobj.html#c.Py_TPFLAGS_HEAPTYPE."""

_SCALARS = (str, bytes, bytearray, memoryview, int, float, complex, type(None))


def mask_exception(error: BaseException, redactor: Redactor) -> BaseException | None:
    """Return ``error`` itself if its traceback shows no value, else a copy that shows masks instead.

    The copy is of the same class or of a subclass with the same name. Its causes, contexts, notes and attributes are masked as well. It
    has the same traceback, unless a source line of that shows a value.

    Args:
        error: The exception; it is not changed.
        redactor: Finds and masks values.

    Returns:
        The exception to show, or ``None`` if no copy without values can be made.
    """
    if not redactor.find(format_exception(error)):
        return error
    with suppress(Exception):
        # A class may do anything when it is copied; then there is no copy.
        copies: dict[int, BaseException] = {}
        copy = _copied(error, redactor, copies)
        if redactor.find(format_exception(copy)):
            for one in copies.values():
                one.__traceback__ = None
        if not redactor.find(format_exception(copy)):
            return copy
    return None


def format_exception(error: BaseException) -> str:
    """Return the traceback that Python prints for ``error``, its causes included."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def display_texts(thing: Any) -> tuple[str, ...]:
    """Return the texts by which code may show an object."""
    return (str(thing),) if isinstance(thing, _SCALARS) else (str(thing), repr(thing))


def mask_object(thing: Any, redactor: Redactor) -> Any:
    """Return ``thing`` with values masked; an object that only shows them becomes the text that it shows."""
    tree = redactor.redact_tree(thing)
    if isinstance(tree, _SCALARS) or not any(redactor.find(text) for text in display_texts(tree)):
        return tree
    if isinstance(tree, dict):
        return {key: mask_object(inner, redactor) for key, inner in tree.items()}
    if type(tree) in {list, tuple}:
        return type(tree)(mask_object(inner, redactor) for inner in tree)
    return redactor.redact(str(tree))


def _copied(error: BaseException, redactor: Redactor, copies: dict[int, BaseException]) -> BaseException:
    if id(error) in copies:
        return copies[id(error)]
    # Built-in classes keep fields beside the arguments, such as the file name of an OSError, and say so when they are pickled.
    args = redactor.redact_tree(_built_in(type(error)).__reduce__(error)[1])
    if isinstance(error, _Group):
        args = (redactor.redact(error.message), [_copied(inner, redactor, copies) for inner in error.exceptions])
    text = redactor.redact(str(error))
    copy = _made(type(error), args, error, redactor)
    if _text(copy) != text:
        copy = _made(_subclass(type(error), text), args, error, redactor)
    copies[id(error)] = copy
    if error.__cause__ is not None:
        copy.__cause__ = _copied(error.__cause__, redactor, copies)
    if error.__context__ is not None:
        copy.__context__ = _copied(error.__context__, redactor, copies)
    copy.__suppress_context__ = error.__suppress_context__
    return copy.with_traceback(error.__traceback__)


def _made(kind: type[BaseException], args: Any, error: BaseException, redactor: Redactor) -> BaseException:
    """Return an exception of a class without running the class's own code, which may do anything."""
    built_in = _built_in(kind)
    made: BaseException = built_in.__new__(kind, *args)
    with suppress(Exception):
        # Fields that the arguments do not fit stay empty.
        built_in.__init__(made, *args)
    if not isinstance(error, _Group):
        made.args = redactor.redact_tree(error.args)
    made.__dict__.update(redactor.redact_tree(vars(error)))
    return made


def _built_in(kind: type[BaseException]) -> Any:
    """Return the nearest class that is not made by a ``class`` statement."""
    return next(base for base in kind.__mro__ if not base.__flags__ & _HEAP_TYPE)


def _subclass(kind: type[BaseException], text: str) -> type[BaseException]:
    """Return a class that looks like ``kind``, and whose exceptions show ``text``."""
    shown = {"__str__": lambda _self: text, "__repr__": lambda _self: f"{kind.__name__}({text!r})"}
    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "__qualname__": kind.__qualname__, **shown})


def _text(error: BaseException) -> str | None:
    with suppress(Exception):
        # A class may count on what its own __init__ sets.
        return str(error)
    return None
