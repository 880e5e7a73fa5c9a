"""Fingerprints kept under ZENSECRETS_HOME: where they make nothing easier, or where somebody asked for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.core.settings import HOME_VARIABLE, PASSPHRASE_VARIABLE
from zensecrets_jupyter.scan.fingerprints.store import VARIABLE
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

CASES = [
    ({}, True, "its key is in a file"),
    ({VARIABLE: "off"}, False, "it is turned off"),
    ({PASSPHRASE_VARIABLE: "some passphrase"}, False, "a passphrase is in the way of whoever reads the files"),
    ({PASSPHRASE_VARIABLE: "some passphrase", VARIABLE: "on"}, True, "somebody asked for it"),
]


@pytest.mark.parametrize(("environment", "kept", "_why"), CASES, ids=[case[2] for case in CASES])
def test_fingerprints_are_kept_where_they_make_nothing_easier(tmp_path: Path, environment: dict[str, str], kept: bool, _why: str) -> None:  # noqa: FBT001 - a row of the table
    """Registering a secret writes its fingerprint where its key is in a file too, or where that was asked for."""
    home = tmp_path / "home"
    registered = run_zensecrets("secret", "register", "new", f"--key={canary()}", environment={HOME_VARIABLE: str(home), **environment})
    assert registered.returncode == 0, registered.stderr
    assert (home / "fingerprints").exists() == kept
    assert not find_canary(home)


def test_a_command_that_registers_nothing_leaves_no_folder(tmp_path: Path) -> None:
    """A token in the environment is protected, and nothing is made for it where nothing was registered."""
    home = tmp_path / "home"
    environment = {HOME_VARIABLE: str(home), "SOME_API_TOKEN": canary("environment")}
    assert run_zensecrets("secret", "schemas", environment=environment).returncode == 0
    assert not home.exists()
