"""What cleaning replaced, sealed with a passphrase, and the way back."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import UnreadableFileError, UnwritableFileError
from zensecrets_jupyter.core.scan.replacement import replace_file
from zensecrets_jupyter.core.transfer import sealed
from zensecrets_jupyter.core.transfer.files import at, write_text
from zensecrets_jupyter.core.whole_files import why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MARK = "zensecrets_backup"
VERSION = 1


def write_backup(path: str | Path, files: Mapping[Path, bytes], passphrase: str) -> None:
    """Write files, as they are before cleaning, into one that only the passphrase opens and only its owner can read.

    Raises:
        UnwritableFileError: If it exists already, or can't be written.
    """
    content = {str(file.absolute()): base64.b64encode(data).decode("ascii") for file, data in files.items()}
    write_text(path, sealed.seal(json.dumps({MARK: VERSION, "files": content}), passphrase), private=True)


def restore(path: str, ask: Callable[[str], str]) -> list[Path]:
    """Write the files of a backup where they were, over what is there now, and return their paths.

    Raises:
        UnreadableFileError: If it is no backup, or a damaged one.
        WrongPassphraseError: If what ``ask`` gave did not open it.
        UnwritableFileError: If one of the files can't be written; those before it are restored.
    """
    try:
        text = at(path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        text = ""
    if not sealed.is_sealed(text):
        raise UnreadableFileError(f"The file {path!r} is no backup that can be read.", hint="`%secret clean` says where it writes one.")
    files = _files_of(sealed.unseal(text, path, ask), path)
    for file, data in files.items():
        try:
            replace_file(file, data)
        except OSError as error:
            reason = why_not(error)
        else:
            continue
        raise UnwritableFileError(f"The file {str(file)!r} can't be restored: {reason}.", hint="Mend that, and restore again.")
    return list(files)


def _files_of(text: str, path: str) -> dict[Path, bytes]:
    try:
        document = json.loads(text)
        if document[MARK] == VERSION:
            return {at(name): base64.b64decode(data, validate=True) for name, data in document["files"].items()}
    except (ValueError, KeyError, TypeError):
        pass
    raise UnreadableFileError(f"The sealed file {path!r} holds no backup.", hint="If it is an export: %secret import FILE")
