"""The recorded outputs of popular libraries, and the program that records them in a real kernel.

``library_examples.md`` holds the cells of each library, ``library_outputs.jsonl.gz`` what came of them. The recording is made in an
environment of its own, which holds the libraries and nothing of this package::

    python -m venv /tmp/libraries
    /tmp/libraries/bin/pip install $(python tests/support/redaction/library_outputs.py --packages)
    /tmp/libraries/bin/python tests/support/redaction/library_outputs.py

The first line of the recording holds the versions of Python and of the libraries that made it. Each other line is one message of a
kernel: the library, the number of the cell, and the type and the content of the message. The folders of the environment and of the
kernel's home, and the names of the person and of the machine, are replaced. With names of libraries as arguments, the program records
these again and keeps the rest.
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
_LIBRARY = re.compile(r"^## (.+)$", re.MULTILINE)
_CELL = re.compile(r"^```python\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def _examples() -> dict[str, list[str]]:
    """Return the cells of each library."""
    _, *parts = _LIBRARY.split(Path(__file__).with_name("library_examples.md").read_text(encoding="utf-8"))
    return {library: _CELL.findall(text) for library, text in zip(parts[::2], parts[1::2], strict=True)}


EXAMPLES = _examples()
"""The cells of each library."""
PACKAGES = [
    *(name for name in EXAMPLES if name not in {"dask", "xgboost", "botocore", "lxml"}),
    "beautifulsoup4",
    "boto3",
    "dask[array,dataframe]",
    "ipykernel",
    "lxml",
    "nbformat",
    "xgboost-cpu",
]
"""What ``pip install`` is given."""
_RECORDED = {"stream", "display_data", "update_display_data", "execute_result", "error", "comm_open", "comm_msg"}
_SECONDS = 180
_LONGEST = 150_000
"""Characters of a message's content in JSON; longer ones are left out, so that the recording stays small."""


def recorded_outputs() -> tuple[dict[str, str], dict[str, list[dict[str, Any]]]]:
    """Return the versions of the recorded libraries, and the messages of each: the ``cell``, the ``type`` and the ``content``."""
    with gzip.open(RECORDING, "rt", encoding="utf-8") as lines:
        versions = json.loads(next(lines))["versions"]
        messages: dict[str, list[dict[str, Any]]] = {library: [] for library in versions}
        for message in map(json.loads, lines):
            messages[message["library"]].append(message)
    return versions, messages


class _Cleaner:
    """Replaces what tells about the machine."""

    def __init__(self, home: str) -> None:
        replaced = {
            sys.prefix: "/opt/env",
            sys.base_prefix: "/usr/local",
            home: "/home/user",
            str(Path.home()): "/home/user",
            tempfile.gettempdir() + "/ipykernel": "/tmp/ipykernel",  # noqa: S108 - a text, not a file
            socket.gethostname(): "host",
            platform.release(): "6.1.0",
            platform.version(): "#1 SMP",
        }
        person = getpass.getuser()
        self._replaced = {old: new for old, new in sorted(replaced.items(), key=lambda one: -len(one[0])) if len(old) > 1}
        self._person = re.compile(rf"(?<=/home/){re.escape(person)}\b|(?<=user=){re.escape(person)}\b")

    def clean(self, thing: Any) -> Any:
        """Return a message's content without the names of this machine."""
        if isinstance(thing, str):
            for old, new in self._replaced.items():
                thing = thing.replace(old, new)
            return self._person.sub("user", thing)
        if isinstance(thing, dict):
            return {self.clean(key): self.clean(inner) for key, inner in thing.items()}
        return [self.clean(inner) for inner in thing] if isinstance(thing, list) else thing


def _messages(client: Any, code: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run a cell and yield its messages, then what a pager would show."""
    identity = client.execute(code, allow_stdin=False, stop_on_error=False)
    while True:
        message = client.get_iopub_msg(timeout=_SECONDS)
        if message["parent_header"].get("msg_id") != identity:
            continue
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
        if message["msg_type"] in _RECORDED:
            yield message["msg_type"], message["content"]
    while True:
        try:
            reply = client.get_shell_msg(timeout=_SECONDS)
        except queue.Empty:
            return
        if reply["parent_header"].get("msg_id") == identity:
            if reply["content"].get("payload"):
                yield "execute_reply", {"payload": reply["content"]["payload"]}
            return


def record(library: str, cells: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the messages of a library's cells."""
    from jupyter_client.manager import KernelManager

    with tempfile.TemporaryDirectory() as home:
        cleaner = _Cleaner(home)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        manager = KernelManager(kernel_name="python3", transport="ipc", ip=f"{home}/kernel")
        # Without the variables of the person, which some libraries print.
        manager.start_kernel(env={**kept, "HOME": home, "PYTHONWARNINGS": "default", "COLUMNS": "110"}, cwd=home)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=_SECONDS)
            for number, code in enumerate(cells):
                for kind, content in _messages(client, code):
                    cleaned = cleaner.clean(content)
                    size = len(json.dumps(cleaned))
                    if size > _LONGEST:
                        print(f"{library} {number}: {kind} of {size} characters left out", file=sys.stderr)  # noqa: T201 - a script
                    else:
                        yield {"library": library, "cell": number, "type": kind, "content": cleaned}
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def _version(library: str) -> str:
    installed = {str(package.metadata["Name"]).lower().replace("_", "-"): package.version for package in metadata.distributions()}
    name = library.lower().replace("_", "-")
    return installed.get(name) or installed[f"{name}-cpu"]


def main() -> None:
    """Record all libraries, or those named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("libraries", nargs="*", help="record these again only", metavar="NAME")
    parser.add_argument("--packages", action="store_true", help="print what pip install is given")
    given = parser.parse_args()
    if given.packages:
        print(*PACKAGES)  # noqa: T201 - its output
        return
    wanted = given.libraries or list(EXAMPLES)
    versions: dict[str, str] = {}
    kept: dict[str, list[dict[str, Any]]] = {}
    if given.libraries and RECORDING.exists():
        with gzip.open(RECORDING, "rt", encoding="utf-8") as lines:
            versions = json.loads(next(lines))["versions"]
            for line in map(json.loads, lines):
                kept.setdefault(line["library"], []).append(line)
    for library in wanted:
        kept[library] = list(record(library, EXAMPLES[library]))
        versions[library] = _version(library)
        failed = sorted({line["cell"] for line in kept[library] if line["type"] == "error"})
        print(library, versions[library], f"{len(kept[library])} messages; errors in cells {failed}", file=sys.stderr)  # noqa: T201
    header = {"python": platform.python_version(), "versions": {library: versions[library] for library in EXAMPLES if library in versions}}
    lines_out = [json.dumps(one, ensure_ascii=False) for one in (header, *(line for name in EXAMPLES for line in kept.get(name, [])))]
    # Without the time, so that the same recording is the same file.
    RECORDING.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines_out).encode("utf-8", "surrogatepass"), mtime=0))


if __name__ == "__main__":
    main()
