"""A fault in any function of the redactor: what can't be looked through is not shown, and nothing is raised to who shows it."""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import pkgutil
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from zensecrets_jupyter.core import redaction
from zensecrets_jupyter.core.redaction import FAILED, RedactingFilter, Redactor
from zensecrets_jupyter.core.redaction.encoders import ENCODERS
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType, ModuleType

pytestmark = pytest.mark.once


class InjectedFaultError(Exception):
    """What a function raises instead of doing its work."""


class Place(NamedTuple):
    """A function: what holds it, under which name, and how it is called."""

    owner: Any
    name: str
    kind: type | None

    @property
    def code(self) -> CodeType:
        """What the function runs."""
        code: CodeType = _function_of(vars(self.owner)[self.name]).__code__
        return code

    def __str__(self) -> str:
        """Return the module and the name."""
        return f"{getattr(self.owner, '__module__', self.owner.__name__)}.{getattr(self.owner, '__qualname__', '')}.{self.name}"


def _function_of(member: Any) -> Any:
    """Return the function behind a property, a class method or a static method."""
    return getattr(member, "fget", None) or getattr(member, "__func__", member)


ENTRIES = {
    *(
        f"Redactor.{name}"
        for name in ("__init__", "protect", "redact", "redact_bytes", "redact_tree", "json_may_contain_value", "stream", "find")
    ),
    *("StreamRedactor.__init__", "StreamRedactor.feed", "StreamRedactor.release", "RedactingFilter.__init__", "RedactingFilter.filter"),
    "mask_record",
}
"""What a face calls: if such a function itself were broken, there would be nothing to show."""


UNUSED = {"encoders", "environment", "choices", "credential_fragments", "reasons", "variable_names"}
"""Modules for tests, and for what the environment holds."""


def modules() -> list[ModuleType]:
    """Return all modules of the package and of those in it that a redactor uses."""
    inside = pkgutil.walk_packages(redaction.__path__, f"{redaction.__name__}.")
    return [importlib.import_module(module.name) for module in inside if module.name.rsplit(".", 1)[-1] not in UNUSED]


def places() -> Iterator[Place]:
    """Yield every function and every method of the package, properties and class methods too."""
    for module in modules():
        for name, thing in vars(module).items():
            if inspect.isfunction(thing) and thing.__module__ == module.__name__ and name not in ENTRIES:
                yield Place(module, name, None)
            elif inspect.isclass(thing) and thing.__module__ == module.__name__:
                for inner, member in vars(thing).items():
                    function = _function_of(member)
                    # What a NamedTuple brings along was written elsewhere.
                    ours = inspect.isfunction(function) and function.__code__.co_filename == module.__file__
                    if ours and f"{name}.{inner}" not in ENTRIES:
                        yield Place(thing, inner, None if function is member else type(member))


PLACES = list(places())


def break_it(patch: pytest.MonkeyPatch, place: Place) -> list[str]:
    """Let a function raise wherever it is used, and return a list that grows with each call."""
    calls: list[str] = []

    def fail(*_: object, **__: object) -> None:
        calls.append(place.name)
        raise InjectedFaultError

    original = vars(place.owner)[place.name]
    patch.setattr(place.owner, place.name, place.kind(fail) if place.kind else fail)
    if place.kind is None:
        for module in modules():
            for name, thing in list(vars(module).items()):
                if thing is original:
                    patch.setattr(module, name, fail)
                elif isinstance(thing, dict) and any(inner is original for inner in thing.values()):
                    for key, inner in thing.items():
                        if inner is original:
                            patch.setitem(thing, key, fail)
    return calls


CANARIES = {"plain": canary("plain"), "nasty": canary("nasty"), "url": canary("url")}
VALUES = {
    "plain": CANARIES["plain"],
    "nasty": f"\"'\\é&<\n\U0001f600{CANARIES['nasty']}",
    "url": f"https://u:{CANARIES['url']}@h/",
    "token": CANARIES["plain"][::-1] * 3 + CANARIES["plain"],
}
ENDS = [value[-14:] for value in CANARIES.values()]
"""What must not be seen, whole or in pieces; a stream may show the beginning of a value."""


_TRIED = (
    "plain",
    "repr",
    "JSON",
    "HTML",
    "URL",
    "base64",
    "hexadecimal",
    "list of bytes",
    "xxd",
    "quoted-printable",
    "base32",
    "adjacent literals",
)
"""An encoder for each decoder; what stops one is in each."""
WRITTEN = {value: [ENCODERS[name](value) for name in _TRIED] for value in VALUES.values()}


