"""Whether two functions are the same code: for the cache of steps, which must not take one for the other.

It looks at what Python runs, not at the text in a file: a cell's, ``exec``'s and a shell's functions have no file, and a file may have
been edited since it was imported. White space, comments and annotations do not count.
"""

from __future__ import annotations

import hashlib
import inspect
import types
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core import pickling
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.reference import SecretReference
from zensecrets_jupyter.core.schemas import BaseSecretSchema

if TYPE_CHECKING:
    from collections.abc import Iterator


_DATA = (str, bytes, int, float, complex, tuple, list, dict, set, frozenset)
"""What counts in a class beside its functions: numbers and texts that these may use."""


class _UnknownError(Exception):
    """What something consists of can't be told."""


def code_identity(item: Any) -> str | None:
    """Return a digest of the code of a function or a class, with that of the functions of its own module or notebook that it names.

    ``None`` if it can't be told: it holds something that can't be pickled, or a secret that was read before and may have changed since.
    """
    try:
        return hashlib.sha256("\n".join(_parts(item, set())).encode("utf-8", "surrogatepass")).hexdigest()
    except _UnknownError:
        return None


def _parts(item: Any, seen: set[int]) -> Iterator[str]:
    if id(item) in seen:
        return
    seen.add(id(item))
    if isinstance(item, types.FunctionType):
        yield from _code(item.__code__)
        for default in (*(item.__defaults__ or ()), *sorted((item.__kwdefaults__ or {}).items())):
            yield _value(default)
        for cell in item.__closure__ or ():
            yield from _held(cell, seen)
        for name in sorted(_names(item.__code__)):
            yield from _named(item, name, seen)
    elif isinstance(item, type):
        yield from _class_parts(item, seen)
    else:
        yield _value(item)


def _class_parts(item: type, seen: set[int]) -> Iterator[str]:
    yield f"class {item.__qualname__} of {', '.join(base.__qualname__ for base in item.__bases__)}"
    for base in item.__bases__:
        if base.__module__ == item.__module__:
            yield from _parts(base, seen)
    for name, member in sorted(vars(item).items()):
        if isinstance(member, _DATA) and not name.startswith("__"):
            if isinstance(member, str) and _holds_value(member):
                raise _UnknownError
            yield f"{name} {_value(member)}"
        function = inspect.unwrap(member.__func__ if isinstance(member, (classmethod, staticmethod)) else member)
        if isinstance(function, types.FunctionType):
            yield name
            yield from _parts(function, seen)


def _code(code: types.CodeType) -> Iterator[str]:
    yield f"{code.co_name} {code.co_code.hex()} {code.co_names} {code.co_varnames} {code.co_freevars}"
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code(constant)
        else:
            yield _constant(constant)


def _constant(constant: Any) -> str:
    if isinstance(constant, str) and _holds_value(constant):
        # A value that was typed into the code is known to whoever can guess it by its digest.
        raise _UnknownError
    # The order of a frozenset of texts differs from one process to the next.
    shown = sorted(map(_constant, constant)) if isinstance(constant, frozenset) else repr(constant)
    return f"{type(constant).__name__} {shown}"


def _names(code: types.CodeType) -> set[str]:
    inner = [_names(constant) for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return set(code.co_names).union(*inner)


def _held(cell: Any, seen: set[int]) -> Iterator[str]:
    try:
        content = cell.cell_contents
    except ValueError:
        # Not assigned yet: a function that names a later one.
        return
    yield from _parts(_bare(content), seen)


def _named(function: types.FunctionType, name: str, seen: set[int]) -> Iterator[str]:
    found = _bare(function.__globals__.get(name))
    if isinstance(found, (BaseSecretSchema, SecretReference)) or (isinstance(found, str) and _holds_value(found)):
        raise _UnknownError
    if isinstance(found, (types.FunctionType, type)) and found.__module__ == function.__module__:
        yield name
        yield from _parts(found, seen)


def _bare(item: Any) -> Any:
    """Return the function of a step, or ``item`` itself."""
    entrypoint = None if isinstance(item, type) else inspect.getattr_static(item, "entrypoint", None)
    return entrypoint if isinstance(entrypoint, types.FunctionType) else item


def _value(value: Any) -> str:
    try:
        pickled = pickling.dump(value, "A part of the step")
    except ZenSecretsError:
        pickled = None
    if pickled is None or pickled.holds_secrets:
        raise _UnknownError
    return pickled.digest


def _holds_value(text: str) -> bool:
    return pickling.holds_value(text.encode("utf-8", "surrogatepass"))
