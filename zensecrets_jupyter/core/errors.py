"""Every error that this package raises, in one tree.

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

Our own base comes first in every class and the built-in second: otherwise ``KeyError`` would quote the message. The text of an
error is one line that says what, where and what next; it never holds a value, and neither do its attributes.
"""

from __future__ import annotations

import pickle
import re
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONG = re.compile(r"\S{400,}")
"""A path of thousands of characters, or something else that nobody can read."""


def shortened(text: str) -> str:
    """Return a text for a person with what is long and has no white space in it shortened in its middle."""
    return _LONG.sub(lambda long: f"{long[0][:100]}…{long[0][-100:]}", text)


def _rebuild(cls: type[ZenSecretsError], message: str, state: dict[str, Any]) -> ZenSecretsError:
    error = cls.__new__(cls, message)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class ZenSecretsError(Exception):
    """Anything that went wrong here.

    Attributes:
        code: A kebab-case name, unique to the class, for programs.
        message: What went wrong and where, in one sentence.
        hint: The next step, in one sentence; empty where there is none.
    """

    code: ClassVar[str] = "zensecrets"
    message: str
    hint: str

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Say what went wrong; ``hint`` is the next step."""
        message = shortened(message)
        super().__init__(message)
        self.message = message
        self.hint = shortened(hint)

    def __str__(self) -> str:
        """Return the message and the hint in one line."""
        return f"{self.message} {self.hint}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with every attribute, although they are keyword arguments."""
        return _rebuild, (type(self), self.message, dict(self.__dict__))


class SecretError(ZenSecretsError):
    """Something about one secret; ``name`` is its name and ``manager`` the name of its secrets manager."""

    code = "secret"

    def __init__(self, message: str, *, name: str = "", manager: str = "", hint: str = "") -> None:
        """Say what is wrong with which secret."""
        super().__init__(message, hint=hint)
        self.name = name
        self.manager = manager


class SecretNotFoundError(SecretError, KeyError):
    """There is no secret of that name."""

    code = "secret-not-found"


class SecretKeyNotFoundError(SecretNotFoundError):
    """The secret is there and has no such ``key``."""

    code = "secret-key-not-found"

    def __init__(self, message: str, *, name: str = "", key: str = "", manager: str = "", hint: str = "") -> None:
        """Say which key of which secret is missing."""
        super().__init__(message, name=name, manager=manager, hint=hint)
        self.key = key


class SecretExistsError(SecretError, ValueError):
    """A secret of that name is there already; it was not touched."""

    code = "secret-exists"


class InvalidSecretError(SecretError, ValueError):
    """A name, a key or the content of a secret is not acceptable; nothing was written."""

    code = "invalid-secret"


class UnregisteredValueError(SecretError, pickle.PicklingError):
    """A value that belongs to no registered secret was pickled; a value pickles as its reference only."""

    code = "unregistered-value"


class InvalidReferenceError(ZenSecretsError, ValueError):
    """A text is not a reference, is nearly one, or stands where none may stand.

    Attributes:
        text: The text, which is a reference's text and never a value.
        position: Where in it the trouble starts, counted in characters from 0.
    """

    code = "invalid-reference"

    def __init__(self, message: str, *, text: str = "", position: int = 0, hint: str = "") -> None:
        """Say what is wrong where in ``text``."""
        super().__init__(message, hint=hint)
        self.text = text
        self.position = position


class ManagerError(ZenSecretsError):
    """Something about a secrets manager; ``flavor`` is its flavor."""

    code = "manager"

    def __init__(self, message: str, *, flavor: str = "", hint: str = "") -> None:
        """Say what is wrong with which flavor."""
        super().__init__(message, hint=hint)
        self.flavor = flavor


class NoSecretsManagerError(ManagerError, RuntimeError):
    """A secret is needed and the stack has no secrets manager."""

    code = "no-secrets-manager"


class UnknownFlavorError(ManagerError, LookupError):
    """No flavor of that name is known."""

    code = "unknown-flavor"


class FlavorUnavailableError(ManagerError, ImportError):
    """The flavor is known and what it needs is not installed, or its class is not defined in this process."""

    code = "flavor-unavailable"


class InvalidOptionsError(ManagerError, ValueError):
    """An option of a secrets manager is missing, unknown or malformed."""

    code = "invalid-options"


class UnsupportedOperationError(ManagerError):
    """The secrets manager cannot do that; its ``capabilities`` say what it can."""

    code = "unsupported-operation"


class ManagerLockedError(ManagerError, PermissionError):
    """The store is sealed and nobody gave what opens it."""

    code = "manager-locked"


