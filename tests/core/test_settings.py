"""What a person can set, and what a setting that means nothing gets."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from tests.support.error_texts import is_one_line
from tests.support.processes import run_python
from zensecrets_jupyter.core.errors import SettingsError
from zensecrets_jupyter.core.settings import (
    HOME_VARIABLE,
    VALIDATION_LEVEL_VARIABLE,
    SecretValidationLevel,
    home,
    make_private_folder,
    validation_level,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_home_is_what_the_variable_says_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder follows the variable from one call to the next, and nothing is created for it."""
    for name in ("one", "two"):
        monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / name))
        assert home() == tmp_path / name
        assert not (tmp_path / name).exists()


def test_home_may_be_relative_or_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder lies in the current one, a tilde is the user's own; both come back absolute."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(HOME_VARIABLE, "here")
    assert home() == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(HOME_VARIABLE, "~/there")
    assert home() == tmp_path / "there"


def test_without_the_variable_home_is_the_platforms_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set means the folder for a user's data, as the platform has it."""
    monkeypatch.delenv(HOME_VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home().name == "zensecrets"
    assert home().is_relative_to(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("HOME", str(tmp_path / "else"))
    assert home().is_relative_to(tmp_path / "other") or home().is_relative_to(tmp_path / "else")


@pytest.mark.parametrize("level", list(SecretValidationLevel))
@pytest.mark.parametrize("written", ["upper", "lower", "title", "padded"])
def test_a_level_is_known_in_whatever_case(level: SecretValidationLevel, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the three levels is read at call time, in any case and with white space around it."""
    forms = {"upper": level.value, "lower": level.value.lower(), "title": level.value.title(), "padded": f" {level.value} "}
    monkeypatch.setenv(VALIDATION_LEVEL_VARIABLE, forms[written])
    assert validation_level() is level


@pytest.mark.parametrize("unset", [None, "", "  "])
def test_the_default_level_reads_keys(unset: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the variable is missing or empty, secrets and keys are both looked at."""
    if unset is not None:
        monkeypatch.setenv(VALIDATION_LEVEL_VARIABLE, unset)
    assert validation_level() is SecretValidationLevel.SECRET_AND_KEY_EXISTS


@pytest.mark.parametrize("bad", ["SOME", "SECRET-EXISTS", "1", "true"])
def test_a_bad_level_lists_the_three(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other level is an error that is a ValueError too and names the variable, the value and the levels."""
    monkeypatch.setenv(VALIDATION_LEVEL_VARIABLE, bad)
    with pytest.raises(SettingsError) as caught:
        validation_level()
    assert isinstance(caught.value, ValueError)
    assert is_one_line(caught.value)
    for told in (VALIDATION_LEVEL_VARIABLE, repr(bad), *(level.value for level in SecretValidationLevel)):
        assert told in str(caught.value)


def test_the_levels_are_written_in_the_documentation_as_here() -> None:
    """The names of the levels and of the variable are ZenML's."""
    assert VALIDATION_LEVEL_VARIABLE == "ZENML_SECRET_VALIDATION_LEVEL"
    assert [level.value for level in SecretValidationLevel] == ["NONE", "SECRET_EXISTS", "SECRET_AND_KEY_EXISTS"]


def test_a_private_folder_is_the_owners_alone(tmp_path: Path) -> None:
    """New folders have the mode 0700 whatever the umask, with their parents; one that was there keeps its mode."""
    tmp_path.chmod(0o755)
    before = os.umask(0)
    try:
        made = make_private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (made, made.parent, tmp_path)] == [0o700, 0o700, 0o755]


def test_settings_import_nothing_heavy() -> None:
    """Reading the settings imports no library but the standard one while ZENSECRETS_HOME is set."""
    code = """
import json, sys
from zensecrets_jupyter.core import settings
settings.home(), settings.validation_level()
print(json.dumps([name for name in ("pydantic", "platformdirs", "sqlalchemy") if name in sys.modules]))
"""
    assert run_python(code) == []
