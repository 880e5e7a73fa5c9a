"""Tests of the settings in environment variables, and of errors for invalid ones."""

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


def test_home_is_read_from_the_variable_at_each_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of ``ZENSECRETS_HOME`` changes the home, and no folder is created."""
    for name in ("one", "two"):
        monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / name))
        assert home() == tmp_path / name
        assert not (tmp_path / name).exists()


def test_home_may_be_relative_or_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path and a path with a tilde are returned as absolute paths."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(HOME_VARIABLE, "here")
    assert home() == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(HOME_VARIABLE, "~/there")
    assert home() == tmp_path / "there"


def test_the_default_home_is_the_platforms_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``ZENSECRETS_HOME``, the home is in the platform's folder for user data.

    This folder depends on ``XDG_DATA_HOME`` on Linux, and on ``HOME`` on macOS.
    """
    monkeypatch.delenv(HOME_VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home().name == "zensecrets"
    assert home().is_relative_to(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("HOME", str(tmp_path / "else"))
    assert home().is_relative_to(tmp_path / "other") or home().is_relative_to(tmp_path / "else")


@pytest.mark.parametrize("level", list(SecretValidationLevel))
@pytest.mark.parametrize("spelling", ["upper", "lower", "title", "padded"])
def test_a_level_is_valid_in_any_case(level: SecretValidationLevel, spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Upper case, lower case and surrounding white space make no difference. ``title`` is ``None`` for ``NONE``."""
    variable_values = {"upper": level.value, "lower": level.value.lower(), "title": level.value.title(), "padded": f" {level.value} "}
    monkeypatch.setenv(VALIDATION_LEVEL_VARIABLE, variable_values[spelling])
    assert validation_level() is level


@pytest.mark.parametrize("empty_value", [None, "", "  "])
def test_the_default_level_checks_secrets_and_keys(empty_value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default level applies if the variable is missing or empty."""
    if empty_value is not None:
        monkeypatch.setenv(VALIDATION_LEVEL_VARIABLE, empty_value)
    assert validation_level() is SecretValidationLevel.SECRET_AND_KEY_EXISTS


@pytest.mark.parametrize("invalid_level", ["SOME", "SECRET-EXISTS", "1", "true"])
def test_the_error_for_an_invalid_level_lists_the_levels(invalid_level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is a ValueError with the variable, the invalid value, and all levels."""
    monkeypatch.setenv(VALIDATION_LEVEL_VARIABLE, invalid_level)
    with pytest.raises(SettingsError) as caught:
        validation_level()
    assert isinstance(caught.value, ValueError)
    assert is_one_line(caught.value)
    for text in (VALIDATION_LEVEL_VARIABLE, repr(invalid_level), *(level.value for level in SecretValidationLevel)):
        assert text in str(caught.value)


def test_the_variable_and_the_levels_have_the_names_of_zenml() -> None:
    """The names of the variable and of its values are those in ZenML's documentation."""
    assert VALIDATION_LEVEL_VARIABLE == "ZENML_SECRET_VALIDATION_LEVEL"
    assert [level.value for level in SecretValidationLevel] == ["NONE", "SECRET_EXISTS", "SECRET_AND_KEY_EXISTS"]


def test_only_the_owner_can_enter_a_private_folder(tmp_path: Path) -> None:
    """New folders have the mode 0700, even with the umask 0.

    An existing folder keeps its mode.
    """
    tmp_path.chmod(0o755)
    umask_before = os.umask(0)
    try:
        new_folder = make_private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(umask_before)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (new_folder, new_folder.parent, tmp_path)] == [0o700, 0o700, 0o755]


def test_settings_import_no_large_library() -> None:
    """If ZENSECRETS_HOME is set, reading the settings does not import pydantic, platformdirs or SQLAlchemy."""
    code = """
import json, sys
from zensecrets_jupyter.core import settings
settings.home(), settings.validation_level()
print(json.dumps([name for name in ("pydantic", "platformdirs", "sqlalchemy") if name in sys.modules]))
"""
    assert run_python(code) == []
