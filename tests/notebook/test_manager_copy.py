"""Copies between secrets managers in a notebook: progress, conflicts and interrupts."""

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

# CI runs these slow tests with one version of Python only.
pytestmark = pytest.mark.one_python
COPY = "%zen secrets-manager copy default slow"
REGISTER_SLOW_MANAGER = """
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
"""Code for the kernel.

It registers the manager ``slow``, whose backend waits 0.03 seconds before it stores a secret.

The function ``same`` returns whether ``slow`` contains the same secrets as the source.
"""


def _register_secrets(kernel: Kernel, tmp_path: Path, count: int) -> None:
    """Register ``count`` secrets in the manager ``default``, and register the manager ``slow`` without secrets.

    The kernel reads the value from a file, so that no message contains it.
    """
    (tmp_path / "value").write_text(canary("copied"))
    assert kernel.run(REGISTER_SLOW_MANAGER).ok
    register_all = (
        f"for number in range({count}):\n"
        "    source.register_record(f'n{number:03}', SecretRecord('arbitrary', {'key': open('value').read()}))"
    )
    assert kernel.run(register_all).ok
    (tmp_path / "value").unlink()


def test_progress_is_one_updated_line(kernel: Kernel, tmp_path: Path) -> None:
    """A long copy updates one output, and prints two lines at its end.

    No output contains a value.
    """
    _register_secrets(kernel, tmp_path, 60)
    result = kernel.run(COPY)
    assert result.ok
    message_types = [message["msg_type"] for message in result.messages]
    display_contents = [message["content"] for message in result.messages if message["msg_type"] in {"display_data", "update_display_data"}]
    assert message_types.count("display_data") == 1
    assert message_types.count("update_display_data") >= 2
    assert len({content["transient"]["display_id"] for content in display_contents}) == 1
    lines = [content["data"]["text/plain"] for content in display_contents]
    counts = [int(re.fullmatch(r"Copying to slow: (\d+) of 60 secrets", line)[1]) for line in lines]  # type: ignore[index] # without a match the test fails
    assert counts == sorted(counts)
    assert counts[-1] == 60
    assert result.stream("stdout") == ("Copied 60 secrets from 'default' to 'slow'.\nTo use them there: %stack update default -x slow\n")
    assert kernel.run("same()").displayed_data() == ["True"]
    assert not find_canary(repr(kernel.record))
    assert not find_canary(tmp_path)


def test_a_quick_copy_shows_no_progress(kernel: Kernel, tmp_path: Path) -> None:
    """A copy of few secrets prints text and displays no progress.

    A dry run displays a table.
    """
    _register_secrets(kernel, tmp_path, 2)
    dry_run = kernel.run(f"{COPY} --dry-run")
    assert "2 new." in dry_run.displayed_data("text/html")[0]
    result = kernel.run(COPY)
    assert result.displayed_data() == []
    assert result.stream("stdout").startswith("Copied 2 secrets")


def test_an_interrupted_copy_can_be_continued(kernel: Kernel, tmp_path: Path) -> None:
    """The error contains the number of copied secrets. Each copied secret is complete.

    The same command, run again, copies the other secrets.
    """
    _register_secrets(kernel, tmp_path, 100)
    request = kernel.start(COPY)
    # The whole copy takes 3 seconds or more, so the interrupt comes in the middle.
    time.sleep(1.5)
    kernel.manager.interrupt_kernel()
    messages = kernel.read_messages(request)
    kernel.reply(request)
    output = "".join(message["content"]["text"] for message in messages if message["msg_type"] == "stream")
    match = re.search(
        r"UsageError: Interrupted: (\d+) of 100 secrets are in 'slow', each of them complete\. Copy again to continue", output
    )
    assert match, output
    copied_count = int(match[1])
    # The backend may have stored one more secret, during the interrupt, that the error does not count.
    assert kernel.run("len(slow.list_secrets())").displayed_data() in ([f"{copied_count}"], [f"{copied_count + 1}"])
    assert 0 < copied_count < 100
    assert kernel.run(f"Slow.seconds = 0\n{COPY}").ok
    assert kernel.run("same()").displayed_data() == ["True"]
    assert not find_canary(repr(kernel.record))


def test_conflicts_cause_prompts(kernel: Kernel, tmp_path: Path) -> None:
    """If the target has other values, a prompt asks what to do.

    It names the secret and its keys, but no value.

    In a non-interactive run, an error names the option that answers the prompt.
    """
    _register_secrets(kernel, tmp_path, 2)
    assert kernel.run(COPY).ok
    assert kernel.run("slow.merge_secret('n000', {'key': 'theirs'}); slow.merge_secret('n001', {'key': 'theirs'})").ok
    result_without_prompts = kernel.run(COPY, allow_stdin=False)
    assert not result_without_prompts.ok
    assert "--on-conflict=skip" in result_without_prompts.error
    # Skip the first secret and replace the second one.
    result_with_prompts = kernel.run(COPY, ["s", "r"])
    assert [prompt["prompt"][:50] for prompt in result_with_prompts.prompts] == [
        f"'slow' already has a secret 'n00{n}': other values o" for n in (0, 1)
    ]
    assert result_with_prompts.stream("stdout").startswith(
        "Copied 1 secret from 'default' to 'slow'; 1 of them replaced a secret; 1 skipped."
    )
    assert kernel.run("str(slow.get_secret('n000').value('key')) == 'theirs', same()").displayed_data() == ["(True, False)"]
    assert kernel.run(f"{COPY} --on-conflict=replace").ok
    assert kernel.run("same()").displayed_data() == ["True"]
    assert not find_canary(repr(kernel.record))


def test_a_secret_that_cannot_be_copied_is_reported_at_the_end(kernel: Kernel, tmp_path: Path) -> None:
    """If the target refuses a secret, the other secrets are copied.

    The cell ends with an error.

    A table contains the reason of the refusal.
    """
    _register_secrets(kernel, tmp_path, 3)
    check = """
