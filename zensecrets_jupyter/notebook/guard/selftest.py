"""Self-test: sends canaries through each channel of the session and checks the far end, a socket or the terminal."""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.secrets.selftest import NAME, Canary, look, plant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.front_end import ChannelResult
    from zensecrets_jupyter.notebook.guard.guard import Guard

_PATIENCE = 2.0
"""Seconds after which what a descriptor was given has arrived, or was lost."""

_MIMES = ("text/html", "text/markdown", "text/latex", "image/svg+xml", "application/javascript", "text/plain")


def probe(shell: InteractiveShell, guard: Guard) -> list[ChannelResult]:
    """Return the result of each channel of ``shell``. Nothing is shown or kept."""
    canaries = plant()
    for canary in canaries.values():
        guard.redactor.protect(canary.value, NAME)
    try:
        if guard.session is not None:
            channels = _kernel_channels(shell)
            return [_tried_in_kernel(shell, guard, name, use, canaries) for name, use in channels.items()] + _own_output(guard, canaries)
        if guard.descriptors:
            return [_tried_in_terminal(guard, name, use, canaries) for name, use in _terminal_channels(shell).items()]
        return []
    finally:
        guard.redactor.forget(NAME)


def _tried_in_kernel(shell: Any, guard: Guard, name: str, use: Callable[[str], None], canaries: Mapping[str, Canary]) -> ChannelResult:
    identity = f"selftest-{secrets.token_hex(8)}"
    session = guard.session
    assert session is not None  # noqa: S101 - asked for before
    # Before ipykernel 7 a thread writes under the request of the cell, whatever else the streams were told.
    cell = str(_header(shell.parent_header).get("msg_id", ""))
    identities = {identity, cell} if hasattr(sys.stdout, "_thread_to_parent_header") else {identity}
    with session.catching(identities) as caught, _under(shell, identity), _without_own_output(guard):
        for canary in canaries.values():
            use(canary.text)
        sys.stderr.flush()
        # What comes after everything else, on both ways into a stream.
        end = f"end of {identity}"
        # Its last letter alone might wait, as the beginning of a value.
        last = f"{end} is here."
        print(last, flush=True)  # noqa: T201 - it is caught
        ends = 1
        if getattr(sys.stdout, "_should_watch", False):
            _write(1, last)
            ends = 2
        until = time.monotonic() + _PATIENCE
        while sum(text.count(end) for text in caught.copy()) < ends and time.monotonic() < until:
            sys.stdout.flush()
            time.sleep(0.01)
    return look(name, canaries, "\n".join([*caught, "".join(caught)]))


@contextmanager
def _without_own_output(guard: Guard) -> Iterator[None]:
    for descriptors in guard.descriptors:
        descriptors.catch()
    try:
        yield
    finally:
        for descriptors in guard.descriptors:
            descriptors.let_go()


@contextmanager
def _under(shell: Any, identity: str) -> Iterator[None]:
    """Attribute output to a request that no front end has made."""
    before, last, outputs = shell.parent_header, getattr(shell, "_last_traceback", None), _kept_outputs(shell)
    shell.set_parent({"header": {**_header(before), "msg_id": identity}})
    try:
        yield
    finally:
        shell.set_parent({"header": _header(before)})
        shell._last_traceback = last  # noqa: SLF001 - the reply to the cell would tell of an error
        _forget_outputs(shell, outputs)


def _header(parent: Any) -> dict[str, Any]:
    header = parent.get("header", parent)
    return dict(header) if isinstance(header, dict) else {}


def _kept_outputs(shell: Any) -> dict[int, list[tuple[Any, int]]]:
    """Return the outputs of each cell that IPython 9 keeps, and how many pieces each has if it is a stream."""
    outputs = getattr(shell.history_manager, "outputs", {})
    return {count: [(one, len(one.bundle.get("stream", ()))) for one in kept] for count, kept in outputs.items()}


def _forget_outputs(shell: Any, before: dict[int, list[tuple[Any, int]]]) -> None:
    """Leave of the outputs that IPython keeps those of ``before``."""
    outputs = getattr(shell.history_manager, "outputs", {})
    for count in list(outputs):
        # IPython takes a cell without any output for one that it has not seen.
        if not before.get(count):
            del outputs[count]
            continue
        outputs[count][:] = [one for one, _ in before[count]]
        for one, length in before[count]:
            del one.bundle.get("stream", [])[length:]


