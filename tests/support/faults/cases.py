"""Bad weather: in which ways a place can fail, what is then done, and how each must end.

A flavor's tests say in a :class:`Climate` how each weather is made there. A weather that can't come over a place is named with the reason,
so that the table has no hole that nobody explained.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.error_texts import in_one_line, told
from tests.support.managers.counting import secret
from zensecrets_jupyter.core.errors import (
    InvalidSecretError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerUnreachableError,
    SecretNotFoundError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from zensecrets_jupyter.core.managers import SecretsManager

KEPT = "kept"
"""The secret that is there before, and has to be there afterwards."""


class Weather(NamedTuple):
    """What is tried while a place fails: acts by name, and the errors that they may end with; with none they have to succeed."""

    acts: tuple[str, ...]
    errors: tuple[type[ZenSecretsError], ...]
    may_succeed: bool = False


_ALL = ("list", "read", "register", "change", "delete")

WEATHERS: dict[str, Weather] = {
    "wrong credentials": Weather(_ALL, (ManagerAccessError,)),
    "no permission to list": Weather(("list",), (ManagerAccessError,)),
    "no permission to read": Weather(("read", "change"), (ManagerAccessError,)),
    "name too long": Weather(("register long",), (InvalidSecretError,)),
    "illegal name": Weather(("register odd",), (InvalidSecretError,), may_succeed=True),
    "value too large": Weather(("register large", "change large"), (InvalidSecretError,)),
    "throttled": Weather(_ALL, ()),
    "time-out once": Weather(_ALL, ()),
    "time-out for ever": Weather(_ALL, (ManagerUnreachableError,)),
    "reset in the middle of a write": Weather(("register", "change", "delete"), (ManagerUnreachableError,), may_succeed=True),
    "500 once": Weather(_ALL, ()),
    "500 for ever": Weather(_ALL, (ManagerUnreachableError,)),
    "clock skew": Weather(_ALL, (ManagerAccessError,)),
    "deleted between list and read": Weather(("read after listing",), (SecretNotFoundError,)),
    "not ours": Weather(("read foreign", "change foreign", "delete foreign"), (ManagerCorruptedError,)),
}
"""The rows of the table."""


@dataclass
class Climate:
    """A place of one flavor, and how its weathers are made.

    Attributes:
        open_manager: Opens a new instance; it begins with no secret.
        seed: Brings a secret into the place, by name and content.
        make: For a weather, what makes it, entered anew before each act.
        calm: The weathers that need nothing made: they come with what is asked for.
        never: Those that can't come over this place, each with the reason.
        delete: Deletes a secret behind the manager's back.
        make_foreign: Puts something under the name of a secret that is not ours, and returns how to see that it is still there.
        too_large: Bytes of a value that is surely too large there.
        untried: Acts that make no sense there.
        errors: For a weather, the error that is right there in the place of the table's.
        harmless: For a weather, acts that it does not touch there.
    """

    flavor: str
    open_manager: Callable[[], SecretsManager]
    seed: Callable[[str, str], None]
    make: Mapping[str, Callable[[], AbstractContextManager[Any]]] = field(default_factory=dict)
    calm: tuple[str, ...] = ("name too long", "illegal name", "value too large", "deleted between list and read", "not ours")
    never: Mapping[str, str] = field(default_factory=dict)
    delete: Callable[[str], None] | None = None
    make_foreign: Callable[[str], Callable[[], bool]] | None = None
    too_large: int = 0
    untried: tuple[str, ...] = ()
    errors: Mapping[str, type[ZenSecretsError]] = field(default_factory=dict)
    harmless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def outcome(self, weather: str) -> str:
        """Try everything that ``weather`` says and return how it ended: the errors' codes, "success", or why it never comes.

        Raises:
            AssertionError: If an act ends in another way, an error shows a value, or a secret was lost or half-written.
        """
        if weather in self.never:
            assert self.never[weather], "a weather that never comes has its reason"
            return "never"
        assert weather in self.make or weather in self.calm, f"nobody says how {weather!r} comes over {self.flavor!r}"
        asked = WEATHERS[weather]
        value = canary("kept")
        self.seed(KEPT, value)
        ended = set()
        for act in asked.acts:
            manager = self.open_manager()
            if act in self.untried or _CAPABILITY[act.split()[0]] not in manager.capabilities:
                continue
            ended.add(self._ended(manager, weather, act))
            self._check_what_is_left(act, value)
            if act == "delete" and KEPT not in self.open_manager().list_secrets():
                self.seed(KEPT, value)
            if act == "register" and "new" in self.open_manager().list_secrets():
                self.open_manager().delete_secret("new")
        return " or ".join(sorted(ended)) or "not tried: it can't do any of it"

    def _ended(self, manager: SecretsManager, weather: str, act: str) -> str:
        asked = WEATHERS[weather]
        right = self.errors.get(weather, asked.errors)
        may_succeed = not asked.errors or asked.may_succeed or act in self.harmless.get(weather, ())
        doing, after = self._doing(manager, act)
        with self.make.get(weather, nullcontext)():
            try:
                doing()
            except ZenSecretsError as error:
                caught = error
            else:
                assert may_succeed, f"{act} succeeded in {weather!r}"
                return "success"
        assert isinstance(caught, right), f"{act} in {weather!r}: {type(caught).__name__}: {caught}"
        assert caught.hint
        assert in_one_line(caught)
        assert not find_canary(told(caught))
        assert after is None or after()
        return caught.code

    def _doing(self, manager: SecretsManager, act: str) -> tuple[Callable[[], object], Callable[[], bool] | None]:
        """Return what is to be done, and what has to be true afterwards."""
        verb, _, how = act.partition(" ")
        if how == "foreign":
            assert self.make_foreign is not None
            still_there = self.make_foreign("foreign")
            return _verb(manager, verb, "foreign", canary(act)), still_there
        if how == "after listing":
            self.seed("fleeting", "value")
            assert "fleeting" in manager.list_secrets()
            assert self.delete is not None
            self.delete("fleeting")
            return lambda: manager.get_secret("fleeting"), None
        name = {"long": "ж" * 255, "odd": "ä/%Ж\U0001f511+'"}.get(how, "new" if verb == "register" else KEPT)
        value = canary(act) + "x" * (self.too_large if how == "large" else 0)
        return _verb(manager, verb, name, value), None

    def _check_what_is_left(self, act: str, value: str) -> None:
        """Find the kept secret whole, as it was or as it was to be; and a new one whole, if it is there."""
        manager = self.open_manager()
        names = manager.list_secrets()
        if act != "delete":
            assert KEPT in names
        for name in {KEPT, "new"} & set(names):
            if Capability.READ in manager.capabilities:
                content = manager.get_secret(name, refresh=True).content
                written = act in {"register", "change"}
                assert content == {"key": value} or (written and set(content) == {"key"} and find_canary(content["key"]))
                if name == KEPT and content != {"key": value}:
                    manager.update_secret(secret(KEPT, key=value))


_CAPABILITY = {
    "list": Capability.LIST,
    "read": Capability.READ,
    "register": Capability.REGISTER,
    "change": Capability.UPDATE,
    "delete": Capability.DELETE,
}


def _verb(manager: SecretsManager, verb: str, name: str, value: str) -> Callable[[], object]:
    acts: dict[str, Callable[[], object]] = {
        "list": manager.list_secrets,
        "read": lambda: manager.get_secret(name),
        "register": lambda: manager.register_secret(secret(name, key=value)),
        "change": lambda: manager.merge_secret(name, {"key": value}),
        "delete": lambda: manager.delete_secret(name),
    }
    return acts[verb]


def seed(open_manager: Callable[[], SecretsManager], name: str, value: str) -> None:
    """Bring a secret into a place through its manager, in the place of what is there."""
    manager = open_manager()
    if name in manager.list_secrets():
        manager.delete_secret(name)
    manager.register_secret(secret(name, key=value))
