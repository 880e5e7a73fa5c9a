"""The registry of flavors of secrets managers: built-in, installed, and defined in this process."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.errors import FlavorUnavailableError, ManagerError, UnknownFlavorError
from zensecrets_jupyter.core.names import did_you_mean, quote_untrusted
from zensecrets_jupyter.core.registry import Registry

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers.backend import Backend

ENTRY_POINTS = "zensecrets_jupyter.secrets_managers.v2"
"""Entry point group of flavors: ``flavor = "module:BackendClass"``. ``v2`` is the version of the interface of backend classes."""


class _BuiltInFlavor(NamedTuple):
    """A built-in flavor: its backend class, its summary, and the extra of this package that installs its libraries."""

    module: str
    class_name: str
    summary: str
    extra: str = ""

    @property
    def install_command(self) -> str:
        """The command that installs the libraries of the flavor, or an empty text."""
        return f'pip install "zensecrets-jupyter[{self.extra}]"' if self.extra else ""


def _flavor(module: str, class_name: str, summary: str, extra: str = "") -> _BuiltInFlavor:
    """Return a built-in flavor. ``module`` is relative to the package of the backends."""
    return _BuiltInFlavor(f"zensecrets_jupyter.core.managers.backends.{module}", class_name, summary, extra)


BUILT_IN_FLAVORS: dict[str, _BuiltInFlavor] = {
    "aws": _flavor("remote.aws.backend", "AwsBackend", "AWS Secrets Manager", "aws"),
    "azure": _flavor("remote.azure.backend", "AzureBackend", "Azure Key Vault", "azure"),
    "dotenv": _flavor("dotenv", "DotenvBackend", "a .env file; read-only"),
    "env": _flavor("env", "EnvBackend", "environment variables of this process; read-only"),
    "gcp": _flavor("remote.gcp.backend", "GcpBackend", "Google Cloud Secret Manager", "gcp"),
    "github": _flavor("remote.github", "GithubBackend", "the Actions secrets of a GitHub repository; write-only", "github"),
    "keyring": _flavor("keyring", "KeyringBackend", "the keyring of the operating system"),
    "local": _flavor("sealed.local", "LocalBackend", "an encrypted SQLite file on this machine; the default"),
    "memory": _flavor("memory", "MemoryBackend", "the memory of this process; for tests"),
    "sql": _flavor("sealed.sql", "SqlBackend", "sealed tables on a PostgreSQL server, for a team", "sql"),
    "vault": _flavor("remote.vault.backend", "VaultBackend", "HashiCorp Vault, KV version 2", "vault"),
    "zenml": _flavor("remote.zenml.backend", "ZenmlBackend", "a ZenML server, shared with its pipelines", "zenml"),
}


class Availability(NamedTuple):
    """Whether a flavor can be used on this machine. If ``ok`` is false, ``reason`` states why, and how to install it."""

    ok: bool
    reason: str = ""


def _clash_error(name: str, message: str, hint: str) -> ManagerError:
    """Return the error for a second definition of a flavor."""
    return ManagerError(message, flavor=name, hint=hint)


def _unavailable_error(name: str, message: str, hint: str) -> FlavorUnavailableError:
    """Return the error for a flavor that cannot be imported."""
    return FlavorUnavailableError(message, flavor=name, hint=hint)


_registry: Registry[Backend] = Registry(
    "flavor of secrets manager",
    ENTRY_POINTS,
    {name: (flavor.module, flavor.class_name) for name, flavor in BUILT_IN_FLAVORS.items()},
    clash_error=_clash_error,
    unavailable_error=_unavailable_error,
)


def add(backend: type[Backend]) -> None:
    """Add a backend class to the registry, under its ``FLAVOR``. A class that is defined again in a cell replaces the earlier one.

    Raises:
        ManagerError: If another class has the flavor: a built-in class, an installed class, or a class of this process.
    """
    _registry.add(backend.FLAVOR, backend)


def flavor_names() -> list[str]:
    """Return the names of all flavors, sorted.

    Raises:
        ManagerError: If two packages define the same flavor.
    """
    return _registry.names()


def summary(flavor: str) -> str:
    """Return where a built-in flavor stores secrets, or where another flavor was defined, as a short text for users."""
    if flavor in BUILT_IN_FLAVORS:
        return BUILT_IN_FLAVORS[flavor].summary
    distribution = _registry.distribution(flavor)
    return f"from {distribution}" if distribution else "defined in this process"


def install_command(flavor: str) -> str:
    """Return the command that installs the libraries of a built-in flavor, or an empty text."""
    return BUILT_IN_FLAVORS[flavor].install_command if flavor in BUILT_IN_FLAVORS else ""


def is_installed(module: str) -> bool:
    """Return whether a module can be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):
        # The parent package is missing, or ``sys.modules`` has ``None`` for the module.
        return False


def availability(flavor: str) -> Availability:
    """Return whether the flavor can be used on this machine. If an import fails, the reason is the text of its error."""
    try:
        return get_flavor(flavor).availability()
    except FlavorUnavailableError as error:
        return Availability(ok=False, reason=str(error))


def get_flavor(flavor: str) -> type[Backend]:
    """Return the backend class of a flavor.

    Raises:
        UnknownFlavorError: If no flavor has that name.
        FlavorUnavailableError: If the module of the flavor, or a library that it needs, can't be imported.
        ManagerError: If two packages define the flavor.
    """
    try:
        backend_class = _registry.find(flavor)
    except ImportError as error:
        # FlavorUnavailableError is an ImportError. The registry raises it with a complete message.
        if isinstance(error, FlavorUnavailableError):
            raise
        # A built-in flavor needs a library that is not installed.
        missing_module = error.name
    else:
        if backend_class is not None:
            return backend_class
        message = f"There is no flavor {quote_untrusted(flavor)} of secrets manager."
        hint = f"{did_you_mean(flavor, flavor_names())} The flavors are {', '.join(flavor_names())}."
        raise UnknownFlavorError(message, flavor=flavor, hint=hint.strip())
    message = f"Flavor {flavor!r} of secrets manager needs {missing_module}, which is not installed."
    raise FlavorUnavailableError(message, flavor=flavor, hint=f"Install it: {install_command(flavor)}")
