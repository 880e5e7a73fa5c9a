"""Everything that an error tells somebody who looks at it closely."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.errors import ZenSecretsError


def told(error: BaseException) -> str:
    """Return the text, the arguments and the attributes of ``error`` and of all that led to it, and its traceback without locals."""
    parts = ["".join(traceback.format_exception(error))]
    for one in _chain(error):
        parts += [str(one), repr(one), repr(one.args), repr(vars(one))]
    return "\n".join(parts)


def in_one_line(error: ZenSecretsError) -> bool:
    """Tell whether the text of ``error`` is a line that says something."""
    return len(str(error).splitlines()) == 1 and str(error)[0].isprintable()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    if error is not None:
        yield error
        yield from _chain(error.__cause__)
        yield from _chain(error.__context__)
