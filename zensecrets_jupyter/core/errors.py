"""The errors of this package, as a tree of classes.

A leading dot marks an attribute, and "also" a second base class.

::

    ZenSecretsError                       .code  .hint  .message
      SecretError                         .name  .manager
        SecretNotFoundError               also KeyError
          SecretKeyNotFoundError          .key
        SecretExistsError                 also ValueError
        InvalidSecretError                also ValueError
        UnregisteredValueError            also pickle.PicklingError
      InvalidReferenceError               also ValueError · .text .position
      ManagerError                        .flavor
        NoSecretsManagerError             also RuntimeError
        UnknownFlavorError                also LookupError
        FlavorUnavailableError            also ImportError
        InvalidOptionsError               also ValueError
        UnsupportedOperationError
        ManagerLockedError                also PermissionError
          WrongPassphraseError
          KeyLostError
        ManagerAccessError                also PermissionError
        ManagerUnreachableError           also ConnectionError
        ManagerCorruptedError
        StoreFullError                    also OSError
        StoreTooNewError
      SchemaError                         also ValueError
      StackError
        StackNotFoundError                also KeyError · .stack
        StackExistsError                  also ValueError · .stack
        ComponentNotFoundError            also KeyError
        ComponentExistsError              also ValueError
        InvalidComponentError             also ValueError
        NotInStackError                   also RuntimeError
        InvalidStackError                 also ValueError
      StackValidationError                .report
      StepInterfaceError
      StepContextError
      RunNotFoundError                    also KeyError
      ArtifactError
        MaterializerInterfaceError        also TypeError
      SettingsError                       also ValueError
      PackageChangedError                 also ImportError
      UnreadableFileError                 also OSError
      UnwritableFileError                 also OSError
      InteractionUnavailableError
      InteractionCancelledError

Our own base class comes before the built-in class. In the other order, ``str(error)`` would use the method of ``KeyError``, which puts the
message in quotation marks. The text of an error is one line: the problem, its location and the next step. Neither the text nor an attribute
contains a value of a secret.
"""

from __future__ import annotations

import pickle
import re
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONG_WORD = re.compile(r"\S{400,}")
"""Pattern of a very long word, such as a path of thousands of characters. Usual paths have fewer than 400, and are shown whole."""


def shorten(text: str) -> str:
    """Return a text for users, with the middle of very long words removed."""
    return _LONG_WORD.sub(lambda match: f"{match[0][:100]}…{match[0][-100:]}", text)


def _rebuild(cls: type[ZenSecretsError], message: str, state: dict[str, Any]) -> ZenSecretsError:
    """Return an unpickled error without a call of ``__init__``, whose keyword arguments were not pickled."""
    error = cls.__new__(cls, message)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class ZenSecretsError(Exception):
    """Base class of all errors of this package.

    Attributes:
        code: A kebab-case name for programs, which is unique to the class.
        message: The problem and its location, in one sentence.
        hint: The next step, in one sentence, or an empty text.
    """

    code: ClassVar[str] = "zensecrets"
    message: str
    hint: str

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Create an error with a message and a hint."""
        message = shorten(message)
        super().__init__(message)
        self.message = message
        self.hint = shorten(hint)

    def __str__(self) -> str:
        """Return the message and the hint in one line."""
        return f"{self.message} {self.hint}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the function and arguments that unpickle the error.

        Without this method, unpickling would call the class without its keyword arguments.
        """
        return _rebuild, (type(self), self.message, dict(self.__dict__))


class SecretError(ZenSecretsError):
    """Base class of errors about one secret.

    Attributes:
        name: The name of the secret.
        manager: The name of its secrets manager.
    """

    code = "secret"

    def __init__(self, message: str, *, name: str = "", manager: str = "", hint: str = "") -> None:
        """Create an error of a secret."""
        super().__init__(message, hint=hint)
        self.name = name
        self.manager = manager


class SecretNotFoundError(SecretError, KeyError):
    """The secret does not exist."""

    code = "secret-not-found"


class SecretKeyNotFoundError(SecretNotFoundError):
    """The secret exists, but it does not have the ``key``."""

    code = "secret-key-not-found"

    def __init__(self, message: str, *, name: str = "", key: str = "", manager: str = "", hint: str = "") -> None:
        """Create an error of a missing key."""
        super().__init__(message, name=name, manager=manager, hint=hint)
        self.key = key


class SecretExistsError(SecretError, ValueError):
    """A secret with the name exists already. It was not changed."""

    code = "secret-exists"


class InvalidSecretError(SecretError, ValueError):
    """The name, a key or the content of a secret is invalid for the operation. Nothing was written."""

    code = "invalid-secret"


class UnregisteredValueError(SecretError, pickle.PicklingError):
    """A value cannot be pickled, because it belongs to no registered secret.

    A pickle contains the reference of a value and not its text. This value has no reference.
    """

    code = "unregistered-value"


class InvalidReferenceError(ZenSecretsError, ValueError):
    """A text is not a valid reference, or it contains a reference where none is allowed.

    Attributes:
        text: The text of the reference, which is never a value.
        position: The index of the first wrong character in the text.
    """

    code = "invalid-reference"

    def __init__(self, message: str, *, text: str = "", position: int = 0, hint: str = "") -> None:
        """Create an error at a position of a text."""
        super().__init__(message, hint=hint)
        self.text = text
        self.position = position


class ManagerError(ZenSecretsError):
    """Base class of errors of secrets managers. ``flavor`` is the flavor of the manager."""

    code = "manager"

    def __init__(self, message: str, *, flavor: str = "", hint: str = "") -> None:
        """Create an error of a secrets manager."""
        super().__init__(message, hint=hint)
        self.flavor = flavor


