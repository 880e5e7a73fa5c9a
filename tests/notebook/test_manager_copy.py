"""Copying between secrets managers in a notebook: one line that changes, prompts for conflicts, and Ctrl-C."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.support.terminal import spawn_in_terminal
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.kernels import Kernel

pytestmark = pytest.mark.once
COPY = "%zen secrets-manager copy default slow"
SLOW = """
import time
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.managers import SecretRecord
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend

class Slow(MemoryBackend):
    FLAVOR = "slow"
    seconds = 0.03

    def create(self, name, record):
        time.sleep(self.seconds)
        super().create(name, record)

%zen secrets-manager register slow --flavor=slow
source, slow = Client().secrets_manager, Client().workspace.open_manager("slow")
def same():
    return slow.get_records(slow.list_secrets()) == source.get_records(source.list_secrets())
"""


def _with_secrets(kernel: Kernel, tmp_path: Path, number: int) -> None:
    (tmp_path / "value").write_text(canary("copied"))
    assert kernel.run(SLOW).ok
    filled = "for number in range(%d): source.register_record(f'n{number:03}', SecretRecord('arbitrary', {'key': open('value').read()}))"
    assert kernel.run(filled % number).ok
    (tmp_path / "value").unlink()


def test_progress_is_one_line_that_changes(kernel: Kernel, tmp_path: Path) -> None:
    """A copy that takes long shows one output, changed in place, and ends with one sentence; a value is in none of it."""
    _with_secrets(kernel, tmp_path, 60)
    ran = kernel.run(COPY)
    assert ran.ok
    kinds = [message["msg_type"] for message in ran.messages]
    updates = [message["content"] for message in ran.messages if message["msg_type"] in {"display_data", "update_display_data"}]
    assert kinds.count("display_data") == 1
    assert kinds.count("update_display_data") >= 2
    assert len({content["transient"]["display_id"] for content in updates}) == 1
    lines = [content["data"]["text/plain"] for content in updates]
    counted = [int(re.fullmatch(r"Copying to slow: (\d+) of 60 secrets", line)[1]) for line in lines]  # type: ignore[index] # the test fails else
    assert counted == sorted(counted)
    assert counted[-1] == 60
    assert ran.stream("stdout") == ("Copied 60 secrets from 'default' to 'slow'.\nTo use them there: %stack update default -x slow\n")
    assert kernel.run("same()").shown() == ["True"]
    assert not find_canary(repr(kernel.record))
    assert not find_canary(tmp_path)


def test_a_quick_copy_shows_no_progress(kernel: Kernel, tmp_path: Path) -> None:
    """There is only the sentence; a dry run shows a table."""
    _with_secrets(kernel, tmp_path, 2)
    planned = kernel.run(f"{COPY} --dry-run")
    assert "2 new." in planned.shown("text/html")[0]
    ran = kernel.run(COPY)
    assert ran.shown() == []
    assert ran.stream("stdout").startswith("Copied 2 secrets")


def test_ctrl_c_says_how_far_it_got(kernel: Kernel, tmp_path: Path) -> None:
    """What is there is whole and is what the line counts; the same line goes on."""
    _with_secrets(kernel, tmp_path, 100)
    identity = kernel.start(COPY)
    time.sleep(1.5)
    kernel.manager.interrupt_kernel()
    stopped = kernel.read_messages(identity)
    kernel.reply(identity)
    told = "".join(message["content"]["text"] for message in stopped if message["msg_type"] == "stream")
    found = re.search(r"UsageError: Interrupted: (\d+) of 100 secrets are in 'slow', each of them complete\. Copy again to continue", told)
    assert found, told
    number = int(found[1])
    # The one under way at that very moment may have ended.
    assert kernel.run("len(slow.list_secrets())").shown() in ([f"{number}"], [f"{number + 1}"])
    assert 0 < number < 100
    assert kernel.run(f"Slow.seconds = 0\n{COPY}").ok
    assert kernel.run("same()").shown() == ["True"]
    assert not find_canary(repr(kernel.record))


def test_conflicts_are_asked_for_under_the_cell(kernel: Kernel, tmp_path: Path) -> None:
    """A prompt names the secret and its keys and no value; with nobody there the error names the flag."""
    _with_secrets(kernel, tmp_path, 2)
    assert kernel.run(COPY).ok
    assert kernel.run("slow.merge_secret('n000', {'key': 'theirs'}); slow.merge_secret('n001', {'key': 'theirs'})").ok
    alone = kernel.run(COPY, allow_stdin=False)
    assert not alone.ok
    assert "--on-conflict=skip" in alone.error
    asked = kernel.run(COPY, ["s", "r"])
    assert [prompt["prompt"][:50] for prompt in asked.prompts] == [f"'slow' already has a secret 'n00{n}': other values o" for n in (0, 1)]
    assert asked.stream("stdout").startswith("Copied 1 secret from 'default' to 'slow'; 1 of them replaced a secret; 1 skipped.")
    assert kernel.run("str(slow.get_secret('n000').value('key')) == 'theirs', same()").shown() == ["(True, False)"]
    assert kernel.run(f"{COPY} --on-conflict=replace").ok
    assert kernel.run("same()").shown() == ["True"]
    assert not find_canary(repr(kernel.record))


def test_what_can_t_be_copied_fails_the_cell_after_the_rest(kernel: Kernel, tmp_path: Path) -> None:
    """A table says why, the cell ends with an error, so that a notebook that runs alone stops there; the rest has arrived."""
    _with_secrets(kernel, tmp_path, 3)
    choosy = """
