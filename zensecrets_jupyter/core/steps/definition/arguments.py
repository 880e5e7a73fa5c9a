"""What is wrong with the arguments of a call, where they do not suit what is called."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


def bound(signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    """Return the arguments by parameter, the problem and the hint; the problem is empty where there is none.

    An unknown argument is the problem even where another one is missing, which is most often what it was meant for.
    """
    problem, hint = unknown_arguments(kwargs, signature.parameters)
    if _takes_any(signature):
        problem = hint = ""
    if not problem:
        try:
            return signature.bind(*args, **kwargs).arguments, "", ""
        except TypeError as error:
            # Names only: inspect never quotes an argument's value.
            problem, hint = str(error), takes(signature.parameters)
    return {}, problem, hint


def unknown_arguments(given: Collection[str], known: Collection[str]) -> tuple[str, str]:
    """Return which of the arguments do not exist, and the hint with near misses; both are empty where each exists."""
    unknown = [name for name in given if name not in known]
    if not unknown:
        return "", ""
    names = ", ".join(map(repr, unknown))
    problem = f"got an unexpected keyword argument {names}" if len(unknown) == 1 else f"got unexpected keyword arguments {names}"
    free = [name for name in known if name not in given]
    return problem, next(filter(None, (did_you_mean(name, free) for name in unknown)), takes(known))


def takes(known: Collection[str]) -> str:
    """Return the hint that says which arguments there are."""
    return f"It takes {', '.join(known) or 'no arguments'}."


def _takes_any(signature: inspect.Signature) -> bool:
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.parameters.values())
