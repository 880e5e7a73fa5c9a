"""The quickstart, as it is, on another secrets manager than the default."""

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
    """Run every cell with a secrets manager of that flavor in the place of the default one; fail where a cell does, or a value shows."""
    given = " ".join(shlex.quote(f"--{name}={value}") for name, value in attributes.items())
    switch = [
        f"%zen secrets-manager register place --flavor={flavor} {given}",
        "%stack update default -x place",
        "%zen secrets-manager delete default --yes",
        "%zen secrets-manager rename place default",
    ]
    shown = {}
    with running_kernel(folder, folder=folder) as kernel:
        for cell in nbformat.read(QUICKSTART, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            loads = cell.source.startswith("%load_ext")
            for source in [cell.source, *(switch if loads else [])]:
                ran = kernel.run(source, lambda prompt: "" if "passphrase" in prompt else canary("quickstart"))
                assert ran.ok, f"{source}\n{ran.error}"
                shown[source] = ran.shown()
        kept = kernel.run("%zen secrets-manager list").shown()
        assert not find_canary(repr(kernel.record))
    assert f" {flavor} " in kept[0]
    assert shown['run.steps["count_cats"].output.read()'] == ["2"]
    assert not find_canary(folder)
