"""Secrets that another program keeps in a shared place, opened read-only: the same of each flavor that can, at the wire."""

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
from tests.support.managers.counting import secret
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


class Shared(NamedTuple):
    """A place, and how another program keeps something there; ``path`` makes a path that the place takes of two words."""

    service: FaultyService
    put: Callable[[str, str], object]
    path: Callable[[str, str], str]

    def open(self, identity: str = "", **external: str) -> SecretsManager[RemoteBackend[Any, Any]]:
        """Return a manager that opens these."""
        self.service.identity = identity or self.service.identity
        return self.service.open(**LONG_TIMEOUTS, external=external)


def _aws(aws: FaultProxy) -> Shared:
    client = boto3.client("secretsmanager", endpoint_url=aws.address)

    def put(path: str, text: str) -> None:
        try:
            client.create_secret(Name=path, SecretString=text)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=path, SecretString=text)

    return Shared(FaultyAws(str(uuid.uuid4()), aws), put, "{}/{}".format)


def _azure(server: KeyVaultServer) -> Shared:
    return Shared(FaultyAzure(str(uuid.uuid4()), server), server.put, "{}-{}".format)


def _gcp(server: SecretManagerServer) -> Shared:
    def put(path: str, text: str) -> None:
        if path in server.secrets:
            server._add(_version_of(path, text))
        else:
            server.put(path, text.encode())

    return Shared(FaultyGcp(str(uuid.uuid4()), server), put, "{}_{}".format)


def _version_of(path: str, text: str) -> Any:
    return types.AddSecretVersionRequest(parent=f"projects/tried/secrets/{path}", payload={"data": text.encode()})


def _vault(service: VaultFixture) -> Shared:
    return Shared(
        FaultyVault(str(uuid.uuid4()), service),
        lambda path, text: service.vault.write(("", "secret", path), json.loads(text)),
        "{}/{}".format,
    )


_SERVICES: dict[str, tuple[str, Callable[[Any], Shared]]] = {
    "aws": ("aws", _aws),
    "azure": ("key_vault", _azure),
    "gcp": ("secret_manager", _gcp),
    "vault": ("vault", _vault),
}


@pytest.fixture(params=list(_SERVICES))
def shared(request: pytest.FixtureRequest) -> Shared:
    """Return each of the places."""
    fixture, make = _SERVICES[request.param]
    return make(request.getfixturevalue(fixture))


@pytest.fixture
def path(shared: Shared) -> str:
    """Return a path of another program's, at which nothing is yet."""
    return shared.path("prod", f"db{uuid.uuid4().hex[:8]}")


def test_a_json_object_gives_its_keys(shared: Shared, path: str) -> None:
    """Texts are as they are, all else is JSON text; with a key it is only that one. It is read, listed and summed up like others."""
    value = canary("theirs")
    shared.put(path, json.dumps({"password": value, "port": 5432, "tls": True, "hosts": ["a", "é"], "none": None, "empty": ""}))
    manager = shared.open(db=path, only=f"{path}#password")
    manager.register_secret(secret("mine", key="1"))
    expected = {"password": value, "port": "5432", "tls": "true", "hosts": '["a", "é"]', "none": "null", "empty": ""}
    assert (manager.get_secret("db").content, manager.get_secret("db").TYPE) == (expected, "arbitrary")
    assert manager.get_secret("only").content == {"password": value}
    assert manager.list_secrets() == ["db", "mine", "only"]
    assert [(one.name, one.schema) for one in manager.summaries() if one.name != "mine"] == [("db", "arbitrary"), ("only", "arbitrary")]
    together = shared.open(db=path, only=f"{path}#password").get_secrets(["db", "mine", "only", "neither"])
    assert {name: getattr(one, "content", type(one)) for name, one in together.items()} == {
        "db": expected,
        "mine": {"key": "1"},
        "only": {"password": value},
        "neither": SecretNotFoundError,
    }
    assert not find_canary(repr(manager) + repr(together) + repr(manager.summaries()) + repr(manager.describe()))


def test_any_other_text_is_one_key(shared: Shared, path: str) -> None:
    """It is called `value`, or as it is named; Vault keeps nothing but objects."""
    if shared.service.backend_class.FLAVOR == "vault":
        with pytest.raises(ValueError, match="Expecting"):
            shared.put(path, "no object")
        return
    for text in (f"-----\n{canary('pem')}\n-----\n", '["no", "object"]', '"quoted"', "{broken"):
        shared.put(path, text)
        manager = shared.open(pem=path, named=f"{path}#private_key")
        assert manager.get_secret("pem").content == {"value": text}
        assert manager.get_secret("named").content == {"private_key": text}


