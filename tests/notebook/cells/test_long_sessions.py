"""A session of many cells and forms: nothing of a form stays once it has ended, and a new value is looked for bit by bit."""

from __future__ import annotations

import base64
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.support.forms import FormClient
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.once

COUNTS = """
import gc, ipywidgets, comm
from collections import Counter
_ = gc.collect()
found = Counter(type(thing).__name__ for thing in gc.get_objects())
kinds = ('FormWidget', 'Layout', 'FormSession', 'OneTimeKey', 'FormRequest', 'BaseComm', 'MetaHasTraits')
print([found[kind] for kind in kinds], len(comm.get_comm_manager().comms))
"""


def _ended(kernel: Kernel, count: int) -> None:
    for number in range(count):
        form = FormClient(kernel, kernel.run("%secret register mine --a", in_notebook=True))
        form.send({"kind": "cancel"})
        assert form.state["phase"] == "cancelled", number


def test_forms_leave_nothing_behind(kernel: Kernel) -> None:
    """After twenty forms more there are as many widgets, classes, comms and keys as before; those that wait share one script."""
    _ended(kernel, 3)
    before = kernel.run(COUNTS).stream("stdout")
    _ended(kernel, 20)
    assert kernel.run(COUNTS).stream("stdout") == before
    for _ in range(3):
        kernel.run("%secret register mine --a", in_notebook=True)
    ran = kernel.run(
        "import ipywidgets\n"
        "from zensecrets_jupyter.notebook.form.widget import FormWidget, _open\n"
        "len(_open), len({id(form._esm) for form in _open})"
    )
    assert ran.shown() == ["(3, 1)"]


def test_a_new_value_is_looked_for_in_a_long_history_bit_by_bit(kernel: Kernel, tmp_path: Path) -> None:
    """What stands in a cell as it is goes at once; what is encoded in an early one goes while later cells run, or at the end."""
    value = canary()
    encoded = base64.b64encode(value.encode()).decode()
    kernel.run("from zensecrets_jupyter.core.redaction import the_redactor")
    kernel.run("from zensecrets_jupyter.notebook.cells import post_run; post_run._SWEEP_SECONDS = -1")
    kernel.run(f"first = '{encoded}'")
    plain = kernel.run(f"second = '{value}'")
    for _ in range(70):
        kernel.run("pass")
    assert "holds" not in plain.error
    ran = kernel.run("the_redactor().protect(second, 'late.key')")
    assert "Warning: cell [5] holds the value of late.key." in ran.error
    assert ran.error.count("Warning") == 1
    told = [kernel.run("pass").error for _ in range(3)]
    assert "Warning: cell [4] holds the value of late.key." in "".join(told)
    assert "".join(told).count("Warning") == 1
    assert kernel.run("In[4], _i4, In[5]").shown()[0].count("\u2039secret:late.key\u203a") == 3
    kernel.run("get_ipython().history_manager.writeout_cache()")
    for file in (tmp_path / "ipython").rglob("history.sqlite"):
        with sqlite3.connect(file) as database:
            rows = repr(database.execute("SELECT source, source_raw FROM history").fetchall())
        assert "late.key" in rows
        assert value not in rows
        assert encoded not in rows
