"""The contract of every secrets manager, tried on one that counts: names, capabilities, merging, renaming, many reads at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.counting import CountingBackend, secret
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
from zensecrets_jupyter.core.managers.records import ALL_BUT_VERSIONS
from zensecrets_jupyter.core.schemas import UndefinedSecretSchema
from zensecrets_jupyter.core.settings import home
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from zensecrets_jupyter.core.managers import SecretVersion


@pytest.fixture
def manager() -> SecretsManager[CountingBackend]:
    """Return an empty manager that counts."""
    return SecretsManager(CountingBackend(context=ManagerContext(name="mine")))


def limited(capabilities: Capability) -> SecretsManager[CountingBackend]:
    """Return a manager with one secret that can do only so much."""

    class LimitedBackend(CountingBackend):
        pass

    LimitedBackend.capabilities = capabilities
    made = SecretsManager(LimitedBackend(context=ManagerContext(name="limited")))
    made.backend.put("there", key=canary("there"))
    return made


# Registering, reading, updating, deleting.


def test_what_is_registered_is_read(manager: SecretsManager[CountingBackend]) -> None:
    """A secret comes back with its schema, its content and its name, and is listed."""
    password = canary("password")
    manager.register_secret(BasicAuthSecretSchema(name="login", username="u", password=password))
    found = manager.get_secret("login")
    assert isinstance(found, BasicAuthSecretSchema)
    assert found.content == {"username": "u", "password": password}
    assert manager.list_secrets() == manager.get_all_secret_keys() == ["login"]
    assert manager.summaries() == [SecretSummary("login")]


def test_what_is_stored_is_plain(manager: SecretsManager[CountingBackend]) -> None:
    """A flavor is handed exact texts: what it writes knows nothing of masks, and its record shows no value."""
    manager.register_secret(secret("mine", key=canary("plain")))
    record = manager.backend.stored["mine"]
    assert [type(value) for value in record.content.values()] == [str]
    assert find_canary(repr(record)) == []


def test_names_are_listed_sorted(manager: SecretsManager[CountingBackend]) -> None:
    """The order of a list is that of the names, whatever the flavor's own is."""
    for name in ("b", "A", "é", "a"):
        manager.backend.put(name)
    assert manager.list_secrets() == ["A", "a", "b", "é"]


def test_registering_twice_leaves_the_first(manager: SecretsManager[CountingBackend]) -> None:
    """A name that is taken is an error that is a ValueError too, and what was there stays."""
    first, second = canary("first"), canary("second")
    manager.register_secret(secret("mine", key=first))
    with pytest.raises(SecretExistsError) as caught:
        manager.register_secret(secret("mine", key=second))
    assert isinstance(caught.value, ValueError)
    assert (caught.value.name, caught.value.manager) == ("mine", "mine")
    assert "%secret update mine" in caught.value.hint
    assert find_canary(error_details(caught.value)) == []
    assert manager.get_secret("mine").content == {"key": first}


