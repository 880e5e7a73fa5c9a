"""The classes that the author of a remote backend needs."""

from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend, StoredVersion
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.naming import NameEncoding
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions
from zensecrets_jupyter.core.managers.backends.remote.runner import RemoteOptions

__all__ = [
    "ErrorKind",
    "ExternalOptions",
    "ListedKey",
    "NameEncoding",
    "RemoteBackend",
    "RemoteError",
    "RemoteOptions",
    "SecretEnvelope",
    "StoredVersion",
]
