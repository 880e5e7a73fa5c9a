"""Test that runs the quickstart notebook in JupyterLab, and fills in its forms."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from playwright.sync_api import expect

from tests.browser.notebooks import TIMEOUT_MS, saved_text
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Lab

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"

FORMS = {"Register my_secret": "password", "Register secrets of stack": "api_key"}
"""The forms of the notebook: the key whose value the test types, by the beginning of the form's title."""


def test_run_all_waits_for_forms_and_leaves_no_value(lab: Lab, page: Page) -> None:
    """Run All Cells waits for each form, all cells succeed, and neither the page nor a file contains a value."""
    shutil.copy(QUICKSTART, lab.folder / "quickstart.ipynb")
    lab.open(page, "quickstart.ipynb")
    # JupyterLab asks for a kernel if a cell runs before the kernel has started.
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=TIMEOUT_MS)
    page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell").first.click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    for title, key in FORMS.items():
        form = page.get_by_role("form", name=title)
        field = form.get_by_label(key, exact=True)
        expect(field).to_have_attribute("type", "password", timeout=TIMEOUT_MS)
        # Without a keyring, the first form also asks for a passphrase. The test leaves it empty, so the wrapping key is stored in a file.
        field.fill(canary("lab"))
        field.press("Enter")
        expect(page.locator(".jp-OutputArea", has_text="✔ registered").last).to_be_visible()
    # If each cell has run once, the prompt of the last cell shows the number of cells.
    code_cells = page.locator(".jp-CodeCell")
    expect(code_cells.last.locator(".jp-InputPrompt")).to_have_text(f"[{code_cells.count()}]:", timeout=TIMEOUT_MS)
    # No cell has written to stderr, such as a warning.
    expect(page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    page.keyboard.press("Control+s")
    expect(page.locator(".jp-Document.jp-mod-dirty")).to_have_count(0)
    assert not find_canary(page.content())
    notebook = nbformat.reads(saved_text(lab, page, "quickstart.ipynb"), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert "error" not in {output.output_type for output in cell.outputs}, cell.source
    assert not find_canary(lab.home)
