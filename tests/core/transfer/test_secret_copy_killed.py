"""Test of a copy that is killed and restarted many times."""

from __future__ import annotations

import json
import random
import secrets as randomness
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.core.managers.conftest import AWS_USER
from tests.support.copiers import copy_until_killed
from tests.support.fakes.moto_server import running_moto
from tests.support.faults.http_proxy import FaultProxy
from tests.support.managers.stores import FORK_SERVER
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.managers import SecretRecord
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.workspace import Workspace
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from zensecrets_jupyter.core.managers import SecretsManager

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.

SECRET_COUNT, KILL_COUNT = 1000, 10
"""Number of secrets, and number of times that the copy is killed."""


def _records(generator: random.Random) -> dict[str, SecretRecord]:
    """Return secrets with various schemas, names in four scripts, and short and long values.

    The scripts are Latin, Cyrillic, Chinese and Arabic. One name has special characters.
    """
    records = {}
    for number in range(SECRET_COUNT):
        name = f"{generator.choice(['db', 'ключ', '鍵', 'clé-', 'مفتاح', 'a=b+c@'])}{number}"
        value = canary(str(number))
        contents: list[tuple[str, dict[str, str]]] = [
            ("arbitrary", {"key": value}),
            ("arbitrary", {f"key.{line}": f"{value}\n{line}é\0" for line in range(generator.randrange(6))}),
            ("aws", {"aws_access_key_id": value, "aws_secret_access_key": "s" * generator.randrange(1, 3000)}),
            ("basic_auth", {"username": "u", "password": value}),
            ("of another package", {"pem": f"-----\n{value}\n-----\n"}),
        ]
        records[name] = SecretRecord(*generator.choice(contents))
    return records


def test_a_copy_killed_ten_times_is_completed(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """After ten killed copies, one more copy makes the target equal to the source."""
    # ``randomness`` is Python's module ``secrets``, which has nothing to do with the secrets of this project.
    seed = randomness.randbelow(10**9)
    generator = random.Random(seed)  # noqa: S311 - the times of the kills need no secure randomness
    with capsys.disabled():
        print(f"\nrandom seed {seed}; killed after these numbers of registrations: ", end="")  # noqa: T201 - repeating a failed test needs the seed
    for variable, value in AWS_USER.items():
        monkeypatch.setenv(variable, value)
    with running_moto() as port, FaultProxy("127.0.0.1", port).running() as aws:
        workspace = Client().workspace
        records = _records(generator)
        source = workspace.open_manager("default")
        for name, record in records.items():
            source.register_record(name, record)
        workspace.register_component(ComponentType.SECRETS_MANAGER, "cloud", "aws", {"endpoint_url": aws.address})
        state_before = _state(source)
        # The last 100 secrets are left for the last copy, so every earlier copy is killed before its end.
        kill_points = sorted(generator.sample(range(1, SECRET_COUNT - 100), KILL_COUNT))
        for registration_count in kill_points:
            _kill_a_copy(home, aws, registration_count, generator.uniform(0.0, 0.01))
        last_copy = run_zensecrets("secrets-manager", "copy", "default", "cloud")
        assert last_copy.returncode == 0, last_copy.stderr
        assert not find_canary(last_copy.stdout + last_copy.stderr)
        target = Workspace(home).open_manager("cloud")
        assert target.get_records(target.list_secrets()) == records
        assert _state(Workspace(home).open_manager("default")) == state_before
        second_copy = run_zensecrets("secrets-manager", "copy", "default", "cloud")
        assert f"{SECRET_COUNT} already in the target" in second_copy.stdout
    with capsys.disabled():
        print(", ".join(map(str, kill_points)), f"of {SECRET_COUNT} secrets; then: {last_copy.stdout.splitlines()[0]}")  # noqa: T201 - the printed result shows when the copies were killed
    assert not find_canary(home)


def _kill_a_copy(home: Path, aws: FaultProxy, registration_count: int, seconds: float) -> None:
    """Start a copy, and kill it ``seconds`` after AWS has received ``registration_count`` registrations.

    The number includes the registrations of all earlier copies.
    """
    process = FORK_SERVER.Process(target=copy_until_killed, args=(home, AWS_USER))
    process.start()
    deadline = time.monotonic() + 60
    while aws.requests.count("CreateSecret") < registration_count:
        assert time.monotonic() < deadline
        assert process.exitcode is None, "the copy ended before it was killed"
        time.sleep(0.001)
    time.sleep(seconds)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, "the copy was not killed"


def _state(manager: SecretsManager) -> str:
    """Return the summaries and the records of all secrets of a manager as one text."""
    state = []
    for summary in manager.summaries():
        record = manager.get_records([summary.name])[summary.name]
        state.append([*map(str, summary), repr(vars(record))])
    return json.dumps(state)
