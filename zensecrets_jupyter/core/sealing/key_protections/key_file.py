"""Key protection by a file that only its owner can read.

It is the default on a machine without a keyring if the user chose no passphrase. A program that can read this user's files can open the
store. Key files are in a separate folder, so that a copy of the folder with the store does not contain the key.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import KeyLostError, ManagerAccessError, ZenSecretsError
from zensecrets_jupyter.core.sealing.cipher import new_key
from zensecrets_jupyter.core.sealing.file_access import check_folder, check_owner, translate_os_error
from zensecrets_jupyter.core.sealing.key_protections.stored_key import decode_key, encode_key, get_key_id, new_key_id
from zensecrets_jupyter.core.settings import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zensecrets_jupyter.core.sealing.key_protections.interface import KeyParameters

_MAX_FILE_SIZE = 1024
"""Maximum number of bytes that are read from a key file; a valid file has 45: 44 of base64, and a line break."""


class KeyFileProtection:
    """Protection that stores the wrapping key in a file of mode 0600.

    It implements :class:`~zensecrets_jupyter.core.sealing.key_protections.interface.KeyProtection`.
    """

    def __init__(self, label: str, folder: Path) -> None:
        """Protect a database by a key file.

        Args:
            label: The name of the database in errors.
            folder: The folder of the key file; it is created with the key.
        """
        self._label = label
        self._folder = folder

    def create_key(self) -> tuple[KeyParameters, bytes]:
        """Write a new key file, and return its parameters (the key's id) and the key."""
        parameters = {"id": new_key_id()}
        path = self._path(parameters)
        key = new_key()
        try:
            check_folder(make_private_folder(self._folder))
            # O_EXCL refuses a symbolic link that another user may have created at this path.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(f"{encode_key(key)}\n".encode("ascii"))
                    file.flush()
                    os.fsync(descriptor)
                    # On a file system without modes, such as FAT, the file does not have mode 0600, and other users can read it.
                    self._refuse_readable_by_others(path, os.fstat(descriptor).st_mode)
                _sync_folder(self._folder)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        except OSError as error:
            # ManagerAccessError, which the checks raise, is an OSError too.
            if isinstance(error, ZenSecretsError):
                raise
            raise translate_os_error(error, path) from None
        return parameters, key

    def load_key(self, parameters: KeyParameters, is_right_key: Callable[[bytes], bool]) -> bytes:
        """Return the key from its file.

        Raises:
            KeyLostError: If the file is missing or holds another key.
            ManagerAccessError: If the file or its folder belongs to another user, or other users can read the file.
        """
        path = self._path(parameters)
        text, status = b"", None
        try:
            check_folder(self._folder)
            with path.open("rb") as file:
                text, status = file.read(_MAX_FILE_SIZE), os.fstat(file.fileno())
        except FileNotFoundError:
            pass
        except OSError as error:
            # ManagerAccessError, which check_folder raises, is an OSError too.
            if isinstance(error, ZenSecretsError):
                raise
            raise translate_os_error(error, path) from None
        if status is None:
            message = f"The key of {self._label} is gone; it was expected in {path}."
            raise KeyLostError(message, hint="Restore that file from a copy; the store itself is intact.")
        check_owner(path, status)
        # The mode is not corrected here, because other users may have read the key. The owner should replace the key. OpenSSH also
        # refuses a private key that others can read.
        self._refuse_readable_by_others(path, status.st_mode)
        key = decode_key(text.strip())
        if key and is_right_key(key):
            return key
        message = f"The content of {path} is not the key of {self._label}."
        raise KeyLostError(message, hint="Restore that file from a copy; the store itself is intact.")

    def check_key(self, parameters: KeyParameters, is_right_key: Callable[[bytes], bool]) -> None:
        """Check that the file still holds the key; raises the errors of :meth:`load_key`."""
        self.load_key(parameters, is_right_key)

    def delete_key(self, parameters: KeyParameters) -> None:
        """Delete the file; a missing file is not an error."""
        path = self._path(parameters)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise translate_os_error(error, path) from None

    def describe(self, parameters: KeyParameters) -> str:
        """Return the path and the mode of the file."""
        return f"a key file ({self._path(parameters)}, mode 0600)"

    def _path(self, parameters: KeyParameters) -> Path:
        return self._folder / f"{get_key_id(parameters, self._label)}.key"

    def _refuse_readable_by_others(self, path: Path, mode: int) -> None:
        """Refuse a key file for which ``mode`` gives the group or other users any permission."""
        if os.name == "posix" and mode & 0o077:
            message = f"Other users can read the key file {path} (mode {stat.S_IMODE(mode):04o}), so {self._label} is not opened with it."
            raise ManagerAccessError(message, hint=f"Run chmod 600 {path}, and then replace the key: others may have read it.")


def has_key_files(folder: Path) -> bool:
    """Return whether ``folder`` contains a key file."""
    with suppress(OSError):
        return any(folder.glob("*.key"))
    return False


def _sync_folder(folder: Path) -> None:
    # fsync of a file does not write its folder to the disk. After a power cut, the folder could then lack the file (man page fsync(2)).
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
