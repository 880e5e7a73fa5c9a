"""Type check of a value against an annotation."""

from __future__ import annotations

import numbers
import types
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

_NUMBERS: dict[Any, type] = {int: numbers.Integral, float: numbers.Real, complex: numbers.Complex}
"""The abstract class that is checked instead of a built-in number type.

It includes NumPy's numbers, and accepts an int as a float (PEP 484).
"""


def has_type(value: Any, annotation: Any) -> bool:
    """Return whether ``value`` has the declared type.

    As in ZenML, the items of containers are not checked. Every value has the type of an annotation that can't be checked, such as ``Any``
    or an unknown name.
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
        # isinstance raises TypeError for a protocol without @runtime_checkable.
        return True
