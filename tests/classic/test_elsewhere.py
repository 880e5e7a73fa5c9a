"""Tests that scripts for this package also run with ZenML itself.

For ZenML, the scripts import ``zenml`` instead of this package.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.classic.examples import examples_in, replace_package
from tests.support.zenml_server import run_with_zenml

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES = examples_in("examples_now.md")
# This program runs the scripts in its arguments, all in one process. Each script prints "NAME: done" at its end.
RUNNER = Path(__file__).with_name("run_scripts.py")
_DONE = re.compile(r"^(.+): done$", re.MULTILINE)


def test_the_scripts_run_with_this_package(tmp_path: Path) -> None:
    """All five scripts succeed with this package, in one process."""
    assert len(EXAMPLES) == 5
    command = [sys.executable, str(RUNNER), *_write(EXAMPLES, tmp_path)]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert _DONE.findall(result.stdout) == list(EXAMPLES)


# This test is slow, and does not depend on the version of Python or IPython, so CI runs it with only one version.
@pytest.mark.one_python
def test_the_scripts_run_with_zenml(tmp_path: Path) -> None:
    """All five scripts succeed with ZenML 0.98, in one process."""
    zenml_scripts = {name: replace_package(source, "zensecrets_jupyter", "zenml") for name, source in EXAMPLES.items()}
    output = run_with_zenml(str(RUNNER), *_write(zenml_scripts, tmp_path), folder=tmp_path)
    assert _DONE.findall(output) == list(EXAMPLES)


def _write(scripts: Mapping[str, str], folder: Path) -> list[str]:
    """Write each script to a file of its own, and return the paths.

    ZenML identifies a step by its file, so two scripts must not be in one file.
    """
    paths = [folder / f"example_{name}.py" for name in scripts]
    for path, source in zip(paths, scripts.values(), strict=True):
        path.write_text(source)
    return [str(path) for path in paths]
