"""Plain values in attributes of components: they are sealed, masked and not exported."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command_lines import run
from tests.support.kernels import running_kernel
from tests.support.required_flavors import REQUIRED_ATTRIBUTES
from zensecrets_jupyter import Client, redact
from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.fields import looks_sensitive
from zensecrets_jupyter.core.stack import ComponentType, flavor_names, get_flavor
from zensecrets_jupyter.core.stack.references import takes_text
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

SENSITIVE_NAMES = (
    "authentication_secret",
    "api_token",
    "key",
    "secret",
    "db_password",
    "connection_string",
    "sas_token",
    "client_secret",
    "pat",
)
"""Sensitive names for attributes of the flavor `custom`."""

COMPONENT_TYPES = [component_type for component_type in ComponentType if component_type is not ComponentType.SECRETS_MANAGER]


def _attributes() -> list[tuple[ComponentType, str, str]]:
    """Return every attribute whose name looks sensitive, of every flavor."""
    attributes: list[tuple[ComponentType, str, str]] = []
    for component_type in COMPONENT_TYPES:
        for flavor in flavor_names(component_type.value):
            config = get_flavor(component_type.value, flavor)
            # "x" is a value that does not look sensitive, so only the name decides.
            names = [name for name, field in config.model_fields.items() if takes_text(field.annotation) and looks_sensitive(name, "x")]
            attributes += [(component_type, flavor, name) for name in (*names, *(SENSITIVE_NAMES if flavor == "custom" else ()))]
    return attributes


ATTRIBUTES = _attributes()


def _pass_in_file(line: str, name: str, value: str) -> Any:
    """Run a line that reads the value from a file. The file is deleted, because the test searches its folder for the value."""
    path = Path("value")
    path.write_text(value)
    try:
        return run(f"{line} --{name}=@value")
    finally:
        path.unlink()


PASS_FUNCTIONS: dict[str, Callable[[str, str, str], Any]] = {
    "on the line": lambda line, name, value: run(f"{line} --{name}=?", value),
    "from a file": _pass_in_file,
}
"""Functions that run a line and pass a value for the attribute ``name``."""


def _all_texts(component_type: ComponentType, folder: Path) -> str:
    """Add the component ``c`` to a stack, and return all texts that show or export it."""
    described = run(f"{component_type.command} describe c").value
    # A stack must have these two components.
    required = {ComponentType.ORCHESTRATOR: "default", ComponentType.ARTIFACT_STORE: "default"}
    Client().workspace.register_stack("s", {**required, component_type: "c"})
    export_file = folder / "s.yaml"
    message = run(f"stack export s {export_file}").message
    stack = run("stack describe s").value
    component = Client().get_stack("s").components[component_type]
    texts = [str(described), described._repr_html_(), str(stack), stack._repr_html_(), repr(component), str(component.config.model_dump())]
    return "\n".join([*texts, component.config.model_dump_json(), repr(vars(component.config)), message, export_file.read_text()])


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test in its own folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def _home() -> Path:
    return Path(os.environ["ZENSECRETS_HOME"])


@pytest.mark.parametrize(
    ("component_type", "flavor", "name"),
    ATTRIBUTES,
    ids=[f"{component_type.value}-{flavor}-{name}" for component_type, flavor, name in ATTRIBUTES],
)
def test_a_plain_value_is_sealed_in_every_attribute(component_type: ComponentType, flavor: str, name: str, tmp_path: Path) -> None:
    """No file, export, description or repr contains the value. The component has it, and the command prints a warning."""
    value = canary("typed")
    required = {key: text for key, text in REQUIRED_ATTRIBUTES.get((component_type.value, flavor), {}).items() if key != name}
    line = " ".join([f"{component_type.command} register c --flavor={flavor}", *(f"--{key}={text}" for key, text in required.items())])
    outcome = run(f"{line} --{name}=?", value)
    assert f"Warning: {name!r} is a plain value" in outcome.message
    assert find_canary(_home()) == []
    assert find_canary(_all_texts(component_type, tmp_path)) == []
    assert getattr(Client().get_stack("s").components[component_type], name) == value
    assert redact(value) == f"‹secret:{name}›"
    assert find_canary(tmp_path) == []


@pytest.mark.parametrize("pass_value", PASS_FUNCTIONS.values(), ids=PASS_FUNCTIONS)
@pytest.mark.parametrize("verb", ["register", "update"])
def test_a_value_from_the_line_or_a_file_is_sealed(pass_value: Callable[[str, str, str], Any], verb: str, tmp_path: Path) -> None:
    """After an update, the old value is removed as well."""
    value = canary("passed")
    line = "annotator register c --flavor=label_studio"
    if verb == "update":
        run(f"{line} --authentication_secret=?", canary("old"))
        line = "annotator update c"
    assert "plain value, not as a reference or the name of a secret" in pass_value(line, "authentication_secret", value).message
    assert find_canary(_all_texts(ComponentType.ANNOTATOR, tmp_path)) == []
    assert find_canary(tmp_path) == []
    assert Client().get_stack("s").components[ComponentType.ANNOTATOR].authentication_secret == value


def test_a_value_typed_in_a_kernel_is_sealed(tmp_path: Path) -> None:
    """No message and no file contains the value."""
    value, other = canary("prompt"), canary("other")
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        results = [
            # The second prompt offers a passphrase for the workspace. An empty answer declines it.
            kernel.run("%zen annotator register c --flavor=label_studio --authentication_secret", [value, ""]),
            kernel.run("%zen annotator update c --authentication_secret", [other]),
            kernel.run("%zen annotator describe c"),
            kernel.run("from zensecrets_jupyter import Client\nClient().workspace.components()"),
        ]
        assert all(result.ok for result in results)
        assert find_canary("".join(str(result.messages) for result in results)) == []
        assert "‹secret:authentication_secret›" in str(results[2].messages)
    assert find_canary(tmp_path) == []


def test_the_name_of_a_secret_is_clear_text(tmp_path: Path) -> None:
    """In ZenML 0.20 an attribute may name a secret. The name is stored, shown and exported in plain text.

    After an update, the attribute has a value instead, which is sealed and stays sealed.
    """
    run("secret register aws_prod --aws_access_key_id=?", canary())
    outcome = run("artifact-store register c --flavor=s3 --path=s3://bucket --authentication_secret=aws_prod")
    assert "Warning" not in outcome.message
    texts = _all_texts(ComponentType.ARTIFACT_STORE, tmp_path)
    # Each table, the exported file and three representations of the component have the name.
    assert texts.count("aws_prod") >= 6
    assert "‹secret" not in texts
    # An update changes only the named attribute.
    run("artifact-store update c --path=s3://other")
    assert Client().workspace.component(ComponentType.ARTIFACT_STORE, "c").attributes["authentication_secret"] == "aws_prod"
    run("artifact-store update c --authentication_secret=?", canary("typed"))
    assert find_canary(tmp_path) == []
    run("artifact-store update c --path=s3://bucket")
    assert find_canary(tmp_path) == []


def test_the_name_of_a_missing_secret_is_sealed_until_the_next_update() -> None:
    """The name of a missing secret counts as a value, with a warning. The attribute of the component still has the name.

    After the registration of the secret, an update stores the name in plain text.
    """
    assert "Warning" in run("annotator register c --flavor=label_studio --authentication_secret=labels").message
    run("secret register labels --api_key=?", canary())
    assert Client().workspace.open_component(ComponentType.ANNOTATOR, "c").authentication_secret == "labels"
    assert "Warning" not in run("annotator update c --authentication_secret=labels").message
    assert "labels" in str(run("annotator describe c").value)
    # The name is not masked in outputs.
    assert redact("Registered secret 'labels'.") == "Registered secret 'labels'."


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ('{"aws_secret_access_key": "VALUE"}', False),
        ('{"auth": {"token": "VALUE", "user": "ada"}}', False),
        ('{"region_name": "eu-west-1", "endpoint_url": "http://ada:VALUE@host"}', False),
        ('{"aws_secret_access_key": "{{aws.key}}"}', True),
        ('{"region_name": "eu-west-1", "max_attempts": 3}', True),
    ],
)
def test_a_mapping_with_a_sensitive_value_is_sealed(text: str, is_shown: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    """A mapping is sealed if a plain value has a sensitive key. A URL with a password is also sensitive."""
    text = text.replace("VALUE", canary("inside"))
    run("artifact-store register c --flavor=s3 --path=s3://bucket --client_kwargs=?", text)
    described = run("artifact-store describe c").message + str(run("artifact-store describe c").value)
    assert ("‹secret:client_kwargs›" in described) == (not is_shown)
    assert find_canary(tmp_path) == []
    # The secret of the reference does not exist, so a component with the reference can't be opened.
    if "{{" not in text:
        assert Client().workspace.open_component(ComponentType.ARTIFACT_STORE, "c").client_kwargs == json.loads(text)


@pytest.mark.parametrize(
    "attribute",
    [
        "port=8093",
        "kubernetes_context=prod",
        "token_file=/run/token",
        "secret_name=k8s",
        "tokenizer=bert",
        "max_tokens=4096",
        "use_token=true",
    ],
)
def test_other_attributes_are_not_sealed(attribute: str) -> None:
    """A location, a name, a number and a flag are not secrets, also if the attribute's name has a sensitive word."""
    name, _, value = attribute.partition("=")
    assert "Warning" not in run(f"annotator register c --flavor=custom --{attribute}").message
    assert Client().workspace.component(ComponentType.ANNOTATOR, "c").attributes[name] == value


