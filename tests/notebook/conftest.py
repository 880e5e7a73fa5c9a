"""A kernel with the extension loaded, for the tests of the notebook front end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.kernels import Kernel


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    """Return a kernel in which the extension is loaded.

    The kernel has its own home folder and passphrase. The passphrase is a canary too, so a test that searches for canaries finds it.
    """
    with running_kernel(tmp_path, {"ZENSECRETS_PASSPHRASE": canary("passphrase")}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        yield kernel
