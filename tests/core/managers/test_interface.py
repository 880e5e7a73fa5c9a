"""The API of a secrets manager: names, capabilities, merges, renames, batch reads and options.

The tests use a backend that stores secrets in a dict and counts its reads and lists.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.counting import CountingBackend
from tests.support.managers.stores import secret
from zensecrets_jupyter import (
    AWSSecretSchema,
    BasicAuthSecretSchema,
    ClearTextField,
    Client,
    InvalidOptionsError,
    InvalidSecretError,
    ManagerUnreachableError,
    SecretExistsError,
    SecretField,
    SecretKeyNotFoundError,
    SecretNotFoundError,
    UnsupportedOperationError,
    redact,
)
from zensecrets_jupyter.core.managers import (
    Backend,
    Capability,
    ManagerContext,
    ManagerOptions,
    SecretRecord,
    SecretsManager,
    SecretSummary,
)
from zensecrets_jupyter.core.managers.records import READ_AND_WRITE
from zensecrets_jupyter.core.schemas import UndefinedSecretSchema
from zensecrets_jupyter.core.settings import home
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from zensecrets_jupyter.core.managers import SecretVersion


@pytest.fixture
def manager() -> SecretsManager[CountingBackend]:
    """Return an empty manager with a counting backend."""
    return SecretsManager(CountingBackend(context=ManagerContext(name="mine")))


def limited_manager(capabilities: Capability) -> SecretsManager[CountingBackend]:
    """Return a manager with one secret and limited capabilities."""

    class LimitedBackend(CountingBackend):
        pass

    # The backend class derives its capabilities from its methods. This line replaces them.
    LimitedBackend.capabilities = capabilities
    manager = SecretsManager(LimitedBackend(context=ManagerContext(name="limited")))
    manager.backend.put("stored", key=canary("stored"))
    return manager


# Registering, reading, updating and deleting.


def test_registered_secret_is_read(manager: SecretsManager[CountingBackend]) -> None:
    """A registered secret can be read with its schema and content, and its name is listed."""
    password = canary("password")
    manager.register_secret(BasicAuthSecretSchema(name="login", username="u", password=password))
    stored = manager.get_secret("login")
    assert isinstance(stored, BasicAuthSecretSchema)
    assert stored.content == {"username": "u", "password": password}
    assert manager.list_secrets() == manager.get_all_secret_keys() == ["login"]
    assert manager.summaries() == [SecretSummary("login")]


def test_backend_gets_plain_texts(manager: SecretsManager[CountingBackend]) -> None:
    """A backend gets the values of a new secret as ``str``, not as objects that mask them. The repr of its record shows no value."""
    manager.register_secret(secret("mine", key=canary("plain")))
    record = manager.backend.records["mine"]
    assert [type(value) for value in record.content.values()] == [str]
    assert find_canary(repr(record)) == []


def test_names_are_listed_sorted(manager: SecretsManager[CountingBackend]) -> None:
    """Names are listed sorted, independent of the order of the backend."""
    for name in ("b", "A", "é", "a"):
        manager.backend.put(name)
    assert manager.list_secrets() == ["A", "a", "b", "é"]


def test_registering_twice_keeps_the_first(manager: SecretsManager[CountingBackend]) -> None:
    """Registering an existing name raises SecretExistsError, which is also a ValueError, and keeps the existing secret."""
    first, second = canary("first"), canary("second")
    manager.register_secret(secret("mine", key=first))
    with pytest.raises(SecretExistsError) as caught:
        manager.register_secret(secret("mine", key=second))
    assert isinstance(caught.value, ValueError)
    assert (caught.value.name, caught.value.manager) == ("mine", "mine")
    assert "%secret update mine" in caught.value.hint
    assert find_canary(error_details(caught.value)) == []
    assert manager.get_secret("mine").content == {"key": first}


OPERATIONS_ON_A_SECRET: dict[str, Callable[[SecretsManager, str], Any]] = {
    "get": lambda manager, name: manager.get_secret(name),
    "refresh": lambda manager, name: manager.get_secret(name, refresh=True),
    "update": lambda manager, name: manager.update_secret(secret(name, key=canary("update"))),
    "merge": lambda manager, name: manager.merge_secret(name, {"key": canary("merge")}),
    "delete": lambda manager, name: manager.delete_secret(name),
    "rename": lambda manager, name: manager.rename_secret(name, "other"),
}


@pytest.mark.parametrize("operation", OPERATIONS_ON_A_SECRET.values(), ids=OPERATIONS_ON_A_SECRET)
def test_missing_secret_is_reported_with_similar_names(
    operation: Callable[[SecretsManager, str], Any], manager: SecretsManager[CountingBackend]
) -> None:
    """Every operation on a missing secret raises SecretNotFoundError, which is a KeyError too.

    The error has the name of the manager and the most similar name.
    """
    manager.backend.put("database")
    with pytest.raises(SecretNotFoundError) as caught:
        operation(manager, "databse")
    assert isinstance(caught.value, KeyError)
    assert "There is no secret 'databse' in secrets manager 'mine'. Did you mean 'database'?" in str(caught.value)
    assert (caught.value.name, caught.value.manager) == ("databse", "mine")
    assert is_one_line(caught.value)
    assert find_canary(error_details(caught.value)) == []


def test_hint_without_a_similar_name(manager: SecretsManager[CountingBackend]) -> None:
    """Without a similar name, the hint is the command that registers the secret."""
    with pytest.raises(SecretNotFoundError, match="%secret register mine"):
        manager.get_secret("mine")


# The word "name" is reserved, for names and for keys. The maximum length is 255.
INVALID_NAMES = ["", "a.b", "a b", "-a", "name", "{a}", "x" * 256]


@pytest.mark.parametrize("name", INVALID_NAMES)
def test_invalid_name_is_refused_by_every_method(name: str, manager: SecretsManager[CountingBackend]) -> None:
    """Registering, updating and renaming refuse an invalid name, even if the schema object has not checked its name."""
    manager.backend.put("stored", key="value")
    unchecked = secret("unchecked", key=canary("unchecked"))
    # The constructor of a secret checks the name, so the test sets the invalid name afterwards.
    unchecked.__dict__["name"] = name
    operations: list[Callable[[], object]] = [
        lambda: manager.register_secret(unchecked),
        lambda: manager.register_secret(secret(name)),
        lambda: manager.rename_secret("stored", name),
        lambda: manager.update_secret(secret(name)),
    ]
    for operation in operations:
        with pytest.raises(InvalidSecretError) as caught:
            operation()
        assert find_canary(error_details(caught.value)) == []
    assert manager.list_secrets() == ["stored"]


@pytest.mark.parametrize("key", ["", "a b", "-a", "name", "{a}", "x" * 256])
def test_merge_refuses_an_invalid_key(key: str, manager: SecretsManager[CountingBackend]) -> None:
    """A merge with an invalid key changes nothing."""
    manager.backend.put("stored", key="value")
    with pytest.raises(InvalidSecretError) as caught:
        manager.merge_secret("stored", {key: canary("bad")})
    assert find_canary(error_details(caught.value)) == []
    assert manager.backend.records["stored"].content == {"key": "value"}


# Updating.


def test_update_replaces_everything(manager: SecretsManager[CountingBackend]) -> None:
    """update_secret replaces the schema and all keys."""
    manager.backend.put("mine", old=canary("old"))
    password = canary("password")
    manager.update_secret(BasicAuthSecretSchema(name="mine", username="u", password=password))
    assert manager.get_secret("mine") == BasicAuthSecretSchema(name="mine", username="u", password=password)


def test_merge_keeps_other_keys(manager: SecretsManager[CountingBackend]) -> None:
    """A merge sets and removes the given keys, and keeps the other keys and the schema."""
    old_value, new_value, added_value = canary("old"), canary("new"), canary("added")
    manager.backend.put("mine", a=old_value, b=old_value, c=old_value)
    manager.merge_secret("mine", {"b": new_value, "d": added_value}, remove=["c"])
    assert manager.get_secret("mine").content == {"a": old_value, "b": new_value, "d": added_value}
    aws = AWSSecretSchema(name="aws", aws_access_key_id="id", aws_secret_access_key=old_value, aws_session_token=old_value)
    manager.register_secret(aws)
    manager.merge_secret("aws", {"aws_secret_access_key": new_value}, remove=["aws_session_token"])
    merged_secret = manager.get_secret("aws")
    assert isinstance(merged_secret, AWSSecretSchema)
    assert merged_secret.content == {"aws_access_key_id": "id", "aws_secret_access_key": new_value}


@pytest.mark.parametrize(
    ("new_keys", "removed_keys", "expected_text"),
    [
        (["region"], [], "'region' is unknown"),
        ([], ["aws_access_key_id"], "'aws_access_key_id' is missing"),
    ],
)
def test_merge_that_breaks_the_schema_is_refused(
    new_keys: list[str], removed_keys: list[str], expected_text: str, manager: SecretsManager[CountingBackend]
) -> None:
    """A merge that does not fit the schema is refused and writes nothing.

    It sets a key that the schema does not have, or it removes a required key.
    """
    before = SecretRecord("aws", {"aws_access_key_id": canary("id"), "aws_secret_access_key": canary("key")})
    manager.backend.records["aws"] = before
    with pytest.raises(InvalidSecretError, match=expected_text) as caught:
        manager.merge_secret("aws", dict.fromkeys(new_keys, canary("refused")), remove=removed_keys)
    assert find_canary(error_details(caught.value)) == []
    assert manager.backend.records["aws"] == before


def test_removing_a_missing_key(manager: SecretsManager[CountingBackend]) -> None:
    """Removing a missing key raises an error with the existing keys, and nothing is written."""
    manager.backend.put("mine", a=canary("a"), b=canary("b"))
    with pytest.raises(SecretKeyNotFoundError, match=r"no key 'c' to remove\. Its keys are a, b\.") as caught:
        manager.merge_secret("mine", {"a": canary("new")}, remove=["c"])
    assert caught.value.key == "c"
    assert find_canary(error_details(caught.value)) == []


def test_unknown_schema_survives_an_update(manager: SecretsManager[CountingBackend]) -> None:
    """A secret whose schema type has no class in this process can be read, merged and renamed, and keeps its schema type."""
    manager.backend.records["mine"] = SecretRecord("defined_in_another_notebook", {"a": canary("a")})
    stored = manager.get_secret("mine")
    assert isinstance(stored, UndefinedSecretSchema)
    assert stored.TYPE == "defined_in_another_notebook"
    manager.merge_secret("mine", {"b": canary("b")})
    manager.rename_secret("mine", "yours")
    assert manager.backend.records["yours"].schema == "defined_in_another_notebook"
    assert manager.backend.records["yours"].content.keys() == {"a", "b"}


def test_secret_that_does_not_match_its_schema_is_readable(manager: SecretsManager[CountingBackend]) -> None:
    """If the keys of a stored secret do not match its schema, the secret is read with the stored keys.

    This happens if the schema class was changed after the secret was stored.
    """
    manager.backend.records["aws"] = SecretRecord("aws", {"access_key": canary("old")})
    assert manager.get_secret("aws").content == dict(manager.backend.records["aws"].content)


# Renaming.


def test_rename_keeps_the_content(manager: SecretsManager[CountingBackend]) -> None:
    """After a rename, the content is under the new name, and the old name is missing, even in the cache."""
    text = canary("stored")
    manager.backend.put("old", key=text)
    manager.get_secret("old")
    manager.rename_secret("old", "new")
    assert manager.list_secrets() == ["new"]
    assert manager.get_secret("new").content == {"key": text}
    with pytest.raises(SecretNotFoundError):
        manager.get_secret("old")


def test_rename_to_an_existing_name_changes_nothing(manager: SecretsManager[CountingBackend]) -> None:
    """A rename to the name of another secret, or to the secret's own name, is refused.

    Both secrets stay unchanged.
    """
    manager.backend.put("one", key="1")
    manager.backend.put("two", key="2")
    for existing_name in ("two", "one"):
        with pytest.raises(SecretExistsError):
            manager.rename_secret("one", existing_name)
    assert {name: dict(record.content) for name, record in manager.backend.records.items()} == {"one": {"key": "1"}, "two": {"key": "2"}}


# Missing capabilities.


ALL_CAPABILITIES = READ_AND_WRITE | Capability.VERSIONS | Capability.UNDELETE

OPERATIONS_WITH_CAPABILITY: dict[str, tuple[Capability, Callable[[SecretsManager], Any]]] = {
    "read": (Capability.READ, lambda manager: manager.get_secret("stored")),
    "list": (Capability.LIST, lambda manager: manager.list_secrets()),
    "list by the old name": (Capability.LIST, lambda manager: manager.get_all_secret_keys()),
    "summaries": (Capability.LIST, lambda manager: manager.summaries()),
    "register": (Capability.REGISTER, lambda manager: manager.register_secret(secret("new"))),
    "update": (Capability.UPDATE, lambda manager: manager.update_secret(secret("stored"))),
    "merge": (Capability.UPDATE, lambda manager: manager.merge_secret("stored", {"key": "new"})),
    "delete": (Capability.DELETE, lambda manager: manager.delete_secret("stored")),
    "undelete": (Capability.UNDELETE, lambda manager: manager.undelete_secret("gone")),
    "delete all": (Capability.DELETE, lambda manager: manager.delete_all_secrets()),
    "delete all, listing": (Capability.LIST, lambda manager: manager.delete_all_secrets()),
    "rename, reading": (Capability.READ, lambda manager: manager.rename_secret("stored", "other")),
    "rename, registering": (Capability.REGISTER, lambda manager: manager.rename_secret("stored", "other")),
    "rename, deleting": (Capability.DELETE, lambda manager: manager.rename_secret("stored", "other")),
    "history": (Capability.VERSIONS, lambda manager: manager.history("stored")),
    "rollback": (Capability.VERSIONS, lambda manager: manager.rollback("stored", 1)),
}
"""Operations, each with a capability that it needs. An operation that needs several capabilities has one entry for each capability.

