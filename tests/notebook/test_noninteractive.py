"""Notebooks that run without a person: whatever would have been asked is an error that says what and how to give it."""

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

pytestmark = pytest.mark.once

LOAD = "%load_ext zensecrets_jupyter"
ANNOTATOR = "%zen annotator register labels --flavor=label_studio --authentication_secret={{label_studio_secret.api_key}}"

ASKING = [
    ("%secret register openai --schema=openai", ["openai", "api_key"]),
    ("%secret register openai --api_key", ["openai", "api_key"]),
    ("%secret register openai -i", ["openai"]),
    ("%secret update known -i", ["known", "token"]),
    ("%secret update known --token", ["known", "token"]),
    ("%secret delete known", ["known", "-y"]),
    ("%secret cleanup", ["-y"]),
    (f"{ANNOTATOR}\n%stack update default -an labels\n%stack register-secrets", ["label_studio_secret", "api_key"]),
]


@pytest.mark.parametrize(("cell", "named"), ASKING)
def test_a_question_without_anybody_is_an_error(kernel: Kernel, cell: str, named: list[str]) -> None:
    """The error names what was needed and how to give it, in one line; nothing is written and nothing hangs."""
    assert kernel.run("%secret register known --token=value").ok
    ran = kernel.run(cell, allow_stdin=False)
    assert not ran.ok
    assert ran.prompts == []
    told = ran.error.strip().splitlines()[-1]
    assert all(name in told for name in named), told
    assert kernel.run("names = %secret list\nlen(names)").shown() == ["1"]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[NotebookNode], NotebookClient]]:
    """Return nbclient for a notebook, whose kernel listens on files."""
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    with short_path(tmp_path) as short:
        # nbclient leaves the kernel manager without the path of a connection file, from which it would take this one.
        config = Config({"KernelManager": {"transport": "ipc", "ip": str(short / "kernel")}})
        yield lambda notebook: NotebookClient(notebook, timeout=60, resources={"metadata": {"path": tmp_path}}, config=config)


def test_nbclient_gets_the_error(client: Callable[[NotebookNode], NotebookClient]) -> None:
    """A notebook that asks fails under nbclient at the cell that asked, and the saved notebook says why."""
    notebook = new_notebook(cells=[new_code_cell(LOAD), new_code_cell("%secret register openai --api_key"), new_code_cell("'not reached'")])
    with pytest.raises(CellExecutionError, match="api_key"):
        client(notebook).execute()
    assert "openai" in nbformat.writes(notebook).split("stderr")[1]
    assert "execution_count" not in notebook.cells[2] or notebook.cells[2].execution_count is None


def test_nbclient_runs_what_asks_nothing(
    client: Callable[[NotebookNode], NotebookClient], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With values from files a notebook runs to its end, holds no value afterwards, and nbclient has nothing to warn of."""
    file = tmp_path / "key.txt"
    file.write_text(canary("file"))
    cells = [LOAD, "%secret register openai --api_key=@key.txt", "%secret get openai", "%secret list"]
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    client(notebook).execute()
    file.unlink()
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []
    assert "‹secret:openai.api_key›" in nbformat.writes(notebook)
    assert not find_canary(nbformat.writes(notebook))
    assert not find_canary(tmp_path)
