"""Tests that digits of a protected value are masked in texts, but not in numbers."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.kernels import CellResult, Kernel

pytestmark = pytest.mark.one_python
PIN = 482913
MASK = "‹secret:door.pin›"
PROTECT_PIN = f"from zensecrets_jupyter.core.redaction import the_redactor\nassert the_redactor().protect('{PIN}', 'door.pin')"
FIGURE = f"""
import plotly.graph_objects as go
figure = go.Figure(go.Bar(x=['{PIN}', 'b', 'c'], y=[{PIN}, {PIN}.5, 3]), layout={{'height': {PIN}, 'title': 'PIN {PIN}'}})
"""
"""Code that creates a figure with the PIN as a number and in texts."""

_DOCUMENT = '<h1>PIN 482913</h1><script>draw([482913, 3], {"radius": 482913, "popup": "PIN 482913", "more": 482913.5});</script>'
_SCRIPT = """const docs = {"title":"PIN 482913","data":[["y",[482913,-482913,3]]]};
let n = 482913
draw(482913, '482913', `482913`) // 482913"""
_DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 482913 9">
<path d="M482913 1 L 2 482913" id="482913"/><text x="482913">482913</text></svg>"""
PROGRAMS: dict[str, tuple[str, str, int]] = {
    "JavaScript, as of bokeh": ("application/javascript", _SCRIPT, 4),
    "a document in a frame, as of folium": ("text/html", f'<iframe srcdoc="{html.escape(_DOCUMENT)}"></iframe><p>482913</p>', 3),
    "JSON in a string": ("text/html", """<script>draw(JSON.parse('{"y": [482913], "title": "PIN 482913"}'), 482913)</script>""", 2),
    "JSON with escapes": ("text/html", r"""<script>draw("{\"y\": [1, 482913], \"title\": \"[482913, 1]\"}");</script>""", 1),
    "SVG": ("image/svg+xml", _DRAWING, 4),
    "SVG in HTML": ("text/html", f'<p>482913</p>{_DRAWING}<p width="482913">', 4),
}
"""For each output with the PIN: the MIME type, the text, and a count.

The count is how often the PIN is a number for a program or a drawing, and not a text that a user reads.
"""


@pytest.fixture
def pin_kernel(kernel: Kernel) -> Kernel:
    """Return a kernel in which a value of six digits is protected."""
    assert kernel.run(PROTECT_PIN).ok
    return kernel


def _states(result: CellResult) -> list[dict[str, Any]]:
    """Return the states of the widgets that a cell created."""
    return [message["content"]["data"]["state"] for message in result.messages if message["msg_type"] == "comm_open"]


def test_the_numbers_of_a_figure_stay_numbers(pin_kernel: Kernel) -> None:
    """Plotly's JSON contains the numbers of the data, and masks in its texts."""
    result = pin_kernel.run(f"{FIGURE}from IPython.display import display\ndisplay(figure.to_plotly_json() and figure)")
    bundles = [message["content"]["data"] for message in result.messages if message["msg_type"] in {"display_data", "execute_result"}]
    figure = bundles[-1]["application/vnd.plotly.v1+json"]
    assert figure["data"][0]["y"] == [PIN, PIN + 0.5, 3]
    assert figure["data"][0]["x"] == [MASK, "b", "c"]
    assert figure["layout"]["height"] == PIN
    assert figure["layout"]["title"]["text"] == f"PIN {MASK}"


def test_the_numbers_in_the_script_of_a_figure_stay_numbers(pin_kernel: Kernel) -> None:
    """The script in Plotly's HTML contains the numbers of the data, and masked texts.

    The script is still valid.
    """
    result = pin_kernel.run(f"{FIGURE}from IPython.display import HTML\nHTML(figure.to_html(include_plotlyjs='cdn', full_html=False))")
    document = result.displayed_data("text/html")[0]
    call = re.search(r"Plotly\.newPlot\(\s*\"[^\"]+\",\s*(\[.*?\]),\s*(\{.*\}),\s*\{\"responsive\"", document, re.DOTALL)
    assert call is not None, document
    data, layout = json.loads(call[1]), json.loads(call[2])
    assert (data[0]["y"], data[0]["x"][0]) == ([PIN, PIN + 0.5, 3], MASK)
    assert (layout["height"], layout["title"]["text"]) == (PIN, f"PIN {MASK}")
    assert f"'PIN {PIN}'" not in document


