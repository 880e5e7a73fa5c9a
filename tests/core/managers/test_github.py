"""The `github` backend, with a fake of GitHub's REST API."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.fakes.github_api import MAX_VALUE_BYTES, REPOSITORY, GithubServer
from tests.support.faults.cloud_scenarios import FastRetryGithub
from tests.support.faults.injector import Fault
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerUnreachableError,
    SecretNotFoundError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import Capability, ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.github import TOKEN_VARIABLES, GithubBackend
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GithubServer]:
    """Run the fake server, without the environment variables of a workflow."""
    for variable in ("GITHUB_ACTIONS", *TOKEN_VARIABLES, "GITHUB_REPOSITORY", "GITHUB_API_URL"):
        monkeypatch.delenv(variable, raising=False)
    server = GithubServer(canary("token"))
    with server.running():
        yield server


def open_manager(github: GithubServer, identity: str = "one", **attributes: Any) -> SecretsManager[GithubBackend]:
    """Return a manager of the fake server with a valid token."""
    options = {"api_url": github.url, "repository": REPOSITORY, "token": github.token, **attributes}
    return SecretsManager(FastRetryGithub(FastRetryGithub.make_options(options), context=ManagerContext(name="tested", id=identity)))


class TestGithub(SecretsManagerTests):
    """The conformance suite. GitHub never returns a secret, so the tests that read secrets are disabled."""

    backend_class = FastRetryGithub
    limit = MAX_VALUE_BYTES
    github: GithubServer

    @pytest.fixture(autouse=True)
    def _use_server(self, github: GithubServer) -> None:
        """Use the fake server."""
        self.github = github

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a manager of the fake server."""
        return open_manager(self.github, identity or self.identity)

    def raw(self) -> bytes:
        """Return all stored values. The fake server decrypts them."""
        return self.github.raw()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the faults of GitHub. Their names are HTTP status codes. The backend has no special rule for 418."""
        expected = {
            "401": ManagerAccessError,
            "403": ManagerAccessError,
            "429": ManagerUnreachableError,
            "500": ManagerUnreachableError,
            "502": ManagerUnreachableError,
            "418": ManagerError,
        }
        return {code: (partial(self.github.faults.inject, Fault(code)), error) for code, error in expected.items()}


def test_whole_secret_is_stored(github: GithubServer) -> None:
    """GitHub stores one encrypted JSON document for each secret, under a key in upper case.

    An update replaces the whole document.
    """
    manager = open_manager(github)
    value = canary("sent")
    manager.register_secret(secret("my-db", user="u", password=value))
    ((name, text),) = github.secrets.items()
    # The key has the scope, the ID "one" of the manager, and the name. The hyphen is escaped as "__2D".
    assert name == "ZENML___COMPONENT___ONE___MY__2DDB"
    assert json.loads(text)["content"] == {"user": "u", "password": value}
    manager.update_secret(secret("my-db", other=value))
    assert json.loads(github.secrets[name])["content"] == {"other": value}
    # The fake server gives every secret this time of its last change.
    assert manager.summaries() == [("my-db", None, None, datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))]


def test_reading_is_unsupported_outside_of_a_workflow(github: GithubServer) -> None:
    """Outside of a workflow, reading, changing a single key and renaming are unsupported and send no request."""
    manager = open_manager(github)
    manager.register_secret(secret("a", k="v"))
    github.faults.requests.clear()
    operations: list[Callable[[], Any]] = [
        lambda: manager.get_secret("a"),
        lambda: manager.merge_secret("a", {"k": canary()}),
        lambda: manager.rename_secret("a", "b"),
    ]
    for operation in operations:
        with pytest.raises(UnsupportedOperationError) as caught:
            operation()
        assert is_one_line(caught.value)
        assert caught.value.hint
        assert not find_canary(error_details(caught.value))
    assert github.faults.requests == []


def test_workflow_reads_the_environment(github: GithubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a GitHub Actions workflow, a secret is read from an environment variable, without a request.

    The variable has the name of the secret's key. If the variable is missing or empty, the secret is missing. A merge and a rename are
    unsupported, as outside of a workflow.
    """
    value = canary("read")
    open_manager(github).register_secret(secret("a", k=value))
    github.faults.requests.clear()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    manager = open_manager(github, token=None)
    key = manager.backend.key_for("a")
    assert Capability.READ in manager.capabilities
    with pytest.raises(SecretNotFoundError):
        manager.get_secret("a")
    monkeypatch.setenv(key, "")
    with pytest.raises(SecretNotFoundError):
        manager.get_secret("a")
    monkeypatch.setenv(key, github.secrets[key])
    assert manager.get_secret("a").content == {"k": value}
    monkeypatch.setenv(manager.backend.key_for("theirs"), "a plain text")
    with pytest.raises(ManagerCorruptedError):
        manager.get_secret("theirs")
    operations: list[Callable[[], None]] = [lambda: manager.merge_secret("a", {"k": "v"}), lambda: manager.rename_secret("a", "b")]
    for operation in operations:
        with pytest.raises(UnsupportedOperationError):
            operation()


