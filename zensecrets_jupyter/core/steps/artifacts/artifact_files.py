"""Files of a stack's artifact store, on any file system of fsspec.

Local files have permissions with which other users of the machine can't read them.
"""

from __future__ import annotations

import json
import os
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import ArtifactError, InvalidComponentError, ZenSecretsError
from zensecrets_jupyter.core.settings import make_private_folder
from zensecrets_jupyter.core.steps.artifacts.fileio import FileIO
from zensecrets_jupyter.core.system.related_errors import raise_without_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec import AbstractFileSystem

    from zensecrets_jupyter.core.stack import Stack, StackComponent
    from zensecrets_jupyter.core.workspace import Workspace

_PACKAGES = {"abfs": "adlfs", "az": "adlfs", "gs": "gcsfs", "s3": "s3fs"}
"""The Python package that fsspec needs for a URL, by the scheme of the URL."""


class ArtifactFiles:
    """The files of one artifact store.

    The arguments ``path`` are relative to the root of the store, with ``/`` as the separator. Full paths are paths in the file system.
    Every method raises ArtifactError for an error of the file system.
    """

    def __init__(self, system: AbstractFileSystem, root: str, *, scheme: str = "") -> None:
        """Use a folder of a file system as the root of the store.

        Args:
            system: The file system.
            root: The full path of the folder.
            scheme: The scheme of the store's URLs, such as ``s3``; empty for a local folder.
        """
        self._system = system
        self._root = root.rstrip("/")
        self._scheme = scheme

    def __repr__(self) -> str:
        """Return the location of the store.

        It does not contain the ``repr`` of the file system, which shows credentials.
        """
        return f"<ArtifactFiles {self.uri('')!r}>"

    def uri(self, path: str) -> str:
        """Return the full local path or the URL for ``path``."""
        full_path = self._full_path(path)
        return f"{self._scheme}://{full_path.lstrip('/')}" if self._scheme else full_path

    def write(self, path: str, data: bytes) -> None:
        """Write a file and create its folders; a local file has the mode 0600."""
        full_path = self._full_path(path)
        with self._translate_errors("written to", path):
            self.make_folder(path.rpartition("/")[0])
            if not self._scheme:
                # fsspec would create the file with a mode that lets other users read it.
                os.close(os.open(full_path, os.O_WRONLY | os.O_CREAT, 0o600))
            with self._system.open(full_path, "wb") as file:
                file.write(data)

    def replace(self, path: str, data: bytes) -> None:
        """Replace a file atomically."""
        if self._scheme:
            # An object store makes a file visible only when the upload is complete.
            self.write(path, data)
            return
        temporary_path = f"{path}.{uuid.uuid4().hex}"
        self.write(temporary_path, data)
        with self._translate_errors("written to", path):
            Path(self._full_path(temporary_path)).replace(self._full_path(path))

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        with self._translate_errors("read from", path), self._system.open(self._full_path(path), "rb") as file:
            data: bytes = file.read()
            return data

    def exists(self, path: str) -> bool:
        """Return whether the file or folder exists."""
        with self._translate_errors("read from", path):
            return bool(self._system.exists(self._full_path(path)))

    def list(self, path: str) -> list[str]:
        """Return the sorted paths of all files below a folder.

        The list is empty if the folder does not exist.
        """
        full_path = self._full_path(path)
        with self._translate_errors("read from", path):
            full_file_paths = self._system.find(full_path) if self._system.exists(full_path) else []
        # Full paths become paths relative to the root of the store again.
        return sorted(f"{path}{file_path[len(full_path) :]}" for file_path in full_file_paths)

    def delete(self, path: str) -> None:
        """Delete a folder with its content."""
        with self._translate_errors("deleted from", path):
            self._system.rm(self._full_path(path), recursive=True)

    def make_folder(self, path: str) -> None:
        """Create a folder and its parents; a local folder has the mode 0700."""
        with self._translate_errors("written to", path):
            if self._scheme:
                self._system.makedirs(self._full_path(path), exist_ok=True)
            else:
                make_private_folder(Path(self._full_path(path)))

    def io(self) -> FileIO:
        """Return file functions that take full paths or URLs, and use the credentials of the store."""
        return FileIO(self._system)

    def _full_path(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    @contextmanager
    def _translate_errors(self, action: str, path: str) -> Iterator[None]:
        """Raise an ArtifactError for any error in the block; an error of this package stays unchanged.

        ``action`` is a part of the message ``PATH can't be ACTION the artifact store``, such as ``read from``.
        """
        try:
            yield
        except ZenSecretsError:
            raise
        except Exception as error:  # noqa: BLE001 - each file system of fsspec raises the exceptions of its own client library
            reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            message = f"{self.uri(path)} can't be {action} the artifact store: {reason}."
            raise_without_context(ArtifactError(message, hint="Check that the store is reachable, writable and not full."))


@dataclass(frozen=True)
class ArtifactFolder:
    """The folder of one output of a step in one run.

    Attributes:
        files: The files of the artifact store.
        path: The path of the folder in the store.
    """

    files: ArtifactFiles = field(repr=False)
    path: str

    @property
    def uri(self) -> str:
        """The local path or URL of the folder."""
        return self.files.uri(self.path)

    def create(self) -> None:
        """Create the folder if it does not exist."""
        self.files.make_folder(self.path)

    def write(self, name: str, data: bytes) -> None:
        """Write a file in the folder."""
        self.files.write(f"{self.path}/{name}", data)

    def read(self, name: str) -> bytes:
        """Return the content of a file in the folder."""
        return self.files.read(f"{self.path}/{name}")


def open_files(workspace: Workspace, stack: Stack) -> ArtifactFiles:
    """Return the files of the stack's artifact store.

    Raises:
        ArtifactError: If the stack has no artifact store, the store has no path, or no installed package supports the store's URLs.
        InvalidComponentError: If the authentication secret of a ``gcp`` store contains no service account key.
        SecretNotFoundError, NoSecretsManagerError: If the credentials of the store can't be resolved.
    """
    store = stack.artifact_store
    if store is None:
        message = f"Stack {stack.name!r} has no artifact store."
        raise ArtifactError(message, hint=f"Add one: %stack update {stack.name} -a ARTIFACT_STORE")
    path = "" if store.config.is_local else _require_path(store)
    scheme, separator, _ = path.partition("://")
    if separator:
        return ArtifactFiles(*_file_system(path, scheme, _file_system_options(store, stack), store), scheme=scheme)
    # The path is a local folder, or a local store has no path and uses a folder of the workspace.
    folder = workspace.artifact_folder(store)
    return ArtifactFiles(*_file_system(folder.as_posix(), "file", {}, store))


def _require_path(store: StackComponent) -> str:
    """Return the path or URL of a store.

    Raises:
        ArtifactError: If the store has neither.
    """
    path = getattr(store.config, "path", None)
    if not isinstance(path, str) or not path:
        message = f"The {store} has no path."
        raise ArtifactError(message, hint=f"Set it: %zen artifact-store update {store.name} --path=PATH")
    return path


def _file_system(path: str, scheme: str, options: dict[str, Any], store: StackComponent) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a path or URL, and the path in it.

    Raises:
        ArtifactError: If no installed package supports the scheme.
    """
    import fsspec

    try:
        # fsspec caches a file system with its credentials until the process ends, unless this option is set.
        cache_option = {"skip_instance_cache": True} if options else {}
        system, root = fsspec.url_to_fs(path, **options, **cache_option)
    except (ImportError, ValueError):
        # fsspec raises a ValueError for an unknown scheme.
        package = _PACKAGES.get(scheme)
    else:
        return system, root
    message = f"The {store} can't be used: nothing installed here reads {scheme}:// URLs."
    raise ArtifactError(message, hint=f"Install it: pip install {package}" if package else "Install the package that adds it to fsspec.")


def _file_system_options(store: StackComponent, stack: Stack) -> dict[str, Any]:
    """Return fsspec's options from the attributes and the authentication secret of a store; the attributes override the secret."""
    option_names = [name for name in store.config.model_dump() if name not in {"path", "authentication_secret"}]
    attributes = {name: value for name in option_names if (value := getattr(store.config, name)) is not None}
    secret_name = getattr(store.config, "authentication_secret", None)
    if not secret_name:
        return attributes
    secret = stack.secrets_manager.get_secret(secret_name).content
    if store.flavor == "s3":
        # The keys of a secret with the schema ``aws``, by the names of the options of s3fs.
        key_by_option = {"key": "aws_access_key_id", "secret": "aws_secret_access_key", "token": "aws_session_token"}
        return {**{option: secret[key] for option, key in key_by_option.items() if key in secret}, **attributes}
    if store.flavor == "gcp":
        return {"token": _parse_token(secret.get("token", ""), store), **attributes}
    # For any other flavor, the keys of the secret are the names of fsspec's options.
    return {**secret, **attributes}


def _parse_token(token: str, store: StackComponent) -> Any:
    """Return the service account key from the key ``token`` of a secret for Google Cloud.

    Raises:
        InvalidComponentError: If the token is no JSON.
    """
    try:
        return json.loads(token)
    except (ValueError, RecursionError):
        message = f"The authentication secret of the {store} holds no service account key: its 'token' is no JSON."
    raise InvalidComponentError(message, hint="Register it with the schema 'gcp'.")
