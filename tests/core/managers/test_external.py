"""External secrets: secrets of other programs, which a manager can read and not change.

The option ``external`` maps the name of each external secret to the path of its payload in the service. A path that ends with ``#KEY``
selects one key of the payload.
"""

from __future__ import annotations

import json
import logging
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest
from google.cloud.secretmanager_v1 import types

from tests.support.error_texts import error_details, is_one_line
from tests.support.faults.cloud_services import FaultyAzure, FaultyGcp
from tests.support.faults.services import LONG_TIMEOUTS, FaultyAws, FaultyVault
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    InvalidSecretError,
    ManagerAccessError,
    ManagerUnreachableError,
    SecretNotFoundError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import Capability, SecretRecord, SecretsManager
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend
from zensecrets_jupyter.core.managers.backends.remote.aws.backend import AwsBackend
from zensecrets_jupyter.core.transfer.secret_copy import ComparisonResult, copy_secrets, plan_copy
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.managers.conftest import VaultFixture
    from tests.support.fakes.key_vault import KeyVaultServer
    from tests.support.fakes.secret_manager import SecretManagerServer
    from tests.support.faults.http_proxy import FaultProxy
    from tests.support.faults.services import FaultyService
    from zensecrets_jupyter.core.managers.backends.remote.backend import RemoteBackend

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.


class SharedService(NamedTuple):
    """A service that a manager shares with another program.

    Attributes:
        service: The service.
        put: Stores a payload under a path, as the other program does.
        join_path: Joins two words to a path in the syntax of the service, such as ``prod/db`` or ``prod-db``.
    """

    service: FaultyService
    put: Callable[[str, str], object]
    join_path: Callable[[str, str], str]

    def open(self, identity: str = "", **external: str) -> SecretsManager[RemoteBackend[Any, Any]]:
        """Return a manager with the external secrets ``external``. The default of ``identity`` is the ID of the last manager."""
        self.service.identity = identity or self.service.identity
        return self.service.open(**LONG_TIMEOUTS, external=external)


def _aws(aws: FaultProxy) -> SharedService:
    client = boto3.client("secretsmanager", endpoint_url=aws.address)

    def put(path: str, text: str) -> None:
        try:
            client.create_secret(Name=path, SecretString=text)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=path, SecretString=text)

    return SharedService(FaultyAws(str(uuid.uuid4()), aws), put, "{}/{}".format)


def _azure(server: KeyVaultServer) -> SharedService:
    return SharedService(FaultyAzure(str(uuid.uuid4()), server), server.put, "{}-{}".format)


def _gcp(server: SecretManagerServer) -> SharedService:
    def put(path: str, text: str) -> None:
        if path in server.secrets:
            # The method ``put`` of the server creates a secret. An existing secret gets a new version instead.
            parent = f"projects/tested-project/secrets/{path}"
            server._add(types.AddSecretVersionRequest(parent=parent, payload={"data": text.encode()}))
        else:
            server.put(path, text.encode())

    return SharedService(FaultyGcp(str(uuid.uuid4()), server), put, "{}_{}".format)


def _vault(service: VaultFixture) -> SharedService:
    return SharedService(
        FaultyVault(str(uuid.uuid4()), service),
        lambda path, text: service.fake.write(("", "secret", path), json.loads(text)),
        "{}/{}".format,
    )


_SERVICES: dict[str, tuple[str, Callable[[Any], SharedService]]] = {
    "aws": ("aws", _aws),
    "azure": ("key_vault", _azure),
    "gcp": ("secret_manager", _gcp),
    "vault": ("vault", _vault),
}
"""For each flavor, the fixture with its server, and a function that returns the service for the server."""


@pytest.fixture(params=list(_SERVICES))
def shared_service(request: pytest.FixtureRequest) -> SharedService:
    """Return the service of each flavor that can read external secrets."""
    fixture, open_service = _SERVICES[request.param]
    return open_service(request.getfixturevalue(fixture))


@pytest.fixture
def path(shared_service: SharedService) -> str:
    """Return a path of the other program. There is no payload under it yet."""
    return shared_service.join_path("prod", f"db{uuid.uuid4().hex[:8]}")


