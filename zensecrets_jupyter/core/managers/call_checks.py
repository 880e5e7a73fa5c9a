"""Checks of the arguments of public methods. A refused call adds values in its arguments to the redactor.

In a traceback, IPython shows the line of code of a failed call. The redactor has to know the values in that line before the error is shown.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from zensecrets_jupyter.core.names import is_value_free_argument
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.schemas import BaseSecretSchema, texts_in

_Method = TypeVar("_Method", bound=Callable[..., Any])


def mask_refused_values(method: _Method) -> _Method:
    """Decorate a method so that a call with wrong arguments masks the values in them.

    A call is wrong if its arguments do not match the signature. It then raises a short TypeError. The decorated method must be one whose
    first parameter after ``self`` is a secret or the name of a secret.
    """
    signature = inspect.signature(method)
    parameters = ", ".join(name for name in signature.parameters if name != "self")

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            # In a call on the class, such as ``SecretsManager.register_secret(secret)``, the first argument takes the position of ``self``.
            is_called_on_class = not args or isinstance(args[0], (str, Mapping, BaseSecretSchema))
            first, further = (args[:1], args[1:]) if is_called_on_class else (args[1:2], args[2:])
            # The method's first argument is a name, or a secret whose values are masked already. A mapping was given by
            # mistake in place of a secret.
            mappings = [argument for argument in first if isinstance(argument, Mapping)]
            mask_values([*mappings, *further, *(value for name, value in kwargs.items() if not is_value_free_argument(name))])
            class_name = method.__qualname__.partition(".")[0]
            reason = f"it is called on the class {class_name}, not on an object of it" if is_called_on_class else error
            problem = f"{method.__name__}({parameters}) was called with wrong arguments: {reason}."
        else:
            return method(*args, **kwargs)
        raise TypeError(problem)

    return cast("_Method", call)


def check_secret(value: object) -> BaseSecretSchema:
    """Return ``value`` if it is a secret.

    Raises:
        TypeError: If it is not a secret. If it is a mapping, its values are masked.
    """
    if isinstance(value, BaseSecretSchema):
        return value
    mask_values([value] if isinstance(value, Mapping) else [])
    message = f"A secret was expected, such as ArbitrarySecretSchema(name=..., key=...), not an object of type {type(value).__name__}."
    raise TypeError(message)


def name_type_error(value: object) -> TypeError:
    """Return the error for a name that is not a text."""
    problem = f"The name of a secret has to be a text, not an object of type {type(value).__name__}."
    return TypeError(f"{problem} Client().list_secrets() returns the names.")


def check_mapping(value: object) -> Mapping[str, str]:
    """Return ``value`` if it is a mapping of keys to values.

    Raises:
        TypeError: If it is not a mapping. The texts in it are masked.
    """
    if isinstance(value, Mapping):
        return value
    mask_values([value])
    message = f"A mapping of keys to values was expected, not an object of type {type(value).__name__}."
    raise TypeError(message)


def mask_values(arguments: list[Any]) -> None:
    """Add every text in the arguments to the redactor, with the mask ``‹secret:refused.value›``.

    Of a mapping, the values are added, and the keys are not.
    """
    for argument in arguments:
        for text in texts_in(argument):
            the_redactor().protect(text, "refused.value")
