"""A backend that stores each secret in its own file in a folder.

Only the owner of a file can read it. The folder may be on a drive that several machines mount. The backend stores no versions and does not
encrypt. If two machines change a secret at the same time, the last change replaces the earlier one.
"""

import os
import string
import uuid
from pathlib import Path

from zensecrets_jupyter.core.managers.remote import ErrorKind, ListedKey, NameEncoding, RemoteBackend, RemoteOptions, SecretEnvelope


class FolderOptions(RemoteOptions):
    path: Path


class FolderBackend(RemoteBackend[Path, FolderOptions]):
    FLAVOR = "folder"
    options_model = FolderOptions
    # Some file systems do not distinguish "A" and "a", so capitals are escaped.
    encoding = NameEncoding("the folder", string.ascii_lowercase + string.digits + "_-", max_length=255, separator="+")
    error_kinds = {
        FileNotFoundError: ErrorKind.MISSING,
        FileExistsError: ErrorKind.EXISTS,
        PermissionError: ErrorKind.DENIED,
        NotADirectoryError: ErrorKind.UNREACHABLE,
        OSError: ErrorKind.TRANSIENT,
    }

    def connect(self) -> Path:
        self.options.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.options.path

    def fetch(self, client: Path, key: str) -> SecretEnvelope:
        return SecretEnvelope((client / key).read_bytes().decode())

    def list_keys(self, client: Path, prefix: str) -> list[ListedKey]:
        return [ListedKey(file.name) for file in client.glob(f"{prefix}*")]

    def insert(self, client: Path, key: str, envelope: SecretEnvelope) -> None:
        temporary_file = self._write(client, envelope)
        try:
            # A link is atomic, and fails if the file exists.
            os.link(temporary_file, client / key)
        finally:
            temporary_file.unlink()

    def overwrite(self, client: Path, key: str, envelope: SecretEnvelope, current: SecretEnvelope) -> None:
        self._write(client, envelope).replace(client / key)

    def remove(self, client: Path, key: str) -> None:
        (client / key).unlink()

    def _write(self, folder: Path, envelope: SecretEnvelope) -> Path:
        path = folder / f".{uuid.uuid4().hex}"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(envelope.text.encode())
        return path
