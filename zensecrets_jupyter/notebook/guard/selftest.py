"""Self-test of the guard: writes canaries to each output, and checks the text that would be shown.

A canary is a random value that is protected during the test. If a canary is shown, the output leaks.
"""

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

from zensecrets_jupyter.commands.secrets.selftest import NAME, Canary, check_output, make_canaries
from zensecrets_jupyter.notebook.guard.messages.session import SessionChannel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.front_end import ChannelResult
    from zensecrets_jupyter.core.redaction import Redactor
    from zensecrets_jupyter.notebook.guard.descriptors import DescriptorChannel
    from zensecrets_jupyter.notebook.guard.guard import Channel

_TIMEOUT = 2.0
"""Seconds after which missing output counts as lost."""

_MIMES = ("text/html", "text/markdown", "text/latex", "image/svg+xml", "application/javascript", "text/plain")
"""The formats of a tested display."""


def run(shell: InteractiveShell, redactor: Redactor, channels: Sequence[Channel]) -> list[ChannelResult]:
    """Write canaries to each output of a shell, and return the results.

    No output is shown or stored.

    Args:
        shell: The shell to test.
        redactor: The redactor of the guard.
        channels: The installed channels.
    """
    canaries = make_canaries()
    for canary in canaries.values():
        redactor.protect(canary.value, NAME)
    session = next((channel for channel in channels if isinstance(channel, SessionChannel)), None)
    descriptor_channels = _descriptor_channels(channels)
    try:
        if session is not None:
            outputs = _kernel_outputs(shell)
            results = [_probe_messages(shell, session, descriptor_channels, name, write, canaries) for name, write in outputs.items()]
            return results + _probe_own_output(descriptor_channels, canaries)
        if descriptor_channels:
            return [_probe_descriptors(descriptor_channels, name, write, canaries) for name, write in _terminal_outputs(shell).items()]
        return []
    finally:
        redactor.forget(NAME)


def _descriptor_channels(channels: Sequence[Channel]) -> list[DescriptorChannel]:
    if os.name != "posix":
        return []
    from zensecrets_jupyter.notebook.guard.descriptors import DescriptorChannel

    return [channel for channel in channels if isinstance(channel, DescriptorChannel)]


def _probe_messages(  # noqa: PLR0913, PLR0917 - a probe needs the shell, its channels, and one output
    shell: Any,
    session: SessionChannel,
    descriptor_channels: Sequence[DescriptorChannel],
    name: str,
    write: Callable[[str], None],
    canaries: Mapping[str, Canary],
) -> ChannelResult:
    """Write the canaries to one output of a kernel, and check the messages that would be sent.

    Args:
        shell: The kernel's shell.
        session: The channel that redacts the messages of the kernel.
        descriptor_channels: The channels of the kernel process's own stdout and stderr.
        name: The name of the output in the result.
        write: Writes a text to the output.
        canaries: The canaries.
    """
    identity = f"selftest-{secrets.token_hex(8)}"
    # Before ipykernel 7, streams have the attribute `_thread_to_parent_header`, and the output of a new thread belongs to the request of
    # the running cell, not to the request that `_request` sets. Therefore messages of both requests are captured.
    cell = str(_header(shell.parent_header).get("msg_id", ""))
    identities = {identity, cell} if hasattr(sys.stdout, "_thread_to_parent_header") else {identity}
    with session.capture(identities) as captured_texts, _request(shell, identity), _suppress_own_output(descriptor_channels):
        for canary in canaries.values():
            write(canary.text)
        sys.stderr.flush()
        # Output arrives by `print`, and also by descriptor 1 if the kernel reads that descriptor (`_should_watch`). An end text is
        # written on each of these paths, because all canaries have arrived when all end texts have.
        end_text = f"end of {identity}"
        # The redactor may hold back the last letters as the beginning of a value, so more text follows.
        end_line = f"{end_text} is here."
        print(end_line, flush=True)  # noqa: T201 - the output is captured
        path_count = 1
        if getattr(sys.stdout, "_should_watch", False):
            _write_to_descriptor(1, end_line)
            path_count = 2
        deadline = time.monotonic() + _TIMEOUT
        # The list is copied, because another thread may add texts.
        while sum(text.count(end_text) for text in captured_texts.copy()) < path_count and time.monotonic() < deadline:
            sys.stdout.flush()
            time.sleep(0.01)
    # The texts are checked one by one and joined, because a canary may be divided between two messages.
    return check_output(name, canaries, "\n".join([*captured_texts, "".join(captured_texts)]))


@contextmanager
def _suppress_own_output(descriptor_channels: Sequence[DescriptorChannel]) -> Iterator[None]:
    """Discard the output of a block to the kernel process's own stdout and stderr, such as the log of the server."""
    for channel in descriptor_channels:
        channel.start_capture()
    try:
        yield
    finally:
        for channel in descriptor_channels:
            channel.stop_capture()


@contextmanager
def _request(shell: Any, identity: str) -> Iterator[None]:
    """Assign the output of a block to a request that no front end has sent, so that no front end shows it."""
    parent, last_traceback, outputs = shell.parent_header, getattr(shell, "_last_traceback", None), _stored_outputs(shell)
    shell.set_parent({"header": {**_header(parent), "msg_id": identity}})
    try:
        yield
    finally:
        shell.set_parent({"header": _header(parent)})
        shell._last_traceback = last_traceback  # noqa: SLF001 - without this, the reply to the cell would report an error
        _forget_outputs(shell, outputs)


def _header(parent: Any) -> dict[str, Any]:
    """Return the header of a request, given the request or only its header."""
    header = parent.get("header", parent)
    return dict(header) if isinstance(header, dict) else {}


