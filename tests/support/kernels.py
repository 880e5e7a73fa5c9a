"""A real ipykernel, driven by its messages as a front end drives it; every message is kept."""

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

SECONDS = 60
"""How long a cell may take before the test fails."""

OVER_FILES = {"KernelManager": {"transport": "ipc"}}
"""The configuration with which Jupyter's programs start kernels that listen on files, as those of the tests do.

A TCP port is chosen before the kernel listens on it, and another process may take it in between. Where that is the port for outputs,
ipykernel goes on without it, and the client waits until "Kernel didn't respond in 60 seconds".
"""


@dataclass
class Ran:
    """What came of one cell."""

    reply: dict[str, Any]
    messages: list[dict[str, Any]]
    prompts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def reply_to(self) -> str:
        """The identity of the cell's request."""
        return str(self.messages[0]["parent_header"]["msg_id"])

    @property
    def ok(self) -> bool:
        """Whether the cell ended without an error."""
        return bool(self.reply["status"] == "ok")

    def stream(self, name: str) -> str:
        """Return what was written to ``stdout`` or ``stderr``."""
        found = [message["content"] for message in self.messages if message["msg_type"] == "stream"]
        return "".join(content["text"] for content in found if content["name"] == name)

    @property
    def error(self) -> str:
        """What the person sees of an error: the traceback, or the line that IPython writes instead; empty where there is none."""
        traceback = self.reply.get("traceback", []) if not self.ok else []
        return "\n".join(traceback) + self.stream("stderr")

    def shown(self, mime: str = "text/plain") -> list[str]:
        """Return every result and display in one form, in order."""
        kinds = {"execute_result", "display_data"}
        bundles = [message["content"]["data"] for message in self.messages if message["msg_type"] in kinds]
        return [bundle[mime] for bundle in bundles if mime in bundle]


