"""The commands of the eleven types of component."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import active_content_of, run
from zensecrets_jupyter.commands.framework.help_texts import COMPONENT_PURPOSES
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.settings import home
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path


def test_attributes_are_texts_json_flags_or_files(tmp_path: Path) -> None:
    """An attribute is a text, JSON, a flag, or the content of `@FILE`.

    The flavor converts texts to the types of its attributes. References do not change. `remove-attribute` removes attributes.
    """
    # The current folder of a test is tmp_path / "folder".
    (tmp_path / "folder" / "url").write_text("http://{{a.host}}/")
    run("annotator register a --flavor=label_studio --instance-url=@url --port=9")
    attributes = Client().workspace.component(ComponentType.ANNOTATOR, "a").attributes
    assert attributes == {"instance_url": "http://{{a.host}}/", "port": 9}
    nested = '{"endpoint_url":"{{minio.url}}"}'
    run("artifact-store register s --flavor s3 --path=s3://b --client_kwargs=?", nested)
    assert Client().workspace.component(ComponentType.ARTIFACT_STORE, "s").attributes["client_kwargs"] == {"endpoint_url": "{{minio.url}}"}
    run("orchestrator register k --flavor kubernetes --synchronous")
    assert Client().workspace.component(ComponentType.ORCHESTRATOR, "k").attributes == {"synchronous": True}
    # With --literal, the text is stored as it is, and is no reference.
    run("annotator register l --flavor=label_studio --instance_url={{a}} --literal")
    assert Client().workspace.open_component(ComponentType.ANNOTATOR, "l").instance_url == "{{a}}"
    # The name of an attribute can be written with or without dashes.
    run("annotator remove-attribute a port --instance_url")
    assert Client().workspace.component(ComponentType.ANNOTATOR, "a").attributes == {}


def test_a_plain_value_of_a_sensitive_attribute_is_sealed_with_one_warning() -> None:
    """The registration warns about the plain value, but a later update does not.

    The output of `describe` is masked. A fixture of these tests checks that the files of the workspace do not contain the value.
    """
    value = canary()
    outcome = run("alerter register chat --flavor=slack --slack_token=?", value)
    assert "Warning: 'slack_token' is a plain value." in outcome.message
    assert "Warning" not in run("alerter update chat --default_slack_channel_id=c").message
    described = run("alerter describe chat").value
    assert {"attribute": "slack_token", "value": "‹secret:slack_token›"} in list(described)
    assert find_canary(f"{outcome} {described}") == []


def test_the_url_of_a_secrets_manager_is_sealed_without_a_warning() -> None:
    """There is no warning, because attributes of a secrets manager can't be references.

    The password in the URL is in no output and in no file.
    """
    # No server listens on port 1.
    url = f"postgresql://user:{canary('password')}@127.0.0.1:1/none"
    registered = run("secrets-manager register team --flavor=sql --scope=namespace --namespace=research --url=?", url)
    assert "Warning" not in registered.message
    described = run("secrets-manager describe team")
    assert {"attribute": "url", "value": "‹secret:url›"} in list(described.value)
    assert "does not answer" in str(described)
    assert find_canary(f"{registered} {described}") == []
    assert find_canary(home()) == []


@pytest.mark.parametrize("group", list(COMPONENT_PURPOSES))
def test_each_type_of_component_has_the_same_commands(group: str) -> None:
    """Each of the eleven types has the same commands, such as `register` and `flavor list`."""
    flavor = "memory" if group == "secrets-manager" else "custom"
    run(f"{group} register one --flavor={flavor}")
    run(f"{group} copy one two")
    run(f"{group} rename two three")
    assert {"one", "three"} <= {row["name"] for row in run(f"{group} list").value}
    assert run(f"{group} describe three").value[0] == {"attribute": "flavor", "value": flavor}
    assert flavor in {row["flavor"] for row in run(f"{group} flavor list").value}
    run(f"{group} delete three")
    assert "three" not in {row["name"] for row in run(f"{group} list").value}
    # A component of flavor custom accepts any attribute, such as "what". A secrets manager of flavor memory does not.
    if flavor == "custom":
        run(f"{group} update one --what=?", "{{a.b}}")
        run(f"{group} remove-attribute one what")
        assert run(f"stack update default --{group} one").exit_code == 0
        assert run(f"{group} get").value == "one"


def test_commands_change_the_key_protection_and_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rewrap` sets a new key protection, and `rotate-key` creates a new data key.

    Both do not change the values of secrets.
    """
    value = canary()
    run("secret register s --k=?", value)
    assert "key file" in str(run("secrets-manager describe").value)
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "open")
    assert "a passphrase" in run("secrets-manager rewrap default --to passphrase").message
    run("secrets-manager rotate-key default")
    assert "a passphrase" in str(run("secrets-manager describe default").value)
    assert active_content_of("s") == {"k": value}
