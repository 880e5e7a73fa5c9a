"""The secrets of GitHub Actions, against an HTTP server that speaks its REST API."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.fakes.github_api import LARGEST, REPOSITORY, GithubServer
from tests.support.faults.cloud_scenarios import FastRetryGithub
from tests.support.faults.injector import Fault
from tests.support.managers.counting import secret
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
    """Run the fake, outside of Actions."""
    for variable in ("GITHUB_ACTIONS", *TOKEN_VARIABLES, "GITHUB_REPOSITORY", "GITHUB_API_URL"):
        monkeypatch.delenv(variable, raising=False)
    server = GithubServer(canary("token"))
    with server.running():
        yield server


def open_manager(github: GithubServer, identity: str = "one", **attributes: Any) -> SecretsManager[GithubBackend]:
    """Return a manager of the fake, as the user that it knows."""
    asked = {"api_url": github.url, "repository": REPOSITORY, "token": github.token, **attributes}
    return SecretsManager(FastRetryGithub(FastRetryGithub.make_options(asked), context=ManagerContext(name="tried", id=identity)))


class TestGithub(SecretsManagerTests):
    """What is promised by a place that gives nothing back."""

    backend_class = FastRetryGithub
    limit = LARGEST
    github: GithubServer

    @pytest.fixture(autouse=True)
    def _use(self, github: GithubServer) -> None:
        """Ask the fake."""
        self.github = github

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a manager of the fake."""
        return open_manager(self.github, identity or self.identity)

    def raw(self) -> bytes:
        """Return what the fake can open."""
        return self.github.raw()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return what GitHub can say."""
        expected = {
            "401": ManagerAccessError,
            "403": ManagerAccessError,
            "429": ManagerUnreachableError,
            "500": ManagerUnreachableError,
            "502": ManagerUnreachableError,
            "418": ManagerError,
        }
        return {code: (partial(self.github.faults.inject, Fault(code)), error) for code, error in expected.items()}


def test_what_arrives_is_the_whole_secret(github: GithubServer) -> None:
    """GitHub keeps one document a secret under a name of capitals, which it alone can open; an update replaces all of it."""
    manager = open_manager(github)
    value = canary("sent")
    manager.register_secret(secret("my-db", user="u", password=value))
    ((name, text),) = github.stored.items()
    assert name == "ZENML___COMPONENT___ONE___MY__2DDB"
    assert json.loads(text)["content"] == {"user": "u", "password": value}
    manager.update_secret(secret("my-db", other=value))
    assert json.loads(github.stored[name])["content"] == {"other": value}
    assert manager.summaries() == [("my-db", None, None, datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))]


def test_nothing_is_read_outside_of_a_workflow(github: GithubServer) -> None:
    """To read, to change a single key and to rename are unsupported, each with what to do instead; nothing is asked for it."""
    manager = open_manager(github)
    manager.register_secret(secret("a", k="v"))
    github.faults.requests.clear()
    acts: list[Callable[[], Any]] = [
        lambda: manager.get_secret("a"),
        lambda: manager.merge_secret("a", {"k": canary()}),
        lambda: manager.rename_secret("a", "b"),
    ]
    for act in acts:
        with pytest.raises(UnsupportedOperationError) as caught:
            act()
        assert is_one_line(caught.value)
        assert caught.value.hint
        assert not find_canary(error_details(caught.value))
    assert github.faults.requests == []


def test_a_workflow_reads_what_its_file_puts_into_the_environment(github: GithubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Actions a secret is read from the variable of its key, without a request and without a token; an empty one is not there."""
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
    monkeypatch.setenv(key, github.stored[key])
    assert manager.get_secret("a").content == {"k": value}
    monkeypatch.setenv(manager.backend.key_for("theirs"), "a plain text")
    with pytest.raises(ManagerCorruptedError):
        manager.get_secret("theirs")
    acts: list[Callable[[], None]] = [lambda: manager.merge_secret("a", {"k": "v"}), lambda: manager.rename_secret("a", "b")]
    for act in acts:
        with pytest.raises(UnsupportedOperationError):
            act()


