"""Google Cloud Secret Manager through Google's own client, against a gRPC server that speaks its protocol."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from google.cloud.secretmanager_v1 import types

from tests.support.error_texts import error_details, is_one_line
from tests.support.fakes.google_tokens import TokenServer
from tests.support.fakes.secret_manager import LARGEST, PROJECT, SecretManagerServer
from tests.support.faults.cloud_services import FastRetryGcp
from tests.support.faults.injector import Fault
from tests.support.faults.tcp_proxy import TcpProxy
from tests.support.managers.counting import secret
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
    """Return the fake, empty."""
    return secret_manager


def open_manager(server: SecretManagerServer, identity: str = "one", **attributes: Any) -> SecretsManager[GcpBackend]:
    """Return a manager of the fake."""
    options = FastRetryGcp.make_options({"project": PROJECT, "endpoint": server.endpoint, **attributes})
    return SecretsManager(FastRetryGcp(options, context=ManagerContext(name="tried", id=identity)))


class TestGcp(SecretsManagerTests):
    """The whole suite, with versions, in all weathers."""

    backend_class = FastRetryGcp
    limit = LARGEST
    version_behavior = VersionBehavior(renames_with_history=False)
    series = 15
    server: SecretManagerServer

    @pytest.fixture(autouse=True)
    def _use(self, server: SecretManagerServer) -> None:
        """Ask the fake."""
        self.server = server

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a manager of the fake."""
        return open_manager(self.server, identity or self.identity)

    def raw(self) -> bytes:
        """Return what the fake keeps."""
        return self.server.raw()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return what Google can say."""
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


def test_a_list_is_whole_over_all_pages_and_reads_no_value(server: SecretManagerServer) -> None:
    """Ten secrets come in four pages, with schema and version, and no other request is made."""
    manager = open_manager(server)
    for number in range(10):
        manager.register_secret(secret(f"name{number}", k="v"))
    manager.merge_secret("name3", {"k": "w"})
    server.faults.requests.clear()
    found = manager.summaries()
    assert [one.name for one in found] == [f"name{number}" for number in range(10)]
    assert [(one.schema, one.version) for one in found[2:5]] == [("arbitrary", 1), ("arbitrary", 2), ("arbitrary", 1)]
    assert server.faults.requests == ["ListSecrets"] * 4


def test_a_read_is_one_request_and_needs_the_permission_to_read_only(server: SecretManagerServer) -> None:
    """Who may access values and nothing else reads what is there, and is told what is not."""
    open_manager(server).register_secret(secret("a", k="v"))
    manager = open_manager(server)
    server.faults.requests.clear()
    with server.faults.inject(Fault("PERMISSION_DENIED"), on="GetSecret"):
        assert content_of(manager, "a") == {"k": "v"}
        assert server.faults.requests == ["AccessSecretVersion"]
        with pytest.raises(SecretNotFoundError):
            manager.get_secret("missing")


def test_a_registration_that_was_broken_off_is_no_secret(server: SecretManagerServer) -> None:
    """Where the last request of a registration never succeeds, nothing is listed or read, and the name is still free."""
    manager = open_manager(server)
    for request in ("AddSecretVersion", "UpdateSecret"):
        with server.faults.inject(Fault("UNAVAILABLE"), on=request), pytest.raises(ManagerUnreachableError, match="Check before you try"):
            manager.register_secret(secret("a", k="first"))
        assert server.secrets, "the empty secret is there"
        assert manager.list_secrets() == []
        for operation in (manager.get_secret, manager.delete_secret, manager.history):
            with pytest.raises(SecretNotFoundError):
                operation("a")
    manager.register_secret(secret("a", k="second"))
    assert content_of(manager, "a") == {"k": "second"}
    with pytest.raises(SecretExistsError):
        manager.register_secret(secret("a", k="third"))


def test_a_change_that_was_broken_off_changes_nothing(server: SecretManagerServer) -> None:
    """A version that did not become the current one is not read, not listed among the versions, and the next change goes over it."""
    manager = open_manager(server)
    manager.register_secret(secret("a", k="first"))
    with server.faults.inject(Fault("UNAVAILABLE"), on="UpdateSecret"), pytest.raises(ManagerUnreachableError):
        manager.merge_secret("a", {"k": "lost"})
    assert content_of(manager, "a") == {"k": "first"}
    assert [one.number for one in manager.history("a")] == [1]
    manager.merge_secret("a", {"l": "second"})
    assert content_of(manager, "a") == {"k": "first", "l": "second"}


@pytest.mark.parametrize("request_", ["CreateSecret", "AddSecretVersion", "UpdateSecret", "DeleteSecret"])
@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_is_no_lost_write(server: SecretManagerServer, request_: str, *, done: bool) -> None:
    """Where the answer to any request of a write was lost, the next try ends the work, whether it had been done or not."""
    manager = open_manager(server)
    server.faults.add(Fault("UNAVAILABLE", done=done), on=request_)
    manager.register_secret(secret("a", k="first"))
    server.faults.add(Fault("UNAVAILABLE", done=done), on=request_)
    manager.merge_secret("a", {"k": "second"})
    assert content_of(open_manager(server), "a") == {"k": "second"}
    server.faults.clear()
    server.faults.add(Fault("UNAVAILABLE", done=done), on="DeleteSecret")
    manager.delete_secret("a")
    assert server.secrets == {}


def test_a_stale_writer_leaves_no_version_behind(server: SecretManagerServer) -> None:
    """The version of a writer who was overtaken is destroyed, and its change is made anew over the other's."""
    one, two = open_manager(server), open_manager(server)
    one.register_secret(secret("a", k="first"))
    change = one.merge_secret
    overtaken: list[str] = []

    class Overtaken(FastRetryGcp):
        def overwrite(self, client: Any, key: str, document: Any, present: Any) -> None:
            if not overtaken:
                overtaken.append(key)
                change("a", {"theirs": "v"})
            super().overwrite(client, key, document, present)

    two.backend.__class__ = Overtaken
    two.merge_secret("a", {"ours": "v"})
    assert content_of(one, "a") == {"k": "first", "theirs": "v", "ours": "v"}
    ((_, versions),) = server.secrets.values()
    assert [version.state.name for version, _ in versions.values()] == ["ENABLED", "ENABLED", "DESTROYED", "ENABLED"]
    assert [one.number for one in two.history("a")] == [4, 2, 1]


