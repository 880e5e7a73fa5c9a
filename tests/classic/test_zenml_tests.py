"""Test of ``tests.classic.zenml_tests``, the program that runs ZenML's own tests with this package."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TEST_FILE = """
from zenml.pipelines import pipeline
from zenml.steps import BaseNothing, step
from zenml.steps.deeper import Output

class Sub(BaseNothing):
    pass

@step
def number() -> Output(count=int):
    return 1

def test_that_passes(clean_client, one_step_pipeline):
    assert one_step_pipeline(number()).run().get_step("step_").output.read() == 1

def test_that_uses_a_missing_name():
    Sub()

def test_that_fails():
    assert number().enable_cache is False
"""
"""A file like one of ZenML's test files. Neither the class ``BaseNothing`` nor the module ``steps.deeper`` exists in this package."""


def test_outcomes_are_counted_and_failures_are_printed(tmp_path: Path) -> None:
    """If a file imports a missing name, only the tests that use the name fail.

    A file whose import fails is counted too.
    """
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "test_some.py").write_text(TEST_FILE)
    (tmp_path / "steps" / "test_broken.py").write_text("import no_such_module\n")
    # Plug-ins that are installed on the machine must not change the output.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "tests.classic.zenml_tests", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)
    lines = result.stdout.splitlines()
    assert lines[:2] == ["steps/test_broken.py 1 not imported", "steps/test_some.py 2 failed, 1 passed"]
    assert lines[-1] == "2 failed, 1 not imported, 1 passed"
    assert any("test_that_uses_a_missing_name" in line and "MissingNameError: zenml.steps.BaseNothing" in line for line in lines)
    assert any("test_that_fails" in line and "AssertionError" in line for line in lines)
