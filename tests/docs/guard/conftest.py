"""Kernels, a terminal and a service for the tests of docs/guard.md."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.docs.guard.guarded_kernel import NO_KEYRING, GuardedKernel, store_secret
from tests.docs.guard.values import random_value
from tests.notebook.guard.test_terminal import Terminal
from tests.support.fakes.moto_server import aws_environment, running_moto
from tests.support.kernels import running_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def own_environment() -> Iterator[None]:
    """Hide the developer's keyring and settings from the processes of a test module."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in [name for name in os.environ if name.startswith(("ZENSECRETS_", "ZENML_"))]:
            patch.delenv(variable)
        for variable, text in NO_KEYRING.items():
            patch.setenv(variable, text)
        yield


@pytest.fixture(scope="module")
def guarded_kernel(tmp_path_factory: pytest.TempPathFactory, own_environment: None) -> Iterator[GuardedKernel]:
    """Yield a kernel with the guard on, for all tests of a module.

    Before the kernel starts, a value is stored as secret ``stored`` and written to a file. The cell that loads the extension prints the
    value from the file, so a test can check the first output after loading.
    """
    folder = tmp_path_factory.mktemp("guarded_kernel")
    value = random_value()
    store_secret(folder, "stored", value)
    (folder / "stored.txt").write_text(value)
    with running_kernel(folder) as kernel:
        yield GuardedKernel(kernel, folder, kernel.run("%load_ext zensecrets_jupyter\nprint(open('stored.txt').read())"))


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory, own_environment: None) -> Iterator[Terminal]:
    """Yield IPython in a terminal with the guard on, for all tests of a module."""
    # The random value is `Terminal.token`, a value that the guard masks.
    terminal = Terminal(tmp_path_factory.mktemp("terminal"), random_value())
    yield terminal
    terminal.close()


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """Yield environment variables for clients of moto, a local imitation of AWS Secrets Manager."""
    with running_moto() as port:
        yield aws_environment(port)
