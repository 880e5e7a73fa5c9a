"""A value that is typed in a cell of JupyterLab or Notebook 7: taken out of it, and looked for in every place where it could be left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import running
from tests.browser.leak_surfaces import collect_surfaces, surfaces_with_canary
from tests.browser.notebooks import cell_at, open_notebook, run_cell, save
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Lab
    from tests.browser.leak_surfaces import NetworkTraffic

SEEN_BY_THE_SERVER = {"websocket"}
"""What is typed on a line and run travels to the kernel, which is where it is taken out."""


def own_store(app: Lab, name: str) -> str:
    """Return a cell that gives a notebook a store of its own, which asks for nothing."""
    return f"import os\nos.environ.update(ZENSECRETS_HOME={str(app.home / name)!r}, ZENSECRETS_PASSPHRASE='of this store')"


def type_into(page: Page, index: int, text: str) -> None:
    """Type a cell's source by keyboard, so that the editor could undo it."""
    cell_at(page, index).locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def undo(page: Page, index: int) -> str:
    """Undo all that can be undone in a cell, and return what it shows at every step."""
    content = cell_at(page, index).locator(".cm-content")
    content.click()
    shown = [content.inner_text()]
    for _ in range(5):
        page.keyboard.press("Control+z")
        shown.append(content.inner_text())
    for _ in range(5):
        page.keyboard.press("Control+Shift+z")
        shown.append(content.inner_text())
    return "\n".join(shown)


def test_a_literal_is_taken_out_of_its_cell(app: Lab, page: Page, wire: NetworkTraffic) -> None:
    """It is gone from the cell, what Ctrl+Z brings back, the saved file, its checkpoint, the history, and all that the server wrote."""
    name = "typed.ipynb"
    open_notebook(app, page, name, own_store(app, "typed"), "0")
    type_into(page, 2, f"before = 1\n%secret register typed --key={canary('typed')} --other 'a {canary('spaced')}'\nafter = '🔑'")
    assert find_canary(save(app, page, name)), "saved as it was typed, before it is run"
    run_cell(page, 2)
    cell = cell_at(page, 2)
    expect(cell).to_contain_text("✔ The values of typed.key, typed.other were removed from this cell and from the history.")
    expect(cell.locator(".cm-content")).to_have_text(re.compile(r"before = 1\s*%secret register typed --key --other\s*after = '🔑'"))
    assert not find_canary(undo(page, 2))
    found = surfaces_with_canary(collect_surfaces(app, page, wire, name))
    assert set(found) <= SEEN_BY_THE_SERVER, found
    assert find_canary(b"".join(wire.frames)), "what is looked at does show leaks"
    assert not [checkpoint for checkpoint in app.home.rglob("*-checkpoint.ipynb") if find_canary(checkpoint)]


def test_without_the_guard_the_same_look_finds_it(page: Page, wire: NetworkTraffic, tmp_path: Path) -> None:
    """With the guard off the value stays in the cell, in what can be undone, in the file and in the history."""
    name = "unguarded.ipynb"
    with running("jupyterlab", tmp_path) as lab:
        open_notebook(lab, page, name, own_store(lab, "unguarded"), "%secret guard off", "0")
        expect(page.locator("#jp-main-statusbar")).to_contain_text("Guard: off")
        type_into(page, 3, f"%secret register typed --key={canary('unguarded')}")
        run_cell(page, 3)
        expect(cell_at(page, 3)).to_contain_text("Registered secret 'typed'")
        assert find_canary(undo(page, 3))
        found = surfaces_with_canary(collect_surfaces(lab, page, wire, name))
    assert {"notebook", "history", "page", "export"} <= set(found), found


