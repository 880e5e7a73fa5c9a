"""The front ends of a kernel, as far as they can take something out of a cell and show how the guard does.

They hear it through one comm: the sources of cells without values, and numbers. A front end that does not know the comm closes it, and then
none can help; one that was opened later, or reloaded, finds the comm by its target and says hello.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.contract.guard import GUARD_TARGET, read_message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zensecrets_jupyter.contract.guard import CellOutput, GuardMessage, RepairMessage, StatusMessage

PATIENCE = 5.0
"""Seconds without a cell running after which a front end that has not answered will not: a tab that was closed, a console."""


_MASK = re.compile("‹secret:[^‹›]+›")


class Request(NamedTuple):
    """A cell that is to be repaired: the request that ran it, and what is called when it is known whether it was repaired."""

    parent: Mapping[str, Any]
    then: Callable[[Mapping[str, Any], bool], None]


class FrontEnds:
    """What a kernel tells its front ends about the guard, and what they answer."""

    def __init__(
        self,
        status: Callable[[], StatusMessage],
        is_there: Callable[[], bool],
        begin: Callable[[], None],
        mask: Callable[[Any], Any],
    ) -> None:
        """Tell them what ``status`` returns, from the first cell on at which ``is_there`` says that somebody has a front end.

        ``begin`` is called first. ``mask`` returns an output without values, or the same object if there is none in it.
        """
        self._begin = begin
        self._mask = mask
        self._status = status
        self._is_there = is_there
        self._has_begun = False
        self._told: StatusMessage | None = None
        self._comm: Any = None
        self._waiting: dict[str, Request] = {}
        self._offered: dict[str, tuple[RepairMessage, Request]] = {}
        self._last_cell = 0.0

    def open(self) -> None:
        """Begin to talk, once and where somebody is there: what runs notebooks by itself warns of each comm that it does not know."""
        if self._has_begun or not self._is_there():
            return
        from comm import create_comm

        self._has_begun = True
        self._begin()
        self._told = self._status()
        self._comm = create_comm(target_name=GUARD_TARGET, data=dict(self._told))
        self._comm.on_msg(self._hear)
        self._comm.on_close(self._lose)

    def close(self) -> None:
        """Say that the guard is gone."""
        comm, self._comm = self._comm, None
        if comm is not None:
            comm.close()

    @property
    def can_repair(self) -> bool:
        """Whether there may be a front end that repairs cells."""
        return self._comm is not None

    def repair(self, cell: str, source: str, kept: Sequence[str], request: Request) -> None:
        """Have ``source`` put in the place of what was run of a cell, and ``request.then`` called once it is known whether it was.

        ``kept`` are the parts of what was run around the values: a front end that did not run the cell recognises it by them.
        """
        self._waiting[cell] = request
        self._send({"kind": "repair", "cell_id": cell, "source": source, "kept": list(kept)})
        self._look_later()

    def offer(self, cell: str, source: str, names: list[str], request: Request) -> None:
        """Have a person asked whether ``source`` is to be put there; ``request.then`` is called if they agree."""
        kept = _MASK.split(source)
        self._offered[cell] = ({"kind": "repair", "cell_id": cell, "source": source, "kept": kept}, request)
        self._send({"kind": "offer", "cell_id": cell, "source": source, "kept": kept, "names": names})

    def tell(self) -> None:
        """Tell the front ends how the guard does, if that has changed."""
        self._last_cell = time.monotonic()
        status = self._status()
        if status != self._told:
            self._told = status
            self._send(status)

    def _send(self, data: GuardMessage) -> None:
        if self._comm is not None:
            self._comm.send(dict(data))

    def _hear(self, message: Mapping[str, Any]) -> None:
        content = message.get("content")
        data = read_message(content.get("data") if isinstance(content, dict) else None)
        if data is None:
            return
        if data["kind"] == "hello":
            self._told = self._status()
            self._send(self._told)
        elif data["kind"] == "outputs":
            self._mask_outputs(data["outputs"])
        else:
            self._answered(data["cell_id"], done=data["done"])

    def _mask_outputs(self, outputs: list[CellOutput]) -> None:
        """Send back the outputs that contain a value, masked: they were displayed before the guard knew the value."""
        masked = [(one, self._mask(one["output"])) for one in outputs]
        found: list[CellOutput] = [
            {"cell_id": one["cell_id"], "index": one["index"], "output": output} for one, output in masked if output is not one["output"]
        ]
        if found:
            self._send({"kind": "outputs", "outputs": found})

    def _answered(self, cell: str, *, done: bool) -> None:
        # Of several tabs the one that ran the cell repairs it, so a "no" is no answer until all had their time.
        if not done:
            return
        request = self._waiting.pop(cell, None)
        if request is None and cell in self._offered:
            message, request = self._offered.pop(cell)
            # Nobody has to agree in every tab.
            self._send(message)
        if request is not None:
            request.then(request.parent, True)

    def _lose(self, _message: Mapping[str, Any]) -> None:
        self._comm = None
        self._give_up()

    def _give_up(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for request in waiting.values():
            request.then(request.parent, False)

    def _look_later(self) -> None:
        try:
            asyncio.get_running_loop().call_later(PATIENCE, self._look)
        except RuntimeError:
            # A cell that runs outside of the kernel's loop has no front end that waits for it.
            self._give_up()

    def _look(self) -> None:
        if time.monotonic() - self._last_cell < PATIENCE:
            # While cells run one after the other, answers stand behind them in the queue.
            self._look_later()
        else:
            self._give_up()
