"""The base class of remote backends.

The tests cover retries, lost responses, conflicts, foreign payloads, limits, clients and batches.
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
    """Return a manager with one secret and an empty list of requests."""
    manager_with_secret = _open(service)
    manager_with_secret.register_secret(secret("mine", key="first"))
    service.requests.clear()
    return manager_with_secret


def _content(manager: SecretsManager, name: str = "mine") -> dict[str, str]:
    return manager.get_secret(name, refresh=True).content


def test_transient_error_is_retried(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A request with four transient errors is sent five times, and then succeeds."""
    service.fail(4, "busy")
    assert _content(manager) == {"key": "first"}
    assert service.requests == ["get"] * 5


@pytest.mark.parametrize("error", [ConnectionResetError(104, "reset"), TimeoutError("timed out"), BrokenPipeError()])
def test_connection_error_is_retried(service: FakeService, manager: SecretsManager[FakeRemoteBackend], error: Exception) -> None:
    """A broken connection or a time-out of the platform is retried.

    The backend needs no entry in ``error_kinds`` for this.
    """
    errors = [error]

    def break_once(_verb: str) -> None:
        if errors:
            raise errors.pop()

    service.before = break_once
    assert _content(manager) == {"key": "first"}


def test_permanent_error_is_raised(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A permanent error raises ManagerUnreachableError after five attempts, and the secret is unchanged."""
    service.fail(1000, "busy")
    with pytest.raises(ManagerUnreachableError, match="failed at every attempt") as caught:
        _content(manager)
    assert service.requests == ["get"] * 5
    assert is_one_line(caught.value)
    service.fail(0, "busy")
    assert _content(manager) == {"key": "first"}


def test_no_retry_after_the_deadline(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A request is not retried if the wait would pass the deadline."""
    with_short_deadline = SecretsManager(FakeRemoteBackend(RemoteOptions(deadline=0.000001), context=manager.context, service=service))
    service.fail(1000, "busy")
    with pytest.raises(ManagerUnreachableError):
        _content(with_short_deadline)
    assert service.requests == ["get"]


REFUSALS: list[tuple[str, type[ZenSecretsError]]] = [
    ("forbidden", ManagerAccessError),
    ("stranger", ManagerAccessError),
    ("late", ManagerAccessError),
    ("sealed", ManagerLockedError),
    ("full", StoreFullError),
    ("long", InvalidSecretError),
    ("odd", InvalidSecretError),
    ("never", UnsupportedOperationError),
    ("gone", ManagerUnreachableError),
    ("busy", ManagerUnreachableError),
    ("something else", ManagerError),
]


@pytest.mark.parametrize(("code", "expected"), REFUSALS)
def test_each_refusal_is_mapped_without_a_value(
    service: FakeService, manager: SecretsManager[FakeRemoteBackend], code: str, expected: type[ZenSecretsError]
) -> None:
    """Each refusal raises the right error in one line, without a value.

    The error has a hint.
    """
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
        service.fail(1000, code, sent=value)
        with pytest.raises(expected) as caught:
            operation()
        assert type(caught.value) is expected
        assert caught.value.hint
        assert is_one_line(caught.value)
        assert not find_canary(error_details(caught.value))
    service.fail(0, code)
    assert _content(manager) == {"key": "first"}
    assert manager.list_secrets() == ["mine"]


def test_refusals_have_every_reported_error_kind() -> None:
    """The table REFUSALS has every error kind, except those that the base class handles."""
    tested = {FakeRemoteBackend.error_kinds.get(code, ErrorKind.UNFORESEEN) for code, _ in REFUSALS}
    assert set(ErrorKind) - tested == {ErrorKind.MISSING, ErrorKind.EXISTS, ErrorKind.CONFLICT, ErrorKind.NOT_OURS}


@pytest.mark.parametrize("error", [ValueError, TypeError, KeyError, RuntimeError, FakeServiceError])
def test_unknown_error_is_reported_by_class(
    service: FakeService, manager: SecretsManager[FakeRemoteBackend], error: type[Exception]
) -> None:
    """An unknown error raises ManagerError with the name of its class and without its text."""
    value = canary()

    def fail(_verb: str) -> None:
        raise error(f"quotes {value}")

    service.before = fail
    with pytest.raises(ManagerError, match=error.__name__) as caught:
        manager.update_secret(secret("mine", key=value))
    assert type(caught.value) is ManagerError
    assert not find_canary(error_details(caught.value))


def test_lost_response_of_a_write(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """After a lost response to a write, the retry recognizes its own write.

    The write was executed, so the retry succeeds.
    """
    service.fail(1, "busy", after=True)
    manager.register_secret(secret("new", key="value"))
    assert _content(manager, "new") == {"key": "value"}
    operations: list[Callable[[], None]] = [
        lambda: manager.merge_secret("mine", {"key": "second"}),
        lambda: manager.delete_secret("new"),
    ]
    for operation in operations:
        lost: list[str] = []

        def lose_the_first_response(verb: str, lost: list[str] = lost) -> None:
            if verb in {"put", "remove"} and not lost:
                lost.append(verb)
                code = "busy"
                raise FakeServiceError(code)

        service.after = lose_the_first_response
        operation()
        assert lost
    assert manager.list_secrets() == ["mine"]
    assert _content(manager) == {"key": "second"}
    assert json.loads(next(iter(service.stored.values()))[0])["content"] == {"key": "second"}
    assert next(iter(service.stored.values()))[1] == 2, "written once"


def test_name_taken_by_another_writer_during_a_retry(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A retry does not treat the secret of another writer as its own."""
    other = _open(service)
    failed: list[str] = []

    def fail_and_let_another(verb: str) -> None:
        if verb == "create" and not failed:
            failed.append(verb)
            other.register_secret(secret("new", key="theirs"))
            raise ConnectionResetError

    service.before = fail_and_let_another
    with pytest.raises(SecretExistsError):
        manager.register_secret(secret("new", key="ours"))
    assert _content(manager, "new") == {"key": "theirs"}


def test_failed_write_may_have_been_executed(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """If all responses are lost, the error says that the write may have succeeded.

    The error of a read does not say this.
    """
    service.fail(1000, "busy")
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


def test_endless_conflicts_end(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A writer with a conflict at every attempt gives up.

    The error says that nothing was changed.
    """

    def overtake(verb: str) -> None:
        if verb == "put":
            for key, (text, version) in service.stored.items():
                service.stored[key] = (text, version + 1)

    service.before = overtake
    with pytest.raises(ManagerUnreachableError, match="Nothing was changed"):
        manager.merge_secret("mine", {"key": "second"})


@pytest.mark.parametrize(
    ("text", "error", "expected_text"),
    [
        ("{}", ManagerCorruptedError, "Another program wrote the payload"),
        ("[1]", ManagerCorruptedError, "Another program wrote the payload"),
        ("zsCanary", ManagerCorruptedError, "Another program wrote the payload"),
        ('{"zsCanary": "zsCanary"}', ManagerCorruptedError, "Another program wrote the payload"),
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
    """A foreign or damaged payload raises an error for every operation and is never overwritten."""
    key = next(iter(service.stored))
    service.stored[key] = (text, 7)
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
    assert service.stored == {key: (text, 7)}


def test_foreign_payload_is_not_deleted(service: FakeService) -> None:
    """Without a scope, deleting one or all secrets keeps the payloads of other programs."""
    manager = _open(service, scope=Scope.NONE)
    service.stored["theirs"] = ("a plain text", 1)
    service.stored["damaged"] = ('{"zensecrets": 1}', 1)
    manager.register_secret(secret("ours", key="value"))
    with pytest.raises(ManagerCorruptedError, match="Another program wrote the payload"):
        manager.delete_secret("theirs")
    manager.delete_all_secrets()
    assert list(service.stored) == ["theirs"]


def test_scopes_are_separate(service: FakeService) -> None:
    """A component does not see the secrets of another component.

    Two managers with scope global share their secrets.
    """
    first, second = _open(service), _open(service, identity="two")
    shared, also_shared = (_open(service, scope=Scope.GLOBAL, identity=identity) for identity in ("three", "four"))
    first.register_secret(secret("mine", key="one"))
    shared.register_secret(secret("ours", key="shared"))
    assert second.list_secrets() == []
    with pytest.raises(SecretNotFoundError):
        second.get_secret("mine")
    second.register_secret(secret("mine", key="two"))
    second.delete_all_secrets()
    assert _content(first) == {"key": "one"}
    assert also_shared.list_secrets() == ["ours"]
    assert also_shared.get_secret("ours").content == {"key": "shared"}


def test_failed_rename_removes_the_new_name(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """If the old name cannot be deleted, the new name is removed.

    The new name is also removed if another user has just deleted the old name.
    """
    refused: list[str] = []

    def refuse_the_first_removal(verb: str) -> None:
        if verb == "remove" and not refused:
            refused.append(verb)
            code = "forbidden"
            raise FakeServiceError(code)

    service.before = refuse_the_first_removal
    with pytest.raises(ManagerAccessError):
        manager.rename_secret("mine", "new")
    assert manager.list_secrets() == ["mine"]
    created: list[str] = []

    def delete_the_old_name(verb: str) -> None:
        if verb == "create" and not created:
            created.append(verb)
            _open(service).delete_secret("mine")

    service.after = delete_the_old_name
    with pytest.raises(SecretNotFoundError):
        manager.rename_secret("mine", "new")
    assert manager.list_secrets() == []


def test_large_content_is_not_sent(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """Content over the limit raises an error with the limit before a request is sent."""
    large = secret("large", key="x" * 1000)
    with pytest.raises(InvalidSecretError, match="1000 are allowed"):
        manager.register_secret(large)
    assert service.requests == []
    with pytest.raises(InvalidSecretError, match="1000 are allowed"):
        manager.merge_secret("mine", {"key": "ж" * 490})
    assert _content(manager) == {"key": "first"}


def test_long_name(manager: SecretsManager[FakeRemoteBackend]) -> None:
    """Reading, changing or deleting a name over the limit reports a missing secret.

    Registering such a name reports the limit.
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
    assert manager.backend.connections == 0
    barrier = threading.Barrier(32)

    def list_at_once(_number: int) -> list[str]:
        barrier.wait(30)
        return manager.list_secrets()

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(list_at_once, range(32)))
    other.list_secrets()
    assert (manager.backend.connections, other.backend.connections) == (1, 1)
    assert manager.backend.runner._client is not other.backend.runner._client


def test_forked_child_connects_again(manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A forked child does not use the client of its parent."""
    manager.list_secrets()
    assert manager.backend.runner._client is not None
    # The number of another process stands for the parent.
    manager.backend.runner._client = replace(manager.backend.runner._client, process_id=os.getpid() + 1)
    before = manager.backend.connections
    manager.list_secrets()
    assert manager.backend.connections == before + 1


def test_expired_credentials_are_renewed(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A client with expired credentials is replaced, and the request is sent again."""
    manager.list_secrets()
    before = manager.backend.connections
    service.fail(1, "stranger")
    assert manager.list_secrets() == ["mine"]
    assert manager.backend.connections == before + 1


def test_credentials_that_expire_after_a_lost_response(service: FakeService, manager: SecretsManager[FakeRemoteBackend]) -> None:
    """A write whose response was lost is recognized, even if the credentials expire before the retry."""
    codes = iter(["busy", "stranger"])

    def refuse_the_retry(verb: str) -> None:
        if verb == "create" and service.requests.count("create") == 2:
            raise FakeServiceError(next(codes))

    def lose_the_first_answer(verb: str) -> None:
        if verb == "create" and service.requests.count("create") == 1:
            raise FakeServiceError(next(codes))

    service.before, service.after = refuse_the_retry, lose_the_first_answer
    manager.register_secret(secret("new", key="value"))
    assert service.requests.count("create") == 3
    assert next(codes, None) is None
    assert _content(manager, "new") == {"key": "value"}


def test_missing_library_is_reported_with_the_command(service: FakeService) -> None:
    """A flavor without its library is unavailable.

    Every operation raises an ImportError with the install command.
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
    """Twenty-five secrets need three requests with a batch size of ten.

    Each secret that cannot be read has its own error.
    """
    manager = SecretsManager(BatchingFakeBackend(context=ManagerContext(name="tested", id="one"), service=service))
    names = [f"name{number}" for number in range(22)]
    for name in names:
        manager.register_secret(secret(name, key=name))
    manager.register_secret(secret("forbidden", key="value"))
    service.stored[manager.backend.key_for("foreign")] = ("text", 1)
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
    assert len(service.requests) == 4
    service.fail(1000, "forbidden")
    assert {type(result) for result in manager.get_secrets(["other1", "other2"]).values()} == {ManagerAccessError}


def test_batch_from_before_a_write_is_not_cached(service: FakeService) -> None:
    """A batch that began before a write is returned to its reader and not cached."""
    manager = SecretsManager(BatchingFakeBackend(context=ManagerContext(name="tested", id="one"), service=service))
    for name in ("a", "b"):
        manager.register_secret(secret(name, key="first"))
    reached, opened = threading.Event(), threading.Event()

    def hold(verb: str) -> None:
        if verb == "list" and not reached.is_set():
            reached.set()
            assert opened.wait(30)

    service.after = hold
    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(manager.get_secrets, ["a", "b"])
        assert reached.wait(30)
        manager.merge_secret("a", {"key": "second"})
        waiting = pool.submit(manager.get_secret, "b")
        opened.set()
        assert set(early.result(30)) == {"a", "b"}
        assert waiting.result(30).content == {"key": "first"}
    assert manager.get_secret("a").content == {"key": "second"}
