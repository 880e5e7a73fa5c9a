"""What ipykernel's debugger writes of cells to files: no value, and every line where it was, so that breakpoints hold."""

from __future__ import annotations

import queue
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.kernels import SECONDS
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.kernels import Kernel

pytestmark = pytest.mark.once


@pytest.fixture
def debugged(kernel: Kernel) -> Kernel:
    """Return a kernel whose debugger a front end has started, as JupyterLab does."""
    arguments = {"clientID": "test", "clientName": "test", "adapterID": "", "pathFormat": "path", "linesStartAt1": True}
    assert kernel.debug(_request("initialize", **arguments))["content"]["success"]
    assert kernel.debug(_request("attach"))["content"]["success"]
    return kernel


def _request(command: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "request", "command": command, "seq": 1, "arguments": arguments}


def _dump(kernel: Kernel, code: str) -> Path:
    return Path(kernel.debug(_request("dumpCell", code=code))["content"]["body"]["sourcePath"])


def test_a_dumped_cell_holds_no_inline_secret(debugged: Kernel) -> None:
    """The file has the line without the value, before the cell runs and after."""
    code = f"before = 1\n%secret register dumped --key={canary('dumped')}\nafter = 2"
    file = _dump(debugged, code)
    assert file.read_text(encoding="utf-8") == "before = 1\n%secret register dumped --key\nafter = 2"
    debugged.run(code)
    assert find_canary(file.parent) == []


def test_a_value_of_several_lines_leaves_the_others_where_they_are(debugged: Kernel) -> None:
    """A known value of three lines becomes a mask and two empty lines."""
    value = f"{canary('first')}\n{canary('second')}\n{canary('third')}"
    debugged.run(f"from zensecrets_jupyter.core.redaction import the_redactor\nthe_redactor().protect({value!r}, 'pem.key')")
    code = f'a = 1\nb = """{value}"""\nc = 3'
    written = _dump(debugged, code).read_text(encoding="utf-8")
    assert find_canary(written) == []
    assert written.split("\n")[4] == code.split("\n")[4] == "c = 3"


def test_a_value_that_becomes_known_later_is_masked_in_what_was_dumped(debugged: Kernel) -> None:
    """Once a cell has made the value known, the file of an earlier cell holds it no more."""
    value = canary("later")
    code = f"token = '{value}'"
    file = _dump(debugged, code)
    debugged.run(code)
    assert find_canary(file), "nothing knew it"
    debugged.run("from zensecrets_jupyter.core.redaction import the_redactor\nthe_redactor().protect(token, 'late.key')")
    assert file.read_text(encoding="utf-8") == "token = '‹secret:late.key›'"


def test_a_breakpoint_in_a_cleaned_cell_is_reached(debugged: Kernel) -> None:
    """The kernel stops in the third line of a cell whose second line held a value, and goes on."""
    code = f"before = 1\n%secret register stop --key={canary('stop')}\nafter = 2"
    file = _dump(debugged, code)
    found = debugged.debug(_request("setBreakpoints", source={"path": str(file)}, breakpoints=[{"line": 3}], sourceModified=False))
    assert found["content"]["body"]["breakpoints"][0]["verified"]
    assert debugged.debug(_request("configurationDone"))["content"]["success"]
    identity = debugged.start(code)
    stopped = _event(debugged, "stopped")
    thread = stopped["body"]["threadId"]
    frames = debugged.debug(_request("stackTrace", threadId=thread))["content"]["body"]["stackFrames"]
    assert (frames[0]["line"], frames[0]["source"]["path"]) == (3, str(file))
    debugged.debug(_request("continue", threadId=thread))
    assert debugged.reply(identity)["status"] == "ok"


def _event(kernel: Kernel, name: str) -> dict[str, Any]:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            message = kernel.client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        if message["msg_type"] == "debug_event" and message["content"]["event"] == name:
            content: dict[str, Any] = message["content"]
            return content
    pytest.fail(f"The debugger did not say {name}.")
