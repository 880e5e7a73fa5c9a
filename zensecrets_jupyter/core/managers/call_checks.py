"""Calls that hand over values and can't be taken: the values are masked before the error shows the line of code that holds them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from zensecrets_jupyter.core.names import is_value_free_argument
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.schemas import BaseSecretSchema, texts_in

_Method = TypeVar("_Method", bound=Callable[..., Any])


def masks_refused(method: _Method) -> _Method:
    """Return a method that has the guard mask the values of a call that is none, and says in one line how it is called.

    The first argument without a name is the name of a secret, or a secret.
    """
    signature = inspect.signature(method)
    called = ", ".join(name for name in signature.parameters if name != "self")

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            # Without brackets behind the class, what was meant for the method's first argument stands for the object.
            is_of_class = not args or isinstance(args[0], (str, Mapping, BaseSecretSchema))
            mask_values([*args[1 if is_of_class else 2 :], *(value for name, value in kwargs.items() if not is_value_free_argument(name))])
            reason = f"it is called on the class {method.__qualname__.partition('.')[0]}, not on an object of it" if is_of_class else error
            problem = f"{method.__name__}({called}) can't be called so: {reason}."
        else:
            return method(*args, **kwargs)
        raise TypeError(problem)

    return cast("_Method", call)


def checked_secret(given: object) -> BaseSecretSchema:
    """Return what was given as a secret.

    Raises:
        TypeError: If it is none; the values that it may hold are masked.
    """
    if isinstance(given, BaseSecretSchema):
        return given
    mask_values([given] if isinstance(given, Mapping) else [])
    message = f"A secret was expected, such as ArbitrarySecretSchema(name=..., key=...), and no {type(given).__name__}."
    raise TypeError(message)


def checked_name(given: object) -> str:
    """Return what was given as a secret's name.

    Raises:
        TypeError: If it is no text.
    """
    if isinstance(given, str):
        return given
    message = f"A secret is found by its name, which is a text and no {type(given).__name__}. Client().list_secrets() has the names."
    raise TypeError(message)


def checked_values(given: object) -> Mapping[str, str]:
    """Return what was given as keys and values.

    Raises:
        TypeError: If it is no mapping; the texts in it are masked.
    """
    if isinstance(given, Mapping):
        return given
    mask_values([given])
    message = f"Keys and values were expected, as a mapping, and no {type(given).__name__}."
    raise TypeError(message)


def mask_values(given: list[Any]) -> None:
    """Have the guard mask every text in what was given; of mappings, the values."""
    for one in given:
        for text in texts_in(one):
            the_redactor().protect(text, "refused.value")
