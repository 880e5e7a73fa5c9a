"""Faults of single requests, injected by a proxy or by a fake server.

These tests check more details than ``test_faults``, such as the number of requests. Each operation raises the right error or succeeds on
a retry. No secret is lost or half-written, and no error contains a value.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.faults.cloud_services import SERVICE_FLAVORS, faulty_service
from tests.support.faults.services import LONG_TIMEOUTS
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import (
    InvalidSecretError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerUnreachableError,
    SecretExistsError,
    SecretNotFoundError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.faults.services import FaultyService
    from zensecrets_jupyter.core.managers import SecretsManager

# CI runs these slow tests with one version of Python only.
pytestmark = pytest.mark.one_python


class FaultHarness:
    """A service with one secret, and assertions about operations on it.

    Attributes:
        service: The service.
        value: The value of the secret ``stored``.
        manager: The manager under test, with short timeouts.
        other: A second manager of the same secrets, with long timeouts. The tests use it to check the stored secrets.
    """

    def __init__(self, service: FaultyService, count_outcome: Callable[[str, str], None]) -> None:
        """Register the secret ``stored``."""
        self.service = service
        self._count = partial(count_outcome, f"faults on the wire × {service.backend_class.FLAVOR}")
        self.value = canary("stored")
        self.manager = service.open()
        self.other = service.open(**LONG_TIMEOUTS)
        self.other.register_secret(secret("stored", key=self.value))

    def assert_raises(self, expected: type[ZenSecretsError], operation: Callable[[], Any]) -> ZenSecretsError:
        """Check that ``operation`` raises exactly ``expected``.

        The error must have one line, a hint, and no value.
        """
        with pytest.raises(ZenSecretsError) as caught:
            operation()
        assert type(caught.value) is expected, str(caught.value)
        assert caught.value.hint
        assert is_one_line(caught.value)
        assert not find_canary(error_details(caught.value))
        self._count(expected.__name__)
        return caught.value

    def assert_succeeds(self, operation: Callable[[], Any]) -> Any:
        """Return the result of ``operation``, which must not raise an error."""
        result = operation()
        self._count("success")
        return result

    def assert_unchanged(self) -> None:
        """Check that the service has only the secret ``stored``, and that its first version is its only version."""
        self.assert_contents({"stored": {"key": self.value}})
        assert self.service.version_count("stored") == 1

    def assert_contents(self, contents: dict[str, dict[str, str]]) -> None:
        """Check that the service has exactly these secrets."""
        assert self.other.list_secrets() == sorted(contents)
        assert {name: self.other.get_secret(name, refresh=True).content for name in contents} == contents


def all_operations(manager: SecretsManager) -> dict[str, Callable[[], Any]]:
    """Return the operations that a user can run, by name. The values that they write are canaries."""
    return {
        "get": lambda: manager.get_secret("stored", refresh=True),
        "list": manager.list_secrets,
        "register": lambda: manager.register_secret(secret("new", key=canary("new"))),
        "update": lambda: manager.update_secret(secret("stored", key=canary("changed"))),
        "merge": lambda: manager.merge_secret("stored", {"key": canary("changed")}),
        "rename": lambda: manager.rename_secret("stored", "new"),
        "delete": lambda: manager.delete_secret("stored"),
        "delete all": manager.delete_all_secrets,
        "history": lambda: manager.history("stored"),
    }


@pytest.fixture(params=SERVICE_FLAVORS)
def harness(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, count_outcome: Callable[[str, str], None]
) -> Iterator[FaultHarness]:
    """Yield the harness of each flavor, and check afterwards that no log contains a value."""
    caplog.set_level(logging.DEBUG)
    yield FaultHarness(faulty_service(request.param, request), count_outcome)
    assert not find_canary(caplog.text)


def test_wrong_credentials(harness: FaultHarness) -> None:
    """Wrong credentials raise ManagerAccessError for every operation."""
    with harness.service.inject("wrong credentials"):
        for operation in all_operations(harness.manager).values():
            assert "does not accept the credentials" in str(harness.assert_raises(ManagerAccessError, operation))
    harness.assert_unchanged()


def test_no_permission_to_list(harness: FaultHarness) -> None:
    """Without permission to list, reading and writing by name still work."""
    manager = harness.manager
    with harness.service.inject("list denied"):
        for operation in (manager.list_secrets, manager.summaries, manager.delete_all_secrets):
            harness.assert_raises(ManagerAccessError, operation)
        harness.assert_succeeds(lambda: manager.get_secret("stored"))
        harness.assert_raises(SecretNotFoundError, lambda: manager.get_secret("missing"))
        harness.assert_succeeds(lambda: manager.register_secret(secret("new", key="new")))
    harness.assert_contents({"stored": {"key": harness.value}, "new": {"key": "new"}})


def test_no_permission_to_read(harness: FaultHarness) -> None:
    """Without permission to read, every operation that reads is denied, and listing still works.

    An update, a rename and a delete read the secret before they write. Some services give the same response for a missing secret and for a
    forbidden one, so the read of a missing secret may raise ManagerAccessError or SecretNotFoundError.
    """
    manager = harness.manager
    with harness.service.inject("read denied"):
        operations = all_operations(manager)
        for name in ("get", "update", "merge", "rename", "delete"):
            harness.assert_raises(ManagerAccessError, operations[name])
        results = manager.get_secrets(["stored", "missing"])
        assert {type(result) for result in results.values()} <= {ManagerAccessError, SecretNotFoundError}
        assert isinstance(results["stored"], ManagerAccessError)
        assert harness.assert_succeeds(manager.list_secrets) == ["stored"]
    harness.assert_unchanged()


def test_name_too_long(harness: FaultHarness) -> None:
    """A name over the limit of the service is refused before a request is sent.

    Reading a secret with a name over the limit raises SecretNotFoundError.
    """
    manager = harness.manager
    # This name is valid, because it has 255 characters. Its key is over the limit, because each "ж" is escaped as several characters.
    name = "ж" * 255
    before = harness.service.request_count()
    error = harness.assert_raises(InvalidSecretError, lambda: manager.register_secret(secret(name, key=canary("long"))))
    assert str(harness.service.backend_class.encoding.max_length) in str(error)
    assert harness.service.request_count() == before
    harness.assert_raises(SecretNotFoundError, lambda: manager.get_secret(name))
    harness.assert_raises(InvalidSecretError, lambda: manager.rename_secret("stored", name))
    harness.assert_unchanged()


def test_invalid_name(harness: FaultHarness) -> None:
    """An invalid name is refused before a request is sent."""
    before = harness.service.request_count()
    # The word "name" is reserved, and "\ud800" is half of a surrogate pair.
    for name in ("", "a.b", "a b", "{{a}}", "-a", "name", "a\n", "\0", "\ud800"):
        harness.assert_raises(InvalidSecretError, partial(harness.manager.rename_secret, "stored", name))
    assert harness.service.request_count() == before
    harness.assert_unchanged()


def test_name_outside_the_alphabet_of_the_service(harness: FaultHarness) -> None:
    """A valid name is encoded in the alphabet of the service, and decoded again."""
    manager = harness.manager
    names = ["ключ/🔑", "a//b/", "%2e%2e", "$(id)", "a?b=c&d", "a#b", "a*"]
    for name in names:
        harness.assert_succeeds(partial(manager.register_secret, secret(name, key=name)))
    harness.assert_contents({"stored": {"key": harness.value}, **{name: {"key": name} for name in names}})


def test_value_too_large(harness: FaultHarness) -> None:
    """A value over the limit is refused before a request is sent.

    The error states the limit.
    """
    manager = harness.manager
    limit = harness.service.backend_class.max_size
    too_large = secret("new", key=canary("large") + "x" * limit)
    before = harness.service.request_count()
    assert str(limit) in str(harness.assert_raises(InvalidSecretError, lambda: manager.register_secret(too_large)))
    assert harness.service.request_count() == before
    harness.assert_raises(InvalidSecretError, lambda: manager.merge_secret("stored", {"other": "x" * limit}))
    harness.assert_unchanged()


def test_throttled(harness: FaultHarness) -> None:
    """A throttled request is retried until the deadline. After the deadline, an error is raised, and the secrets are unchanged."""
    with harness.service.inject("throttled", times=2):
        harness.assert_succeeds(lambda: harness.other.get_secret("stored", refresh=True))
    with harness.service.inject("throttled"):
        harness.assert_raises(ManagerUnreachableError, all_operations(harness.manager)["merge"])
        harness.assert_raises(ManagerUnreachableError, all_operations(harness.manager)["register"])
    harness.assert_unchanged()


def test_time_out(harness: FaultHarness) -> None:
    """A read is retried after one time-out. If every attempt times out, the read fails at the deadline."""
    with harness.service.inject("time-out", times=1):
        harness.assert_succeeds(lambda: harness.manager.get_secret("stored", refresh=True))
    with harness.service.inject("time-out"):
        harness.assert_raises(ManagerUnreachableError, all_operations(harness.manager)["get"])
    harness.assert_unchanged()


@pytest.mark.parametrize("fault", ["reset", "response lost", "time-out"])
@pytest.mark.parametrize("operation", ["register", "merge", "delete"])
def test_connection_breaks_during_a_write(harness: FaultHarness, operation: str, fault: str) -> None:
    """A write whose connection breaks once is executed exactly once.

    The connection breaks before the request is executed (``reset``) or after it (``response lost``, ``time-out``). A write can consist of
    several requests. The test repeats the write for each of them, and breaks the connection of that request.
    """
    for number, request in enumerate(harness.service.write_requests[operation]):
        manager = harness.manager
        name = f"new{number}"
        if operation != "register":
            manager.register_secret(secret(name, key="old"))
        operations: dict[str, Callable[[], None]] = {
            "register": lambda: manager.register_secret(secret(name, key="new")),  # noqa: B023 - the function is called in the same iteration
            "merge": lambda: manager.merge_secret(name, {"key": "new"}),  # noqa: B023 - the function is called in the same iteration
            "delete": lambda: manager.delete_secret(name),  # noqa: B023 - the function is called in the same iteration
        }
        with harness.service.inject(fault, times=1, only=request):
            harness.assert_succeeds(operations[operation])
        if operation == "delete":
            harness.assert_raises(SecretNotFoundError, lambda: harness.other.get_secret(name))  # noqa: B023 - the function is called in the same iteration
        else:
            assert harness.other.get_secret(name, refresh=True).content == {"key": "new"}
            assert harness.service.version_count(name) == (1 if operation == "register" else 2)
    assert harness.other.get_secret("stored", refresh=True).content == {"key": harness.value}


@pytest.mark.parametrize("operation", ["register", "merge", "delete"])
def test_connections_always_break_during_a_write(harness: FaultHarness, operation: str) -> None:
    """If the connection of every attempt breaks before the request is executed, the secrets are unchanged.

    The error tells the user to check whether the write was executed.
    """
    manager = harness.manager
    changed = canary("changed")
    operations: dict[str, Callable[[], None]] = {
        "register": lambda: manager.register_secret(secret("new", key=changed)),
        "merge": lambda: manager.merge_secret("stored", {"key": changed}),
        "delete": lambda: manager.delete_secret("stored"),
    }
    for request in harness.service.write_requests[operation]:
        with harness.service.inject("reset", only=request):
            assert "Check before you try again" in str(harness.assert_raises(ManagerUnreachableError, operations[operation]))
        harness.assert_contents({"stored": {"key": harness.value}})


def test_undelete(harness: FaultHarness) -> None:
    """An undelete is retried after a single fault, and raises an error for a permanent fault.

    If the flavor does not support it, an undelete raises an error and sends no request.
    """
    manager, value = harness.manager, canary("deleted")
    manager.register_secret(secret("gone", key=value))
    manager.delete_secret("gone")

    def undelete() -> None:
        manager.undelete_secret("gone")

    if Capability.UNDELETE not in manager.capabilities:
        before = harness.service.request_count()
        harness.assert_raises(UnsupportedOperationError, undelete)
        assert harness.service.request_count() == before
        return
    for fault, error in (
        ("wrong credentials", ManagerAccessError),
        ("500", ManagerUnreachableError),
        ("throttled", ManagerUnreachableError),
    ):
        with harness.service.inject(fault):
            harness.assert_raises(error, undelete)
        harness.assert_unchanged()
    for fault in ("reset", "response lost", "time-out", "500"):
        for request in harness.service.write_requests["undelete"]:
            with harness.service.inject(fault, times=1, only=request):
                harness.assert_succeeds(undelete)
            harness.assert_contents({"stored": {"key": harness.value}, "gone": {"key": value}})
            manager.delete_secret("gone")


def test_one_error_500(harness: FaultHarness) -> None:
    """An operation is retried after one error 500, and then succeeds."""
    manager = harness.manager
    operations = all_operations(manager)
    # These operations register the secret ``new``, and change and delete the secret ``stored``.
    for name in ("get", "list", "history", "register", "merge", "delete"):
        with harness.service.inject("500", times=1):
            harness.assert_succeeds(operations[name])
    assert harness.other.list_secrets() == ["new"]


def test_permanent_error_500(harness: FaultHarness) -> None:
    """If every response is an error 500, each operation raises ManagerUnreachableError, and the secrets are unchanged.

    The error of an operation that writes tells the user what to check before the next attempt.
    """
    for name, operation in all_operations(harness.service.open(deadline=0.3)).items():
        with harness.service.inject("500"):
            error = harness.assert_raises(ManagerUnreachableError, operation)
        is_read = name in {"get", "list", "history"}
        assert is_read or "try again" in str(error)
    harness.assert_unchanged()


def test_clock_skew(harness: FaultHarness) -> None:
    """A wrong clock is reported by services whose signatures depend on it. With other services, operations succeed."""
    with harness.service.inject("clock skew"):
        operations = all_operations(harness.manager)
        for name in ("get", "list", "history"):
            if harness.service.clock_skew_error is None:
                harness.assert_succeeds(operations[name])
            else:
                assert "clock" in str(harness.assert_raises(harness.service.clock_skew_error, operations[name]))
    harness.assert_unchanged()


def test_deleted_between_list_and_read(harness: FaultHarness) -> None:
    """If a secret is deleted after a list and before its read, the read reports it as missing.

    A batch read still returns the other secrets.
    """
    manager = harness.manager
    manager.register_secret(secret("gone", key="old"))
    listed_names = manager.list_secrets()
    harness.other.delete_secret("gone")
    harness.assert_raises(SecretNotFoundError, lambda: manager.get_secret("gone"))
    results = manager.get_secrets(listed_names)
    assert isinstance(results["gone"], SecretNotFoundError)
    assert getattr(results["stored"], "content", None) == {"key": harness.value}
    for operation in (lambda: manager.merge_secret("gone", {"key": "new"}), lambda: manager.delete_secret("gone")):
        harness.assert_raises(SecretNotFoundError, operation)
    harness.assert_unchanged()


# The last payload looks like one of this package, but it is damaged: its content is not an object. Every canary begins with "zsCanary".
@pytest.mark.parametrize("text", ["zsCanary in plain text", '{"password": "zsCanary"}', '{"zensecrets": 1, "content": "zsCanary"}'])
def test_foreign_payload(harness: FaultHarness, text: str) -> None:
    """If another program wrote a payload, or if it is damaged, using it raises ManagerCorruptedError.

    The payload is not overwritten, and its name is listed.
    """
    harness.service.put("theirs", text)
    manager = harness.manager
    for operation in (
        lambda: manager.get_secret("theirs"),
        lambda: manager.merge_secret("theirs", {"key": "new"}),
        lambda: manager.update_secret(secret("theirs", key="new")),
        lambda: manager.rename_secret("theirs", "new"),
    ):
        harness.assert_raises(ManagerCorruptedError, operation)
    harness.assert_raises(SecretExistsError, lambda: manager.register_secret(secret("theirs", key="new")))
    results = manager.get_secrets(["stored", "theirs"])
    assert isinstance(results["theirs"], ManagerCorruptedError)
    assert getattr(results["stored"], "content", None) == {"key": harness.value}
    assert harness.service.version_count("theirs") == 1
    assert manager.list_secrets() == ["stored", "theirs"]


def test_foreign_response(harness: FaultHarness) -> None:
    """A response of another service, such as the login page of a network, raises ManagerError.

    The response is not treated as a secret or as an empty list. The hint says that a proxy may have sent it.
    """
    with harness.service.inject("foreign response"):
        for name, operation in all_operations(harness.manager).items():
            with pytest.raises(ManagerError) as caught:
                operation()
            assert not find_canary(error_details(caught.value)), name
            assert "proxy" in caught.value.hint, name
            # The error must not claim that another program wrote a stored secret.
            assert not isinstance(caught.value, ManagerCorruptedError), name
    harness.assert_unchanged()
