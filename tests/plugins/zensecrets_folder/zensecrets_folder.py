"""Secrets as files in a folder that only its owner can read, say on a drive that several machines mount.

Needs nothing. It keeps no versions, does not encrypt, and of two changes to one secret at the same moment the last one counts.
"""

import os
import string
import uuid
from pathlib import Path

from zensecrets_jupyter.core.managers.remote import Alphabet, Document, Listed, Outcome, RemoteOptions, RemoteSecretsManager


class FolderOptions(RemoteOptions):
    """Which folder, and who shares it."""

    path: Path
    """The folder; it is made if it is not there."""


class FolderSecretsManager(RemoteSecretsManager[Path, FolderOptions]):
    """Keeps each secret in a file of its own."""

    FLAVOR = "folder"
    options_model = FolderOptions
    # Some file systems take "A" and "a" for one name: capitals are escaped.
    alphabet = Alphabet("the folder", string.ascii_lowercase + string.digits + "_-", longest=255, mark="=", separator="+")
    foreign_errors = {
        "FileNotFoundError": Outcome.MISSING,
        "FileExistsError": Outcome.EXISTS,
        "PermissionError": Outcome.DENIED,
        "NotADirectoryError": Outcome.UNREACHABLE,
        "OSError": Outcome.TRANSIENT,
    }

    def _connect(self) -> Path:
        self.chosen.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.chosen.path

    def _get(self, client: Path, key: str) -> Document:
        return Document((client / key).read_bytes().decode())

    def _list_keys(self, client: Path, prefix: str) -> list[Listed]:
        return [Listed(file.name) for file in client.glob(f"{prefix}*")]

    def _create(self, client: Path, key: str, document: Document) -> None:
        written = self._write(client, document)
        try:
            # A link is made in one step, and not over what is there.
            os.link(written, client / key)
        finally:
            written.unlink()

    def _replace(self, client: Path, key: str, document: Document, present: Document) -> None:
        self._write(client, document).replace(client / key)

    def _remove(self, client: Path, key: str) -> None:
        (client / key).unlink()

    def _write(self, folder: Path, document: Document) -> Path:
        path = folder / f".{uuid.uuid4().hex}"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(document.text.encode())
        return path
