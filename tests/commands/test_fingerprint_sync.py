"""Conditions under which a command stores fingerprints (keyed hashes of values) under ZENSECRETS_HOME."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.core.settings import HOME_VARIABLE, PASSPHRASE_VARIABLE
from zensecrets_jupyter.scan.fingerprints.store import FINGERPRINTS_VARIABLE
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

CASES = [
    ({}, True, "the key is in a file"),
    ({FINGERPRINTS_VARIABLE: "off"}, False, "turned off"),
    ({PASSPHRASE_VARIABLE: "some passphrase"}, False, "a passphrase protects the key"),
    ({PASSPHRASE_VARIABLE: "some passphrase", FINGERPRINTS_VARIABLE: "on"}, True, "turned on"),
]
"""Environment variables, whether a fingerprint is stored, and the reason, which is the test's id.

The key in the reasons encrypts the secrets. It is in a file by default, because tests have no keyring.
"""


@pytest.mark.parametrize(("environment", "is_stored", "_reason"), CASES, ids=[case[2] for case in CASES])
def test_fingerprints_are_stored_if_they_reveal_nothing_more(
    tmp_path: Path,
    environment: dict[str, str],
    is_stored: bool,  # noqa: FBT001 - a parameter of the test
    _reason: str,
) -> None:
    """Registering a secret stores its fingerprint if the encryption key is in a file.

    A person who can read that file can decrypt the secret, so the fingerprint reveals nothing more. ZENSECRETS_FINGERPRINTS overrides the
    rule.
    """
    home = tmp_path / "home"
    result = run_zensecrets("secret", "register", "new", f"--key={canary()}", environment={HOME_VARIABLE: str(home), **environment})
    assert result.returncode == 0, result.stderr
    assert (home / "fingerprints").exists() == is_stored
    assert not find_canary(home)


def test_a_command_that_registers_nothing_creates_no_folder(tmp_path: Path) -> None:
    """A token in the environment is masked, but gets no fingerprint.

    So the home folder is not created.
    """
    home = tmp_path / "home"
    environment = {HOME_VARIABLE: str(home), "SOME_API_TOKEN": canary("environment")}
    assert run_zensecrets("secret", "schemas", environment=environment).returncode == 0
    assert not home.exists()
