"""An engineer who follows a read from ``get_secret`` to the SDK of a service opens at most six files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.faults.cloud_services import faulty_service
from tests.support.faults.services import LONG_TIMEOUTS
from tests.support.managers.stores import secret
from zensecrets_jupyter.core import managers

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from zensecrets_jupyter.core.managers import SecretsManager

MAX_FILES = 6
MANAGERS_FOLDER = Path(managers.__file__).parent

SDK_PATH_PARTS = {"aws": "botocore", "azure": "azure", "gcp": "google", "vault": "hvac", "zenml": "client.py"}
"""For each remote flavor that can read values, a folder or file in the paths of its SDK.

The flavor `zenml` has no SDK. In its place, the test uses our own REST client in ``zenml/client.py``.
"""


def _files_before_sdk(sdk_path_part: str, read: Callable[[], object]) -> list[str]:
    """Return the files of ``core/managers`` that the function ``read`` enters before it calls the SDK."""
    # The keys of a dict are an ordered set.
    files: dict[str, None] = {}
    # This is whether the SDK has been called.
    is_called = False

    def trace(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal is_called
        path = Path(frame.f_code.co_filename)
        if event != "call" or is_called:
            return
        if sdk_path_part in path.parts:
            is_called = True
        elif path.is_relative_to(MANAGERS_FOLDER):
            files[str(path.relative_to(MANAGERS_FOLDER))] = None

    sys.setprofile(trace)
    try:
        read()
    finally:
        sys.setprofile(None)
    assert is_called, f"{sdk_path_part} was not called"
    return list(files)


@pytest.mark.parametrize("flavor", SDK_PATH_PARTS)
def test_read_path_is_short(flavor: str, request: pytest.FixtureRequest) -> None:
    """A read that is not cached enters at most six files before the SDK.

    The registration before the read has opened the connection, so opening a connection is not part of the read.
    """
    manager: SecretsManager
    if flavor == "zenml":
        manager = request.getfixturevalue("zenml").open(scope="component")
    else:
        manager = faulty_service(flavor, request).open(**LONG_TIMEOUTS)
    manager.register_secret(secret("stored", key="value"))
    files = _files_before_sdk(SDK_PATH_PARTS[flavor], lambda: manager.get_secret("stored"))
    assert len(files) <= MAX_FILES, files