For example, "rename, reading" is a rename without the capability READ.
"""


@pytest.mark.parametrize(("missing", "operation"), OPERATIONS_WITH_CAPABILITY.values(), ids=OPERATIONS_WITH_CAPABILITY)
def test_missing_capability_is_refused_first(missing: Capability, operation: Callable[[SecretsManager], Any]) -> None:
    """If a capability is missing, the operation raises an error before it calls the backend.

    The error has the names of the manager and the flavor.
    """
    manager = limited_manager(ALL_CAPABILITIES & ~missing)
    before = dict(manager.backend.records)
    with pytest.raises(UnsupportedOperationError) as caught:
        operation(manager)
    assert caught.value.flavor == "counting"
    assert "'limited' (flavor counting) can't" in str(caught.value)
    assert is_one_line(caught.value)
    assert (manager.backend.records, manager.backend.reads, manager.backend.list_count) == (before, [], 0)


def test_similar_names_need_the_capability_to_list() -> None:
    """Without the capability LIST, an error for a missing secret suggests no similar name."""
    manager = limited_manager(Capability.READ)
    with pytest.raises(SecretNotFoundError, match="%secret register stroed"):
        manager.get_secret("stroed")
    assert manager.backend.list_count == 0


def test_failed_list_does_not_hide_the_error() -> None:
    """If listing the names for a suggestion fails, the error still reports the missing secret."""

    class FailingBackend(CountingBackend):
        def list(self) -> Iterable[SecretSummary]:
            raise ManagerUnreachableError("it does not answer")

    with pytest.raises(SecretNotFoundError, match="no secret 'mine'"):
        SecretsManager(FailingBackend()).get_secret("mine")


def test_declared_capability_without_a_method() -> None:
    """If a backend declares a capability and has no method for it, the operation raises UnsupportedOperationError."""
    manager = limited_manager(ALL_CAPABILITIES | Capability.REKEY)
    operations: list[Callable[[], object]] = [
        lambda: manager.history("stored"),
        lambda: manager.rollback("stored", 1),
        lambda: manager.undelete_secret("gone"),
        lambda: manager.write_records({"new": SecretRecord("arbitrary", {})}, {}),
        manager.rotate_key,
    ]
    for operation in operations:
        with pytest.raises(UnsupportedOperationError, match=manager.flavor):
            operation()


def test_capabilities_are_derived_from_methods() -> None:
    """A backend need not declare its capabilities, because they are derived from its methods.

    A backend without methods that write is read-only. A backend with ``history`` and ``rollback`` has versions.
    """

    class ReadOnlyBackend(Backend):
        def read(self, name: str) -> SecretRecord:
            raise self.missing_error(name)

        def list(self) -> Iterable[SecretSummary]:
            return []

    class VersionedBackend(CountingBackend):
        def history(self, name: str) -> Sequence[SecretVersion]:
            raise self.missing_error(name)

        def rollback(self, name: str, number: int) -> SecretVersion:
            raise self.missing_error(f"{name} {number}")

    assert ReadOnlyBackend.capabilities == Capability.READ | Capability.LIST
    assert CountingBackend.capabilities == READ_AND_WRITE
    assert VersionedBackend.capabilities == READ_AND_WRITE | Capability.VERSIONS
    read_only_manager = SecretsManager(ReadOnlyBackend())
    operations: list[Callable[[], object]] = [
        lambda: read_only_manager.register_secret(secret("new")),
        lambda: read_only_manager.backend.create("new", SecretRecord("arbitrary", {})),
        lambda: read_only_manager.backend.replace("new", lambda current: current),
        lambda: read_only_manager.backend.delete("new"),
    ]
    for operation in operations:
        with pytest.raises(UnsupportedOperationError):
            operation()


# Batch reads.


def test_each_secret_of_a_batch_is_read_once(manager: SecretsManager[CountingBackend]) -> None:
    """get_secrets reads each secret once, and returns an error for each missing secret.

    It lists the names once, to suggest similar names for all missing secrets. In this test, ``tow`` and ``onne`` are misspelled names.
    """
    for name in ("one", "two"):
        manager.backend.put(name, key=canary(name))
    results = manager.get_secrets(["one", "two", "one", "tow", "onne", "two"])
    assert list(results) == ["one", "two", "tow", "onne"]
    assert [type(result).__name__ for result in results.values()] == ["ArbitrarySecretSchema"] * 2 + ["SecretNotFoundError"] * 2
    assert "Did you mean 'two'" in str(results["tow"])
    assert sorted(manager.backend.reads) == ["one", "onne", "tow", "two"]
    assert manager.backend.list_count == 1
    assert manager.get_secrets([]) == {}


def test_batch_is_read_in_parallel(manager: SecretsManager[CountingBackend]) -> None:
    """The reads of a batch run at the same time, up to the number ``parallel_reads`` of the backend."""
    # Each read waits until ``parallel_reads`` reads run. With fewer parallel reads, the barrier raises an error after 30 seconds.
    barrier = threading.Barrier(manager.parallel_reads, timeout=30)
    manager.backend.during_read = lambda _: barrier.wait()
    names = [f"s{number}" for number in range(manager.parallel_reads * 2)]
    for name in names:
        manager.backend.put(name, key=canary(name))
    assert list(manager.get_secrets(names)) == names
    assert sorted(manager.backend.reads) == sorted(names)


def test_batch_without_parallel_reads() -> None:
    """If ``parallel_reads`` is 1, a batch is read in the calling thread."""

    class SequentialBackend(CountingBackend):
        parallel_reads: ClassVar[int] = 1

    manager = SecretsManager(SequentialBackend())
    threads = set()
    manager.backend.during_read = lambda _: threads.add(threading.current_thread())
    for name in ("one", "two"):
        manager.backend.put(name)
    manager.get_secrets(["one", "two"])
    assert threads == {threading.current_thread()}


def test_batch_with_refresh(manager: SecretsManager[CountingBackend]) -> None:
    """With ``refresh=True``, each secret of a batch is read again, and the results are cached."""
    for name in ("one", "two"):
        manager.backend.put(name, key="old")
    manager.get_secrets(["one", "two"])
    text = canary("new")
    manager.backend.put("one", key=text)
    assert manager.get_secrets(["one", "two"])["one"] == secret("one", key="old")
    assert manager.get_secrets(["one", "one", "two"], refresh=True) == {"one": secret("one", key=text), "two": secret("two", key="old")}
    assert manager.get_secret("one").content == {"key": text}
    assert sorted(manager.backend.reads) == ["one", "one", "two", "two"]


def test_one_failed_read_of_a_batch() -> None:
    """If one read of a batch fails, the result has its error, and the other secrets are read."""

    class FailingBackend(CountingBackend):
        def read(self, name: str) -> SecretRecord:
            if name == "bad":
                raise ManagerUnreachableError("it does not answer")
            return super().read(name)

    manager = SecretsManager(FailingBackend())
    manager.backend.put("good")
    results = manager.get_secrets(["bad", "good"])
    assert isinstance(results["bad"], ManagerUnreachableError)
    assert results["good"] == secret("good")


# Options and descriptions.


class _ExampleOptions(ManagerOptions):
    url: str
    token: str = SecretField()
    retries: int = 3


class BackendWithOptions(CountingBackend):
    """A flavor with options, one of which is marked as sensitive."""

    FLAVOR: ClassVar[str] = "optioned"
    options_model: ClassVar[type[ManagerOptions]] = _ExampleOptions


def test_options_are_checked_without_showing_values() -> None:
    """Missing, unknown and malformed options are reported with the valid names and without a value."""
    with pytest.raises(InvalidOptionsError) as caught:
        BackendWithOptions.make_options({"token": canary("token"), "retries": canary("retries"), "urll": canary("url")})
    assert isinstance(caught.value, ValueError)
    for expected_text in (
        "'url' is missing",
        "'retries' has to be int",
        "'urll' is unknown",
        "Did you mean 'url'?",
        "Its attributes are url, token, retries.",
    ):
        assert expected_text in str(caught.value)
    assert find_canary(error_details(caught.value)) == []
    with pytest.raises(InvalidOptionsError, match="url"):
        SecretsManager(BackendWithOptions())


def test_sensitive_options_are_not_shown() -> None:
    """The repr of a manager and of its options contains no token."""
    manager = SecretsManager(
        BackendWithOptions(
            BackendWithOptions.make_options({"url": "https://vault", "token": canary("token")}), context=ManagerContext(name="m")
        )
    )
    assert find_canary(repr(manager) + repr(manager.options) + str(manager.options) + str(manager.describe())) == []
    assert "https://vault" in repr(manager.options)
    assert repr(manager) == "<SecretsManager 'm' of flavor 'optioned'>"


class _UnmarkedOptions(ManagerOptions):
    """Options that are not declared with ``SecretField``. ``ClearTextField`` declares an option that is never masked."""

    address: str = ""
    api_token: str = ""
    region: str = ""
    shown_token: str = ClearTextField(default="")


class UnmarkedBackend(CountingBackend):
    """A flavor whose options are not marked as sensitive."""

    FLAVOR: ClassVar[str] = "unmarked"
    options_model: ClassVar[type[ManagerOptions]] = _UnmarkedOptions


def test_options_are_masked_by_their_value() -> None:
    """Options that are not marked as sensitive are masked if their values look sensitive.

    Examples are a token, and a URL with a password. An option that is marked as clear text is not masked. If options are refused,
    the guard masks their values too.
    """
    token, password = canary("token"), canary("password")
    attributes = {"address": f"https://ada:{password}@host", "api_token": token, "region": "eu-west-1", "shown_token": "plain-token"}
    record = Client().workspace.register_component(ComponentType.SECRETS_MANAGER, "m", "unmarked", attributes)
    assert record.attributes == {
        "address": "‹secret:address›",
        "api_token": "‹secret:api_token›",
        "region": "eu-west-1",
        "shown_token": "plain-token",
    }
    manager = Client().workspace.open_manager("m")
    assert manager.options.model_dump() == attributes
    assert find_canary(repr(manager.options) + redact(f"{token} {password}")) == []
    assert find_canary(home()) == []
    refused_token = canary("refused")
    with pytest.raises(InvalidOptionsError):
        UnmarkedBackend.make_options({"api_token": refused_token, "port": 1})
    assert find_canary(redact(refused_token)) == []


def test_unregistered_managers_are_separate() -> None:
    """Two managers that are created without a registration have different IDs, and no folder is created for them."""
    first, second = SecretsManager(CountingBackend()), SecretsManager(CountingBackend())
    assert first.id != second.id
    assert not first.context.folder.exists()
    assert CountingBackend.availability().ok


def test_delete_all(manager: SecretsManager[CountingBackend]) -> None:
    """After delete_all_secrets there is no secret, not even in the cache."""
    for name in ("one", "two"):
        manager.backend.put(name)
        manager.get_secret(name)
    manager.delete_all_secrets()
    assert manager.list_secrets() == []
    with pytest.raises(SecretNotFoundError):
        manager.get_secret("one")
