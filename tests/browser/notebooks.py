"""Actions of a user on a notebook in JupyterLab or Notebook 7."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page, WebSocket

    from tests.browser.conftest import Lab

TIMEOUT_MS = 60_000
"""Timeout of each action in milliseconds."""

_MAX_ATTEMPTS = 20
"""Maximum number of times that :func:`run_cell` presses the key to run a cell."""
_PROMPT_OF_RUNNING_CELL = "[*]:"
_PROMPT_WITH_NUMBER = re.compile(r"\[\d+\]:")


def open_notebook(app: Lab, page: Page, name: str, *cells: str) -> None:
    """Write a notebook, open it, wait for its kernel, and run all its cells.

    The first cell, with the index 0, loads the extension. ``cells`` are the sources of the cells after it, so their indices start at 1.
    """
    kernel = {"name": "python3", "display_name": "Python 3"}
    sources = ["%load_ext zensecrets_jupyter", *cells]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources], metadata={"kernelspec": kernel})
    nbformat.write(notebook, app.folder / name)
    with _wait_for_kernel_reply(page):
        app.open(page, name)
    if app.app == "jupyterlab":
        # JupyterLab ignores the key to run a cell until the kernel is idle.
        expect(page.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=TIMEOUT_MS)
    for index in range(len(sources)):
        run_cell(page, index)


@contextmanager
def _wait_for_kernel_reply(page: Page) -> Iterator[None]:
    """Run the block, which opens a notebook, and wait for the first reply of its kernel.

    If a test ran a cell before this reply, JupyterLab would ask the user for a kernel, and Notebook 7 would not run the cell. The page of
    Notebook 7 does not show when its kernel is ready, so this function reads the messages on the websocket.
    """
    replies: list[str | bytes] = []

    def record_reply(frame: str | bytes) -> None:
        if b"kernel_info_reply" in (frame if isinstance(frame, bytes) else frame.encode()):
            replies.append(frame)

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", record_reply)

    page.on("websocket", listen)
    yield
    for _ in range(TIMEOUT_MS // 100):
        if replies:
            break
        page.wait_for_timeout(100)
    page.remove_listener("websocket", listen)
    assert replies, "The kernel did not answer."


def run_cell(page: Page, index: int) -> None:
    """Run a cell and wait for its end."""
    cell = cell_at(page, index)
    prompt = cell.locator(".jp-InputPrompt")
    # JupyterLab draws a cell before its prompt, so wait for the prompt.
    expect(prompt).to_have_text(re.compile(r"\[.+\]:"), timeout=TIMEOUT_MS)
    text_before = prompt.inner_text()
    for _ in range(_MAX_ATTEMPTS):
        # A busy page may ignore the key. It may also drop the scheduled cell, and show the old number in the prompt again. Then try again.
        cell.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Control+Enter")
        try:
            expect(prompt).not_to_have_text(text_before, timeout=3_000)
        except AssertionError:
            continue
        expect(prompt).not_to_have_text(_PROMPT_OF_RUNNING_CELL, timeout=TIMEOUT_MS)
        text_after = prompt.inner_text()
        if _PROMPT_WITH_NUMBER.fullmatch(text_after) and text_after != text_before:
            return
    pytest.fail(f"The cell did not run: {cell.inner_text()}")


def cell_at(page: Page, index: int) -> Locator:
    """Return a code cell of the visible notebook; ``index`` counts only code cells."""
    return page.locator(".jp-NotebookPanel:visible .jp-CodeCell").nth(index)


def save(app: Lab, page: Page, name: str) -> str:
    """Save the notebook and return the text of its file."""
    time_before = (app.folder / name).stat().st_mtime_ns
    # The click moves the focus to the notebook, so that it receives the key.
    cell_at(page, 0).locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+s")
    for _ in range(TIMEOUT_MS // 100):
        if (app.folder / name).stat().st_mtime_ns != time_before:
            break
        page.wait_for_timeout(100)
    else:
        pytest.fail(f"{name} was not saved.")
    return saved_text(app, page, name)


def saved_text(app: Lab, page: Page, name: str) -> str:
    """Wait until the file of a notebook is valid JSON, and return its text.

    To save, the server empties the file and then writes the text, so a test that reads at that time gets only a part of the text.
    """
    for _ in range(TIMEOUT_MS // 100):
        text = (app.folder / name).read_text(encoding="utf-8")
        with suppress(ValueError):
            json.loads(text)
            return text
        page.wait_for_timeout(100)
    pytest.fail(f"{name} is not valid JSON.")


def choose_theme(page: Page, theme: str) -> None:
    """Set the theme of JupyterLab to ``Light`` or ``Dark``."""
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.get_by_text("Theme", exact=True).hover()
    # The item of the current theme has another role than the other items, so this function finds the item by its label.
    page.locator(".lm-Menu-itemLabel").get_by_text(f"JupyterLab {theme}", exact=True).click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(theme == "Light").lower())
