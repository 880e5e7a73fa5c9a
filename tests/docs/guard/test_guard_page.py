"""Tests that every sentence of docs/guard.md has a test."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.docs.guard.guard_page import PAGE


def test_every_sentence_has_a_test() -> None:
    """Each sentence and table row has a test, and each test covers one."""
    here = Path(__file__)
    modules = [import_module(f"tests.docs.guard.{path.stem}") for path in here.parent.glob("test_*.py") if path != here]
    sentences = PAGE.sentences
    assert len(sentences) > 60
    assert [sentence for sentence in sentences if sentence not in PAGE.covered] == []
    assert [(sentence, tests) for sentence, tests in PAGE.covered.items() if sentence not in sentences] == []
    tests = {name for module in modules for name in vars(module) if name.startswith("test_")}
    assert {test for tests_of_one in PAGE.covered.values() for test in tests_of_one} == tests
