"""Bad weather at the wire, closer than in the table of all flavors: each request of each act of those that speak HTTP.

Each ends in the right error of ours, or in success after another try; never in a lost or half-written secret, never with a value in the
error. A flavor is a row of ``PLACES``; a way to fail is a test here.
"""

from __future__ import annotations

import logging
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.error_texts import in_one_line, told
from tests.support.faults.cloud_services import AzurePlace, GcpPlace
from tests.support.faults.services import PATIENCE, AwsPlace, Place, VaultsPlace
from tests.support.managers.counting import secret
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

    from zensecrets_jupyter.core.managers import SecretsManager

pytestmark = pytest.mark.once

PLACES: dict[str, Callable[[pytest.FixtureRequest, str], Place]] = {
    "aws": lambda request, identity: AwsPlace(identity, request.getfixturevalue("aws")),
    "azure": lambda request, identity: AzurePlace(identity, request.getfixturevalue("key_vault")),
    "gcp": lambda request, identity: GcpPlace(identity, request.getfixturevalue("secret_manager")),
    "vault": lambda request, identity: VaultsPlace(identity, request.getfixturevalue("vault")),
}


class Tried:
    """A place with one secret, and what is done to it."""

    def __init__(self, place: Place, counted: Callable[[str, str], None]) -> None:
        """Register the secret ``kept``."""
        self.place = place
        self._count = partial(counted, f"bad weather at the wire × {place.backend_class.FLAVOR}")
        self.value = canary("kept")
        self.manager = place.open()
        self.other = place.open(**PATIENCE)
        """The manager as another process has it, to look from there at what the first has done."""
        self.other.register_secret(secret("kept", key=self.value))

    def ends_in(self, expected: type[ZenSecretsError], act: Callable[[], Any]) -> ZenSecretsError:
        """Fail unless ``act`` ends in exactly that error, in one line, with what to do next, and without a value."""
        with pytest.raises(ZenSecretsError) as caught:
            act()
        assert type(caught.value) is expected, str(caught.value)
        assert caught.value.hint
        assert in_one_line(caught.value)
        assert not find_canary(told(caught.value))
        self._count(expected.__name__)
        return caught.value

    def succeeds(self, act: Callable[[], Any]) -> Any:
        """Return what ``act`` returns; it raises nothing."""
        done = act()
        self._count("success")
        return done

    def is_untouched(self) -> None:
        """Fail unless another process finds the one secret as it was registered."""
        self.holds({"kept": {"key": self.value}})
        assert self.place.versions("kept") == 1

    def holds(self, contents: dict[str, dict[str, str]]) -> None:
        """Fail unless another process finds exactly these secrets."""
        assert self.other.list_secrets() == sorted(contents)
        assert {name: self.other.get_secret(name, refresh=True).content for name in contents} == contents


def all_acts(manager: SecretsManager) -> dict[str, Callable[[], Any]]:
    """Return what a user does, by name; the writes hold canaries."""
    return {
        "get": lambda: manager.get_secret("kept", refresh=True),
        "list": manager.list_secrets,
        "register": lambda: manager.register_secret(secret("new", key=canary("new"))),
        "update": lambda: manager.update_secret(secret("kept", key=canary("changed"))),
        "merge": lambda: manager.merge_secret("kept", {"key": canary("changed")}),
        "rename": lambda: manager.rename_secret("kept", "new"),
        "delete": lambda: manager.delete_secret("kept"),
        "delete all": manager.delete_all_secrets,
        "history": lambda: manager.history("kept"),
    }


@pytest.fixture(params=sorted(PLACES))
def tried(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, counted: Callable[[str, str], None]) -> Iterator[Tried]:
    """Yield each flavor in turn; afterwards no log, at any level, may hold a value."""
    caplog.set_level(logging.DEBUG)
    yield Tried(PLACES[request.param](request, str(uuid.uuid4())), counted)
    assert not find_canary(caplog.text)


