"""Benchmarks of the time until JupyterLab shows a form.

The budget is 300 ms after the end of the cell. The form is compared with the password field of ipywidgets. A script in the page measures
the times. A measured time starts when the user presses the key that runs the cell, or when the cell has ended, which is the first frame in
which its prompt shows a number, such as ``[2]:``. It ends at the first frame in which the field is visible. The first round is the slowest,
because the kernel imports modules.
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
"""Cells that display a password field. The dict's keys say which library draws the field: this package, or ipywidgets."""

ROUNDS = 9

# The argument of this script is the text of the cell's prompt before the run. The script sets `window.timesOfForm` to a promise of the
# times in milliseconds: `key`, `cellEnd` and `field`. It resolves when the cell has ended and its field is visible. The prompt of a
# running cell shows a star instead of a number.
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
    """A timer for pytest-benchmark that shows the times measured in the page instead of the real time.

    After each round, the measured function adds the time of the page to :attr:`now`.

    Attributes:
        now: The time in seconds.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        # To find the precision of a timer, pytest-benchmark calls it until its time changes. So each call adds a nanosecond.
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
    """Run the cell, advance the clock by the measured time, and clear the output.

    The measured time is from ``start_event`` to the display of the field.
    """
    cell = cell_at(page, 1)
    page.evaluate(WATCH_CELL, cell.locator(".jp-InputPrompt").inner_text())
    cell.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    expect(cell.locator("input[type=password]").first).to_be_visible()
    times = page.evaluate("Promise.race([window.timesOfForm, new Promise((_, reject) => setTimeout(reject, 30000, 'no field was shown'))])")
    # The field may be visible before the cell has ended. Then the time is zero.
    clock.now += max(0.0, times["field"] - times[start_event]) / 1000
    cell.locator(".jp-InputPrompt").click()
    page.get_by_role("menuitem", name="Edit", exact=True).click()
    page.locator(".lm-Menu-item[data-command='editmenu:clear-current']").click()
    expect(cell.locator("input[type=password]")).to_have_count(0)


@pytest.mark.parametrize("start_event", ["cellEnd", "key"])
@pytest.mark.parametrize("field", CELLS)
@pytest.mark.benchmark(group="form on the screen of JupyterLab", timer=clock)
def test_form(benchmark: BenchmarkFixture, page: Page, field: str, start_event: str) -> None:
    """A cell that displays a field runs repeatedly.

    The measured time starts at the end of the cell, or at the key that runs the cell.
    """
    benchmark.pedantic(lambda: _display_field(page, start_event), rounds=ROUNDS)
