"""Commands and attributes of ZenML 0.20. Tests of the page `docs/zenml.md` are in tests/docs."""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.command_lines import active_content_of, run
from zensecrets_jupyter import Client, redact
from zensecrets_jupyter.core.errors import InvalidStackError, SecretExistsError
from zensecrets_jupyter.core.settings import home
from zensecrets_jupyter.core.stack import ComponentType, StackComponentConfig
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

MANAGER = ComponentType.SECRETS_MANAGER


@pytest.mark.parametrize(
    ("line", "stored_attributes", "name_and_value"),
    [
        ("gcp --project_id=one", {"project": "one"}, ("project_id", "one")),
        ("gcp --project-id one", {"project": "one"}, ("project", "one")),
        ("azure --key_vault_name=our-vault", {"vault_url": "https://our-vault.vault.azure.net"}, ("key_vault_name", "our-vault")),
        ("azure --vault_url=https://v.other.example", {"vault_url": "https://v.other.example"}, ("key_vault_name", "")),
        ("github --owner=us --repository=ours", {"owner": "us", "repository": "ours"}, ("full_name", "us/ours")),
        ("github --repository=us/ours", {"repository": "us/ours"}, ("full_name", "us/ours")),
        ("vault --verify=/ca.pem --cert=/me.pem", {"ca_file": "/ca.pem", "cert": "/me.pem"}, ("verify", "/ca.pem")),
        ("vault --verify=True", {}, ("verify", None)),
        ("local --scope=none --secrets_file=", {"scope": "none"}, ("scope", "none")),
        ("aws --region_name=eu-west-1", {"region_name": "eu-west-1"}, ("region_name", "eu-west-1")),
    ],
)
def test_the_names_of_attributes_in_zenml_are_accepted(
    line: str, stored_attributes: dict[str, str], name_and_value: tuple[str, str | None]
) -> None:
    """The attributes are stored with the names of this package. The options of the opened secrets manager have both names.

    ``--verify=True`` and an empty ``--secrets_file`` are accepted, and not stored.
    """
    run(f"secrets-manager register m --flavor={line}")
    assert Client().workspace.component(MANAGER, "m").attributes == stored_attributes
    name, value = name_and_value
    assert getattr(Client().workspace.open_manager("m").options, name) == value


def test_an_attribute_is_changed_and_removed_by_either_name() -> None:
    """A value under ZenML's name replaces the value that was stored under the name of this package."""
    run("secrets-manager register m --flavor=gcp --project=one")
    run("secrets-manager update m --project_id=two")
    assert Client().workspace.component(MANAGER, "m").attributes == {"project": "two"}
    run("secrets-manager remove-attribute m project_id")
    assert Client().workspace.component(MANAGER, "m").attributes == {}


def test_the_secrets_file_of_zenml_is_imported_once(tmp_path: Path) -> None:
    """A registration or an update imports all secrets of the file, or none. Later changes of the file have no effect by themselves."""

    def write_secrets_file(**secrets: dict[str, str]) -> None:
        encoded = {
            name: {key: base64.b64encode(text.encode()).decode() for key, text in content.items()} for name, content in secrets.items()
        }
        text = yaml.dump({name: {**content, "zenml_schema_name": "arbitrary"} for name, content in encoded.items()})
        (tmp_path / "secrets.yaml").write_text(text)

    first = canary("first")
    write_secrets_file(a={"k": first, "multi": "one\ntwo"}, b={})
    message = run(f"secrets-manager register m --flavor=local --secrets_file={tmp_path}/secrets.yaml").message
    assert "sealed" in message
    run("stack update -x m")
    assert active_content_of("a") == {"k": first, "multi": "one\ntwo"}
    write_secrets_file(a={"k": "changed"}, c={"k": "new"})
    assert active_content_of("a")["k"] == first
    with pytest.raises(SecretExistsError):
        run(f"secrets-manager update m --secrets_file={tmp_path}/secrets.yaml")
    assert [row["name"] for row in run("secret list").value] == ["a", "b"]
    write_secrets_file(c={"k": "new"})
    run(f"secrets-manager update m --secrets_file={tmp_path}/secrets.yaml")
    assert active_content_of("c") == {"k": "new"}
    assert "does not exist" in run("secrets-manager register later --flavor=local --secrets_file=later.yaml").message
    assert find_canary(home()) == []