def test_wrong_credentials(tried: Tried) -> None:
    """Whatever is done, the error says that the place does not know who asks."""
    with tried.place.spell("wrong credentials"):
        for act in all_acts(tried.manager).values():
            assert "does not know who is asking" in str(tried.ends_in(ManagerAccessError, act))
    tried.is_untouched()


def test_no_permission_to_list(tried: Tried) -> None:
    """Listing is denied; reading and writing by name goes on, also without near misses."""
    manager = tried.manager
    with tried.place.spell("may not list"):
        for act in (manager.list_secrets, manager.summaries, manager.delete_all_secrets):
            tried.ends_in(ManagerAccessError, act)
        tried.succeeds(lambda: manager.get_secret("kept"))
        tried.ends_in(SecretNotFoundError, lambda: manager.get_secret("missing"))
        tried.succeeds(lambda: manager.register_secret(secret("new", key="new")))
    tried.holds({"kept": {"key": tried.value}, "new": {"key": "new"}})


def test_no_permission_to_read(tried: Tried) -> None:
    """Reading is denied, alone and in a batch, and so is what would have to look first; listing goes on."""
    manager = tried.manager
    with tried.place.spell("may not read"):
        acts = all_acts(manager)
        for name in ("get", "update", "merge", "rename", "delete"):
            tried.ends_in(ManagerAccessError, acts[name])
        found = manager.get_secrets(["kept", "missing"])
        assert {type(one) for one in found.values()} <= {ManagerAccessError, SecretNotFoundError}
        assert isinstance(found["kept"], ManagerAccessError)
        assert tried.succeeds(manager.list_secrets) == ["kept"]
    tried.is_untouched()


def test_a_name_that_is_too_long(tried: Tried) -> None:
    """It is refused with the limit and how much of it the scope takes, before anything is sent; it can't be there either."""
    manager = tried.manager
    name = "ж" * 255
    before = tried.place.requests()
    error = tried.ends_in(InvalidSecretError, lambda: manager.register_secret(secret(name, key=canary("long"))))
    assert str(tried.place.backend_class.encoding.max_length) in str(error)
    assert tried.place.requests() == before
    tried.ends_in(SecretNotFoundError, lambda: manager.get_secret(name))
    tried.ends_in(InvalidSecretError, lambda: manager.rename_secret("kept", name))
    tried.is_untouched()


def test_an_illegal_name(tried: Tried) -> None:
    """What no secret may be called is refused before anything is sent."""
    before = tried.place.requests()
    for name in ("", "a.b", "a b", "{{a}}", "-a", "name", "a\n", "\0", "\ud800"):
        tried.ends_in(InvalidSecretError, partial(tried.manager.rename_secret, "kept", name))
    assert tried.place.requests() == before
    tried.is_untouched()


def test_a_name_that_only_the_place_does_not_take(tried: Tried) -> None:
    """What is legal with us is written in the place's alphabet, and comes back as it was."""
    manager = tried.manager
    names = ["ключ/🔑", "a//b/", "%2e%2e", "$(id)", "a?b=c&d", "a#b", "a*"]
    for name in names:
        tried.succeeds(partial(manager.register_secret, secret(name, key=name)))
    tried.holds({"kept": {"key": tried.value}, **{name: {"key": name} for name in names}})


def test_a_value_that_is_too_large(tried: Tried) -> None:
    """It is refused with the limit before it is sent; what fits exactly is kept whole."""
    manager = tried.manager
    limit = tried.place.backend_class.max_size
    too_large = secret("new", key=canary("large") + "x" * limit)
    before = tried.place.requests()
    assert str(limit) in str(tried.ends_in(InvalidSecretError, lambda: manager.register_secret(too_large)))
    assert tried.place.requests() == before
    tried.ends_in(InvalidSecretError, lambda: manager.merge_secret("kept", {"other": "x" * limit}))
    tried.is_untouched()


