"""The read-only backends `env` and `dotenv`, which read secrets from variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.error_texts import error_details, is_one_line
from zensecrets_jupyter.core.errors import ManagerAccessError, ManagerCorruptedError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.managers import SecretsManager
from zensecrets_jupyter.core.managers.backends.dotenv import DotenvBackend
from zensecrets_jupyter.core.managers.backends.env import EnvBackend
from zensecrets_jupyter.core.schemas.built_in.aws import AWSSecretSchema
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests
from zensecrets_jupyter.testing.strategies import AWKWARD_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class MappedTests(SecretsManagerTests):
    """The conformance suite with the option ``mapping``, so that names and keys need not be valid in the name of a variable."""

    # A variable cannot contain a NUL, which ends a C string.
    awkward_values = tuple(value for value in AWKWARD_VALUES if "\0" not in value)
    # All managers read the same variables.
    isolates_managers = False
    variable_names: dict[str, Mapping[str, str]]
    """The mapping: for each secret, the name of the variable of each key."""

    def prepare(self) -> None:
        """Start without secrets in the mapping."""
        self.variable_names = {}
        self.write({})

    def seed(self, contents: Mapping[str, Mapping[str, str]]) -> None:
        """Create a variable for each key."""
        self.variable_names = {}
        variables: dict[str, str] = {}
        for name, content in contents.items():
            # The numbers continue from one secret to the next, so no two variables have the same name.
            names_by_key = {key: f"VARIABLE_{len(variables) + index}" for index, key in enumerate(content)}
            self.variable_names[name] = names_by_key
            variables.update({names_by_key[key]: value for key, value in content.items()})
        self.write(variables)

    def write(self, variables: Mapping[str, str]) -> None:
        """Write the variables to the storage."""
        raise NotImplementedError

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a manager with the mapping."""
        self.attributes = {**self.attributes, "mapping": self.variable_names}
        return super().open_manager(identity)


class TestEnv(MappedTests):
    """The conformance suite with the environment of this process."""

    backend_class = EnvBackend

    @pytest.fixture(autouse=True)
    def _restore_environment(self) -> Iterator[None]:
        """Restore the environment."""
        original_environment = dict(os.environ)
        yield
        os.environ.clear()
        os.environ.update(original_environment)

    def write(self, variables: Mapping[str, str]) -> None:
        """Set the variables."""
        os.environ.update(variables)


class TestDotenv(MappedTests):
    """The conformance suite with a `.env` file."""

    backend_class = DotenvBackend

    def write(self, variables: Mapping[str, str]) -> None:
        """Write the variables in the format of python-dotenv."""
        self.attributes = {"path": str(self.folder / ".env")}
        lines = [f"{name}='{_escape(value)}'\n" for name, value in variables.items()]
        with (self.folder / ".env").open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)


def _escape(value: str) -> str:
    """Escape a value for single quotes in a `.env` file."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _env_manager(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], **attributes: Any) -> SecretsManager[EnvBackend]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return SecretsManager(EnvBackend(EnvBackend.make_options(attributes)))


def _dotenv_manager(folder: Path, text: str, **attributes: Any) -> SecretsManager[DotenvBackend]:
    (folder / ".env").write_text(text, encoding="utf-8")
    return SecretsManager(DotenvBackend(DotenvBackend.make_options({"path": folder / ".env", **attributes})))


def test_variables_with_the_prefix_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable with the prefix ``SECRET_`` is one key of a secret: ``SECRET_DB__USER`` is the key ``user`` of the secret ``db``.

    The first ``__`` after the prefix separates the name from the key. Variables with a lower-case letter and invalid names are ignored.
    """
    variables = {
        "SECRET_DB__USER_NAME": "u",
        "SECRET_DB__PASS__WORD": "p",
        "SECRET_AWS_PROD__KEY": "a",
        "SECRET_TOKEN": "no key",
        "SECRET_Db__USER_NAME": "not in upper case",
        "SECRET___KEY": "no name",
        "SECRET_NAME__KEY": "a secret cannot have the name 'name'",
        "SECRET_X__NAME": "a key cannot have the name 'name'",
        "OTHER_DB__KEY": "another prefix",
    }
    manager = _env_manager(monkeypatch, variables)
    assert manager.list_secrets() == ["aws_prod", "db"]
    assert manager.get_secret("db").content == {"user_name": "u", "pass__word": "p"}
    for name in ("DB", "token", "Db", "other_db"):
        with pytest.raises(SecretNotFoundError):
            manager.get_secret(name)
    assert _env_manager(monkeypatch, {}, prefix="OTHER_").list_secrets() == ["db"]


