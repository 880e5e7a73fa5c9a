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
def test_the_selftest_finds_leaks_without_the_guard(guarded_kernel: GuardedKernel) -> None:
    """If the guard is off, the selftest finds leaks in every channel and fails.

    The front end gets only the table and no made-up value, and the redactor does not keep these values.
    """
    guarded_kernel.run("%secret guard off")
    first_message = len(guarded_kernel.kernel.record)
    try:
        result = guarded_kernel.kernel.run("%secret selftest")
    finally:
        guarded_kernel.run("%secret guard on")
    assert not result.ok
    assert "leaked values" in result.error
    (table,) = result.displayed_data()
    # In the row of each channel, the list of encodings that were not masked starts with these two.
    assert table.count("plain, repr") > 20
    channels = ("print", "a program", "a result", "a display", "a completion", "a widget's buffer")
    assert [channel for channel in channels if channel not in table] == []
    sent_text = b"\n".join(message_texts(guarded_kernel.kernel.record[first_message:])).decode("utf-8", "replace")
    text_without_message_ids = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", sent_text)
    # In a made-up value, eight hexadecimal digits are before a character that encodings change. Message identifiers also have hexadecimal
    # digits, so they were removed.
    assert re.findall(r"[0-9a-f]{8}[\"'&<>é😀]", text_without_message_ids) == []
    # The redactor's names of made-up values start with `canary`.
    assert "canary" not in guarded_kernel.output_of(
        "from zensecrets_jupyter.core.redaction import the_redactor; print(the_redactor().names)"
    )


@covers(SELFTEST_SENTENCE)
@covers(SELFTEST_TABLE_SENTENCE)
def test_the_selftest_finds_no_leaks_in_a_terminal(terminal: Terminal) -> None:
    """In a terminal, each row of the table reports that all values were masked."""
    terminal.cell("rows = %secret selftest")
    # Print the number of rows, the set of all texts in the column `not masked`, and the smallest number of masked values in a row.
    terminal.cell("print('<rows>', len(rows), {row['not masked'] for row in rows}, min(int(row['masked'].split()[0]) for row in rows))")
    terminal.child.expect(r"<rows> (\d+) \{'nothing'\} (\d+)")
    match = terminal.child.match
    assert isinstance(match, re.Match)
    row_count, smallest_masked_count = int(match[1]), int(match[2])
    assert row_count > 8
    assert smallest_masked_count > 15


@covers("In a terminal, `zensecrets secret selftest` tests the redactor and the log filter.")
def test_the_selftest_command_tests_the_redactor_and_the_log_filter() -> None:
    """The command succeeds. Its table names the redactor and the logs, and has no unmasked value."""
    process = run_zensecrets("secret", "selftest")
    assert process.returncode == 0, process.stderr
    assert "redactor" in process.stdout
    assert "log" in process.stdout
    # Each of the three rows reports that nothing is unmasked.
    assert process.stdout.count("nothing") == 3
