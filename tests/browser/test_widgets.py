"""Tests that values in text fields of widgets reach the kernel, but no notebook file."""

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
"""A cell that prints the length of the field's value, whether it is the protected value, and whether it contains a mask."""

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
"""Cells that display a widget with a text field, by the type of the widget. ``field`` is the widget."""


def protecting_cell(lab: Lab, value: str) -> str:
    """Return a cell that reads a value from a file and protects it as ``gh.pat``.

    The value is read from a file, so that the cell does not contain it. The cell contains only the last eight characters of the value, to
    find the file. It deletes the file, because other tests search the folder of the server for canaries.
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


def _notebook_files_with_canary(lab: Lab, name: str) -> list[str]:
    """Return the paths of the notebook and its checkpoint, if they contain a canary."""
    stem = name.removesuffix(".ipynb")
    return [str(file) for file in lab.folder.rglob(f"{stem}*.ipynb") if find_canary(file)]


def _run_until_output(page: Page, index: int, expected_text: str) -> None:
    """Run a cell repeatedly until its output contains a text.

    One run may not be enough, because a busy kernel may receive the text of a field only after the first run.
    """
    for _ in range(5):
        run_cell(page, index)
        try:
            expect(cell_at(page, index)).to_contain_text(expected_text, timeout=3_000)
        except AssertionError:
            continue
        return
    expect(cell_at(page, index)).to_contain_text(expected_text)


@pytest.mark.parametrize("widget", FIELDS)
@pytest.mark.parametrize("input_method", ["typed", "pasted"])
def test_a_value_in_a_widget_reaches_the_kernel_but_no_file(widget: str, input_method: str, lab: Lab, page: Page) -> None:
    """The kernel and the field contain the value. The notebook files do not.

    The files are the saved notebook, which contains the widget state, and its checkpoint.
    """
    name, value = f"widget-{widget.replace(' ', '-')}-{input_method}.ipynb".lower(), canary("widget")
    open_notebook(lab, page, name, protecting_cell(lab, value), FIELDS[widget], CHECK_FIELD)
    field = cell_at(page, 2).locator(".jp-OutputArea input, .jp-OutputArea textarea").first
    field.click()
    if input_method == "pasted":
        page.keyboard.insert_text(value)
    else:
        page.keyboard.type(value, delay=20)
    # A field without continuous update sends its text only when it loses the focus.
    page.keyboard.press("Tab")
    _run_until_output(page, 3, f"in the kernel: {len(value)} True False")
    expect(field).to_have_value(value)
    notebook = save(lab, page, name)
    assert "application/vnd.jupyter.widget-state+json" in json.loads(notebook)["metadata"]["widgets"], "widget state is saved"
    assert _notebook_files_with_canary(lab, name) == []


def test_a_mask_in_a_field_is_not_sent_back(lab: Lab, page: Page) -> None:
    """If text is typed after a mask in a field, the kernel gets value and text.

    It does not get the mask.
    """
    name, value = "mask-in-field.ipynb", canary("set")
    field_cell = "import ipywidgets\nfield = ipywidgets.Text()\nfield.value = value\nfield"
    check_cell = "print('in the kernel:', field.value == value + 'XYZ', 'secret:' in field.value)"
    open_notebook(lab, page, name, protecting_cell(lab, value), field_cell, check_cell, "0")
    field = cell_at(page, 2).locator(".jp-OutputArea input")
    expect(field).to_have_value("‹secret:gh.pat›")
    field.click()
    page.keyboard.press("End")
    page.keyboard.type("XYZ", delay=50)
    _run_until_output(page, 3, "in the kernel: True False")
    cell_at(page, 4).locator(".cm-content").fill("field.value = ''")
    # The guard prevents the kernel from sending typed text back to the field. But the field must still show a text that a cell sets.
    run_cell(page, 4)
    expect(field).to_have_value("")