def test_what_another_program_keeps_is_told_and_left(server: SecretManagerServer) -> None:
    """Under our key or by a bare name: it is listed, and neither read, changed nor deleted, and its value is in no error."""
    value = canary("theirs")
    manager = open_manager(server, scope="none")
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


def test_a_version_of_another_program_is_not_the_current_one(server: SecretManagerServer) -> None:
    """What somebody adds past us is neither read nor listed among the versions, before and after the next change."""
    manager = open_manager(server)
    manager.register_secret(secret("a", k="first"))
    (key,) = server.secrets
    server._add(types.AddSecretVersionRequest(parent=f"projects/{PROJECT}/secrets/{key}", payload={"data": b"theirs"}))
    assert content_of(manager, "a") == {"k": "first"}
    assert [one.number for one in manager.history("a")] == [1]
    manager.merge_secret("a", {"k": "second"})
    assert [one.number for one in manager.history("a")] == [3, 1]
    with pytest.raises(SecretNotFoundError, match="The versions are 3, 1"):
        manager.rollback("a", 2)
    assert manager.rollback("a", 1).number == 4


def test_a_current_version_that_was_disabled_is_told_as_such(server: SecretManagerServer) -> None:
    """Reading and changing say that its current version is disabled or destroyed; the others are still listed."""
    manager = open_manager(server)
    manager.register_secret(secret("a", k="first"))
    manager.merge_secret("a", {"k": "second"})
    (key,) = server.secrets
    server._destroy(types.DestroySecretVersionRequest(name=f"projects/{PROJECT}/secrets/{key}/versions/2"))
    operations: list[Callable[[], object]] = [lambda: content_of(manager, "a"), lambda: manager.merge_secret("a", {"k": "third"})]
    for operation in operations:
        with pytest.raises(ManagerAccessError, match="its current version is disabled or destroyed"):
            operation()
    assert [one.number for one in manager.history("a")] == [1]


def test_a_wait_that_google_asks_for_is_kept(server: SecretManagerServer) -> None:
    """A limit of requests that names a time is waited for that long, and then the request succeeds."""
    manager = open_manager(server)
    server.faults.add(Fault("RESOURCE_EXHAUSTED", wait=0.3))
    assert manager.list_secrets() == []
    assert server.faults.requests == ["ListSecrets"] * 2


def test_a_place_that_hangs_is_given_up_after_the_timeout(server: SecretManagerServer) -> None:
    """The option ``timeout`` says how long an answer may take, and ``deadline`` when no more is tried."""
    manager = open_manager(server, timeout=0.05, deadline=0.01)
    with server.faults.inject(Fault(delay=0.2)), pytest.raises(ManagerUnreachableError, match="DEADLINE_EXCEEDED"):
        manager.list_secrets()


def test_a_place_that_is_not_there_is_unreachable(server: SecretManagerServer) -> None:
    """Where nothing listens, the error says so after a few tries."""
    gone = SecretManagerServer()
    with gone.running():
        pass
    with pytest.raises(ManagerUnreachableError, match="UNAVAILABLE") as caught:
        open_manager(server, endpoint=gone.endpoint).list_secrets()
    assert is_one_line(caught.value)


@pytest.mark.parametrize("attributes", [{"endpoint": "http://example.com"}, {"project": "a/b"}, {"locations": "a, b"}])
def test_options_are_checked(attributes: dict[str, str]) -> None:
    """An address without TLS that is not this machine's, and what is no project or location, is refused by its name."""
    with pytest.raises(InvalidOptionsError, match=next(iter(attributes))):
        GcpBackend.make_options(attributes)


