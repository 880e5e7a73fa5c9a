"""Tests that inline secrets are removed from the cells of JupyterLab and Notebook 7.

An inline secret is a value in the code of a cell. All values are canaries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import running_app
from tests.browser.leak_surfaces import collect_surfaces, surfaces_with_canary
from tests.browser.notebooks import cell_at, open_notebook, run_cell, save
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Lab
    from tests.browser.leak_surfaces import NetworkTraffic

SURFACES_WITH_THE_EXECUTED_LINE = {"websocket"}
"""The surfaces that may contain an inline secret, because the browser has to send the code to the kernel before the value is removed."""


def own_store_cell(app: Lab, name: str) -> str:
    """Return a cell that gives a notebook its own store in the folder ``name``.

    The cell also sets the passphrase of the store, so that no form asks for it.
    """
    return f"import os\nos.environ.update(ZENSECRETS_HOME={str(app.home / name)!r}, ZENSECRETS_PASSPHRASE='of this store')"


def type_into(page: Page, index: int, text: str) -> None:
    """Replace the source of a cell by keyboard, so that undo is possible."""
    cell_at(page, index).locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def undo_and_redo(page: Page, index: int) -> str:
    """Undo five changes of a cell, redo them, and return the texts.

    The texts are those of the cell before the first step and after each step.
    """
    content = cell_at(page, index).locator(".cm-content")
    content.click()
    texts = [content.inner_text()]
    for _ in range(5):
        page.keyboard.press("Control+z")
        texts.append(content.inner_text())
    for _ in range(5):
        page.keyboard.press("Control+Shift+z")
        texts.append(content.inner_text())
    return "\n".join(texts)


def test_an_inline_secret_is_removed_from_its_cell(app: Lab, page: Page, traffic: NetworkTraffic) -> None:
    """After a run, only the message that sent the cell to the kernel contains values.

    The surfaces include the undo history of the cell, the checkpoint and the logs.
    """
    name = "typed.ipynb"
    open_notebook(app, page, name, own_store_cell(app, "typed"), "0")
    # The code has a value with a space in quotes, and lines that must not change. The emoji has two code units in JavaScript.
    type_into(page, 2, f"before = 1\n%secret register typed --key={canary('typed')} --other 'a {canary('spaced')}'\nafter = '🔑'")
    assert find_canary(save(app, page, name)), "before the run, the saved file contains the value"
    run_cell(page, 2)
    cell = cell_at(page, 2)
    expect(cell).to_contain_text("✔ The values of typed.key, typed.other were removed from this cell and from the history.")
    expect(cell.locator(".cm-content")).to_have_text(re.compile(r"before = 1\s*%secret register typed --key --other\s*after = '🔑'"))
    assert not find_canary(undo_and_redo(page, 2))
    leaking_surfaces = surfaces_with_canary(collect_surfaces(app, page, traffic, name))
    assert set(leaking_surfaces) <= SURFACES_WITH_THE_EXECUTED_LINE, leaking_surfaces
    assert find_canary(b"".join(traffic.frames)), "the search finds the value in the websocket messages"
    assert not [checkpoint for checkpoint in app.home.rglob("*-checkpoint.ipynb") if find_canary(checkpoint)]


def test_without_the_guard_the_search_finds_the_value(page: Page, traffic: NetworkTraffic, tmp_path: Path) -> None:
    """If the guard is off, the search finds the value on several surfaces.

    This shows that the search would find a leak in the other tests. The test has its own server, because the value stays in its files.
    """
    name = "unguarded.ipynb"
    with running_app("jupyterlab", tmp_path) as lab:
        open_notebook(lab, page, name, own_store_cell(lab, "unguarded"), "%secret guard off", "0")
        expect(page.locator("#jp-main-statusbar")).to_contain_text("Guard: off")
        type_into(page, 3, f"%secret register typed --key={canary('unguarded')}")
        run_cell(page, 3)
        expect(cell_at(page, 3)).to_contain_text("Registered secret 'typed'")
        assert find_canary(undo_and_redo(page, 3))
        leaking_surfaces = surfaces_with_canary(collect_surfaces(lab, page, traffic, name))
    assert {"notebook", "history", "page", "export"} <= set(leaking_surfaces), leaking_surfaces


def test_a_value_in_another_cell_is_masked_if_the_user_agrees(lab: Lab, page: Page) -> None:
    """A cell that contains a protected value shows a warning when it runs.

    A button in the warning replaces the value by its mask.
    """
    name, value = "offered.ipynb", canary("known")
    open_notebook(lab, page, name, own_store_cell(lab, "offered"), "0", "0")
    status_item = page.locator("#jp-main-statusbar .zs-guard-status")
    expect(status_item).to_have_text(re.compile(r"Guard: \d+ values?"))
    type_into(page, 2, f"%secret register known --key={value}")
    run_cell(page, 2)
    type_into(page, 3, f"token = '{value}'\nprint(token)")
    run_cell(page, 3)
    expect(cell_at(page, 3)).to_contain_text("Warning: this cell holds the value of known.key")
    # The title ends with the number of masks that the guard has written in this session.
    expect(status_item).to_have_attribute("title", re.compile(r"masks \d+ values? in the output of this kernel: \d+ masks?"))
    page.get_by_role("button", name="Replace").first.click()
    expect(cell_at(page, 3)).to_contain_text("✔ The value of known.key was replaced in the cell.")
    expect(cell_at(page, 3).locator(".cm-content")).to_contain_text("token = '‹secret:known.key›'")
    assert not find_canary(undo_and_redo(page, 3))
    assert not find_canary(save(lab, page, name))


def test_a_deleted_cell_is_restored_without_its_value(lab: Lab, page: Page) -> None:
    """Undo restores a cell that was deleted while it ran, but not its value."""
    name = "deleted.ipynb"
    open_notebook(lab, page, name, own_store_cell(lab, "deleted"), "0")
    slow_cell = f"import time\ntime.sleep(3)\n%secret register gone --key={canary('deleted')}"
    type_into(page, 2, slow_cell)
    cells = page.locator(".jp-NotebookPanel:visible .jp-CodeCell")
    expect(cells).to_have_count(3)
    page.keyboard.press("Control+Enter")
    expect(cells.nth(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
    # In JupyterLab, typing `d` twice deletes the active cell.
    page.keyboard.press("d")
    page.keyboard.press("d")
    expect(cells).to_have_count(2)
    # The kernel runs this cell after the deleted one. So when it has run, the deleted one has run too.
    run_cell(page, 1)
    cells.nth(1).locator(".jp-InputPrompt").click()
    # The key `z` undoes the deletion.
    page.keyboard.press("z")
    expect(cells).to_have_count(3)
    expect(cells.nth(2).locator(".cm-content")).to_contain_text("%secret register gone --key")
    assert not find_canary(undo_and_redo(page, 2))
    assert not find_canary(save(lab, page, name))
    assert not find_canary(page.content())
    assert not find_canary(lab.home / "ipython")


def test_earlier_outputs_are_masked_when_a_value_is_protected(lab: Lab, page: Page) -> None:
    """When a value is protected, it is masked in all earlier outputs.

    The outputs are masked in the page and in the file.
    """
    name, value = "earlier-outputs.ipynb", canary("shown")
    value_file = lab.home / "shown.txt"
    value_file.write_text(value, encoding="utf-8")
    output_cell = f"""
