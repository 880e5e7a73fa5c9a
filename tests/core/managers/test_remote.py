"""Tests of the base class of remote backends, with a fake service.

They cover retries, lost responses, conflicts, payloads of other programs, limits, clients and batches.
"""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.fake_remote import BatchingFakeBackend, FakeRemoteBackend, FakeService, FakeServiceError
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import (
    FlavorUnavailableError,
    InvalidSecretError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerLockedError,
    ManagerUnreachableError,
    SecretExistsError,
    SecretNotFoundError,
    StoreFullError,
    StoreTooNewError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind
from zensecrets_jupyter.core.managers.backends.remote.naming import Scope
from zensecrets_jupyter.core.managers.backends.remote.runner import RemoteOptions
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable


def _open(service: FakeService, *, scope: Scope = Scope.COMPONENT, identity: str = "one") -> SecretsManager[FakeRemoteBackend]:
    return SecretsManager(
        FakeRemoteBackend(RemoteOptions(scope=scope), context=ManagerContext(name="tested", id=identity), service=service)
    )


@pytest.fixture
def service() -> FakeService:
    """Return an empty service."""
    return FakeService()


@pytest.fixture
def manager(service: FakeService) -> SecretsManager[FakeRemoteBackend]:
    """Return a manager with one secret. The list of requests that the service has received is empty."""
    manager_with_secret = _open(service)
    manager_with_secret.register_secret(secret("mine", key="first"))
    service.requests.clear()
    return manager_with_secret


def _content(manager: SecretsManager, name: str = "mine") -> dict[str, str]:
    """Read the content from the service, not from the cache."""
    return manager.get_secret(name, refresh=True).content


def test_transient_error_is_retried(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A request that fails four times with a transient error succeeds at the fifth attempt.

    The code "busy" of the fake service is a transient error.
    """
    service.fail("busy", times=4)
    assert _content(manager) == {"key": "first"}
    assert service.requests == ["get"] * 5


@pytest.mark.parametrize("error", [ConnectionResetError(104, "reset"), TimeoutError("timed out"), BrokenPipeError()])
def test_connection_error_is_retried(service: FakeService, manager: SecretsManager[FakeRemoteBackend], error: Exception) -> None:
    """A request whose connection breaks or times out is retried.

    These are exceptions of Python. The table ``error_kinds`` has no entries for them, because it contains codes of the service.
    """
    errors = [error]

    def break_once(_verb: str) -> None:
        if errors:
            raise errors.pop()

    service.before_request = break_once
    assert _content(manager) == {"key": "first"}


def test_permanent_error_is_raised(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """If every attempt fails with a transient error, ManagerUnreachableError is raised after five attempts.

    The secret is unchanged.
    """
    service.fail("busy")
    with pytest.raises(ManagerUnreachableError, match="failed at every attempt") as caught:
        _content(manager)
    assert service.requests == ["get"] * 5
    assert is_one_line(caught.value)
    service.recover()
    assert _content(manager) == {"key": "first"}


def test_no_retry_after_the_deadline(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A request is not retried if the wait before the retry would end after the deadline."""
    hasty_manager = SecretsManager(FakeRemoteBackend(RemoteOptions(deadline=0.000001), context=manager.context, service=service))
    service.fail("busy")
    with pytest.raises(ManagerUnreachableError):
        _content(hasty_manager)
    assert service.requests == ["get"]


REFUSALS: list[tuple[str, type[ZenSecretsError]]] = [
    ("forbidden", ManagerAccessError),
    ("unknown-user", ManagerAccessError),
    ("clock-skew", ManagerAccessError),
    ("locked", ManagerLockedError),
    ("full", StoreFullError),
    ("too-large", InvalidSecretError),
    ("refused-name", InvalidSecretError),
    ("unsupported", UnsupportedOperationError),
    ("unreachable", ManagerUnreachableError),
    ("busy", ManagerUnreachableError),
    ("unknown code", ManagerError),
]
"""Codes with which the fake service refuses a request, and the error that an operation raises for each."""


@pytest.mark.parametrize(("code", "expected"), REFUSALS)
def test_each_refusal_is_mapped_without_a_value(
    service: FakeService, manager: SecretsManager[FakeRemoteBackend], code: str, expected: type[ZenSecretsError]
) -> None:
    """If the service refuses a request, each operation raises the right error in one line, with a hint and without a value."""
    value = canary(code)
    operations: list[Callable[[], Any]] = [
        lambda: manager.get_secret("mine", refresh=True),
        manager.list_secrets,
        manager.summaries,
        lambda: manager.register_secret(secret("other", key=value)),
        lambda: manager.update_secret(secret("mine", key=value)),
        lambda: manager.merge_secret("mine", {"key": value}),
        lambda: manager.rename_secret("mine", "other"),
        lambda: manager.delete_secret("mine"),
    ]
    for operation in operations:
        # The error text of the service contains the value.
        service.fail(code, sent_text=value)
        with pytest.raises(expected) as caught:
            operation()
        assert type(caught.value) is expected
        assert caught.value.hint
        assert is_one_line(caught.value)
        assert not find_canary(error_details(caught.value))
    service.recover()
    assert _content(manager) == {"key": "first"}
    assert manager.list_secrets() == ["mine"]


def test_refusals_have_every_reported_error_kind() -> None:
    """The table REFUSALS has every error kind, except four kinds that other tests cause: MISSING, EXISTS, CONFLICT and NOT_OURS."""
    tested_kinds = {FakeRemoteBackend.error_kinds.get(code, ErrorKind.UNFORESEEN) for code, _ in REFUSALS}
    assert set(ErrorKind) - tested_kinds == {ErrorKind.MISSING, ErrorKind.EXISTS, ErrorKind.CONFLICT, ErrorKind.NOT_OURS}


@pytest.mark.parametrize("error", [ValueError, TypeError, KeyError, RuntimeError, FakeServiceError])
def test_unknown_error_is_reported_by_class(
    service: FakeService, manager: SecretsManager[FakeRemoteBackend], error: type[Exception]
) -> None:
    """An unknown error raises ManagerError with the name of its class and without its text."""
    value = canary()

    def fail(_verb: str) -> None:
        raise error(f"quotes {value}")

    service.before_request = fail
    with pytest.raises(ManagerError, match=error.__name__) as caught:
        manager.update_secret(secret("mine", key=value))
    assert type(caught.value) is ManagerError
    assert not find_canary(error_details(caught.value))


def test_lost_response_of_a_write(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """If only the response of a write is lost, the retry recognizes that the write was executed, and succeeds."""
    service.fail("busy", times=1, is_executed=True)
    manager.register_secret(secret("new", key="value"))
    assert _content(manager, "new") == {"key": "value"}
    operations: list[Callable[[], None]] = [
        lambda: manager.merge_secret("mine", {"key": "second"}),
        lambda: manager.delete_secret("new"),
    ]
    for operation in operations:
        lost_verbs: list[str] = []

        # The default argument binds the list of this iteration.
        def lose_first_response(verb: str, lost_verbs: list[str] = lost_verbs) -> None:
            if verb in {"put", "remove"} and not lost_verbs:
                lost_verbs.append(verb)
                raise FakeServiceError("busy")

        service.after_request = lose_first_response
        operation()
        assert lost_verbs
    assert manager.list_secrets() == ["mine"]
    assert _content(manager) == {"key": "second"}
    [(text, version)] = service.payloads.values()
    assert json.loads(text)["content"] == {"key": "second"}
    assert version == 2, "the merge was executed once"


def test_name_taken_by_another_writer_during_a_retry(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """If another writer registers the name before a retry, the retry does not treat that secret as its own."""
    other = _open(service)
    failed_verbs: list[str] = []

    def fail_after_another_writer(verb: str) -> None:
        if verb == "create" and not failed_verbs:
            failed_verbs.append(verb)
            other.register_secret(secret("new", key="theirs"))
            raise ConnectionResetError

    service.before_request = fail_after_another_writer
    with pytest.raises(SecretExistsError):
        manager.register_secret(secret("new", key="ours"))
    assert _content(manager, "new") == {"key": "theirs"}


def test_failed_write_may_have_been_executed(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """If every attempt of a write fails, the error says to check whether the write was executed.

    The error of a read does not say this.
    """
    service.fail("busy")
    with pytest.raises(ManagerUnreachableError, match="Check before you try again"):
        manager.register_secret(secret("new", key="value"))
    with pytest.raises(ManagerUnreachableError) as caught:
        _content(manager)
    assert "Check before" not in str(caught.value)


def test_concurrent_updates_are_not_lost(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """Eight writers that each set one key at the same time lose no key."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: _open(service).merge_secret("mine", {f"key{number}": str(number)}), range(8)))
    assert _content(manager) == {"key": "first", **{f"key{number}": str(number) for number in range(8)}}


def test_write_with_endless_conflicts_fails(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """If another writer changes the secret before every attempt, the error says that nothing was changed."""

    def write_before(verb: str) -> None:
        if verb == "put":
            # A new version of each payload is the same as a write of another writer.
            for key, (text, version) in service.payloads.items():
                service.payloads[key] = (text, version + 1)

    service.before_request = write_before
    with pytest.raises(ManagerUnreachableError, match="Nothing was changed"):
        manager.merge_secret("mine", {"key": "second"})


@pytest.mark.parametrize(
    ("text", "error", "expected_text"),
    [
        ("{}", ManagerCorruptedError, "Another program wrote the payload"),
        ("[1]", ManagerCorruptedError, "Another program wrote the payload"),
        # The function find_canary finds the text "zsCanary", so the test detects a payload in an error.
        ("zsCanary", ManagerCorruptedError, "Another program wrote the payload"),
        ('{"zsCanary": "zsCanary"}', ManagerCorruptedError, "Another program wrote the payload"),
        # This JSON is nested too deeply for the parser.
        ("[" * 100000, ManagerCorruptedError, "Another program wrote the payload"),
        ('{"zensecrets": 2, "schema": "arbitrary", "content": {}}', StoreTooNewError, "newer version"),
        ('{"zensecrets": 1, "content": {}}', ManagerCorruptedError, "is damaged"),
        ('{"zensecrets": 1, "schema": "arbitrary", "content": {"k": 1}}', ManagerCorruptedError, "is damaged"),
        ('{"zensecrets": "zsCanary", "schema": "arbitrary", "content": {"k": "v"}}', ManagerCorruptedError, "is damaged"),
    ],
)
def test_foreign_payload_is_reported_and_not_changed(
    service: FakeService, manager: SecretsManager[FakeRemoteBackend], text: str, error: type[ZenSecretsError], expected_text: str
) -> None:
    """Reading and each write of a secret with a foreign or damaged payload raise an error.

    The payload is never overwritten. Registering raises SecretExistsError, because the name is in use.
    """
    # This is the key of the payload in the service. The version is any number.
    [key] = service.payloads
    version = 7
    payload = (text, version)
    service.payloads[key] = payload
    for operation in (
        lambda: _content(manager),
        lambda: manager.merge_secret("mine", {"key": "second"}),
        lambda: manager.update_secret(secret("mine", key="second")),
        lambda: manager.rename_secret("mine", "other"),
    ):
        with pytest.raises(error, match=expected_text) as caught:
            operation()
        assert not find_canary(error_details(caught.value))
    with pytest.raises(SecretExistsError):
        manager.register_secret(secret("mine", key="second"))
    assert service.payloads == {key: payload}


def test_foreign_payload_is_not_deleted(service: FakeService) -> None:
    """Without a scope, deleting one or all secrets keeps the payloads of other programs.

    Deleting all secrets deletes our damaged payloads too.
    """
    manager = _open(service, scope=Scope.NONE)
    service.payloads["theirs"] = ("a plain text", 1)
    # The field "zensecrets" says that this package wrote the payload. Its other fields are missing.
    service.payloads["damaged"] = ('{"zensecrets": 1}', 1)
    manager.register_secret(secret("ours", key="value"))
    with pytest.raises(ManagerCorruptedError, match="Another program wrote the payload"):
        manager.delete_secret("theirs")
    manager.delete_all_secrets()
    assert list(service.payloads) == ["theirs"]


def test_scopes_are_separate(service: FakeService) -> None:
    """With scope ``component``, a manager does not see the secrets of another manager.

    Two managers with scope ``global`` share their secrets.
    """
    first, second = _open(service), _open(service, identity="two")
    third, fourth = (_open(service, scope=Scope.GLOBAL, identity=identity) for identity in ("three", "four"))
    first.register_secret(secret("mine", key="one"))
    third.register_secret(secret("ours", key="shared"))
    assert second.list_secrets() == []
    with pytest.raises(SecretNotFoundError):
        second.get_secret("mine")
    second.register_secret(secret("mine", key="two"))
    second.delete_all_secrets()
    assert _content(first) == {"key": "one"}
    assert fourth.list_secrets() == ["ours"]
    assert fourth.get_secret("ours").content == {"key": "shared"}


def test_failed_rename_removes_the_new_name(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A rename stores the secret under the new name, and then deletes the old name.

    If it cannot delete the old name, it deletes the new name again and raises an error. If another user deletes the old name during the
    rename, the rename deletes the new name too, so no secret is left.
    """
    refused_verbs: list[str] = []

    def refuse_first_removal(verb: str) -> None:
        if verb == "remove" and not refused_verbs:
            refused_verbs.append(verb)
            raise FakeServiceError("forbidden")

    service.before_request = refuse_first_removal
    with pytest.raises(ManagerAccessError):
        manager.rename_secret("mine", "new")
    assert manager.list_secrets() == ["mine"]

    def delete_old_name(verb: str) -> None:
        if verb == "create":
            _open(service).delete_secret("mine")

    service.after_request = delete_old_name
    with pytest.raises(SecretNotFoundError):
        manager.rename_secret("mine", "new")
    assert manager.list_secrets() == []


def test_large_content_is_not_sent(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """Content over the limit raises an error with the limit before a request is sent."""
    large = secret("large", key="x" * 1000)
    with pytest.raises(InvalidSecretError, match="1000 are allowed"):
        manager.register_secret(large)
    assert service.requests == []
    # Each letter has two bytes in UTF-8. So the value has 980 bytes, and the whole payload has more than 1000.
    with pytest.raises(InvalidSecretError, match="1000 are allowed"):
        manager.merge_secret("mine", {"key": "ж" * 490})
    assert _content(manager) == {"key": "first"}


def test_long_name(manager: SecretsManager[FakeRemoteBackend]) -> None:
    """Reading, changing or deleting a name over the limit reports a missing secret.

    Registering a name over the limit reports the limit.
    """
    name = "x" * 200
    for operation in (lambda: manager.get_secret(name), lambda: manager.merge_secret(name, {}), lambda: manager.delete_secret(name)):
        with pytest.raises(SecretNotFoundError):
            operation()
    with pytest.raises(InvalidSecretError, match="120 are allowed"):
        manager.register_secret(secret(name, key="value"))


def test_one_client_per_instance(service: FakeService) -> None:
    """Thirty-two threads of one instance create one client, and another instance creates its own client."""
    manager, other = _open(service), _open(service)
    assert manager.backend.connection_count == 0
    barrier = threading.Barrier(32)

    def list_at_once(_number: int) -> list[str]:
        barrier.wait(30)
        return manager.list_secrets()

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(list_at_once, range(32)))
    other.list_secrets()
    assert (manager.backend.connection_count, other.backend.connection_count) == (1, 1)
    assert manager.backend.runner._client is not other.backend.runner._client


def test_forked_child_connects_again(manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A forked child does not use the client of its parent."""
    manager.list_secrets()
    assert manager.backend.runner._client is not None
    # The client is stored with the ID of the process that created it. The test simulates a fork with a different ID.
    manager.backend.runner._client = replace(manager.backend.runner._client, process_id=os.getpid() + 1)
    before = manager.backend.connection_count
    manager.list_secrets()
    assert manager.backend.connection_count == before + 1


def test_expired_credentials_are_renewed(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A client with expired credentials is replaced, and the request is sent again."""
    manager.list_secrets()
    before = manager.backend.connection_count
    # The service refuses expired credentials with the code "unknown-user".
    service.fail("unknown-user", times=1)
    assert manager.list_secrets() == ["mine"]
    assert manager.backend.connection_count == before + 1


def test_credentials_that_expire_after_a_lost_response(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A write whose response was lost is recognized, even if the credentials expire before the retry.

    The response of the first request is lost, the second request is refused, and the third one succeeds.
    """

    def lose_first_response(verb: str) -> None:
        if verb == "create" and service.requests.count("create") == 1:
            raise FakeServiceError("busy")

    def refuse_second_request(verb: str) -> None:
        if verb == "create" and service.requests.count("create") == 2:
            raise FakeServiceError("unknown-user")

    service.after_request, service.before_request = lose_first_response, refuse_second_request
    manager.register_secret(secret("new", key="value"))
    assert service.requests.count("create") == 3
    assert _content(manager, "new") == {"key": "value"}


def test_missing_library_is_reported_with_the_command(service: FakeService) -> None:
    """A flavor without its libraries is unavailable, and the reason names all missing libraries.

    An operation raises an ImportError, which names the library whose import failed.
    """

    class BackendWithoutLibrary(FakeRemoteBackend):
        FLAVOR = "tested_without_library"
        libraries = ("no_such_library", "no_such_package.part")

        def connect(self) -> Any:
            import no_such_library  # type: ignore[import-not-found]

            return no_such_library

    result = BackendWithoutLibrary.availability()
    assert not result.ok
    assert "no_such_library and no_such_package.part" in result.reason
    with pytest.raises(FlavorUnavailableError, match="needs no_such_library, which is not installed"):
        SecretsManager(BackendWithoutLibrary(context=ManagerContext(), service=service)).list_secrets()
    assert FakeRemoteBackend.availability().ok


def test_reads_are_batched(service: FakeService) -> None:
    """Twenty-five names need three requests with a batch size of ten, and one list request for the missing secret.

    The error of the missing secret suggests similar names from that list.

    Each secret that cannot be read has its own error.
    """
    manager = SecretsManager(BatchingFakeBackend(context=ManagerContext(name="tested", id="one"), service=service))
    names = [f"name{number}" for number in range(22)]
    for name in names:
        manager.register_secret(secret(name, key=name))
    # A batch request of BatchingFakeBackend refuses to read a key that contains "forbidden".
    manager.register_secret(secret("forbidden", key="value"))
    service.payloads[manager.backend.key_for("foreign")] = ("text", 1)
    service.requests.clear()
    results = manager.get_secrets([*names, "forbidden", "foreign", "missing"])
    assert sorted(service.requests) == ["get many"] * 3 + ["list"]
    assert {name: results[name] for name in names} == {name: secret(name, key=name) for name in names}
    assert [type(results[name]) for name in ("forbidden", "foreign", "missing")] == [
        ManagerAccessError,
        ManagerCorruptedError,
        SecretNotFoundError,
    ]
    assert manager.get_secret("name3").content == {"key": "name3"}
    assert len(manager.get_secrets(names)) == 22
    # These are still the four requests of the first batch.
    assert len(service.requests) == 4, "the secrets are cached"
    service.fail("forbidden")
    assert {type(result) for result in manager.get_secrets(["other1", "other2"]).values()} == {ManagerAccessError}


def test_batch_from_before_a_write_is_not_cached(service: FakeService) -> None:
    """The results of a batch read that began before a write are returned to the reader, and are not cached."""
    manager = SecretsManager(BatchingFakeBackend(context=ManagerContext(name="tested", id="one"), service=service))
    for name in ("a", "b"):
        manager.register_secret(secret(name, key="first"))
    is_executed, may_return = threading.Event(), threading.Event()

    def delay_batch(verb: str) -> None:
        # The fake service has no batch request. ``BatchingFakeBackend`` sends a list request in its place. Only the list of requests shows
        # it as "get many".
        if verb == "list" and not is_executed.is_set():
            is_executed.set()
            assert may_return.wait(30)

    service.after_request = delay_batch
    with ThreadPoolExecutor(2) as pool:
        batch_read = pool.submit(manager.get_secrets, ["a", "b"])
        assert is_executed.wait(30)
        manager.merge_secret("a", {"key": "second"})
        # The secret "b" was not written, so this read may share the batch read, which is still in progress.
        single_read = pool.submit(manager.get_secret, "b")
        may_return.set()
        assert set(batch_read.result(30)) == {"a", "b"}
        assert single_read.result(30).content == {"key": "first"}
    assert manager.get_secret("a").content == {"key": "second"}
