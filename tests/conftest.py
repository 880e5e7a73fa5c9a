"""Fixtures of all tests.

Each test has its own home folder, and does not see the settings and the keyring of the user who runs it.
"""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Without this setting, the threads of gRPC continue in the child processes of a test until they execute another program.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

# A property test must not fail because the machine is busy.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

MAX_OPEN_FILES = 300
"""The number of open files above which garbage is collected. Many systems allow 1,024."""


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the test a new home, no settings of this package, and no keyring.

    Its child processes inherit them.
    """
    for variable in list(os.environ):
        if variable.startswith(("ZENSECRETS_", "ZENML_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    yield
    # A workspace and its databases are open until the end of the process. Each test needs its own workspace.
    workspace = sys.modules.get("zensecrets_jupyter.core.workspace.workspace")
    if workspace is not None:
        workspace._workspaces.clear()
    # A process masks its values and stores its passphrases until its end. Each test has to start without them.
    process = sys.modules.get("zensecrets_jupyter.core.system.process_globals")
    if process is not None:
        process.clear_process_globals()
    value = sys.modules.get("zensecrets_jupyter.core.value")
    if value is not None:
        value.known_values.cache_clear()
    passphrase = sys.modules.get("zensecrets_jupyter.core.sealing.key_protections.passphrase")
    if passphrase is not None:
        passphrase.forget_passphrases()
    if len(list(Path("/proc/self/fd").iterdir())) > MAX_OPEN_FILES:
        gc.collect()


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that counts an outcome in a named table.

    The summary of pytest shows the tables.
    """
    return lambda table, outcome: request.node.user_properties.append(("counted", (table, outcome)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables of :func:`counted`, from all processes of pytest."""
    tables: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        # The last report of a test has all its properties.
        if getattr(report, "when", None) == "teardown":
            for table, outcome in (value for name, value in report.user_properties if name == "counted"):
                tables[table][outcome] += 1
    for table, outcomes in sorted(tables.items()):
        terminalreporter.write_line(f"{table}: {', '.join(f'{count} {outcome}' for outcome, count in sorted(outcomes.items()))}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return the number of processes for ``-n auto``.

    It is larger than the number of processors, because many tests wait for a kernel or a browser.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors + processors // 2
