"""Tests of copying to AWS and GitHub, with and without injected faults."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.core.managers.conftest import AWS_USER
from tests.support.error_texts import error_details, is_one_line
from tests.support.fakes.github_api import REPOSITORY, GithubServer
from tests.support.fakes.moto_server import running_moto
from tests.support.faults.http_proxy import FaultProxy, canned_response, reset_after_execution, reset_before_execution
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import ManagerAccessError, ManagerError, ManagerUnreachableError, SecretExistsError
from zensecrets_jupyter.core.managers import SecretRecord
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.transfer.secret_copy import ComparisonResult, plan_copy
from zensecrets_jupyter.core.workspace import Workspace
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.faults.http_proxy import Exchange
    from zensecrets_jupyter.core.managers import SecretsManager

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.

SECRET_COUNT = 60
"""Number of secrets to copy."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Register a fake AWS as ``cloud`` and sixty local secrets; yield the fault proxy of AWS."""
    for variable, value in AWS_USER.items():
        monkeypatch.setenv(variable, value)
    with running_moto() as port, FaultProxy("127.0.0.1", port).running() as proxy:
        workspace = Client().workspace
        # ``timeout`` limits the seconds of each request. After ``deadline`` seconds, no request is retried.
        options = {"endpoint_url": proxy.address, "timeout": 5, "deadline": 1}
        workspace.register_component(ComponentType.SECRETS_MANAGER, "cloud", "aws", options)
        for number in range(SECRET_COUNT):
            workspace.open_manager("default").register_record(f"n{number:02}", SecretRecord("arbitrary", {"key": canary("copied")}))
        yield proxy


def _count_copied(home: Path) -> int:
    """Return the number of secrets in the cloud, and check that they equal the source's."""
    workspace = Workspace(home)
    source, cloud = workspace.open_manager("default"), workspace.open_manager("cloud")
    records = cloud.get_records(cloud.list_secrets())
    assert records == source.get_records(list(records))
    return len(records)


