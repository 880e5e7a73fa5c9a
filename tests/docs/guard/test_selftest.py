"""Tests of docs/guard.md: the selftest. tests/notebook/guard/test_selftest.py runs it with the guard on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.docs.guard.guard_page import covers
from tests.support.leaks import message_texts
from tests.support.terminal import run_zensecrets

if TYPE_CHECKING:
    from tests.docs.guard.guarded_kernel import GuardedKernel
    from tests.notebook.guard.test_terminal import Terminal

SELFTEST_SENTENCE = "The selftest sends made-up values, in every encoding, through every channel of your session."
SELFTEST_TABLE_SENTENCE = "It checks the messages that reach the sockets, or in a terminal the screen, and shows a table."


@covers(SELFTEST_SENTENCE)
@covers(SELFTEST_TABLE_SENTENCE)
@covers("The made-up values are not sent to the front end and not stored.")
@covers("If a value was visible, the selftest ends with an error.")
def test_the_selftest_finds_leaks_without_the_guard(guarded: GuardedKernel) -> None:
    """Without the guard, the selftest finds leaks in every channel and fails.

    It sends only its table.
    """
    guarded.run("%secret guard off")
    begin = len(guarded.kernel.record)
    try:
        result = guarded.kernel.run("%secret selftest")
    finally:
        guarded.run("%secret guard on")
    assert not result.ok
    assert "leaked values" in result.error
    (table,) = result.shown()
    assert table.count("plain, repr") > 20
    assert [
        channel for channel in ("print", "a program", "a result", "a display", "a completion", "a widget's buffer") if channel not in table
    ] == []
    # An encoding of a made-up value would contain one of these characters after eight digits.
    sent = b"\n".join(message_texts(guarded.kernel.record[begin:])).decode("utf-8", "replace")
    assert re.findall(r"[0-9a-f]{8}[\"'&<>é😀]", re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", sent)) == []
    assert "canary" not in guarded.output_of("from zensecrets_jupyter.core.redaction import the_redactor; print(the_redactor().names)")


@covers(SELFTEST_SENTENCE)
@covers(SELFTEST_TABLE_SENTENCE)
def test_the_selftest_finds_no_leaks_in_a_terminal(terminal: tuple[Terminal, str]) -> None:
    """In a terminal, each row of the table reports that all values were masked."""
    terminal[0].cell("rows = %secret selftest")
    terminal[0].cell("print('<rows>', len(rows), {row['not masked'] for row in rows}, min(int(row['masked'].split()[0]) for row in rows))")
    terminal[0].child.expect(r"<rows> (\d+) \{'nothing'\} (\d+)")
    match = terminal[0].child.match
    assert isinstance(match, re.Match)
    assert int(match[1]) > 8
    assert int(match[2]) > 15


@covers("In a terminal, `zensecrets secret selftest` tests the redactor and the log filter.")
def test_the_selftest_command_tests_the_redactor_and_the_log_filter() -> None:
    """The command succeeds, and its table names the redactor and the logs."""
    done = run_zensecrets("secret", "selftest")
    assert done.returncode == 0, done.stderr
    assert "redactor" in done.stdout
    assert "log" in done.stdout
    assert done.stdout.count("nothing") == 3
