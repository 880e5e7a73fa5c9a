"""Exchange messages between the guard and the front ends of a kernel.

The messages are about the status of the guard, cells to repair, and outputs to redact. To repair a cell means to replace its source by one
without values. The messages contain these new sources, outputs, and numbers.

All front ends of a kernel share one comm. A front end that does not support the comm closes it, and then no front end can repair cells. A
front end that is opened or reloaded later finds the comm by its target name, and sends a hello message.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zensecrets_jupyter.contract.guard import CellOutput, GuardMessage, RepairMessage, StatusMessage

ANSWER_TIMEOUT = 5.0
"""Seconds without a running cell after which a repair without an answer fails.

A closed tab and a console do not answer.
"""

_MASK = re.compile("‹secret:[^‹›]+›")
"""Matches any mask, such as ``‹secret:openai.api_key›``."""


class PendingRepair(NamedTuple):
    """A cell that waits to be repaired.

    Attributes:
        parent: The message of the request that ran the cell.
        on_answer: The function to call with ``parent``, and with whether a front end repaired the cell.
    """

    parent: Mapping[str, Any]
    on_answer: Callable[[Mapping[str, Any], bool], None]


class FrontEndComm:
    """The comm of a kernel to its front ends."""

    def __init__(
        self,
        get_status: Callable[[], StatusMessage],
        has_front_end: Callable[[], bool],
        on_open: Callable[[], None],
        redact: Callable[[Any], Any],
    ) -> None:
        """Create a comm that is not open yet.

        Args:
            get_status: Function that returns the status of the guard.
            has_front_end: Function that returns whether the kernel has a front end.
            on_open: Function to call before the comm opens.
            redact: Function that returns an output without values; the same object if it contains none.
        """
        self._get_status = get_status
        self._has_front_end = has_front_end
        self._on_open = on_open
        self._redact = redact
        self._was_opened = False
        self._sent_status: StatusMessage | None = None
        self._comm: Any = None
        self._repairs: dict[str, PendingRepair] = {}
        self._offers: dict[str, tuple[RepairMessage, PendingRepair]] = {}
        self._last_cell_time = 0.0

    def open(self) -> None:
        """Open the comm once, if the kernel has a front end.

        A client that is no front end, such as nbclient, would log a warning about an unknown comm.
        """
        if self._was_opened or not self._has_front_end():
            return
        from comm import create_comm

        # The import takes 4 ms. At the top of the module it would slow down %load_ext in a terminal, which opens no comm.
        from zensecrets_jupyter.contract.guard import GUARD_TARGET

        self._was_opened = True
        self._on_open()
        self._sent_status = self._get_status()
        self._comm = create_comm(target_name=GUARD_TARGET, data=dict(self._sent_status))
        self._comm.on_msg(self._receive)
        self._comm.on_close(self._on_close)

    def close(self) -> None:
        """Close the comm, which tells the front ends that the guard is gone."""
        comm, self._comm = self._comm, None
        if comm is not None:
            comm.close()

    @property
    def can_repair(self) -> bool:
        """Whether there may be a front end that repairs cells."""
        return self._comm is not None

    def repair(self, cell_id: str, source: str, unchanged: Sequence[str], pending: PendingRepair) -> None:
        """Request that the front ends replace the source of a cell.

        Args:
            cell_id: The identifier of the cell.
            source: The new source.
            unchanged: The parts of the executed source around the values. A front end that did not run the cell does not know the executed
                source, and recognizes the cell by these parts.
            pending: The pending repair, whose function is called with the answer.
        """
        self._repairs[cell_id] = pending
        self._send({"kind": "repair", "cell_id": cell_id, "source": source, "unchanged": list(unchanged)})
        self._schedule_timeout()

    def offer(self, cell_id: str, source: str, names: list[str], pending: PendingRepair) -> None:
        """Request that a front end asks the user whether to replace the source of a cell.

        Args:
            cell_id: The identifier of the cell.
            source: The new source, with masks.
            names: The names of the masked values.
            pending: The pending repair, whose function is called if the user agrees.
        """
        unchanged = _MASK.split(source)
        repair_message: RepairMessage = {"kind": "repair", "cell_id": cell_id, "source": source, "unchanged": unchanged}
        self._offers[cell_id] = (repair_message, pending)
        self._send({"kind": "offer", "cell_id": cell_id, "source": source, "unchanged": unchanged, "names": names})

    def send_status(self) -> None:
        """Send the status of the guard after a cell, if the status has changed.

        The time of the call is the end of the cell, from which :meth:`_check_timeout` counts.
        """
        self._last_cell_time = time.monotonic()
        status = self._get_status()
        if status != self._sent_status:
            self._sent_status = status
            self._send(status)

    def _send(self, message: GuardMessage) -> None:
        if self._comm is not None:
            self._comm.send(dict(message))

    def _receive(self, comm_message: Mapping[str, Any]) -> None:
        from zensecrets_jupyter.contract.guard import read_message

        content = comm_message.get("content")
        message = read_message(content.get("data") if isinstance(content, dict) else None)
        if message is None:
            return
        if message["kind"] == "hello":
            self._sent_status = self._get_status()
            self._send(self._sent_status)
        elif message["kind"] == "outputs":
            self._redact_outputs(message["outputs"])
        else:
            self._receive_answer(message["cell_id"], is_repaired=message["is_repaired"])

    def _redact_outputs(self, outputs: list[CellOutput]) -> None:
        """Send back a redacted copy of each output that contains a value.

        The front end displayed these outputs before the values were protected.
        """
        pairs = [(output, self._redact(output["output"])) for output in outputs]
        changed: list[CellOutput] = [
            {"cell_id": output["cell_id"], "index": output["index"], "output": redacted}
            for output, redacted in pairs
            if redacted is not output["output"]
        ]
        if changed:
            self._send({"kind": "outputs", "outputs": changed})

    def _receive_answer(self, cell_id: str, *, is_repaired: bool) -> None:
        # All tabs of the kernel answer. A tab without the cell reports a failure, but another tab may still repair the cell. So a failure
        # is ignored, and the repair fails only after the timeout.
        if not is_repaired:
            return
        pending = self._repairs.pop(cell_id, None)
        if pending is None and cell_id in self._offers:
            message, pending = self._offers.pop(cell_id)
            # The user agreed in one tab. The other tabs repair their copy without another question.
            self._send(message)
        if pending is not None:
            pending.on_answer(pending.parent, True)

    def _on_close(self, _message: Mapping[str, Any]) -> None:
        self._comm = None
        self._fail_repairs()

    def _fail_repairs(self) -> None:
        repairs, self._repairs = self._repairs, {}
        for pending in repairs.values():
            pending.on_answer(pending.parent, False)

    def _schedule_timeout(self) -> None:
        try:
            asyncio.get_running_loop().call_later(ANSWER_TIMEOUT, self._check_timeout)
        except RuntimeError:
            # No event loop runs in this thread, so no front end has sent the cell and none will answer.
            self._fail_repairs()

    def _check_timeout(self) -> None:
        if time.monotonic() - self._last_cell_time < ANSWER_TIMEOUT:
            # A cell ended recently. While the kernel runs cells, the answers wait in its queue.
            self._schedule_timeout()
        else:
            self._fail_repairs()
