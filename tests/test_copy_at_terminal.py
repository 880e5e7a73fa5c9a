"""`secrets-manager copy` in a terminal: the progress bar, the prompts and Ctrl-C."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.core.managers.conftest import AWS_USER
from tests.support.fakes.moto_server import running_moto
from tests.support.faults.http_proxy import FaultProxy
from tests.support.terminal import ZENSECRETS, run_zensecrets, spawn_in_terminal
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.managers import SecretRecord
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.faults.http_proxy import Exchange

COPY = ("secrets-manager", "copy", "default", "cloud")


@pytest.fixture(autouse=True)
def _two_managers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register a hundred secrets in ``default``, and a slow, empty secrets manager ``cloud``.

    Check afterwards that no file of the workspace contains a value.
    """
    # AWS_USER has the environment variables of AWS credentials.
    for variable, value in {**AWS_USER, "TERM": "xterm"}.items():
        monkeypatch.setenv(variable, value)
    with running_moto() as port, FaultProxy("127.0.0.1", port).running() as proxy:
        workspace = Client().workspace
        workspace.register_component(ComponentType.SECRETS_MANAGER, "cloud", "aws", {"endpoint_url": proxy.address})
        for number in range(100):
            workspace.open_manager("default").register_record(f"n{number:03}", SecretRecord("arbitrary", {"key": canary("copied")}))
        with proxy.inject(_answer_slowly, only="CreateSecret"):
            yield
    assert find_canary(tmp_path / "home") == []


def _answer_slowly(exchange: Exchange) -> None:
    time.sleep(1)
    exchange.answer(exchange.forward())


def _start_copy(*words: str) -> pexpect.spawn[str]:
    return spawn_in_terminal(str(ZENSECRETS), [*COPY, *words], {}, seconds=120, size=(24, 80))


def _remaining_output(process: pexpect.spawn[str]) -> str:
    process.expect(pexpect.EOF)
    process.close()
    return str(process.before)


def _managers_are_equal() -> bool:
    source, cloud = (Client().workspace.open_manager(name) for name in ("default", "cloud"))
    return bool(source.get_records(source.list_secrets()) == cloud.get_records(cloud.list_secrets()))


def test_a_bar_counts_secrets_and_a_copy_can_be_interrupted() -> None:
    """After Ctrl-C a line says how many secrets were copied, and the same command copies the rest."""
    process = _start_copy()
    # The bar counts 20 to 99 secrets.
    process.expect(r"[2-9]\d/100")
    process.sendintr()
    output = _remaining_output(process)
    assert process.exitstatus == 130
    match = re.search(r"Interrupted: (\d+) of 100 secrets are in 'cloud', each of them complete\.", output)
    assert match, output
    copied_count = int(match[1])
    cloud = Client().workspace.open_manager("cloud")
    assert len(cloud.list_secrets()) == copied_count
    assert 0 < copied_count < 100
    second_run = run_zensecrets(*COPY)
    assert second_run.stderr == ""
    assert second_run.stdout == (
        f"Copied {100 - copied_count} secrets from 'default' to 'cloud'; {copied_count} already in the target.\n"
        "To use them there: zensecrets stack update default -x cloud\n"
    )
    assert _managers_are_equal()
    assert find_canary(output + second_run.stdout) == []


def test_conflicts_are_resolved_by_an_answer_or_an_option() -> None:
    """If the target has a different secret of the same name, a user answers with a letter, and a script uses ``--on-conflict``."""
    cloud = Client().workspace.open_manager("cloud")
    cloud.register_record("n001", SecretRecord("arbitrary", {"key": canary("other")}))
    # Without a terminal and without the option, the error suggests the option.
    run_without_option = run_zensecrets(*COPY, "n000", "n001")
    assert (run_without_option.returncode, run_without_option.stdout) == (1, "")
    assert "--on-conflict=skip" in run_without_option.stderr
    run_with_stop = run_zensecrets(*COPY, "n000", "n001", "--on-conflict=stop")
    assert (run_with_stop.returncode, run_with_stop.stdout) == (1, "")
    assert "nothing was copied" in run_with_stop.stderr
    assert cloud.list_secrets() == ["n001"]
    process = _start_copy("n000", "n001")
    process.expect("Enter to cancel: ")
    # `r` means "replace".
    process.sendline("r")
    output = _remaining_output(process)
    assert "Copied 2 secrets from 'default' to 'cloud'; 1 of them replaced a secret." in output
    assert process.exitstatus == 0
    dry_run = run_zensecrets(*COPY, "n000", "n001", "n002", "--dry-run")
    # A row of the table starts with the name and the result of the comparison: "the same" or "new". Only its first word is checked.
    assert [line.split()[:2] for line in dry_run.stdout.splitlines() if line.startswith("n0")] == [
        ["n000", "the"],
        ["n001", "the"],
        ["n002", "new"],
    ]
    assert find_canary(run_without_option.stderr + run_with_stop.stderr + output + dry_run.stdout) == []
