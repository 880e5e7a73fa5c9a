"""Texts of an error, for tests that search them for a value."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.errors import ZenSecretsError


def error_details(error: BaseException) -> str:
    """Return the traceback, the text, the arguments and the attributes of ``error`` as one text.

    The result also has the text, the arguments and the attributes of each error in the chain (``__cause__`` and ``__context__``).
    """
    parts = ["".join(traceback.format_exception(error))]
    for chained_error in _chain(error):
        parts += [str(chained_error), repr(chained_error), repr(chained_error.args), repr(vars(chained_error))]
    return "\n".join(parts)


def is_one_line(error: ZenSecretsError) -> bool:
    """Return whether the text of ``error`` is exactly one line.

    The line may not begin with a control character.
    """
    return len(str(error).splitlines()) == 1 and str(error)[0].isprintable()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, its causes and its contexts. An error that is both occurs twice."""
    if error is not None:
        yield error
        yield from _chain(error.__cause__)
        yield from _chain(error.__context__)
