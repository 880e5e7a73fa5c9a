"""Tests that values in the fields of widgets reach the kernel, and that no file contains them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.notebooks import cell_at, open_notebook, run_cell, save
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Lab

CHECK_FIELD = "print('in the kernel:', len(field.value), field.value == value, 'secret:' in field.value)"

ANYWIDGET = '''
import anywidget, traitlets
class Field(anywidget.AnyWidget):
    """A widget with a text input, which does not use ipywidgets."""
    _esm = """
    export default {
      render({ model, el }) {
        const input = document.createElement('input');
        const show = () => { input.value = model.get('value'); };
        show();
        model.on('change:value', show);
        input.addEventListener('input', () => { model.set('value', input.value); model.save_changes(); });
        el.append(input);
      }
    };
    """
    value = traitlets.Unicode("").tag(sync=True)
field = Field()
field
'''

FIELDS = {
    "Password": "import ipywidgets\nfield = ipywidgets.Password()\nfield",
    "Text": "import ipywidgets\nfield = ipywidgets.Text()\nfield",
    "Textarea": "import ipywidgets\nfield = ipywidgets.Textarea()\nfield",
    "Combobox": "import ipywidgets\nfield = ipywidgets.Combobox(options=['one', 'two'])\nfield",
    "Text without continuous update": "import ipywidgets\nfield = ipywidgets.Text(continuous_update=False)\nfield",
    "anywidget": ANYWIDGET,
}


def protecting_cell(lab: Lab, value: str) -> str:
    """Return a cell that reads a value from a file and protects it.

    So the notebook does not contain the value.
    """
    file = lab.home / f"value-{value}.txt"
    file.write_text(value, encoding="utf-8")
    return f"""
from pathlib import Path
from zensecrets_jupyter.core.redaction import the_redactor
file = next(Path({str(lab.home)!r}).glob('value-*{value[-8:]}.txt'))
value = file.read_text()
file.unlink()
the_redactor().protect(value, "gh.pat");
"""


def _files_with_canary(lab: Lab, name: str) -> list[str]:
    stem = name.removesuffix(".ipynb")
    return [str(file) for file in lab.folder.rglob(f"{stem}*.ipynb") if find_canary(file)]


def _run_until_output(page: Page, index: int, expected_text: str) -> None:
    """Run a cell until it shows a text.

    A busy kernel may receive the typed text late.
    """
    for _ in range(5):
        run_cell(page, index)
        try:
            expect(cell_at(page, index)).to_contain_text(expected_text, timeout=3_000)
        except AssertionError:
            continue
        return
    expect(cell_at(page, index)).to_contain_text(expected_text)


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("typed", ["key by key", "pasted"])
def test_a_value_in_a_widget_reaches_the_kernel_but_no_file(kind: str, typed: str, lab: Lab, page: Page) -> None:
    """Kernel and field have the value; the saved widget state and checkpoint do not."""
    name, value = f"widget-{kind.replace(' ', '-')}-{typed[:3]}.ipynb".lower(), canary("widget")
    open_notebook(lab, page, name, protecting_cell(lab, value), FIELDS[kind], CHECK_FIELD)
    field = cell_at(page, 2).locator(".jp-OutputArea input, .jp-OutputArea textarea").first
    field.click()
    if typed == "pasted":
        page.keyboard.insert_text(value)
    else:
        page.keyboard.type(value, delay=20)
    page.keyboard.press("Tab")
    _run_until_output(page, 3, f"in the kernel: {len(value)} True False")
    expect(field).to_have_value(value)
    saved = save(lab, page, name)
    assert "application/vnd.jupyter.widget-state+json" in json.loads(saved)["metadata"]["widgets"], "widget state is saved"
    assert _files_with_canary(lab, name) == []


def test_a_mask_in_a_field_is_not_sent_back(lab: Lab, page: Page) -> None:
    """If text is typed after a mask, the kernel receives value and text."""
    name, value = "written-back.ipynb", canary("set")
    fill = "import ipywidgets\nfield = ipywidgets.Text()\nfield.value = value\nfield"
    check = "print('in the kernel:', field.value == value + 'XYZ', 'secret:' in field.value)"
    open_notebook(lab, page, name, protecting_cell(lab, value), fill, check, "0")
    field = cell_at(page, 2).locator(".jp-OutputArea input")
    expect(field).to_have_value("‹secret:gh.pat›")
    field.click()
    page.keyboard.press("End")
    page.keyboard.type("XYZ", delay=50)
    _run_until_output(page, 3, "in the kernel: True False")
    cell_at(page, 4).locator(".cm-content").fill("field.value = ''")
    # The field shows what the kernel sets, although the kernel sends no echo.
    run_cell(page, 4)
    expect(field).to_have_value("")
