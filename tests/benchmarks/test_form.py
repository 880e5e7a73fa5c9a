"""Benchmarks of the time until JupyterLab shows a form.

The budget is 300 ms after the end of the cell. The form is compared with the password field of ipywidgets. A script in the page measures
the times. A time starts at the frame in which the cell shows its number, or at the key that runs the cell. It ends at the frame in which a
field is visible. The first round is the slowest, because the kernel imports modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import chromium, running_app
from tests.browser.notebooks import TIMEOUT_MS, cell_at, open_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from pytest_benchmark.fixture import BenchmarkFixture

CELLS = {"form": "%secret register shown", "ipywidgets.Password": "import ipywidgets; ipywidgets.Password()"}
"""Cells that display a password field, by the origin of the field."""

ROUNDS = 9

# The argument of this script is the text of the cell's prompt before the run. The promise resolves when the cell has ended and its field is
# visible. A running cell shows a star instead of its number.
WATCH_CELL = r"""textBefore => {
    const cell = document.querySelectorAll('.jp-NotebookPanel .jp-CodeCell')[1];
    const times = {};
    window.timesOfForm = new Promise(resolve => {
        const checkFrame = () => {
            const field = cell.querySelector('input[type=password]');
            const prompt = cell.querySelector('.jp-InputPrompt').textContent;
            if (prompt !== textBefore && /\d/.test(prompt)) times.cellEnd ??= performance.now();
            if (field !== null && field.getClientRects().length > 0) times.field ??= performance.now();
            if (times.cellEnd !== undefined && times.field !== undefined) resolve(times);
            else requestAnimationFrame(checkFrame);
        };
        checkFrame();
    });
    document.addEventListener('keydown', () => { times.key = performance.now(); }, {capture: true, once: true});
}"""


class PageClock:
    """A timer for pytest-benchmark, which the benchmark itself advances by the times that the page has measured.

    Attributes:
        now: The time in seconds.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        # pytest-benchmark waits until a timer advances.
        self.now += 1e-9
        return self.now


clock = PageClock()


@pytest.fixture
def page(tmp_path_factory: pytest.TempPathFactory, field: str) -> Iterator[Page]:
    """Yield a page with a notebook. When its second cell runs, it displays ``field``, which is a key of ``CELLS``."""
    home = tmp_path_factory.mktemp("lab")
    with running_app("jupyterlab", home, ZENSECRETS_PASSPHRASE="benchmark") as lab, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(TIMEOUT_MS)
        open_notebook(lab, page, "form.ipynb", "pass")
        cell_at(page, 1).locator(".cm-content").fill(CELLS[field])
        yield page


def _display_field(page: Page, start_event: str) -> None:
    """Run the cell, advance the clock by the time from the event to the display of the field, and clear the output."""
    cell = cell_at(page, 1)
    page.evaluate(WATCH_CELL, cell.locator(".jp-InputPrompt").inner_text())
    cell.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    # The field may be visible before the cell has ended.
    expect(cell.locator("input[type=password]").first).to_be_visible()
    times = page.evaluate("Promise.race([window.timesOfForm, new Promise((_, reject) => setTimeout(reject, 30000, 'no field was shown'))])")
    clock.now += max(0.0, times["field"] - times[start_event]) / 1000
    cell.locator(".jp-InputPrompt").click()
    page.get_by_role("menuitem", name="Edit", exact=True).click()
    page.locator(".lm-Menu-item[data-command='editmenu:clear-current']").click()
    expect(cell.locator("input[type=password]")).to_have_count(0)


@pytest.mark.parametrize("start_event", ["cellEnd", "key"])
@pytest.mark.parametrize("field", CELLS)
@pytest.mark.benchmark(group="form on the screen of JupyterLab", timer=clock)
def test_form(benchmark: BenchmarkFixture, page: Page, field: str, start_event: str) -> None:
    """A cell with a field runs repeatedly.

    The measured time starts at the end of the cell, or at the key that runs it.
    """
    benchmark.pedantic(lambda: _display_field(page, start_event), rounds=ROUNDS)