class NoSecretsManagerError(ManagerError, RuntimeError):
    """A secret is needed, but the stack has no secrets manager."""

    code = "no-secrets-manager"


class UnknownFlavorError(ManagerError, LookupError):
    """The flavor does not exist."""

    code = "unknown-flavor"


class FlavorUnavailableError(ManagerError, ImportError):
    """The library of the flavor is not installed, or the class of a custom flavor is not defined."""

    code = "flavor-unavailable"


class InvalidOptionsError(ManagerError, ValueError):
    """An option of a secrets manager is missing, unknown or malformed."""

    code = "invalid-options"


class UnsupportedOperationError(ManagerError):
    """The secrets manager does not support the operation. The manager's ``capabilities`` list the supported operations."""

    code = "unsupported-operation"


class ManagerLockedError(ManagerError, PermissionError):
    """The store cannot be unlocked: the passphrase or encryption key is missing, or the keyring cannot be used."""

    code = "manager-locked"


class WrongPassphraseError(ManagerLockedError):
    """The passphrase is wrong. The store is not damaged."""

    code = "wrong-passphrase"


class KeyLostError(ManagerLockedError):
    """The encryption key of the store was deleted from its location. The store is not damaged."""

    code = "key-lost"


class ManagerAccessError(ManagerError, PermissionError):
    """The service, the folder or the file of the secrets manager refuses this user."""

    code = "manager-access"


class ManagerUnreachableError(ManagerError, ConnectionError):
    """The service of the secrets manager did not answer in time."""

    code = "manager-unreachable"


class ManagerCorruptedError(ManagerError):
    """The stored data is damaged, or was altered outside this package. The failed operation did not change this data."""

    code = "manager-corrupted"


class StoreFullError(ManagerError, OSError):
    """The disk or the service has no space for the data. The stored data was not changed."""

    code = "store-full"


class StoreTooNewError(ManagerError):
    """A newer version of this package wrote the store. The store was not changed."""

    code = "store-too-new"


class SchemaError(ZenSecretsError, ValueError):
    """A schema is unknown, or two schemas have the same type."""

    code = "schema"


class StackError(ZenSecretsError):
    """Base class of errors of stacks and of their components."""

    code = "stack"


class StackNotFoundError(StackError, KeyError):
    """The stack does not exist. ``stack`` is its name."""

    code = "stack-not-found"

    def __init__(self, message: str, *, stack: str = "", hint: str = "") -> None:
        """Create an error of a missing stack."""
        super().__init__(message, hint=hint)
        self.stack = stack


class StackExistsError(StackError, ValueError):
    """A stack with the name exists already. ``stack`` is its name."""

    code = "stack-exists"

    def __init__(self, message: str, *, stack: str = "", hint: str = "") -> None:
        """Create an error of an existing stack."""
        super().__init__(message, hint=hint)
        self.stack = stack


class ComponentNotFoundError(StackError, KeyError):
    """The component does not exist."""

    code = "component-not-found"


class ComponentExistsError(StackError, ValueError):
    """A component with the type and the name exists already."""

    code = "component-exists"


class InvalidComponentError(StackError, ValueError):
    """The name or an attribute of a component is invalid. Nothing was written."""

    code = "invalid-component"


class NotInStackError(StackError, RuntimeError):
    """A reference cannot be resolved because its component is not part of the stack."""

    code = "not-in-stack"


class InvalidStackError(StackError, ValueError):
    """The components of a stack are not a valid combination. Nothing was written."""

    code = "invalid-stack"


class ValidationReport(Protocol):
    """The attributes of a validation's result; see :class:`~zensecrets_jupyter.core.stack.validation.Report`."""

    @property
    def stack(self) -> str:
        """The name of the stack."""

    @property
    def problems(self) -> Sequence[Any]:
        """All problems of the stack."""


class StackValidationError(ZenSecretsError):
    """The validation of a stack found problems. ``report`` lists all of them."""

    code = "stack-validation"

    def __init__(self, message: str, *, report: ValidationReport, hint: str = "") -> None:
        """Create an error with the report of a validation."""
        super().__init__(message, hint=hint)
        self.report = report


class StepInterfaceError(ZenSecretsError):
    """The definition of a step or a pipeline is invalid."""

    code = "step-interface"


class StepContextError(ZenSecretsError):
    """The context of a step does not have the requested object."""

    code = "step-context"


class RunNotFoundError(ZenSecretsError, KeyError):
    """The pipeline, run or step does not exist. A process remembers only its own runs."""

    code = "run-not-found"


class ArtifactError(ZenSecretsError):
    """The output of a step cannot be stored or loaded."""

    code = "artifact"


class MaterializerInterfaceError(ArtifactError, TypeError):
    """The definition of a materializer is invalid, or the materializer does not support the type of an object."""

    code = "materializer-interface"


class SettingsError(ZenSecretsError, ValueError):
    """A setting or an environment variable has an invalid value."""

    code = "settings"


class PackageChangedError(ZenSecretsError, ImportError):
    """This package was updated or removed after the process started."""

    code = "package-changed"


class UnreadableFileError(ZenSecretsError, OSError):
    """A file, for example one with secrets, is missing, unreadable, binary, malformed or too large."""

    code = "unreadable-file"


class UnwritableFileError(ZenSecretsError, OSError):
    """A file, for example the file of an export, exists already or cannot be written.

    An existing file was not changed.
    """

    code = "unwritable-file"


class InteractionUnavailableError(ZenSecretsError):
    """User input is needed, but the session is not interactive."""

    code = "interaction-unavailable"


class InteractionCancelledError(ZenSecretsError):
    """The user cancelled the operation."""

    code = "interaction-cancelled"
