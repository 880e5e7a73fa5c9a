"""The quickstart in JupyterLab, run by somebody who types into its prompts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from playwright.sync_api import expect

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Lab

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"

# The kernel has no keyring here: it asks for a passphrase once, which Enter declines.
PROMPTS = {"Value of my_secret.password": "value", "New passphrase": "", "Value of label_studio_secret.api_key": "value"}

SECONDS = 60_000


def test_run_all_asks_and_leaves_nothing(lab: Lab, page: Page) -> None:
    """Run All asks by masked prompts, every cell ends well, and no value is on the page, in the saved notebook or beside it."""
    shutil.copy(QUICKSTART, lab.folder / "quickstart.ipynb")
    lab.open(page, "quickstart.ipynb")
    # Before the kernel is there, running a cell makes JupyterLab ask which kernel to use.
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=SECONDS)
    page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell").first.click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    for prompt, answer in PROMPTS.items():
        asked = page.locator(".jp-Stdin:not(.jp-mod-submitted)", has_text=prompt)
        field = asked.locator("input.jp-Stdin-input")
        expect(field).to_have_attribute("type", "password", timeout=SECONDS)
        field.fill(canary("lab") if answer else "")
        field.press("Enter")
    code = page.locator(".jp-CodeCell")
    expect(code.last.locator(".jp-InputPrompt")).to_have_text(f"[{code.count()}]:", timeout=SECONDS)
    expect(page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    page.keyboard.press("Control+s")
    expect(page.locator(".jp-Document.jp-mod-dirty")).to_have_count(0)
    assert not find_canary(page.content())
    saved = nbformat.read(lab.folder / "quickstart.ipynb", as_version=4)
    assert [output for cell in saved.cells if cell.cell_type == "code" for output in cell.outputs if output.output_type == "error"] == []
    assert not find_canary(lab.folder.parent)
