"""Read-only access to secrets of other programs, for each flavor that supports it."""

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
from zensecrets_jupyter.core.managers import Capability, SecretsManager
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

pytestmark = pytest.mark.one_python


class SharedService(NamedTuple):
    """A service with external secrets, and functions for the other program.

    Attributes:
        service: The service.
        put: Stores a payload under a path.
        path: Returns the path that consists of two words.
    """

    service: FaultyService
    put: Callable[[str, str], object]
    path: Callable[[str, str], str]

    def open(self, identity: str = "", **external: str) -> SecretsManager[RemoteBackend[Any, Any]]:
        """Return a manager with external secrets."""
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
            server._add(_version_of(path, text))
        else:
            server.put(path, text.encode())

    return SharedService(FaultyGcp(str(uuid.uuid4()), server), put, "{}_{}".format)


def _version_of(path: str, text: str) -> Any:
    return types.AddSecretVersionRequest(parent=f"projects/tested-project/secrets/{path}", payload={"data": text.encode()})


def _vault(service: VaultFixture) -> SharedService:
    return SharedService(
        FaultyVault(str(uuid.uuid4()), service),
        lambda path, text: service.vault.write(("", "secret", path), json.loads(text)),
        "{}/{}".format,
    )


_SERVICES: dict[str, tuple[str, Callable[[Any], SharedService]]] = {
    "aws": ("aws", _aws),
    "azure": ("key_vault", _azure),
    "gcp": ("secret_manager", _gcp),
    "vault": ("vault", _vault),
}


@pytest.fixture(params=list(_SERVICES))
def shared(request: pytest.FixtureRequest) -> SharedService:
    """Return the service of each flavor that can read external secrets."""
    fixture, open_service = _SERVICES[request.param]
    return open_service(request.getfixturevalue(fixture))


@pytest.fixture
def path(shared: SharedService) -> str:
    """Return a path of another program without a payload."""
    return shared.path("prod", f"db{uuid.uuid4().hex[:8]}")


def test_json_object_has_its_keys(shared: SharedService, path: str) -> None:
    """Texts of a JSON object are unchanged, and other values are JSON.

    The option can select one key.
    """
    value = canary("theirs")
    shared.put(path, json.dumps({"password": value, "port": 5432, "tls": True, "hosts": ["a", "é"], "none": None, "empty": ""}))
    manager = shared.open(db=path, only=f"{path}#password")
    manager.register_secret(secret("mine", key="1"))
    expected = {"password": value, "port": "5432", "tls": "true", "hosts": '["a", "é"]', "none": "null", "empty": ""}
    assert (manager.get_secret("db").content, manager.get_secret("db").TYPE) == (expected, "arbitrary")
    assert manager.get_secret("only").content == {"password": value}
    assert manager.list_secrets() == ["db", "mine", "only"]
    assert [(summary.name, summary.schema) for summary in manager.summaries() if summary.name != "mine"] == [
        ("db", "arbitrary"),
        ("only", "arbitrary"),
    ]
    results = shared.open(db=path, only=f"{path}#password").get_secrets(["db", "mine", "only", "neither"])
    assert {name: getattr(result, "content", type(result)) for name, result in results.items()} == {
        "db": expected,
        "mine": {"key": "1"},
        "only": {"password": value},
        "neither": SecretNotFoundError,
    }
    assert not find_canary(repr(manager) + repr(results) + repr(manager.summaries()) + repr(manager.describe()))


def test_other_text_is_one_key(shared: SharedService, path: str) -> None:
    """Any other text has the key `value` or the selected key. Vault stores only objects."""
    if shared.service.backend_class.FLAVOR == "vault":
        with pytest.raises(ValueError, match="Expecting"):
            shared.put(path, "no object")
        return
    for text in (f"-----\n{canary('pem')}\n-----\n", '["no", "object"]', '"quoted"', "{broken"):
        shared.put(path, text)
        manager = shared.open(pem=path, named=f"{path}#private_key")
        assert manager.get_secret("pem").content == {"value": text}
        assert manager.get_secret("named").content == {"private_key": text}


def test_external_secret_is_cached(shared: SharedService, path: str) -> None:
    """A cached read sends no request, and ``refresh`` reads a write of the other program."""
    first, second = canary("first"), canary("second")
    shared.put(path, json.dumps({"key": first}))
    manager = shared.open(db=path)
    assert manager.get_secret("db").content == {"key": first}
    before = shared.service.requests()
    assert manager.get_secret("db").content == {"key": first}
    assert shared.service.requests() == before
    shared.put(path, json.dumps({"key": second}))
    assert manager.get_secret("db", refresh=True).content == {"key": second}