from zensecrets_jupyter import InvalidSecretError
def check(self, name, record):
    if name == "n001":
        raise InvalidSecretError("The name is odd.", name=name)
Slow.check = check
"""
    assert kernel.run(check).ok
    result = kernel.run(COPY)
    assert not result.ok
    assert result.error.strip() == "UsageError: 1 secret could not be copied; the table above has the reasons."
    assert "The name is odd." in result.displayed_data("text/html")[0]
    assert result.stream("stdout") == "Copied 2 secrets from 'default' to 'slow'; 1 can't be copied.\n"
    assert kernel.run("slow.list_secrets()").displayed_data() == ["['n000', 'n002']"]


def test_ipython_at_a_terminal_shows_a_progress_bar(tmp_path: Path) -> None:
    """The progress bar is removed at the end, and the screen shows no value."""
    # The code before `source, slow` becomes a module without the magic, because a magic works only in a cell.
    backend_code = REGISTER_SLOW_MANAGER.replace("%zen secrets-manager register slow --flavor=slow\n", "").partition("source, slow")[0]
    fill = "\ndef fill(value):\n    for number in range(50):\n        record = SecretRecord('arbitrary', {'key': value})\n"
    (tmp_path / "slow.py").write_text(f"{backend_code}{fill}        Client().secrets_manager.register_record(f'n{{number:03}}', record)\n")
    home = {
        "ZENSECRETS_HOME": str(tmp_path / "home"),
        "ZENSECRETS_PASSPHRASE": canary("passphrase"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    environment = {**home, "TERM": "xterm", "SOME_API_TOKEN": canary("copied")}
    ipython = spawn_in_terminal(
        str(Path(sys.executable).parent / "ipython"), ["--simple-prompt", "--no-banner"], environment, folder=tmp_path
    )
    screen = ""
    lines = ["%load_ext zensecrets_jupyter", "import os, slow; slow.fill(os.environ['SOME_API_TOKEN'])"]
    for line in [*lines, "%zen secrets-manager register slow --flavor=slow", COPY, "exit"]:
        ipython.expect(r"In \[\d+\]: ")
        screen += str(ipython.before)
        ipython.sendline(line)
    ipython.expect(pexpect.EOF)
    ipython.close()
    screen += str(ipython.before)
    assert re.search(r"\d+/50", screen)
    # The control sequence erases the line of the progress bar.
    assert re.search(r"\x1b\[2KCopied 50 secrets from 'default' to 'slow'\.", screen)
    assert not find_canary(screen)
