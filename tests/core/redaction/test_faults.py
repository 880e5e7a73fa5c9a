"""Fault injection into each function of the redactor: no fault shows unredacted text or raises an error for the caller."""

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

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.


class InjectedFaultError(Exception):
    """The error that a function with an injected fault raises."""


class Target(NamedTuple):
    """A function into which a fault can be injected.

    Attributes:
        owner: The module or class with the function.
        name: The name of the function.
        wrapper: The type of a property, a class method or a static method; ``None`` for other functions.
    """

    owner: Any
    name: str
    wrapper: type | None

    @property
    def code(self) -> CodeType:
        """The code of the function."""
        code: CodeType = _function_of(vars(self.owner)[self.name]).__code__
        return code

    def __str__(self) -> str:
        """Return the names of the module, the class and the function."""
        if inspect.ismodule(self.owner):
            return f"{self.owner.__name__}.{self.name}"
        return f"{self.owner.__module__}.{self.owner.__qualname__}.{self.name}"


def _function_of(member: Any) -> Any:
    """Return the function of a property, a class method or a static method. Other objects are returned unchanged."""
    return getattr(member, "fget", None) or getattr(member, "__func__", member)


ENTRY_POINTS = {
    *(
        f"Redactor.{name}"
        for name in ("__init__", "protect", "redact", "redact_bytes", "redact_tree", "json_may_contain_value", "stream", "find")
    ),
    *("StreamRedactor.__init__", "StreamRedactor.feed", "StreamRedactor.release", "RedactingFilter.__init__", "RedactingFilter.filter"),
    "mask_record",
}
"""The functions that front ends call. No fault is injected into them here.

A fault in one of them reaches the front end. The tests of the front ends cover this.
"""
UNUSED_MODULES = {"encoders", "environment", "choices", "credential_fragments", "reasons", "variable_names"}
"""Modules of the package that the redactor does not use.

They are for tests and for environment variables.
"""


def modules() -> list[ModuleType]:
    """Import and return the modules that the redactor uses."""
    names = [module.name for module in pkgutil.walk_packages(redaction.__path__, f"{redaction.__name__}.")]
    return [importlib.import_module(name) for name in names if name.rsplit(".", 1)[-1] not in UNUSED_MODULES]


def targets() -> Iterator[Target]:
    """Yield each function, method and property of the modules, except the entry points."""
    for module in modules():
        for name, member in vars(module).items():
            if getattr(member, "__module__", "") != module.__name__:
                continue  # The module imports this object from another module.
            if inspect.isfunction(member) and name not in ENTRY_POINTS:
                yield Target(module, name, None)
            elif inspect.isclass(member):
                yield from _methods(member, str(module.__file__))


def _methods(owner: type, file: str) -> Iterator[Target]:
    """Yield each method and property of a class that is defined in ``file``."""
    for name, member in vars(owner).items():
        function = _function_of(member)
        # The methods that NamedTuple generates have another file name.
        is_in_file = inspect.isfunction(function) and function.__code__.co_filename == file
        if is_in_file and f"{owner.__name__}.{name}" not in ENTRY_POINTS:
            yield Target(owner, name, None if function is member else type(member))


TARGETS = list(targets())


def inject_fault(patch: pytest.MonkeyPatch, target: Target) -> list[str]:
    """Replace the function of ``target`` by one that raises, in all modules that import it.

    Returns:
        A list to which each call of the replacement adds an item.
    """
    calls: list[str] = []

    def fail(*_: object, **__: object) -> None:
        calls.append(target.name)
        raise InjectedFaultError

    original = vars(target.owner)[target.name]
    patch.setattr(target.owner, target.name, target.wrapper(fail) if target.wrapper else fail)
    if target.wrapper is None:
        for module in modules():
            for name, member in list(vars(module).items()):
                if member is original:
                    patch.setattr(module, name, fail)
                elif isinstance(member, dict):
                    # Some modules have a table of functions.
                    for key in [key for key, function in member.items() if function is original]:
                        patch.setitem(member, key, fail)
    return calls


CANARIES = {"plain": canary("plain"), "special": canary("special"), "url": canary("url")}
VALUES = {
    "plain": CANARIES["plain"],
    "special": f"\"'\\é&<\n\U0001f600{CANARIES['special']}",
    "url": f"https://u:{CANARIES['url']}@h/",
    "long": CANARIES["plain"][::-1] * 3 + CANARIES["plain"],
}
"""The protected values. Each contains a canary.

In the value ``long``, three reversed copies of a canary stand before the canary, so that only its end is a canary.
"""
ENDS = [value[-14:] for value in CANARIES.values()]
"""The last characters of each canary, which must never be shown.

A stream may show the beginning of a value.
"""

