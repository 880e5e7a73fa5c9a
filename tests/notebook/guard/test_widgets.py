"""Widget messages of a real kernel: what a front end wrote is not echoed masked, and a mask that it sends back is the value again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from tests.support.kernels import Kernel

MASK = "‹secret:gh.pat›"
LONG = 30
"""Characters of a prefix that is masked in outputs."""


@pytest.fixture
def value(kernel: Kernel) -> str:
    """Return a value that the kernel knows."""
    value = canary("widget")
    assert kernel.run(f"from zensecrets_jupyter.core.redaction import the_redactor\nthe_redactor().protect({value!r}, 'gh.pat')").ok
    return value


def _widget(kernel: Kernel, code: str) -> str:
    """Run a cell whose last line is a widget, and return the identity of its comm."""
    ran = kernel.run(f"import ipywidgets\n{code}")
    assert ran.ok, ran.error
    result = next(message for message in ran.messages if message["msg_type"] == "execute_result")
    return str(result["content"]["data"]["application/vnd.jupyter.widget-view+json"]["model_id"])


def _write(kernel: Kernel, comm: str, **state: Any) -> list[dict[str, Any]]:
    """Write state as a front end does, and return what the kernel publishes over comms meanwhile."""
    messages = kernel.read_messages(kernel.send_comm(comm, {"method": "update", "state": state, "buffer_paths": []}))
    return [message["content"]["data"] for message in messages if message["msg_type"] == "comm_msg"]


def test_every_prefix_arrives_and_no_mask_comes_back(kernel: Kernel, value: str) -> None:
    """Typed key by key, each text is in the kernel as it was typed; nothing of the echoes is masked, and none holds the value."""
    comm = _widget(kernel, "field = ipywidgets.Text()\nfield")
    for end in range(1, len(value) + 1):
        sent = json.dumps(_write(kernel, comm, value=value[:end], placeholder="typed"))
        assert "secret:" not in sent
        assert end < LONG or value[:end] not in sent
        assert "typed" in sent, "the rest is echoed"
    assert kernel.run(f"field.value == {value!r}").shown() == ["True"]


def test_a_list_of_texts_arrives_whole(kernel: Kernel, value: str) -> None:
    """An item of a list that is a value reaches the kernel, and the echo leaves the list out."""
    comm = _widget(kernel, "field = ipywidgets.TagsInput(allowed_tags=[], allow_duplicates=False)\nfield")
    sent = _write(kernel, comm, value=["one", value])
    assert [data["state"] for data in sent if data["method"] == "echo_update"] == [{}]
    assert kernel.run(f"list(field.value) == ['one', {value!r}]").shown() == ["True"]


@pytest.mark.parametrize(
    ("shown", "written", "expected"),
    [
        ("{value}", f"{MASK} more", "{value} more"),
        ("{value} and {encoded}", f"x {MASK} and {MASK}", "x {value} and {encoded}"),
        ("{value}", f"{MASK}{MASK}", "{value}{value}"),
        ("nothing", f"{MASK}", MASK),
    ],
)
def test_a_mask_that_was_shown_is_written_back_as_the_value(kernel: Kernel, value: str, shown: str, written: str, expected: str) -> None:
    """The kernel gets what each mask stood for in that field; a mask that it never sent there is a text like any other."""
    texts = {"value": value, "encoded": value.encode().hex()}
    comm = _widget(kernel, f"field = ipywidgets.Text()\nfield.value = {shown.format(**texts)!r}\nfield")
    _write(kernel, comm, value=written)
    assert kernel.run(f"field.value == {expected.format(**texts)!r}").shown() == ["True"]