def test_several_values_come_from_one_file(tmp_path: Path) -> None:
    """A text in the file is stored unchanged. It may look like a file name (``@x``) or a variable (``$pw``)."""
    value = canary("values")
    (tmp_path / "v.json").write_text(f'{{"k": "{value}", "n": 42, "at": "@x", "variable": "$pw"}}')
    (tmp_path / "v.yaml").write_text("k: '0042'\npem: |\n  one\n  two\n")
    message = run(f"secret create s --values=@{tmp_path}/v.json").message
    assert active_content_of("s") == {"k": value, "n": "42", "at": "@x", "variable": "$pw"}
    run(f"secret update s -v @{tmp_path}/v.yaml --more=1")
    assert active_content_of("s") == {"k": "0042", "n": "42", "at": "@x", "variable": "$pw", "pem": "one\ntwo\n", "more": "1"}
    run("secret register t -s openai --values=?", '{"api_key":"inline-of-openai"}')
    assert active_content_of("t") == {"api_key": "inline-of-openai"}
    run("secret update s -r n --remove-keys at")
    assert "n" not in active_content_of("s")
    run("secret rename s -n renamed")
    assert active_content_of("renamed")["k"] == "0042"
    assert find_canary(message) == []


def test_a_required_component_can_t_be_removed() -> None:
    """A stack must have an orchestrator and an artifact store.

    Removing a component of a different type from the active stack gives a warning with the command that undoes the removal.
    """
    message = run("stack remove-component -x").message
    assert "the active one" in message
    assert "%stack update default --secrets-manager default" in message
    run("stack update default --secrets-manager default")
    run("stack copy default other")
    assert "active" not in run("stack remove-component other -x").message
    for component_type in (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE):
        with pytest.raises(InvalidStackError, match=component_type.label):
            Client().workspace.remove_from_stack("other", [component_type])
        assert component_type in Client().workspace.stack_record("other").components


def test_a_flavor_is_registered_by_its_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module may be in the current folder. A ``Flavor`` class of ZenML has the class of the attributes as ``config_class``."""
    (tmp_path / "own_flavors.py").write_text(
        "from zensecrets_jupyter.core.stack import StackComponentConfig\n"
        "class Config(StackComponentConfig):\n    TYPE, FLAVOR = 'alerter', 'own_in_test'\n    channel: str = ''\n"
        "class Flavor:\n    config_class = property(lambda self: Config)\n"
    )
    monkeypatch.chdir(tmp_path)
    search_path = list(sys.path)
    assert "'own_in_test'" in run("alerter flavor register own_flavors.Flavor").message
    assert sys.path == search_path
    assert [row["attribute"] for row in run("alerter flavor describe own_in_test").value] == ["channel"]
    run("alerter register mine --flavor=own_in_test --channel=c")
    # The command only explains how to delete a flavor, and names the components that use it.
    assert "'mine' use it" in run("alerter flavor delete own_in_test").message


def test_a_sensitive_value_in_any_attribute_is_sealed_and_masked() -> None:
    """The value itself looks like a secret, or the attribute is a URL with a password."""

    class OwnConfig(StackComponentConfig):
        TYPE = "alerter"
        FLAVOR = "own_with_values"

        hook: str = ""
        address: str = ""

    assert OwnConfig.FLAVOR  # The definition of the class has registered its flavor.
    token, password = canary("hook"), canary("password")
    url = f"postgresql://ada:{password}@host/db"
    lines = {
        "alerter register a --flavor=own_with_values --hook=? --address=x": token,
        "alerter register b --flavor=own_with_values --address=?": url,
        "alerter register c --flavor=custom --anything=?": token,
        "alerter register d --flavor=custom --uri=?": url,
        "alerter register e --flavor=custom --nested=?": f'{{"a":["{url}"]}}',
        "alerter register f --flavor=custom --note=?": f"Bearer {token}",
        "container-registry register g --flavor=default --uri=?": url,
        "experiment-tracker register h --flavor=mlflow --tracking_uri=?": url,
        "orchestrator register i --flavor=kubernetes --kubernetes_context=?": f"https://host/?password={password}",
    }
    for line, value in lines.items():
        message = run(line, value).message
        assert "Warning" in message, line
        assert find_canary(message) == []
        group, _, name = line.split()[:3]
        described = run(f"{group} describe {name}").value
        assert find_canary(str(described)) == [], line
    assert find_canary(home()) == []
    for value in (token, password, url):
        assert find_canary(redact(f"value: {value}")) == []


@pytest.mark.parametrize(
    "attribute",
    [
        "region=eu-west-1",
        "project=our-project-123456",
        "run=3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "git_commit=0123456789abcdef0123456789abcdef01234567",
        "role=arn:aws:iam::123456789012:role/zenml",
        "channel=C01ABCDEF23",
        "address=715803424590.dkr.ecr.us-east-1.amazonaws.com",
        "machine=n1-standard-4",
    ],
)
def test_identifiers_are_not_sealed(attribute: str) -> None:
    """Regions, projects, roles, identifiers and hosts are not secrets."""
    name, _, value = attribute.partition("=")
    assert "Warning" not in run(f"alerter register c --flavor=custom --{attribute}").message
    assert Client().workspace.component(ComponentType.ALERTER, "c").attributes[name] == value
