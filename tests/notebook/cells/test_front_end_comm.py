"""Tests of the messages between the guard and the front ends of a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.notebook.cells.sample_cells import COMMAND_CELLS
from tests.notebook.cells.session_copies import find_leaks
from tests.support.kernels import running_kernel
from zensecrets_jupyter.contract.guard import GUARD_TARGET
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import CellResult, Kernel

pytestmark = pytest.mark.one_python


def comm_of(kernel: Kernel) -> str:
    """Return the identifier of the guard's comm."""
    comm_opens = [message["content"] for message in kernel.record if message["msg_type"] == "comm_open"]
    return next(str(content["comm_id"]) for content in comm_opens if content["target_name"] == GUARD_TARGET)


def test_the_comm_opens_with_the_first_interactive_cell(tmp_path: Path) -> None:
    """The comm opens once, with the first cell of a front end.

    A cell with ``allow_stdin=False`` is from a client that is no front end, such as nbclient. Here it loads the extension.
    """
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter", allow_stdin=False).ok
        results = [kernel.run("1", allow_stdin=is_interactive) for is_interactive in (False, True, True)]
    assert [[message["msg_type"] for message in result.messages].count("comm_open") for result in results] == [0, 1, 0]


def guard_messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the data of the guard's messages to the front ends, without its status messages."""
    contents = [message["content"]["data"] for message in messages if message["msg_type"] == "comm_msg"]
    return [data for data in contents if data["kind"] != "status"]


def run_inline_secret(kernel: Kernel) -> CellResult:
    """Run a notebook cell with an inline secret."""
    return kernel.run(f"%secret register x --key={canary('typed')}", in_notebook=True)


def test_a_front_end_receives_the_cleaned_source(kernel: Kernel, tmp_path: Path) -> None:
    """The front end receives the cleaned source.

    After the front end has answered, the next cell causes a confirmation, which appears below the repaired cell.
    """
    result = run_inline_secret(kernel)
    assert guard_messages(result.messages) == [
        {"kind": "repair", "cell_id": "of-a-notebook", "source": "%secret register x --key", "unchanged": ["%secret register x ", ""]}
    ]
    assert "Warning" not in result.error
    messages = kernel.read_messages(
        kernel.send_comm(comm_of(kernel), {"kind": "repaired", "cell_id": "of-a-notebook", "is_repaired": True})
    )
    assert not [message for message in messages if message["msg_type"] == "stream"]
    kernel.run("1")
    confirmation = next(message for message in reversed(kernel.record) if message["msg_type"] == "stream")
    assert confirmation["content"]["text"] == "✔ The value of x.key was removed from this cell and from the history.\n"
    assert confirmation["parent_header"]["msg_id"] == result.request_id
    assert find_leaks(kernel, tmp_path) == []


def test_every_cell_with_an_inline_secret_is_repaired(kernel: Kernel) -> None:
    """The front end receives the cleaned source of each kind of cell.

    Some of these cells have a syntax error, a failing command, or a shell command.
    """
    not_repaired = {}
    # test_history.py runs all cells of COMMAND_CELLS, so every third cell is enough here. The added cell is a syntax error.
    for cell in [*COMMAND_CELLS[::3], "if True: %secret register x --key=?"]:
        result = kernel.run(cell.replace("?", canary("command")), in_notebook=True)
        repairs = guard_messages(result.messages)
        if [repair["kind"] for repair in repairs] != ["repair"] or find_canary(repairs[0]["source"]):
            not_repaired[cell] = repairs
        kernel.read_messages(kernel.send_comm(comm_of(kernel), {"kind": "repaired", "cell_id": "of-a-notebook", "is_repaired": True}))
    assert not_repaired == {}


def test_a_closed_comm_causes_a_warning(kernel: Kernel) -> None:
    """If the comm is closed, a cell with an inline secret causes a warning at once."""
    kernel.close_comm(comm_of(kernel))
    result = run_inline_secret(kernel)
    assert "Warning: this cell still holds the value of x.key." in result.error
    assert "rotate the secret" in result.error
    assert guard_messages(result.messages) == []


def test_a_front_end_without_a_successful_answer_causes_a_warning(kernel: Kernel) -> None:
    """After the timeout, one warning appears below a cell that was not repaired.

    A front end does not repair a cell if, for example, its tab was closed or the cell was edited.
    """
    result = run_inline_secret(kernel)
    kernel.send_comm(comm_of(kernel), {"kind": "repaired", "cell_id": "of-a-notebook", "is_repaired": False})
    warning = kernel.read_late(result.request_id, "stream")
    assert warning["content"]["text"].startswith("Warning: this cell still holds the value of x.key.")
    # A late answer causes no second warning.
    kernel.send_comm(comm_of(kernel), {"kind": "repaired", "cell_id": "of-a-notebook", "is_repaired": True})
    assert kernel.run("1").error == ""


def test_the_status_is_sent_after_a_change_and_on_request(kernel: Kernel) -> None:
    """A status is sent after a change, and if a front end sends ``hello``.

    It says whether the guard is on, and contains the numbers of values and of masks, but no value.
    """
    comm = comm_of(kernel)

    def statuses(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [message["content"]["data"] for message in messages if message["msg_type"] == "comm_msg"]

    first_status = statuses(kernel.read_messages(kernel.send_comm(comm, {"kind": "hello"})))[-1]
    assert first_status.keys() == {"kind", "is_on", "value_count", "mask_count"}
    value = canary("known")
    assert statuses(kernel.run("1").messages) == []
    assert statuses(kernel.run(f"%secret register x --key={value}").messages)[-1]["value_count"] == first_status["value_count"] + 1
    assert statuses(kernel.run(f"print('{value}')").messages)[-1]["mask_count"] > first_status["mask_count"]
    assert statuses(kernel.run("%secret guard off").messages)[-1]["is_on"] is False
    # An invalid message of a front end does not stop the kernel.
    for invalid in ({}, {"kind": "repaired"}, {"kind": ["hello"]}, {"kind": "repaired", "cell_id": 1, "is_repaired": "yes"}):
        kernel.read_messages(kernel.send_comm(comm, invalid))
    assert kernel.run("1").ok


def test_unloading_removes_every_patch(kernel: Kernel) -> None:
    """Unloading restores the original methods, and closes the comm.

    The methods belong to the history manager, the logger and the kernel. The code prints the names of the patched methods, and the
    package's callbacks of IPython's events.
    """
    print_patches = (
        "_s = get_ipython(); print([sorted({'store_inputs', 'store_output', 'writeout_cache', 'log', 'log_write', '_publish_execute_input'}"
        " & set(vars(_t))) for _t in (_s.history_manager, _s.logger, _s.kernel)], [_c.__qualname__ for _e in ('pre_run_cell',"
        " 'post_run_cell') for _c in _s.events.callbacks[_e] if 'zensecrets' in _c.__module__])"
    )
    assert "store_inputs" in kernel.run(print_patches).stream("stdout")
    result = kernel.run("%unload_ext zensecrets_jupyter")
    assert [message["content"]["comm_id"] for message in result.messages if message["msg_type"] == "comm_close"] == [comm_of(kernel)]
    assert kernel.run(print_patches).stream("stdout").strip() == "[[], [], []] []"
    assert kernel.run("%load_ext zensecrets_jupyter").ok
