"""Components with the value of a secret instead of a reference, registered in a terminal.

This value is called a plain value. Here it is the value of the attribute `authentication_secret`, and comes from the command line, a prompt
or a file. It is stored encrypted.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal, NamedTuple

import pexpect

from tests.support.terminal import ZENSECRETS, run_zensecrets, spawn_in_terminal
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path


class ComponentCase(NamedTuple):
    """A component that is registered with a plain value.

    Attributes:
        group: The command for this type of component, such as `annotator`.
        value_source: How the command gets the value.
        stack_option: The option that adds the component to a stack.
        options: The other options of the registration, separated by blanks.
    """

    group: str
    value_source: Literal["command line", "prompt", "file"]
    stack_option: str
    options: str


CASES = [
    ComponentCase("annotator", "prompt", "-an", "--flavor=label_studio"),
    ComponentCase("artifact-store", "command line", "-a", "--flavor=s3 --path=s3://bucket"),
    ComponentCase("container-registry", "file", "-c", "--flavor=dockerhub --uri=docker.io"),
    ComponentCase("data-validator", "command line", "-dv", "--flavor=whylogs"),
]


def _run_with_answer(words: list[str], value: str, environment: dict[str, str]) -> str:
    """Run a command that asks for the value, type it, and return the output."""
    child = spawn_in_terminal(str(ZENSECRETS), words, environment)
    child.logfile_read = io.StringIO()
    child.expect("authentication_secret.*: ")
    child.sendline(value)
    # The workspace asks for a passphrase when it stores its first encrypted value. The passphrase may be empty.
    if child.expect(["empty: keep the key in a file.*: ", pexpect.EOF]) == 0:
        child.sendline("")
        child.expect(pexpect.EOF)
    child.close()
    output = child.logfile_read.getvalue()
    assert child.exitstatus == 0, output
    return output


def test_a_plain_value_is_stored_encrypted(tmp_path: Path) -> None:
    """No file, description or export contains the value, and the command prints a warning."""
    # Without a keyring, the store asks for a passphrase at the prompt.
    environment = {"ZENSECRETS_HOME": str(tmp_path / "home"), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    outputs: dict[str, str] = {}

    def run(*words: str) -> str:
        process = run_zensecrets(*words, environment=environment)
        assert process.returncode == 0, process.stderr
        return process.stdout + process.stderr

    for case in CASES:
        words, value = [case.group, "register", "c", *case.options.split()], canary("plain")
        if case.value_source == "prompt":
            outputs[case.group] = _run_with_answer([*words, "--authentication_secret"], value, environment)
        elif case.value_source == "command line":
            outputs[case.group] = run(*words, f"--authentication_secret={value}")
        else:
            (tmp_path / "value").write_text(value)
            outputs[case.group] = run(*words, f"--authentication_secret=@{tmp_path / 'value'}")
            # The test searches the folder for values later.
            (tmp_path / "value").unlink()
    stack_options = [word for case in CASES for word in (case.stack_option, "c")]
    descriptions = [run(case.group, "describe", "c") for case in CASES]
    descriptions += [run("stack", "register", "s", "-o", "default", *stack_options), run("stack", "describe", "s")]
    descriptions.append(run("stack", "export", "s", str(tmp_path / "s.yaml")))
    assert find_canary("".join([*outputs.values(), *descriptions])) == []
    assert find_canary(tmp_path) == []
    warning = "Warning: 'authentication_secret' is a plain value"
    # The terminal may wrap the warning, so the comparison ignores line ends.
    assert [group for group, output in outputs.items() if warning not in " ".join(output.split())] == []
