"""Secrets, stacks and references of ZenML's 0.20 generation, in notebooks: values never reach an output, a file or a log.

``%load_ext zensecrets_jupyter`` brings the magics; this module is the whole API for Python. Nothing is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.core.client import Client
    from zensecrets_jupyter.core.errors import (
        ArtifactError,
        ComponentExistsError,
        ComponentNotFoundError,
        FlavorUnavailableError,
        InteractionCancelledError,
        InteractionUnavailableError,
        InvalidComponentError,
        InvalidOptionsError,
        InvalidReferenceError,
        InvalidSecretError,
        InvalidStackError,
        KeyLostError,
        ManagerAccessError,
        ManagerCorruptedError,
        ManagerError,
        ManagerLockedError,
        ManagerUnreachableError,
        MaterializerInterfaceError,
        NoSecretsManagerError,
        NotInStackError,
        PackageChangedError,
        RunNotFoundError,
        SchemaError,
        SecretError,
        SecretExistsError,
        SecretKeyNotFoundError,
        SecretNotFoundError,
        SettingsError,
        StackError,
        StackExistsError,
        StackNotFoundError,
        StackValidationError,
        StepContextError,
        StepInterfaceError,
        StoreFullError,
        StoreTooNewError,
        UnknownFlavorError,
        UnreadableFileError,
        UnregisteredValueError,
        UnsupportedOperationError,
        UnwritableFileError,
        WrongPassphraseError,
        ZenSecretsError,
    )
    from zensecrets_jupyter.core.fields import ClearTextField, SecretField
    from zensecrets_jupyter.core.managers.interface import SecretsManager
    from zensecrets_jupyter.core.output import protect_output, redact
    from zensecrets_jupyter.core.reference import SecretReference
    from zensecrets_jupyter.core.schemas.aws import AWSSecretSchema
    from zensecrets_jupyter.core.schemas.azure import AzureSecretSchema
    from zensecrets_jupyter.core.schemas.basic_auth import BasicAuthSecretSchema
    from zensecrets_jupyter.core.schemas.gcp import GCPSecretSchema
    from zensecrets_jupyter.core.schemas.interface import ArbitrarySecretSchema, BaseSecretSchema
    from zensecrets_jupyter.core.stack.component import StackComponentConfig
    from zensecrets_jupyter.core.steps import BaseMaterializer, BaseSettings, Output, StepContext, get_step_context, pipeline, step
    from zensecrets_jupyter.notebook.form.widget import SecretForm

__all__ = [
    "AWSSecretSchema",
    "ArbitrarySecretSchema",
    "ArtifactError",
    "AzureSecretSchema",
    "BaseMaterializer",
    "BaseSecretSchema",
    "BaseSettings",
    "BasicAuthSecretSchema",
    "ClearTextField",
    "Client",
    "ComponentExistsError",
    "ComponentNotFoundError",
    "FlavorUnavailableError",
    "GCPSecretSchema",
    "InteractionCancelledError",
    "InteractionUnavailableError",
    "InvalidComponentError",
    "InvalidOptionsError",
    "InvalidReferenceError",
    "InvalidSecretError",
    "InvalidStackError",
    "KeyLostError",
    "ManagerAccessError",
    "ManagerCorruptedError",
    "ManagerError",
    "ManagerLockedError",
    "ManagerUnreachableError",
    "MaterializerInterfaceError",
    "NoSecretsManagerError",
    "NotInStackError",
    "Output",
    "PackageChangedError",
    "RunNotFoundError",
    "SchemaError",
    "SecretError",
    "SecretExistsError",
    "SecretField",
    "SecretForm",
    "SecretKeyNotFoundError",
    "SecretNotFoundError",
    "SecretReference",
    "SecretsManager",
    "SettingsError",
    "StackComponentConfig",
    "StackError",
    "StackExistsError",
    "StackNotFoundError",
    "StackValidationError",
    "StepContext",
    "StepContextError",
    "StepInterfaceError",
    "StoreFullError",
    "StoreTooNewError",
    "UnknownFlavorError",
    "UnreadableFileError",
    "UnregisteredValueError",
    "UnsupportedOperationError",
    "UnwritableFileError",
    "WrongPassphraseError",
    "ZenSecretsError",
    "get_step_context",
    "pipeline",
    "protect_output",
    "redact",
    "step",
]

_HOMES = {
    "core.client": ["Client"],
    "core.fields": ["ClearTextField", "SecretField"],
    "core.managers.interface": ["SecretsManager"],
    "core.output": ["protect_output", "redact"],
    "core.reference": ["SecretReference"],
    "core.schemas.aws": ["AWSSecretSchema"],
    "core.schemas.azure": ["AzureSecretSchema"],
    "core.schemas.basic_auth": ["BasicAuthSecretSchema"],
    "core.schemas.gcp": ["GCPSecretSchema"],
    "core.schemas.interface": ["ArbitrarySecretSchema", "BaseSecretSchema"],
    "core.stack.component": ["StackComponentConfig"],
    "core.steps": ["BaseMaterializer", "BaseSettings", "Output", "StepContext", "get_step_context", "pipeline", "step"],
    "notebook.form.widget": ["SecretForm"],
}
"""Where each public name is defined; an error, which is not listed, is in ``core.errors``."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in __all__:
        found = getattr(importlib.import_module(f"zensecrets_jupyter.{_HOME_OF.get(name, 'core.errors')}"), name)
        globals()[name] = found
        return found
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - reading metadata takes longer than importing this module

        return version("zensecrets-jupyter")
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """Return the public names."""
    return [*__all__, "__version__"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Bring the magics to ``shell``; what ``%load_ext zensecrets_jupyter`` calls."""
    from zensecrets_jupyter.notebook.extension import load  # noqa: PLC0415 - the door imports nothing

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take everything back that loading did; what ``%unload_ext zensecrets_jupyter`` calls."""
    from zensecrets_jupyter.notebook.extension import unload  # noqa: PLC0415 - the door imports nothing

    unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the front end is."""
    return [{"src": "labextension", "dest": "zensecrets-jupyter"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server which module extends it."""
    return [{"module": "zensecrets_jupyter.server.extension"}]
