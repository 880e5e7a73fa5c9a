"""No false masks in a real kernel: with one hundred secrets known, a front end receives what libraries print exactly as they print it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.redaction.library_outputs import recorded_outputs
from tests.support.redaction.realistic_secrets import SEED, realistic_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.once

LONGEST = 8000
"""Characters of a message; tests/core/redaction/test_false_masks.py looks at the longer ones without a kernel."""
_REPLAY = """
import json, sys
from pathlib import Path
from zensecrets_jupyter.core.redaction import the_redactor

given = json.loads(Path({file!r}).read_text(encoding="utf-8"))
for name, value in given["values"]:
    the_redactor().protect(value, name)

def replay(library):
    kernel = get_ipython().kernel
    for message in given["messages"][library]:
        if message["type"] == "stream":
            print(message["content"]["text"], end="", file=getattr(sys, message["content"]["name"]), flush=True)
        else:
            kernel.session.send(kernel.iopub_socket, message["type"], message["content"], parent=kernel.get_parent("shell"))
"""


def _shown(messages: list[dict[str, Any]], kind: str = "type") -> tuple[dict[str, str], list[tuple[str, Any]]]:
    """Return the texts of the streams, and the other messages in order."""
    streams = {"stdout": "", "stderr": ""}
    others = []
    for message in messages:
        content = message["content"]
        if message[kind] == "stream":
            streams[content["name"]] += content["text"]
        elif message[kind] not in {"status", "execute_input"}:
            others.append((message[kind], content))
    return streams, others


def test_outputs_of_libraries_arrive_as_they_are(kernel: Kernel, tmp_path: Path) -> None:
    """Every short output of every library arrives unchanged, and a secret that is printed after them is masked."""
    _, recorded = recorded_outputs()
    short = {
        library: [message for message in messages if message["type"] != "execute_reply" and len(json.dumps(message["content"])) <= LONGEST]
        for library, messages in recorded.items()
    }
    file = tmp_path / "given.json"
    values = [pair for secret in realistic_secrets() for pair in secret.named()]
    file.write_text(json.dumps({"values": values, "messages": short}), encoding="utf-8")
    assert kernel.run(_REPLAY.format(file=str(file))).ok
    assert sum(bool(messages) for messages in short.values()) >= 20
    changed = []
    for library, messages in short.items():
        ran = kernel.run(f"replay({library!r})")
        assert ran.ok, ran.error
        if _shown(ran.messages, "msg_type") != _shown(messages):
            changed.append(library)
    assert changed == [], SEED
    for name, value in values[:3]:
        if name.endswith(".region"):
            continue
        ran = kernel.run(f"print('the value:', dict(given['values'])[{name!r}])")
        assert ran.stream("stdout") == f"the value: ‹secret:{name}›\n"
        assert value not in json.dumps(ran.messages, default=str)