def test_another_cell_is_repaired_if_the_person_agrees(lab: Lab, page: Page) -> None:
    """A cell that holds a known value is warned about; it becomes the mark on a click, and the status bar counts values all along."""
    name, value = "offered.ipynb", canary("known")
    open_notebook(lab, page, name, own_store(lab, "offered"), "0", "0")
    bar = page.locator("#jp-main-statusbar .zs-guard-status")
    expect(bar).to_have_text(re.compile(r"Guard: \d+ values?"))
    type_into(page, 2, f"%secret register known --key={value}")
    run_cell(page, 2)
    type_into(page, 3, f"token = '{value}'\nprint(token)")
    run_cell(page, 3)
    expect(cell_at(page, 3)).to_contain_text("Warning: this cell holds the value of known.key")
    expect(bar).to_have_attribute("title", re.compile(r"masks \d+ values? in the output of this kernel: \d+ masks?"))
    page.get_by_role("button", name="Replace").first.click()
    expect(cell_at(page, 3)).to_contain_text("✔ The value of known.key was replaced in the cell.")
    expect(cell_at(page, 3).locator(".cm-content")).to_contain_text("token = '‹secret:known.key›'")
    assert not find_canary(undo(page, 3))
    assert not find_canary(save(lab, page, name))


def test_a_cell_that_was_deleted_while_it_ran_comes_back_without_its_value(lab: Lab, page: Page) -> None:
    """Z brings it back as the kernel cleaned it, and neither undo nor the saved file has the value."""
    name = "deleted.ipynb"
    open_notebook(lab, page, name, own_store(lab, "deleted"), "0")
    slow = f"import time\ntime.sleep(3)\n%secret register gone --key={canary('deleted')}"
    type_into(page, 2, slow)
    cells = page.locator(".jp-NotebookPanel:visible .jp-CodeCell")
    expect(cells).to_have_count(3)
    page.keyboard.press("Control+Enter")
    expect(cells.nth(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
    page.keyboard.press("d")
    page.keyboard.press("d")
    expect(cells).to_have_count(2)
    # The kernel is done with it: the next cell has run.
    run_cell(page, 1)
    cells.nth(1).locator(".jp-InputPrompt").click()
    page.keyboard.press("z")
    expect(cells).to_have_count(3)
    expect(cells.nth(2).locator(".cm-content")).to_contain_text("%secret register gone --key")
    assert not find_canary(undo(page, 2))
    assert not find_canary(save(lab, page, name))
    assert not find_canary(page.content())
    assert not find_canary(lab.home / "ipython")


def test_what_was_shown_before_a_value_was_known_is_masked_in_the_page(lab: Lab, page: Page) -> None:
    """A stream, a display and a result of earlier cells and of the cell itself show masks once the value is known, and so does the file."""
    name, value = "shown-before.ipynb", canary("shown")
    shown = lab.home / "shown.txt"
    shown.write_text(value, encoding="utf-8")
    read = f"from pathlib import Path\nvalue = Path({str(lab.home / 'shown.txt')!r}).read_text()\n"
    early = f"{read}from IPython.display import HTML, display\nprint(value)\ndisplay(HTML(f'<b>{{value}}</b>'))\nvalue"
    storing = """
import threading
from zensecrets_jupyter.core.redaction import the_redactor
print("before", value, flush=True)
thread = threading.Thread(target=the_redactor().protect, args=(value, "late.key"))
thread.start()
thread.join()
print("after", value)
"""
    open_notebook(lab, page, name, early, "0")
    expect(cell_at(page, 1).locator(".jp-OutputArea")).to_contain_text(value)
    type_into(page, 2, storing)
    run_cell(page, 2)
    mask = "‹secret:late.key›"
    expect(cell_at(page, 2).locator(".jp-OutputArea")).to_contain_text(f"before {mask}\nafter {mask}")
    expect(cell_at(page, 1).locator(".jp-OutputArea-output")).to_have_text([mask, mask, f"'{mask}'"])
    assert not find_canary(page.content())
    assert not find_canary(save(lab, page, name))
    # Other tests look for canaries in this folder.
    shown.unlink()