def test_a_workflow_deletes_what_it_does_not_read(github: GithubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Actions a secret that is not in the environment is changed and deleted all the same."""
    open_manager(github).register_secret(secret("a", k="v"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    manager = open_manager(github)
    manager.update_secret(secret("a", k="second"))
    assert b"second" in github.raw()
    manager.delete_secret("a")
    assert github.stored == {}


def test_the_environment_says_which_repository_and_as_whom(github: GithubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address, repository and token are taken from GitHub's own variables; what is missing is told with its name."""
    bare: dict[str, Any] = {"api_url": None, "repository": None, "token": None}
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    with pytest.raises(InvalidOptionsError, match="GITHUB_REPOSITORY"):
        open_manager(github, **bare).list_secrets()
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    with pytest.raises(ManagerAccessError, match="GH_TOKEN"):
        open_manager(github, **bare).list_secrets()
    monkeypatch.setenv("GITHUB_TOKEN", github.token)
    assert open_manager(github, **bare).list_secrets() == []


def test_a_repository_that_is_not_for_us_is_told_as_such(github: GithubServer) -> None:
    """GitHub says that it is not there where it is not for us: the error says both, and does not call it a missing secret."""
    manager = open_manager(github, repository="owner/another")
    acts: list[Callable[[], object]] = [manager.list_secrets, lambda: manager.register_secret(secret("a", k=canary()))]
    for act in acts:
        with pytest.raises(ManagerAccessError, match="there is no such repository, or you have no permission") as caught:
            act()
        assert not find_canary(error_details(caught.value))


@pytest.mark.parametrize("fault", [Fault("403", reason="limit"), Fault("429", reason="limit"), Fault("403", wait=1), Fault("429", wait=1)])
def test_a_limit_is_waited_for_as_long_as_github_asks(github: GithubServer, fault: Fault) -> None:
    """A limit of requests, in each of its forms, is waited for, and then the request succeeds."""
    github.faults.add(fault)
    assert open_manager(github).list_secrets() == []
    assert len(github.faults.requests) == 2


@pytest.mark.parametrize("fault", [Fault("500", done=True), Fault(cut=True, done=True), Fault(cut=True)])
def test_a_lost_answer_is_no_lost_write(github: GithubServer, fault: Fault) -> None:
    """Where an answer was lost, the next try ends the work, whether it had been done or not."""
    manager = open_manager(github)
    github.faults.add(fault, on="PUT")
    manager.register_secret(secret("a", k="first"))
    github.faults.add(fault, on="PUT")
    manager.update_secret(secret("a", k="second"))
    assert b"second" in github.raw()
    github.faults.add(fault, on="DELETE")
    manager.delete_secret("a")
    assert github.stored == {}


def test_a_place_that_hangs_is_given_up_after_the_timeout(github: GithubServer) -> None:
    """The option ``timeout`` says how long an answer may take, and ``deadline`` when no more is tried."""
    manager = open_manager(github, timeout=0.05, deadline=0.01)
    with github.faults.inject(Fault("500", delay=0.2)), pytest.raises(ManagerUnreachableError):
        manager.list_secrets()


@pytest.mark.parametrize("url", ["http://example.com", "ftp://example.com", "example.com"])
def test_no_token_is_sent_in_clear(url: str) -> None:
    """Only an address with TLS is taken, or one of this machine."""
    with pytest.raises(InvalidOptionsError, match="api_url"):
        GithubBackend.make_options({"api_url": url})


def test_a_manager_shows_its_token_nowhere(github: GithubServer, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a repr, nor the description, nor a log holds the token, also while GitHub refuses it."""
    caplog.set_level("DEBUG")
    manager = open_manager(github)
    manager.list_secrets()
    github.token = "another"
    with pytest.raises(ManagerAccessError) as caught:
        manager.list_secrets()
    shown = [error_details(caught.value), repr(manager.options), repr(manager), json.dumps(manager.describe()), caplog.text]
    assert not find_canary("\n".join(shown))


def test_what_may_be_another_programs_is_not_deleted_with_the_rest(github: GithubServer) -> None:
    """With bare names nobody can tell whose a secret is: deleting all is refused, by name it is done; with a scope all of it goes."""
    github.stored["THEIRS"] = "a plain text"
    bare, scoped = open_manager(github, scope="none"), open_manager(github)
    bare.register_secret(secret("ours", k="v"))
    scoped.register_secret(secret("a", k="v"))
    with pytest.raises(UnsupportedOperationError, match="one by one"):
        bare.delete_all_secrets()
    assert bare.list_secrets() == ["ours", "theirs"]
    bare.delete_secret("ours")
    scoped.delete_all_secrets()
    assert list(github.stored) == ["THEIRS"]


def test_the_repository_is_given_as_zenml_has_it(github: GithubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner and its name by themselves are the same repository, and the token is in ZenML's variable."""
    owner, _, name = REPOSITORY.partition("/")
    monkeypatch.setenv("GITHUB_AUTHENTICATION_TOKEN", github.token)
    open_manager(github, owner=owner, repository=name, token=None).register_secret(secret("a", key="value"))
    assert open_manager(github).list_secrets() == ["a"]
