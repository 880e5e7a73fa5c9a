"""Invalid input in a notebook: the cases of the terminal, as magics in a kernel."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.support.bad_input import BAD_INPUT, BadInput, snapshot
from tests.support.kernels import running_kernel
from zensecrets_jupyter.testing.canary import find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.one_python

CASES = [case for case in BAD_INPUT if not case.is_terminal_only]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Return one kernel for all cases; each case has its own folders."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter\nimport os").ok
        yield kernel


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_invalid_input_is_an_error_in_one_line(case: BadInput, kernel: Kernel, tmp_path: Path) -> None:
    """The error is one line with the problem and a hint, and the command changes nothing."""
    # The test process and the kernel use the same home folder, so `snapshot` reads what the kernel stores.
    folder = tmp_path / "folder"
    folder.mkdir()
    case.prepare(folder)
    snapshot_before, files_before = snapshot(), sorted(folder.iterdir())
    home = tmp_path / "home"
    assert kernel.run(
        f"os.chdir({str(folder)!r}); os.environ.update({{'ZENSECRETS_HOME': {str(home)!r}, **{dict(case.environment)!r}}})"
    ).ok
    first_message = len(kernel.record)
    result = kernel.run(f"%zen {shlex.join(case.words)}", allow_stdin=False)
    assert kernel.run(f"[os.environ.pop(name) for name in {list(case.environment)!r}]; os.chdir('/')").ok
    assert not result.ok
    assert result.prompts == []
    assert result.stream("stdout") == ""
    # A value on the line causes a separate warning, which is not part of the error.
    (line,) = (line for line in result.error.strip().splitlines() if not line.startswith("Warning: "))
    assert line.startswith("UsageError: ")
    assert [text for text in case.error if text not in line] == [], line
    # The echo of the line still contains the values of attributes that are not sensitive, and they may be canaries.
    assert not find_canary(repr([message for message in kernel.record[first_message:] if message["msg_type"] != "execute_input"]))
    assert snapshot() == snapshot_before
    assert sorted(folder.iterdir()) == files_before
    assert find_canary(home) == []
