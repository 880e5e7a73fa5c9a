"""Registry of the classes of one kind, such as all schemas.

A class is built in, belongs to an installed package, or is defined in this process. Schemas, secrets managers and components have the same
rules. Listing names reads only the metadata of entry points. The names of built-in classes are reserved. If two packages register the same
name, an error names both packages. If a package can't be imported, an error is raised only when its class is requested.
"""

from __future__ import annotations

import importlib
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zensecrets_jupyter.core.errors import ZenSecretsError

RegisteredT = TypeVar("RegisteredT")

ErrorFactory: TypeAlias = "Callable[[str, str, str], ZenSecretsError]"
"""Function that returns an error for a class's name, a message and a hint."""


class Registry(Generic[RegisteredT]):
    """The classes of one kind, by name.

    The definition of a class registers it with :meth:`add`.
    """

    definitions: ClassVar[int] = 0
    """Number of registrations in all registries; caches that depend on classes compare it."""

    def __init__(
        self, label: str, group: str, built_in: Mapping[str, tuple[str, str]], *, clash: ErrorFactory, unavailable: ErrorFactory
    ) -> None:
        """Create the registry.

        Args:
            label: The name of the kind in messages.
            group: The entry-point group of other packages.
            built_in: Module and class name of the built-in classes, by name.
            clash: Creates the error for a name that is registered twice.
            unavailable: Creates the error for a class that can't be imported.
        """
        self._label = label
        self._group = group
        self._built_in = built_in
        self._clash = clash
        self._unavailable = unavailable
        self._defined: dict[str, type[RegisteredT]] = {}
        self._cached_entry_points: dict[str, list[EntryPoint]] | None = None

    def add(self, name: str, new_class: type[RegisteredT]) -> None:
        """Register a class.

        A class with the same module and qualified name is replaced, because a notebook cell may run again.

        Raises:
            ZenSecretsError: If the name belongs to another class: a built-in class, a class of a package, or a class of this process.
        """
        qualified_name = _qualified_name(new_class)
        earlier = self._defined.get(name)
        installed = None if name in self._built_in else self._installed(name)
        if self._built_in.get(name, qualified_name) != qualified_name:
            conflict = "is built in"
        elif installed is not None and (installed.module, installed.attr) != qualified_name:
            conflict = f"belongs to {_distribution(installed)!r}, which is installed"
        elif earlier is not None and _qualified_name(earlier) != qualified_name:
            conflict = f"belongs to {'.'.join(_qualified_name(earlier))} already"
        else:
            self._defined[name] = new_class
            Registry.definitions += 1
            return
        message = f"The {self._label} {name!r}, which {new_class.__qualname__} claims, {conflict}."
        raise self._clash(name, message, "Give the class another name there.")

    def names(self) -> list[str]:
        """Return all names, sorted, without importing their modules.

        Raises:
            ZenSecretsError: If a name is registered twice.
        """
        return sorted({*self._built_in, *filter(self._installed, self._entry_points()), *self._defined})

    def find(self, name: str) -> type[RegisteredT] | None:
        """Return the class with that name, or ``None``.

        Raises:
            ImportError: If a built-in class needs a library that is not installed.
            ZenSecretsError: If an installed class can't be imported or is of another kind, or if the name is registered twice.
        """
        defined = self._defined.get(name)
        if defined is not None:
            return defined
        if name in self._built_in:
            module, class_name = self._built_in[name]
            built_in: type[RegisteredT] = getattr(importlib.import_module(module), class_name)
            return built_in
        installed = self._installed(name)
        return None if installed is None else self._load(installed)

    def distribution(self, name: str) -> str | None:
        """Return the name of the installed package that registers the class, or ``None``."""
        installed = self._installed(name)
        return None if installed is None else _distribution(installed)

    def _entry_points(self) -> dict[str, list[EntryPoint]]:
        if self._cached_entry_points is None:
            by_name: dict[str, list[EntryPoint]] = {}
            for entry_point in entry_points(group=self._group):
                others = by_name.setdefault(entry_point.name, [])
                # A package that is installed in two folders of the path registers the same class twice.
                if entry_point.value not in {other.value for other in others}:
                    others.append(entry_point)
            self._cached_entry_points = by_name
        return self._cached_entry_points

    def _installed(self, name: str) -> EntryPoint | None:
        entry_points_of_name = self._entry_points().get(name, [])
        owners = ["zensecrets-jupyter"] * (name in self._built_in) + [_distribution(entry_point) for entry_point in entry_points_of_name]
        if entry_points_of_name and len(owners) > 1:
            message = f"The {self._label} {name!r} is claimed by {owners[0]!r} and by {owners[1]!r}."
            raise self._clash(name, message, "Uninstall one of the two.")
        return entry_points_of_name[0] if entry_points_of_name else None

    def _load(self, installed: EntryPoint) -> type[RegisteredT]:
        try:
            loaded: Any = installed.load()
        except Exception as error:  # noqa: BLE001 - the import of a package can raise any exception, which becomes an error of this package below
            problem = f"{type(error).__name__}: {error}"
        else:
            # The definition of a class registers it under its own name, which may differ from the name of the entry point.
            registered = self._defined.get(installed.name)
            if registered is not None and registered is loaded:
                return registered
            problem = f"{installed.value} is not a {self._label} with that name"
        message = f"The {self._label} {installed.name!r} of {_distribution(installed)!r} can't be used: {' '.join(problem.split())}."
        raise self._unavailable(installed.name, message, "Update or uninstall that package.")


def _qualified_name(defined: type) -> tuple[str, str]:
    return defined.__module__, defined.__qualname__


def _distribution(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else entry_point.value
