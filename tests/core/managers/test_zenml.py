"""The `zenml` backend with a real ZenML server. ZenML's own client runs in another virtual environment."""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.faults.zenml_service import FastRetryZenml, hide_values, inject_zenml_fault, zenml_error
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import (
    InvalidSecretError,
    ManagerAccessError,
    ManagerError,
    ManagerUnreachableError,
    SecretExistsError,
    SecretNotFoundError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.schemas.built_in.basic_auth import BasicAuthSecretSchema
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.workspace import get_workspace
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_hooks import content_of
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from tests.support.faults.http_proxy import Exchange
    from tests.support.faults.zenml_service import ZenmlFixture

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.


class TestZenml(SecretsManagerTests):
    """The conformance suite with a ZenML server.

    ZenML has no compare-and-set, so one of two concurrent writes can be lost.
    """

    # This subclass of the backend waits only a short time before a retry.
    backend_class = FastRetryZenml
    attributes: Mapping[str, Any] = {"scope": "component"}
    limit = FastRetryZenml.max_size
    keeps_all_updates = False
    random_series_count = 6
    service: ZenmlFixture

    @pytest.fixture(autouse=True)
    def _use_server(self, zenml: ZenmlFixture) -> None:
        """Use the server of the fixture ``zenml``."""
        self.service = zenml

    def raw(self) -> bytes:
        """Return the stored bytes of this test's secrets from the database of the server."""
        return b"\n".join(self.service.server.stored(f"zenml/component/{self.identity}").values())

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the faults of ZenML."""
        faults_with_errors: dict[str, tuple[Callable[[Exchange], None], type[ZenSecretsError]]] = {
            "401": (zenml_error(401, "CredentialsNotValid"), ManagerAccessError),
            "403": (zenml_error(403, "IllegalOperationError"), ManagerAccessError),
            "429": (zenml_error(429, "MaxConcurrentTasksError"), ManagerUnreachableError),
            "500": (zenml_error(500, "RuntimeError"), ManagerUnreachableError),
            "501": (zenml_error(501, "NotImplementedError"), UnsupportedOperationError),
            # ZenML does not use this status.
            "418": (zenml_error(418, "Teapot"), ManagerError),
        }
        return {code: (partial(self.service.proxy.inject, fault), error) for code, (fault, error) in faults_with_errors.items()}


PIPELINE = """
import json, sys
from zenml.client import Client
from zenml.config.secret_reference_mixin import SecretReferenceMixin

class Attributes(SecretReferenceMixin):
    password: str = ""

client = Client()
values = client.get_secret("database").secret_values
resolved_password = Attributes(password="{{database.password}}").password
client.create_secret("from-a-pipeline", {"token": sys.argv[1], "ключ": "value"})
client.update_secret("database", add_or_update_values={"port": "5432"})
print(json.dumps([values, resolved_password, client.zen_store.url]))
"""
"""A program that uses ZenML's client as a pipeline does.

Its argument is a token. One of its keys is in Cyrillic letters.
"""


def test_notebook_and_pipeline_share_secrets(zenml: ZenmlFixture) -> None:
    """ZenML's client reads our secrets by name and by reference, and our manager reads and updates the secrets of the client."""
    manager = zenml.open()
    password, token, new_token = canary("password"), canary("token"), canary("new token")
    manager.register_secret(secret("database", user="reader", password=password))
    assert zenml.server.run_client(PIPELINE, token) == [{"user": "reader", "password": password}, password, zenml.server.url]
    assert manager.list_secrets() == ["database", "from-a-pipeline"]
    assert content_of(manager, "from-a-pipeline") == {"token": token, "ключ": "value"}
    assert content_of(manager, "database") == {"user": "reader", "password": password, "port": "5432"}
    manager.merge_secret("from-a-pipeline", {"token": new_token}, remove=["ключ"])
    manager.rename_secret("from-a-pipeline", "shared")
    code = 'import json\nfrom zenml.client import Client\nprint(json.dumps(Client().get_secret("shared").secret_values))'
    assert zenml.server.run_client(code) == {"token": new_token}


def test_schema_is_stored_under_a_key(zenml: ZenmlFixture) -> None:
    """The server stores the schema of a secret under an additional key, which is not part of the content."""

    def stored_json(name: str) -> bytes:
        # The database has the values as base64, in the text that Python shows for bytes: b'...'.
        return base64.b64decode(zenml.server.stored(name)[name].removeprefix(b"b'").removesuffix(b"'"))

    manager = zenml.open()
    manager.register_secret(BasicAuthSecretSchema(name="typed", username="u", password="p"))
    manager.register_secret(secret("arbitrary", k="v"))
    assert stored_json("typed") == b'{"password": "p", "username": "u", "zensecrets_schema": "basic_auth"}'
    assert stored_json("arbitrary") == b'{"k": "v"}'
    assert isinstance(zenml.open().get_secret("typed"), BasicAuthSecretSchema)
    assert content_of(manager, "typed") == {"username": "u", "password": "p"}
    # An update to an arbitrary secret removes the additional key.
    manager.update_secret(secret("typed", k="v"))
    assert stored_json("typed") == b'{"k": "v"}'
    with pytest.raises(InvalidSecretError, match="zensecrets_schema") as caught:
        manager.merge_secret("arbitrary", {"zensecrets_schema": canary()})
    assert is_one_line(caught.value)
    assert not find_canary(error_details(caught.value))


def test_names_without_a_scope(zenml: ZenmlFixture) -> None:
    """Without a scope, the server stores a secret under its own name. Names that belong to a scope are refused.

    Without a scope, ``delete_all_secrets`` is refused. With a scope, it deletes the secrets of the scope.
    """
    manager, scoped_manager = zenml.open(), zenml.open(scope="namespace", namespace="t_e%m")
    # These names must not be read as a filter or a pattern. ZenML has filters such as "equals:a", and SQL patterns have "%" and "_".
    names = ("ключ/🔑", "a%2Fb", "A", "a", "equals:a", "startswith:", "x" * 255)
    for name in names:
        manager.register_secret(secret(name, k=name))
        assert content_of(manager, name) == {"k": name}
    scoped_manager.register_secret(secret("a", k="scoped"))
    assert set(zenml.server.stored("")) == {*manager.list_secrets(), "zenml/namespace/t_e%m/a"}
    assert scoped_manager.list_secrets() == ["a"]
    with pytest.raises(InvalidSecretError, match="is reserved for scopes"):
        manager.register_secret(secret("zenml/namespace/t_e%m/b", k="v"))
    with pytest.raises(UnsupportedOperationError, match="pipelines may need them") as caught:
        manager.delete_all_secrets()
    assert caught.value.hint
    scoped_manager.delete_all_secrets()
    assert set(manager.list_secrets()) == set(names)


def test_invalid_foreign_secrets_are_not_changed(zenml: ZenmlFixture) -> None:
    """A secret of another program is not listed if its name is invalid here.

    If a secret of another program has an invalid key, reading or changing the secret raises an error, and the secret stays unchanged.
    """
    manager = zenml.open()
    for name in ("a secret", "v1.2", "-a"):
        zenml.server.put(name, {"k": "v"})
    for number, key in enumerate(("my key", "", "{k}", "-k", "name")):
        zenml.server.put(f"invalid-key-{number}", {key: canary(), "k": "v"})
    before = zenml.server.stored("")
    assert manager.list_secrets() == [f"invalid-key-{number}" for number in range(5)]
    for name in manager.list_secrets():
        for operation in (partial(manager.get_secret, name), partial(manager.merge_secret, name, {"k": "w"})):
            with pytest.raises(InvalidSecretError, match="has a key") as caught:
                operation()
            assert is_one_line(caught.value)
            assert not find_canary(error_details(caught.value))
    assert zenml.server.stored("") == before


def test_external_secret(zenml: ZenmlFixture) -> None:
    """A manager with a scope reads a secret of a pipeline as an external secret, which it cannot change.

    The content does not include the key ``zensecrets_schema``, under which the server stores the schema.
    """
    value = canary("theirs")
    zenml.server.put("their secret.v1", {"token": value, "my key": "k", "zensecrets_schema": "openai"})
    # A value of the mapping is the name of the secret on the server, or "NAME#KEY" for one of its keys.
    external = {"token": "their secret.v1#token", "whole": "their secret.v1", "missing": "nothing"}
    manager = zenml.open(scope="component", external=external)
    assert content_of(manager, "token") == {"token": value}
    assert manager.list_secrets() == ["missing", "token", "whole"]
    with pytest.raises(InvalidSecretError, match="my key"):
        manager.get_secret("whole")
    with pytest.raises(SecretNotFoundError, match="nothing under 'nothing' in ZenML"):
        manager.get_secret("missing")
    operations: list[Callable[[], Any]] = [
        lambda: manager.merge_secret("token", {"token": canary()}),
        lambda: manager.register_secret(secret("token", k=canary())),
        lambda: manager.rename_secret("token", "other"),
        lambda: manager.delete_secret("token"),
    ]
    for operation in operations:
        with pytest.raises(UnsupportedOperationError) as caught:
            operation()
        assert not find_canary(error_details(caught.value))
    manager.delete_all_secrets()
    zenml.server.put("plain", {"token": value, "zensecrets_schema": "openai"})
    assert content_of(zenml.open(scope="component", external={"plain": "plain"}), "plain") == {"token": value}


def test_private_secrets_are_separate(zenml: ZenmlFixture) -> None:
    """A private secret is separate from a public secret with the same name, and other users do not see the private one."""
    public_manager, private_manager = zenml.open(), zenml.open(private=True)
    public_manager.register_secret(secret("a", k="public"))
    private_manager.register_secret(secret("a", k="private"))
    # The login of the fixture and the API key of the server belong to two users.
    manager_of_other_user = zenml.open(private=True, url=zenml.proxy.address, api_key=zenml.server.api_key)
    assert (content_of(public_manager, "a"), content_of(private_manager, "a")) == ({"k": "public"}, {"k": "private"})
    assert manager_of_other_user.list_secrets() == []
    private_manager.delete_secret("a")
    assert public_manager.list_secrets() == ["a"]


def test_update_sends_only_changes(zenml: ZenmlFixture) -> None:
    """An update sends the changed keys and no others, so a change of another key by another writer is kept.

    An update without a change sends no write request.
    """
    manager = zenml.open()
    manager.register_secret(secret("a", k="1", l="1"))
    sent_bodies: list[bytes] = []

    def write_in_between(exchange: Exchange) -> None:
        sent_bodies.append(exchange.body)
        zenml.open().merge_secret("a", {"l": "2"})
        exchange.answer(exchange.forward())

    with zenml.proxy.inject(write_in_between, times=1, only="PUT "):
        manager.merge_secret("a", {"k": "2"})
    assert content_of(manager, "a") == {"k": "2", "l": "2"}
    assert sent_bodies == [b'{"values": {"k": "2"}}']
    zenml.proxy.requests.clear()
    manager.merge_secret("a", {"k": "2"})
    assert not [request for request in zenml.proxy.requests if request.startswith("PUT")]


@pytest.mark.parametrize("fault", ["reset", "response lost", "time-out", "500"])
@pytest.mark.parametrize("operation", ["register", "merge", "rename", "delete"])
def test_interrupted_write_is_done_once(zenml: ZenmlFixture, operation: str, fault: str) -> None:
    """A write that fails once, before or after its execution, is retried and has the expected result.

    For example, the fault "reset" comes before the execution, and the fault "response lost" comes after it.
    """
    manager = zenml.open(timeout=0.8, deadline=5)
    manager.register_secret(secret("stored", k="v"))
    if operation != "register":
        manager.register_secret(secret("a", k="1", l="1"))
    operations: dict[str, tuple[str, Callable[[], None], dict[str, dict[str, str]]]] = {
        "register": ("POST", lambda: manager.register_secret(secret("a", k="1")), {"a": {"k": "1"}}),
        "merge": ("PUT", lambda: manager.merge_secret("a", {"k": "2"}, remove=["l"]), {"a": {"k": "2"}}),
        "rename": ("PUT", lambda: manager.rename_secret("a", "b"), {"b": {"k": "1", "l": "1"}}),
        "delete": ("DELETE", lambda: manager.delete_secret("a"), {}),
    }
    method, write, expected = operations[operation]
    with inject_zenml_fault(zenml.proxy, fault, times=1, only=method):
        write()
    other = zenml.open()
    assert {name: content_of(other, name) for name in other.list_secrets()} == {**expected, "stored": {"k": "v"}}


def test_retried_registration_refuses_a_foreign_secret(zenml: ZenmlFixture) -> None:
    """If another program registers the name before a retry, the registration raises SecretExistsError and changes nothing."""
    manager, their_value = zenml.open(), canary("theirs")

    def register_before_reset(exchange: Exchange) -> None:
        zenml.server.put("a", {"k": their_value})
        exchange.reset()

    with zenml.proxy.inject(register_before_reset, times=1, only="POST "), pytest.raises(SecretExistsError) as caught:
        manager.register_secret(secret("a", k=canary("ours")))
    assert len([request for request in zenml.proxy.requests if request.startswith("POST ")]) == 2, "the registration must be retried"
    assert not find_canary(error_details(caught.value))
    assert content_of(manager, "a") == {"k": their_value}


def test_hidden_values_are_reported(zenml: ZenmlFixture) -> None:
    """If the server hides the values from the user, reading and updating raise ManagerAccessError, and nothing is overwritten."""
    manager = zenml.open()
    manager.register_secret(secret("a", k="v"))
    with zenml.proxy.inject(hide_values, only="GET /api/v1/secrets/"):
        for operation in (lambda: manager.get_secret("a", refresh=True), lambda: manager.merge_secret("a", {"l": "v"})):
            with pytest.raises(ManagerAccessError, match="the values are hidden") as caught:
                operation()
            assert is_one_line(caught.value)
        assert manager.list_secrets() == ["a"]
    assert content_of(manager, "a") == {"k": "v"}


def test_copy_to_a_server_and_back(zenml: ZenmlFixture) -> None:
    """Secrets are copied to the server, and from the server to another local manager, with content and schema.

    A second copy to the server writes nothing.
    """
    workspace = get_workspace()
    workspace.register_component(ComponentType.SECRETS_MANAGER, "pipelines", "zenml", {})
    workspace.register_component(ComponentType.SECRETS_MANAGER, "again", "local", {})
    source = workspace.open_manager("default")
    source.register_secret(BasicAuthSecretSchema(name="typed", username="u", password="p"))
    for number in range(7):
        source.register_secret(secret(f"n{number}", k=canary("copied"), empty=""))
    client = Client()
    assert len(client.copy_secrets("default", "pipelines").registered) == 8
    assert len(client.copy_secrets("default", "pipelines").same) == 8
    client.copy_secrets("pipelines", "again")
    assert workspace.open_manager("again").get_records(source.list_secrets()) == source.get_records(source.list_secrets())


def test_rename_to_an_existing_name_is_refused(zenml: ZenmlFixture) -> None:
    """Renaming to an existing name, or to the same name, is refused, and the secrets are unchanged."""
    manager = zenml.open()
    for name in ("a", "b"):
        manager.register_secret(secret(name, k=name))
    for new_name in ("a", "b"):
        with pytest.raises(SecretExistsError):
            manager.rename_secret("a", new_name)
    # A missing secret is reported as missing, also if both names are the same.
    with pytest.raises(SecretNotFoundError):
        manager.rename_secret("c", "c")
    assert {name: content_of(manager, name) for name in manager.list_secrets()} == {"a": {"k": "a"}, "b": {"k": "b"}}
