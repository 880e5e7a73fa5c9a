"""Tests that run every cell of the package's notebooks in a new kernel."""

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
    """Return a canary, or an empty text if the prompt is for a passphrase.

    Without a passphrase, the wrapping key of the store is in a file.
    """
    return "" if "passphrase" in prompt else canary("notebook")


def _run_cells(notebook: str, folder: Path) -> list[tuple[str, CellResult]]:
    """Run all code cells, and check that none fails and that no message or file contains a typed value.

    Returns:
        The source and the result of each code cell.
    """
    content = nbformat.read(_path(notebook), as_version=4)
    results = []
    with running_kernel(folder, folder=folder) as kernel:
        for cell in content.cells:
            if cell.cell_type == "code":
                result = kernel.run(cell.source, _answer)
                results.append((cell.source, result))
                assert result.ok, f"{cell.source}\n{result.error}"
        assert not find_canary(repr(kernel.record))
    assert not find_canary(folder)
    return results


def _output(result: CellResult) -> str:
    return result.stream("stdout") + "\n".join(result.displayed_data())


def _path(notebook: str) -> Path:
    return next(path for path in NOTEBOOKS if path.stem == notebook)


def test_the_package_has_five_notebooks() -> None:
    """The package contains the notebooks that the documentation names."""
    assert [path.stem for path in NOTEBOOKS] == NAMES


@pytest.mark.parametrize("notebook", NAMES)
def test_notebooks_are_stored_without_outputs(notebook: str) -> None:
    """A committed notebook is valid, and has no outputs and no execution counts."""
    content = nbformat.read(_path(notebook), as_version=4)
    nbformat.validate(content)
    code_cells = [cell for cell in content.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code_cells)


NOTEBOOKS_WITH_CHECKED_OUTPUTS = ("quickstart", "secrets-managers")
"""Notebooks that have a separate test of their outputs, which also runs all cells."""


@pytest.mark.parametrize("notebook", [name for name in NAMES if name not in NOTEBOOKS_WITH_CHECKED_OUTPUTS])
def test_every_cell_runs(notebook: str, tmp_path: Path) -> None:
    """Each cell runs without an error, and no message or file contains a typed value."""
    assert _run_cells(notebook, tmp_path)


def test_the_quickstart_shows_the_expected_outputs(tmp_path: Path) -> None:
    """The notebook's server refuses a wrong key and accepts the right one.

    The last run of the pipeline uses the cache.
    """
    results = _run_cells("quickstart", tmp_path)
    # A cell is identified by its first line. If several cells have the same first line, the dictionary has the output of the last one.
    outputs = {source.splitlines()[0]: _output(result) for source, result in results}
    assert "there is no secret" in outputs["%stack validate"]
    assert "The server says: HTTP Error 401: Unauthorized" in outputs["import json"]
    assert outputs['run.steps["count_cats"].output.read()'] == "2"
    # Both steps are cached.
    assert outputs["labelling()"].count("cached") >= len(["fetch_tasks", "count_cats"])


def test_the_notebook_of_secrets_managers_shows_the_expected_outputs(tmp_path: Path) -> None:
    """The function ``log_in`` works with four secrets managers.

    The flavor that the notebook defines passes its tests. A read-only flavor refuses to register a secret. A secret is
    visible only in its scope.
    """
    results = _run_cells("secrets-managers", tmp_path)
    outputs = {source.splitlines()[0]: _output(result) for source, result in results}
    assert [_output(result) for source, result in results if source == "log_in()"] == [
        f"{user} logs in with ‹secret:{name}›, from secrets manager {manager!r}\n"
        # The first manager reads environment variables. The mask of its value has the name of the variable, because the guard protects
        # the value when the variable is set, before the secrets manager reads the value.
        for user, name, manager in (
            ("ada", "env.SECRET_DB__PASSWORD", "variables"),
            ("grace", "db.password", "file"),
            ("marie", "db.password", "default"),
            ("rosalind", "db.password", "vision"),
        )
    ]
    assert "AWS Secrets Manager" in outputs["%zen secrets-manager flavor list"]
    assert "Secrets manager 'file' (flavor dotenv) can't register secrets" in outputs["from IPython.core.error import UsageError"]
    assert "{'vision': ['db'], 'colleague': ['db'], 'neighbour': []}" in outputs["workspace = Client().workspace"]
    assert '"password":"‹secret:db.password›"' in outputs['for file in Path("drive").iterdir():']
    assert " passed in " in outputs["import subprocess"]
    assert " failed" not in outputs["import subprocess"]


def test_the_notebook_contains_the_plug_in() -> None:
    """The flavor in the notebook has the same code as the plug-in that tests/plugins tests."""
    source = PLUGIN.read_text(encoding="utf-8")
    # The notebook leaves out the module docstring, and starts with the imports.
    code = source[source.index("import os") :].rstrip()
    cells = [cell.source for cell in nbformat.read(_path("secrets-managers"), as_version=4).cells]
    assert f"%%writefile folder_secrets.py\n{code}" in cells
