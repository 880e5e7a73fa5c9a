"""Tests of ``%secret selftest``, which sends test values through every channel and looks for leaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.terminal import run_zensecrets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.one_python

SET_GUARD = "from zensecrets_jupyter.notebook.guard import guard_of; guard = guard_of(get_ipython())"


def test_every_channel_masks_every_encoding(kernel: Kernel, tmp_path: Path) -> None:
    """The table lists every channel with its masked encodings, and no leak.

    There are more than 25 channels, each with more than 15 encodings.
    """
    result = kernel.run("table = %secret selftest\nimport json; print(json.dumps(list(table)))")
    assert result.ok, result.error
    rows = json.loads(result.stream("stdout"))
    assert len(rows) > 25
    assert {row["not masked"] for row in rows} == {"nothing"}
    assert all(int(row["masked"].split()[0]) > 15 for row in rows)


def test_the_selftest_leaves_no_traces(kernel: Kernel, tmp_path: Path) -> None:
    """The selftest causes no output, and the next cell works.

    The output history, the names of protected values and the log of the kernel are unchanged.
    """
    log = (tmp_path / "kernel.log").read_bytes()
    result = kernel.run("_ = %secret selftest")
    # The comm message updates the number of masked values in the status bar.
    assert {message["msg_type"] for message in result.messages} - {"comm_msg"} == {"status", "execute_input"}
    assert (tmp_path / "kernel.log").read_bytes() == log
    # The code contains `selftest.canary` in two parts, because the shell's variables include this code.
    check_traces = "[getattr(get_ipython().history_manager, 'outputs', {}).get(2), 'selftest' + '.canary' in str(vars(get_ipython()))]"
    assert kernel.run(check_traces).displayed_data() == ["[None, False]"]
    assert kernel.run(f"{SET_GUARD}; guard.redactor.names").displayed_data()[-1].count("canary") == 0
    next_result = kernel.run("import sys; print('after'); sys.stderr.write('it'); 'all'")
    assert [next_result.stream("stdout"), next_result.stream("stderr"), next_result.displayed_data()] == ["after\n", "it", ["'all'"]]


def test_the_selftest_fails_without_the_guard(kernel: Kernel) -> None:
    """With the guard off, the table shows the leaks, and the command fails with an error without a traceback."""
    assert kernel.run(f"{SET_GUARD}; guard.turn_off()").ok
    result = kernel.run("%secret selftest")
    assert not result.ok
    assert "UsageError" in result.error
    assert "leaked values" in result.error
    assert "Traceback" not in result.error
    assert "plain, repr" in result.displayed_data()[0]


def test_the_selftest_in_a_terminal_probes_the_redactor() -> None:
    """``zensecrets secret selftest`` tests only the redactor, and exits with 0.

    Its table has three rows without a leak.
    """
    process = run_zensecrets("secret", "selftest")
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("nothing") == 3