def test_json_object_has_its_keys(shared_service: SharedService, path: str) -> None:
    """The keys of a JSON object are the keys of the external secret. Strings are unchanged, and other values become JSON texts.

    A path with ``#KEY`` selects one key. A list and a batch read contain external secrets and our own secrets.
    """
    value = canary("theirs")
    shared_service.put(path, json.dumps({"password": value, "port": 5432, "tls": True, "hosts": ["a", "é"], "none": None, "empty": ""}))
    manager = shared_service.open(db=path, single=f"{path}#password")
    manager.register_secret(secret("mine", key="1"))
    expected = {"password": value, "port": "5432", "tls": "true", "hosts": '["a", "é"]', "none": "null", "empty": ""}
    assert (manager.get_secret("db").content, manager.get_secret("db").TYPE) == (expected, "arbitrary")
    assert manager.get_secret("single").content == {"password": value}
    assert manager.list_secrets() == ["db", "mine", "single"]
    assert [(summary.name, summary.schema) for summary in manager.summaries() if summary.name != "mine"] == [
        ("db", "arbitrary"),
        ("single", "arbitrary"),
    ]
    results = shared_service.open(db=path, single=f"{path}#password").get_secrets(["db", "mine", "single", "missing"])
    assert {name: getattr(result, "content", type(result)) for name, result in results.items()} == {
        "db": expected,
        "mine": {"key": "1"},
        "single": {"password": value},
        "missing": SecretNotFoundError,
    }
    assert not find_canary(repr(manager) + repr(results) + repr(manager.summaries()) + repr(manager.describe()))


def test_other_text_is_one_key(shared_service: SharedService, path: str) -> None:
    """A payload that is not a JSON object becomes the value of ``value`` or of the selected key."""
    # Vault stores only JSON objects, so the function ``put`` for Vault refuses other texts.
    if shared_service.service.backend_class.FLAVOR == "vault":
        with pytest.raises(ValueError, match="Expecting"):
            shared_service.put(path, "no object")
        return
    for text in (f"-----\n{canary('pem')}\n-----\n", '["no", "object"]', '"quoted"', "{broken"):
        shared_service.put(path, text)
        manager = shared_service.open(pem=path, named=f"{path}#private_key")
        assert manager.get_secret("pem").content == {"value": text}
        assert manager.get_secret("named").content == {"private_key": text}


def test_external_secret_is_cached(shared_service: SharedService, path: str) -> None:
    """A cached read sends no request. A read with ``refresh`` returns a value that the other program has written since."""
    first, second = canary("first"), canary("second")
    shared_service.put(path, json.dumps({"key": first}))
    manager = shared_service.open(db=path)
    assert manager.get_secret("db").content == {"key": first}
    before = shared_service.service.request_count()
    assert manager.get_secret("db").content == {"key": first}
    assert shared_service.service.request_count() == before
    shared_service.put(path, json.dumps({"key": second}))
    assert manager.get_secret("db", refresh=True).content == {"key": second}


_REFUSED_OPERATIONS: dict[str, Callable[[Any], object]] = {
    "register": lambda manager: manager.register_secret(secret("db", key="ours")),
    "update": lambda manager: manager.update_secret(secret("db", key="ours")),
    "merge": lambda manager: manager.merge_secret("db", {"key": "ours"}),
    "delete": lambda manager: manager.delete_secret("db"),
    "rename": lambda manager: manager.rename_secret("db", "other"),
    "rename to an external name": lambda manager: manager.rename_secret("mine", "db"),
    "history": lambda manager: manager.history("db"),
    "rollback": lambda manager: manager.rollback("db", 1),
    "register a record": lambda manager: manager.register_record("db", SecretRecord("arbitrary", {"key": "ours"})),
}


@pytest.mark.parametrize("operation", list(_REFUSED_OPERATIONS))
def test_changes_are_refused(shared_service: SharedService, path: str, operation: str) -> None:
    """All changes of an external secret, and its history, are refused without a request.

    The error says that the secret belongs to another program, and it has the path of the secret.
    """
    value = canary("theirs")
    shared_service.put(path, json.dumps({"key": value}))
    manager = shared_service.open(db=path)
    manager.register_secret(secret("mine", key="1"))
    before = shared_service.service.request_count()
    with pytest.raises(UnsupportedOperationError, match="belongs to another program") as caught:
        _REFUSED_OPERATIONS[operation](manager)
    assert repr(path) in str(caught.value)
    assert is_one_line(caught.value)
    assert shared_service.service.request_count() == before
    assert manager.get_secret("db", refresh=True).content == {"key": value}
    assert manager.list_secrets() == ["db", "mine"]


def test_external_secret_hides_our_secret(shared_service: SharedService, path: str) -> None:
    """In reads and lists, an external secret hides our own secret with the same name.

    ``delete_all_secrets`` deletes neither of these two secrets.
    """
    their_value, our_value = canary("theirs"), canary("ours")
    shared_service.put(path, json.dumps({"key": their_value}))
    shared_service.open().register_secret(secret("db", key=our_value))
    shared_service.open().register_secret(secret("mine", key="1"))
    manager = shared_service.open(db=path)
    assert manager.get_secret("db").content == {"key": their_value}
    assert manager.list_secrets() == ["db", "mine"]
    manager.delete_all_secrets()
    assert manager.list_secrets() == ["db"]
    assert manager.get_secret("db", refresh=True).content == {"key": their_value}
    assert shared_service.open().get_secret("db").content == {"key": our_value}


