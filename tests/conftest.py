"""Fixtures of all tests.

Each test has its own home folder, and does not see the settings and the keyring of the user who runs it.
"""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter, defaultdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# With gRPC's support for `fork`, each child process of a test also runs the threads of gRPC, until it executes another program.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

# A property test must not fail because the machine is busy.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

MAX_OPEN_FILES = 300
"""The number of open files above which garbage is collected. Many systems allow 1,024."""


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the test a new home, no settings of this package, and no keyring.

    The child processes of the test inherit these environment variables.
    """
    for variable in list(os.environ):
        if variable.startswith(("ZENSECRETS_", "ZENML_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    yield
    # A workspace and its databases are open until the end of the process. Each test needs its own workspace.
    # The modules are taken from sys.modules, because an import would load a module that the test did not use.
    workspace_module = sys.modules.get("zensecrets_jupyter.core.workspace.workspace")
    if workspace_module is not None:
        workspace_module._workspaces.clear()
    # A process masks its values and stores its passphrases until its end. Each test has to start without them.
    globals_module = sys.modules.get("zensecrets_jupyter.core.system.process_globals")
    if globals_module is not None:
        globals_module.clear_process_globals()
    value_module = sys.modules.get("zensecrets_jupyter.core.value")
    if value_module is not None:
        value_module.known_values.cache_clear()
    passphrase_module = sys.modules.get("zensecrets_jupyter.core.sealing.key_protections.passphrase")
    if passphrase_module is not None:
        passphrase_module.forget_passphrases()
    # Garbage may contain open files: of clients, kernels and databases that a test did not close.
    if len(list(Path("/proc/self/fd").iterdir())) > MAX_OPEN_FILES:
        gc.collect()


@pytest.fixture
def count_outcome(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function ``count(table, outcome)``, which counts an outcome in a table.

    The argument ``table`` is the title of the table. pytest prints the tables after the last test.
    """
    return lambda table, outcome: request.node.user_properties.append(("outcome", (table, outcome)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables of :func:`count_outcome`, from all processes of pytest."""
    tables: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for report in chain.from_iterable(terminalreporter.stats.values()):
        # A test has several reports. Only the last one, which is the report of its teardown, has all its properties.
        if getattr(report, "when", None) == "teardown":
            for name, value in report.user_properties:
                if name == "outcome":
                    table, outcome = value
                    tables[table][outcome] += 1
    for table, counts in sorted(tables.items()):
        terminalreporter.write_line(f"{table}: {', '.join(f'{count} {outcome}' for outcome, count in sorted(counts.items()))}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return the number of processes for ``-n auto``.

    It is larger than the number of processors, because many tests wait for a kernel or a browser.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors + processors // 2