def test_workflow_deletes_a_secret_without_a_variable(github: GithubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a workflow, a secret that is not in an environment variable can be replaced and deleted."""
    open_manager(github).register_secret(secret("a", k="v"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    manager = open_manager(github)
    manager.update_secret(secret("a", k="second"))
    assert b"second" in github.raw()
    manager.delete_secret("a")
    assert github.secrets == {}


def test_environment_provides_repository_and_token(github: GithubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without options, the address, the repository and the token come from GitHub's environment variables.

    If a variable is missing, the error names it.
    """
    no_options: dict[str, Any] = {"api_url": None, "repository": None, "token": None}
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    with pytest.raises(InvalidOptionsError, match="GITHUB_REPOSITORY"):
        open_manager(github, **no_options).list_secrets()
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    with pytest.raises(ManagerAccessError, match="GH_TOKEN"):
        open_manager(github, **no_options).list_secrets()
    monkeypatch.setenv("GITHUB_TOKEN", github.token)
    assert open_manager(github, **no_options).list_secrets() == []


def test_inaccessible_repository_is_reported(github: GithubServer) -> None:
    """If GitHub answers 404 because the repository is missing or inaccessible, ManagerAccessError is raised, not SecretNotFoundError."""
    manager = open_manager(github, repository="owner/another")
    operations: list[Callable[[], object]] = [manager.list_secrets, lambda: manager.register_secret(secret("a", k=canary()))]
    for operation in operations:
        with pytest.raises(ManagerAccessError, match="there is no such repository, or you have no permission") as caught:
            operation()
        assert not find_canary(error_details(caught.value))


@pytest.mark.parametrize(
    "fault", [Fault("403", reason="limit"), Fault("429", reason="limit"), Fault("403", retry_after=1), Fault("429", retry_after=1)]
)
def test_rate_limit_is_awaited(github: GithubServer, fault: Fault) -> None:
    """After a response that reports a rate limit, the request is sent again and succeeds.

    A response has the reason ``limit``, with headers that say when the limit ends, or a header with the seconds to wait.
    """
    github.faults.add(fault)
    assert open_manager(github).list_secrets() == []
    assert len(github.faults.requests) == 2


@pytest.mark.parametrize(
    "fault",
    [Fault("500", request_is_executed=True), Fault(closes_connection=True, request_is_executed=True), Fault(closes_connection=True)],
)
def test_lost_response_of_a_write(github: GithubServer, fault: Fault) -> None:
    """If the response of a write is lost, a retry completes the write.

    The first attempt may have been executed or not.
    """
    manager = open_manager(github)
    github.faults.add(fault, only="PUT")
    manager.register_secret(secret("a", k="first"))
    github.faults.add(fault, only="PUT")
    manager.update_secret(secret("a", k="second"))
    assert b"second" in github.raw()
    github.faults.add(fault, only="DELETE")
    manager.delete_secret("a")
    assert github.secrets == {}


def test_request_times_out(github: GithubServer) -> None:
    """The option ``timeout`` limits one request, and ``deadline`` limits the retries."""
    manager = open_manager(github, timeout=0.05, deadline=0.01)
    with github.faults.inject(Fault("500", delay=0.2)), pytest.raises(ManagerUnreachableError):
        manager.list_secrets()


@pytest.mark.parametrize("url", ["http://example.com", "ftp://example.com", "example.com"])
def test_unencrypted_address_is_refused(url: str) -> None:
    """The address of the API needs ``https``, unless it is on this machine."""
    with pytest.raises(InvalidOptionsError, match="api_url"):
        GithubBackend.make_options({"api_url": url})


def test_token_is_not_shown(github: GithubServer, caplog: pytest.LogCaptureFixture) -> None:
    """The token is not in the repr, the description, the logs, or the error for a refused token."""
    caplog.set_level("DEBUG")
    manager = open_manager(github)
    manager.list_secrets()
    # The server now expects another token than that of the manager.
    github.token = "another"
    with pytest.raises(ManagerAccessError) as caught:
        manager.list_secrets()
    outputs = [error_details(caught.value), repr(manager.options), repr(manager), json.dumps(manager.describe()), caplog.text]
    assert not find_canary("\n".join(outputs))


def test_delete_all_is_refused_without_a_scope(github: GithubServer) -> None:
    """With scope ``none``, ``delete_all_secrets`` is refused, because the list also has secrets of other programs.

    A single secret can be deleted. With another scope, ``delete_all_secrets`` deletes the secrets of this scope.
    """
    github.secrets["THEIRS"] = "a plain text"
    without_scope, with_scope = open_manager(github, scope="none"), open_manager(github)
    without_scope.register_secret(secret("ours", k="v"))
    with_scope.register_secret(secret("a", k="v"))
    with pytest.raises(UnsupportedOperationError, match="one by one"):
        without_scope.delete_all_secrets()
    assert without_scope.list_secrets() == ["ours", "theirs"]
    without_scope.delete_secret("ours")
    with_scope.delete_all_secrets()
    assert list(github.secrets) == ["THEIRS"]


def test_options_of_zenml(github: GithubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The options of ZenML's flavor are accepted: ``owner``, and ``repository`` without the owner. So is ZenML's token variable."""
    owner, _, name = REPOSITORY.partition("/")
    monkeypatch.setenv("GITHUB_AUTHENTICATION_TOKEN", github.token)
    open_manager(github, owner=owner, repository=name, token=None).register_secret(secret("a", key="value"))
    assert open_manager(github).list_secrets() == ["a"]