def test_mapped_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret of the mapping has the keys whose variables are set. If no variable is set, the secret does not exist.

    A secret of the mapping replaces a secret with the same name whose variables have the prefix.
    """
    mapping = {
        "aws": {"aws_access_key_id": "AWS_ID", "aws_secret_access_key": "AWS_KEY", "aws_session_token": "AWS_NOT_SET"},
        "missing": {"k": "NOT_SET"},
        "db": {"url": "DATABASE_URL"},
    }
    variables = {"AWS_ID": "id", "AWS_KEY": "key", "DATABASE_URL": "url", "SECRET_DB__URL": "hidden", "SECRET_X__K": "v"}
    manager = _env_manager(monkeypatch, variables, mapping=mapping, schemas={"aws": "aws"})
    assert manager.list_secrets() == ["aws", "db", "x"]
    assert isinstance(manager.get_secret("aws"), AWSSecretSchema)
    assert [(summary.name, summary.schema) for summary in manager.summaries()] == [("aws", "aws"), ("db", "arbitrary"), ("x", "arbitrary")]
    assert manager.get_secret("db").content == {"url": "url"}


def test_changed_variable_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a variable has changed, ``refresh`` reads the new value, and ``change_token`` returns a different token."""
    manager = _env_manager(monkeypatch, {"SECRET_A__K": "1"})
    assert manager.get_secret("a").content == {"k": "1"}
    monkeypatch.setenv("SECRET_A__K", "2")
    assert manager.get_secret("a", refresh=True).content == {"k": "2"}
    before = manager.backend.change_token()
    monkeypatch.setenv("SECRET_A__K", "3")
    assert manager.backend.change_token() != before


def test_values_of_a_file_are_not_expanded(tmp_path: Path) -> None:
    """In a `.env` file, quotes and escapes are parsed, and references such as ``${HOME}`` are not expanded.

    A byte order mark, the word ``export``, a comment, and a variable without ``=`` are ignored. After a change of the file, the change
    token is different.
    """
    text = "\ufeffexport SECRET_A__ONE='${HOME}'\nSECRET_A__TWO=\"a\\nb\"\n# SECRET_A__NONE=x\nSECRET_A__THREE\nSECRET_A__FOUR=\n"
    manager = _dotenv_manager(tmp_path, text)
    assert manager.get_secret("a").content == {"one": "${HOME}", "two": "a\nb", "four": ""}
    token = manager.backend.change_token()
    (tmp_path / ".env").write_text("SECRET_B__K=v\n")
    assert manager.backend.change_token() != token
    assert manager.list_secrets() == ["b"]


@pytest.mark.parametrize(
    ("damage", "error", "expected_text"),
    [
        ("missing", ManagerAccessError, "No such file"),
        ("folder", ManagerAccessError, "Is a directory"),
        ("bytes", ManagerCorruptedError, "not text in UTF-8"),
        ("syntax", ManagerCorruptedError, r"line 2\)"),
    ],
)
def test_unreadable_file_is_reported(tmp_path: Path, damage: str, error: type[ZenSecretsError], expected_text: str) -> None:
    """A missing or malformed file, a folder, and a file that is not text raise an error in one line.

    The error has a hint and no content of the file.
    """
    manager = _dotenv_manager(tmp_path, f"SECRET_A__K={canary()}\n")
    path = tmp_path / ".env"
    if damage in {"missing", "folder"}:
        path.unlink()
    if damage == "folder":
        path.mkdir()
    if damage == "bytes":
        path.write_bytes(b"\xff\xfe" + canary().encode())
    if damage == "syntax":
        path.write_text(f"SECRET_A__K=1\n{canary()} 'broken\n")
    for operation in (manager.list_secrets, lambda: manager.get_secret("a")):
        with pytest.raises(error, match=expected_text) as caught:
            operation()
        assert is_one_line(caught.value)
        assert caught.value.hint
        assert not find_canary(error_details(caught.value))
