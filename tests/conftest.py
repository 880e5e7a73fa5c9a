"""What every test stands on: a home of its own, and nothing of the settings or the keyring of the person who runs it."""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# gRPC, where a test uses it in this process, would run on in each program that is started, until that is its own.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

MANY = 300
"""Open files of this process at which those of earlier tests are closed; many systems allow 1,024."""


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the test a home that does not exist yet, none of our variables, and no keyring; children inherit it all."""
    for variable in list(os.environ):
        if variable.startswith(("ZENSECRETS_", "ZENML_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    yield
    # A workspace, with its databases, stays open as long as its process; here each test has one.
    workspace = sys.modules.get("zensecrets_jupyter.core.workspace.workspace")
    if workspace is not None:
        workspace._workspaces.clear()
    # What a process knows it masks for ever, and a passphrase it asks for once; here each test is a process, as it were.
    process = sys.modules.get("zensecrets_jupyter.core.system.process_globals")
    if process is not None:
        process.clear_process_globals()
    value = sys.modules.get("zensecrets_jupyter.core.value")
    if value is not None:
        value.known_values.cache_clear()
    passphrase = sys.modules.get("zensecrets_jupyter.core.sealing.key_protections.passphrase")
    if passphrase is not None:
        passphrase.forget_passphrases()
    if len(list(Path("/proc/self/fd").iterdir())) > MANY:
        gc.collect()


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return what counts, in the table with a name, one more of an outcome; the summary shows the tables."""
    return lambda table, outcome: request.node.user_properties.append(("counted", (table, outcome)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted, in whichever of pytest's processes."""
    tables: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        # What is counted before a test's end is in its last report.
        if getattr(report, "when", None) == "teardown":
            for table, outcome in (value for name, value in report.user_properties if name == "counted"):
                tables[table][outcome] += 1
    for table, outcomes in sorted(tables.items()):
        terminalreporter.write_line(f"{table}: {', '.join(f'{count} {outcome}' for outcome, count in sorted(outcomes.items()))}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes ``-n auto`` means: more than there are processors, as many tests wait for a kernel or a browser."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors + processors // 2