def test_the_value_of_a_copied_component_is_sealed(tmp_path: Path) -> None:
    """The copy has the same value. Its sealed data can be opened only as attributes of a component."""
    value = canary("copied")
    run("annotator register c --flavor=label_studio --authentication_secret=?", value)
    run("annotator copy c d")
    assert find_canary(tmp_path) == []
    assert Client().workspace.open_component(ComponentType.ANNOTATOR, "d").authentication_secret == value
    record = Client().workspace.component(ComponentType.ANNOTATOR, "d")
    assert record.sealed is not None
    # This method opens other data of the workspace, which is encrypted with another context.
    with pytest.raises(ManagerCorruptedError):
        Client().workspace.unseal(record.sealed.generation, record.sealed.sealed)


def test_a_stack_with_the_name_of_a_missing_secret_is_imported_twice(tmp_path: Path) -> None:
    """The first import seals the name, because it may be a value. The second import uses the same component."""
    run("secret register aws_prod --k=?", canary())
    run("artifact-store register c --flavor=s3 --path=s3://bucket --authentication_secret=aws_prod")
    run("stack register s -o default -a c -x default")
    run(f"stack export s {tmp_path / 's.yaml'}")
    for line in ("stack delete s -y", "artifact-store delete c -y", "secret delete aws_prod -y"):
        run(line)
    run(f"stack import renamed {tmp_path / 's.yaml'}")
    run(f"stack import again {tmp_path / 's.yaml'}")
    assert Client().get_stack("again").components[ComponentType.ARTIFACT_STORE].authentication_secret == "aws_prod"
