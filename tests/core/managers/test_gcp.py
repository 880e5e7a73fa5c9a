"""The `gcp` backend with Google's client and a fake of Secret Manager, which is a gRPC server."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from google.cloud.secretmanager_v1 import types

from tests.support.error_texts import error_details, is_one_line
from tests.support.fakes.google_tokens import TokenServer
from tests.support.fakes.secret_manager import MAX_VALUE_BYTES, PROJECT, SecretManagerServer
from tests.support.faults.cloud_services import FastRetryGcp
from tests.support.faults.injector import Fault
from tests.support.faults.tcp_proxy import TcpProxy
from tests.support.managers.stores import secret
from tests.support.processes import run_python
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerUnreachableError,
    SecretExistsError,
    SecretNotFoundError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.gcp.backend import GcpBackend
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_hooks import content_of
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests
from zensecrets_jupyter.testing.stateful import VersionBehavior

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.fixture
def server(secret_manager: SecretManagerServer) -> SecretManagerServer:
    """Return the fake server. This fixture is a short name for ``secret_manager``."""
    return secret_manager


def open_manager(server: SecretManagerServer, identity: str = "one", **attributes: Any) -> SecretsManager[GcpBackend]:
    """Return a manager of the fake server."""
    options = FastRetryGcp.make_options({"project": PROJECT, "endpoint": server.endpoint, **attributes})
    return SecretsManager(FastRetryGcp(options, context=ManagerContext(name="tested", id=identity)))


class TestGcp(SecretsManagerTests):
    """The conformance suite. A renamed secret loses its earlier versions."""

    backend_class = FastRetryGcp
    limit = MAX_VALUE_BYTES
    version_behavior = VersionBehavior(renames_with_history=False)
    random_series_count = 15
    server: SecretManagerServer

    @pytest.fixture(autouse=True)
    def _use_server(self, server: SecretManagerServer) -> None:
        """Use the fake server."""
        self.server = server

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a manager of the fake server."""
        return open_manager(self.server, identity or self.identity)

    def raw(self) -> bytes:
        """Return all stored payloads."""
        return self.server.raw()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the faults of Google Cloud. Their names are gRPC status codes."""
        expected = {
            "PERMISSION_DENIED": ManagerAccessError,
            "UNAUTHENTICATED": ManagerAccessError,
            "UNAVAILABLE": ManagerUnreachableError,
            "INTERNAL": ManagerUnreachableError,
            "RESOURCE_EXHAUSTED": ManagerUnreachableError,
            "UNIMPLEMENTED": UnsupportedOperationError,
            "DATA_LOSS": ManagerError,
        }
        return {code: (partial(self.server.faults.inject, Fault(code)), error) for code, error in expected.items()}


def test_list_reads_all_pages_and_no_value(server: SecretManagerServer) -> None:
    """Ten secrets are listed from four pages, with schema and version, and no value is read. A page of the fake has three entries."""
    manager = open_manager(server)
    for number in range(10):
        manager.register_secret(secret(f"name{number}", k="v"))
    manager.merge_secret("name3", {"k": "w"})
    server.faults.requests.clear()
    summaries = manager.summaries()
    assert [summary.name for summary in summaries] == [f"name{number}" for number in range(10)]
    assert [(summary.schema, summary.version) for summary in summaries[2:5]] == [("arbitrary", 1), ("arbitrary", 2), ("arbitrary", 1)]
    assert server.faults.requests == ["ListSecrets"] * 4


def test_read_is_one_request(server: SecretManagerServer) -> None:
    """A read needs one request, ``AccessSecretVersion``, and no permission for ``GetSecret``. A missing secret is reported."""
    open_manager(server).register_secret(secret("a", k="v"))
    manager = open_manager(server)
    server.faults.requests.clear()
    with server.faults.inject(Fault("PERMISSION_DENIED"), only="GetSecret"):
        assert content_of(manager, "a") == {"k": "v"}
        assert server.faults.requests == ["AccessSecretVersion"]
        with pytest.raises(SecretNotFoundError):
            manager.get_secret("missing")


def test_aborted_registration_is_no_secret(server: SecretManagerServer) -> None:
    """If the second or the third request of a registration fails, the secret is neither listed nor read.

    The three requests are ``CreateSecret``, ``AddSecretVersion`` and ``UpdateSecret``. The name can be registered again.
    """
    manager = open_manager(server)
    for request in ("AddSecretVersion", "UpdateSecret"):
        with server.faults.inject(Fault("UNAVAILABLE"), only=request), pytest.raises(ManagerUnreachableError, match="Check before you try"):
            manager.register_secret(secret("a", k="first"))
        assert server.secrets, "the first request has created an empty secret"
        assert manager.list_secrets() == []
        for operation in (manager.get_secret, manager.delete_secret, manager.history):
            with pytest.raises(SecretNotFoundError):
                operation("a")
    manager.register_secret(secret("a", k="second"))
    assert content_of(manager, "a") == {"k": "second"}
    with pytest.raises(SecretExistsError):
        manager.register_secret(secret("a", k="third"))


def test_aborted_update_changes_nothing(server: SecretManagerServer) -> None:
    """If an update cannot make its added version the current one, the old content stays.

    An alias of this package marks the current version. An update adds a version, and then moves the alias to it with ``UpdateSecret``. If
    this request fails, the added version is neither read nor listed, and the next update ignores it.
    """
    manager = open_manager(server)
    manager.register_secret(secret("a", k="first"))
    with server.faults.inject(Fault("UNAVAILABLE"), only="UpdateSecret"), pytest.raises(ManagerUnreachableError):
        manager.merge_secret("a", {"k": "lost"})
    assert content_of(manager, "a") == {"k": "first"}
    assert [version.number for version in manager.history("a")] == [1]
    manager.merge_secret("a", {"l": "second"})
    assert content_of(manager, "a") == {"k": "first", "l": "second"}


@pytest.mark.parametrize("failed_request", ["CreateSecret", "AddSecretVersion", "UpdateSecret", "DeleteSecret"])
@pytest.mark.parametrize("request_is_executed", [True, False])
def test_lost_response_of_a_write(server: SecretManagerServer, failed_request: str, *, request_is_executed: bool) -> None:
    """If one request of a write fails, a retry completes the write, whether the request was executed or not.

    ``failed_request`` selects the request that fails. Each added fault fails one request only.
    """
    manager = open_manager(server)
    server.faults.add(Fault("UNAVAILABLE", request_is_executed=request_is_executed), only=failed_request)
    manager.register_secret(secret("a", k="first"))
    server.faults.add(Fault("UNAVAILABLE", request_is_executed=request_is_executed), only=failed_request)
    manager.merge_secret("a", {"k": "second"})
    assert content_of(open_manager(server), "a") == {"k": "second"}
    # This removes the faults that did not occur, because a write did not send ``failed_request``.
    server.faults.clear()
    server.faults.add(Fault("UNAVAILABLE", request_is_executed=request_is_executed), only="DeleteSecret")
    manager.delete_secret("a")
    assert server.secrets == {}


def test_conflicting_writer_leaves_no_version(server: SecretManagerServer) -> None:
    """If another writer is faster, our update destroys its own added version, and is retried.

    The other writer adds version 2. Our update adds version 3, destroys it, and adds version 4.
    """
    other_manager, manager = open_manager(server), open_manager(server)
    other_manager.register_secret(secret("a", k="first"))
    # The list makes sure that only the first call of ``overwrite`` is overtaken.
    overtaken_keys: list[str] = []

    class OvertakenBackend(FastRetryGcp):
        def overwrite(self, client: Any, key: str, envelope: Any, current: Any) -> None:
            if not overtaken_keys:
                overtaken_keys.append(key)
                other_manager.merge_secret("a", {"theirs": "v"})
            super().overwrite(client, key, envelope, current)

    # The backend of an open manager gets the method of the subclass.
    manager.backend.__class__ = OvertakenBackend
    manager.merge_secret("a", {"ours": "v"})
    assert content_of(other_manager, "a") == {"k": "first", "theirs": "v", "ours": "v"}
    [stored_secret] = server.secrets.values()
    states = [version.metadata.state.name for version in stored_secret.versions.values()]
    assert states == ["ENABLED", "ENABLED", "DESTROYED", "ENABLED"]
    assert [version.number for version in manager.history("a")] == [4, 2, 1]


def test_foreign_secret_is_reported_and_not_changed(server: SecretManagerServer) -> None:
    """With scope ``none``, a secret of another program is listed. Reading, changing or deleting it raises an error without its value.

    ``delete_all_secrets`` does not delete it and raises no error.
    """
    value = canary("theirs")
    manager = open_manager(server, scope="none")
    # The second payload is not UTF-8.
    for data in (value.encode(), b"\xff\xfe" + value.encode()):
        server.secrets.clear()
        server.put("theirs", data)
        before = server.raw()
        operations: list[Callable[[], object]] = [
            lambda: manager.get_secret("theirs"),
            lambda: manager.merge_secret("theirs", {"k": "v"}),
            lambda: manager.update_secret(secret("theirs", k="v")),
            lambda: manager.delete_secret("theirs"),
            lambda: manager.history("theirs"),
        ]
        for operation in operations:
            with pytest.raises(ManagerCorruptedError) as caught:
                operation()
            assert not find_canary(error_details(caught.value))
        with pytest.raises(SecretExistsError):
            manager.register_secret(secret("theirs", k="v"))
        manager.delete_all_secrets()
        assert manager.list_secrets() == ["theirs"]
        assert server.raw() == before


def test_foreign_version_is_ignored(server: SecretManagerServer) -> None:
    """A version that another program adds to our secret is never read or listed.

    The same is true after our next update. The version of the other program has number 2, so our next version has number 3.
    """
    manager = open_manager(server)
    manager.register_secret(secret("a", k="first"))
    (key,) = server.secrets
    server._add(types.AddSecretVersionRequest(parent=f"projects/{PROJECT}/secrets/{key}", payload={"data": b"theirs"}))
    assert content_of(manager, "a") == {"k": "first"}
    assert [version.number for version in manager.history("a")] == [1]
    manager.merge_secret("a", {"k": "second"})
    assert [version.number for version in manager.history("a")] == [3, 1]
    with pytest.raises(SecretNotFoundError, match="The versions are 3, 1"):
        manager.rollback("a", 2)
    assert manager.rollback("a", 1).number == 4


def test_destroyed_version_is_reported(server: SecretManagerServer) -> None:
    """If the current version of a secret is destroyed, reading and updating raise an error, and the history has the earlier versions."""
    manager = open_manager(server)
    manager.register_secret(secret("a", k="first"))
    manager.merge_secret("a", {"k": "second"})
    (key,) = server.secrets
    server._destroy(types.DestroySecretVersionRequest(name=f"projects/{PROJECT}/secrets/{key}/versions/2"))
    operations: list[Callable[[], object]] = [lambda: content_of(manager, "a"), lambda: manager.merge_secret("a", {"k": "third"})]
    for operation in operations:
        with pytest.raises(ManagerAccessError, match="its current version is disabled or destroyed"):
            operation()
    assert [version.number for version in manager.history("a")] == [1]


def test_requested_wait_is_respected(server: SecretManagerServer) -> None:
    """After an error for an exceeded quota, the request is sent again and succeeds.

    The error response asks the client to wait 0.3 seconds. The test does not measure the wait.
    """
    manager = open_manager(server)
    server.faults.add(Fault("RESOURCE_EXHAUSTED", retry_after=0.3))
    assert manager.list_secrets() == []
    assert server.faults.requests == ["ListSecrets"] * 2


def test_request_times_out(server: SecretManagerServer) -> None:
    """The option ``timeout`` limits one request, and ``deadline`` limits the retries."""
    manager = open_manager(server, timeout=0.05, deadline=0.01)
    with server.faults.inject(Fault(delay=0.2)), pytest.raises(ManagerUnreachableError, match="DEADLINE_EXCEEDED"):
        manager.list_secrets()


def test_unreachable_service(server: SecretManagerServer) -> None:
    """A refused connection raises ManagerUnreachableError after a few attempts."""
    # After the block, the endpoint of this server refuses connections.
    stopped_server = SecretManagerServer()
    with stopped_server.running():
        pass
    with pytest.raises(ManagerUnreachableError, match="UNAVAILABLE") as caught:
        open_manager(server, endpoint=stopped_server.endpoint).list_secrets()
    assert is_one_line(caught.value)


@pytest.mark.parametrize("attributes", [{"endpoint": "http://example.com"}, {"project": "a/b"}, {"locations": "a, b"}])
def test_options_are_checked(attributes: dict[str, str]) -> None:
    """An unencrypted remote address, an invalid project, and a location with a space are refused. The error names the option."""
    with pytest.raises(InvalidOptionsError, match=next(iter(attributes))):
        GcpBackend.make_options(attributes)


def test_locations_of_new_secrets(server: SecretManagerServer) -> None:
    """A new secret is stored in the locations of the option ``locations``. Without this option, Google chooses the locations."""
    open_manager(server, locations="europe-west1,europe-west3").register_secret(secret("a", k="v"))
    open_manager(server).register_secret(secret("b", k="v"))
    replication_a, replication_b = (stored_secret.metadata.replication for stored_secret in server.secrets.values())
    assert [replica.location for replica in replication_a.user_managed.replicas] == ["europe-west1", "europe-west3"]
    assert "automatic" in replication_b


def test_forbidden_location_is_reported(server: SecretManagerServer) -> None:
    """If a policy forbids the location of a new secret, the error names the option ``locations``.

    Google reports this with the code FAILED_PRECONDITION, which it also uses for a conflict between two writers.
    """
    manager = open_manager(server)
    with server.faults.inject(Fault("FAILED_PRECONDITION"), only="CreateSecret"), pytest.raises(ManagerAccessError, match="locations"):
        manager.register_secret(secret("a", k=canary()))


def test_project_of_the_environment(server: SecretManagerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the option ``project``, the project is taken from GOOGLE_CLOUD_PROJECT. If the variable is missing, the error names it."""
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    with pytest.raises(InvalidOptionsError, match="GOOGLE_CLOUD_PROJECT"):
        open_manager(server, project=None).list_secrets()
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    manager = open_manager(server, project=None)
    assert manager.list_secrets() == []
    assert manager.describe()["project"] == PROJECT


