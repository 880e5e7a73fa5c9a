"""Tests of the messages of widgets.

A kernel sends the state that it gets from one front end to all front ends, as an echo. No echo contains a mask. If the kernel gets a mask
from a front end, the guard replaces the mask by the value.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from tests.support.kernels import Kernel

MASK = "‹secret:gh.pat›"
MASKED_PREFIX_LENGTH = 30
"""The length from which a prefix of the value is masked in outputs."""


@pytest.fixture
def value(kernel: Kernel) -> str:
    """Return a value that is protected in the kernel."""
    value = canary("widget")
    assert kernel.run(f"from zensecrets_jupyter.core.redaction import the_redactor\nthe_redactor().protect({value!r}, 'gh.pat')").ok
    return value


def _widget(kernel: Kernel, code: str) -> str:
    """Run a cell that ends with a widget, and return its comm's identifier."""
    result = kernel.run(f"import ipywidgets\n{code}")
    assert result.ok, result.error
    message = next(message for message in result.messages if message["msg_type"] == "execute_result")
    return str(message["content"]["data"]["application/vnd.jupyter.widget-view+json"]["model_id"])


def _send_state(kernel: Kernel, comm: str, **state: Any) -> list[dict[str, Any]]:
    """Send state as a front end does, and return the kernel's comm messages."""
    messages = kernel.read_messages(kernel.send_comm(comm, {"method": "update", "state": state, "buffer_paths": []}))
    return [message["content"]["data"] for message in messages if message["msg_type"] == "comm_msg"]


def test_no_echo_of_typed_text_is_masked(kernel: Kernel, value: str) -> None:
    """While a user types the value, no echo contains a mask or a long prefix.

    The kernel still receives the typed text.
    """
    comm = _widget(kernel, "field = ipywidgets.Text()\nfield")
    for end in range(1, len(value) + 1):
        echoes = json.dumps(_send_state(kernel, comm, value=value[:end], placeholder="typed"))
        assert "secret:" not in echoes
        assert end < MASKED_PREFIX_LENGTH or value[:end] not in echoes
        assert "typed" in echoes, "other state is echoed"
    assert kernel.run(f"field.value == {value!r}").displayed_data() == ["True"]


def test_a_list_with_a_value_is_received(kernel: Kernel, value: str) -> None:
    """The kernel receives a list with a value, and the echo omits the list."""
    comm = _widget(kernel, "field = ipywidgets.TagsInput(allowed_tags=[], allow_duplicates=False)\nfield")
    echoes = _send_state(kernel, comm, value=["one", value])
    assert [data["state"] for data in echoes if data["method"] == "echo_update"] == [{}]
    assert kernel.run(f"list(field.value) == ['one', {value!r}]").displayed_data() == ["True"]


@pytest.mark.parametrize(
    ("kernel_text", "field_text", "expected"),
    [
        ("{value}", f"{MASK} more", "{value} more"),
        ("{value} and {encoded}", f"x {MASK} and {MASK}", "x {value} and {encoded}"),
        ("{value}", f"{MASK}{MASK}", "{value}{value}"),
        ("nothing", f"{MASK}", MASK),
    ],
)
def test_a_received_mask_becomes_its_value(kernel: Kernel, value: str, kernel_text: str, field_text: str, expected: str) -> None:
    """A mask in the text from the front end becomes the text that it replaced.

    The kernel sets the field to ``kernel_text``, whose masked text the front end gets. The front end then sends ``field_text``. If
    ``kernel_text`` contains no value, a mask in ``field_text`` is unchanged.
    """
    texts = {"value": value, "encoded": value.encode().hex()}
    comm = _widget(kernel, f"field = ipywidgets.Text()\nfield.value = {kernel_text.format(**texts)!r}\nfield")
    _send_state(kernel, comm, value=field_text)
    assert kernel.run(f"field.value == {expected.format(**texts)!r}").displayed_data() == ["True"]
