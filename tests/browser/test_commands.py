"""Tests of the commands that the package's JupyterLab extension adds to the command palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from tests.browser.notebooks import saved_text

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Lab

COMMAND_PREFIX = "zensecrets-jupyter:"
SOURCES = {
    "insert-load-ext": "%load_ext zensecrets_jupyter",
    "insert-secret-register": "%secret register NAME",
    "insert-secret-list": "%secret list",
    "insert-stack-register-secrets": "%stack register-secrets",
}
"""The source of the cell that each command inserts, by the command's name without ``COMMAND_PREFIX``."""


def test_each_command_inserts_its_magic_below_the_active_cell(lab: Lab, page: Page) -> None:
    """Each command inserts a code cell with its magic below the active cell."""
    _open_notebook(lab, page, "commands.ipynb")
    for name in SOURCES:
        _open_palette(page).locator(f"[data-command='{COMMAND_PREFIX}{name}']").click()
    assert _save_and_read_sources(lab, page, "commands.ipynb") == ["1 + 1", *SOURCES.values()]


def test_the_placeholder_is_selected_so_that_typing_replaces_it(lab: Lab, page: Page) -> None:
    """After the command has inserted its cell, typed text replaces the placeholder ``NAME`` in it."""
    _open_notebook(lab, page, "name.ipynb")
    _open_palette(page).locator(f"[data-command='{COMMAND_PREFIX}insert-secret-register']").click()
    expect(page.locator(".jp-Notebook-cell .cm-content").nth(1)).to_be_focused()
    page.keyboard.type("openai")
    assert _save_and_read_sources(lab, page, "name.ipynb") == ["1 + 1", "%secret register openai"]


def test_the_palette_has_the_commands_only_with_a_notebook(lab: Lab, page: Page) -> None:
    """Without an open notebook, the palette does not contain the commands, because they are disabled."""
    lab.open(page)
    palette = _open_palette(page)
    # The palette finds a command of JupyterLab, so it is open and searchable.
    palette.locator("input").fill("Launcher")
    expect(palette.locator("[data-command='launcher:create']")).to_be_visible()
    palette.locator("input").fill("Zen Secrets")
    expect(palette.locator("[data-command]")).to_have_count(0)
    _open_notebook(lab, page, "offered.ipynb")
    expect(_open_palette(page).locator(f"[data-command^='{COMMAND_PREFIX}']")).to_have_count(len(SOURCES))


def _open_notebook(lab: Lab, page: Page, name: str) -> None:
    """Write and open a notebook, and wait for its kernel. No cell runs."""
    kernel = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")], metadata={"kernelspec": kernel}), lab.folder / name)
    lab.open(page, name)
    expect(page.locator(".jp-Notebook-cell")).to_have_count(1)
    # JupyterLab ignores keys until the kernel is idle.
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=60_000)


def _open_palette(page: Page) -> Locator:
    """Open the command palette, search for the commands of the extension, and return the palette."""
    page.keyboard.press("Control+Shift+C")
    palette = page.locator(".jp-ModalCommandPalette")
    # This is the category of the commands, which the palette searches too.
    palette.locator("input").fill("Zen Secrets")
    return palette


def _save_and_read_sources(lab: Lab, page: Page, name: str) -> list[str]:
    """Save the notebook, and return the sources of its cells from the file."""
    page.keyboard.press("Control+s")
    # JupyterLab marks the tab of an unsaved notebook as dirty.
    expect(page.locator(".jp-mod-current.jp-mod-dirty")).to_have_count(0)
    return [cell.source for cell in nbformat.reads(saved_text(lab, page, name), as_version=4).cells]