def test_throttled(tried: Tried) -> None:
    """Two refusals are waited for; a place that always refuses ends the deadline, and leaves everything as it is."""
    with tried.place.spell("throttled", times=2):
        tried.succeeds(lambda: tried.other.get_secret("kept", refresh=True))
    with tried.place.spell("throttled"):
        tried.ends_in(ManagerUnreachableError, all_acts(tried.manager)["merge"])
        tried.ends_in(ManagerUnreachableError, all_acts(tried.manager)["register"])
    tried.is_untouched()


def test_a_time_out(tried: Tried) -> None:
    """An answer that does not come is waited for once more; where none ever comes the deadline ends it."""
    with tried.place.spell("silent", times=1):
        tried.succeeds(lambda: tried.manager.get_secret("kept", refresh=True))
    with tried.place.spell("silent"):
        tried.ends_in(ManagerUnreachableError, all_acts(tried.manager)["get"])
    tried.is_untouched()


@pytest.mark.parametrize("kind", ["reset", "answer lost", "silent"])
@pytest.mark.parametrize("act", ["register", "merge", "delete"])
def test_a_connection_that_breaks_in_the_middle_of_a_write(tried: Tried, act: str, kind: str) -> None:
    """Each request that changes something, broken off once before or after it was done, is done once in the end."""
    for number, request in enumerate(tried.place.writes[act]):
        manager = tried.manager
        name = f"new{number}"
        if act != "register":
            manager.register_secret(secret(name, key="old"))
        acts: dict[str, Callable[[], None]] = {
            "register": lambda: manager.register_secret(secret(name, key="new")),  # noqa: B023 - called in this turn
            "merge": lambda: manager.merge_secret(name, {"key": "new"}),  # noqa: B023 - likewise
            "delete": lambda: manager.delete_secret(name),  # noqa: B023 - likewise
        }
        with tried.place.spell(kind, times=1, only=request):
            tried.succeeds(acts[act])
        if act == "delete":
            tried.ends_in(SecretNotFoundError, lambda: tried.other.get_secret(name))  # noqa: B023 - likewise
        else:
            assert tried.other.get_secret(name, refresh=True).content == {"key": "new"}
            assert tried.place.versions(name) == (1 if act == "register" else 2)
    assert tried.other.get_secret("kept", refresh=True).content == {"key": tried.value}


@pytest.mark.parametrize("act", ["register", "merge", "delete"])
def test_connections_that_always_break_in_the_middle_of_a_write(tried: Tried, act: str) -> None:
    """The error says that it may have been done; what is there then is the old content or the new one, and nothing between."""
    manager = tried.manager
    changed = canary("changed")
    acts: dict[str, Callable[[], None]] = {
        "register": lambda: manager.register_secret(secret("new", key=changed)),
        "merge": lambda: manager.merge_secret("kept", {"key": changed}),
        "delete": lambda: manager.delete_secret("kept"),
    }
    for request in tried.place.writes[act]:
        with tried.place.spell("reset", only=request):
            assert "look before you try again" in str(tried.ends_in(ManagerUnreachableError, acts[act]))
        tried.holds({"kept": {"key": tried.value}})


def test_bringing_back_what_was_deleted(tried: Tried) -> None:
    """What breaks once is done in the end; what always fails is told and leaves it deleted; a place that keeps nothing says so at once."""
    manager, value = tried.manager, canary("deleted")
    manager.register_secret(secret("gone", key=value))
    manager.delete_secret("gone")

    def undelete() -> None:
        manager.undelete_secret("gone")

    if Capability.UNDELETE not in manager.capabilities:
        before = tried.place.requests()
        tried.ends_in(UnsupportedOperationError, undelete)
        assert tried.place.requests() == before
        return
    for kind, error in (
        ("wrong credentials", ManagerAccessError),
        ("500", ManagerUnreachableError),
        ("throttled", ManagerUnreachableError),
    ):
        with tried.place.spell(kind):
            tried.ends_in(error, undelete)
        tried.is_untouched()
    for kind in ("reset", "answer lost", "silent", "500"):
        for request in tried.place.writes["undelete"]:
            with tried.place.spell(kind, times=1, only=request):
                tried.succeeds(undelete)
            tried.holds({"kept": {"key": tried.value}, "gone": {"key": value}})
            manager.delete_secret("gone")