def test_a_copy_takes_few_requests(aws: FaultProxy, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A copy of new secrets takes one list request and one write for each secret.

    A second copy reads twenty secrets with each request. No log contains a value.
    """
    caplog.set_level(logging.DEBUG)
    Client().copy_secrets("default", "cloud")
    assert Counter(aws.requests) == {"ListSecrets": 1, "CreateSecret": SECRET_COUNT}
    aws.requests.clear()
    assert len(Client().copy_secrets("default", "cloud").same) == SECRET_COUNT
    assert Counter(aws.requests) == {"ListSecrets": 1, "BatchGetSecretValue": 3}
    assert _count_copied(home) == SECRET_COUNT
    assert not find_canary(caplog.text)


@pytest.mark.parametrize(
    "inject_fault", [reset_before_execution, reset_after_execution, canned_response(400, {"__type": "ThrottlingException"})]
)
def test_temporary_faults_are_retried(aws: FaultProxy, home: Path, inject_fault: Callable[[Exchange], None]) -> None:
    """Requests are retried after broken connections and throttling, and no retry counts as a conflict."""
    # The long deadline leaves time for retries, even on a slow machine.
    Client().workspace.update_component(ComponentType.SECRETS_MANAGER, "cloud", {"deadline": 60})
    with aws.inject(inject_fault, times=3, only="CreateSecret"):
        assert len(Client().copy_secrets("default", "cloud").registered) == SECRET_COUNT
    assert _count_copied(home) == SECRET_COUNT


_FAULTS: dict[str, tuple[Callable[[Exchange], None], type[ManagerError]]] = {
    "denied": (canned_response(400, {"__type": "AccessDeniedException", "message": "zsCanary may not"}), ManagerAccessError),
    "broken": (reset_before_execution, ManagerUnreachableError),
    "responses lost": (reset_after_execution, ManagerUnreachableError),
    "500": (canned_response(500, {"__type": "InternalServiceError", "message": "zsCanary"}), ManagerUnreachableError),
}
"""Faults, each with the expected error.

The text ``zsCanary`` is in the responses, so the test would find it in an error.
"""


@pytest.mark.parametrize("fault", list(_FAULTS))
def test_a_copy_continues_after_a_failure(aws: FaultProxy, home: Path, fault: str) -> None:
    """If AWS fails during a copy, the error has the number of copied secrets and no value. A second copy copies the rest."""
    inject_fault, expected = _FAULTS[fault]
    # The number is in a list, so that the inner function can change it.
    remaining_successes, lock = [20], threading.Lock()

    def fail_later(exchange: Exchange) -> None:
        with lock:
            remaining_successes[0] -= 1
            is_forwarded = remaining_successes[0] >= 0
        if is_forwarded:
            exchange.answer(exchange.forward())
        else:
            inject_fault(exchange)

    with aws.inject(fail_later, only="CreateSecret"), pytest.raises(ManagerError) as caught:
        Client().copy_secrets("default", "cloud")
    assert type(caught.value) is expected
    assert f" of {SECRET_COUNT} secrets are in 'cloud', each of them complete." in str(caught.value)
    assert caught.value.hint.startswith("Copy again to continue")
    assert is_one_line(caught.value)
    assert not find_canary(error_details(caught.value))
    copied_count = _count_copied(home)
    # The number is larger if AWS executes requests whose responses are lost.
    assert copied_count >= 20
    report = Client().copy_secrets("default", "cloud")
    assert (len(report.same), len(report.registered)) == (copied_count, SECRET_COUNT - copied_count)
    assert _count_copied(home) == SECRET_COUNT


def test_secrets_without_read_permission_are_conflicts(aws: FaultProxy) -> None:
    """A secret in the target that can't be read is a conflict, and not overwritten.

    The conflict has the reason.
    """
    Client().copy_secrets("default", "cloud", ["n00"])
    open_manager = Client().workspace.open_manager
    # AWS denies reads of one secret and of several secrets.
    with aws.inject(_FAULTS["denied"][0], only="(Batch)?GetSecretValue"):
        plan = plan_copy(open_manager("default"), open_manager("cloud"))
        with pytest.raises(SecretExistsError, match="'n00'"):
            Client().copy_secrets("default", "cloud")
        assert len(Client().copy_secrets("default", "cloud", on_conflict="skip").registered) == SECRET_COUNT - 1
    (conflict,) = plan.secrets_with_result(ComparisonResult.CONFLICT)
    assert conflict.name == "n00"
    assert conflict.reason.startswith("it can't be compared: AWS Secrets Manager does not allow you to read")


def test_secrets_are_copied_to_github(home: Path) -> None:
    """GitHub returns no values, so existing secrets are skipped or replaced without a comparison.

    The fake server has decrypted values, in which the test finds the copied ones.
    """
    github = GithubServer(canary("token"))
    with github.running():
        workspace = Client().workspace
        options = {"api_url": github.url, "repository": REPOSITORY, "token": github.token, "scope": "global"}
        workspace.register_component(ComponentType.SECRETS_MANAGER, "actions", "github", options)
        source = workspace.open_manager("default")
        for name in ("a", "b", "c"):
            source.register_record(name, SecretRecord("arbitrary", {"key": canary(name)}))
        Client().copy_secrets("default", "actions", ["a"])
        with pytest.raises(SecretExistsError, match="returns no secrets that could be compared"):
            Client().copy_secrets("default", "actions")
        assert Client().copy_secrets("default", "actions", on_conflict="skip").registered == ["b", "c"]
        stored_before = dict(github.secrets)
        assert len(stored_before) == 3
        assert Client().copy_secrets("default", "actions", on_conflict="replace").replaced == ["a", "b", "c"]
        assert github.secrets.keys() == stored_before.keys()
        assert all(_value(source, name) in github.secrets[f"ZENML___GLOBAL___{name.upper()}"] for name in ("a", "b", "c"))
    assert not find_canary(home)


def _value(manager: SecretsManager, name: str) -> str:
    """Return the value of the key ``key`` of a secret."""
    return manager.get_secret(name).content["key"]