from zensecrets_jupyter import InvalidSecretError
def check(self, name, record):
    if name == "n001":
        raise InvalidSecretError("It is odd.", name=name)
Slow.check = check
"""
    assert kernel.run(choosy).ok
    ran = kernel.run(COPY)
    assert not ran.ok
    assert ran.error.strip() == "UsageError: 1 secret could not be copied; the table above has the reasons."
    assert "It is odd." in ran.shown("text/html")[0]
    assert ran.stream("stdout") == "Copied 2 secrets from 'default' to 'slow'; 1 can't be copied.\n"
    assert kernel.run("slow.list_secrets()").shown() == ["['n000', 'n002']"]


def test_ipython_in_a_terminal_shows_a_bar(tmp_path: Path) -> None:
    """There it is a bar, that is gone afterwards, and no value is on the screen."""
    body = SLOW.replace("%zen secrets-manager register slow --flavor=slow\n", "").partition("source, slow")[0]
    fill = "\ndef fill(value):\n    for number in range(50):\n        record = SecretRecord('arbitrary', {'key': value})\n"
    (tmp_path / "slow.py").write_text(f"{body}{fill}        Client().secrets_manager.register_record(f'n{{number:03}}', record)\n")
    home = {
        "ZENSECRETS_HOME": str(tmp_path / "home"),
        "ZENSECRETS_PASSPHRASE": canary("passphrase"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    environment = {**home, "TERM": "xterm", "SOME_API_TOKEN": canary("copied")}
    ipython = spawn_in_terminal(
        str(Path(sys.executable).parent / "ipython"), ["--simple-prompt", "--no-banner"], environment, folder=tmp_path
    )
    shown = ""
    lines = ["%load_ext zensecrets_jupyter", "import os, slow; slow.fill(os.environ['SOME_API_TOKEN'])"]
    for line in [*lines, "%zen secrets-manager register slow --flavor=slow", COPY, "exit"]:
        ipython.expect(r"In \[\d+\]: ")
        shown += str(ipython.before)
        ipython.sendline(line)
    ipython.expect(pexpect.EOF)
    ipython.close()
    shown += str(ipython.before)
    assert re.search(r"\d+/50", shown)
    assert re.search(r"\x1b\[2KCopied 50 secrets from 'default' to 'slow'\.", shown)
    assert not find_canary(shown)
