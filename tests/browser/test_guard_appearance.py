"""Tests that the guard does not change how JupyterLab shows outputs without values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.notebooks import cell_at, open_notebook, run_cell

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Lab

# If no value is protected, the guard has nothing to search for. So this cell protects some values, and the guard searches each output.
PROTECT_VALUES = """
import secrets
from zensecrets_jupyter.core.redaction import the_redactor
for number in range(10):
    the_redactor().protect(secrets.token_urlsafe(24), f"looks.key{number}")
"""

# Cells whose outputs are compared, by the kind of the output. The progress bars show no times, because times differ in each run.
OUTPUTS = {
    "carriage returns": """
import sys, time
for number in range(20):
    sys.stdout.write(f"\\r{'#' * number}{'.' * (19 - number)} {number}/19")
    sys.stdout.flush()
    time.sleep(0.01)
print()
""",
    "tqdm": """
from tqdm import tqdm
import sys
for _ in tqdm(range(30), bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt}", ncols=60, file=sys.stdout):
    pass
""",
    "colours": r"""
for number in range(16):
    print(f"\x1b[38;5;{number}m colour {number}\x1b[0m", end="" if number % 4 < 3 else "\n")
print("\x1b[1;4;31mbold, underlined and red\x1b[0m and plain")
""",
    "matplotlib": """
%matplotlib inline
import matplotlib.pyplot as plt
fig, axes = plt.subplots(figsize=(4, 2))
axes.plot([0, 1, 4, 9])
axes.set_title("squares");
""",
    "plotly": """
import plotly.graph_objects as go
go.Figure(go.Bar(x=["a", "b", "c"], y=[1, 3, 2]), layout={"width": 400, "height": 250})
""",
    "rich displays": """
from IPython.display import HTML, Latex, Markdown, SVG, display
display(HTML("<table><tr><td>one</td><td>two</td></tr></table>"), Markdown("**bold** and `code`"), Latex("$x^2$"))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><circle cx="10" cy="10" r="8"/></svg>'))
""",
}


def _take_screenshots(page: Page) -> dict[str, bytes]:
    """Run the cells of :data:`OUTPUTS`, and return a screenshot of each output."""
    for index in range(len(OUTPUTS)):
        run_cell(page, FIRST_OUTPUT_CELL + index)
    screenshots = {}
    for index, name in enumerate(OUTPUTS):
        output = cell_at(page, FIRST_OUTPUT_CELL + index).locator(".jp-OutputArea")
        output.scroll_into_view_if_needed()
        # Plotly draws its figure after the end of the cell, so wait for the figure.
        if name == "plotly":
            expect(output.locator(".main-svg").first).to_be_visible()
        # JupyterLab draws images and formulas some time after their cell has ended.
        page.wait_for_timeout(800)
        screenshots[name] = output.screenshot(animations="disabled", caret="hide")
    return screenshots


FIRST_OUTPUT_CELL = 3
"""The index of the first cell of :data:`OUTPUTS`. The cells before it load the extension, protect values and turn the guard on."""
GUARD_CELL = 2
"""The index of the cell that turns the guard on. Later, the test replaces its source by a command that turns the guard off."""


def test_outputs_look_the_same_with_the_guard_and_without(lab: Lab, page: Page) -> None:
    """Each output has the same pixels with the guard on as with the guard off."""
    open_notebook(lab, page, "looks.ipynb", PROTECT_VALUES, "%secret guard on", *OUTPUTS.values())
    # An output under the mouse pointer would look different, so move the pointer away.
    page.mouse.move(0, 0)
    screenshots_with_guard = _take_screenshots(page)
    cell_at(page, GUARD_CELL).locator(".cm-content").fill("%secret guard off")
    run_cell(page, GUARD_CELL)
    screenshots_without_guard = _take_screenshots(page)
    assert [name for name in OUTPUTS if screenshots_with_guard[name] != screenshots_without_guard[name]] == []
    assert len(set(screenshots_with_guard.values())) == len(OUTPUTS), "no two outputs have the same screenshot"
