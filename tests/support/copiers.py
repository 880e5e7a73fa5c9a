"""A function that copies secrets in a separate process, which a test kills."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.settings import HOME_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def copy_until_killed(home: Path, environment: Mapping[str, str]) -> None:
    """Copy all secrets of ``default`` to ``cloud``.

    This function runs in a separate process, which the test kills during the copy. The function sets the environment itself, because the
    fixtures of the tests do not run there.
    """
    os.environ.update({**environment, HOME_VARIABLE: str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"})
    Client().copy_secrets("default", "cloud")
