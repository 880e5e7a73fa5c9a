"""The public names of the package, which ``__init__.py`` reads from this file and imports at their first use."""

import IPython.core.interactiveshell

from .core.client import Client as Client
from .core.errors import (
    ArtifactError as ArtifactError,
    ComponentExistsError as ComponentExistsError,
    ComponentNotFoundError as ComponentNotFoundError,
    FlavorUnavailableError as FlavorUnavailableError,
    InteractionCancelledError as InteractionCancelledError,
    InteractionUnavailableError as InteractionUnavailableError,
    InvalidComponentError as InvalidComponentError,
    InvalidOptionsError as InvalidOptionsError,
    InvalidReferenceError as InvalidReferenceError,
    InvalidSecretError as InvalidSecretError,
    InvalidStackError as InvalidStackError,
    KeyLostError as KeyLostError,
    ManagerAccessError as ManagerAccessError,
    ManagerCorruptedError as ManagerCorruptedError,
    ManagerError as ManagerError,
    ManagerLockedError as ManagerLockedError,
    ManagerUnreachableError as ManagerUnreachableError,
    MaterializerInterfaceError as MaterializerInterfaceError,
    NoSecretsManagerError as NoSecretsManagerError,
    NotInStackError as NotInStackError,
    PackageChangedError as PackageChangedError,
    RunNotFoundError as RunNotFoundError,
    SchemaError as SchemaError,
    SecretError as SecretError,
    SecretExistsError as SecretExistsError,
    SecretKeyNotFoundError as SecretKeyNotFoundError,
    SecretNotFoundError as SecretNotFoundError,
    SettingsError as SettingsError,
    StackError as StackError,
    StackExistsError as StackExistsError,
    StackNotFoundError as StackNotFoundError,
    StackValidationError as StackValidationError,
    StepContextError as StepContextError,
    StepInterfaceError as StepInterfaceError,
    StoreFullError as StoreFullError,
    StoreTooNewError as StoreTooNewError,
    UnknownFlavorError as UnknownFlavorError,
    UnreadableFileError as UnreadableFileError,
    UnregisteredValueError as UnregisteredValueError,
    UnsupportedOperationError as UnsupportedOperationError,
    UnwritableFileError as UnwritableFileError,
    WrongPassphraseError as WrongPassphraseError,
    ZenSecretsError as ZenSecretsError,
)
from .core.fields import (
    ClearTextField as ClearTextField,
    SecretField as SecretField,
)
from .core.managers.interface import SecretsManager as SecretsManager
from .core.output.protection import (
    protect_output as protect_output,
    redact as redact,
)
from .core.reference import SecretReference as SecretReference
from .core.schemas.arbitrary import ArbitrarySecretSchema as ArbitrarySecretSchema
from .core.schemas.built_in.aws import AWSSecretSchema as AWSSecretSchema
from .core.schemas.built_in.azure import AzureSecretSchema as AzureSecretSchema
from .core.schemas.built_in.basic_auth import BasicAuthSecretSchema as BasicAuthSecretSchema
from .core.schemas.built_in.gcp import GCPSecretSchema as GCPSecretSchema
from .core.schemas.interface import BaseSecretSchema as BaseSecretSchema
from .core.stack.component import StackComponentConfig as StackComponentConfig
from .core.steps import (
    BaseMaterializer as BaseMaterializer,
    BaseSettings as BaseSettings,
    Output as Output,
    StepContext as StepContext,
    get_step_context as get_step_context,
    pipeline as pipeline,
    step as step,
)
from .notebook.form.widget import SecretForm as SecretForm

__all__: list[str]
__version__: str

def load_ipython_extension(shell: IPython.core.interactiveshell.InteractiveShell) -> None: ...
def unload_ipython_extension(shell: IPython.core.interactiveshell.InteractiveShell) -> None: ...
def _jupyter_labextension_paths() -> list[dict[str, str]]: ...
def _jupyter_server_extension_points() -> list[dict[str, str]]: ...
