"""The notebooks that the package ships: every cell of them runs in a clean kernel, with its prompts answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.support.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.kernels import CellResult

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
NAMES = ["quickstart", "schemas", "secrets-managers", "stacks-and-references", "steps"]
PLUGIN = Path(__file__).parents[1] / "plugins" / "zensecrets_folder" / "zensecrets_folder.py"


def _answer(prompt: str) -> str:
    """Answer as a person who types a value for each key, and presses Enter at the question for a passphrase."""
    return "" if "passphrase" in prompt else canary("notebook")


def _run(notebook: str, folder: Path) -> list[tuple[str, CellResult]]:
    """Return each code cell's source with what came of it; fail where a cell does, and where a value is in anything that was sent."""
    read = nbformat.read(_path(notebook), as_version=4)
    ran = []
    with running_kernel(folder, folder=folder) as kernel:
        for cell in read.cells:
            if cell.cell_type == "code":
                outcome = kernel.run(cell.source, _answer)
                ran.append((cell.source, outcome))
                assert outcome.ok, f"{cell.source}\n{outcome.error}"
        assert not find_canary(repr(kernel.record))
    assert not find_canary(folder)
    return ran


def _said(outcome: CellResult) -> str:
    return outcome.stream("stdout") + "\n".join(outcome.shown())


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


OWN_STORIES = ("quickstart", "secrets-managers")
"""Notebooks whose outputs are looked at below."""


@pytest.mark.parametrize("notebook", [name for name in NAMES if name not in OWN_STORIES])
def test_every_cell_runs(notebook: str, tmp_path: Path) -> None:
    """Each cell ends without an error, and no value is in a message of the kernel or in a file."""
    assert _run(notebook, tmp_path)


def test_the_quickstart_tells_its_story(tmp_path: Path) -> None:
    """The server refuses the wrong key and takes the right one, and the second run comes from the cache."""
    ran = _run("quickstart", tmp_path)
    by_start = {source.splitlines()[0]: _said(outcome) for source, outcome in ran}
    assert "there is no secret" in by_start["%stack validate"]
    assert "The server says: HTTP Error 401: Unauthorized" in by_start["import json"]
    assert by_start['run.steps["count_cats"].output.read()'] == "2"
    assert by_start["labelling()"].count("cached") >= len(["fetch_tasks", "count_cats"])


def test_the_secrets_managers_tell_their_story(tmp_path: Path) -> None:
    """The same line finds its secret in four places, what only reads refuses to write, scopes are apart, and the flavor passes."""
    ran = _run("secrets-managers", tmp_path)
    by_start = {source.splitlines()[0]: _said(outcome) for source, outcome in ran}
    assert [_said(outcome) for source, outcome in ran if source == "log_in()"] == [
        f"{user} logs in with ‹secret:{name}›, from secrets manager {place!r}\n"
        # A variable is known from the moment on at which it is set, before a secrets manager reads it.
        for user, name, place in (
            ("ada", "env.SECRET_DB__PASSWORD", "variables"),
            ("grace", "db.password", "file"),
            ("marie", "db.password", "default"),
            ("rosalind", "db.password", "vision"),
        )
    ]
    assert "AWS Secrets Manager" in by_start["%zen secrets-manager flavor list"]
    assert "Secrets manager 'file' (flavor dotenv) can't register secrets" in by_start["from IPython.core.error import UsageError"]
    assert "{'vision': ['db'], 'colleague': ['db'], 'neighbour': []}" in by_start["workspace = Client().workspace"]
    assert '"password":"‹secret:db.password›"' in by_start['for file in Path("drive").iterdir():']
    assert " passed in " in by_start["import subprocess"]
    assert " failed" not in by_start["import subprocess"]


def test_the_notebook_shows_the_plug_in() -> None:
    """The flavor in the notebook is the plug-in that is tested, line by line, which the documentation shows too."""
    source = PLUGIN.read_text(encoding="utf-8")
    cells = [cell.source for cell in nbformat.read(_path("secrets-managers"), as_version=4).cells]
    assert f"%%writefile folder_secrets.py\n{source[source.index('import os') :].rstrip()}" in cells