@pytest.fixture
def token_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    """Run a fake of Google's token server, and set a service account of this server as the credentials."""
    server = TokenServer()
    with server.running():
        server.write_key_file(tmp_path / "account.json")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        yield server


@pytest.mark.parametrize(
    ("refusal", "expected_text"),
    [
        ("Invalid JWT Signature.", "does not accept the credentials"),
        ("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.", "Correct the clock"),
    ],
)
def test_refused_account_is_reported(token_server: TokenServer, refusal: str, expected_text: str) -> None:
    """If Google refuses the account, the error names the cause: wrong credentials or a wrong clock.

    The error contains neither a value nor the private key of the account.
    """
    token_server.refusal = refusal
    manager = SecretsManager(FastRetryGcp(FastRetryGcp.make_options({"project": PROJECT}), context=ManagerContext(name="tested")))
    with pytest.raises(ManagerAccessError, match=expected_text) as caught:
        manager.register_secret(secret("a", k=canary()))
    assert not find_canary(error_details(caught.value))
    assert "PRIVATE KEY" not in error_details(caught.value)


def test_missing_credentials_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials, listing raises ManagerAccessError with the name of the class of Google's error."""
    # With these variables, Google's client finds neither a key file, nor a login of gcloud, nor the metadata server of a virtual machine.
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    manager = SecretsManager(FastRetryGcp(FastRetryGcp.make_options({"project": PROJECT}), context=ManagerContext(name="tested")))
    with pytest.raises(ManagerAccessError, match="DefaultCredentialsError"):
        manager.list_secrets()


