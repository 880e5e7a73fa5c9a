"""A run of the quickstart notebook in which another secrets manager replaces the default one."""

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
    """Run every cell of the quickstart with a flavor.

    No message and no file may contain a value.

    Args:
        flavor: The flavor of the secrets manager that replaces the default one.
        attributes: The attributes of this secrets manager.
        folder: The folder in which the notebook runs.
    """
    options = " ".join(shlex.quote(f"--{name}={value}") for name, value in attributes.items())
    cells_that_replace_the_default = [
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
            sources = [cell.source]
            if cell.source.startswith("%load_ext"):
                sources += cells_that_replace_the_default
            for source in sources:
                # An empty answer to the prompt for a passphrase means no passphrase: the wrapping key is then stored in a file. All other
                # prompts are for values.
                result = kernel.run(source, lambda prompt: "" if "passphrase" in prompt else canary("quickstart"))
                assert result.ok, f"{source}\n{result.error}"
                outputs[source] = result.displayed_data()
        managers = kernel.run("%zen secrets-manager list").displayed_data()
        assert not find_canary(repr(kernel.record))
    assert f" {flavor} " in managers[0]
    assert outputs['run.steps["count_cats"].output.read()'] == ["2"]
    assert not find_canary(folder)
