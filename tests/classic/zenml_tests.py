"""Run ZenML 0.20's own tests with this package: ``python -m tests.classic.zenml_tests FOLDER [PATH…]``.

FOLDER is ``tests/unit`` of ZenML's sources at the tag 0.20.5, which are not part of this repository. Each PATH is a file or a folder in
FOLDER. The test files are copied to a temporary folder without the fixtures in ZenML's ``tests/unit/conftest.py``. They import this package
as ``zenml``; see :mod:`tests.classic.zenml_shim`. The output has the number of passed and failed tests of each file, and the error of each
failed test.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import click
import pytest

TEST_PATHS = (
    "secrets_manager",
    "stack",
    "steps",
    "pipelines",
    "materializers",
    "post_execution",
    "utils/test_secret_utils.py",
    "config/test_resource_settings.py",
    "test_client.py",
    "cli/test_stack.py",
    "cli/test_stack_components.py",
)
"""The files and folders that are run by default, relative to FOLDER."""


class _Outcomes:
    """A pytest plug-in that counts outcomes by file, and lists failures."""

    def __init__(self) -> None:
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.failures: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the outcome of a test. A failed fixture counts as a failed test.

        pytest reports the setup, the call and the teardown of each test.
        """
        if report.when == "call" or report.outcome == "failed":
            self.counts[report.nodeid.partition("::")[0]][report.outcome] += 1
            if report.outcome == "failed":
                crash = getattr(report.longrepr, "reprcrash", None)
                self.failures.append((report.nodeid, crash.message if crash else str(report.longrepr)))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Record a file that can't be imported."""
        if report.outcome == "failed":
            self.counts[report.nodeid]["not imported"] += 1
            self.failures.append((report.nodeid, str(report.longrepr).strip().splitlines()[-1]))


def main(folder: str, paths: tuple[str, ...] = TEST_PATHS) -> int:
    """Run the tests in ``folder`` and print outcomes. Return 1 without outcomes, otherwise 0."""
    outcomes = _Outcomes()
    with tempfile.TemporaryDirectory() as copy_folder:
        for path in paths:
            # The path is a file or a folder. For a file, rglob finds nothing.
            for source in [Path(folder, path), *Path(folder, path).rglob("*.py")]:
                if source.is_file() and source.suffix == ".py" and source.name != "__init__.py":
                    target = Path(copy_folder, source.relative_to(folder))
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, target)
        # The result depends on no cache and no configuration file. This function prints the outcomes instead of pytest.
        options = [
            "--import-mode=importlib",
            "--continue-on-collection-errors",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:terminal",
            "-c",
            "/dev/null",
            f"--rootdir={copy_folder}",
            copy_folder,
        ]
        pytest.main([*options, "-p", "tests.classic.zenml_shim"], plugins=[outcomes])
    for file, counts in sorted(outcomes.counts.items()):
        click.echo(f"{file} {_format_counts(counts)}")
    for test, message in outcomes.failures:
        click.echo(f"{test.rpartition('/')[2]}: {' '.join(message.split())[:200]}")
    total = sum(outcomes.counts.values(), Counter[str]())
    click.echo(_format_counts(total) or "No tests.")
    return 0 if total else 1


def _format_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], tuple(sys.argv[2:]) or TEST_PATHS))
