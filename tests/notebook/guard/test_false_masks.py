"""Tests that a kernel with one hundred protected secrets sends the outputs of libraries unchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.redaction.library_outputs import recorded_outputs
from tests.support.redaction.realistic_secrets import SEED, realistic_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.one_python

MAX_LENGTH = 8000
"""The maximum number of characters of a message; tests/core/redaction/test_false_masks.py tests longer messages without a kernel."""
_REPLAY = """
import json, sys
from pathlib import Path
from zensecrets_jupyter.core.redaction import the_redactor

recorded = json.loads(Path({file!r}).read_text(encoding="utf-8"))
for name, value in recorded["values"]:
    the_redactor().protect(value, name)

def replay(library):
    kernel = get_ipython().kernel
    for message in recorded["messages"][library]:
        if message["type"] == "stream":
            print(message["content"]["text"], end="", file=getattr(sys, message["content"]["name"]), flush=True)
        else:
            kernel.session.send(kernel.iopub_socket, message["type"], message["content"], parent=kernel.get_parent("shell"))
"""


def _split_streams(messages: list[dict[str, Any]], type_key: str = "type") -> tuple[dict[str, str], list[tuple[str, Any]]]:
    """Return the texts of the streams, and the other messages in order.

    The texts of a stream are joined, because the kernel may split or join them in other ways than the recorded messages.

    Args:
        messages: Messages of the kernel, or recorded messages.
        type_key: The key of the message type, which differs between the two.
    """
    streams = {"stdout": "", "stderr": ""}
    other_messages = []
    for message in messages:
        content = message["content"]
        if message[type_key] == "stream":
            streams[content["name"]] += content["text"]
        elif message[type_key] not in {"status", "execute_input"}:
            other_messages.append((message[type_key], content))
    return streams, other_messages


def test_outputs_of_libraries_are_unchanged(kernel: Kernel, tmp_path: Path) -> None:
    """Every output of every library with at most ``MAX_LENGTH`` characters is unchanged.

    Then the first values are printed and masked, which shows that the guard is on.
    """
    _, messages_by_library = recorded_outputs()
    short_messages = {
        library: [
            message for message in messages if message["type"] != "execute_reply" and len(json.dumps(message["content"])) <= MAX_LENGTH
        ]
        for library, messages in messages_by_library.items()
    }
    file = tmp_path / "recorded.json"
    values = [pair for secret in realistic_secrets() for pair in secret.named_values()]
    file.write_text(json.dumps({"values": values, "messages": short_messages}), encoding="utf-8")
    assert kernel.run(_REPLAY.format(file=str(file))).ok
    assert sum(bool(messages) for messages in short_messages.values()) >= 20
    changed_libraries = []
    for library, messages in short_messages.items():
        result = kernel.run(f"replay({library!r})")
        assert result.ok, result.error
        if _split_streams(result.messages, "msg_type") != _split_streams(messages):
            changed_libraries.append(library)
    # The seed reproduces the secrets of a failed test.
    assert changed_libraries == [], SEED
    for name, value in values[:3]:
        if name.endswith(".region"):
            # A region is no secret, so its value is not masked.
            continue
        result = kernel.run(f"print('the value:', dict(recorded['values'])[{name!r}])")
        assert result.stream("stdout") == f"the value: ‹secret:{name}›\n"
        assert value not in json.dumps(result.messages, default=str)
