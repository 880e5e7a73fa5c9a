"""Whether a cell is no Python."""

from __future__ import annotations

import ast
import warnings

from IPython.core.inputtransformer2 import TransformerManager


def is_unreadable(cell: str) -> bool:
    """Tell whether a cell is a SyntaxError, after IPython has rewritten its magics."""
    try:
        with warnings.catch_warnings():
            # IPython shows the warnings of the cell itself.
            warnings.simplefilter("ignore")
            ast.parse(TransformerManager().transform_cell(cell))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return False