def _kernel_channels(shell: Any) -> dict[str, Callable[[str], None]]:
    kernel = shell.kernel
    session = kernel.session

    def reply(kind: str, content: Callable[[str], dict[str, Any]]) -> Callable[[str], None]:
        return lambda text: session.send(kernel.iopub_socket, kind, content(text))

    def display(text: str) -> None:
        shell.display_pub.publish(dict.fromkeys(_MIMES, f"<b>{text}</b>"))

    def result(text: str) -> None:
        hook = shell.displayhook
        hook.start_displayhook()
        hook.write_format_data({"text/plain": text}, {})
        hook.finish_displayhook()

    return {
        **_python_channels(),
        "a result": result,
        "a display": display,
        "a display of JSON": lambda text: shell.display_pub.publish({"application/json": {"key": [text]}}),
        "the metadata of a display": lambda text: shell.display_pub.publish({"text/plain": ""}, {"note": text}),
        "an updated display": lambda text: shell.display_pub.publish({"text/html": text}, transient={"display_id": NAME}, update=True),
        "a traceback": lambda text: shell._showtraceback(ValueError, ValueError(text), ["Traceback", text]),  # noqa: SLF001 - its end
        "a reply to a cell": reply("execute_reply", lambda text: {"user_expressions": {"x": {"data": {"text/plain": text}}}}),
        "a pager or the next cell": reply("execute_reply", lambda text: {"payload": [{"source": "page", "data": {"text/plain": text}}]}),
        "an inspection": reply("inspect_reply", lambda text: {"found": True, "data": {"text/plain": text}}),
        "a completion": reply("complete_reply", lambda text: {"matches": [text]}),
        "history": reply("history_reply", lambda text: {"history": [[1, 1, text]]}),
        "a prompt": reply("input_request", lambda text: {"prompt": text, "password": True}),
        "the debugger": reply("debug_reply", lambda text: {"body": {"variables": [{"name": "x", "value": text}]}}),
        "a widget's message": reply("comm_msg", lambda text: {"comm_id": NAME, "data": {"state": {"value": text}}}),
        "a widget's buffer": lambda text: session.send(
            kernel.iopub_socket, "comm_msg", {"comm_id": NAME, "data": {}}, buffers=[text.encode("utf-8", "surrogatepass")]
        ),
    }


def _terminal_channels(shell: Any) -> dict[str, Callable[[str], None]]:
    def traceback(text: str) -> None:
        shell._showtraceback(ValueError, ValueError(text), ["Traceback", text])  # noqa: SLF001 - what prints every traceback

    return {
        **_python_channels(),
        "a result": lambda text: shell.displayhook.write_format_data({"text/plain": text}),
        "a display": lambda text: shell.display_pub.publish({"text/plain": text}),
        "a traceback": traceback,
    }


def _python_channels() -> dict[str, Callable[[str], None]]:
    def in_thread(text: str) -> None:
        thread = threading.Thread(target=print, args=(text,))
        thread.start()
        thread.join()

    def in_two(text: str) -> None:
        print(text[: len(text) // 2], end="", flush=True)  # noqa: T201 - a channel
        print(text[len(text) // 2 :])  # noqa: T201 - printing is the channel that is tested

    def warn(text: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(text, stacklevel=1)

    def log(text: str) -> None:
        logger = logging.Logger(NAME)  # noqa: LOG001 - a logger that no other one knows of
        logger.addHandler(logging.StreamHandler(sys.stderr))
        logger.warning("it is %s", text)

    channels: dict[str, Callable[[str], None]] = {
        "print": print,
        "print, split in two": in_two,
        "stderr": lambda text: print(text, file=sys.stderr),  # noqa: T201 - a channel
        "a log": log,
        "warnings": warn,
        "a thread": in_thread,
    }
    if os.name == "posix":
        channels["a file descriptor"] = partial(_write, 1)
        channels["a program"] = _run
    return channels


def _write(number: int, text: str) -> None:
    os.write(number, text.encode("utf-8", "surrogatepass") + b"\n")


def _run(text: str) -> None:
    # Not as an argument: those are in the list of processes.
    subprocess.run(["/bin/cat"], input=text.encode("utf-8", "surrogatepass") + b"\n", check=False)


def _own_output(guard: Guard, canaries: Mapping[str, Canary]) -> list[ChannelResult]:
    """Return the text that reaches the kernel process's own output, such as a server's log."""
    numbers = [descriptors.numbers[0] for descriptors in guard.descriptors[:1]]
    return [_tried_in_terminal(guard, "the kernel's own output", partial(_write, number), canaries) for number in numbers]


def _tried_in_terminal(guard: Guard, name: str, use: Callable[[str], None], canaries: Mapping[str, Canary]) -> ChannelResult:
    flush = [stream.flush for stream in (sys.stdout, sys.stderr)]
    for one in flush:
        one()
    caught = [descriptors.catch() for descriptors in guard.descriptors]
    try:
        for canary in canaries.values():
            use(canary.text)
        for one in flush:
            one()
    finally:
        for descriptors in guard.descriptors:
            descriptors.let_go()
    return look(name, canaries, "\n".join(b"".join(pieces).decode("utf-8", "replace") for pieces in caught))
