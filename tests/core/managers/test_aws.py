"""The `aws` backend with a moto server, which implements the API of AWS."""

from __future__ import annotations

import json
import logging
import uuid
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests

from tests.support.error_texts import error_details, is_one_line
from tests.support.faults.http_proxy import FaultProxy, reset_after_execution, reset_before_execution
from tests.support.faults.services import aws_error
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerUnreachableError,
    SecretExistsError,
    SecretNotFoundError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.aws.backend import AwsBackend
from zensecrets_jupyter.core.schemas.built_in.basic_auth import BasicAuthSecretSchema
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests
from zensecrets_jupyter.testing.stateful import VersionBehavior

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path


class TestAws(SecretsManagerTests):
    """The conformance suite with the default recovery window, in which a deleted secret can be restored."""

    backend_class = AwsBackend
    limit = 65_536
    version_behavior = VersionBehavior(versions_kept=2, renames_with_history=False)
    # Both numbers are lower than their defaults, 20 and 8, because each request takes time.
    random_series_count = 8
    writers = 4

    @pytest.fixture(autouse=True)
    def _use_server(self, aws: FaultProxy) -> None:
        self.aws = aws
        # The attributes are set here and not on the class, because the address is known after the start of the server.
        # The short deadline, in seconds, soon ends the retries of an injected fault.
        self.attributes = {"endpoint_url": aws.address, "deadline": 0.2}

    def raw(self) -> bytes:
        """Return every version of this test's secrets that AWS returns, one per line."""
        client = boto3.client("secretsmanager", endpoint_url=self.aws.address)
        texts = []
        for page in client.get_paginator("list_secrets").paginate():
            for item in page["SecretList"]:
                if self.identity in item["Name"]:
                    texts += [
                        client.get_secret_value(SecretId=item["Name"], VersionId=version)["SecretString"]
                        for version in item["SecretVersionsToStages"]
                    ]
        return "\n".join(texts).encode()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the faults of AWS."""
        return {
            "denied": (partial(self.aws.inject, aws_error("AccessDeniedException")), ManagerAccessError),
            "throttled": (partial(self.aws.inject, aws_error("ThrottlingException")), ManagerUnreachableError),
            "broken": (partial(self.aws.inject, reset_before_execution), ManagerUnreachableError),
        }


@pytest.fixture
def manager(aws: FaultProxy) -> SecretsManager[AwsBackend]:
    """Return a manager without secrets."""
    return _open(aws, str(uuid.uuid4()))


def _open(aws: FaultProxy, identity: str, **attributes: Any) -> SecretsManager[AwsBackend]:
    """Return a manager with an ID. Managers with the same ID have the same secrets, as in two processes."""
    options = AwsBackend.make_options({"endpoint_url": aws.address, "deadline": 1, **attributes})
    return SecretsManager(AwsBackend(options, context=ManagerContext(name="tested", id=identity)))


def _describe(manager: SecretsManager[AwsBackend], name: str) -> dict[str, Any]:
    client = boto3.client("secretsmanager", endpoint_url=manager.backend.options.endpoint_url)
    response: dict[str, Any] = client.describe_secret(SecretId=manager.backend.key_for(name))
    return response


def test_more_than_a_page_is_listed(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """Names, schemas and versions of 101 secrets are listed with two requests, and no value is read. A page has 100 secrets."""
    for number in range(100):
        manager.register_secret(secret(f"n{number:03}", key="value"))
    manager.register_secret(BasicAuthSecretSchema(name="typed", username="u", password="p"))
    manager.merge_secret("typed", {"password": "q"})
    aws.requests.clear()
    summaries = manager.summaries()
    assert aws.requests == ["ListSecrets", "ListSecrets"]
    assert [summary.name for summary in summaries] == [*(f"n{number:03}" for number in range(100)), "typed"]
    assert [(summary.schema, summary.version) for summary in summaries[-2:]] == [("arbitrary", 1), ("basic_auth", 2)]
    assert {summary.updated.tzinfo for summary in summaries if summary.updated} == {timezone.utc}


def test_secrets_are_read_in_batches_of_twenty(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """Forty-five secrets need three requests. After an update, another instance reads the new content."""
    names = [f"n{number}" for number in range(45)]
    for name in names:
        manager.register_secret(secret(name, key=name))
    aws.requests.clear()
    # A result is a secret or an error. An error would make the dicts differ.
    assert {name: getattr(result, "content", result) for name, result in manager.get_secrets(names).items()} == {
        name: {"key": name} for name in names
    }
    assert aws.requests == ["BatchGetSecretValue"] * 3
    manager.merge_secret("n7", {"key": "changed"})
    results = _open(aws, manager.id).get_secrets(names)
    assert getattr(results["n7"], "content", None) == {"key": "changed"}


def test_batch_without_permission(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """Without permission for batch reads, each secret is read with its own request."""
    for name in ("a", "b"):
        manager.register_secret(secret(name, key=name))
    with aws.inject(aws_error("AccessDeniedException"), only="BatchGetSecretValue"):
        results = manager.get_secrets(["a", "b", "missing"])
    assert {name: getattr(result, "content", type(result)) for name, result in results.items()} == {
        "a": {"key": "a"},
        "b": {"key": "b"},
        "missing": SecretNotFoundError,
    }


def test_undelete(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """A deleted secret can be restored, even if a response is lost.

    The error for a deleted secret states the end of the recovery window, and the command that restores it.
    """
    manager.register_secret(secret("a", key="value"))
    manager.delete_secret("a")
    end = datetime.now(timezone.utc) + timedelta(days=30)
    with pytest.raises(SecretNotFoundError, match=f"AWS keeps it until {end:%Y-%m-%d}.*Restore it: %secret undelete a") as caught:
        manager.get_secret("a")
    assert is_one_line(caught.value)
    manager.undelete_secret("a")
    assert manager.get_secret("a").content == {"key": "value"}
    with pytest.raises(SecretNotFoundError, match="There is no secret 'b'"):
        manager.undelete_secret("b")
    manager.delete_secret("a")
    with aws.inject(reset_after_execution, only="RestoreSecret", times=1):
        manager.undelete_secret("a")
    assert manager.list_secrets() == ["a"]


def test_recovery_days(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """The option ``recovery_days`` sets the recovery window. With ``force``, a deleted secret cannot be restored.

    A name whose secret was deleted with ``force`` can be registered again.
    """
    for name in ("recoverable", "forced"):
        manager.register_secret(secret(name, key="value"))
    _open(aws, manager.id, recovery_days=7).delete_secret("recoverable")
    _open(aws, manager.id, force=True).delete_secret("forced")
    recovery_window = _describe(manager, "recoverable")["DeletedDate"] - datetime.now(timezone.utc)
    assert timedelta(days=6, hours=23) < recovery_window < timedelta(days=7, hours=1)
    with pytest.raises(SecretNotFoundError, match="There is no secret 'forced'"):
        manager.undelete_secret("forced")
    manager.register_secret(secret("forced", key="new"))
    manager.delete_all_secrets()
    assert manager.list_secrets() == []


def test_deleted_name_can_be_registered_again(manager: SecretsManager[AwsBackend]) -> None:
    """A new secret with the name of a deleted one has its own history."""
    manager.register_secret(secret("a", key="old"))
    manager.merge_secret("a", {"key": "older"})
    manager.delete_secret("a")
    manager.register_secret(secret("a", key="new"))
    assert [(version.number, version.current) for version in manager.history("a")] == [(1, True)]
    with pytest.raises(SecretNotFoundError, match="The versions are 1"):
        manager.rollback("a", 2)
    manager.merge_secret("a", {"key": "newer"})
    assert [version.number for version in manager.history("a")] == [2, 1]
    assert manager.rollback("a", 1).number == 3
    assert manager.get_secret("a").content == {"key": "new"}


@pytest.mark.parametrize("request_name", ["PutSecretValue", "UpdateSecretVersionStage"])
def test_failed_registration_keeps_the_secret_deleted(manager: SecretsManager[AwsBackend], aws: FaultProxy, request_name: str) -> None:
    """If the name of a deleted secret is registered and the new content is refused, the secret stays deleted.

    If one response is lost, a retry stores the new content.
    """
    manager.register_secret(secret("a", key=canary("old")))
    manager.delete_secret("a")
    with aws.inject(aws_error("AccessDeniedException"), only=request_name), pytest.raises(ManagerAccessError):
        manager.register_secret(secret("a", key="new"))
    with pytest.raises(SecretNotFoundError, match="AWS keeps it until"):
        manager.get_secret("a")
    assert manager.list_secrets() == []
    with aws.inject(reset_after_execution, only=request_name, times=1):
        manager.register_secret(secret("a", key="new"))
    assert manager.get_secret("a", refresh=True).content == {"key": "new"}
    with pytest.raises(SecretExistsError):
        _open(aws, manager.id).register_secret(secret("a", key="newer"))


def test_unusable_credentials_keep_the_secret_deleted(
    manager: SecretsManager[AwsBackend], aws: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a registration loses its credentials halfway, a deleted secret of this name stays deleted.

    A registration first restores the deleted secret with RestoreSecret, and then stores the new content with PutSecretValue. The program
    that prints the credentials is missing for the second request, and exists again for the request that deletes the restored secret.
    """
    manager.register_secret(secret("a", key=canary("old")))
    manager.delete_secret("a")
    expiration = (datetime.now(timezone.utc) + timedelta(minutes=5)).isoformat()
    # botocore runs the program before each request, because the credentials expire soon.
    credentials = {"Version": 1, "AccessKeyId": "any", "SecretAccessKey": "any", "SessionToken": "any", "Expiration": expiration}
    program, hidden_program = tmp_path / "program", tmp_path / "hidden"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(credentials)}'\n")
    program.chmod(0o700)
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {program}\n")

    def hide_program(**_event: Any) -> None:
        program.rename(hidden_program)

    def show_program(**_event: Any) -> None:
        hidden_program.rename(program)

    with monkeypatch.context() as patch:
        patch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        # Keys in the environment would take precedence over the program.
        for name in KEY_VARIABLES:
            patch.delenv(name)
        other = _open(aws, manager.id)
        assert other.list_secrets() == []
        # boto3's client calls these functions before and after a request.
        events = other.backend.runner._get_client().meta.events
        events.register("before-call.secrets-manager.PutSecretValue", hide_program)
        events.register("before-call.secrets-manager.DeleteSecret", show_program)
        events.register("after-call.secrets-manager.DeleteSecret", hide_program)
        with pytest.raises(InvalidOptionsError, match=r"names .*program, which can't be used"):
            other.register_secret(secret("a", key="new"))
    with pytest.raises(SecretNotFoundError, match="AWS keeps it until"):
        manager.get_secret("a", refresh=True)


