"""Benchmarks of the time to load the extension in a new process.

The benchmarks measure the whole time of the process. Subtract the time of the benchmark ``nothing`` from it to get the time of a statement.
The budget for ``%load_ext zensecrets_jupyter`` is 40 ms of this difference. For comparison, the extension ``dotenv`` is loaded, and the
library ``keyring`` is imported.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

CREATE_SHELL = "from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell.instance(); "
# The statements, by the names of their benchmarks.
STATEMENTS = {
    "nothing": "pass",
    "load_ext zensecrets_jupyter": "shell.run_line_magic('load_ext', 'zensecrets_jupyter')",
    "load_ext dotenv": "shell.run_line_magic('load_ext', 'dotenv')",
    "import keyring": "import keyring",
}


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.benchmark(group="load", min_rounds=10)
def test_load(benchmark: BenchmarkFixture, tmp_path: Path, statement: str) -> None:
    """A new interpreter creates a shell and runs one statement."""
    command = [sys.executable, "-c", CREATE_SHELL + STATEMENTS[statement]]
    environment = {"IPYTHONDIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    benchmark(lambda: subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL))
