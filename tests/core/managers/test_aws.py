"""The flavor `aws` on a moto server: the whole suite, and what is special about AWS."""

from __future__ import annotations

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
from tests.support.faults.http_proxy import FaultProxy, canned_response, reset_after, reset_before
from tests.support.managers.counting import secret
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


def refusal(code: str, status: int = 400, message: str = "zsCanary is not allowed") -> Callable[[Any], None]:
    """Return what AWS answers with that code."""
    return canned_response(status, {"__type": code, "message": message})


class TestAws(SecretsManagerTests):
    """The whole suite, with the recovery window that AWS has by default."""

    backend_class = AwsBackend
    limit = 65_536
    version_behavior = VersionBehavior(versions_kept=2, renames_with_history=False)
    series = 8
    writers = 4

    @pytest.fixture(autouse=True)
    def _server(self, aws: FaultProxy) -> None:
        self.aws = aws
        # The attributes are a class's own elsewhere; here the server's address is known only now.
        self.attributes = {"endpoint_url": aws.address, "deadline": 0.2}

    def raw(self) -> bytes:
        """Return all that AWS has, with what is in its recovery window and every version."""
        client = boto3.client("secretsmanager", endpoint_url=self.aws.address)
        found = []
        for page in client.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True):
            for one in page["SecretList"]:
                if "DeletedDate" not in one and self.identity in one["Name"]:
                    found += [
                        client.get_secret_value(SecretId=one["Name"], VersionId=version)["SecretString"]
                        for version in one["SecretVersionsToStages"]
                    ]
        return "\n".join(found).encode()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return what AWS can say to anything."""
        return {
            "denied": (partial(self.aws.inject, refusal("AccessDeniedException")), ManagerAccessError),
            "throttled": (partial(self.aws.inject, refusal("ThrottlingException")), ManagerUnreachableError),
            "broken": (partial(self.aws.inject, reset_before), ManagerUnreachableError),
        }


@pytest.fixture
def manager(aws: FaultProxy) -> SecretsManager[AwsBackend]:
    """Return a manager with nothing in it."""
    return _open(aws, str(uuid.uuid4()))


def _open(aws: FaultProxy, identity: str, **attributes: Any) -> SecretsManager[AwsBackend]:
    options = AwsBackend.make_options({"endpoint_url": aws.address, "deadline": 1, **attributes})
    return SecretsManager(AwsBackend(options, context=ManagerContext(name="tried", id=identity)))


def _described(manager: SecretsManager[AwsBackend], name: str) -> dict[str, Any]:
    client = boto3.client("secretsmanager", endpoint_url=manager.backend.options.endpoint_url)
    found: dict[str, Any] = client.describe_secret(SecretId=manager.backend.key_for(name))
    return found


def test_more_than_a_page_is_listed(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """Names, schemas and versions of 101 secrets come in two requests, and no value is read for them."""
    for number in range(100):
        manager.register_secret(secret(f"n{number:03}", key="value"))
    manager.register_secret(BasicAuthSecretSchema(name="typed", username="u", password="p"))
    manager.merge_secret("typed", {"password": "q"})
    aws.requests.clear()
    found = manager.summaries()
    assert aws.requests == ["ListSecrets", "ListSecrets"]
    assert [one.name for one in found] == [*(f"n{number:03}" for number in range(100)), "typed"]
    assert [(one.schema, one.version) for one in found[-2:]] == [("arbitrary", 1), ("basic_auth", 2)]
    assert {one.updated.tzinfo for one in found if one.updated} == {timezone.utc}


def test_many_are_read_twenty_at_a_time(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """Forty-five secrets are three requests; one that was changed since it was registered comes as it is now."""
    names = [f"n{number}" for number in range(45)]
    for name in names:
        manager.register_secret(secret(name, key=name))
    aws.requests.clear()
    assert {name: getattr(one, "content", one) for name, one in manager.get_secrets(names).items()} == {
        name: {"key": name} for name in names
    }
    assert aws.requests == ["BatchGetSecretValue"] * 3
    manager.merge_secret("n7", {"key": "changed"})
    found = _open(aws, manager.id).get_secrets(names)
    assert getattr(found["n7"], "content", None) == {"key": "changed"}


def test_who_may_only_read_one_at_a_time_reads_many_so(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """The permission for batches is not needed: without it each secret is a request of its own."""
    for name in ("a", "b"):
        manager.register_secret(secret(name, key=name))
    with aws.inject(refusal("AccessDeniedException"), only="BatchGetSecretValue"):
        found = manager.get_secrets(["a", "b", "missing"])
    assert {name: getattr(one, "content", type(one)) for name, one in found.items()} == {
        "a": {"key": "a"},
        "b": {"key": "b"},
        "missing": SecretNotFoundError,
    }


def test_a_deleted_secret_can_be_brought_back(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """While AWS keeps it, whoever looks for it is told until when and how to bring it back, which ends well after a lost answer too."""
    manager.register_secret(secret("a", key="value"))
    manager.delete_secret("a")
    until = datetime.now(timezone.utc) + timedelta(days=30)
    with pytest.raises(SecretNotFoundError, match=f"AWS keeps it until {until:%Y-%m-%d}.*Restore it: %secret undelete a") as caught:
        manager.get_secret("a")
    assert is_one_line(caught.value)
    manager.undelete_secret("a")
    assert manager.get_secret("a").content == {"key": "value"}
    with pytest.raises(SecretNotFoundError, match="There is no secret 'b'"):
        manager.undelete_secret("b")
    manager.delete_secret("a")
    with aws.inject(reset_after, only="RestoreSecret", times=1):
        manager.undelete_secret("a")
    assert manager.list_secrets() == ["a"]


def test_the_window_of_recovery_is_an_option(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """Seven days are seven days; with ``force`` what is deleted is gone."""
    brief, forced = (_open(aws, manager.id, **attributes) for attributes in ({"recovery_days": 7}, {"force": True}))
    for name, one in (("brief", brief), ("forced", forced)):
        manager.register_secret(secret(name, key="value"))
        one.delete_secret(name)
    stored = _described(manager, "brief")["DeletedDate"] - datetime.now(timezone.utc)
    assert timedelta(days=6, hours=23) < stored < timedelta(days=7, hours=1)
    with pytest.raises(SecretNotFoundError, match="There is no secret 'forced'"):
        manager.undelete_secret("forced")
    manager.register_secret(secret("forced", key="new"))
    manager.delete_all_secrets()
    assert manager.list_secrets() == []


def test_a_name_that_was_deleted_is_free(manager: SecretsManager[AwsBackend]) -> None:
    """It is registered anew with a history of its own, from 1; the old content is no version of it."""
    manager.register_secret(secret("a", key="old"))
    manager.merge_secret("a", {"key": "older"})
    manager.delete_secret("a")
    manager.register_secret(secret("a", key="new"))
    assert [(one.number, one.current) for one in manager.history("a")] == [(1, True)]
    with pytest.raises(SecretNotFoundError, match="The versions are 1"):
        manager.rollback("a", 2)
    manager.merge_secret("a", {"key": "newer"})
    assert [one.number for one in manager.history("a")] == [2, 1]
    assert manager.rollback("a", 1).number == 3
    assert manager.get_secret("a").content == {"key": "new"}


@pytest.mark.parametrize("request_name", ["PutSecretValue", "UpdateSecretVersionStage"])
def test_what_can_not_take_a_deleted_ones_place_leaves_it_deleted(
    manager: SecretsManager[AwsBackend], aws: FaultProxy, request_name: str
) -> None:
    """Where the new content is refused, the old one does not come back to life; where the answer is lost once, the new one is there."""
    manager.register_secret(secret("a", key=canary("old")))
    manager.delete_secret("a")
    with aws.inject(refusal("AccessDeniedException"), only=request_name), pytest.raises(ManagerAccessError):
        manager.register_secret(secret("a", key="new"))
    with pytest.raises(SecretNotFoundError, match="AWS keeps it until"):
        manager.get_secret("a")
    assert manager.list_secrets() == []
    with aws.inject(reset_after, only=request_name, times=1):
        manager.register_secret(secret("a", key="new"))
    assert manager.get_secret("a", refresh=True).content == {"key": "new"}
    with pytest.raises(SecretExistsError):
        _open(aws, manager.id).register_secret(secret("a", key="newer"))


def test_a_deleted_secret_of_another_program_is_left_deleted(aws: FaultProxy) -> None:
    """Its name is not free, and it is brought back neither for ours nor by our command."""
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


def test_a_name_that_is_still_being_freed_is_waited_for(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """AWS takes a moment for what is deleted by force, and says meanwhile that the name is scheduled for deletion."""
    told_so = refusal("InvalidRequestException", message="a secret with this name is already scheduled for deletion")
    with aws.inject(told_so, only="CreateSecret", times=2):
        manager.register_secret(secret("a", key="value"))
    assert manager.get_secret("a").content == {"key": "value"}


def test_that_a_name_is_taken_needs_no_more_permission(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """Who may not describe secrets is told that it exists."""
    manager.register_secret(secret("a", key="value"))
    with aws.inject(refusal("AccessDeniedException"), only="DescribeSecret"), pytest.raises(SecretExistsError):
        manager.register_secret(secret("a", key="other"))


def test_what_was_changed_in_the_console_has_a_number_too(manager: SecretsManager[AwsBackend]) -> None:
    """A version whose id is AWS's own counts one more than the one before it, and the next of ours one more than it."""
    manager.register_secret(secret("a", key="first"))
    client = boto3.client("secretsmanager", endpoint_url=manager.backend.options.endpoint_url)
    text = client.get_secret_value(SecretId=manager.backend.key_for("a"))["SecretString"]
    client.put_secret_value(SecretId=manager.backend.key_for("a"), SecretString=text.replace("first", "second"))
    assert [one.number for one in manager.history("a")] == [2, 1]
    assert manager.get_secret("a").content == {"key": "second"}
    manager.merge_secret("a", {"key": "third"})
    assert [one.number for one in manager.history("a")] == [3, 2]
    assert manager.rollback("a", 2).number == 4
    assert manager.get_secret("a").content == {"key": "second"}


