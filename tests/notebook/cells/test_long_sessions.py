"""Tests of sessions with many forms or many cells.

When a value is protected, a sweep searches the earlier cells of the session for it and masks it there.
"""

from __future__ import annotations

import base64
import secrets
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.support.forms import FormClient
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.one_python

PRINT_COUNTS = """
import gc, ipywidgets, comm
from collections import Counter
_ = gc.collect()
counts = Counter(type(thing).__name__ for thing in gc.get_objects())
classes = ('FormWidget', 'Layout', 'FormSession', 'OneTimeKey', 'FormRequest', 'BaseComm', 'MetaHasTraits')
print([counts[name] for name in classes], len(comm.get_comm_manager().comms))
"""
"""Code that prints the numbers of objects that a form creates.

``MetaHasTraits`` is the type of all widget classes, so its number shows whether a form leaves a class in memory.
"""

COUNT_SWEEPS = "sum(type(thing).__name__ == 'Sweep' for thing in gc.get_objects())"
"""Expression for the number of sweeps that are not complete."""


def _open_and_cancel_forms(kernel: Kernel, count: int) -> None:
    for number in range(count):
        form = FormClient(kernel, kernel.run("%secret register mine --a", in_notebook=True))
        form.send({"kind": "cancel"})
        assert form.state["phase"] == "cancelled", number


def test_closed_forms_are_released(kernel: Kernel) -> None:
    """Twenty closed forms leave no widget, class, comm or encryption key in memory.

    All open forms share one JavaScript text.
    """
    # The first forms also create objects that stay for the whole session. The first count includes these objects.
    _open_and_cancel_forms(kernel, 3)
    counts_before = kernel.run(PRINT_COUNTS).stream("stdout")
    _open_and_cancel_forms(kernel, 20)
    assert kernel.run(PRINT_COUNTS).stream("stdout") == counts_before
    for _ in range(3):
        kernel.run("%secret register mine --a", in_notebook=True)
    result = kernel.run(
        "import ipywidgets\n"
        "from zensecrets_jupyter.notebook.form.widget import FormWidget, _open_forms\n"
        "len(_open_forms), len({id(form._esm) for form in _open_forms})"
    )
    assert result.displayed_data() == ["(3, 1)"]


def test_a_sweep_of_a_long_history_continues_over_several_cells(kernel: Kernel, tmp_path: Path) -> None:
    """A plain value is masked at once, and an encoded value while later cells run."""
    value = canary()
    encoded = base64.b64encode(value.encode()).decode()
    kernel.run("from zensecrets_jupyter.core.redaction import the_redactor")
    # With a negative limit, a sweep searches as little as possible after each cell.
    kernel.run("from zensecrets_jupyter.notebook.cells import post_run; post_run._SWEEP_SECONDS = -1")
    kernel.run(f"first = '{encoded}'")
    before = kernel.run(f"second = '{value}'")
    for _ in range(70):
        kernel.run("pass")
    assert "holds" not in before.error
    result = kernel.run("the_redactor().protect(second, 'late.key')")
    assert "Warning: cell [5] holds the value of late.key." in result.error
    assert result.error.count("Warning") == 1
    errors = [kernel.run("pass").error for _ in range(3)]
    assert "Warning: cell [4] holds the value of late.key." in "".join(errors)
    assert "".join(errors).count("Warning") == 1
    assert kernel.run("In[4], _i4, In[5]").displayed_data()[0].count("\u2039secret:late.key\u203a") == 3
    kernel.run("get_ipython().history_manager.writeout_cache()")
    for file in (tmp_path / "ipython").rglob("history.sqlite"):
        with sqlite3.connect(file) as database:
            rows = repr(database.execute("SELECT source, source_raw FROM history").fetchall())
        assert "late.key" in rows
        assert value not in rows
        assert encoded not in rows


def test_the_sweeps_of_many_new_values_do_not_pile_up(kernel: Kernel) -> None:
    """While one sweep runs, all new values wait together in a second sweep."""
    values = [secrets.token_hex(16) for _ in range(6)]
    kernel.run("import gc\nfrom zensecrets_jupyter.core.redaction import the_redactor")
    # With a negative limit, a sweep searches as little as possible after each cell.
    kernel.run("from zensecrets_jupyter.notebook.cells import post_run; post_run._SWEEP_SECONDS = -1")
    for value in values:
        kernel.run(f"text = '{base64.b64encode(value.encode()).decode()}'")
    for _ in range(180):
        kernel.run("pass")
    counts, errors = [], ""
    # The code contains a value in two parts, so that this cell itself does not hold the value.
    for number, value in enumerate(values):
        errors += kernel.run(f"the_redactor().protect('{value[:16]}' + '{value[16:]}', 'late.key{number}')").error
        result = kernel.run(COUNT_SWEEPS)
        counts += result.displayed_data()
        errors += result.error
    assert max(counts) == "2"
    errors += "".join(kernel.run("pass").error for _ in range(20))
    assert errors.count("Warning: cell [") == len(values)
    # Cells 4 to 9 hold the six values.
    assert kernel.run("''.join(In[4:10])").displayed_data()[0].count("\u2039secret:late.key") == len(values)
    assert kernel.run(COUNT_SWEEPS).displayed_data() == ["0"]
