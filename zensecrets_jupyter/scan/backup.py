"""What cleaning replaced, sealed with a passphrase, and the way back."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import UnreadableFileError, UnwritableFileError
from zensecrets_jupyter.core.transfer import sealed
from zensecrets_jupyter.core.transfer.files import at, write_text
from zensecrets_jupyter.core.whole_files import why_not
from zensecrets_jupyter.scan.replacement import replace_file
from zensecrets_jupyter.scan.walking import PASSED_OVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MARK = "zensecrets_backup"
VERSION = 1
_LARGEST = 2 * 1024 * 1024 * 1024
"""Bytes of a backup at most."""


def write_backup(path: str | Path, files: Mapping[Path, bytes], passphrase: str) -> None:
    """Write files, as they are before cleaning, into one that only the passphrase opens and only its owner can read.

    Raises:
        UnwritableFileError: If it exists already, or can't be written.
    """
    content = {str(file.absolute()): base64.b64encode(data).decode("ascii") for file, data in files.items()}
    write_text(path, sealed.seal(json.dumps({MARK: VERSION, "files": content}), passphrase), private=True)


def restore(path: str, ask: Callable[[str], str], folders: Iterable[str]) -> list[Path]:
    """Write the files of a backup where they were, over what is there now, and return their paths.

    Whoever made the backup has chosen the paths in it, and it may come from elsewhere.

    Args:
        path: The backup.
        ask: Gives its passphrase.
        folders: The folders or files that may be written.

    Raises:
        UnreadableFileError: If it is no backup, or a damaged one.
        WrongPassphraseError: If what ``ask`` gave did not open it.
        UnwritableFileError: If it holds a file that is not below one of ``folders``, then nothing is restored; or if one of the files can't
            be written, then those before it are restored.
    """
    text = _text_of(path)
    if not sealed.is_sealed(text):
        raise UnreadableFileError(f"The file {path!r} is no backup that can be read.", hint="`%secret clean` says where it writes one.")
    files = _files_of(sealed.unseal(text, path, ask), path)
    allowed = [Path(os.path.realpath(at(folder))) for folder in folders]
    outside = [name for name in files if not _is_below(name, allowed)]
    if outside:
        count = f"{len(outside)} of its {len(files)} files" if len(files) > 1 else "its file"
        where = ", ".join(map(str, allowed))
        message = f"The backup {path!r} would write {count} elsewhere than below {where}, such as {outside[0]!r}; nothing was restored."
        raise UnwritableFileError(message, hint=f"If that is meant, name the folder: %zen clean --restore {path} FOLDER")
    for done, (name, data) in enumerate(files.items()):
        try:
            replace_file(Path(name), data)
        except OSError as error:
            reason = why_not(error)
        else:
            continue
        message = f"The file {name!r} can't be restored, since {reason}; {done} of {len(files)} files are restored."
        raise UnwritableFileError(message, hint="Mend that, and restore again.")
    return list(map(Path, files))


def _text_of(path: str) -> str:
    """Return the text of a backup; nothing if it is no file that one could be in."""
    file = at(path)
    try:
        # A device never ends, and a pipe may never begin; nor may a file that shows the state of the system, and has no size.
        if os.path.isfile(file) and 0 < file.stat().st_size <= _LARGEST:  # noqa: PTH113 - Path.is_file raises where the path is too long
            return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        pass
    return ""


def _is_below(name: str, allowed: Iterable[Path]) -> bool:
    """Tell whether a file of a backup, wherever a link leads, is below one of these, and is none of a tool's own files."""
    if not os.path.isabs(name) or "\0" in name:  # noqa: PTH117 - it is no path yet
        return False
    real = Path(os.path.realpath(name))
    return any(
        real == one or (real.is_relative_to(one) and not PASSED_OVER.intersection(real.relative_to(one).parts[:-1])) for one in allowed
    )


def _files_of(text: str, path: str) -> dict[str, bytes]:
    try:
        document = json.loads(text)
        if document[MARK] == VERSION:
            return {name: base64.b64decode(data, validate=True) for name, data in document["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise UnreadableFileError(f"The sealed file {path!r} holds no backup.", hint="If it is an export: %secret import FILE")
