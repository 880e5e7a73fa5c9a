"""Tests that every sentence of docs/guard.md has a test."""

from __future__ import annotations

from importlib import import_module
from itertools import chain
from pathlib import Path

from tests.docs.guard.guard_page import PAGE


def test_every_sentence_has_a_test() -> None:
    """Each sentence and each table row of the page has a test.

    Each test of this folder covers at least one sentence or row. Each sentence that a test names is on the page.
    """
    this_file = Path(__file__)
    # The decorators of the tests register the sentences when the modules are imported.
    modules = [import_module(f"tests.docs.guard.{path.stem}") for path in this_file.parent.glob("test_*.py") if path != this_file]
    sentences = PAGE.sentences
    # A page without sentences would pass the next check.
    assert len(sentences) > 60
    assert [sentence for sentence in sentences if sentence not in PAGE.tests_by_sentence] == []
    assert [(sentence, tests) for sentence, tests in PAGE.tests_by_sentence.items() if sentence not in sentences] == []
    tests_of_folder = {name for module in modules for name in vars(module) if name.startswith("test_")}
    assert set(chain.from_iterable(PAGE.tests_by_sentence.values())) == tests_of_folder
