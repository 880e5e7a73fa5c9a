"""A plain `authentication_secret`, given to the console script on the line, at a prompt or in a file: it lies nowhere in clear."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.terminal import ZENSECRETS, at_a_terminal, zensecrets
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

FLAVORS = {
    "annotator": "--flavor=label_studio",
    "artifact-store": "--flavor=s3 --path=s3://bucket",
    "container-registry": "--flavor=dockerhub --uri=docker.io",
    "data-validator": "--flavor=whylogs",
}
"""Types of components with a flavor that logs in by this attribute, and what else it wants."""


def _at_prompt(words: list[str], value: str, environment: dict[str, str]) -> str:
    child = at_a_terminal(str(ZENSECRETS), words, environment)
    child.logfile_read = io.StringIO()
    child.expect("authentication_secret.*: ")
    child.sendline(value)
    # The workspace wants a passphrase, since it has something to seal now; it may be empty.
    if child.expect(["empty: keep the key in a file.*: ", pexpect.EOF]) == 0:
        child.sendline("")
        child.expect(pexpect.EOF)
    child.close()
    shown = child.logfile_read.getvalue()
    assert child.exitstatus == 0, shown
    return shown


@pytest.mark.parametrize(("group", "way"), list(zip(FLAVORS, ["prompt", "line", "file", "line"], strict=True)))
def test_a_plain_value_lies_nowhere_in_clear(tmp_path: Path, group: str, way: str) -> None:
    """No file of the home, no description and no export of a stack holds it, and the command says that it is a plain value."""
    home, value = tmp_path / "home", canary("plain")
    environment = {"ZENSECRETS_HOME": str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    words = [group, "register", "c", *FLAVORS[group].split()]
    if way == "prompt":
        said = _at_prompt([*words, "--authentication_secret"], value, environment)
    else:
        (tmp_path / "value").write_text(value)
        given = value if way == "line" else f"@{tmp_path / 'value'}"
        done = zensecrets(*words, f"--authentication_secret={given}", environment=environment)
        (tmp_path / "value").unlink()
        assert done.returncode == 0, done.stderr
        said = done.stdout + done.stderr
    base = "" if group == "artifact-store" else "-a default"
    short = {"annotator": "-an", "artifact-store": "-a", "container-registry": "-c", "data-validator": "-dv"}[group]
    stack = ["stack", "register", "s", "-o", "default", *base.split(), short, "c"]
    shown = [
        zensecrets(*line, environment=environment)
        for line in ([group, "describe", "c"], stack, ["stack", "describe", "s"], ["stack", "export", "s", str(tmp_path / "s.yaml")])
    ]
    assert [done.stderr for done in shown if done.returncode] == []
    assert find_canary("".join([said, *(done.stdout + done.stderr for done in shown)])) == []
    assert find_canary(tmp_path) == []
    assert "Warning: 'authentication_secret' was given as a plain value" in " ".join(said.split())