from pathlib import Path
from IPython.display import HTML, display
value = Path({str(value_file)!r}).read_text()
print(value)
display(HTML(f'<b>{{value}}</b>'))
value
"""
    # The value is protected in another thread, which does not belong to a cell, as when a background job reads a secret. The line with
    # "before" is printed earlier, so it must be masked afterwards too.
    protecting_cell = """
import threading
from zensecrets_jupyter.core.redaction import the_redactor
print("before", value, flush=True)
thread = threading.Thread(target=the_redactor().protect, args=(value, "late.key"))
thread.start()
thread.join()
print("after", value)
"""
    open_notebook(lab, page, name, output_cell, "0")
    expect(cell_at(page, 1).locator(".jp-OutputArea")).to_contain_text(value)
    type_into(page, 2, protecting_cell)
    run_cell(page, 2)
    mask = "‹secret:late.key›"
    expect(cell_at(page, 2).locator(".jp-OutputArea")).to_contain_text(f"before {mask}\nafter {mask}")
    # The three outputs are the printed text, the HTML, and the `repr` of the value.
    expect(cell_at(page, 1).locator(".jp-OutputArea-output")).to_have_text([mask, mask, f"'{mask}'"])
    assert not find_canary(page.content())
    assert not find_canary(save(lab, page, name))
    # Other tests search the folder of this server for canaries.
    value_file.unlink()
