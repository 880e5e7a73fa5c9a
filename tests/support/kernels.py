"""A client of a real ipykernel that records every message."""

from __future__ import annotations

import os
import queue
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from jupyter_client.blocking.client import BlockingKernelClient

TIMEOUT = 60
"""Timeout of a cell and of a request, in seconds."""

IPC_TRANSPORT = {"KernelManager": {"transport": "ipc"}}
"""Configuration with which the kernels of Jupyter programs use Unix domain sockets instead of TCP ports.

Jupyter chooses a TCP port before the kernel binds it, and another process may bind it first. If this is the port for outputs, the kernel
starts without it, and the client fails with "Kernel didn't respond in 60 seconds".
"""


@dataclass
class CellResult:
    """The reply, the messages and the prompts of one cell."""

    reply: dict[str, Any]
    messages: list[dict[str, Any]]
    prompts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def request_id(self) -> str:
        """The message identifier of the cell's request."""
        return str(self.messages[0]["parent_header"]["msg_id"])

    @property
    def ok(self) -> bool:
        """Whether the cell ended without an error."""
        return bool(self.reply["status"] == "ok")

    def stream(self, name: str) -> str:
        """Return the text of the stream ``stdout`` or ``stderr``."""
        streams = [message["content"] for message in self.messages if message["msg_type"] == "stream"]
        return "".join(content["text"] for content in streams if content["name"] == name)

    @property
    def error(self) -> str:
        """The traceback of a failed cell, followed by its standard error, to which IPython writes some errors as one line."""
        traceback = self.reply.get("traceback", []) if not self.ok else []
        return "\n".join(traceback) + self.stream("stderr")

    def displayed_data(self, mime: str = "text/plain") -> list[str]:
        """Return all results and displays of a MIME type, in order."""
        message_types = {"execute_result", "display_data"}
        bundles = [message["content"]["data"] for message in self.messages if message["msg_type"] in message_types]
        return [bundle[mime] for bundle in bundles if mime in bundle]


