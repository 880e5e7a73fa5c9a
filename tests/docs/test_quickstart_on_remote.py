"""The quickstart on places that others share: the notebook as it is, after its default secrets manager was exchanged for a remote one."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.fakes.moto_server import running_moto
from tests.fakes.vault_server import running_vault
from tests.kernels import running_kernel
from zensecrets_jupyter.testing.canary import MARK, canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"


@contextmanager
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run AWS, and tell of it in the environment, as on a machine that is set up for it."""
    with running_moto() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", canary("aws"))
        yield


@contextmanager
def _vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run Vault likewise."""
    with running_vault() as (vault, port):
        token = canary("vault")
        vault.tokens[token] = vault.tokens[vault.new_token()]
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("VAULT_TOKEN", token)
        yield
        assert any(MARK in str(version.data) for versions in vault.kept.values() for version in versions.values())


PLACES = {"aws": _aws, "vault": _vault}


@pytest.mark.parametrize("flavor", sorted(PLACES))
def test_the_quickstart_tells_its_story_in_another_place(flavor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell runs as it is; the wrong key is refused, the right one taken, and no value is in a message or in a file."""
    cells = [cell.source for cell in nbformat.read(QUICKSTART, as_version=4).cells if cell.cell_type == "code"]
    loaded = cells.index("%load_ext zensecrets_jupyter") + 1
    switch = [
        "%zen secrets-manager rename default local",
        f"%zen secrets-manager register default --flavor={flavor}",
        "%stack update default -x default",
    ]
    said = {}
    with PLACES[flavor](monkeypatch), running_kernel(tmp_path, folder=tmp_path) as kernel:
        for cell in [*cells[:loaded], *switch, *cells[loaded:]]:
            ran = kernel.run(cell, lambda _prompt: canary("notebook"))
            assert ran.ok, f"{cell}\n{ran.error}"
            said[cell.splitlines()[0]] = ran.stream("stdout") + "\n".join(ran.shown())
        assert not find_canary(repr(kernel.record))
    assert not find_canary(tmp_path)
    assert "there is no secret" in said["%stack validate"]
    assert "The server says: HTTP Error 401: Unauthorized" in said["import json"]
    assert said['run.steps["count_cats"].output.read()'] == "2"
    assert said["labelling()"].count("cached") >= len(["fetch_tasks", "count_cats"])
