"""Tests that an inline secret is also removed from other clients of the kernel.

The other clients are a second tab and a code console.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.notebooks import TIMEOUT_MS, cell_at, open_notebook, run_cell, save
from tests.browser.test_inputs import own_store_cell, type_into, undo_and_redo
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Lab


def _open_in_second_tab(lab: Lab, page: Page, name: str) -> Page:
    """Open the notebook in a second tab of the browser, and wait for its kernel."""
    second_tab = page.context.new_page()
    lab.open(second_tab, name)
    expect(second_tab.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=TIMEOUT_MS)
    expect(second_tab.locator("#jp-main-statusbar .zs-guard-status")).to_contain_text("Guard:")
    return second_tab


def _files_with_canary(lab: Lab, stem: str) -> list[str]:
    """Return the paths of the files that contain a canary.

    The searched files are the notebook, whose file name is ``stem`` and ``.ipynb``, its checkpoint, and the database of IPython's history.
    """
    files = [*lab.folder.rglob(f"{stem}*.ipynb"), *(lab.home / "ipython").rglob("history.sqlite*")]
    return [str(file) for file in files if find_canary(file)]


def test_a_notebook_in_two_tabs_is_cleaned_in_both(lab: Lab, page: Page) -> None:
    """If a cell runs in one of two tabs, both tabs remove its value.

    No file contains the value afterwards.
    """
    name = "two-tabs.ipynb"
    open_notebook(lab, page, name, own_store_cell(lab, "two-tabs"), "0")
    type_into(page, 2, f"%secret register two --key={canary('tabs')}")
    # The second tab opens the saved file, which contains the value.
    save(lab, page, name)
    second_tab = _open_in_second_tab(lab, page, name)
    expect(cell_at(second_tab, 2).locator(".cm-content")).to_contain_text("--key=")
    run_cell(page, 2)
    for tab in (page, second_tab):
        expect(cell_at(tab, 2).locator(".cm-content")).to_have_text("%secret register two --key")
        assert not find_canary(undo_and_redo(tab, 2))
    expect(cell_at(page, 2)).to_contain_text("✔ The value of two.key was removed from this cell and from the history.")
    save(lab, page, name)
    # The second tab is saved too. It asks whether to overwrite the file, because the first tab has changed the file on disk.
    time_before = (lab.folder / name).stat().st_mtime_ns
    cell_at(second_tab, 0).locator(".jp-InputPrompt").click()
    second_tab.keyboard.press("Control+s")
    # JupyterLab creates the checkpoint after it has saved the file.
    with second_tab.expect_response(lambda response: response.request.method == "POST" and "/checkpoints" in response.url):
        second_tab.get_by_role("button", name="Overwrite").click()
    assert (lab.folder / name).stat().st_mtime_ns != time_before
    assert _files_with_canary(lab, "two-tabs") == []


def test_a_cell_is_cleaned_in_the_tab_that_ran_it_last(lab: Lab, page: Page) -> None:
    """If both tabs have run a cell, the tab of the last run removes its value."""
    name = "two-tabs-again.ipynb"
    open_notebook(lab, page, name, own_store_cell(lab, "two-tabs-again"), "0")
    second_tab = _open_in_second_tab(lab, page, name)
    type_into(page, 2, "1")
    run_cell(page, 2)
    type_into(second_tab, 2, f"%secret register two --key={canary('again')}")
    run_cell(second_tab, 2)
    expect(cell_at(second_tab, 2).locator(".cm-content")).to_have_text("%secret register two --key")
    assert not find_canary(undo_and_redo(second_tab, 2))
    assert _files_with_canary(lab, "two-tabs-again") == []


def test_a_code_console_beside_the_notebook_is_cleaned(lab: Lab, page: Page) -> None:
    """The value is removed from the cell of the console, and from its history.

    The arrow keys show the history in the console.
    """
    name = "console.ipynb"
    open_notebook(lab, page, name, own_store_cell(lab, "console"), "0")
    cell_at(page, 0).locator(".jp-InputPrompt").click(button="right")
    page.get_by_text("New Console for Notebook").click()
    console = page.locator(".jp-CodeConsole")
    prompt = console.locator(".jp-CodeConsole-promptCell .cm-content")
    prompt.click()
    # A new console requests the history of the kernel. If a cell ran in the console before the reply, the reply would remove the cell from
    # the console's history. So the test presses the arrow key until the history contains the notebook's cell that sets ZENSECRETS_HOME.
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while "ZENSECRETS_HOME" not in prompt.inner_text():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(f"%secret register beside --key={canary('console')}")
    page.keyboard.press("Shift+Enter")
    expect(console).to_contain_text("Registered secret 'beside'", timeout=TIMEOUT_MS)
    expect(console.locator(".jp-CodeConsole-content .cm-content").last).to_have_text("%secret register beside --key")
    prompt.click()
    page.keyboard.press("ArrowUp")
    expect(prompt).to_have_text("%secret register beside --key")
    assert not find_canary(page.content())
    assert _files_with_canary(lab, "console") == []