def shown_by_all(redactor: Redactor) -> Iterator[Any]:
    """Yield what the redactor lets through of texts with values, by each of its entries."""
    for value in VALUES.values():
        for text in (value, f"\x1b[1m{value}\x1b[0m", f"{value[:-3]}…", " ".join(WRITTEN[value])):
            yield redactor.redact(f"a {text} b")
        coloured = f"{value[:9]}\x1b[1m{value[9:]}"
        yield redactor.redact(coloured) if redactor.json_may_contain_value(json.dumps(coloured).encode()) else f"untouched: {value}"
        yield redactor.redact_bytes(f"a {value} b".encode()).decode("utf-8", "replace")
        tree = {"key": [f"a {value}", {value: 1}, (value.encode(),)]}
        if redactor.json_may_contain_value(json.dumps({"text": value}).encode()):
            yield repr(redactor.redact_tree(tree))
        else:
            yield f"untouched: {value}"
        for position in (3, 9, 15, len(value) - 4):
            stream = redactor.stream()
            yield (
                stream.feed(f"a {value[:position]}")
                + stream.feed(value[position:])
                + stream.release()
                + stream.feed(" b")
                + stream.release()
            )
            stream = redactor.stream()
            yield stream.feed(value[:position]) + stream.release() + stream.feed(value[position:]) + stream.release()
        yield logged(redactor, value)


def logged(redactor: Redactor, value: str) -> str:
    """Return all that a record holds, in every one of its attributes, after it passed the filter."""
    error = (ValueError, ValueError(value), None)
    record = logging.getLogger("faults").makeRecord("faults", 20, "file", 1, "%s said", (value,), error, extra={"sent": {"body": value}})
    record.stack_info = f"stack {value}"
    if not RedactingFilter(redactor).filter(record):
        return "dropped"
    return repr(vars(record)) + logging.Formatter().format(record)


@pytest.mark.parametrize("settled", [False, True], ids=["new", "settled"])
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_fault_shows_nothing(monkeypatch: pytest.MonkeyPatch, place: Place, *, settled: bool) -> None:
    """With any one function failing, before or after values were worked out, no entry raises or lets a value through."""
    redactor = Redactor()
    if settled:
        for name, value in VALUES.items():
            redactor.protect(value, f"a.{name}")
        redactor.redact("." * 100_000)
        stream = redactor.stream()
        stream.feed("." * 100 + VALUES["plain"][:5])
    calls = break_it(monkeypatch, place)
    for name, value in VALUES.items():
        assert redactor.protect(value, f"a.{name}")
    for shown in shown_by_all(redactor):
        assert find_canary(shown, *ENDS) == [], (place, calls)


@pytest.mark.parametrize("name", ["search.Search.find", "pattern.patterns_of", "masks.mask_matches", "redactor.Redactor.count"])
def test_what_could_not_be_looked_through_says_so(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Instead of the text there is a mark that says that redaction failed, and afterwards the redactor works again."""
    place = next(place for place in PLACES if str(place).endswith(name.rsplit(".", 1)[-1]) and name.split(".", 1)[0] in str(place))
    redactor = Redactor()
    redactor.protect(VALUES["plain"], "a.plain")
    with monkeypatch.context() as patch:
        calls = break_it(patch, place)
        stream = redactor.stream()
        assert redactor.redact(VALUES["plain"]) == FAILED
        assert redactor.redact_bytes(VALUES["plain"].encode()) == FAILED.encode()
        assert stream.feed(VALUES["plain"][:9] + "\n") + stream.feed(VALUES["plain"]) + stream.release()
        assert calls
    assert redactor.redact(VALUES["plain"]) == redaction.mask_text("a.plain")
    assert redactor.json_may_contain_value(VALUES["plain"].encode())


def test_the_faults_reach_the_functions() -> None:
    """Most functions are called on the way, so that a fault in them is one."""
    called: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    sys.setprofile(note)
    try:
        redactor = Redactor()
        for name, value in VALUES.items():
            redactor.protect(value, f"a.{name}")
            redactor.redact("." * 100_000)
        for _ in shown_by_all(redactor):
            pass
        assert redactor.size
        assert redactor.names
        assert redactor.protected_values()
        assert not redactor.unmaskable
    finally:
        sys.setprofile(None)
    missed = {str(place) for place in PLACES if place.code not in called}
    assert len(missed) < len(PLACES) * 0.2, "\n".join(sorted(missed))


def test_what_is_no_text_is_not_shown() -> None:
    """Whatever it is given, it does not raise."""
    redactor = Redactor()
    redactor.protect(VALUES["plain"], "a.plain")
    nothing: Any = object()
    assert redactor.redact(nothing) == FAILED
    assert redactor.redact_bytes(nothing) == FAILED.encode()
    assert redactor.json_may_contain_value(nothing) is True
    assert redactor.stream().feed(nothing) == FAILED
    loop: list[Any] = [VALUES["plain"]]
    loop.append(loop)
    assert str(redactor.redact_tree(loop)) == FAILED
