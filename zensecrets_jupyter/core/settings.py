"""Settings from environment variables: their names, the folder for all data, and the validation level."""

from __future__ import annotations

import os
from contextlib import suppress
from enum import Enum
from functools import lru_cache
from pathlib import Path

from zensecrets_jupyter.core.errors import SettingsError
from zensecrets_jupyter.core.system.text_encoding import encode_system_text

HOME_VARIABLE = "ZENSECRETS_HOME"
"""The variable with the folder for all data."""
VALIDATION_LEVEL_VARIABLE = "ZENML_SECRET_VALIDATION_LEVEL"
PASSPHRASE_VARIABLE = "ZENSECRETS_PASSPHRASE"  # noqa: S105 - the name of a variable, not a passphrase
NEW_PASSPHRASE_VARIABLE = "ZENSECRETS_NEW_PASSPHRASE"  # noqa: S105 - the name of a variable, not a passphrase
CHILD_VARIABLE = "ZENSECRETS_IN_NOTEBOOK"
"""The variable that a kernel with the loaded extension sets for its child processes.

It tells the terminal command ``zensecrets`` that its output becomes cell output.
"""


class SecretValidationLevel(Enum):
    """How much of a stack's references is validated.

    ``NONE`` checks no reference. ``SECRET_EXISTS`` checks that the secrets exist, and ``SECRET_AND_KEY_EXISTS`` that their keys exist too.
    ZenML has the same three levels.
    """

    NONE = "NONE"
    SECRET_EXISTS = "SECRET_EXISTS"  # noqa: S105 - a level, not a password
    SECRET_AND_KEY_EXISTS = "SECRET_AND_KEY_EXISTS"  # noqa: S105 - a level, not a password


def home() -> Path:
    """Return the folder for all data, which may not exist yet.

    It is ``ZENSECRETS_HOME`` if that is set, and otherwise the platform's folder for user data.

    Raises:
        SettingsError: If the user has no home folder, or if ``ZENSECRETS_HOME`` is a path such as ``~x`` with an unknown user ``x``, or a
            relative path in a folder that was deleted.
    """
    # This code runs at every access to a secret, so results are cached by the variables that they depend on.
    setting = os.environ.get(HOME_VARIABLE)
    if not setting:
        return _platform_folder(os.environ.get("XDG_DATA_HOME"), os.environ.get("HOME"))
    if os.path.isabs(setting):  # noqa: PTH117 - creating a Path would double the time of this function
        return _cached_path(setting)
    try:
        return absolute_path(setting)
    except ValueError as error:
        problem = f"{HOME_VARIABLE} is {setting!r}, and {error}."
    raise SettingsError(problem, hint=f"Set {HOME_VARIABLE} to a folder.")


def absolute_path(path: str | Path) -> Path:
    """Return an absolute path, with ``~`` expanded.

    Raises:
        ValueError: If the user of ``~`` is unknown, or the current folder was deleted. The text of the
            error continues a sentence, such as "The path is '~x', and …".
    """
    expanded = encode_system_text(os.path.expanduser(str(path)))  # noqa: PTH111 - Path.expanduser raises RuntimeError if the user is unknown
    if str(expanded).startswith("~"):
        message = "its user is unknown on this machine"
        raise ValueError(message)
    try:
        return Path(expanded).absolute()
    except FileNotFoundError:
        pass
    message = "the current folder of this process was deleted"
    raise ValueError(message)


@lru_cache(maxsize=64)
def _cached_path(folder: str) -> Path:
    """Return the path of a folder. The cache makes :func:`home` fast."""
    return Path(folder)


@lru_cache(maxsize=8)
def _platform_folder(_data_home: str | None, _home: str | None) -> Path:
    """Return the platform's folder for user data.

    The arguments are only keys of the cache: platformdirs reads the same two environment variables itself.
    """
    import platformdirs

    # Without a home folder, newer versions of platformdirs raise an error, and older ones return a path with ~.
    with suppress(RuntimeError):
        folder = Path(platformdirs.user_data_dir("zensecrets", appauthor=False))
        if folder.is_absolute():
            return folder
    # There is no home folder, for example in a container that runs as a user without an entry in /etc/passwd.
    raise SettingsError("This user has no home folder.", hint=f"Set {HOME_VARIABLE} to a folder for all data.")


def validation_level() -> SecretValidationLevel:
    """Return the level in ``ZENML_SECRET_VALIDATION_LEVEL``; the default checks secrets and keys.

    The value of the variable may be in upper or lower case.

    Raises:
        SettingsError: If the value is not one of the three levels.
    """
    setting = os.environ.get(VALIDATION_LEVEL_VARIABLE, "").strip()
    if not setting:
        return SecretValidationLevel.SECRET_AND_KEY_EXISTS
    try:
        return SecretValidationLevel(setting.upper())
    except ValueError:
        levels = ", ".join(level.value for level in SecretValidationLevel)
    message = f"{VALIDATION_LEVEL_VARIABLE} is {setting!r}, which is not a validation level."
    raise SettingsError(message, hint=f"Set it to one of {levels}.")


def make_private_folder(folder: Path) -> Path:
    """Create ``folder`` with its parents, readable by its owner only (0700), and return it.

    An existing folder keeps its mode, because the user may have chosen it.

    Raises:
        OSError: If the platform refuses to create a folder.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
    return folder
