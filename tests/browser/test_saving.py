"""Tests that a saved notebook contains no protected value.

This includes values in cells that never ran.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import running_app
from tests.browser.notebooks import open_notebook, save
from tests.browser.test_inputs import type_into
from tests.browser.test_widgets import protecting_cell
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Lab


def _type_markdown(page: Page, index: int, text: str) -> None:
    """Convert a cell to Markdown, and replace its source without running it.

    The index counts cells of all types.
    """
    cell = page.locator(".jp-NotebookPanel:visible .jp-Cell").nth(index)
    cell.locator(".jp-InputPrompt").click()
    # The key `m` converts the active cell.
    page.keyboard.press("m")
    expect(cell).to_contain_class("jp-MarkdownCell")
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_value_typed_into_a_markdown_cell_is_not_saved(lab: Lab, page: Page) -> None:
    """The saved notebook and its checkpoint contain masks instead of values.

    One value is a canary. The other one is too short for a fingerprint, and must be masked too.
    """
    name, value, short_value = "markdown.ipynb", canary("markdown"), "qw7xk2"
    # This cell contains the short value in two parts, so only the Markdown cell contains the whole value.
    short_value_cell = f"the_redactor().protect('{short_value[:3]}' + '{short_value[3:]}', 'gh.pin');"
    open_notebook(lab, page, name, protecting_cell(lab, value), short_value_cell, "0")
    _type_markdown(page, 3, f"My token is {value} and my PIN is {short_value}.")
    saved_notebook = save(lab, page, name)
    source = json.loads(saved_notebook)["cells"][3]["source"]
    assert "gh.pat" in "".join(source), source
    files = list(lab.folder.rglob("markdown*.ipynb"))
    assert len(files) == 2, "the notebook and its checkpoint"
    assert [file for file in files if find_canary(file) or short_value in file.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("extension_enabled", "expected_title", "expected_text"),
    [(True, "Saved files are checked", r"^Guard: \d+ values?$"), (False, "Saved files are not checked", "saved files not checked")],
    ids=["with the server extension", "without the server extension"],
)
def test_the_status_item_reports_whether_saved_files_are_checked(
    page: Page, tmp_path: Path, *, extension_enabled: bool, expected_title: str, expected_text: str
) -> None:
    """The item in the status bar reports whether the server extension is enabled.

    The server extension removes values from saved files.
    Without the server extension, the saved file contains the value.
    """
    status_item = page.locator("#jp-main-statusbar .zs-guard-status")
    config = tmp_path / "config" / "jupyter_server_config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"zensecrets_jupyter": extension_enabled}}}), encoding="utf-8")
    value = canary("status")
    with running_app("jupyterlab", tmp_path) as lab:
        open_notebook(lab, page, "status.ipynb", protecting_cell(lab, value), "0")
        # The cell is not run, so only the server extension can remove the value.
        type_into(page, 2, f"# {value}")
        expect(status_item).to_have_attribute("title", re.compile(expected_title))
        expect(status_item).to_have_text(re.compile(expected_text))
        assert bool(find_canary(save(lab, page, "status.ipynb"))) is not extension_enabled