_ENCODINGS = (
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
"""Names of encoders, one for each decoder."""
ENCODED = {value: [ENCODERS[name](value) for name in _ENCODINGS] for value in VALUES.values()}
"""The texts of a value in these encodings, by the value."""


def redact_everywhere(redactor: Redactor) -> Iterator[Any]:
    """Yield the results of the entry points of the redactor for data with values."""
    for value in VALUES.values():
        for text in (value, f"\x1b[1m{value}\x1b[0m", f"{value[:-3]}…", " ".join(ENCODED[value])):
            yield redactor.redact(f"a {text} b")
        yield redactor.redact_bytes(f"a {value} b".encode()).decode("utf-8", "replace")
        # A front end sends a message without redaction if json_may_contain_value() returns false for it.
        colored = f"{value[:9]}\x1b[1m{value[9:]}"
        yield redactor.redact(colored) if redactor.json_may_contain_value(json.dumps(colored).encode()) else colored
        tree = {"key": [f"a {value}", {value: 1}, (value.encode(),)]}
        yield repr(redactor.redact_tree(tree) if redactor.json_may_contain_value(json.dumps({"text": value}).encode()) else tree)
        for position in (3, 9, 15, len(value) - 4):
            stream = redactor.stream()
            output = stream.feed(f"a {value[:position]}") + stream.feed(value[position:]) + stream.release()
            yield output + stream.feed(" b") + stream.release()
            # In the second stream, a pause separates the two chunks.
            stream = redactor.stream()
            yield stream.feed(value[:position]) + stream.release() + stream.feed(value[position:]) + stream.release()
        yield redact_record(redactor, value)


def redact_record(redactor: Redactor, value: str) -> str:
    """Return the attributes and the formatted text of a log record that contains ``value``, after the filter."""
    error = (ValueError, ValueError(value), None)
    # The level 20 is INFO. The file name and the line number are arbitrary.
    record = logging.getLogger("faults").makeRecord("faults", 20, "file", 1, "%s said", (value,), error, extra={"sent": {"body": value}})
    record.stack_info = f"stack {value}"
    if not RedactingFilter(redactor).filter(record):
        return "dropped"
    return repr(vars(record)) + logging.Formatter().format(record)


@pytest.mark.parametrize("is_indexed", [False, True], ids=["new", "indexed"])
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_fault_shows_no_value(monkeypatch: pytest.MonkeyPatch, target: Target, *, is_indexed: bool) -> None:
    """If one function fails before or after the values are indexed, no entry point raises or shows a value."""
    redactor = Redactor()
    if is_indexed:
        for name, value in VALUES.items():
            redactor.protect(value, f"a.{name}")
        # After a long text, the redactor indexes the values. The stream then searches for the beginnings of values.
        redactor.redact("." * 100_000)
        redactor.stream().feed("." * 100 + VALUES["plain"][:5])
    calls = inject_fault(monkeypatch, target)
    for name, value in VALUES.items():
        assert redactor.protect(value, f"a.{name}")
    for output in redact_everywhere(redactor):
        assert find_canary(output, *ENDS) == [], (target, calls)


@pytest.mark.parametrize("name", ["search.Search.find", "pattern.patterns_of", "masks.mask_matches", "redactor.Redactor.count"])
def test_text_that_can_not_be_searched_is_replaced(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """If the search fails, the whole text is replaced by a notice, and the next search works again."""
    target = next(target for target in TARGETS if str(target).endswith(f".{name}"))
    redactor = Redactor()
    redactor.protect(VALUES["plain"], "a.plain")
    with monkeypatch.context() as patch:
        calls = inject_fault(patch, target)
        stream = redactor.stream()
        assert redactor.redact(VALUES["plain"]) == FAILED
        assert redactor.redact_bytes(VALUES["plain"].encode()) == FAILED.encode()
        # The stream also returns a text, such as the notice.
        assert stream.feed(VALUES["plain"][:9] + "\n") + stream.feed(VALUES["plain"]) + stream.release()
        assert calls
    assert redactor.redact(VALUES["plain"]) == redaction.mask_text("a.plain")
    assert redactor.json_may_contain_value(VALUES["plain"].encode())


def test_most_functions_are_called() -> None:
    """The entry points call at least 80 % of the functions, so that most injected faults have an effect."""
    called_code: set[CodeType] = set()

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called_code.add(frame.f_code)

    sys.setprofile(profile)
    try:
        redactor = Redactor()
        for name, value in VALUES.items():
            redactor.protect(value, f"a.{name}")
            redactor.redact("." * 100_000)
        for _ in redact_everywhere(redactor):
            pass
        assert redactor.size
        assert redactor.names
        assert redactor.protected_values()
        assert not redactor.unmaskable
    finally:
        sys.setprofile(None)
    missed_functions = {str(target) for target in TARGETS if target.code not in called_code}
    assert len(missed_functions) < len(TARGETS) * 0.2, "\n".join(sorted(missed_functions))


def test_arguments_of_a_wrong_type_are_replaced() -> None:
    """An argument of a wrong type does not raise. The result is the notice.

    The result of ``json_may_contain_value()`` is true, so that the message is redacted.
    """
    redactor = Redactor()
    redactor.protect(VALUES["plain"], "a.plain")
    no_text: Any = object()  # An argument that is neither a text nor bytes.
    assert redactor.redact(no_text) == FAILED
    assert redactor.redact_bytes(no_text) == FAILED.encode()
    assert redactor.json_may_contain_value(no_text) is True
    assert redactor.stream().feed(no_text) == FAILED
    # This list contains itself.
    endless_tree: list[Any] = [VALUES["plain"]]
    endless_tree.append(endless_tree)
    assert str(redactor.redact_tree(endless_tree)) == FAILED
