"""What a person can set: the folder of everything that is kept, and how much a validation reads."""

from __future__ import annotations

import os
from contextlib import suppress
from enum import Enum
from functools import lru_cache
from pathlib import Path

from zensecrets_jupyter.core.errors import SettingsError
from zensecrets_jupyter.core.system.text_encoding import encode_system_text

HOME_VARIABLE = "ZENSECRETS_HOME"
VALIDATION_LEVEL_VARIABLE = "ZENML_SECRET_VALIDATION_LEVEL"
PASSPHRASE_VARIABLE = "ZENSECRETS_PASSPHRASE"  # noqa: S105 - the name of a variable, not a passphrase
NEW_PASSPHRASE_VARIABLE = "ZENSECRETS_NEW_PASSPHRASE"  # noqa: S105 - as above; what a store is changed to whose passphrase the other holds
CHILD_VARIABLE = "ZENSECRETS_IN_NOTEBOOK"
"""Set in the environment of a notebook's kernel while the extension is loaded: what its children write becomes an output."""


class SecretValidationLevel(Enum):
    """How much the validation of a stack looks at; ZenML's three levels."""

    NONE = "NONE"
    SECRET_EXISTS = "SECRET_EXISTS"  # noqa: S105 - a level, not a password
    SECRET_AND_KEY_EXISTS = "SECRET_AND_KEY_EXISTS"  # noqa: S105 - likewise


def home() -> Path:
    """Return the folder under which everything is kept; it need not exist yet.

    It is ``ZENSECRETS_HOME`` where that is set, else the platform's folder for a user's data.

    Raises:
        SettingsError: If this user has no home folder, or ``ZENSECRETS_HOME`` begins with that of a user whom nobody knows here.
    """
    # Asked at every access to a secret, hence what was worked out once is kept, by all that it depends on.
    chosen = os.environ.get(HOME_VARIABLE)
    if not chosen:
        return _platform_folder(os.environ.get("XDG_DATA_HOME"), os.environ.get("HOME"))
    if os.path.isabs(chosen):  # noqa: PTH117 - making a Path first takes as long as all the rest
        return _chosen_folder(chosen)
    try:
        return absolute_path(chosen)
    except ValueError as error:
        problem = f"{HOME_VARIABLE} is {chosen!r}, and {error}."
    raise SettingsError(problem, hint=f"Set {HOME_VARIABLE} to a folder.")


def absolute_path(path: str | Path) -> Path:
    """Return a path from the root, with ``~`` expanded.

    Raises:
        ValueError: If there is no such user, or if this process is in a folder that is gone; its text is the end of a sentence.
    """
    # Path.expanduser raises RuntimeError where there is no such user.
    expanded = encode_system_text(os.path.expanduser(str(path)))  # noqa: PTH111 - see above
    if str(expanded).startswith("~"):
        message = "there is no such user's home folder here"
        raise ValueError(message)
    try:
        return Path(expanded).absolute()
    except FileNotFoundError:
        pass
    message = "the folder that this process is in is gone"
    raise ValueError(message)


@lru_cache(maxsize=64)
def _chosen_folder(chosen: str) -> Path:
    return Path(chosen)


@lru_cache(maxsize=8)
def _platform_folder(_data_home: str | None, _home: str | None) -> Path:
    import platformdirs

    # Where nothing says what the home folder is, newer versions of platformdirs raise, and older ones leave the ~.
    with suppress(RuntimeError):
        folder = Path(platformdirs.user_data_dir("zensecrets", appauthor=False))
        if folder.is_absolute():
            return folder
    # As in a container that runs as a user without an entry in /etc/passwd.
    raise SettingsError("This user has no home folder.", hint=f"Set {HOME_VARIABLE} to a folder in which everything is to be kept.")


def validation_level() -> SecretValidationLevel:
    """Return the level that ``ZENML_SECRET_VALIDATION_LEVEL`` names now, in whatever case it is written.

    Raises:
        SettingsError: If it is set to none of the three levels.
    """
    chosen = os.environ.get(VALIDATION_LEVEL_VARIABLE, "").strip()
    if not chosen:
        return SecretValidationLevel.SECRET_AND_KEY_EXISTS
    try:
        return SecretValidationLevel(chosen.upper())
    except ValueError:
        levels = ", ".join(level.value for level in SecretValidationLevel)
    message = f"{VALIDATION_LEVEL_VARIABLE} is {chosen!r}, which is no level of validation."
    raise SettingsError(message, hint=f"Set it to one of {levels}.")


def make_private_folder(folder: Path) -> Path:
    """Create ``folder`` with its parents, readable by its owner only (0700), and return it.

    An existing folder keeps its mode: it may be one that the user chose.

    Raises:
        OSError: If the platform refuses.
    """
    missing = [step for step in (folder, *folder.parents) if not step.exists()]
    for step in reversed(missing):
        step.mkdir(mode=0o700, exist_ok=True)
    return folder