_CHANGES: dict[str, Callable[[Any], object]] = {
    "register": lambda manager: manager.register_secret(secret("db", key="ours")),
    "update": lambda manager: manager.update_secret(secret("db", key="ours")),
    "merge": lambda manager: manager.merge_secret("db", {"key": "ours"}),
    "delete": lambda manager: manager.delete_secret("db"),
    "rename": lambda manager: manager.rename_secret("db", "other"),
    "rename to an external name": lambda manager: manager.rename_secret("mine", "db"),
    "history": lambda manager: manager.history("db"),
    "rollback": lambda manager: manager.rollback("db", 1),
    "register a record": lambda manager: manager.register_record("db", SecretsManager(MemoryBackend()).secret_of),
}


@pytest.mark.parametrize("change", list(_CHANGES))
def test_changes_are_refused(shared: SharedService, path: str, change: str) -> None:
    """Each change is refused without a request.

    The error states the owner and the path.
    """
    value = canary("theirs")
    shared.put(path, json.dumps({"key": value}))
    manager = shared.open(db=path)
    manager.register_secret(secret("mine", key="1"))
    before = shared.service.requests()
    with pytest.raises(UnsupportedOperationError, match="belongs to another program") as caught:
        _CHANGES[change](manager)
    assert repr(path) in str(caught.value)
    assert is_one_line(caught.value)
    assert shared.service.requests() == before
    assert manager.get_secret("db", refresh=True).content == {"key": value}
    assert manager.list_secrets() == ["db", "mine"]


def test_external_secret_hides_our_secret(shared: SharedService, path: str) -> None:
    """An external secret replaces our secret with the same name in reads and lists.

    Deleting all secrets deletes neither of them.
    """
    their_value, our_value = canary("theirs"), canary("ours")
    shared.put(path, json.dumps({"key": their_value}))
    shared.open().register_secret(secret("db", key=our_value))
    shared.open().register_secret(secret("mine", key="1"))
    manager = shared.open(db=path)
    assert manager.get_secret("db").content == {"key": their_value}
    assert manager.list_secrets() == ["db", "mine"]
    manager.delete_all_secrets()
    assert manager.list_secrets() == ["db"]
    assert manager.get_secret("db", refresh=True).content == {"key": their_value}
    assert shared.open().get_secret("db").content == {"key": our_value}


def test_missing_path_is_reported(shared: SharedService, path: str) -> None:
    """A missing path raises SecretNotFoundError with the path, alone and in a batch."""
    shared.put(shared.path("prod", "near"), json.dumps({"key": canary("near")}))
    manager = shared.open(db=path)
    for problem in (_raised_error(lambda: manager.get_secret("db")), manager.get_secrets(["db", "other"])["db"]):
        assert type(problem) is SecretNotFoundError
        assert f"There is nothing under {path!r} in " in str(problem)
        assert "secrets-manager describe tested" in str(problem)
        assert is_one_line(problem)
        assert not find_canary(error_details(problem))


def test_missing_key_is_reported(shared: SharedService, path: str) -> None:
    """A missing key raises an error with the existing keys and without a value.

    An invalid key raises an error too, which explains how to select single keys.
    """
    shared.put(path, json.dumps({"user": canary("user"), "name": canary("name")}))
    manager = shared.open(db=f"{path}#password", whole=path, user=f"{path}#user")
    missing_key_error = _raised_error(lambda: manager.get_secret("db"))
    assert type(missing_key_error) is InvalidSecretError
    assert "has no key 'password'. Its keys are name, user." in str(missing_key_error)
    invalid_key_error = _raised_error(lambda: manager.get_secret("whole"))
    assert f"--external whole={path}#KEY" in str(invalid_key_error)
    assert list(manager.get_secret("user").content) == ["user"]
    results = manager.get_secrets(["db", "whole", "user"])
    assert {name for name, result in results.items() if isinstance(result, ZenSecretsError)} == {"db", "whole"}
    for problem in (missing_key_error, invalid_key_error):
        assert is_one_line(problem)
        assert not find_canary(error_details(problem))


_FAULTS: dict[str, type[ZenSecretsError]] = {
    "read denied": ManagerAccessError,
    "wrong credentials": ManagerAccessError,
    "500": ManagerUnreachableError,
    "reset": ManagerUnreachableError,
}


