"""Tests of copying secrets between secrets managers: the plan, the writes, and failures."""

from __future__ import annotations

import itertools
import threading
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies

from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.fake_remote import (
    BatchingFakeBackend,
    FakeRemoteBackend,
    FakeRemoteOptions,
    FakeService,
    FakeServiceError,
    ReadOnlyFakeBackend,
    WriteOnlyFakeBackend,
)
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import (
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerUnreachableError,
    SecretExistsError,
    SecretNotFoundError,
    SettingsError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.interaction import InterruptedWork
from zensecrets_jupyter.core.managers import ManagerContext, SecretRecord, SecretsManager
from zensecrets_jupyter.core.managers.backends.env import EnvBackend
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.transfer.secret_copy import ComparisonResult, copy_secrets, plan_copy, run_copy
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable


_manager_numbers = itertools.count()
"""Numbers that make the names of in-memory secrets managers unique."""


def memory_manager(**records: SecretRecord) -> SecretsManager[MemoryBackend]:
    """Return an in-memory secrets manager with these records."""
    manager = SecretsManager(MemoryBackend(context=ManagerContext(name=f"memory{next(_manager_numbers)}", id=str(uuid.uuid4()))))
    for name, record in records.items():
        manager.register_record(name, record)
    return manager


def remote_manager(
    backend_class: type[FakeRemoteBackend] = BatchingFakeBackend, service: FakeService | None = None, manager_id: str = ""
) -> SecretsManager[FakeRemoteBackend]:
    """Return a secrets manager with a fake remote backend.

    With the service and the id of another secrets manager, it reads the same secrets.
    """
    context = ManagerContext(name="target", id=manager_id or str(uuid.uuid4()))
    return SecretsManager(backend_class(FakeRemoteOptions(deadline=1), context=context, service=service))


def record(*, schema: str = "arbitrary", **content: str) -> SecretRecord:
    """Return a record."""
    return SecretRecord(schema, content)


def numbered_records(count: int) -> dict[str, SecretRecord]:
    """Return ``count`` records, each with a canary."""
    return {f"n{number:03}": record(key=canary(f"n{number}"), other=str(number)) for number in range(count)}


def all_records(manager: SecretsManager) -> dict[str, SecretRecord | ZenSecretsError]:
    """Return all records of a secrets manager."""
    return manager.get_records(manager.list_secrets())


def test_content_and_schema_are_copied_unchanged() -> None:
    """Content and schema are copied unchanged, even if the schema is not defined or the content does not follow it."""
    source = memory_manager(
        plain=record(key="é\n\0 ", **{"with.dot": ""}),
        unknown=record(schema="of another package", a="1"),
        invalid=record(schema="aws", unknown_key="x"),
        # Values are texts: the port keeps its leading zero.
        numbered=record(schema="postgresql", host="h", port="05432", user="u", password="p", database="d"),
        empty=record(),
    )
    records, target = all_records(source), remote_manager()
    report = copy_secrets(source, target)
    assert sorted(report.registered) == sorted(records)
    assert all_records(source) == records
    reopened_target = remote_manager(service=target.backend.service, manager_id=target.id)
    assert all_records(reopened_target) == records


def test_many_secrets_take_few_requests() -> None:
    """A copy of 100 new secrets takes one list request and 100 writes.

    A second copy reads ten secrets with each request.
    """
    source, target = memory_manager(**numbered_records(100)), remote_manager()
    copy_secrets(source, target)
    assert sorted(target.backend.service.requests) == ["create"] * 100 + ["list"]
    target.backend.service.requests.clear()
    report = copy_secrets(source, target)
    assert (len(report.same), report.registered) == (100, [])
    assert sorted(target.backend.service.requests) == ["get many"] * 10 + ["list"]


def test_several_threads_write_to_a_remote_target() -> None:
    """Several writes to a remote target run at the same time."""
    source, target = memory_manager(**numbered_records(9)), remote_manager()
    barrier = threading.Barrier(2, timeout=20)

    def wait_for_another(verb: str) -> None:
        # The copy finishes the first write before the others, so the first write does not wait. Each of the other eight writes waits for a
        # second write that runs at the same time. Without one, the barrier breaks after its timeout.
        if verb == "create" and target.backend.service.payloads:
            barrier.wait()

    target.backend.service.before_request = wait_for_another
    assert len(copy_secrets(source, target).registered) == 9


def test_only_the_requested_names_are_copied() -> None:
    """If names are passed, only these secrets are copied. An unknown name raises an error before any write."""
    source, target = memory_manager(**numbered_records(3)), remote_manager()
    # A name that is passed twice is copied once.
    assert copy_secrets(source, target, ["n001", "n001"]).registered == ["n001"]
    with pytest.raises(SecretNotFoundError, match="Did you mean"):
        copy_secrets(source, target, ["n002", "n02"])
    assert target.list_secrets() == ["n001"]


# Names, keys and values have few choices, so that the random source and target often have the same secret or a conflict.
_RECORDS = strategies.builds(
    SecretRecord,
    strategies.sampled_from(["arbitrary", "mine"]),
    strategies.dictionaries(strategies.sampled_from(["a", "b", "c"]), strategies.sampled_from(["1", "2"]), max_size=2),
)
_RECORDS_BY_NAME = strategies.dictionaries(strategies.sampled_from([f"s{number}" for number in range(8)]), _RECORDS)


@settings(deadline=None)
@given(
    _RECORDS_BY_NAME,
    _RECORDS_BY_NAME,
    strategies.sampled_from(["skip", "replace", "stop"]),
    strategies.none() | strategies.sets(strategies.integers(0, 7)),
)
def test_conflicts_are_handled_as_requested(
    ours: dict[str, SecretRecord], theirs: dict[str, SecretRecord], on_conflict: str, numbers: set[int] | None
) -> None:
    """New secrets are copied, conflicts follow the option, other secrets stay, and a second copy changes nothing.

    The secrets ``ours`` are in the source, and the secrets ``theirs`` in the target. If ``numbers`` is a set, only the secrets with these
    numbers are copied.
    """
    source, target = memory_manager(**ours), remote_manager()
    for name, secret in theirs.items():
        target.register_record(name, secret)
    names = None if numbers is None else [f"s{number}" for number in numbers if f"s{number}" in ours]
    selected_names = set(ours if names is None else names)
    differing_names = {name for name in selected_names if name in theirs and theirs[name] != ours[name]}
    plan = plan_copy(source, target, names)
    assert all_records(target) == theirs, "a plan writes nothing"
    assert {secret.name for secret in plan.secrets_with_result(ComparisonResult.CONFLICT)} == differing_names
    assert {secret.name for secret in plan.secrets_with_result(ComparisonResult.NEW)} == selected_names - theirs.keys()
    if on_conflict == "stop" and differing_names:
        with pytest.raises(SecretExistsError, match="nothing was copied"):
            copy_secrets(source, target, names)
        assert all_records(target) == theirs
        return
    report = copy_secrets(source, target, names, on_conflict=on_conflict)
    skipped_names = differing_names if on_conflict == "skip" else set()
    assert all_records(target) == {**theirs, **{name: ours[name] for name in selected_names - skipped_names}}
    assert set(report.skipped) == skipped_names
    assert set(report.replaced) == differing_names - skipped_names
    second_report = copy_secrets(source, target, names, on_conflict="skip")
    assert (set(second_report.same), second_report.registered, second_report.replaced) == (selected_names - skipped_names, [], [])
    assert all_records(source) == ours


def test_a_conflict_names_the_different_keys() -> None:
    """A conflict names the different keys and schemas without values."""
    value = canary("mine")
    source = memory_manager(a=record(same="1", other=value, mine="x"))
    target = memory_manager(a=record(schema="theirs", same="1", other=canary("theirs"), besides="y"))
    (conflict,) = plan_copy(source, target).secrets
    assert conflict.reason == "other values of other; it lacks mine; it also has besides; its schema is 'theirs', not 'arbitrary'"
    plan = plan_copy(source, target)
    assert not find_canary(repr(plan))
    with pytest.raises(SecretExistsError) as caught:
        copy_secrets(source, target)
    assert not find_canary(error_details(caught.value))
    assert is_one_line(caught.value)


def test_an_impossible_secret_does_not_stop_the_copy() -> None:
    """If the target can't store a secret, the plan reports this, and others are copied.

    The reason is the size or the name of the secret.
    """
    value = canary("large")
    source = memory_manager(**numbered_records(3), large=record(key=value * 100), **{"long" * 60: record(key="k")})
    source.register_record("fine", record(key="k"))
    target = remote_manager()
    plan = plan_copy(source, target)
    large_secret, secret_with_long_name = plan.secrets_with_result(ComparisonResult.IMPOSSIBLE)
    assert (large_secret.name, secret_with_long_name.name) == ("large", "long" * 60)
    assert "bytes in the fake service; 1000 are allowed" in large_secret.reason
    assert "too long for the fake service" in secret_with_long_name.reason
    assert target.backend.service.requests == ["list"]
    report = run_copy(plan)
    assert sorted(report.registered) == ["fine", "n000", "n001", "n002"]
    assert set(report.failed) == {"large", "long" * 60}
    assert not find_canary(repr(report))


def test_an_unreadable_secret_does_not_stop_the_copy() -> None:
    """If a secret can't be read, the plan reports the reason. If no secret can be read, the plan raises an error."""
    source, target = remote_manager(), memory_manager()
    # ``BatchingFakeBackend``, the default of ``remote_manager``, refuses to read a secret with the name ``forbidden``.
    for name in ("a", "b", "forbidden"):
        source.register_record(name, record(key="1"))
    # A payload is a text and its version number. This text has not the format of this package.
    source.backend.service.payloads[source.backend.key_for("b")] = ("of another program", 1)
    plan = plan_copy(source, target)
    assert [secret.name for secret in plan.secrets_with_result(ComparisonResult.IMPOSSIBLE)] == ["b", "forbidden"]
    assert "Another program wrote" in plan.secrets_with_result(ComparisonResult.IMPOSSIBLE)[0].reason
    assert run_copy(plan).registered == ["a"]
    source.backend.service.before_request = _make_failure("get", "forbidden")
    # ``FakeRemoteBackend`` reads each secret with a request of its own. All of these requests fail.
    with pytest.raises(ManagerAccessError):
        plan_copy(remote_manager(FakeRemoteBackend, source.backend.service, source.id), target)


def test_a_secret_of_another_program_is_not_replaced() -> None:
    """Data of another program is not replaced by a secret with the same name."""
    source, target = memory_manager(a=record(key="1"), b=record(key="2")), remote_manager(FakeRemoteBackend)
    target.backend.service.payloads[target.backend.key_for("a")] = ("of another program", 1)
    report = copy_secrets(source, target, on_conflict="replace")
    assert (report.registered, list(report.failed)) == (["b"], ["a"])
    assert target.backend.service.payloads[target.backend.key_for("a")] == ("of another program", 1)
    with pytest.raises(ManagerCorruptedError):
        target.get_secret("a")


def test_missing_capabilities_are_refused_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Impossible copies are refused without a request to the backends.

    The source can't be read, the target can't be written, or the target is the source.
    """
    # The target of flavor ``env`` reads its secrets from variables such as this one.
    monkeypatch.setenv("SECRET_A__KEY", canary("variable"))
    source = memory_manager(a=record(key="1"))
    for target in (SecretsManager(EnvBackend(context=ManagerContext(name="ci", id="env"))), remote_manager(ReadOnlyFakeBackend)):
        _assert_refused(source, target, "can't register secrets")
    write_only = remote_manager(WriteOnlyFakeBackend)
    _assert_refused(write_only, source, "can't read secrets")
    _assert_refused(source, SecretsManager(MemoryBackend(context=source.context)), "into itself")
    assert write_only.backend.service.requests == []


def _assert_refused(source: SecretsManager, target: SecretsManager, reason: str) -> None:
    with pytest.raises(UnsupportedOperationError, match=reason) as caught:
        plan_copy(source, target)
    assert caught.value.hint
    assert is_one_line(caught.value)


def test_a_write_only_target_can_be_copied_to() -> None:
    """In a target that returns no values, every existing secret is a conflict. A copy that skips conflicts copies the rest."""
    source, target = memory_manager(**numbered_records(4)), remote_manager(WriteOnlyFakeBackend)
    assert len(copy_secrets(source, target, ["n000", "n001"]).registered) == 2
    plan = plan_copy(source, target)
    reasons = {secret.reason for secret in plan.secrets_with_result(ComparisonResult.CONFLICT)}
    assert reasons == {f"flavor {target.flavor} returns no secrets, so they can't be compared"}
    with pytest.raises(SecretExistsError, match="returns no secrets"):
        copy_secrets(source, target)
    with pytest.raises(UnsupportedOperationError, match="can't replace 'n000', 'n001'"):
        copy_secrets(source, target, on_conflict="replace")
    assert copy_secrets(source, target, on_conflict="skip").registered == ["n002", "n003"]
    # ``FakeRemoteBackend`` can read the secrets in the service that the write-only backend wrote to.
    assert all_records(remote_manager(FakeRemoteBackend, target.backend.service, target.id)) == all_records(source)


@pytest.mark.parametrize(("code", "error"), [("unreachable", ManagerUnreachableError), ("forbidden", ManagerAccessError)])
def test_a_failing_target_reports_the_progress(code: str, error: type[ZenSecretsError]) -> None:
    """If the target fails during a copy, the error has the number of copied secrets. A second copy copies the rest."""
    source, target = memory_manager(**numbered_records(60)), remote_manager()
    target.backend.service.before_request = _make_failure("create", code, after=25, sent_text=canary("sent"))
    progress: list[tuple[int, int]] = []
    with pytest.raises(error, match=r"of 60 secrets are in 'target', each of them complete\..*Copy again to continue") as caught:
        copy_secrets(source, target, on_progress=lambda completed, total: progress.append((completed, total)))
    assert f" {len(target.backend.service.payloads)} of 60 secrets" in str(caught.value)
    assert is_one_line(caught.value)
    assert not find_canary(error_details(caught.value))
    # The progress never decreases.
    assert progress == sorted(progress)
    target.backend.service.recover()
    copied_count = len(target.backend.service.payloads)
    report = copy_secrets(source, target, on_progress=lambda completed, total: progress.append((completed, total)))
    assert (len(report.same), len(report.registered), progress[-1]) == (copied_count, 60 - copied_count, (60, 60))
    assert all_records(target) == all_records(source)


def test_ctrl_c_reports_the_progress() -> None:
    """After Ctrl-C, the error has the number of complete secrets in the target.

    A second copy copies the rest.
    """
    for completed_count in (0, 1, 7, 39):
        source, target = memory_manager(**numbered_records(40)), remote_manager()
        with pytest.raises(InterruptedWork) as caught:
            copy_secrets(source, target, on_progress=_make_interruption(completed_count))
        assert not find_canary(error_details(caught.value))
        assert str(caught.value).startswith(
            f"Interrupted: {len(target.backend.service.payloads)} of 40 secrets are in 'target', each of them complete."
        )
        copy_secrets(source, target)
        assert all_records(target) == all_records(source)


def test_a_concurrent_registration_is_not_overwritten() -> None:
    """A secret that another writer registers after the plan is made is not overwritten.

    If the other writer registers the secret with the same content, it counts as copied. If the other writer deletes a secret that the
    copy replaces, the copy does not create it again.
    """
    source, target = memory_manager(a=record(key="1"), b=record(key="2"), c=record(key="3")), remote_manager()
    plan = plan_copy(source, target)
    target.register_record("a", record(key="1"))
    target.register_record("b", record(key="theirs"))
    report = run_copy(plan)
    assert (sorted(report.registered), list(report.failed)) == (["a", "c"], ["b"])
    assert all_records(target) == {"a": record(key="1"), "b": record(key="theirs"), "c": record(key="3")}
    plan = plan_copy(source, target)
    target.delete_secret("b")
    assert list(run_copy(plan, replace=["b"]).failed) == ["b"]


def test_a_lost_response_is_no_conflict() -> None:
    """If the response of a write is lost, its retry finds no conflict.

    The secret in the target is that of the first attempt.
    """
    source, target = memory_manager(**numbered_records(5)), remote_manager()
    # The service executes two requests, and then fails instead of sending a response.
    target.backend.service.fail("busy", times=2, is_executed=True)
    assert len(copy_secrets(source, target).registered) == 5
    assert all_records(target) == all_records(source)


def test_copied_values_are_masked() -> None:
    """A copied value is masked in later outputs."""
    value = canary("seen")
    source = memory_manager(a=record(key=value))
    copy_secrets(source, memory_manager())
    assert not find_canary(the_redactor().redact(f"it is {value}"))


def test_the_client_copies_between_registered_managers() -> None:
    """The client copies secrets between two registered secrets managers by their names."""
    client = Client()
    client.workspace.register_component(ComponentType.SECRETS_MANAGER, "other", "memory", {})
    client.workspace.open_manager("default").register_record("a", record(key="1"))
    assert client.copy_secrets("default", "other").registered == ["a"]
    assert client.workspace.open_manager("other").get_secret("a").content == {"key": "1"}
    with pytest.raises(SettingsError, match="skip, replace, stop"):
        client.copy_secrets("default", "other", on_conflict="overwrite")


def _make_failure(verb: str, code: str, *, after: int = 0, sent_text: object = "") -> Callable[[str], None]:
    """Return a function that lets the fake service refuse requests with a verb.

    Args:
        verb: The verb of the requests, such as ``create``.
        code: The code of the error.
        after: The number of requests with this verb that succeed before.
        sent_text: A text that the error quotes. Our own error must not contain it.
    """
    # The number is in a list, so that the inner function can change it.
    remaining_successes = [after]
    lock = threading.Lock()

    def fail(request: str) -> None:
        with lock:
            if request == verb:
                remaining_successes[0] -= 1
                if remaining_successes[0] < 0:
                    raise FakeServiceError(code, sent_text)

    return fail


def _make_interruption(completed_count: int) -> Callable[[int, int], None]:
    """Return a progress callback that raises KeyboardInterrupt when more than this number of secrets are completed."""

    def interrupt(completed: int, _total: int) -> None:
        if completed > completed_count:
            raise KeyboardInterrupt

    return interrupt