def test_500_once(tried: Tried) -> None:
    """One error inside of the place is tried again, whatever is done."""
    manager = tried.manager
    acts = all_acts(manager)
    for name in ("get", "list", "history", "register", "merge", "delete"):
        with tried.place.spell("500", times=1):
            tried.succeeds(acts[name])
    assert tried.other.list_secrets() == ["new"]


def test_500_for_ever(tried: Tried) -> None:
    """It ends as unreachable, and nothing has changed."""
    for name, act in all_acts(tried.place.open(deadline=0.3)).items():
        with tried.place.spell("500"):
            error = tried.ends_in(ManagerUnreachableError, act)
        assert name in {"get", "list", "history"} or "try again" in str(error)
    tried.is_untouched()


def test_a_clock_that_is_wrong(tried: Tried) -> None:
    """Where a signature depends on the time the error says so; elsewhere a wrong clock does not matter."""
    with tried.place.spell("clock skew"):
        acts = all_acts(tried.manager)
        for name in ("get", "list", "history"):
            if tried.place.skewed is None:
                tried.succeeds(acts[name])
            else:
                assert "clock" in str(tried.ends_in(tried.place.skewed, acts[name]))
    tried.is_untouched()


def test_deleted_between_list_and_read(tried: Tried) -> None:
    """What another has deleted since it was listed is not found, alone or among many; the others are read."""
    manager = tried.manager
    manager.register_secret(secret("gone", key="old"))
    listed = manager.list_secrets()
    tried.other.delete_secret("gone")
    tried.ends_in(SecretNotFoundError, lambda: manager.get_secret("gone"))
    found = manager.get_secrets(listed)
    assert isinstance(found["gone"], SecretNotFoundError)
    assert getattr(found["kept"], "content", None) == {"key": tried.value}
    for act in (lambda: manager.merge_secret("gone", {"key": "new"}), lambda: manager.delete_secret("gone")):
        tried.ends_in(SecretNotFoundError, act)
    tried.is_untouched()


@pytest.mark.parametrize("text", ["zsCanary in plain text", '{"password": "zsCanary"}', '{"zensecrets": 1, "content": "zsCanary"}'])
def test_a_payload_that_is_not_ours(tried: Tried, text: str) -> None:
    """What another program keeps, or what is damaged, is told as that, and is neither overwritten nor listed away."""
    tried.place.put("theirs", text)
    manager = tried.manager
    for act in (
        lambda: manager.get_secret("theirs"),
        lambda: manager.merge_secret("theirs", {"key": "new"}),
        lambda: manager.update_secret(secret("theirs", key="new")),
        lambda: manager.rename_secret("theirs", "new"),
    ):
        tried.ends_in(ManagerCorruptedError, act)
    tried.ends_in(SecretExistsError, lambda: manager.register_secret(secret("theirs", key="new")))
    found = manager.get_secrets(["kept", "theirs"])
    assert isinstance(found["theirs"], ManagerCorruptedError)
    assert getattr(found["kept"], "content", None) == {"key": tried.value}
    assert tried.place.versions("theirs") == 1
    assert manager.list_secrets() == ["kept", "theirs"]


def test_an_answer_that_is_not_the_places(tried: Tried) -> None:
    """A page that a network puts in the way is an error of ours; nothing is taken for a secret, or for an empty list."""
    with tried.place.spell("nonsense"):
        for name, act in all_acts(tried.manager).items():
            with pytest.raises(ManagerError) as caught:
                act()
            assert not find_canary(told(caught.value)), name
            assert caught.value.hint
    tried.is_untouched()
