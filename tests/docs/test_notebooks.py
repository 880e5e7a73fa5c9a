"""The notebooks that the package ships: every cell of them runs in a clean kernel, with its prompts answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.kernels import Ran

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
NAMES = ["quickstart", "schemas", "stacks-and-references", "steps"]


def _answer(prompt: str) -> str:
    """Answer as a person who types a value for each key, and presses Enter at the question for a passphrase."""
    return "" if "passphrase" in prompt else canary("notebook")


def _run(notebook: str, folder: Path) -> dict[str, Ran]:
    """Return what came of each code cell, by its source; fail where a cell does, and where a value is in anything that was sent."""
    read = nbformat.read(_path(notebook), as_version=4)
    ran = {}
    with running_kernel(folder, folder=folder) as kernel:
        for cell in read.cells:
            if cell.cell_type == "code":
                ran[cell.source] = outcome = kernel.run(cell.source, _answer)
                assert outcome.ok, f"{cell.source}\n{outcome.error}"
        assert not find_canary(repr(kernel.record))
    assert not find_canary(folder)
    return ran


def _path(notebook: str) -> Path:
    return next(path for path in NOTEBOOKS if path.stem == notebook)


def test_each_capability_has_a_notebook() -> None:
    """The notebooks are those that the documentation names."""
    assert [path.stem for path in NOTEBOOKS] == NAMES


@pytest.mark.parametrize("notebook", NAMES)
def test_notebooks_are_stored_without_outputs(notebook: str) -> None:
    """What is committed is valid, and holds no output and no count of somebody's session."""
    read = nbformat.read(_path(notebook), as_version=4)
    nbformat.validate(read)
    code = [cell for cell in read.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.mark.parametrize("notebook", NAMES[1:])
def test_every_cell_runs(notebook: str, tmp_path: Path) -> None:
    """Each cell ends without an error, and no value is in a message of the kernel or in a file."""
    assert _run(notebook, tmp_path)


def test_the_quickstart_tells_its_story(tmp_path: Path) -> None:
    """The server refuses the wrong key and takes the right one, and the second run comes from the cache."""
    ran = _run("quickstart", tmp_path)
    said = {source: outcome.stream("stdout") + "\n".join(outcome.shown()) for source, outcome in ran.items()}
    by_start = {source.splitlines()[0]: text for source, text in said.items()}
    assert "there is no secret" in by_start["%stack validate"]
    assert "The server says: HTTP Error 401: Unauthorized" in by_start["import json"]
    assert by_start['run.steps["count_cats"].output.read()'] == "2"
    assert by_start["labelling()"].count("cached") >= len(["fetch_tasks", "count_cats"])