@dataclass
class Kernel:
    """A running kernel."""

    client: BlockingKernelClient
    manager: KernelManager
    record: list[dict[str, Any]] = field(default_factory=list)

    def run(
        self, code: str, answers: Sequence[str] | Callable[[str], str] = (), *, somebody: bool = True, in_notebook: bool = False
    ) -> Ran:
        """Run a cell as a person would; with ``somebody`` false the client says that nobody answers prompts.

        With ``in_notebook`` the request names its cell, as that of a notebook does; without it the client is a console.

        Each prompt gets the next of ``answers``, or what they return for it. A prompt too many fails the test, and so does an answer that
        nobody asked for.
        """
        waiting = [] if callable(answers) else list(answers)
        identity = self._execute(code, somebody=somebody, in_notebook=in_notebook)
        messages: list[dict[str, Any]] = []
        prompts: list[dict[str, Any]] = []
        until = time.monotonic() + SECONDS
        idle = False
        while not idle:
            assert time.monotonic() < until, f"The cell did not end: {code}"
            while self.client.stdin_channel.msg_ready():
                prompt = self.client.get_stdin_msg(timeout=1)
                self.record.append(prompt)
                prompts.append(prompt["content"])
                asked = prompt["content"]["prompt"]
                assert callable(answers) or waiting, f"Nobody expected to be asked {asked!r}"
                self.client.input(answers(asked) if callable(answers) else waiting.pop(0))
            try:
                message = self.client.get_iopub_msg(timeout=0.05)
            except queue.Empty:
                continue
            self.record.append(message)
            if message["parent_header"].get("msg_id") == identity:
                messages.append(message)
                idle = message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
        reply = self._reply(identity)
        if reply["content"]["status"] == "aborted":
            # ipykernel aborts requests that come right after an interrupted cell; a person runs the cell again.
            return self.run(code, answers, somebody=somebody, in_notebook=in_notebook)
        ran = Ran(reply["content"], messages, prompts)
        assert not waiting, f"Nobody asked for {len(waiting)} of the answers. {ran.error}"
        return ran

    def start(self, code: str) -> str:
        """Run a cell of a notebook without waiting for its end, and return the request's identity."""
        return self._execute(code, somebody=True, in_notebook=True)

    def until(self, identity: str, kind: str) -> Ran:
        """Return what was published about a cell that is still running, up to the first message of a kind."""
        messages: list[dict[str, Any]] = []
        while not messages or messages[-1]["msg_type"] != kind:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            self.record.append(message)
            if message["parent_header"].get("msg_id") == identity:
                messages.append(message)
        return Ran({"status": "ok"}, messages)

    def send_comm(self, comm: str, data: object) -> str:
        """Send a widget's message and return its identity."""
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        self.record.append(message)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def close_comm(self, comm: str) -> None:
        """Close a comm, as a front end does that does not know its target, and wait for the end of that."""
        message = self.client.session.msg("comm_close", {"comm_id": comm, "data": {}})
        self.client.shell_channel.send(message)
        self.published(str(message["header"]["msg_id"]))

    def late(self, identity: str, kind: str) -> dict[str, Any]:
        """Return the next message of a kind about a request that has ended."""
        while True:
            message: dict[str, Any] = self.client.get_iopub_msg(timeout=SECONDS)
            self.record.append(message)
            if message["msg_type"] == kind and message["parent_header"].get("msg_id") == identity:
                return message

    def published(self, identity: str) -> list[dict[str, Any]]:
        """Return what the kernel publishes about a request until it is done with it."""
        messages: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            self.record.append(message)
            if message["parent_header"].get("msg_id") == identity:
                messages.append(message)
                if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    return messages

    def _execute(self, code: str, *, somebody: bool, in_notebook: bool) -> str:
        if not in_notebook:
            return str(self.client.execute(code, allow_stdin=somebody))
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": somebody,
            "stop_on_error": True,
        }
        message = self.client.session.msg("execute_request", content, metadata={"cellId": "of-a-notebook"})
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def complete(self, code: str) -> list[str]:
        """Return the completions at the end of ``code``, each with what stands before the part that it replaces."""
        reply = self._reply(self.client.complete(code, len(code)))["content"]
        return [code[: reply["cursor_start"]] + match for match in reply["matches"]]

    def inspect(self, code: str) -> dict[str, Any]:
        """Return what Shift+Tab on ``code`` shows."""
        content: dict[str, Any] = self._reply(self.client.inspect(code))["content"]
        return content

    def reply(self, identity: str) -> dict[str, Any]:
        """Return the content of the reply to a request."""
        content: dict[str, Any] = self._reply(identity)["content"]
        return content

    def debug(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the debugger answers."""
        message = self.client.session.msg("debug_request", dict(request))
        self.client.control_channel.send(message)
        while True:
            reply: dict[str, Any] = self.client.get_control_msg(timeout=SECONDS)
            self.record.append(reply)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply

    def _reply(self, identity: str) -> dict[str, Any]:
        while True:
            reply: dict[str, Any] = self.client.get_shell_msg(timeout=SECONDS)
            self.record.append(reply)
            if reply["parent_header"].get("msg_id") == identity:
                return reply


@contextmanager
def short_path(folder: Path) -> Iterator[Path]:
    """Yield a path of at most 40 characters that leads to ``folder``: the path of a socket has at most 107."""
    with tempfile.TemporaryDirectory(prefix="zs-", dir="/tmp") as short:
        link = Path(short) / "to"
        link.symlink_to(folder)
        yield link


@contextmanager
def running_kernel(
    home: Path, environment: Mapping[str, str] | None = None, *, folder: Path | None = None, connection_file: Path | None = None
) -> Iterator[Kernel]:
    """Start a kernel whose state, history and configuration lie under ``home``, and end it afterwards.

    A server starts its kernels with a ``connection_file`` in the Jupyter runtime folder.

    What its process writes beside messages, which is what a server's log gets, is in ``home / "kernel.log"``.
    """
    manager = KernelManager(kernel_name="python3", transport="ipc")
    if connection_file is not None:
        manager.connection_file = str(connection_file)
    manager.kernel_spec.argv[0] = sys.executable
    own = {"ZENSECRETS_HOME": str(home / "zensecrets"), "IPYTHONDIR": str(home / "ipython")}
    # A kernel that finds itself inside of a test leaves file descriptors 1 and 2 alone, which no other kernel does.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    with tempfile.TemporaryDirectory(prefix="zs-", dir="/tmp") as sockets:
        manager.ip = f"{sockets}/kernel"
        with (home / "kernel.log").open("wb") as log:
            manager.start_kernel(env={**inherited, **own, **(environment or {})}, cwd=str(folder or home), stdout=log, stderr=log)
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=SECONDS)
            yield Kernel(client, manager)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
