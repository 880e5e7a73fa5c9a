"""The commands that import and export secrets and stacks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import LABELS, active_content_of, run
from tests.support.scripted_user import ScriptedUser
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import InvalidSecretError, ManagerUnreachableError
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.failing_manager import FailingBackend
    from zensecrets_jupyter.commands.framework.outcome import Outcome


def test_an_import_writes_all_secrets_or_none(failing_backend: type[FailingBackend]) -> None:
    """If a secret can't be written, the secrets written before it are removed."""
    Path("s.json").write_text(f'{{"a": {{"k": "{canary()}"}}, "b": {{"k": "{canary()}"}}}}')
    # The write of the second secret fails.
    failing_backend.writes_left = 1
    with pytest.raises(ManagerUnreachableError, match="nothing was imported"):
        run("secret import s.json")
    assert Client().secrets_manager.list_secrets() == []


def test_the_table_of_an_import_is_masked() -> None:
    """The table of an import shows no values. With --dry-run, nothing is written.

    All values of a YAML file are texts, such as `0042` and `no`. An existing secret is skipped with --skip-existing, and replaced with
    --overwrite.
    """
    value = canary()
    Path("s.yaml").write_text(f"a:\n  k: '{value}'\nb:\n  number: 0042\n  yes: no\n")
    run("secret register a --k=old")
    planned = run("secret import s.yaml --overwrite --dry-run").value
    # The column with the action has no title. The table has a row for each key: two of the new secret "b", and one of "a".
    assert [row[""] for row in planned] == ["would be registered", "would be registered", "would be replaced"]
    assert Client().secrets_manager.list_secrets() == ["a"]
    skipped = run("secret import s.yaml --skip-existing").value
    assert (active_content_of("a"), active_content_of("b")) == ({"k": "old"}, {"number": "0042", "yes": "no"})
    run("secret import s.yaml --overwrite")
    assert active_content_of("a") == {"k": value}
    assert find_canary(f"{planned} {skipped} {planned._repr_html_()}") == []


def test_an_env_file_is_one_secret_without_expansion() -> None:
    """The secret's name is that in --name, or that of the file without the dot.

    Comments and `export` are supported. Variables such as `${HOME}` are not replaced.
    """
    Path(".env").write_text("# a comment\nexport A='x ${HOME} $B'\nB=\"line\\nline\"\nC=plain # comment\n")
    run("secret import .env")
    assert active_content_of("env") == {"A": "x ${HOME} $B", "B": "line\nline", "C": "plain"}
    run("secret import .env --name=mine")
    assert active_content_of("mine") == active_content_of("env")


def test_an_import_can_set_the_schema() -> None:
    """The option `-s` sets the schema. The keys of the file must fit the schema."""
    Path("o.json").write_text(f'{{"api_key": "{canary()}"}}')
    run("secret import o.json -s openai --name=o")
    assert Client().get_secret("o").TYPE == "openai"
    with pytest.raises(InvalidSecretError):
        run("secret import o.json -s aws --name=p")


def test_a_plain_export_keeps_the_schema() -> None:
    """Only the owner can read the file, and an import restores the secrets."""
    value = canary()
    run("secret register o -s openai --api_key=?", value)
    run("secret register p --k=?", value)
    assert "in plain text" in run("secret export o p out.yaml --plaintext").message
    assert Path("out.yaml").stat().st_mode & 0o777 == 0o600
    # This command deletes all secrets.
    run("secret cleanup -y")
    run("secret import out.yaml")
    assert (Client().get_secret("o").TYPE, active_content_of("p")) == ("openai", {"k": value})
    # With --force, the command replaces the existing file.
    run("secret export o p out.yaml --plaintext --force")
    Path("out.yaml").unlink()


def test_a_stack_is_exported_without_values_and_imported_in_another_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of a stack contains no values, so the import asks for them."""
    token, key = canary("token"), canary("key")
    run(LABELS)
    run("alerter register chat --flavor=slack --slack_token=? --default_slack_channel_id=c", token)
    run("annotator register literal --flavor=custom --text={{a}} --literal")
    run("secret register label_studio_secret -s label_studio --api_key=?", key)
    run("stack register s -o default -a default -x default -an labels -al chat")
    assert "alerter 'chat'.slack_token" in run("stack export s").message
    text = Path("s.yaml").read_text()
    assert find_canary(text) == []
    assert "label_studio_secret" in text
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "elsewhere"))
    # The answers: the token of the alerter, "yes" to the question about the missing secret, and the value of its key.
    user = ScriptedUser(token, "y", key)
    outcome = run("stack import s", asker=user)
    assert "Registered 'label_studio_secret'." in outcome.message
    assert user.prompts[1].startswith("Missing: {{label_studio_secret.api_key}}.")
    manager = Client().get_stack("s").secrets_manager
    assert (manager.get_secret("label_studio_secret").TYPE, manager.get_secret("label_studio_secret").content) == (
        "label_studio",
        {"api_key": key},
    )
    alerter = Client().get_stack("s").alerter
    assert alerter is not None
    assert alerter.slack_token == token
    assert find_canary(tmp_path / "elsewhere") == []


def test_an_import_of_a_stack_uses_equal_components() -> None:
    """An import uses an existing component with the same name and attributes.

    An existing component with other attributes is an error. A failed import adds no components.
    """
    run(LABELS)
    run("stack register s -o default -a default -x default -an labels")
    run("stack export s")
    assert "of existing components" in run("stack import copy -f s.yaml").message
    run("stack delete s -y")
    run("stack delete copy -y")
    # Now the annotator is not equal to the one in the file.
    run("annotator update labels --port=1")
    run("orchestrator register new --flavor=kubernetes")
    with pytest.raises(ValueError, match="rename labels"):
        run("stack import s")
    exported = Path("s.yaml").read_text()
    # The file bad.yaml has only new components, and the annotator has a flavor that does not exist.
    with_new_names = exported.replace("name: default", "name: other").replace("labels", "fresh")
    Path("bad.yaml").write_text(with_new_names.replace("label_studio\n", "nosuch\n"))
    with pytest.raises(LookupError, match="nosuch"):
        run("stack import bad.yaml")
    assert [record.name for record in Client().workspace.components(ComponentType.ORCHESTRATOR)] == ["default", "new"]
    assert "Missing: {{label_studio_secret.api_key}}. To register: %stack register-secrets s" in _delete_labels_and_import_again().message


def _delete_labels_and_import_again() -> Outcome:
    run("annotator delete labels")
    return run("stack import s")
