"""Binding of call arguments to a signature, with an explanation of wrong arguments."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


def bind_arguments(signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], str, str]:
    """Return the arguments by parameter, and the problem and hint for a wrong call.

    For a valid call, the problem and the hint are empty texts. For a wrong call, there are no arguments, and the problem is a part of a
    sentence, such as ``missing a required argument: 'epochs'``. If one argument is unknown and another is missing, the problem names the
    unknown one, because it is usually a misspelling.
    """
    problem, hint = unknown_arguments(kwargs, signature.parameters)
    if _accepts_any_name(signature):
        # A parameter such as **kwargs accepts every name, so no argument is unknown.
        problem = hint = ""
    if not problem:
        try:
            return signature.bind(*args, **kwargs).arguments, "", ""
        except TypeError as error:
            # The text contains names only: inspect never quotes the value of an argument.
            problem, hint = str(error), _known_arguments_hint(signature.parameters)
    return {}, problem, hint


def unknown_arguments(arguments: Collection[str], known_names: Collection[str]) -> tuple[str, str]:
    """Return the problem and hint for unknown arguments; both are empty if all arguments are known."""
    unknown_names = [name for name in arguments if name not in known_names]
    if not unknown_names:
        return "", ""
    names = ", ".join(map(repr, unknown_names))
    problem = f"got an unexpected keyword argument {names}" if len(unknown_names) == 1 else f"got unexpected keyword arguments {names}"
    unused_names = [name for name in known_names if name not in arguments]
    # The hint is the first suggestion of a similar name, or a list of all names if there is none.
    suggestions = filter(None, (did_you_mean(name, unused_names) for name in unknown_names))
    return problem, next(suggestions, _known_arguments_hint(known_names))


def _known_arguments_hint(known_names: Collection[str]) -> str:
    return f"It takes {', '.join(known_names) or 'no arguments'}."


def _accepts_any_name(signature: inspect.Signature) -> bool:
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.parameters.values())
