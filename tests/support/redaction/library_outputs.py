"""Recorded outputs of popular libraries, and the script that records them in a real kernel.

``library_examples.md`` contains example cells for each library. ``library_outputs.jsonl.gz`` is the recording of their outputs. To record
them again, run the script in a separate virtual environment that contains the libraries, but not this package::

    python -m venv /tmp/libraries
    /tmp/libraries/bin/pip install $(python tests/support/redaction/library_outputs.py --packages)
    /tmp/libraries/bin/python tests/support/redaction/library_outputs.py

The first line of the recording has the versions of Python and of the libraries. Each of the following lines is one message of a kernel,
with the library, the number of the cell, and the type and the content of the message. Local paths, the user name and the host name are
replaced. If names of libraries are passed as arguments, the script records only these libraries again and keeps the other recordings.
"""

from __future__ import annotations

import argparse
import getpass
import gzip
import json
import os
import platform
import queue
import re
import socket
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDING = Path(__file__).with_name("library_outputs.jsonl.gz")
# In library_examples.md, a heading of level 2 is the name of a library, and each Python code block below it is a cell.
_LIBRARY = re.compile(r"^## (.+)$", re.MULTILINE)
_CELL = re.compile(r"^```python\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def _examples() -> dict[str, list[str]]:
    """Return the cells of each library."""
    # The split gives the text before the first heading, and then each heading and its text in turn.
    _, *parts = _LIBRARY.split(Path(__file__).with_name("library_examples.md").read_text(encoding="utf-8"))
    return {library: _CELL.findall(text) for library, text in zip(parts[::2], parts[1::2], strict=True)}


EXAMPLES = _examples()
"""The cells of each library."""
PACKAGES = [
    # The entries after this one install the four excluded libraries: botocore comes with boto3.
    *(name for name in EXAMPLES if name not in {"dask", "xgboost", "botocore", "lxml"}),
    "beautifulsoup4",
    "boto3",
    "dask[array,dataframe]",
    "ipykernel",
    "lxml",
    "nbformat",
    "xgboost-cpu",
]
"""The arguments for ``pip install``."""
_RECORDED_MESSAGE_TYPES = {"stream", "display_data", "update_display_data", "execute_result", "error", "comm_open", "comm_msg"}
_TIMEOUT = 180
"""Timeout of a message in seconds."""
_MAX_MESSAGE_LENGTH = 150_000
"""Maximum length of a message in JSON. Longer messages are left out to limit the size of the recording."""


def recorded_outputs() -> tuple[dict[str, str], dict[str, list[dict[str, Any]]]]:
    """Return the version of each recorded library, and its messages with ``cell``, ``type`` and ``content``."""
    with gzip.open(RECORDING, "rt", encoding="utf-8") as lines:
        versions = json.loads(next(lines))["versions"]
        messages: dict[str, list[dict[str, Any]]] = {library: [] for library in versions}
        for message in map(json.loads, lines):
            messages[message["library"]].append(message)
    return versions, messages


class _Cleaner:
    """Replaces local paths, the user name, the host name and the Linux version."""

    def __init__(self, home: str) -> None:
        replacements = {
            sys.prefix: "/opt/env",
            sys.base_prefix: "/usr/local",
            home: "/home/user",
            str(Path.home()): "/home/user",
            tempfile.gettempdir() + "/ipykernel": "/tmp/ipykernel",  # noqa: S108 - the text replaces a path and is no path of a file
            socket.gethostname(): "host",
            platform.release(): "6.1.0",
            platform.version(): "#1 SMP",
        }
        user = getpass.getuser()
        # The longest text comes first, because it may contain a shorter one. The path "/" is in many texts, so it is not replaced.
        self._replacements = {old: new for old, new in sorted(replacements.items(), key=lambda item: -len(item[0])) if len(old) > 1}
        self._user = re.compile(rf"(?<=/home/){re.escape(user)}\b|(?<=user=){re.escape(user)}\b")

    def clean(self, content: Any) -> Any:
        """Return the content of a message after the replacements."""
        if isinstance(content, str):
            for old, new in self._replacements.items():
                content = content.replace(old, new)
            return self._user.sub("user", content)
        if isinstance(content, dict):
            return {self.clean(key): self.clean(item) for key, item in content.items()}
        return [self.clean(item) for item in content] if isinstance(content, list) else content


def _messages(client: Any, code: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run a cell and yield the type and the content of its messages, and then the text that it shows in the pager."""
    message_id = client.execute(code, allow_stdin=False, stop_on_error=False)
    while True:
        message = client.get_iopub_msg(timeout=_TIMEOUT)
        if message["parent_header"].get("msg_id") != message_id:
            continue
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
        if message["msg_type"] in _RECORDED_MESSAGE_TYPES:
            yield message["msg_type"], message["content"]
    while True:
        try:
            reply = client.get_shell_msg(timeout=_TIMEOUT)
        except queue.Empty:
            return
        if reply["parent_header"].get("msg_id") == message_id:
            if reply["content"].get("payload"):
                yield "execute_reply", {"payload": reply["content"]["payload"]}
            return


def record(library: str, cells: list[str]) -> Iterator[dict[str, Any]]:
    """Run the cells of a library in a new kernel and yield their messages."""
    from jupyter_client.manager import KernelManager

    with tempfile.TemporaryDirectory() as home:
        cleaner = _Cleaner(home)
        environ = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        manager = KernelManager(kernel_name="python3", transport="ipc", ip=f"{home}/kernel")
        # Other variables of the user are left out, because some libraries print them.
        manager.start_kernel(env={**environ, "HOME": home, "PYTHONWARNINGS": "default", "COLUMNS": "110"}, cwd=home)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=_TIMEOUT)
            for number, code in enumerate(cells):
                for message_type, content in _messages(client, code):
                    cleaned = cleaner.clean(content)
                    size = len(json.dumps(cleaned))
                    if size > _MAX_MESSAGE_LENGTH:
                        print(f"{library} {number}: {message_type} of {size} characters left out", file=sys.stderr)  # noqa: T201 - the script reports on stderr
                    else:
                        yield {"library": library, "cell": number, "type": message_type, "content": cleaned}
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def _version(library: str) -> str:
    installed = {str(package.metadata["Name"]).lower().replace("_", "-"): package.version for package in metadata.distributions()}
    name = library.lower().replace("_", "-")
    # xgboost is installed as the package xgboost-cpu.
    return installed.get(name) or installed[f"{name}-cpu"]


def main() -> None:
    """Record all libraries, or the libraries in the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("libraries", nargs="*", help="record only these libraries again", metavar="NAME")
    parser.add_argument("--packages", action="store_true", help="print the arguments for pip install")
    arguments = parser.parse_args()
    if arguments.packages:
        print(*PACKAGES)  # noqa: T201 - the list is the output of the script
        return
    versions: dict[str, str] = {}
    messages: dict[str, list[dict[str, Any]]] = {}
    if arguments.libraries and RECORDING.exists():
        with gzip.open(RECORDING, "rt", encoding="utf-8") as recorded_lines:
            versions = json.loads(next(recorded_lines))["versions"]
            for message in map(json.loads, recorded_lines):
                messages.setdefault(message["library"], []).append(message)
    for library in arguments.libraries or EXAMPLES:
        messages[library] = list(record(library, EXAMPLES[library]))
        versions[library] = _version(library)
        failed_cells = sorted({message["cell"] for message in messages[library] if message["type"] == "error"})
        print(library, versions[library], f"{len(messages[library])} messages; errors in cells {failed_cells}", file=sys.stderr)  # noqa: T201 - the script reports on stderr
    header = {"python": platform.python_version(), "versions": {library: versions[library] for library in EXAMPLES if library in versions}}
    recorded_messages = [message for library in EXAMPLES for message in messages.get(library, [])]
    lines = [f"{json.dumps(item, ensure_ascii=False)}\n" for item in (header, *recorded_messages)]
    # The file has no timestamp, so that the same recording gives the same file.
    RECORDING.write_bytes(gzip.compress("".join(lines).encode("utf-8", "surrogatepass"), mtime=0))


if __name__ == "__main__":
    main()