CALLS: dict[str, Callable[[SecretsManager, str], Any]] = {
    "get": lambda manager, name: manager.get_secret(name),
    "refresh": lambda manager, name: manager.get_secret(name, refresh=True),
    "update": lambda manager, name: manager.update_secret(secret(name, key=canary("update"))),
    "merge": lambda manager, name: manager.merge_secret(name, {"key": canary("merge")}),
    "delete": lambda manager, name: manager.delete_secret(name),
    "rename": lambda manager, name: manager.rename_secret(name, "else"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_is_not_there_is_told_with_near_misses(
    call: Callable[[SecretsManager, str], Any], manager: SecretsManager[CountingBackend]
) -> None:
    """Whatever is done to a secret that does not exist, the error is a KeyError too, and names where and the nearest."""
    manager.backend.put("database")
    with pytest.raises(SecretNotFoundError) as caught:
        call(manager, "databse")
    assert isinstance(caught.value, KeyError)
    assert "There is no secret 'databse' in secrets manager 'mine'. Did you mean 'database'?" in str(caught.value)
    assert (caught.value.name, caught.value.manager) == ("databse", "mine")
    assert is_one_line(caught.value)
    assert find_canary(error_details(caught.value)) == []


def test_without_a_near_miss_the_error_says_how_to_register(manager: SecretsManager[CountingBackend]) -> None:
    """Where nothing is near, the next step is the command that registers the secret."""
    with pytest.raises(SecretNotFoundError, match="%secret register mine"):
        manager.get_secret("mine")


BAD = ["", "a.b", "a b", "-a", "name", "{a}", "x" * 256]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_name_is_refused_in_every_door(name: str, manager: SecretsManager[CountingBackend]) -> None:
    """Nothing is ever stored under a name that no reference could hold, whichever method is tried."""
    manager.backend.put("there", key="value")
    unchecked = secret("unchecked", key=canary("unchecked"))
    unchecked.__dict__["name"] = name
    tries: list[Callable[[], object]] = [
        lambda: manager.register_secret(unchecked),
        lambda: manager.register_secret(secret(name)),
        lambda: manager.rename_secret("there", name),
        lambda: manager.update_secret(secret(name)),
    ]
    for attempt in tries:
        with pytest.raises(InvalidSecretError) as caught:
            attempt()
        assert find_canary(error_details(caught.value)) == []
    assert manager.list_secrets() == ["there"]


@pytest.mark.parametrize("key", ["", "a b", "-a", "name", "{a}", "x" * 256])
def test_a_bad_key_is_refused_when_merging(key: str, manager: SecretsManager[CountingBackend]) -> None:
    """A merge with a key that no reference could hold changes nothing."""
    manager.backend.put("there", key="value")
    with pytest.raises(InvalidSecretError) as caught:
        manager.merge_secret("there", {key: canary("bad")})
    assert find_canary(error_details(caught.value)) == []
    assert manager.backend.stored["there"].content == {"key": "value"}


# Updating.


def test_an_update_replaces_everything(manager: SecretsManager[CountingBackend]) -> None:
    """update_secret replaces the schema and all keys."""
    manager.backend.put("mine", old=canary("old"))
    password = canary("password")
    manager.update_secret(BasicAuthSecretSchema(name="mine", username="u", password=password))
    assert manager.get_secret("mine") == BasicAuthSecretSchema(name="mine", username="u", password=password)


def test_a_merge_keeps_what_was_not_given(manager: SecretsManager[CountingBackend]) -> None:
    """Given keys change and come new, the others and the schema stay, and removed ones go."""
    one, two, three = canary("one"), canary("two"), canary("three")
    manager.backend.put("mine", a=one, b=one, c=one)
    manager.merge_secret("mine", {"b": two, "d": three}, remove=["c"])
    assert manager.get_secret("mine").content == {"a": one, "b": two, "d": three}
    aws = AWSSecretSchema(name="aws", aws_access_key_id="id", aws_secret_access_key=one, aws_session_token=one)
    manager.register_secret(aws)
    manager.merge_secret("aws", {"aws_secret_access_key": two}, remove=["aws_session_token"])
    merged = manager.get_secret("aws")
    assert isinstance(merged, AWSSecretSchema)
    assert merged.content == {"aws_access_key_id": "id", "aws_secret_access_key": two}


@pytest.mark.parametrize(
    ("content", "remove", "said"),
    [
        ({"region": "VALUE"}, [], "'region' is unknown"),
        ({}, ["aws_access_key_id"], "'aws_access_key_id' is missing"),
    ],
)
def test_a_merge_that_breaks_the_schema_is_refused(
    content: dict[str, str], remove: list[str], said: str, manager: SecretsManager[CountingBackend]
) -> None:
    """An unknown key of a typed secret, or the loss of a required one, is refused and nothing is written."""
    before = SecretRecord("aws", {"aws_access_key_id": canary("id"), "aws_secret_access_key": canary("key")})
    manager.backend.stored["aws"] = before
    with pytest.raises(InvalidSecretError, match=said) as caught:
        manager.merge_secret("aws", dict.fromkeys(content, canary("refused")), remove=remove)
    assert find_canary(error_details(caught.value)) == []
    assert manager.backend.stored["aws"] == before


def test_removing_a_key_that_is_not_there_names_those_there_are(manager: SecretsManager[CountingBackend]) -> None:
    """The secret exists and the key does not: the error says which, and nothing is written."""
    manager.backend.put("mine", a=canary("a"), b=canary("b"))
    with pytest.raises(SecretKeyNotFoundError, match=r"no key 'c' to remove\. Its keys are a, b\.") as caught:
        manager.merge_secret("mine", {"a": canary("new")}, remove=["c"])
    assert caught.value.key == "c"
    assert find_canary(error_details(caught.value)) == []


def test_a_schema_that_is_not_defined_here_survives_an_update(manager: SecretsManager[CountingBackend]) -> None:
    """A secret of a class that this process does not know is read, merged and renamed, and keeps its type."""
    manager.backend.stored["mine"] = SecretRecord("defined_in_another_notebook", {"a": canary("a")})
    found = manager.get_secret("mine")
    assert isinstance(found, UndefinedSecretSchema)
    assert found.TYPE == "defined_in_another_notebook"
    manager.merge_secret("mine", {"b": canary("b")})
    manager.rename_secret("mine", "yours")
    assert manager.backend.stored["yours"].schema == "defined_in_another_notebook"
    assert manager.backend.stored["yours"].content.keys() == {"a", "b"}


def test_a_secret_that_no_longer_follows_its_schema_is_readable(manager: SecretsManager[CountingBackend]) -> None:
    """What was stored before a schema changed comes with any keys, rather than not at all."""
    manager.backend.stored["aws"] = SecretRecord("aws", {"access_key": canary("old")})
    assert manager.get_secret("aws").content == dict(manager.backend.stored["aws"].content)


# Renaming.


def test_a_renamed_secret_has_its_content_under_the_new_name(manager: SecretsManager[CountingBackend]) -> None:
    """The old name is gone, in the cache too, and the new one holds the same."""
    manager.backend.put("old", key=(text := canary("kept")))
    manager.get_secret("old")
    manager.rename_secret("old", "new")
    assert manager.list_secrets() == ["new"]
    assert manager.get_secret("new").content == {"key": text}
    with pytest.raises(SecretNotFoundError):
        manager.get_secret("old")


def test_a_rename_to_a_taken_name_changes_nothing(manager: SecretsManager[CountingBackend]) -> None:
    """Neither of the two secrets is touched, and their own name is as taken as any other."""
    manager.backend.put("one", key="1")
    manager.backend.put("two", key="2")
    for taken in ("two", "one"):
        with pytest.raises(SecretExistsError):
            manager.rename_secret("one", taken)
    assert {name: dict(record.content) for name, record in manager.backend.stored.items()} == {"one": {"key": "1"}, "two": {"key": "2"}}


# What a manager can't do.


ALL = ALL_BUT_VERSIONS | Capability.VERSIONS | Capability.UNDELETE

NEEDS: dict[str, tuple[Capability, Callable[[SecretsManager], Any]]] = {
    "read": (Capability.READ, lambda manager: manager.get_secret("there")),
    "list": (Capability.LIST, lambda manager: manager.list_secrets()),
    "list by the old name": (Capability.LIST, lambda manager: manager.get_all_secret_keys()),
    "summaries": (Capability.LIST, lambda manager: manager.summaries()),
    "register": (Capability.REGISTER, lambda manager: manager.register_secret(secret("new"))),
    "update": (Capability.UPDATE, lambda manager: manager.update_secret(secret("there"))),
    "merge": (Capability.UPDATE, lambda manager: manager.merge_secret("there", {"key": "new"})),
    "delete": (Capability.DELETE, lambda manager: manager.delete_secret("there")),
    "undelete": (Capability.UNDELETE, lambda manager: manager.undelete_secret("gone")),
    "delete all": (Capability.DELETE, lambda manager: manager.delete_all_secrets()),
    "delete all, listing": (Capability.LIST, lambda manager: manager.delete_all_secrets()),
    "rename, reading": (Capability.READ, lambda manager: manager.rename_secret("there", "else")),
    "rename, registering": (Capability.REGISTER, lambda manager: manager.rename_secret("there", "else")),
    "rename, deleting": (Capability.DELETE, lambda manager: manager.rename_secret("there", "else")),
    "history": (Capability.VERSIONS, lambda manager: manager.history("there")),
    "rollback": (Capability.VERSIONS, lambda manager: manager.rollback("there", 1)),
}


@pytest.mark.parametrize(("needed", "call"), NEEDS.values(), ids=NEEDS)
def test_what_a_manager_cannot_do_is_refused_before_it_is_tried(needed: Capability, call: Callable[[SecretsManager], Any]) -> None:
    """Each method needs its capability: without it nothing is asked of the flavor, and the error names manager and flavor."""
    made = limited(ALL & ~needed)
    before = dict(made.backend.stored)
    with pytest.raises(UnsupportedOperationError) as caught:
        call(made)
    assert caught.value.flavor == "counting"
    assert "'limited' (flavor counting) can't" in str(caught.value)
    assert is_one_line(caught.value)
    assert (made.backend.stored, made.backend.reads, made.backend.lists) == (before, [], 0)


def test_near_misses_are_not_looked_for_where_listing_is_not_allowed() -> None:
    """A manager that may only read is never listed, not even for an error."""
    made = limited(Capability.READ)
    with pytest.raises(SecretNotFoundError, match="%secret register theer"):
        made.get_secret("theer")
    assert made.backend.lists == 0


def test_a_list_that_fails_does_not_hide_the_error() -> None:
    """Where the names can't be had for a near miss, the error still says what is missing."""

    class Refusing(CountingBackend):
        def list(self) -> Iterable[SecretSummary]:
            raise ManagerUnreachableError("it does not answer")

    with pytest.raises(SecretNotFoundError, match="no secret 'mine'"):
        SecretsManager(Refusing()).get_secret("mine")


def test_a_flavor_that_claims_what_it_has_not_says_so() -> None:
    """An operation without a method in the backend is our own error, also if the capabilities claim it."""
    made = limited(ALL | Capability.REKEY)
    acts: list[Callable[[], object]] = [
        lambda: made.history("there"),
        lambda: made.rollback("there", 1),
        lambda: made.undelete_secret("gone"),
        lambda: made.write_records({"new": SecretRecord("arbitrary", {})}, {}),
        made.rotate_key,
    ]
    for act in acts:
        with pytest.raises(UnsupportedOperationError, match=made.flavor):
            act()


def test_capabilities_are_those_of_the_methods() -> None:
    """A backend that has no method to write only reads, and one that keeps versions has them, without a declaration."""

    class Reading(Backend):
        def read(self, name: str) -> SecretRecord:
            raise self.missing(name)

        def list(self) -> Iterable[SecretSummary]:
            return []

    class Versioning(CountingBackend):
        def history(self, name: str) -> Sequence[SecretVersion]:
            raise self.missing(name)

        def rollback(self, name: str, number: int) -> SecretVersion:
            raise self.missing(f"{name} {number}")

    assert Reading.capabilities == Capability.READ | Capability.LIST
    assert CountingBackend.capabilities == ALL_BUT_VERSIONS
    assert Versioning.capabilities == ALL_BUT_VERSIONS | Capability.VERSIONS
    reading = SecretsManager(Reading())
    with pytest.raises(UnsupportedOperationError):
        reading.register_secret(secret("new"))
    with pytest.raises(UnsupportedOperationError):
        reading.backend.create("new", SecretRecord("arbitrary", {}))
    with pytest.raises(UnsupportedOperationError):
        reading.backend.replace("new", lambda present: present)
    with pytest.raises(UnsupportedOperationError):
        reading.backend.delete("new")


# Many at once.


def test_many_secrets_are_read_once_each(manager: SecretsManager[CountingBackend]) -> None:
    """get_secrets reads a secret once however often it is named, gives the error where there is one, and lists once for near misses."""
    for name in ("one", "two"):
        manager.backend.put(name, key=canary(name))
    found = manager.get_secrets(["one", "two", "one", "tow", "onne", "two"])
    assert list(found) == ["one", "two", "tow", "onne"]
    assert [type(value).__name__ for value in found.values()] == ["ArbitrarySecretSchema"] * 2 + ["SecretNotFoundError"] * 2
    assert "Did you mean 'two'" in str(found["tow"])
    assert sorted(manager.backend.reads) == ["one", "onne", "tow", "two"]
    assert manager.backend.lists == 1
    assert manager.get_secrets([]) == {}


def test_many_secrets_are_read_in_parallel(manager: SecretsManager[CountingBackend]) -> None:
    """As many reads as the flavor allows are under way at a time: each waits here until all the others have begun."""
    together = threading.Barrier(manager.parallel_reads, timeout=30)
    manager.backend.during_read = lambda _: together.wait()
    names = [f"s{number}" for number in range(manager.parallel_reads * 2)]
    for name in names:
        manager.backend.put(name, key=canary(name))
    assert list(manager.get_secrets(names)) == names
    assert sorted(manager.backend.reads) == sorted(names)


def test_a_flavor_whose_reads_are_cheap_is_asked_one_by_one() -> None:
    """With one read at a time no thread is started."""

    class Cheap(CountingBackend):
        parallel_reads: ClassVar[int] = 1

    made = SecretsManager(Cheap())
    threads = set()
    made.backend.during_read = lambda _: threads.add(threading.current_thread())
    for name in ("one", "two"):
        made.backend.put(name)
    made.get_secrets(["one", "two"])
    assert threads == {threading.current_thread()}


def test_many_are_read_anew_where_that_is_asked_for(manager: SecretsManager[CountingBackend]) -> None:
    """With refresh each is read once more, and what is read is kept from then on."""
    for name in ("one", "two"):
        manager.backend.put(name, key="old")
    manager.get_secrets(["one", "two"])
    text = canary("new")
    manager.backend.put("one", key=text)
    assert manager.get_secrets(["one", "two"])["one"] == secret("one", key="old")
    assert manager.get_secrets(["one", "one", "two"], refresh=True) == {"one": secret("one", key=text), "two": secret("two", key="old")}
    assert manager.get_secret("one").content == {"key": text}
    assert sorted(manager.backend.reads) == ["one", "one", "two", "two"]


def test_one_read_that_fails_is_one_error() -> None:
    """A refusal of one secret is its own outcome, and the others are read."""

    class Refusing(CountingBackend):
        def read(self, name: str) -> SecretRecord:
            if name == "bad":
                raise ManagerUnreachableError("it does not answer")
            return super().read(name)

    made = SecretsManager(Refusing())
    made.backend.put("good")
    found = made.get_secrets(["bad", "good"])
    assert isinstance(found["bad"], ManagerUnreachableError)
    assert found["good"] == secret("good")


# Options, and what a manager says of itself.


class _Options(ManagerOptions):
    url: str
    token: str = SecretField()
    retries: int = 3


class OptionedBackend(CountingBackend):
    """A flavor with options, one of them sensitive."""

    FLAVOR: ClassVar[str] = "optioned"
    options_model: ClassVar[type[ManagerOptions]] = _Options


def test_options_are_checked_without_showing_them() -> None:
    """A missing, an unknown and a malformed option are named at once, with those there are and without a value."""
    with pytest.raises(InvalidOptionsError) as caught:
        OptionedBackend.make_options({"token": canary("token"), "retries": canary("retries"), "urll": canary("url")})
    assert isinstance(caught.value, ValueError)
    for said in (
        "'url' is missing",
        "'retries' has to be int",
        "'urll' is unknown",
        "Did you mean 'url'?",
        "Its attributes are url, token, retries.",
    ):
        assert said in str(caught.value)
    assert find_canary(error_details(caught.value)) == []
    with pytest.raises(InvalidOptionsError, match="url"):
        SecretsManager(OptionedBackend())


def test_a_manager_shows_none_of_its_sensitive_options() -> None:
    """Neither the manager nor its options show a token in repr, and description names nothing that was not meant for it."""
    made = SecretsManager(
        OptionedBackend(OptionedBackend.make_options({"url": "https://vault", "token": canary("token")}), context=ManagerContext(name="m"))
    )
    assert find_canary(repr(made) + repr(made.options) + str(made.options) + str(made.describe())) == []
    assert "https://vault" in repr(made.options)
    assert repr(made) == "<SecretsManager 'm' of flavor 'optioned'>"


class _Careless(ManagerOptions):
    address: str = ""
    api_token: str = ""
    region: str = ""
    shown_token: str = ClearTextField(default="")


class CarelessBackend(CountingBackend):
    """A flavor whose options name no value as sensitive."""

    FLAVOR: ClassVar[str] = "careless"
    options_model: ClassVar[type[ManagerOptions]] = _Careless


def test_a_managers_options_are_sealed_and_masked_by_what_they_are() -> None:
    """A token and a URL with a password are, though the flavor does not say so; what it calls clear text is not."""
    token, password = canary("token"), canary("password")
    given = {"address": f"https://ada:{password}@host", "api_token": token, "region": "eu-west-1", "shown_token": "plain-token"}
    record = Client().workspace.register_component(ComponentType.SECRETS_MANAGER, "m", "careless", given)
    assert record.attributes == {
        "address": "‹secret:address›",
        "api_token": "‹secret:api_token›",
        "region": "eu-west-1",
        "shown_token": "plain-token",
    }
    manager = Client().workspace.open_manager("m")
    assert manager.options.model_dump() == given
    assert find_canary(repr(manager.options) + redact(f"{token} {password}")) == []
    assert find_canary(home()) == []
    refused = canary("refused")
    with pytest.raises(InvalidOptionsError):
        CarelessBackend.make_options({"api_token": refused, "port": 1})
    assert find_canary(redact(refused)) == []


def test_two_managers_that_nobody_registered_are_two() -> None:
    """Each has an identity of its own, nothing is opened or created for them, and they are available."""
    one, two = SecretsManager(CountingBackend()), SecretsManager(CountingBackend())
    assert one.id != two.id
    assert not one.context.folder.exists()
    assert CountingBackend.availability().ok


def test_everything_is_deleted(manager: SecretsManager[CountingBackend]) -> None:
    """After delete_all_secrets there is none, in the cache neither."""
    for name in ("one", "two"):
        manager.backend.put(name)
        manager.get_secret(name)
    manager.delete_all_secrets()
    assert manager.list_secrets() == []
    with pytest.raises(SecretNotFoundError):
        manager.get_secret("one")