class WrongPassphraseError(ManagerLockedError):
    """The passphrase does not open the store; the store itself is whole."""

    code = "wrong-passphrase"


class KeyLostError(ManagerLockedError):
    """The key that opens the store is gone from where it was kept; the store itself is whole."""

    code = "key-lost"


class ManagerAccessError(ManagerError, PermissionError):
    """The secrets manager, its folder or its file refuses this user."""

    code = "manager-access"


class ManagerUnreachableError(ManagerError, ConnectionError):
    """The secrets manager did not answer, or not in time."""

    code = "manager-unreachable"


class ManagerCorruptedError(ManagerError):
    """What is stored is damaged, was altered or was swapped; it was left as it is."""

    code = "manager-corrupted"


class StoreFullError(ManagerError, OSError):
    """There was no room to write; what was stored before is untouched."""

    code = "store-full"


class StoreTooNewError(ManagerError):
    """The store was written by a newer version of this package; it was left as it is."""

    code = "store-too-new"


class SchemaError(ZenSecretsError, ValueError):
    """A schema is unknown, or two schemas claim one type."""

    code = "schema"


class StackError(ZenSecretsError):
    """Something about a stack or one of its components."""

    code = "stack"


class StackNotFoundError(StackError, KeyError):
    """There is no stack of that name; ``stack`` is the name."""

    code = "stack-not-found"

    def __init__(self, message: str, *, stack: str = "", hint: str = "") -> None:
        """Say which stack is missing."""
        super().__init__(message, hint=hint)
        self.stack = stack


class StackExistsError(StackError, ValueError):
    """A stack of that name is there already; ``stack`` is the name."""

    code = "stack-exists"

    def __init__(self, message: str, *, stack: str = "", hint: str = "") -> None:
        """Say which stack exists."""
        super().__init__(message, hint=hint)
        self.stack = stack


class ComponentNotFoundError(StackError, KeyError):
    """There is no component of that type and name."""

    code = "component-not-found"


class ComponentExistsError(StackError, ValueError):
    """A component of that type and name is there already."""

    code = "component-exists"


class InvalidComponentError(StackError, ValueError):
    """A component's name or one of its attributes is not acceptable; nothing was written."""

    code = "invalid-component"


class NotInStackError(StackError, RuntimeError):
    """A reference cannot be resolved because its component is not part of the stack."""

    code = "not-in-stack"


class InvalidStackError(StackError, ValueError):
    """A stack would have the wrong shape; nothing was written."""

    code = "invalid-stack"


class ValidationReport(Protocol):
    """The problems of a stack as data; see :class:`~zensecrets_jupyter.core.stack.validation.Report`."""

    @property
    def stack(self) -> str:
        """The name of the stack."""

    @property
    def problems(self) -> Sequence[Any]:
        """Every problem."""


class StackValidationError(ZenSecretsError):
    """A stack cannot run; ``report`` holds every problem as data."""

    code = "stack-validation"

    def __init__(self, message: str, *, report: ValidationReport, hint: str = "") -> None:
        """Describe the problems of ``report`` in one text."""
        super().__init__(message, hint=hint)
        self.report = report


class StepInterfaceError(ZenSecretsError):
    """A step or a pipeline is not written as one."""

    code = "step-interface"


class StepContextError(ZenSecretsError):
    """A step asked its context for something that it does not have."""

    code = "step-context"


class RunNotFoundError(ZenSecretsError, KeyError):
    """There is no pipeline, run or step of that name; runs are remembered by the process that made them."""

    code = "run-not-found"


class ArtifactError(ZenSecretsError):
    """The output of a step could not be stored or loaded."""

    code = "artifact"


class MaterializerInterfaceError(ArtifactError, TypeError):
    """A materializer is not written as one, or does not keep data of such a type."""

    code = "materializer-interface"


class SettingsError(ZenSecretsError, ValueError):
    """A setting or an environment variable has a value that means nothing here."""

    code = "settings"


class PackageChangedError(ZenSecretsError, ImportError):
    """This package was updated or removed while the process runs, and what is loaded does not fit what is on disk."""

    code = "package-changed"


class UnreadableFileError(ZenSecretsError, OSError):
    """A file that should hold a value, or secrets to import, is missing, unreadable, binary, malformed or too large."""

    code = "unreadable-file"


class UnwritableFileError(ZenSecretsError, OSError):
    """A file to export to exists already, or can't be written; what was there is untouched."""

    code = "unwritable-file"


class InteractionUnavailableError(ZenSecretsError):
    """Something had to be asked and nobody is there to answer."""

    code = "interaction-unavailable"


class InteractionCancelledError(ZenSecretsError):
    """A person was asked and wanted nothing to be done."""

    code = "interaction-cancelled"
