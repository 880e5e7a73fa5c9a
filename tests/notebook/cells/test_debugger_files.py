"""Tests of the files to which ipykernel's debugger writes cells.

The files contain no values, and keep the line numbers of the cells.
"""

from __future__ import annotations

import queue
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.kernels import TIMEOUT
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.kernels import Kernel

# These tests are slow and do not depend on the version of Python, so CI runs them with one version only.
pytestmark = pytest.mark.one_python


@pytest.fixture
def debugged_kernel(kernel: Kernel) -> Kernel:
    """Return a kernel whose debugger is started with the same requests that JupyterLab sends."""
    arguments = {"clientID": "test", "clientName": "test", "adapterID": "", "pathFormat": "path", "linesStartAt1": True}
    assert kernel.debug(_request("initialize", **arguments))["content"]["success"]
    assert kernel.debug(_request("attach"))["content"]["success"]
    return kernel


def _request(command: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "request", "command": command, "seq": 1, "arguments": arguments}


def _request_file(kernel: Kernel, code: str) -> Path:
    """Request the file of a cell as JupyterLab does, and return its path."""
    return Path(kernel.debug(_request("dumpCell", code=code))["content"]["body"]["sourcePath"])


def test_the_file_of_a_cell_contains_no_inline_secret(debugged_kernel: Kernel) -> None:
    """The file of a cell has no value, before and after the cell runs."""
    code = f"before = 1\n%secret register dumped --key={canary('dumped')}\nafter = 2"
    file = _request_file(debugged_kernel, code)
    assert file.read_text(encoding="utf-8") == "before = 1\n%secret register dumped --key\nafter = 2"
    debugged_kernel.run(code)
    assert find_canary(file.parent) == []


def test_a_masked_value_of_several_lines_keeps_the_line_numbers(debugged_kernel: Kernel) -> None:
    """A protected value of three lines becomes a mask and two empty lines."""
    value = f"{canary('first')}\n{canary('second')}\n{canary('third')}"
    debugged_kernel.run(f"from zensecrets_jupyter.core.redaction import the_redactor\nthe_redactor().protect({value!r}, 'pem.key')")
    code = f'a = 1\nb = """{value}"""\nc = 3'
    # The value has three lines, so `c = 3` is the fifth line.
    file_text = _request_file(debugged_kernel, code).read_text(encoding="utf-8")
    assert find_canary(file_text) == []
    assert file_text.split("\n")[4] == code.split("\n")[4] == "c = 3"


def test_a_value_that_is_protected_later_is_masked_in_the_file(debugged_kernel: Kernel) -> None:
    """If a cell protects a value, the file of an earlier cell is masked."""
    value = canary("later")
    code = f"token = '{value}'"
    file = _request_file(debugged_kernel, code)
    debugged_kernel.run(code)
    assert find_canary(file), "the value is not protected yet"
    debugged_kernel.run("from zensecrets_jupyter.core.redaction import the_redactor\nthe_redactor().protect(token, 'late.key')")
    assert file.read_text(encoding="utf-8") == "token = '‹secret:late.key›'"


def test_a_breakpoint_in_a_cleaned_cell_is_reached(debugged_kernel: Kernel) -> None:
    """The kernel stops at a breakpoint after a cleaned line, and continues.

    A cleaned line is a line from which the value was removed.
    """
    code = f"before = 1\n%secret register stop --key={canary('stop')}\nafter = 2"
    file = _request_file(debugged_kernel, code)
    reply = debugged_kernel.debug(_request("setBreakpoints", source={"path": str(file)}, breakpoints=[{"line": 3}], sourceModified=False))
    assert reply["content"]["body"]["breakpoints"][0]["verified"]
    assert debugged_kernel.debug(_request("configurationDone"))["content"]["success"]
    request = debugged_kernel.start(code)
    stop_event = _wait_for_event(debugged_kernel, "stopped")
    thread = stop_event["body"]["threadId"]
    frames = debugged_kernel.debug(_request("stackTrace", threadId=thread))["content"]["body"]["stackFrames"]
    assert (frames[0]["line"], frames[0]["source"]["path"]) == (3, str(file))
    debugged_kernel.debug(_request("continue", threadId=thread))
    assert debugged_kernel.reply(request)["status"] == "ok"


def _wait_for_event(kernel: Kernel, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        try:
            message = kernel.client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        if message["msg_type"] == "debug_event" and message["content"]["event"] == name:
            content: dict[str, Any] = message["content"]
            return content
    pytest.fail(f"The debugger did not send the event {name!r}.")