def test_missing_path_is_reported(shared_service: SharedService, path: str) -> None:
    """If there is no payload under the path, a read raises SecretNotFoundError with the path.

    A batch read returns the same error.
    """
    # This payload has another path. Its value must not be in the error.
    shared_service.put(shared_service.join_path("prod", "other"), json.dumps({"key": canary("other")}))
    manager = shared_service.open(db=path)
    for error in (_raised_error(lambda: manager.get_secret("db")), manager.get_secrets(["db", "other"])["db"]):
        assert type(error) is SecretNotFoundError
        assert f"There is nothing under {path!r} in " in str(error)
        assert "secrets-manager describe tested" in str(error)
        assert is_one_line(error)
        assert not find_canary(error_details(error))


def test_missing_key_is_reported(shared_service: SharedService, path: str) -> None:
    """If the selected key is missing, the error has the existing keys and no value.

    ``name`` is not a valid key of a secret. If the payload has an invalid key, the error explains how to select another key.
    """
    shared_service.put(path, json.dumps({"user": canary("user"), "name": canary("name")}))
    manager = shared_service.open(db=f"{path}#password", whole=path, user=f"{path}#user")
    missing_key_error = _raised_error(lambda: manager.get_secret("db"))
    assert type(missing_key_error) is InvalidSecretError
    assert "has no key 'password'. Its keys are name, user." in str(missing_key_error)
    invalid_key_error = _raised_error(lambda: manager.get_secret("whole"))
    assert f"--external whole={path}#KEY" in str(invalid_key_error)
    assert list(manager.get_secret("user").content) == ["user"]
    results = manager.get_secrets(["db", "whole", "user"])
    assert {name for name, result in results.items() if isinstance(result, ZenSecretsError)} == {"db", "whole"}
    for error in (missing_key_error, invalid_key_error):
        assert is_one_line(error)
        assert not find_canary(error_details(error))


_FAULTS: dict[str, type[ZenSecretsError]] = {
    "read denied": ManagerAccessError,
    "wrong credentials": ManagerAccessError,
    "500": ManagerUnreachableError,
    "reset": ManagerUnreachableError,
}
"""Faults of the service, and the error that a read raises for each."""


