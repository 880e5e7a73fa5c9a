"""Tests that a saved notebook contains no value, even if the value is in a cell that never ran."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

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
    """Convert a cell to Markdown, and type into it without running it."""
    cell = page.locator(".jp-NotebookPanel:visible .jp-Cell").nth(index)
    cell.locator(".jp-InputPrompt").click()
    page.keyboard.press("m")
    markdown = page.locator(".jp-NotebookPanel:visible .jp-Cell").nth(index)
    expect(markdown).to_contain_class("jp-MarkdownCell")
    markdown.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_value_typed_into_a_markdown_cell_is_not_saved(lab: Lab, page: Page) -> None:
    """Saved notebook and checkpoint contain references, even for a value without a fingerprint."""
    name, value, short_value = "markdown.ipynb", canary("markdown"), "qw7xk2"
    protect = f"the_redactor().protect('{short_value[:3]}' + '{short_value[3:]}', 'gh.pin');"
    open_notebook(lab, page, name, protecting_cell(lab, value), protect, "0")
    _type_markdown(page, 3, f"My token is {value} and my PIN is {short_value}.")
    saved_notebook = save(lab, page, name)
    source = json.loads(saved_notebook)["cells"][3]["source"]
    assert "gh.pat" in "".join(source), source
    files = list(lab.folder.rglob("markdown*.ipynb"))
    assert len(files) == 2, "the notebook and its checkpoint"
    assert [file for file in files if find_canary(file) or short_value in file.read_text(encoding="utf-8")] == []


def test_the_status_item_reports_whether_saved_files_are_checked(page: Page, tmp_path: Path) -> None:
    """The status item reports whether the server has the extension, which checks saved files."""
    item = page.locator("#jp-main-statusbar .zs-guard-status")
    for state, expected in (("true", "Saved files are checked"), ("false", "Saved files are not checked")):
        home = tmp_path / state
        home.mkdir()
        config = home / "config" / "jupyter_server_config.json"
        config.parent.mkdir()
        config.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"zensecrets_jupyter": state == "true"}}}), encoding="utf-8")
        value = canary(f"status{state}")
        with running_app("jupyterlab", home) as lab:
            open_notebook(lab, page, "status.ipynb", protecting_cell(lab, value), "0")
            type_into(page, 2, f"# {value}")
            expect(item).to_have_attribute("title", re.compile(expected))
            expect(item).to_have_text(re.compile(r"^Guard: \d+ values?$" if state == "true" else "saved files not checked"))
            assert bool(find_canary(save(lab, page, "status.ipynb"))) == (state == "false")