def test_it_is_read_once_and_anew_when_asked(shared: Shared, path: str) -> None:
    """A warm read costs no request; what the other program writes is seen with ``refresh``."""
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
    "rename to it": lambda manager: manager.rename_secret("mine", "db"),
    "history": lambda manager: manager.history("db"),
    "rollback": lambda manager: manager.rollback("db", 1),
    "register a record": lambda manager: manager.register_record("db", SecretsManager(MemoryBackend()).secret_of),
}


@pytest.mark.parametrize("change", list(_CHANGES))
def test_nothing_of_it_is_changed(shared: Shared, path: str, change: str) -> None:
    """Whatever would change it is refused without a request, and says whose it is and where it is kept."""
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


def test_it_comes_before_one_of_ours_and_leaves_that_as_it_is(shared: Shared, path: str) -> None:
    """Of two with one name the external one is read, and listed once; deleting everything leaves both."""
    theirs, ours = canary("theirs"), canary("ours")
    shared.put(path, json.dumps({"key": theirs}))
    shared.open().register_secret(secret("db", key=ours))
    shared.open().register_secret(secret("mine", key="1"))
    manager = shared.open(db=path)
    assert manager.get_secret("db").content == {"key": theirs}
    assert manager.list_secrets() == ["db", "mine"]
    manager.delete_all_secrets()
    assert manager.list_secrets() == ["db"]
    assert manager.get_secret("db", refresh=True).content == {"key": theirs}
    assert shared.open().get_secret("db").content == {"key": ours}


def test_a_path_that_is_not_there_is_named(shared: Shared, path: str) -> None:
    """Alone and among others: the error is that of a missing secret, and names the path."""
    shared.put(shared.path("prod", "near"), json.dumps({"key": canary("near")}))
    manager = shared.open(db=path)
    for problem in (_raised(lambda: manager.get_secret("db")), manager.get_secrets(["db", "other"])["db"]):
        assert type(problem) is SecretNotFoundError
        assert f"There is nothing under {path!r} in " in str(problem)
        assert "secrets-manager describe tried" in str(problem)
        assert is_one_line(problem)
        assert not find_canary(error_details(problem))


def test_a_key_that_is_not_there_is_named_with_those_that_are(shared: Shared, path: str) -> None:
    """The error names the keys and no value; so does one for a key that no secret can have."""
    shared.put(path, json.dumps({"user": canary("user"), "name": canary("name")}))
    manager = shared.open(db=f"{path}#password", whole=path, user=f"{path}#user")
    missing = _raised(lambda: manager.get_secret("db"))
    assert type(missing) is InvalidSecretError
    assert "has no key 'password'. Its keys are name, user." in str(missing)
    impossible = _raised(lambda: manager.get_secret("whole"))
    assert f"--external whole={path}#KEY" in str(impossible)
    assert list(manager.get_secret("user").content) == ["user"]
    together = manager.get_secrets(["db", "whole", "user"])
    assert {name for name, one in together.items() if isinstance(one, ZenSecretsError)} == {"db", "whole"}
    for problem in (missing, impossible):
        assert is_one_line(problem)
        assert not find_canary(error_details(problem))


_FAULTS: dict[str, type[ZenSecretsError]] = {
    "read denied": ManagerAccessError,
    "wrong credentials": ManagerAccessError,
    "500": ManagerUnreachableError,
    "reset": ManagerUnreachableError,
}


