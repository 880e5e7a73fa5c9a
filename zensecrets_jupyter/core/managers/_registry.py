"""Which flavors of secrets manager there are: the built-in ones, those of installed packages, and classes defined in this process.

Listing them imports nothing but the entry points' metadata. The built-in names are reserved.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

from zensecrets_jupyter.core.errors import FlavorUnavailableError, ManagerError, UnknownFlavorError
from zensecrets_jupyter.core.managers.interface import Availability, SecretsManager
from zensecrets_jupyter.core.names import did_you_mean

ENTRY_POINTS = "zensecrets_jupyter.secrets_managers.v1"
"""The group in which a package names its flavors: ``flavor = "module:Class"``."""


class _BuiltIn(NamedTuple):
    module: str
    class_name: str
    summary: str
    install: str = ""


BUILT_IN: dict[str, _BuiltIn] = {
    "local": _BuiltIn(
        "zensecrets_jupyter.core.managers.local", "LocalSecretsManager", "an encrypted SQLite file on this machine; the default"
    ),
    "memory": _BuiltIn("zensecrets_jupyter.core.managers.memory", "MemorySecretsManager", "the memory of this process; for tests"),
}


@cache
def _plugins() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=ENTRY_POINTS):
        first = "zensecrets-jupyter" if point.name in BUILT_IN else found[point.name].value if point.name in found else ""
        if first and (point.name in BUILT_IN or first != point.value):
            second = point.dist.name if point.dist else point.value
            message = f"The flavor {point.name!r} of secrets manager is claimed by {first!r} and by {second!r}."
            raise ManagerError(message, flavor=point.name, hint="Uninstall one of the two.")
        found[point.name] = point
    return found


def _defined() -> dict[str, type[SecretsManager]]:
    found: dict[str, type[SecretsManager]] = {}
    waiting = list(SecretsManager.__subclasses__())
    while waiting:
        manager = waiting.pop(0)
        waiting.extend(manager.__subclasses__())
        if "FLAVOR" in manager.__dict__ and manager.FLAVOR and manager.FLAVOR not in BUILT_IN:
            found[manager.FLAVOR] = manager
    return found


def flavors() -> list[str]:
    """Return the names of all flavors, sorted.

    Raises:
        ManagerError: If two installed packages claim one name.
    """
    return sorted({*BUILT_IN, *_plugins(), *_defined()})


def summary(flavor: str) -> str:
    """Return a few words on where the flavor keeps secrets."""
    if flavor in BUILT_IN:
        return BUILT_IN[flavor].summary
    plugin = _plugins().get(flavor)
    return f"from {plugin.dist.name}" if plugin and plugin.dist else "defined in this process"


def availability(flavor: str) -> Availability:
    """Tell whether the flavor can be used here; one whose import fails is unavailable, with the reason."""
    try:
        return get_flavor(flavor).availability()
    except FlavorUnavailableError as error:
        return Availability(ok=False, reason=str(error))


def get_flavor(flavor: str) -> type[SecretsManager]:
    """Return the class of that flavor.

    Raises:
        UnknownFlavorError: If nobody defines it.
        FlavorUnavailableError: If its module, or a library that it needs, can't be imported.
    """
    built_in = BUILT_IN.get(flavor)
    if built_in:
        try:
            found: Any = getattr(importlib.import_module(built_in.module), built_in.class_name)
        except ImportError as error:
            message = f"Flavor {flavor!r} of secrets manager needs {error.name}, which is not installed."
            raise FlavorUnavailableError(message, flavor=flavor, hint=f"Install it: {built_in.install}") from None
        return _checked(flavor, found)
    plugin = _plugins().get(flavor)
    if plugin:
        return _checked(flavor, _load(flavor, plugin))
    defined = _defined()
    if flavor in defined:
        return defined[flavor]
    message = f"No flavor of secrets manager is called {flavor!r}."
    hint = f"{did_you_mean(flavor, flavors())} The flavors are {', '.join(flavors())}."
    raise UnknownFlavorError(message, flavor=flavor, hint=hint.strip())


def _load(flavor: str, plugin: EntryPoint) -> Any:
    try:
        return plugin.load()
    except Exception as error:  # noqa: BLE001 - a plug-in's import can raise anything, and is told as our own error below
        problem = f"{type(error).__name__}: {error}"
    message = f"Flavor {flavor!r} of secrets manager can't be imported ({problem})."
    raise FlavorUnavailableError(message, flavor=flavor, hint="Update or uninstall its package.")


def _checked(flavor: str, found: Any) -> type[SecretsManager]:
    if isinstance(found, type) and issubclass(found, SecretsManager) and flavor == found.FLAVOR:
        return found
    message = f"What is installed as flavor {flavor!r} is no SecretsManager with that FLAVOR."
    raise FlavorUnavailableError(message, flavor=flavor, hint="Update or uninstall its package.")
