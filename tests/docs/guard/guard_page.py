"""The page docs/guard.md, and the tests that cover its sentences."""

from __future__ import annotations

from pathlib import Path

from tests.docs.sentences import Page

PAGE = Page(Path(__file__).parents[3] / "docs" / "guard.md")
covers = PAGE.covers
