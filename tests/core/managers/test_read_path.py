"""The read path of a service is short.

An engineer who follows a read from ``get_secret`` to the SDK opens at most six files.
"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.faults.cloud_services import FaultyAzure, FaultyGcp
from tests.support.faults.services import LONG_TIMEOUTS, FaultyAws, FaultyVault
from tests.support.managers.stores import secret
from zensecrets_jupyter.core import managers

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from zensecrets_jupyter.core.managers import SecretsManager

MAX_FILES = 6
FOLDER = Path(managers.__file__).parent

SERVICES: dict[str, tuple[str, Callable[[pytest.FixtureRequest, str], Any]]] = {
    "aws": ("botocore", lambda request, identity: FaultyAws(identity, request.getfixturevalue("aws")).open(**LONG_TIMEOUTS)),
    "azure": ("azure", lambda request, identity: FaultyAzure(identity, request.getfixturevalue("key_vault")).open(**LONG_TIMEOUTS)),
    "gcp": ("google", lambda request, identity: FaultyGcp(identity, request.getfixturevalue("secret_manager")).open(**LONG_TIMEOUTS)),
    "vault": ("hvac", lambda request, identity: FaultyVault(identity, request.getfixturevalue("vault")).open(**LONG_TIMEOUTS)),
    "zenml": ("client.py", lambda request, identity: request.getfixturevalue("zenml").open(identity, scope="component")),
}
"""For each flavor that can read: the package of the SDK, and a function that opens a manager.

The flavor `zenml` has no SDK. Our own REST client in ``zenml/client.py`` takes the position of an SDK.
"""


def _files_before(package: str, read: Callable[[], object]) -> list[str]:
    """Return the files of the managers that ``read`` enters before it calls the package."""
    files: dict[str, None] = {}
    is_called = False

    def trace(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal is_called
        path = Path(frame.f_code.co_filename)
        if event != "call" or is_called:
            return
        if package in path.parts:
            is_called = True
        elif path.is_relative_to(FOLDER):
            files[str(path.relative_to(FOLDER))] = None

    sys.setprofile(trace)
    try:
        read()
    finally:
        sys.setprofile(None)
    assert is_called, f"{package} was not called"
    return list(files)


@pytest.mark.parametrize("flavor", SERVICES)
def test_read_path_is_short(flavor: str, request: pytest.FixtureRequest) -> None:
    """A read that is not cached enters at most six files before the SDK.

    The connection exists already.
    """
    package, open_manager = SERVICES[flavor]
    manager: SecretsManager = open_manager(request, str(uuid.uuid4()))
    manager.register_secret(secret("stored", key="value"))
    files = _files_before(package, lambda: manager.get_secret("stored"))
    assert len(files) <= MAX_FILES, files
