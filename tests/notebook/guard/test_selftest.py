"""%secret selftest: it tries every channel, leaves nothing, and fails where something gets out or can't be looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.terminal import run_zensecrets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.once

GUARD = "from zensecrets_jupyter.notebook.guard import guard_of; guard = guard_of(get_ipython())"


def test_every_channel_masks_every_form(kernel: Kernel, tmp_path: Path) -> None:
    """In a guarded kernel the table has more than 25 channels, more than 15 forms in each, and nothing came out."""
    ran = kernel.run("found = %secret selftest\nimport json; print(json.dumps(list(found)))")
    assert ran.ok, ran.error
    rows = json.loads(ran.stream("stdout"))
    assert len(rows) > 25
    assert {row["not masked"] for row in rows} == {"nothing"}
    assert all(int(row["masked"].split()[0]) > 15 for row in rows)


def test_nothing_of_it_stays(kernel: Kernel, tmp_path: Path) -> None:
    """No output but the table, nothing in the kernel's outputs, names, threads or log, and the next cell shows what it shows."""
    log = (tmp_path / "kernel.log").read_bytes()
    ran = kernel.run("_ = %secret selftest")
    # The status bar is told that something was masked.
    assert {message["msg_type"] for message in ran.messages} - {"comm_msg"} == {"status", "execute_input"}
    assert (tmp_path / "kernel.log").read_bytes() == log
    kept = "[getattr(get_ipython().history_manager, 'outputs', {}).get(2), 'selftest' + '.canary' in str(vars(get_ipython()))]"
    assert kernel.run(kept).shown() == ["[None, False]"]
    assert kernel.run(f"{GUARD}; guard.redactor.names").shown()[-1].count("canary") == 0
    after = kernel.run("import sys; print('after'); sys.stderr.write('it'); 'all'")
    assert [after.stream("stdout"), after.stream("stderr"), after.shown()] == ["after\n", "it", ["'all'"]]


def test_it_fails_where_something_gets_out(kernel: Kernel) -> None:
    """With the guard off it ends with an error of one line that names the channels, and the table says what came out."""
    assert kernel.run(f"{GUARD}; guard.turn_off()").ok
    ran = kernel.run("%secret selftest")
    assert not ran.ok
    assert "UsageError" in ran.error
    assert "leaked values" in ran.error
    assert "Traceback" not in ran.error
    assert "plain, repr" in ran.shown()[0]


def test_a_terminal_tries_the_redactor() -> None:
    """`zensecrets secret selftest` shows a table and ends with 0."""
    done = run_zensecrets("secret", "selftest")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("nothing") == 3