def test_foreign_deleted_secret_is_not_restored(aws: FaultProxy) -> None:
    """If a deleted secret of another program has the name, registering and undeleting are refused, and the secret stays deleted."""
    # With the scope "none", the ID is not a part of the names in AWS.
    manager = _open(aws, "any", scope="none")
    name = f"theirs-{uuid.uuid4()}"
    client = boto3.client("secretsmanager", endpoint_url=aws.address)
    client.create_secret(Name=name, SecretString="theirs")
    client.delete_secret(SecretId=name)
    with pytest.raises(ManagerCorruptedError, match="another program wrote the stored payload"):
        manager.register_secret(secret(name, key=canary()))
    with pytest.raises(ManagerCorruptedError, match="another program wrote the stored payload"):
        manager.undelete_secret(name)
    assert "DeletedDate" in client.describe_secret(SecretId=name)


def test_pending_deletion_is_awaited(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """A registration is retried while AWS reports that the name is scheduled for deletion. AWS needs some time for a forced deletion."""
    pending_deletion = aws_error("InvalidRequestException", message="a secret with this name is already scheduled for deletion")
    with aws.inject(pending_deletion, only="CreateSecret", times=2):
        manager.register_secret(secret("a", key="value"))
    assert manager.get_secret("a").content == {"key": "value"}


def test_existing_name_without_permission_to_describe(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """Without permission to describe secrets, registering an existing name raises SecretExistsError."""
    manager.register_secret(secret("a", key="value"))
    with aws.inject(aws_error("AccessDeniedException"), only="DescribeSecret"), pytest.raises(SecretExistsError):
        manager.register_secret(secret("a", key="other"))


def test_version_from_the_console(manager: SecretsManager[AwsBackend]) -> None:
    """A version that the AWS console adds has the number after our last one, and our next version the number after that.

    AWS keeps the current and the previous version.
    """
    manager.register_secret(secret("a", key="first"))
    client = boto3.client("secretsmanager", endpoint_url=manager.backend.options.endpoint_url)
    text = client.get_secret_value(SecretId=manager.backend.key_for("a"))["SecretString"]
    # The console adds a version with this request.
    client.put_secret_value(SecretId=manager.backend.key_for("a"), SecretString=text.replace("first", "second"))
    assert [version.number for version in manager.history("a")] == [2, 1]
    assert manager.get_secret("a").content == {"key": "second"}
    manager.merge_secret("a", {"key": "third"})
    assert [version.number for version in manager.history("a")] == [3, 2]
    assert manager.rollback("a", 2).number == 4
    assert manager.get_secret("a").content == {"key": "second"}


def test_tags(aws: FaultProxy) -> None:
    """A secret has the tags of the options and a tag with its schema."""
    manager = _open(aws, str(uuid.uuid4()), tags={"team": "vision"})
    manager.register_secret(secret("a", key="value"))
    tags = {tag["Key"]: tag["Value"] for tag in _describe(manager, "a")["Tags"]}
    assert tags == {"team": "vision", "zensecrets:schema": "arbitrary"}
    manager.update_secret(BasicAuthSecretSchema(name="a", username="u", password="p"))
    assert [summary.schema for summary in manager.summaries()] == ["basic_auth"]
    assert {"Key": "team", "Value": "vision"} in _describe(manager, "a")["Tags"]


def test_missing_configuration_is_reported(aws: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing profile, region or credential, a malformed endpoint and an unreachable server each raise their own error."""
    identity = str(uuid.uuid4())
    with pytest.raises(InvalidOptionsError, match=r"no AWS profile 'unknown' on this machine.*~/\.aws/config"):
        _open(aws, identity, profile="unknown").list_secrets()
    with pytest.raises(InvalidOptionsError, match="malformed"):
        _open(aws, identity, endpoint_url="nowhere").list_secrets()
    with pytest.raises(ManagerUnreachableError, match="Check the address"):
        _open(aws, identity, endpoint_url="http://127.0.0.1:1").list_secrets()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(InvalidOptionsError, match="Give the secrets manager a --region_name"):
        _open(aws, identity).list_secrets()
    assert _open(aws, identity, region_name="eu-west-1").list_secrets() == []
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ManagerAccessError, match="missing, wrong or expired"):
        _open(aws, identity, region_name="eu-west-1").list_secrets()


KEY_VARIABLES = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": canary("key")}
"""The environment variables with an access key, and values that boto3 accepts."""
BROKEN_CONFIGURATIONS = {
    "a line break in the id": ({"AWS_ACCESS_KEY_ID": f"{canary('id')}\n"}, "", "access key id.*line break.*AWS_ACCESS_KEY_ID"),
    "a line break in the key": (
        {"AWS_SECRET_ACCESS_KEY": f"{canary('key')}\n"},
        "",
        "secret access key.*line break.*SECRET_ACCESS_KEY",
    ),
    "two lines in the token": ({"AWS_SESSION_TOKEN": f"a\n{canary('token')}"}, "", "session token.*line break.*AWS_SESSION_TOKEN"),
    "a profile that does not exist": ({"AWS_PROFILE": "unknown"}, "", "no AWS profile 'unknown' on this machine.*AWS_PROFILE"),
    "no INI file": ({}, f"{canary('config')} [", "config can't be read.*Correct the file"),
    "no UTF-8": ({}, "\udcff[default]", "config can't be read.*Correct the file"),
    "a role of a profile that does not exist": (
        {},
        "[default]\nsource_profile = x\nrole_arn = arn:aws:iam::1:role/x\n",
        "InvalidConfigError",
    ),
    "a program that does not exist": ({}, "[default]\ncredential_process = /nosuch/program\n", "names /nosuch/program"),
    "a program that prints no JSON": ({}, f"[default]\ncredential_process = echo {canary('process')}\n", "credential_process.*is not JSON"),
    "a file that does not exist": (
        {"AWS_ROLE_ARN": "arn:aws:iam::1:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nosuch"},
        "",
        "names /nosuch",
    ),
    "an unknown retry mode": ({"AWS_RETRY_MODE": "abc"}, "", "InvalidRetryModeError.*variables AWS_"),
    "a malformed region": ({"AWS_DEFAULT_REGION": "eu central"}, "", "region 'eu central'.*malformed.*--region_name"),
}
"""Wrong configurations of a machine.

A value has environment variables, the text of the configuration file, and a pattern of the error.

In "no UTF-8", the text begins with a surrogate, which is written to the file as the byte FF.
"""


@pytest.mark.parametrize("problem", BROKEN_CONFIGURATIONS)
def test_broken_configuration_is_reported(problem: str, aws: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error states the problem and the fix, and contains no value of the configuration."""
    variables, config, expected_text = BROKEN_CONFIGURATIONS[problem]
    # Keys in the environment would take precedence over a program or a role as the source of credentials.
    needs_no_keys = "credential_process" in config or "role" in problem or "AWS_ROLE_ARN" in variables
    for name, value in KEY_VARIABLES.items():
        if needs_no_keys:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    for name, value in {**variables, "AWS_CONFIG_FILE": str(tmp_path / "config")}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config").write_text(config, encoding="utf-8", errors="surrogateescape")
    with pytest.raises((InvalidOptionsError, ManagerAccessError), match=expected_text) as caught:
        _open(aws, str(uuid.uuid4())).list_secrets()
    assert find_canary(str(caught.value)) == []
    # An error that the backend does not know would be called unexpected.
    assert "unexpected error" not in str(caught.value)


def test_access_denied(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """Unknown keys, and a user without permissions, raise ManagerAccessError without a value.

    Moto checks keys and permissions in this test.
    """
    iam = boto3.client("iam", endpoint_url=aws.address)
    iam.create_user(UserName="without-permissions")
    key = iam.create_access_key(UserName="without-permissions")["AccessKey"]
    with _access_control(aws), pytest.MonkeyPatch.context() as patch:
        # Moto does not know the keys of the fixture ``aws``.
        with pytest.raises(ManagerAccessError, match="403"):
            manager.list_secrets()
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        for operation in (_open(aws, manager.id).list_secrets, lambda: _open(aws, manager.id).register_secret(secret("a", key=canary()))):
            with pytest.raises(ManagerAccessError, match="does not allow you") as caught:
                operation()
            assert not find_canary(error_details(caught.value))
    assert manager.list_secrets() == []


@contextmanager
def _access_control(aws: FaultProxy) -> Iterator[None]:
    """Let moto check keys and permissions while the block runs.

    The body of the request ``reset-auth`` is the number of requests before the first check.
    """
    requests.post(f"{aws.address}/moto-api/reset-auth", data=b"0", timeout=10)
    try:
        yield
    finally:
        requests.post(f"{aws.address}/moto-api/reset-auth", data=b"inf", timeout=10)


def test_only_our_requests_are_removed_from_logs(
    manager: SecretsManager[AwsBackend], aws: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    """The debug logs contain no value of our requests, and they contain other requests of the same process."""
    caplog.set_level(logging.DEBUG)
    manager.register_secret(secret("a", key=canary("ours")))
    manager.get_secret("a")
    assert not find_canary(caplog.text)
    boto3.client("secretsmanager", endpoint_url=aws.address).describe_secret(SecretId=manager.backend.key_for("a"))
    assert "DescribeSecret" in caplog.text
