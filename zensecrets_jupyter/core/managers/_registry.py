"""Which flavors of secrets manager are known, by their ``FLAVOR``."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.errors import FlavorUnavailableError, ManagerError, UnknownFlavorError
from zensecrets_jupyter.core.names import did_you_mean, told
from zensecrets_jupyter.core.registry import Registry

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers.interface import SecretsManager

ENTRY_POINTS = "zensecrets_jupyter.secrets_managers.v1"
"""The group in which a package names its flavors: ``flavor = "module:Class"``."""


class _BuiltIn(NamedTuple):
    module: str
    class_name: str
    summary: str
    extra: str = ""

    @property
    def install(self) -> str:
        """The command that installs what the flavor needs besides this package; empty if it needs nothing."""
        return f'pip install "zensecrets-jupyter[{self.extra}]"' if self.extra else ""


BUILT_IN: dict[str, _BuiltIn] = {
    "aws": _BuiltIn("zensecrets_jupyter.core.managers.aws", "AwsSecretsManager", "AWS Secrets Manager", extra="aws"),
    "azure": _BuiltIn("zensecrets_jupyter.core.managers.azure", "AzureSecretsManager", "Azure Key Vault", extra="azure"),
    "dotenv": _BuiltIn("zensecrets_jupyter.core.managers.dotenv", "DotenvSecretsManager", "an .env file; it only reads"),
    "env": _BuiltIn("zensecrets_jupyter.core.managers.env", "EnvSecretsManager", "environment variables of this process; it only reads"),
    "gcp": _BuiltIn("zensecrets_jupyter.core.managers.gcp", "GcpSecretsManager", "Google Cloud Secret Manager", extra="gcp"),
    "github": _BuiltIn(
        "zensecrets_jupyter.core.managers.github",
        "GithubSecretsManager",
        "the Actions secrets of a GitHub repository; write-only",
        extra="github",
    ),
    "keyring": _BuiltIn("zensecrets_jupyter.core.managers.keyring", "KeyringSecretsManager", "the keyring of the operating system"),
    "local": _BuiltIn(
        "zensecrets_jupyter.core.managers.local", "LocalSecretsManager", "an encrypted SQLite file on this machine; the default"
    ),
    "memory": _BuiltIn("zensecrets_jupyter.core.managers.memory", "MemorySecretsManager", "the memory of this process; for tests"),
    "sql": _BuiltIn(
        "zensecrets_jupyter.core.managers.sql", "SqlServerSecretsManager", "sealed tables on a PostgreSQL server, for a team", "sql"
    ),
    "vault": _BuiltIn("zensecrets_jupyter.core.managers.vault", "VaultSecretsManager", "HashiCorp Vault, KV version 2", extra="vault"),
    "zenml": _BuiltIn(
        "zensecrets_jupyter.core.managers.zenml", "ZenmlSecretsManager", "a ZenML server, whose pipelines use them too", extra="zenml"
    ),
}


class Availability(NamedTuple):
    """Whether a flavor can be used here; if not, ``reason`` says why and what would mend it."""

    ok: bool
    reason: str = ""


def _clash(name: str, message: str, hint: str) -> ManagerError:
    return ManagerError(message, flavor=name, hint=hint)


def _unavailable(name: str, message: str, hint: str) -> FlavorUnavailableError:
    return FlavorUnavailableError(message, flavor=name, hint=hint)


_registry: Registry[SecretsManager] = Registry(
    "flavor of secrets manager",
    ENTRY_POINTS,
    {flavor: (found.module, found.class_name) for flavor, found in BUILT_IN.items()},
    clash=_clash,
    unavailable=_unavailable,
)


def add(manager: type[SecretsManager]) -> None:
    """Make a class known under its ``FLAVOR``; a class of the same name, defined again in a cell, replaces the earlier one.

    Raises:
        ManagerError: If the flavor belongs to a built-in one, to an installed one, or to another class.
    """
    _registry.add(manager.FLAVOR, manager)


def flavor_names() -> list[str]:
    """Return the names of all flavors, sorted.

    Raises:
        ManagerError: If a flavor is claimed twice.
    """
    return _registry.names()


def summary(flavor: str) -> str:
    """Return a few words on where the flavor keeps secrets."""
    if flavor in BUILT_IN:
        return BUILT_IN[flavor].summary
    distribution = _registry.distribution(flavor)
    return f"from {distribution}" if distribution else "defined in this process"


def install_command(flavor: str) -> str:
    """Return the command that installs what a built-in flavor needs; empty for one that needs nothing, or is not built in."""
    return BUILT_IN[flavor].install if flavor in BUILT_IN else ""


def is_installed(library: str) -> bool:
    """Tell whether a module of that name can be imported, without importing it."""
    try:
        return importlib.util.find_spec(library) is not None
    except (ModuleNotFoundError, ValueError):
        # The package that it would be in is not there, or somebody has ruled the module out.
        return False


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
        ManagerError: If the flavor is claimed twice.
    """
    try:
        found = _registry.find(flavor)
    except ImportError as error:
        if isinstance(error, FlavorUnavailableError):
            raise
        missing = error.name
    else:
        if found is not None:
            return found
        message = f"No flavor of secrets manager is called {told(flavor)}."
        hint = f"{did_you_mean(flavor, flavor_names())} The flavors are {', '.join(flavor_names())}."
        raise UnknownFlavorError(message, flavor=flavor, hint=hint.strip())
    message = f"Flavor {flavor!r} of secrets manager needs {missing}, which is not installed."
    raise FlavorUnavailableError(message, flavor=flavor, hint=f"Install it: {install_command(flavor)}")
