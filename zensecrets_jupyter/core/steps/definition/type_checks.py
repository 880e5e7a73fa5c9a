"""Whether a value has the type that an annotation declares, and what errors call that type."""

from __future__ import annotations

import numbers
import types
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

_NUMBERS: dict[Any, type] = {int: numbers.Integral, float: numbers.Real, complex: numbers.Complex}
"""For each type of Python's the numbers that may stand for it: those of NumPy too, and an int for a float (PEP 484)."""


def has_type(value: Any, annotation: Any) -> bool:
    """Tell whether ``value`` has the declared type; what is in a container is not looked at, as in ZenML.

    An annotation that says nothing that can be checked, such as ``Any``, a type variable or an unknown name, takes everything.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return has_type(value, inner[0])
    if origin in {Union, types.UnionType}:
        return any(has_type(value, option) for option in inner)
    if origin is Literal:
        return any(type(value) is type(option) and value == option for option in inner)
    if isinstance(annotation, TypeVar):
        bounds = annotation.__constraints__ or (annotation.__bound__ or Any,)
        return any(has_type(value, bound) for bound in bounds)
    return _is_instance(value, type(None) if annotation is None else origin or annotation)


def _is_instance(value: Any, declared: Any) -> bool:
    try:
        return not isinstance(declared, type) or isinstance(value, _NUMBERS.get(declared, declared))
    except TypeError:
        # A protocol that can't be checked at run time.
        return True
