"""Registry of the classes of one kind, such as all schemas.

There is one registry each for schemas, secrets managers and other components. A class is built in, belongs to an installed package, or is
defined in this process. Listing names reads only the metadata of entry points. The names of built-in classes are reserved. If two packages
register the same name, an error names both packages. If a package can't be imported, an error is raised only when its class is requested.
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

    definition_count: ClassVar[int] = 0
    """Number of registrations in all registries. A cache that depends on classes is outdated if this number has changed."""

    def __init__(
        self,
        label: str,
        entry_point_group: str,
        built_in_classes: Mapping[str, tuple[str, str]],
        *,
        clash_error: ErrorFactory,
        unavailable_error: ErrorFactory,
    ) -> None:
        """Create the registry.

        Args:
            label: The name of the kind in messages, such as ``schema``.
            entry_point_group: The entry-point group of other packages.
            built_in_classes: Module and class name of the built-in classes, by name.
            clash_error: Creates the error for a name that is registered twice.
            unavailable_error: Creates the error for a class that can't be imported.
        """
        self._label = label
        self._entry_point_group = entry_point_group
        self._built_in_classes = built_in_classes
        self._clash_error = clash_error
        self._unavailable_error = unavailable_error
        self._defined_classes: dict[str, type[RegisteredT]] = {}
        self._cached_entry_points: dict[str, list[EntryPoint]] | None = None

    def add(self, name: str, new_class: type[RegisteredT]) -> None:
        """Register a class.

        A class with the same module and qualified name is replaced, because a notebook cell may run again.

        Raises:
            ZenSecretsError: If the name belongs to another class: a built-in class, a class of a package, or a class of this process.
        """
        qualified_name = _qualified_name(new_class)
        earlier_class = self._defined_classes.get(name)
        # For a built-in name, _find_entry_point raises an error if a package claims it. The built-in class must stay usable then.
        entry_point = None if name in self._built_in_classes else self._find_entry_point(name)
        # The default ``qualified_name`` makes the condition false for a name that is not built in.
        if self._built_in_classes.get(name, qualified_name) != qualified_name:
            conflict = "is built in"
        elif entry_point is not None and (entry_point.module, entry_point.attr) != qualified_name:
            conflict = f"belongs to {_distribution_name(entry_point)!r}, which is installed"
        elif earlier_class is not None and _qualified_name(earlier_class) != qualified_name:
            conflict = f"belongs to {'.'.join(_qualified_name(earlier_class))} already"
        else:
            self._defined_classes[name] = new_class
            Registry.definition_count += 1
            return
        message = f"The {self._label} {name!r}, which {new_class.__qualname__} claims, {conflict}."
        raise self._clash_error(name, message, "Choose another name in the definition of the class.")

    def names(self) -> list[str]:
        """Return all names, sorted, without importing their modules.

        Raises:
            ZenSecretsError: If a name is registered twice.
        """
        # _find_entry_point raises the error for a name that is registered twice.
        installed_names = [name for name in self._entry_points() if self._find_entry_point(name) is not None]
        return sorted({*self._built_in_classes, *installed_names, *self._defined_classes})

    def find(self, name: str) -> type[RegisteredT] | None:
        """Return the class with that name, or ``None``.

        Raises:
            ImportError: If a built-in class needs a library that is not installed.
            ZenSecretsError: If an installed class can't be imported or is of another kind, or if the name is registered twice.
        """
        defined_class = self._defined_classes.get(name)
        if defined_class is not None:
            return defined_class
        if name in self._built_in_classes:
            module, class_name = self._built_in_classes[name]
            built_in_class: type[RegisteredT] = getattr(importlib.import_module(module), class_name)
            return built_in_class
        entry_point = self._find_entry_point(name)
        return None if entry_point is None else self._load(entry_point)

    def distribution(self, name: str) -> str | None:
        """Return the name of the installed package that registers the class, or ``None``."""
        entry_point = self._find_entry_point(name)
        return None if entry_point is None else _distribution_name(entry_point)

    def _entry_points(self) -> dict[str, list[EntryPoint]]:
        if self._cached_entry_points is None:
            by_name: dict[str, list[EntryPoint]] = {}
            for entry_point in entry_points(group=self._entry_point_group):
                entry_points_of_name = by_name.setdefault(entry_point.name, [])
                # A package that is installed in two folders of sys.path registers the same class twice.
                if entry_point.value not in {other.value for other in entry_points_of_name}:
                    entry_points_of_name.append(entry_point)
            self._cached_entry_points = by_name
        return self._cached_entry_points

    def _find_entry_point(self, name: str) -> EntryPoint | None:
        """Return the entry point of an installed class, or ``None``.

        Raises:
            ZenSecretsError: If the name is registered twice.
        """
        entry_points_of_name = self._entry_points().get(name, [])
        owners = [_distribution_name(entry_point) for entry_point in entry_points_of_name]
        if name in self._built_in_classes:
            owners.insert(0, "zensecrets-jupyter")
        if entry_points_of_name and len(owners) > 1:
            message = f"The {self._label} {name!r} is claimed by {owners[0]!r} and by {owners[1]!r}."
            raise self._clash_error(name, message, "Uninstall one of the two.")
        return entry_points_of_name[0] if entry_points_of_name else None

    def _load(self, entry_point: EntryPoint) -> type[RegisteredT]:
        """Import an installed class and return it; raise an error if that is not possible."""
        try:
            loaded: Any = entry_point.load()
        except Exception as error:  # noqa: BLE001 - the import of a package can raise any exception, which becomes an error of this package below
            problem = f"{type(error).__name__}: {error}"
        else:
            # The definition of a class registers it under its own name, which may differ from the name of the entry point.
            defined_class = self._defined_classes.get(entry_point.name)
            if defined_class is not None and defined_class is loaded:
                return defined_class
            problem = f"{entry_point.value} is not a {self._label} with that name"
        problem = " ".join(problem.split())
        message = f"The {self._label} {entry_point.name!r} of {_distribution_name(entry_point)!r} can't be used: {problem}."
        raise self._unavailable_error(entry_point.name, message, "Update or uninstall that package.")


def _qualified_name(registered_class: type) -> tuple[str, str]:
    return registered_class.__module__, registered_class.__qualname__


def _distribution_name(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else entry_point.value