@pytest.mark.parametrize("fault", list(_FAULTS))
def test_faults_raise_the_usual_errors(shared: SharedService, path: str, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each fault raises the right error in one line, without a value.

    The logs contain no value either. A transient fault is retried.
    """
    shared.put(path, json.dumps({"key": canary("theirs")}))
    caplog.set_level(logging.DEBUG)
    manager = shared.service.open(external={"db": path})
    with shared.service.inject(fault):
        problem = _raised_error(lambda: manager.get_secret("db"))
    assert type(problem) is _FAULTS[fault]
    assert problem.hint
    assert is_one_line(problem)
    assert not find_canary(error_details(problem))
    assert not find_canary(caplog.text)
    patient_manager = shared.open(db=path)
    with shared.service.inject("500", times=1):
        assert patient_manager.get_secret("db").content.keys() == {"key"}


def test_copy_from_an_external_secret(shared: SharedService, path: str) -> None:
    """A copy reads external secrets and does not write them."""
    value = canary("theirs")
    shared.put(path, json.dumps({"key": value}))
    manager, target = shared.open(db=path), SecretsManager(MemoryBackend())
    copy_secrets(manager, target)
    assert target.get_secret("db").content == {"key": value}
    assert [comparison.result for comparison in plan_copy(manager, target).secrets] == [ComparisonResult.SAME]
    target.merge_secret("db", {"key": "ours"})
    (comparison,) = plan_copy(target, manager).secrets
    assert comparison.result is ComparisonResult.IMPOSSIBLE
    assert "belongs to another program" in comparison.reason
    assert manager.get_secret("db", refresh=True).content == {"key": value}


def test_secret_of_another_manager(shared: SharedService) -> None:
    """An external path with an envelope of this package returns the content of the envelope."""
    value = canary("ours")
    other = shared.open(str(uuid.uuid4()))
    other.register_secret(secret("db", key=value))
    manager = shared.open(str(uuid.uuid4()), db=other.backend.key_for("db"))
    assert manager.get_secret("db").content == {"key": value}


@pytest.mark.parametrize(
    "external", [{"no.name": "path"}, {"a b": "path"}, {"": "path"}, {"db": ""}, {"db": "#key"}, {"db": " "}, {"db": 3}]
)
def test_invalid_options_are_refused(external: dict[str, Any]) -> None:
    """An invalid name or an empty path is refused, without its value in the error."""
    with pytest.raises(InvalidOptionsError, match="external") as caught:
        AwsBackend.make_options({"external": external})
    assert "path" not in str(caught.value).split("Its attributes")[0].replace("no path", "")


def test_last_hash_ends_the_path(vault: VaultFixture) -> None:
    """A Vault path may contain ``#`` if another ``#`` follows the path.

    Slashes around the path are ignored.
    """
    shared = _vault(vault)
    shared.put("odd#path/x", json.dumps({"key": "1", "other": "2"}))
    manager = shared.open(whole="/odd#path/x#", one="odd#path/x#key")
    assert (manager.get_secret("whole").content, manager.get_secret("one").content) == ({"key": "1", "other": "2"}, {"key": "1"})


def test_arn_binary_and_deleted_secret_in_aws(aws: FaultProxy) -> None:
    """A full ARN is a path.

    Text in bytes is read, and other bytes and deleted secrets raise errors.
    """
    shared, client = _aws(aws), boto3.client("secretsmanager", endpoint_url=aws.address)
    value, name = canary("binary"), f"prod/{uuid.uuid4().hex}"
    arn = client.create_secret(Name=name, SecretBinary=value.encode())["ARN"]
    assert shared.open(db=arn).get_secret("db").content == {"value": value}
    client.put_secret_value(SecretId=arn, SecretBinary=b"\xff" + value.encode())
    problem = _raised_error(lambda: shared.open(db=arn).get_secret("db"))
    assert "is binary" in str(problem)
    assert not find_canary(error_details(problem))
    client.delete_secret(SecretId=arn)
    assert isinstance(_raised_error(lambda: shared.open(db=name).get_secret("db")), SecretNotFoundError)


def test_resource_name_and_versions_in_gcp(secret_manager: SecretManagerServer) -> None:
    """A full resource name is a path, with or without a version.

    The newest version is read by default.
    """
    shared = _gcp(secret_manager)
    shared.put("theirs", canary("old"))
    newest = canary("new")
    shared.put("theirs", newest)
    for path in (
        "theirs",
        "projects/tested-project/secrets/theirs",
        "projects/tested-project/secrets/theirs/versions/2",
        "theirs/versions/latest",
    ):
        assert shared.open(db=path).get_secret("db").content == {"value": newest}
    assert shared.open(db="theirs/versions/1").get_secret("db").content != {"value": newest}
    versions = secret_manager.secrets["theirs"][1]
    versions[2] = (types.SecretVersion(versions[2][0], state=types.SecretVersion.State.DISABLED), versions[2][1])
    problem = _raised_error(lambda: shared.open(db="theirs").get_secret("db"))
    assert type(problem) is ManagerAccessError
    assert "disabled or destroyed" in str(problem)


def test_invalid_path_in_azure(key_vault: KeyVaultServer) -> None:
    """An invalid path is reported as missing, and no request is sent."""
    manager = _azure(key_vault).open(db="../keys/x", version="name/version")
    for name in ("db", "version"):
        assert isinstance(_raised_error(partial(manager.get_secret, name)), SecretNotFoundError)
    assert key_vault.faults.requests == []


def test_managers_without_external_secrets() -> None:
    """A flavor without external secrets has no read-only secrets."""
    manager = SecretsManager(MemoryBackend())
    assert manager.read_only_locations == {}
    manager.check_change("anything")
    assert Capability.REGISTER in manager.capabilities


def _raised_error(operation: Callable[[], object]) -> ZenSecretsError:
    with pytest.raises(ZenSecretsError) as caught:
        operation()
    return caught.value