def test_secrets_are_tagged(aws: FaultProxy) -> None:
    """A secret has the tags of the options and one with its schema, which follows a change of the schema."""
    manager = _open(aws, str(uuid.uuid4()), tags={"team": "vision"})
    manager.register_secret(secret("a", key="value"))
    tags = {tag["Key"]: tag["Value"] for tag in _described(manager, "a")["Tags"]}
    assert tags == {"team": "vision", "zensecrets:schema": "arbitrary"}
    manager.update_secret(BasicAuthSecretSchema(name="a", username="u", password="p"))
    assert [one.schema for one in manager.summaries()] == ["basic_auth"]
    assert {"Key": "team", "Value": "vision"} in _described(manager, "a")["Tags"]


def test_what_is_missing_to_ask_at_all_is_told(aws: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """No region, an unknown profile, a malformed endpoint, no credentials, nothing that answers: each is told with its remedy."""
    identity = str(uuid.uuid4())
    with pytest.raises(InvalidOptionsError, match=r"no AWS profile 'nobody' on this machine.*~/\.aws/config"):
        _open(aws, identity, profile="nobody").list_secrets()
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


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": canary("key")}
BROKEN = {
    "a line break in the id": ({"AWS_ACCESS_KEY_ID": f"{canary('id')}\n"}, "", "access key id.*line break.*AWS_ACCESS_KEY_ID"),
    "a line break in the key": (
        {"AWS_SECRET_ACCESS_KEY": f"{canary('key')}\n"},
        "",
        "secret access key.*line break.*SECRET_ACCESS_KEY",
    ),
    "two lines in the token": ({"AWS_SESSION_TOKEN": f"a\n{canary('token')}"}, "", "session token.*line break.*AWS_SESSION_TOKEN"),
    "a profile that does not exist": ({"AWS_PROFILE": "nobody"}, "", "no AWS profile 'nobody' on this machine.*AWS_PROFILE"),
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
    "a way to try again": ({"AWS_RETRY_MODE": "abc"}, "", "InvalidRetryModeError.*variables AWS_"),
    "a malformed region": ({"AWS_DEFAULT_REGION": "eu central"}, "", "region 'eu central'.*malformed.*--region_name"),
}
"""What a machine's configuration of AWS has wrong: variables, the file of the configuration, and what is told."""


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_configuration_is_named(what: str, aws: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong, and where to mend it; not one of the values that stand in it."""
    variables, config, expected = BROKEN[what]
    asks = "credential_process" in config or "role" in what or "AWS_ROLE_ARN" in variables
    for name, value in {**({} if asks else KEYS), **variables, "AWS_CONFIG_FILE": str(tmp_path / "config")}.items():
        monkeypatch.setenv(name, value)
    for name in KEYS if asks else ():
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text(config, encoding="utf-8", errors="surrogateescape")
    with pytest.raises((InvalidOptionsError, ManagerAccessError), match=expected) as caught:
        _open(aws, str(uuid.uuid4())).list_secrets()
    assert find_canary(str(caught.value)) == []
    assert "nobody foresaw" not in str(caught.value)


def test_motos_own_access_control_is_denial(manager: SecretsManager[AwsBackend], aws: FaultProxy) -> None:
    """Somebody without a policy, or whom it does not know, is denied in moto's words, `403`, as in AWS's own."""
    iam = boto3.client("iam", endpoint_url=aws.address)
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    with _access_control(aws), pytest.MonkeyPatch.context() as patch:
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
    requests.post(f"{aws.address}/moto-api/reset-auth", data=b"0", timeout=10)
    try:
        yield
    finally:
        requests.post(f"{aws.address}/moto-api/reset-auth", data=b"inf", timeout=10)


def test_only_our_own_requests_are_kept_out_of_logs(
    manager: SecretsManager[AwsBackend], aws: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    """What botocore logs at debug level of somebody else's requests, in the same process, is logged as ever."""
    caplog.set_level(logging.DEBUG)
    manager.register_secret(secret("a", key=canary("ours")))
    manager.get_secret("a")
    assert not find_canary(caplog.text)
    boto3.client("secretsmanager", endpoint_url=aws.address).describe_secret(SecretId=manager.backend.key_for("a"))
    assert "DescribeSecret" in caplog.text
