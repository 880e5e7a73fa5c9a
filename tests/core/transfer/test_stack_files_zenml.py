"""Tests of stacks exported by ZenML 0.20.5, whose files contain all attributes, including defaults."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.command_lines import run
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.errors import ComponentExistsError
from zensecrets_jupyter.core.settings import home
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = canary("token of Vault")
USER = "1b2d9d7c-92b8-4f5d-9d0e-0d9f0a0c3f11"
"""The ID of a user of ZenML, which each exported component has."""

MANAGERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "local": ("local", {"namespace": None, "scope": "none", "secrets_file": ""}, {"scope": "none"}),
    "local with a file": ("local", {"namespace": None, "scope": "none", "secrets_file": "secrets.yaml"}, {"scope": "none"}),
    "aws": (
        "aws",
        {"namespace": None, "region_name": "eu-west-1", "scope": "component"},
        {"region_name": "eu-west-1", "scope": "component"},
    ),
    "aws with a namespace": (
        "aws",
        {"namespace": "research", "region_name": "eu-west-1", "scope": "namespace"},
        {"namespace": "research", "region_name": "eu-west-1", "scope": "namespace"},
    ),
    "aws without a scope": (
        "aws",
        {"namespace": "of no effect", "region_name": "eu-west-1", "scope": "none"},
        {"region_name": "eu-west-1", "scope": "none"},
    ),
    "gcp": ("gcp", {"namespace": None, "project_id": "our-project", "scope": "global"}, {"project": "our-project", "scope": "global"}),
    "azure": (
        "azure",
        {"key_vault_name": "our-vault", "namespace": None, "scope": "component"},
        {"vault_url": "https://our-vault.vault.azure.net", "scope": "component"},
    ),
    "vault": (
        "vault",
        {
            "cert": None,
            "mount_point": "kv",
            "namespace": None,
            "scope": "component",
            "token": TOKEN,
            "url": "https://vault:8200",
            "verify": None,
        },
        {"mount_point": "kv", "scope": "component", "token": "‹secret:token›", "url": "https://vault:8200"},
    ),
    "github": (
        "github",
        {"namespace": None, "owner": "us", "repository": "ours", "scope": "none"},
        {"owner": "us", "repository": "ours", "scope": "none"},
    ),
}
"""Secrets managers of ZenML 0.20.5: the flavor, the exported attributes, and the attributes that this package registers.

The token of Vault is stored encrypted, so the attributes show a mask in its place.
"""

REQUIRED_COMPONENTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "artifact_store": ("default", "local", {}),
    "orchestrator": ("default", "local", {}),
}
"""The components that every stack needs: name, flavor and attributes by type."""


def _zenml_export(manager: tuple[str, str, dict[str, Any]], **more_components: tuple[str, str, dict[str, Any]]) -> str:
    """Return a stack file of ZenML 0.20.5, in YAML.

    Each component has all fields of ZenML's model of a component, except the project and the times.
    """
    components = {
        component_type: {
            "configuration": attributes,
            "flavor": flavor,
            "id": f"5e4286b5-51f4-4286-b1f8-b0143e9a27c{number}",
            "is_shared": False,
            "name": name,
            "type": component_type,
            "user": USER,
        }
        for number, (component_type, (name, flavor, attributes)) in enumerate(
            {**REQUIRED_COMPONENTS, **more_components, "secrets_manager": manager}.items()
        )
    }
    text: str = yaml.dump({"stack_name": "exported", "components": components, "zenml_version": "0.20.5"}, sort_keys=True)
    return text


def _encode_values(**content: str) -> dict[str, str]:
    """Return the content of a secret with its values in base64, as ZenML's local secrets manager stores it."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in content.items()}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change into a folder with a file of ZenML's local secrets manager, and return the folder."""
    new_folder = tmp_path / "folder"
    new_folder.mkdir()
    monkeypatch.chdir(new_folder)
    secrets = {
        "aws_prod": {**_encode_values(aws_access_key_id="AKIA", aws_secret_access_key=canary("imported")), "zenml_schema_name": "aws"},
        "plain": {**_encode_values(k=canary("plain")), "zenml_schema_name": "arbitrary"},
    }
    (new_folder / "secrets.yaml").write_text(yaml.dump(secrets))
    return new_folder


@pytest.mark.parametrize("name", MANAGERS)
def test_each_secrets_manager_of_zenml_is_imported(name: str, folder: Path) -> None:
    """Each secrets manager of ZenML is imported with its attributes. A second import reuses it.

    If the attribute ``secrets_file`` names a file, the secrets in this file are imported, too. The message says that the file has values in
    base64.
    """
    flavor, exported_attributes, registered_attributes = MANAGERS[name]
    (folder / "exported.yaml").write_text(_zenml_export(("theirs", flavor, exported_attributes)))
    message = run("stack import exported.yaml --ignore-version-mismatch").message
    assert message.startswith("Imported stack 'exported' with secrets manager 'theirs'.")
    record = Client().workspace.component(ComponentType.SECRETS_MANAGER, "theirs")
    assert (record.flavor, record.attributes) == (flavor, registered_attributes)
    assert Client().workspace.stack_record("exported").components[ComponentType.ORCHESTRATOR] == "default"
    assert run("stack import again -f exported.yaml").message.startswith("Imported stack 'again' of existing components.")
    imported_names = Client().workspace.open_manager("theirs").list_secrets() if flavor == "local" else []
    assert imported_names == (["aws_prod", "plain"] if exported_attributes.get("secrets_file") else [])
    assert ("base64" in message) is bool(exported_attributes.get("secrets_file"))
    # If the attribute ``secrets_file`` is empty, the message names ZenML's default file: in a folder with the ID of the secrets manager,
    # which is the third component of the export.
    assert ("local_stores/5e4286b5-51f4-4286-b1f8-b0143e9a27c2/secrets.yaml" in message) is (exported_attributes.get("secrets_file") == "")
    assert find_canary(home()) == []
    assert find_canary(message) == []


def test_other_components_of_zenml_are_imported(folder: Path) -> None:
    """Components are imported with ZenML's attributes, and a conflicting component changes nothing.

    A component conflicts if a component with its name exists and has other attributes. The error suggests a rename of the existing
    component.
    """
    text = _zenml_export(
        ("default", "local", {"namespace": None, "scope": "none", "secrets_file": ""}),
        orchestrator=("docker", "local_docker", {}),
        step_operator=("vertex", "vertex", {"region": "europe-west1", "service_account_path": "/key.json", "accelerator_count": 0}),
        annotator=("labels", "label_studio", {"authentication_secret": "labels_secret", "port": 8093}),
    )
    (folder / "exported.yaml").write_text(text)
    run("stack import exported.yaml")
    stack = Client().get_stack("exported")
    assert stack.components[ComponentType.STEP_OPERATOR].service_account_path == "/key.json"
    assert stack.components[ComponentType.ANNOTATOR].authentication_secret == "labels_secret"
    (folder / "exported.yaml").write_text(text.replace("europe-west1", "us-east1"))
    workspace_before = Client().workspace.components(), Client().workspace.stacks()
    with pytest.raises(ComponentExistsError, match="rename vertex NEW_NAME"):
        run("stack import other -f exported.yaml")
    assert (Client().workspace.components(), Client().workspace.stacks()) == workspace_before
