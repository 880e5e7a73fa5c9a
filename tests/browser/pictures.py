"""Take the screenshots of the documentation: `python -m tests.browser.pictures`, from the root of a clone."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conftest import chromium, running_app
from tests.browser.notebooks import TIMEOUT_MS, cell_at, choose_theme, open_notebook
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Lab

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PASSPHRASE = "pictures"
"""The passphrase of the store. Because the server has it in an environment variable, the forms do not ask for it."""


def main() -> None:
    """Take all screenshots."""
    with (
        tempfile.TemporaryDirectory() as home,
        running_app("jupyterlab", Path(home), ZENSECRETS_PASSPHRASE=PASSPHRASE) as lab,
        chromium() as browser,
    ):
        take_quickstart(lab, browser)
        take_form(lab, browser)


def take_quickstart(lab: Lab, browser: Browser) -> None:
    """Take a picture of the quickstart with its form for the missing values of a stack."""
    shutil.copy(ROOT / "notebooks" / "quickstart.ipynb", lab.folder)
    page = _new_page(browser, 1180, 860)
    lab.open(page, "quickstart.ipynb")
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=TIMEOUT_MS)
    page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell").first.click()
    _hide_sidebar(page)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    password_field = page.get_by_role("form", name="Register my_secret").get_by_label("password", exact=True)
    expect(password_field).to_be_visible(timeout=TIMEOUT_MS)
    password_field.fill(canary())
    password_field.press("Enter")
    missing_values_form = page.get_by_role("form", name="Register secrets of stack")
    # The form is not submitted, so any text is good. The picture shows it as dots.
    missing_values_form.get_by_label("api_key", exact=True).fill("not this time")
    page.locator(".jp-CodeCell", has_text="%stack validate").evaluate("cell => cell.scrollIntoView({block: 'start'})")
    # The page needs some time to scroll and draw.
    page.wait_for_timeout(500)
    page.screenshot(path=DOCS / "quickstart.png")
    page.context.close()


def take_form(lab: Lab, browser: Browser) -> None:
    """Take a picture of a form with a typed value, a missing value and a note, in both themes."""
    page = _new_page(browser, 900, 640)
    open_notebook(lab, page, "form.ipynb", "%secret register aws_prod --schema=aws")
    _hide_sidebar(page)
    form = page.get_by_role("form", name="Register aws_prod")
    # The space at the end causes a note. The empty field for the other required key causes a problem.
    form.get_by_label("aws_access_key_id", exact=True).fill("typed with a space ")
    form.get_by_role("button", name="Register").click()
    for theme in ("Dark", "Light"):
        choose_theme(page, theme)
        page.wait_for_timeout(500)
        cell_at(page, 1).screenshot(path=DOCS / f"form-{theme.lower()}.png")
    page.context.close()


def _new_page(browser: Browser, width: int, height: int) -> Page:
    return browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=1.5).new_page()


def _hide_sidebar(page: Page) -> None:
    page.keyboard.press("Control+b")


if __name__ == "__main__":
    main()
