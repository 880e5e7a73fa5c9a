"""A plain `authentication_secret` in a terminal is never stored in plain text.

The value comes from the command line, a prompt or a file.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pexpect

from tests.support.terminal import ZENSECRETS, run_zensecrets, spawn_in_terminal
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

COMPONENTS = {
    "annotator": ("prompt", "-an", "--flavor=label_studio"),
    "artifact-store": ("line", "-a", "--flavor=s3 --path=s3://bucket"),
    "container-registry": ("file", "-c", "--flavor=dockerhub --uri=docker.io"),
    "data-validator": ("line", "-dv", "--flavor=whylogs"),
}
"""Types of components, each with the source of its value, the option of stacks, and a flavor with this attribute."""


def _run_with_answer(words: list[str], value: str, environment: dict[str, str]) -> str:
    child = spawn_in_terminal(str(ZENSECRETS), words, environment)
    child.logfile_read = io.StringIO()
    child.expect("authentication_secret.*: ")
    child.sendline(value)
    # The workspace asks for a passphrase at its first sealed value. The passphrase may be empty.
    if child.expect(["empty: keep the key in a file.*: ", pexpect.EOF]) == 0:
        child.sendline("")
        child.expect(pexpect.EOF)
    child.close()
    shown = child.logfile_read.getvalue()
    assert child.exitstatus == 0, shown
    return shown


def test_a_plain_value_is_sealed(tmp_path: Path) -> None:
    """No file, description or export contains the value, and the command prints a warning."""
    environment = {"ZENSECRETS_HOME": str(tmp_path / "home"), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    outputs: dict[str, str] = {}

    def run(*words: str) -> str:
        process = run_zensecrets(*words, environment=environment)
        assert process.returncode == 0, process.stderr
        return process.stdout + process.stderr

    for group, (source, _, options) in COMPONENTS.items():
        words, value = [group, "register", "c", *options.split()], canary("plain")
        if source == "prompt":
            outputs[group] = _run_with_answer([*words, "--authentication_secret"], value, environment)
            continue
        (tmp_path / "value").write_text(value)
        text = value if source == "line" else f"@{tmp_path / 'value'}"
        outputs[group] = run(*words, f"--authentication_secret={text}")
        (tmp_path / "value").unlink()
    stack_options = [word for _, option, _ in COMPONENTS.values() for word in (option, "c")]
    descriptions = [run(group, "describe", "c") for group in COMPONENTS]
    descriptions += [run("stack", "register", "s", "-o", "default", *stack_options), run("stack", "describe", "s")]
    descriptions.append(run("stack", "export", "s", str(tmp_path / "s.yaml")))
    assert find_canary("".join([*outputs.values(), *descriptions])) == []
    assert find_canary(tmp_path) == []
    warning = "Warning: 'authentication_secret' is a plain value"
    assert [group for group, text in outputs.items() if warning not in " ".join(text.split())] == []