@pytest.mark.parametrize("fault", list(_FAULTS))
def test_faults_raise_the_usual_errors(shared: Shared, path: str, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """No permission, no user, no answer: typed, in one line, without a value, also in logs; a fault that passes is tried again."""
    shared.put(path, json.dumps({"key": canary("theirs")}))
    caplog.set_level(logging.DEBUG)
    manager = shared.service.open(external={"db": path})
    with shared.service.inject(fault):
        problem = _raised(lambda: manager.get_secret("db"))
    assert type(problem) is _FAULTS[fault]
    assert problem.hint
    assert is_one_line(problem)
    assert not find_canary(error_details(problem))
    assert not find_canary(caplog.text)
    patient = shared.open(db=path)
    with shared.service.inject("500", times=1):
        assert patient.get_secret("db").content.keys() == {"key"}


def test_it_is_copied_from_and_not_copied_to(shared: Shared, path: str) -> None:
    """A copy takes its content along; a name that is external in the target can't be done, and says why."""
    value = canary("theirs")
    shared.put(path, json.dumps({"key": value}))
    manager, elsewhere = shared.open(db=path), SecretsManager(MemoryBackend())
    copy_secrets(manager, elsewhere)
    assert elsewhere.get_secret("db").content == {"key": value}
    assert [one.result for one in plan_copy(manager, elsewhere).secrets] == [ComparisonResult.SAME]
    elsewhere.merge_secret("db", {"key": "ours"})
    (one,) = plan_copy(elsewhere, manager).secrets
    assert one.result is ComparisonResult.IMPOSSIBLE
    assert "belongs to another program" in one.reason
    assert manager.get_secret("db", refresh=True).content == {"key": value}


def test_one_of_ours_elsewhere_gives_its_content(shared: Shared) -> None:
    """What another secrets manager of this package keeps there is not shown in the form in which it is kept."""
    value = canary("ours")
    other = shared.open(str(uuid.uuid4()))
    other.register_secret(secret("db", key=value))
    manager = shared.open(str(uuid.uuid4()), db=other.backend.key_for("db"))
    assert manager.get_secret("db").content == {"key": value}


@pytest.mark.parametrize(
    "external", [{"no.name": "path"}, {"a b": "path"}, {"": "path"}, {"db": ""}, {"db": "#key"}, {"db": " "}, {"db": 3}]
)
def test_options_that_say_nothing_are_refused(external: dict[str, Any]) -> None:
    """A name that no secret can have, a path that is empty: the error says which option, and repeats nothing."""
    with pytest.raises(InvalidOptionsError, match="external") as caught:
        AwsBackend.make_options({"external": external})
    assert "path" not in str(caught.value).split("Its attributes")[0].replace("no path", "")


def test_the_last_sign_ends_the_path(vault: VaultFixture) -> None:
    """A path of Vault's may hold the sign itself; then one stands behind it. Slashes around it are no part of it."""
    shared = _vault(vault)
    shared.put("odd#path/x", json.dumps({"key": "1", "other": "2"}))
    manager = shared.open(whole="/odd#path/x#", one="odd#path/x#key")
    assert (manager.get_secret("whole").content, manager.get_secret("one").content) == ({"key": "1", "other": "2"}, {"key": "1"})


def test_an_arn_a_binary_and_a_deleted_one_in_aws(aws: FaultProxy) -> None:
    """A full ARN is a path; bytes that are text are read, others are told; what is in its recovery window is not there."""
    shared, client = _aws(aws), boto3.client("secretsmanager", endpoint_url=aws.address)
    value, name = canary("binary"), f"prod/{uuid.uuid4().hex}"
    arn = client.create_secret(Name=name, SecretBinary=value.encode())["ARN"]
    assert shared.open(db=arn).get_secret("db").content == {"value": value}
    client.put_secret_value(SecretId=arn, SecretBinary=b"\xff" + value.encode())
    problem = _raised(lambda: shared.open(db=arn).get_secret("db"))
    assert "is binary" in str(problem)
    assert not find_canary(error_details(problem))
    client.delete_secret(SecretId=arn)
    assert isinstance(_raised(lambda: shared.open(db=name).get_secret("db")), SecretNotFoundError)


def test_a_resource_name_a_version_and_a_disabled_one_in_gcp(secret_manager: SecretManagerServer) -> None:
    """A full resource name is a path, with its version or without; it is the newest version and no alias of ours that is read."""
    shared = _gcp(secret_manager)
    shared.put("theirs", canary("old"))
    newest = canary("new")
    shared.put("theirs", newest)
    for path in ("theirs", "projects/tried/secrets/theirs", "projects/tried/secrets/theirs/versions/2", "theirs/versions/latest"):
        assert shared.open(db=path).get_secret("db").content == {"value": newest}
    assert shared.open(db="theirs/versions/1").get_secret("db").content != {"value": newest}
    versions = secret_manager.secrets["theirs"][1]
    versions[2] = (types.SecretVersion(versions[2][0], state=types.SecretVersion.State.DISABLED), versions[2][1])
    problem = _raised(lambda: shared.open(db="theirs").get_secret("db"))
    assert type(problem) is ManagerAccessError
    assert "disabled or destroyed" in str(problem)


def test_a_path_that_no_vault_of_azure_has_is_not_there(key_vault: KeyVaultServer) -> None:
    """What is no name there is not asked for: its address would be that of something else."""
    manager = _azure(key_vault).open(db="../keys/x", version="name/version")
    for name in ("db", "version"):
        assert isinstance(_raised(partial(manager.get_secret, name)), SecretNotFoundError)
    assert key_vault.faults.requests == []


def test_what_is_read_only_is_a_fact_of_any_manager() -> None:
    """A flavor without external secrets has none that is only read."""
    manager = SecretsManager(MemoryBackend())
    assert manager.read_only == {}
    manager.check_change("anything")
    assert Capability.REGISTER in manager.capabilities


def _raised(act: Callable[[], object]) -> ZenSecretsError:
    with pytest.raises(ZenSecretsError) as caught:
        act()
    return caught.value
