"""Notebooks in non-interactive runs: a command that needs an answer raises an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from tests.support.kernels import short_path
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nbformat import NotebookNode

    from tests.support.kernels import Kernel

# CI runs these slow tests with one version of Python only.
pytestmark = pytest.mark.one_python

LOAD_CELL = "%load_ext zensecrets_jupyter"
ANNOTATOR_CELL = "%zen annotator register labels --flavor=label_studio --authentication_secret={{label_studio_secret.api_key}}"

CELLS_THAT_NEED_ANSWERS = [
    ("%secret register openai --schema=openai", ["openai", "api_key"]),
    ("%secret register openai --api_key", ["openai", "api_key"]),
    ("%secret register openai -i", ["openai"]),
    ("%secret update known -i", ["known", "token"]),
    ("%secret update known --token", ["known", "token"]),
    ("%secret delete known", ["known", "-y"]),
    ("%secret cleanup", ["-y"]),
    (f"{ANNOTATOR_CELL}\n%stack update default -an labels\n%stack register-secrets", ["label_studio_secret", "api_key"]),
]
"""Cells that need an answer, each with words that the error must contain."""


@pytest.mark.parametrize(("cell", "error_words"), CELLS_THAT_NEED_ANSWERS)
def test_a_command_that_needs_an_answer_raises_an_error(kernel: Kernel, cell: str, error_words: list[str]) -> None:
    """The error names the missing value or the option that replaces the answer.

    No secret is written.
    """
    assert kernel.run("%secret register known --token=value").ok
    result = kernel.run(cell, allow_stdin=False)
    assert not result.ok
    assert result.prompts == []
    line = result.error.strip().splitlines()[-1]
    assert [word for word in error_words if word not in line] == [], line
    assert kernel.run("names = %secret list\nlen(names)").displayed_data() == ["1"]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[NotebookNode], NotebookClient]]:
    """Yield a function that creates a client of nbclient for a notebook.

    The kernel of the notebook uses a Unix domain socket instead of TCP ports.
    """
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    with short_path(tmp_path) as short:
        # A kernel manager derives the path of the socket from its connection file. nbclient sets no such file, so the test sets the path.
        config = Config({"KernelManager": {"transport": "ipc", "ip": str(short / "kernel")}})
        yield lambda notebook: NotebookClient(notebook, timeout=60, resources={"metadata": {"path": tmp_path}}, config=config)


def test_nbclient_gets_the_error(client: Callable[[NotebookNode], NotebookClient]) -> None:
    """Nbclient stops at the cell that needs an answer.

    The saved notebook contains the error.
    """
    notebook = new_notebook(
        cells=[new_code_cell(LOAD_CELL), new_code_cell("%secret register openai --api_key"), new_code_cell("'not reached'")]
    )
    with pytest.raises(CellExecutionError, match="api_key"):
        client(notebook).execute()
    # The text after the first "stderr" contains the error.
    assert "openai" in nbformat.writes(notebook).split("stderr")[1]
    assert "execution_count" not in notebook.cells[2] or notebook.cells[2].execution_count is None


def test_nbclient_runs_a_notebook_without_prompts(
    client: Callable[[NotebookNode], NotebookClient], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A notebook with values from files runs to its end.

    No warning is logged, and no output or file contains a value.
    """
    file = tmp_path / "key.txt"
    file.write_text(canary("file"))
    cells = [LOAD_CELL, "%secret register openai --api_key=@key.txt", "%secret get openai", "%secret list"]
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    client(notebook).execute()
    file.unlink()
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []
    assert "‹secret:openai.api_key›" in nbformat.writes(notebook)
    assert not find_canary(nbformat.writes(notebook))
    assert not find_canary(tmp_path)
