"""Tests of forms in JupyterLab and Notebook 7: use by mouse and keyboard, accessibility, and no leaks.

A surface is data that may contain a leaked value; see :mod:`tests.browser.leak_surfaces`. The values that must not leak are canaries.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.leak_surfaces import collect_surfaces, surfaces_with_canary
from tests.browser.notebooks import TIMEOUT_MS, cell_at, choose_theme, open_notebook, run_cell, save
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Lab
    from tests.browser.leak_surfaces import NetworkTraffic


def form_of(page: Page, title: str) -> Locator:
    """Return the form whose title contains ``title``."""
    return page.get_by_role("form", name=title)


def output_with(page: Page, text: str) -> Locator:
    """Return the first output that contains a text, such as the line that replaces a form."""
    return page.locator(".jp-OutputArea-output:visible", has_text=text).first


def test_no_surface_contains_a_typed_value(app: Lab, page: Page, traffic: NetworkTraffic) -> None:
    """No surface contains a value that was typed into a form.

    The test submits the forms of ``secret register``, ``secret update`` and ``stack register-secrets``, and cancels another form.
    """
    reference_cell = "%zen annotator register labels --flavor=label_studio --authentication_secret={{studio.key}}\n%stack update -an labels"
    name = "forms.ipynb"
    open_notebook(app, page, name, "%secret register cloud -s aws", "%secret register unwanted", reference_cell, "%stack register-secrets")
    register_form = form_of(page, "Register cloud → default (local)")
    register_form.get_by_label("aws_access_key_id", exact=True).fill(canary("id"))
    register_form.get_by_label("aws_secret_access_key", exact=True).fill(canary("key"))
    register_form.get_by_role("button", name="Register").click()
    expect(output_with(page, "✔ registered cloud (2 keys) in default (local)")).to_be_visible()
    cancelled_form = form_of(page, "Register unwanted → default (local)")
    cancelled_form.get_by_role("textbox", name="Name of the key").fill("some")
    cancelled_form.get_by_label("Value of the key", exact=True).fill(canary("cancelled"))
    cancelled_form.get_by_role("button", name="Cancel").click()
    expect(output_with(page, "Cancelled: register unwanted")).to_be_visible()
    missing_values_form = form_of(page, "Register secrets of stack 'default' → default (local)")
    expect(missing_values_form).to_contain_text("needed by annotator 'labels'.authentication_secret")
    missing_values_form.get_by_label("key", exact=True).fill(canary("studio"))
    missing_values_form.get_by_role("button", name="Register").click()
    expect(output_with(page, "✔ registered studio (1 key) in default (local)")).to_be_visible()
    cell_at(page, 1).locator(".cm-content").fill("%secret update cloud -i")
    run_cell(page, 1)
    update_form = form_of(page, "Update cloud → default (local)")
    update_form.get_by_label("aws_secret_access_key", exact=True).fill(canary("new"))
    update_form.get_by_role("button", name="Update").click()
    expect(output_with(page, "✔ updated cloud (1 key) in default (local)")).to_be_visible()
    surfaces = collect_surfaces(app, page, traffic, name)
    # The record is not empty: the search has looked at the messages of all forms.
    assert len(traffic.frames) > 50
    assert "widgets" in json.loads(str(surfaces["notebook"]))["metadata"], "the notebook contains the widget state"
    assert "[D " in (app.home / "log").read_text(encoding="utf-8", errors="replace"), "the log contains debug records"
    assert surfaces_with_canary(surfaces) == []


def test_the_search_finds_the_value_of_a_password_widget(app: Lab, page: Page, traffic: NetworkTraffic) -> None:
    """The search finds the value that the password field of ipywidgets leaves in files and messages.

    This shows that the search would find a leak in the other tests.
    """
    name = "password.ipynb"
    open_notebook(app, page, name, "import ipywidgets\nipywidgets.Password()")
    field = cell_at(page, 1).locator("input[type=password]")
    field.fill(canary("leaked"))
    field.press("Tab")
    # The kernel needs some time to process the value.
    page.wait_for_timeout(1000)
    leaking_surfaces = surfaces_with_canary(collect_surfaces(app, page, traffic, name))
    assert {"notebook", "websocket", "export"} <= set(leaking_surfaces), leaking_surfaces
    # Other tests search the folder of this server for canaries.
    (app.folder / name).unlink()
    for checkpoint in app.home.rglob("password-checkpoint.ipynb"):
        checkpoint.unlink()


def test_a_form_is_usable_by_keyboard(app: Lab, page: Page) -> None:
    """The first field of a form has the focus, Tab leads to the other fields, Enter submits, and Escape cancels."""
    open_notebook(app, page, "keys.ipynb", "%secret register door -s basic_auth")
    form = form_of(page, "Register door → default (local)")
    expect(form.get_by_label("username", exact=True)).to_be_focused()
    # Outside a field, these keys are shortcuts of JupyterLab: `d` twice deletes a cell, and `a` and `b` insert one.
    page.keyboard.type("dd-ab")
    page.keyboard.press("Tab")
    # Between the two fields are a few buttons, so Tab leads to the password field after some steps.
    for _ in range(8):
        if page.evaluate("document.activeElement.type") == "password":
            break
        page.keyboard.press("Tab")
    page.keyboard.type(canary("typed"))
    page.keyboard.press("Enter")
    expect(output_with(page, "✔ registered door (2 keys)")).to_be_visible()
    # The keys have added or deleted no cell.
    expect(page.locator(".jp-NotebookPanel:visible .jp-CodeCell")).to_have_count(2)
    cell_at(page, 1).locator(".cm-content").fill("%secret register window")
    run_cell(page, 1)
    expect(form_of(page, "Register window → default (local)")).to_be_visible()
    page.keyboard.press("Escape")
    expect(output_with(page, "Cancelled: register window")).to_be_visible()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_no_violation(lab: Lab, page: Page, theme: str) -> None:
    """The accessibility checker axe finds no violation of WCAG 2.2 AA in forms with and without problems, in both themes."""
    open_notebook(lab, page, f"axe-{theme}.ipynb", "%secret register cloud_2 -s aws", "%secret register free")
    choose_theme(page, theme)
    form_of(page, "Register cloud_2").get_by_role("button", name="Register").click()
    expect(form_of(page, "Register cloud_2")).to_contain_text("A value is required.")
    results = Axe().run(page, context=".zs-form", options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert results.violations_count == 0, results.generate_report()
    for title in ("Register cloud_2", "Register free"):
        form_of(page, title).get_by_role("button", name="Cancel").click()
        expect(form_of(page, title)).to_have_count(0)
    # Other tests use the same server, and its theme.
    choose_theme(page, "Light")


def test_a_form_makes_no_request(lab: Lab, page: Page, traffic: NetworkTraffic) -> None:
    """The display of a form requests no script, and contacts no other server.

    The kernel sends the scripts of the form in a message.
    """
    open_notebook(lab, page, "requests.ipynb", "1")
    page.wait_for_load_state("networkidle")
    cell_at(page, 1).locator(".cm-content").fill("%secret register quiet")
    traffic.requests.clear()
    run_cell(page, 1)
    expect(form_of(page, "Register quiet")).to_be_visible()
    # Each request is recorded as its URL, a space and its data. A URL that starts with `blob:` reads data of the page, without a server.
    urls = [request.partition(" ")[0] for request in traffic.requests if not request.startswith("blob:")]
    assert [url for url in urls if not url.startswith(lab.url)] == []
    assert [url for url in urls if url.endswith(".js")] == []
    form_of(page, "Register quiet").get_by_role("button", name="Cancel").click()


def test_a_reopened_notebook_shows_a_line_instead_of_the_form(lab: Lab, page: Page) -> None:
    """After a restart of the kernel, a line replaces the form.

    A reopened notebook shows a line about the form, and no error.
    """
    open_notebook(lab, page, "reopened.ipynb", "%secret register late")
    expect(form_of(page, "Register late")).to_be_visible()
    save(lab, page, "reopened.ipynb")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator(".lm-Menu-item[data-command='kernelmenu:restart']").click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(output_with(page, "The kernel of this form has ended")).to_be_visible(timeout=TIMEOUT_MS)
    lab.open(page, "reopened.ipynb")
    # The line contains the title of the form, or ends with "to register late.".
    expect(page.locator(".jp-OutputArea-output", has_text="Register late").or_(output_with(page, "register late"))).to_be_visible(
        timeout=TIMEOUT_MS
    )
    expect(page.get_by_text("Error displaying widget")).to_have_count(0)


def test_two_tabs_show_the_same_form(lab: Lab, page: Page) -> None:
    """Two tabs show the same form, and a submission in one tab closes it in both tabs."""
    open_notebook(lab, page, "twice.ipynb", "%secret register shared --token")
    expect(form_of(page, "Register shared")).to_be_visible()
    save(lab, page, "twice.ipynb")
    second_tab = page.context.new_page()
    # JupyterLab gives each further tab its own workspace.
    second_tab.goto(f"{lab.url}lab/workspaces/other/tree/twice.ipynb?reset&token={lab.token}")
    form = form_of(second_tab, "Register shared")
    form.get_by_label("token", exact=True).fill(canary("tab"))
    form.get_by_role("button", name="Register").click()
    for tab in (second_tab, page):
        expect(output_with(tab, "✔ registered shared (1 key) in default (local)")).to_be_visible()
        expect(form_of(tab, "Register shared")).to_have_count(0)


def test_a_screenshot_does_not_reveal_a_value(lab: Lab, page: Page) -> None:
    """A form has the same pixels with two different values of the same length.

    With a value of another length, the form has other pixels. This shows that the field is visible in the screenshot.
    """
    open_notebook(lab, page, "picture.ipynb", "%secret register with_aws -s aws", "%secret register with_gcp -s gcp")
    for title, key in {"Register with_aws": "aws_secret_access_key", "Register with_gcp": "token"}.items():
        form = form_of(page, title)
        field = form.get_by_label(key, exact=True)
        screenshots = []
        # The two canaries have the same length.
        for value in (canary("a"), canary("b"), "short"):
            field.fill(value)
            screenshots.append(form.screenshot(caret="hide", animations="disabled"))
        assert screenshots[0] == screenshots[1], title
        assert screenshots[2] != screenshots[0], title
        form.get_by_role("button", name="Cancel").click()
