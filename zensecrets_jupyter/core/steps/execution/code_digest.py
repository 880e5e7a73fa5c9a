"""Digests of functions and classes, by which the cache of steps detects changed code.

The digest is computed from bytecode and constants, and not from the source text. A function of a notebook cell or of ``exec`` may have no
source file, and a file may have changed since its import. White space, comments and annotations do not change the digest.
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


_DATA_TYPES = (str, bytes, int, float, complex, tuple, list, dict, set, frozenset)
"""The types of the class attributes that are part of the digest, because methods may read them."""


class _NoDigestError(Exception):
    """The code has no digest: it uses a secret or an object that can't be pickled."""


def code_digest(item: Any) -> str | None:
    """Return a digest of the code of a function or class.

    The digest includes the functions and classes of the same module that the code uses, default arguments and closure variables. It does
    not include the values of other global variables.

    Returns:
        The digest. It is ``None`` if one of the included objects can't be pickled. It is also ``None`` if the code contains or uses a
        secret directly, because the secret's value may change.
    """
    try:
        return hashlib.sha256("\n".join(_digest_texts(item, set())).encode("utf-8", "surrogatepass")).hexdigest()
    except _NoDigestError:
        return None


def _digest_texts(item: Any, visited: set[int]) -> Iterator[str]:
    """Yield the texts that identify a function, a class or another object.

    ``visited`` has the ids of the items that are already part of the digest.
    """
    if id(item) in visited:
        return
    visited.add(id(item))
    if isinstance(item, types.FunctionType):
        yield from _code_texts(item.__code__)
        for default in (*(item.__defaults__ or ()), *sorted((item.__kwdefaults__ or {}).items())):
            yield _object_digest(default)
        for cell in item.__closure__ or ():
            yield from _closure_texts(cell, visited)
        for name in sorted(_used_names(item.__code__)):
            yield from _global_texts(item, name, visited)
    elif isinstance(item, type):
        yield from _class_texts(item, visited)
    else:
        yield _object_digest(item)


def _class_texts(item: type, visited: set[int]) -> Iterator[str]:
    """Yield the texts of a class, its bases in the module, its data attributes and methods."""
    yield f"class {item.__qualname__} of {', '.join(base.__qualname__ for base in item.__bases__)}"
    for base in item.__bases__:
        if base.__module__ == item.__module__:
            yield from _digest_texts(base, visited)
    for name, member in sorted(vars(item).items()):
        if isinstance(member, _DATA_TYPES) and not name.startswith("__"):
            if isinstance(member, str) and _contains_secret(member):
                raise _NoDigestError
            yield f"{name} {_object_digest(member)}"
        # For a method with decorators, the digest has the function that they wrap (``__wrapped__``), and not the decorators.
        function = inspect.unwrap(member.__func__ if isinstance(member, (classmethod, staticmethod)) else member)
        if isinstance(function, types.FunctionType):
            yield name
            yield from _digest_texts(function, visited)


def _code_texts(code: types.CodeType) -> Iterator[str]:
    yield f"{code.co_name} {code.co_code.hex()} {code.co_names} {code.co_varnames} {code.co_freevars}"
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code_texts(constant)
        else:
            yield _constant_text(constant)


def _constant_text(constant: Any) -> str:
    if isinstance(constant, str) and _contains_secret(constant):
        # The digest would not be keyed: an attacker who reads it could test guesses of the secret's value.
        raise _NoDigestError
    # The order of a frozenset of texts is different in each process.
    text = sorted(map(_constant_text, constant)) if isinstance(constant, frozenset) else repr(constant)
    return f"{type(constant).__name__} {text}"


def _used_names(code: types.CodeType) -> set[str]:
    """Return the names of globals and attributes that the code and its inner functions use."""
    inner_names = [_used_names(constant) for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return set(code.co_names).union(*inner_names)


def _closure_texts(cell: Any, visited: set[int]) -> Iterator[str]:
    try:
        content = cell.cell_contents
    except ValueError:
        # The closure cell is empty: the function uses a variable to which the enclosing function has not assigned a value yet.
        return
    yield from _digest_texts(_entrypoint_or_item(content), visited)


def _global_texts(function: types.FunctionType, name: str, visited: set[int]) -> Iterator[str]:
    """Yield the texts of the global variable ``name``.

    There are none unless it is a function, step or class of the function's module.
    """
    item = _entrypoint_or_item(function.__globals__.get(name))
    if isinstance(item, (BaseSecretSchema, SecretReference)) or (isinstance(item, str) and _contains_secret(item)):
        raise _NoDigestError
    if isinstance(item, (types.FunctionType, type)) and item.__module__ == function.__module__:
        yield name
        yield from _digest_texts(item, visited)


def _entrypoint_or_item(item: Any) -> Any:
    """Return the function of a step, or any other ``item`` itself."""
    # getattr_static runs no code of the object.
    entrypoint = None if isinstance(item, type) else inspect.getattr_static(item, "entrypoint", None)
    return entrypoint if isinstance(entrypoint, types.FunctionType) else item


def _object_digest(item: Any) -> str:
    try:
        pickled = pickling.dump(item, "A part of the step")
    except ZenSecretsError:
        pickled = None
    if pickled is None or pickled.holds_secrets:
        raise _NoDigestError
    return pickled.digest


def _contains_secret(text: str) -> bool:
    # A constant may contain lone surrogates, which can't be encoded without "surrogatepass".
    return pickling.holds_value(text.encode("utf-8", "surrogatepass"))