@pytest.mark.parametrize("fault", list(_FAULTS))
def test_faults_raise_the_usual_errors(shared_service: SharedService, path: str, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """Under a permanent fault, a read raises the right error in one line. Neither the error nor the logs contain a value.

    If only one request fails, it is retried, and the read succeeds.
    """
    shared_service.put(path, json.dumps({"key": canary("theirs")}))
    caplog.set_level(logging.DEBUG)
    # This manager has short timeouts, so a permanent fault raises its error soon.
    manager = shared_service.service.open(external={"db": path})
    with shared_service.service.inject(fault):
        error = _raised_error(lambda: manager.get_secret("db"))
    assert type(error) is _FAULTS[fault]
    assert error.hint
    assert is_one_line(error)
    assert not find_canary(error_details(error))
    assert not find_canary(caplog.text)
    manager_with_long_timeout = shared_service.open(db=path)
    with shared_service.service.inject("500", times=1):
        assert manager_with_long_timeout.get_secret("db").content.keys() == {"key"}


def test_copy_from_an_external_secret(shared_service: SharedService, path: str) -> None:
    """A copy can read an external secret and cannot replace it."""
    value = canary("theirs")
    shared_service.put(path, json.dumps({"key": value}))
    manager, target = shared_service.open(db=path), SecretsManager(MemoryBackend())
    copy_secrets(manager, target)
    assert target.get_secret("db").content == {"key": value}
    assert [comparison.result for comparison in plan_copy(manager, target).secrets] == [ComparisonResult.SAME]
    target.merge_secret("db", {"key": "ours"})
    (comparison,) = plan_copy(target, manager).secrets
    assert comparison.result is ComparisonResult.IMPOSSIBLE
    assert "belongs to another program" in comparison.reason
    assert manager.get_secret("db", refresh=True).content == {"key": value}


def test_secret_of_another_manager(shared_service: SharedService) -> None:
    """An external secret can be a secret that another manager of this package has stored.

    Its content is read, and not the envelope: the JSON document in which this package stores a secret.
    """
    value = canary("ours")
    other = shared_service.open(str(uuid.uuid4()))
    other.register_secret(secret("db", key=value))
    manager = shared_service.open(str(uuid.uuid4()), db=other.backend.key_for("db"))
    assert manager.get_secret("db").content == {"key": value}


@pytest.mark.parametrize(
    "external", [{"no.name": "zsCanary"}, {"a b": "zsCanary"}, {"": "zsCanary"}, {"db": ""}, {"db": "#zsCanary"}, {"db": " "}, {"db": 3}]
)
def test_invalid_options_are_refused(external: dict[str, Any]) -> None:
    """An invalid name, an empty path, and a path that is not a string are refused. The error does not contain the path."""
    with pytest.raises(InvalidOptionsError, match="external") as caught:
        AwsBackend.make_options({"external": external})
    assert not find_canary(error_details(caught.value))


def test_last_hash_ends_the_path(vault: VaultFixture) -> None:
    """The last ``#`` separates the path from the key, so a path with ``#`` needs another ``#`` at its end.

    A slash at the start of the path is ignored.
    """
    shared_service = _vault(vault)
    shared_service.put("with#hash/x", json.dumps({"key": "1", "other": "2"}))
    manager = shared_service.open(whole="/with#hash/x#", single="with#hash/x#key")
    assert manager.get_secret("whole").content == {"key": "1", "other": "2"}
    assert manager.get_secret("single").content == {"key": "1"}


def test_arn_binary_and_deleted_secret_in_aws(aws: FaultProxy) -> None:
    """The path of an external secret can be a full ARN.

    A binary secret with UTF-8 text is read. Other binary secrets, and deleted ones, raise errors.
    """
    shared_service, client = _aws(aws), boto3.client("secretsmanager", endpoint_url=aws.address)
    value, name = canary("binary"), f"prod/{uuid.uuid4().hex}"
    arn = client.create_secret(Name=name, SecretBinary=value.encode())["ARN"]
    assert shared_service.open(db=arn).get_secret("db").content == {"value": value}
    client.put_secret_value(SecretId=arn, SecretBinary=b"\xff" + value.encode())
    error = _raised_error(lambda: shared_service.open(db=arn).get_secret("db"))
    assert "is binary" in str(error)
    assert not find_canary(error_details(error))
    client.delete_secret(SecretId=arn)
    assert isinstance(_raised_error(lambda: shared_service.open(db=name).get_secret("db")), SecretNotFoundError)


def test_resource_name_and_versions_in_gcp(secret_manager: SecretManagerServer) -> None:
    """The path of an external secret can be a full resource name, and can end with a version.

    Without a version, the newest version is read. If the newest version is disabled, the read raises an error.
    """
    shared_service = _gcp(secret_manager)
    shared_service.put("theirs", canary("old"))
    newest_text = canary("new")
    shared_service.put("theirs", newest_text)
    for path in (
        "theirs",
        "projects/tested-project/secrets/theirs",
        "projects/tested-project/secrets/theirs/versions/2",
        "theirs/versions/latest",
    ):
        assert shared_service.open(db=path).get_secret("db").content == {"value": newest_text}
    assert shared_service.open(db="theirs/versions/1").get_secret("db").content != {"value": newest_text}
    versions = secret_manager.secrets["theirs"].versions
    disabled_metadata = types.SecretVersion(versions[2].metadata, state=types.SecretVersion.State.DISABLED)
    versions[2] = versions[2]._replace(metadata=disabled_metadata)
    error = _raised_error(lambda: shared_service.open(db="theirs").get_secret("db"))
    assert type(error) is ManagerAccessError
    assert "disabled or destroyed" in str(error)


def test_invalid_path_in_azure(key_vault: KeyVaultServer) -> None:
    """An external secret with a path that is invalid in Azure is reported as missing, and no request is sent."""
    manager = _azure(key_vault).open(with_dots="../keys/x", with_version="name/version")
    for name in ("with_dots", "with_version"):
        assert isinstance(_raised_error(partial(manager.get_secret, name)), SecretNotFoundError)
    assert key_vault.faults.requests == []


def test_flavor_without_external_secrets() -> None:
    """A flavor without external secrets has no read-only secrets. ``check_change`` then accepts every name."""
    manager = SecretsManager(MemoryBackend())
    assert manager.read_only_locations == {}
    manager.check_change("anything")
    assert Capability.REGISTER in manager.capabilities


def _raised_error(operation: Callable[[], object]) -> ZenSecretsError:
    """Return the error that ``operation`` must raise."""
    with pytest.raises(ZenSecretsError) as caught:
        operation()
    return caught.value
