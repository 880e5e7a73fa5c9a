"""A wrapping key in a file that only its owner can read.

It is the last resort, for a machine without a keyring where nobody chose a passphrase: whoever reads the files of this user opens the
store. The files stand in a folder of their own, apart from the data, so that a copy of a store does not bring its key along.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import KeyLostError, ManagerAccessError, ManagerCorruptedError, ZenSecretsError
from zensecrets_jupyter.core.sealing.cipher import KEY_SIZE, new_key
from zensecrets_jupyter.core.sealing.foreign_errors import from_os_error
from zensecrets_jupyter.core.sealing.ownership import check_folder, check_owner
from zensecrets_jupyter.core.settings import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_LONGEST = 1024
"""How much of a key file is read, in bytes; 45 are written."""

_IDENTITY = re.compile(r"[0-9a-f]{32}")


class KeyFileProtection:
    """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""

    def __init__(self, label: str, folder: Path) -> None:
        """Prepare it for the database that ``label`` names; ``folder`` holds key files and need not exist yet."""
        self._label = label
        self._folder = folder

    def make(self) -> tuple[Mapping[str, str | int], bytes]:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""
        place = {"id": uuid.uuid4().hex}
        path = self._path(place)
        key = new_key()
        try:
            check_folder(make_private_folder(self._folder))
            # O_EXCL follows no link that somebody may have put there.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(base64.b64encode(key) + b"\n")
                    file.flush()
                    os.fsync(descriptor)
                    # A drive without modes, such as one of Windows's, lets everybody read whatever we ask for.
                    self._refuse_if_others_read(path, os.fstat(descriptor).st_mode)
                _sync_folder(self._folder)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        except OSError as error:
            if isinstance(error, ZenSecretsError):
                raise
            raise from_os_error(error, path) from None
        return place, key

    def find(self, place: Mapping[str, str | int], opens: Callable[[bytes], bool]) -> bytes:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`.

        Raises:
            ManagerAccessError: If the file or its folder belongs to another user, or if others can read the file. It is not mended in
                silence: they may have read it already, so that the key should be replaced too. OpenSSH does the same with its private keys.
        """
        path = self._path(place)
        text, found = b"", None
        try:
            check_folder(self._folder)
            with path.open("rb") as file:
                text, found = file.read(_LONGEST), os.fstat(file.fileno())
        except FileNotFoundError:
            pass
        except OSError as error:
            if isinstance(error, ZenSecretsError):
                raise
            raise from_os_error(error, path) from None
        if found is None:
            message = f"The key of {self._label} is gone; it was expected in {path}."
            raise KeyLostError(message, hint="Restore that file from a copy; the store itself is whole.")
        check_owner(path, found)
        self._refuse_if_others_read(path, found.st_mode)
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) == KEY_SIZE and opens(key):
            return key
        message = f"What stands in {path} is not the key of {self._label}."
        raise KeyLostError(message, hint="Restore that file from a copy; the store itself is whole.")

    def check(self, place: Mapping[str, str | int], opens: Callable[[bytes], bool]) -> None:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""
        self.find(place, opens)

    def drop(self, place: Mapping[str, str | int]) -> None:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""
        path = self._path(place)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise from_os_error(error, path) from None

    def describe(self, place: Mapping[str, str | int]) -> str:
        """See :class:`~zensecrets_jupyter.core.sealing.protection.Protection`."""
        return f"a key file ({self._path(place)}, mode 0600)"

    def _path(self, place: Mapping[str, str | int]) -> Path:
        # The place is stored in clear: without this check an altered one could name any file.
        identity = place.get("id")
        if isinstance(identity, str) and _IDENTITY.fullmatch(identity):
            return self._folder / f"{identity}.key"
        raise ManagerCorruptedError(f"Where the key of {self._label} is kept can't be read.", hint="Restore it from a copy.")

    def _refuse_if_others_read(self, path: Path, mode: int) -> None:
        if os.name == "posix" and mode & 0o077:
            message = f"The key file {path} can be read by others (mode {stat.S_IMODE(mode):04o}), so {self._label} is not opened with it."
            raise ManagerAccessError(message, hint=f"Run chmod 600 {path}, and then replace the key: others may have read it.")


def keeps_keys(folder: Path) -> bool:
    """Tell whether there is a key file in ``folder``."""
    with suppress(OSError):
        return any(folder.glob("*.key"))
    return False


def _sync_folder(folder: Path) -> None:
    # Without it a power cut can take the new file out of its folder, although its content was synced.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