def test_the_numbers_of_programs_stay_numbers(pin_kernel: Kernel) -> None:
    """In programs and drawings, numbers are unchanged and texts are masked.

    The result is the same if the program is displayed and if it is in the state of an ``Output`` widget.
    """
    for name, (mime, text, number_count) in PROGRAMS.items():
        result = pin_kernel.run(f"from IPython.display import display\ndisplay({{{mime!r}: {text!r}}}, raw=True)")
        masked_text = result.displayed_data(mime)[0]
        assert masked_text.count(str(PIN)) == number_count, (name, masked_text)
        assert masked_text.count(MASK) == text.count(str(PIN)) - number_count, (name, masked_text)
        assert masked_text.replace(MASK, str(PIN)) == text
        output_list = f"[{{'output_type': 'display_data', 'data': {{{mime!r}: {text!r}}}}}]"
        result = pin_kernel.run(f"import ipywidgets\nout = ipywidgets.Output(outputs={output_list})")
        outputs = [output for state in _states(result) for output in state.get("outputs", ())]
        assert [output["data"][mime] for output in outputs] == [masked_text], name


def test_the_numbers_of_widgets_stay_numbers(pin_kernel: Kernel) -> None:
    """Numbers stay numbers in the state of widgets, in its updates, and in custom messages."""
    code = f"slider = ipywidgets.IntSlider(value={PIN}, max={PIN * 2})\nfield = ipywidgets.IntText({PIN})\ntext = ipywidgets.Text('{PIN}')"
    states = _states(pin_kernel.run(f"import ipywidgets\n{code}"))
    values = [state["value"] for state in states if "value" in state]
    assert values == [PIN, PIN, MASK]
    assert [state["max"] for state in states if "max" in state] == [PIN * 2]
    result = pin_kernel.run(f"slider.value = 1\nslider.value = {PIN}\nslider.send({{'number': {PIN}, 'list': [{PIN}.0], 'text': '{PIN}'}})")
    comm_data = [message["content"]["data"] for message in result.messages if message["msg_type"] == "comm_msg"]
    # The messages of the guard's comm have no method.
    assert [data["state"]["value"] for data in comm_data if data.get("method") == "update"] == [1, PIN]
    contents = [data["content"] for data in comm_data if data.get("method") == "custom"]
    assert contents == [{"number": PIN, "list": [float(PIN)], "text": MASK}]


def test_numbers_in_json_stay_numbers(pin_kernel: Kernel) -> None:
    """Numbers and booleans in JSON are unchanged.

    A key of digits is a text, so it is masked.
    """
    result = pin_kernel.run(f"from IPython.display import JSON\nJSON({{'a': {PIN}, 'b': [{PIN}, True, None, 1e20], '{PIN}': 1}})")
    contents: list[Any] = [*result.displayed_data("application/json")]
    assert contents == [{"a": PIN, "b": [PIN, True, None, 1e20], MASK: 1}]


def test_a_failed_redaction_keeps_the_types(pin_kernel: Kernel) -> None:
    """If the redactor fails, numbers and texts are replaced by others of the same type.

    A number with many digits becomes 0 and a text becomes a notice, so the front end can still read the message.
    """
    break_redactor = "def broken(tree): raise ValueError\nthe_redactor().redact_tree = broken\n"
    result = pin_kernel.run(
        f"{break_redactor}from IPython.display import JSON, display\ndisplay(JSON({{'number': {PIN}, 'short': 12, 'text': 'x{PIN}'}}))"
    )
    data = [message["content"]["data"] for message in result.messages if message["msg_type"] == "display_data"]
    contents = [value for bundle in data for value in bundle.values() if isinstance(value, dict)]
    assert [sorted(type(value).__name__ for value in content.values()) for content in contents] == [["int", "int", "str"]]
    assert str(PIN) not in json.dumps(data)
