"""Run the quickstart notebook with another secrets manager than the default one."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from tests.support.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Mapping

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"


def run_quickstart_on(flavor: str, attributes: Mapping[str, str], folder: Path) -> None:
    """Run every cell with this flavor, and check that no value is shown.

    Args:
        flavor: The flavor of the secrets manager that replaces the default one.
        attributes: Its attributes.
        folder: The folder in which the notebook runs.
    """
    options = " ".join(shlex.quote(f"--{name}={value}") for name, value in attributes.items())
    replace_default = [
        f"%zen secrets-manager register tested --flavor={flavor} {options}",
        "%stack update default -x tested",
        "%zen secrets-manager delete default --yes",
        "%zen secrets-manager rename tested default",
    ]
    outputs = {}
    with running_kernel(folder, folder=folder) as kernel:
        for cell in nbformat.read(QUICKSTART, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            loads_extension = cell.source.startswith("%load_ext")
            for source in [cell.source, *(replace_default if loads_extension else [])]:
                result = kernel.run(source, lambda prompt: "" if "passphrase" in prompt else canary("quickstart"))
                assert result.ok, f"{source}\n{result.error}"
                outputs[source] = result.shown()
        managers = kernel.run("%zen secrets-manager list").shown()
        assert not find_canary(repr(kernel.record))
    assert f" {flavor} " in managers[0]
    assert outputs['run.steps["count_cats"].output.read()'] == ["2"]
    assert not find_canary(folder)
