"""Type check of a value against an annotation."""

from __future__ import annotations

import numbers
import types
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

_ABSTRACT_NUMBERS: dict[Any, type] = {int: numbers.Integral, float: numbers.Real, complex: numbers.Complex}
"""The abstract class that is checked instead of a built-in number type.

NumPy's numbers are instances of these classes. With ``numbers.Real``, an int is accepted for a float, as PEP 484 requires.
"""


def has_type(value: Any, annotation: Any) -> bool:
    """Return whether ``value`` has the declared type.

    As in ZenML, the items of containers are not checked. The result is true for an annotation that can't be checked, such as ``Any`` or the
    name of an unknown class.
    """
    origin, type_arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return has_type(value, type_arguments[0])
    if origin in {Union, types.UnionType}:
        return any(has_type(value, option) for option in type_arguments)
    if origin is Literal:
        # The types are compared too, because True == 1, and True is not accepted for Literal[1].
        return any(type(value) is type(option) and value == option for option in type_arguments)
    if isinstance(annotation, TypeVar):
        # A value has to have the type of one of the constraints or, without constraints, the type of the bound.
        bounds = annotation.__constraints__ or (annotation.__bound__ or Any,)
        return any(has_type(value, bound) for bound in bounds)
    return _is_instance(value, type(None) if annotation is None else origin or annotation)


def _is_instance(value: Any, declared_class: Any) -> bool:
    try:
        return not isinstance(declared_class, type) or isinstance(value, _ABSTRACT_NUMBERS.get(declared_class, declared_class))
    except TypeError:
        # isinstance raises TypeError for a protocol without @runtime_checkable.
        return True