@dataclass
class Kernel:
    """A running kernel.

    Attributes:
        client: The client of the kernel.
        manager: The manager of the kernel's process.
        record: All received messages, and the messages that :meth:`send_comm` has sent.
    """

    client: BlockingKernelClient
    manager: KernelManager
    record: list[dict[str, Any]] = field(default_factory=list)

    def run(
        self, code: str, answers: Sequence[str] | Callable[[str], str] = (), *, allow_stdin: bool = True, in_notebook: bool = False
    ) -> CellResult:
        """Run a cell and return its result.

        Args:
            code: The source of the cell.
            answers: The answers to prompts in order, or a function that returns the answer to a prompt. A prompt without an answer fails
                the test, and so does an unused answer.
            allow_stdin: Whether the client answers prompts.
            in_notebook: Whether the request identifies its cell, as requests of notebooks do and those of consoles do not.
        """
        remaining_answers = [] if callable(answers) else list(answers)
        request = self._execute(code, allow_stdin=allow_stdin, in_notebook=in_notebook)
        messages: list[dict[str, Any]] = []
        prompts: list[dict[str, Any]] = []
        deadline = time.monotonic() + TIMEOUT
        is_idle = False
        while not is_idle:
            assert time.monotonic() < deadline, f"The cell did not end: {code}"
            while self.client.stdin_channel.msg_ready():
                prompt = self.client.get_stdin_msg(timeout=1)
                self.record.append(prompt)
                prompts.append(prompt["content"])
                prompt_text = prompt["content"]["prompt"]
                assert callable(answers) or remaining_answers, f"There is no answer for the prompt {prompt_text!r}."
                self.client.input(answers(prompt_text) if callable(answers) else remaining_answers.pop(0))
            try:
                message = self.client.get_iopub_msg(timeout=0.05)
            except queue.Empty:
                continue
            self.record.append(message)
            if message["parent_header"].get("msg_id") == request:
                messages.append(message)
                is_idle = message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
        reply = self._reply(request)
        if reply["content"]["status"] == "aborted":
            # ipykernel aborts requests that arrive immediately after an interrupted cell. This method runs the cell again, as a user would.
            return self.run(code, answers, allow_stdin=allow_stdin, in_notebook=in_notebook)
        result = CellResult(reply["content"], messages, prompts)
        assert not remaining_answers, f"{len(remaining_answers)} answers were not used. {result.error}"
        return result

    def start(self, code: str) -> str:
        """Start a cell of a notebook, and return the identifier of its request at once."""
        return self._execute(code, allow_stdin=True, in_notebook=True)

    def read_until(self, request: str, message_type: str) -> CellResult:
        """Return the messages of a running cell, up to the first message of a type.

        The result has the status ``ok`` in place of the reply, which the kernel sends only after the cell.
        """
        messages: list[dict[str, Any]] = []
        while not messages or messages[-1]["msg_type"] != message_type:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            self.record.append(message)
            if message["parent_header"].get("msg_id") == request:
                messages.append(message)
        return CellResult({"status": "ok"}, messages)

    def send_comm(self, comm: str, data: object) -> str:
        """Send a message of a comm and return its identifier."""
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        self.record.append(message)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def close_comm(self, comm: str) -> None:
        """Close a comm, like a front end that has no handler for it, and wait until the kernel has processed the message."""
        message = self.client.session.msg("comm_close", {"comm_id": comm, "data": {}})
        self.client.shell_channel.send(message)
        self.read_messages(str(message["header"]["msg_id"]))

    def read_late(self, request: str, message_type: str) -> dict[str, Any]:
        """Return the next message of a type that belongs to a completed request."""
        while True:
            message: dict[str, Any] = self.client.get_iopub_msg(timeout=TIMEOUT)
            self.record.append(message)
            if message["msg_type"] == message_type and message["parent_header"].get("msg_id") == request:
                return message

    def read_messages(self, request: str) -> list[dict[str, Any]]:
        """Return the messages of a request until the kernel has processed it."""
        messages: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            self.record.append(message)
            if message["parent_header"].get("msg_id") == request:
                messages.append(message)
                if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    return messages

    def _execute(self, code: str, *, allow_stdin: bool, in_notebook: bool) -> str:
        if not in_notebook:
            return str(self.client.execute(code, allow_stdin=allow_stdin))
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": allow_stdin,
            "stop_on_error": True,
        }
        message = self.client.session.msg("execute_request", content, metadata={"cellId": "of-a-notebook"})
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def complete(self, code: str) -> list[str]:
        """Return the completed code for each completion: ``imp`` gives ``import``, for example."""
        reply = self._reply(self.client.complete(code, len(code)))["content"]
        return [code[: reply["cursor_start"]] + match for match in reply["matches"]]

    def inspect(self, code: str) -> dict[str, Any]:
        """Return the inspection that Shift+Tab on ``code`` displays."""
        content: dict[str, Any] = self._reply(self.client.inspect(code))["content"]
        return content

    def reply(self, request: str) -> dict[str, Any]:
        """Return the content of the reply to a request."""
        content: dict[str, Any] = self._reply(request)["content"]
        return content

    def debug(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer of the debugger."""
        message = self.client.session.msg("debug_request", dict(request))
        self.client.control_channel.send(message)
        while True:
            reply: dict[str, Any] = self.client.get_control_msg(timeout=TIMEOUT)
            self.record.append(reply)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply

    def _reply(self, request: str) -> dict[str, Any]:
        while True:
            reply: dict[str, Any] = self.client.get_shell_msg(timeout=TIMEOUT)
            self.record.append(reply)
            if reply["parent_header"].get("msg_id") == request:
                return reply


@contextmanager
def short_path(folder: Path) -> Iterator[Path]:
    """Yield a symbolic link to ``folder`` whose path has at most 40 characters.

    The path of a Unix socket may have at most 107 characters, and the folder of a test often has a longer path.
    """
    with tempfile.TemporaryDirectory(prefix="zs-", dir="/tmp") as parent:
        link = Path(parent) / "to"
        link.symlink_to(folder)
        yield link


@contextmanager
def running_kernel(
    home: Path, environment: Mapping[str, str] | None = None, *, folder: Path | None = None, connection_file: Path | None = None
) -> Iterator[Kernel]:
    """Start a kernel with its state, history and configuration under ``home``, and stop it afterwards.

    Output of the kernel's process that is not sent as a message is written to the file ``kernel.log`` in ``home``. A real Jupyter server
    writes this output to the log of the server.

    Args:
        home: The folder for the state of the kernel.
        environment: Environment variables that are added to those of the tests.
        folder: The working directory of the kernel; by default ``home``.
        connection_file: The path of the connection file, if a test needs a certain path. A Jupyter server uses a file in its runtime
            folder.
    """
    manager = KernelManager(kernel_name="python3", transport="ipc")
    if connection_file is not None:
        manager.connection_file = str(connection_file)
    manager.kernel_spec.argv[0] = sys.executable
    kernel_variables = {"ZENSECRETS_HOME": str(home / "zensecrets"), "IPYTHONDIR": str(home / "ipython")}
    # If PYTEST_CURRENT_TEST is set, ipykernel does not capture the file descriptors 1 and 2.
    inherited_variables = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    with tempfile.TemporaryDirectory(prefix="zs-", dir="/tmp") as sockets:
        # With the transport "ipc", this attribute is the beginning of the paths of the sockets.
        manager.ip = f"{sockets}/kernel"
        with (home / "kernel.log").open("wb") as log:
            manager.start_kernel(
                env={**inherited_variables, **kernel_variables, **(environment or {})}, cwd=str(folder or home), stdout=log, stderr=log
            )
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=TIMEOUT)
            yield Kernel(client, manager)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