def test_account_is_used_over_tls(token_server: TokenServer, tmp_path: Path) -> None:
    """With TLS, each request carries the token of the account."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    server = SecretManagerServer()
    with server.running(authority):
        # gRPC reads the trusted certificate authorities only once per process, so the test uses another process.
        output = run_python(
            f"""
import json
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager, get_flavor
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
backend_class = get_flavor("gcp")
options = backend_class.make_options({{"project": "{PROJECT}", "endpoint": "{server.endpoint}"}})
manager = SecretsManager(backend_class(options, context=ManagerContext(name="tested")))
manager.register_secret(ArbitrarySecretSchema(name="a", arbitrary_kv_pairs={{"k": "v"}}))
print(json.dumps([manager.list_secrets(), dict(manager.get_secret("a").content)]))
""",
            environment={"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(tmp_path / "authority.pem")},
        )
    assert output == [["a"], {"k": "v"}]
    assert server.authorizations
    assert all(text.startswith("Bearer ") for text in server.authorizations)


def test_google_logs_no_value(server: SecretManagerServer) -> None:
    """No value is in the debug logs of Google's client, although it logs requests and responses."""
    log_texts: list[str] = []

    class CollectingHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # Google's client puts the request and the response in attributes of the record.
            log_texts.append(f"{record.getMessage()} {vars(record)}")

    handler = CollectingHandler(logging.DEBUG)
    logger = logging.getLogger("google")
    original_level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        manager = open_manager(server)
        manager.register_secret(secret("a", k=canary("first")))
        manager.merge_secret("a", {"k": canary("second")})
        content_of(manager, "a")
        manager.rollback("a", 1)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(original_level)
    assert not find_canary("\n".join(log_texts))


def test_connection_reset_during_a_write(server: SecretManagerServer) -> None:
    """If the connection is reset during a write, a retry uses a new connection, and the secret is written once.

    The proxy resets a connection that sends the text ``"zensecrets"``, which each of our payloads contains.
    """
    proxy = TcpProxy("127.0.0.1", int(server.endpoint.rpartition(":")[2]))
    manager = open_manager(server, endpoint=f"http://127.0.0.1:{proxy.address[1]}")
    assert manager.list_secrets() == []
    with proxy.reset_connections(1, b'"zensecrets"'):
        manager.register_secret(secret("a", k="first"))
    with proxy.reset_connections(1, b'"zensecrets"'):
        manager.merge_secret("a", {"k": "second"})
    assert content_of(manager, "a") == {"k": "second"}
    [stored_secret] = server.secrets.values()
    assert len(stored_secret.versions) == 2
    proxy.close()