def _stored_outputs(shell: Any) -> dict[int, list[tuple[Any, int]]]:
    """Return the outputs that IPython 9 stores by cell number, each with the number of its stream texts."""
    outputs = getattr(shell.history_manager, "outputs", {})
    return {cell: [(output, len(output.bundle.get("stream", ()))) for output in stored] for cell, stored in outputs.items()}


def _forget_outputs(shell: Any, before: dict[int, list[tuple[Any, int]]]) -> None:
    """Remove the outputs that IPython has stored since ``before``."""
    outputs = getattr(shell.history_manager, "outputs", {})
    for cell in list(outputs):
        # The cell had no output before. IPython has no entry for a cell without output, so the new entry is deleted.
        if not before.get(cell):
            del outputs[cell]
            continue
        outputs[cell][:] = [output for output, _ in before[cell]]
        # IPython may have appended texts to an earlier output of a stream.
        for output, length in before[cell]:
            del output.bundle.get("stream", [])[length:]


def _kernel_outputs(shell: Any) -> dict[str, Callable[[str], None]]:
    kernel = shell.kernel
    session = kernel.session

    def reply(kind: str, content: Callable[[str], dict[str, Any]]) -> Callable[[str], None]:
        """Return a function that sends a message of type ``kind``. All messages are captured, so any socket can be used."""
        return lambda text: session.send(kernel.iopub_socket, kind, content(text))

    def display(text: str) -> None:
        shell.display_pub.publish(dict.fromkeys(_MIMES, f"<b>{text}</b>"))

    def result(text: str) -> None:
        hook = shell.displayhook
        hook.start_displayhook()
        hook.write_format_data({"text/plain": text}, {})
        hook.finish_displayhook()

    return {
        **_python_outputs(),
        "a result": result,
        "a display": display,
        "a display of JSON": lambda text: shell.display_pub.publish({"application/json": {"key": [text]}}),
        "the metadata of a display": lambda text: shell.display_pub.publish({"text/plain": ""}, {"note": text}),
        "an updated display": lambda text: shell.display_pub.publish({"text/html": text}, transient={"display_id": NAME}, update=True),
        "a traceback": lambda text: shell._showtraceback(ValueError, ValueError(text), ["Traceback", text]),  # noqa: SLF001 - the method that prints every traceback
        "a reply to a cell": reply("execute_reply", lambda text: {"user_expressions": {"x": {"data": {"text/plain": text}}}}),
        # Front ends show a payload in a pager, or insert it as the next cell.
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


def _terminal_outputs(shell: Any) -> dict[str, Callable[[str], None]]:
    def traceback(text: str) -> None:
        shell._showtraceback(ValueError, ValueError(text), ["Traceback", text])  # noqa: SLF001 - the method that prints every traceback

    return {
        **_python_outputs(),
        "a result": lambda text: shell.displayhook.write_format_data({"text/plain": text}),
        "a display": lambda text: shell.display_pub.publish({"text/plain": text}),
        "a traceback": traceback,
    }


def _python_outputs() -> dict[str, Callable[[str], None]]:
    def in_thread(text: str) -> None:
        thread = threading.Thread(target=print, args=(text,))
        thread.start()
        thread.join()

    def split_in_two(text: str) -> None:
        print(text[: len(text) // 2], end="", flush=True)  # noqa: T201 - printing is the channel that is tested
        print(text[len(text) // 2 :])  # noqa: T201 - printing is the channel that is tested

    def warn(text: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(text, stacklevel=1)

    def log(text: str) -> None:
        logger = logging.Logger(NAME)  # noqa: LOG001 - the logger must not be in the hierarchy, where handlers of the user would receive the record
        logger.addHandler(logging.StreamHandler(sys.stderr))
        logger.warning("it is %s", text)

    outputs: dict[str, Callable[[str], None]] = {
        "print": print,
        "print, split in two": split_in_two,
        "stderr": lambda text: print(text, file=sys.stderr),  # noqa: T201 - printing is the channel that is tested
        "a log": log,
        "warnings": warn,
        "a thread": in_thread,
    }
    if os.name == "posix":
        outputs["a file descriptor"] = partial(_write_to_descriptor, 1)
        outputs["a program"] = _write_by_program
    return outputs


def _write_to_descriptor(number: int, text: str) -> None:
    os.write(number, text.encode("utf-8", "surrogatepass") + b"\n")


def _write_by_program(text: str) -> None:
    # The text is passed by standard input, because the list of processes shows arguments.
    subprocess.run(["/bin/cat"], input=text.encode("utf-8", "surrogatepass") + b"\n", check=False)


def _probe_own_output(descriptor_channels: Sequence[DescriptorChannel], canaries: Mapping[str, Canary]) -> list[ChannelResult]:
    """Probe the output that the kernel process writes to its own terminal, or to the log of the server that started it."""
    if not descriptor_channels:
        return []
    write = partial(_write_to_descriptor, descriptor_channels[0].numbers[0])
    return [_probe_descriptors(descriptor_channels, "the kernel's own output", write, canaries)]


def _probe_descriptors(
    descriptor_channels: Sequence[DescriptorChannel], name: str, write: Callable[[str], None], canaries: Mapping[str, Canary]
) -> ChannelResult:
    streams = (sys.stdout, sys.stderr)
    for stream in streams:
        stream.flush()
    captured_outputs = [channel.start_capture() for channel in descriptor_channels]
    try:
        for canary in canaries.values():
            write(canary.text)
        for stream in streams:
            stream.flush()
    finally:
        for channel in descriptor_channels:
            channel.stop_capture()
    return check_output(name, canaries, "\n".join(b"".join(chunks).decode("utf-8", "replace") for chunks in captured_outputs))
