"""A notebook in JupyterLab or Notebook 7, handled as a person does: opened, its cells run, saved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Lab

SECONDS = 60_000
"""How long anything may take before the test fails, in milliseconds."""

_TRIES = 20
_RUNNING = "[*]:"


def open_notebook(app: Lab, page: Page, name: str, *cells: str) -> None:
    """Write a notebook, open it, and wait for its kernel."""
    kernel = {"name": "python3", "display_name": "Python 3"}
    sources = ["%load_ext zensecrets_jupyter", *cells]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources], metadata={"kernelspec": kernel})
    nbformat.write(notebook, app.folder / name)
    app.open(page, name)
    if app.app == "jupyterlab":
        # Before that, JupyterLab takes the keys and forgets the cell.
        expect(page.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=SECONDS)
    for index in range(len(sources)):
        run_cell(page, index)


def run_cell(page: Page, index: int) -> None:
    """Run a cell, and wait for its end."""
    cell = cell_at(page, index)
    prompt = cell.locator(".jp-InputPrompt")
    # A cell is drawn before its number is.
    expect(prompt).to_have_text(re.compile(r"\[.+\]:"), timeout=SECONDS)
    before = prompt.inner_text()
    for _ in range(_TRIES):
        # Before the kernel is connected the keys are swallowed, or taken and then forgotten when it is, which puts the old number back.
        # Notebook 7 has no place that says when it is.
        cell.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Control+Enter")
        try:
            expect(prompt).not_to_have_text(before, timeout=3_000)
        except AssertionError:
            continue
        expect(prompt).not_to_have_text(_RUNNING, timeout=SECONDS)
        if prompt.inner_text() != before:
            return
    pytest.fail(f"The cell did not run: {cell.inner_text()}")


def cell_at(page: Page, index: int) -> Locator:
    """Return a code cell of the notebook in front."""
    return page.locator(".jp-NotebookPanel:visible .jp-CodeCell").nth(index)


def save(app: Lab, page: Page, name: str) -> str:
    """Save the notebook and return its text."""
    before = (app.folder / name).stat().st_mtime_ns
    cell_at(page, 0).locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+s")
    for _ in range(SECONDS // 100):
        if (app.folder / name).stat().st_mtime_ns != before:
            break
        page.wait_for_timeout(100)
    else:
        pytest.fail(f"{name} was not saved.")
    return (app.folder / name).read_text(encoding="utf-8")


def choose_theme(page: Page, theme: str) -> None:
    """Have JupyterLab look ``Light`` or ``Dark``."""
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.get_by_text("Theme", exact=True).hover()
    # The theme that is chosen already has a role of its own.
    page.locator(".lm-Menu-itemLabel").get_by_text(f"JupyterLab {theme}", exact=True).click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(theme == "Light").lower())
