"""Which classes of one kind are known: built-in ones, those of installed packages, and those that are defined in this process.

One rule for schemas, secrets managers and components: naming them imports nothing but entry points' metadata; the names of built-in
classes are reserved; a name that is claimed twice is an error that names both; a package that can't be imported is an error only for who
asks for its class.
"""

from __future__ import annotations

import importlib
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zensecrets_jupyter.core.errors import ZenSecretsError

ClassT = TypeVar("ClassT")

MakeError: TypeAlias = "Callable[[str, str, str], ZenSecretsError]"
"""Makes an error of the class's name, what is wrong, and the hint."""


class Registry(Generic[ClassT]):
    """The classes of one kind, by name. A class makes itself known when it is defined, by :meth:`add`."""

    definitions: ClassVar[int] = 0
    """How often a class of any kind was made known: who keeps something that was made of classes looks whether it grew."""

    def __init__(self, what: str, group: str, built_in: Mapping[str, tuple[str, str]], *, clash: MakeError, unavailable: MakeError) -> None:
        """Know the ``built_in`` classes, each by its module and name, and what packages name in the ``group`` of entry points.

        ``what`` is what messages call such a class; ``clash`` and ``unavailable`` make the errors for a name that is claimed twice and
        for a class that can't be imported.
        """
        self._what = what
        self._group = group
        self._built_in = built_in
        self._clash = clash
        self._unavailable = unavailable
        self._defined: dict[str, type[ClassT]] = {}
        self._named: dict[str, list[EntryPoint]] | None = None

    def add(self, name: str, defined: type[ClassT]) -> None:
        """Make a class known; one of the same module and name, defined again in a cell, replaces the earlier one.

        Raises:
            ZenSecretsError: If the name belongs to a built-in class, to an installed one, or to another class.
        """
        place = _place(defined)
        present = self._defined.get(name)
        installed = None if name in self._built_in else self._installed(name)
        if self._built_in.get(name, place) != place:
            owner = "is built in"
        elif installed is not None and (installed.module, installed.attr) != place:
            owner = f"belongs to {_distribution(installed)!r}, which is installed"
        elif present is not None and _place(present) != place:
            owner = f"belongs to {'.'.join(_place(present))} already"
        else:
            self._defined[name] = defined
            Registry.definitions += 1
            return
        message = f"The {self._what} {name!r}, which {defined.__qualname__} claims, {owner}."
        raise self._clash(name, message, "Give the class another name there.")

    def names(self) -> list[str]:
        """Return every name that is known here, sorted; nothing is imported for it.

        Raises:
            ZenSecretsError: If a name is claimed twice.
        """
        return sorted({*self._built_in, *filter(self._installed, self._points()), *self._defined})

    def find(self, name: str) -> type[ClassT] | None:
        """Return the class of that name, or ``None`` if nobody names one.

        Raises:
            ImportError: If a built-in class needs a library that is not installed.
            ZenSecretsError: If an installed one can't be imported or is none, or if the name is claimed twice.
        """
        defined = self._defined.get(name)
        if defined is not None:
            return defined
        if name in self._built_in:
            module, class_name = self._built_in[name]
            built_in: type[ClassT] = getattr(importlib.import_module(module), class_name)
            return built_in
        installed = self._installed(name)
        return None if installed is None else self._load(installed)

    def distribution(self, name: str) -> str | None:
        """Return what the installed package is called that names a class so; ``None`` if none does."""
        installed = self._installed(name)
        return None if installed is None else _distribution(installed)

    def _points(self) -> dict[str, list[EntryPoint]]:
        if self._named is None:
            found: dict[str, list[EntryPoint]] = {}
            for point in entry_points(group=self._group):
                others = found.setdefault(point.name, [])
                # A package that is installed twice, say in two folders of the path, names the same.
                if point.value not in {other.value for other in others}:
                    others.append(point)
            self._named = found
        return self._named

    def _installed(self, name: str) -> EntryPoint | None:
        points = self._points().get(name, [])
        owners = ["zensecrets-jupyter"] * (name in self._built_in) + [_distribution(point) for point in points]
        if points and len(owners) > 1:
            message = f"The {self._what} {name!r} is claimed by {owners[0]!r} and by {owners[1]!r}."
            raise self._clash(name, message, "Uninstall one of the two.")
        return points[0] if points else None

    def _load(self, installed: EntryPoint) -> type[ClassT]:
        try:
            loaded: Any = installed.load()
        except Exception as error:  # noqa: BLE001 - a package's import can raise anything, and is told as our own error below
            problem = f"{type(error).__name__}: {error}"
        else:
            # It has made itself known under its own name, when it was defined.
            found = self._defined.get(installed.name)
            if found is not None and found is loaded:
                return found
            problem = f"{installed.value} is no {self._what} of that name"
        message = f"The {self._what} {installed.name!r} of {_distribution(installed)!r} can't be used: {' '.join(problem.split())}."
        raise self._unavailable(installed.name, message, "Update or uninstall that package.")


def _place(defined: type) -> tuple[str, str]:
    return defined.__module__, defined.__qualname__


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