def test_new_secrets_are_where_they_are_told_to_be(server: SecretManagerServer) -> None:
    """With ``locations`` a new secret is replicated there and nowhere else, else where Google chooses."""
    open_manager(server, locations="europe-west1,europe-west3").register_secret(secret("a", k="v"))
    open_manager(server).register_secret(secret("b", k="v"))
    there, anywhere = (made.replication for made, _ in server.secrets.values())
    assert [replica.location for replica in there.user_managed.replicas] == ["europe-west1", "europe-west3"]
    assert "automatic" in anywhere


def test_a_location_that_the_organization_does_not_allow_is_told(server: SecretManagerServer) -> None:
    """A policy on locations, which refuses a new secret, is no conflict with other writers: the error names the option that helps."""
    manager = open_manager(server)
    with server.faults.inject(Fault("FAILED_PRECONDITION"), on="CreateSecret"), pytest.raises(ManagerAccessError, match="locations"):
        manager.register_secret(secret("a", k=canary()))


def test_the_project_is_taken_from_the_environment(server: SecretManagerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's own variable says which project is asked; without it, the error names it."""
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    with pytest.raises(InvalidOptionsError, match="GOOGLE_CLOUD_PROJECT"):
        open_manager(server, project=None).list_secrets()
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    manager = open_manager(server, project=None)
    assert manager.list_secrets() == []
    assert manager.describe()["project"] == PROJECT


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    """Run a token server, and have Google's libraries find an account that asks it."""
    server = TokenServer()
    with server.running():
        server.write_key_file(tmp_path / "account.json")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        yield server


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ("Invalid JWT Signature.", "does not accept the credentials"),
        ("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.", "Correct the clock"),
    ],
)
def test_an_account_that_is_refused_is_told(tokens: TokenServer, refusal: str, said: str) -> None:
    """A signature that does not hold, because of the key or of the clock, is told as that."""
    tokens.refusal = refusal
    manager = SecretsManager(FastRetryGcp(FastRetryGcp.make_options({"project": PROJECT}), context=ManagerContext(name="tried")))
    with pytest.raises(ManagerAccessError, match=said) as caught:
        manager.register_secret(secret("a", k=canary()))
    assert not find_canary(error_details(caught.value))
    assert "PRIVATE KEY" not in error_details(caught.value)


def test_no_credentials_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Google's libraries find nothing, the error says that nobody knows who asks."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    manager = SecretsManager(FastRetryGcp(FastRetryGcp.make_options({"project": PROJECT}), context=ManagerContext(name="tried")))
    with pytest.raises(ManagerAccessError, match="DefaultCredentialsError"):
        manager.list_secrets()


def test_an_account_is_used_over_tls(tokens: TokenServer, tmp_path: Path) -> None:
    """With the address of a server that has TLS, each request carries what the account signed or was given, and none goes in clear."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    server = SecretManagerServer()
    with server.running(authority):
        # Which authorities gRPC trusts it looks up once a process.
        found = run_python(
            f"""
import json
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager, get_flavor
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
cloud = get_flavor("gcp")
options = cloud.make_options({{"project": "{PROJECT}", "endpoint": "{server.endpoint}"}})
manager = SecretsManager(cloud(options, context=ManagerContext(name="tried")))
manager.register_secret(ArbitrarySecretSchema(name="a", arbitrary_kv_pairs={{"k": "v"}}))
print(json.dumps([manager.list_secrets(), dict(manager.get_secret("a").content)]))
""",
            environment={"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(tmp_path / "authority.pem")},
        )
    assert found == [["a"], {"k": "v"}]
    assert server.bearers
    assert all(text.startswith("Bearer ") for text in server.bearers)


def test_google_logs_no_value(server: SecretManagerServer) -> None:
    """Google's client writes requests and answers into its own log where somebody listens to it; ours with their values are kept out."""
    lines: list[str] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {vars(record)}")

    handler = Listening(logging.DEBUG)
    logger = logging.getLogger("google")
    before = logger.level
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
        logger.setLevel(before)
    assert not find_canary("\n".join(lines))


def test_a_connection_that_is_reset_in_the_middle_of_a_write_is_opened_anew(server: SecretManagerServer) -> None:
    """A real reset, while the content is on its way, is mended by another try on another connection, and the secret is written once."""
    proxy = TcpProxy("127.0.0.1", int(server.endpoint.rpartition(":")[2]))
    manager = open_manager(server, endpoint=f"http://127.0.0.1:{proxy.address[1]}")
    assert manager.list_secrets() == []
    with proxy.reset_connections(1, b'"zensecrets"'):
        manager.register_secret(secret("a", k="first"))
    with proxy.reset_connections(1, b'"zensecrets"'):
        manager.merge_secret("a", {"k": "second"})
    assert content_of(manager, "a") == {"k": "second"}
    ((_, versions),) = server.secrets.values()
    assert len(versions) == 2
    proxy.close()
