"""A value that is typed into an attribute of a component: sealed, masked and not exported, whatever the attribute is called."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command_lines import run
from tests.support.kernels import running_kernel
from tests.support.required_flavors import REQUIRED
from zensecrets_jupyter import Client, redact
from zensecrets_jupyter.core.errors import ManagerCorruptedError
from zensecrets_jupyter.core.fields import looks_sensitive
from zensecrets_jupyter.core.stack import ComponentType, flavor_names, get_flavor
from zensecrets_jupyter.core.stack.references import takes_text
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = ("authentication_secret", "api_token", "key", "secret", "db_password", "connection_string", "sas_token", "client_secret", "pat")
"""Names that attributes of a flavor that nobody described are given."""

TYPES = [kind for kind in ComponentType if kind is not ComponentType.SECRETS_MANAGER]


def _attributes() -> list[tuple[ComponentType, str, str]]:
    """Return every attribute of every flavor that holds a secret by its name."""
    found: list[tuple[ComponentType, str, str]] = []
    for kind in TYPES:
        for flavor in flavor_names(kind.value):
            config = get_flavor(kind.value, flavor)
            names = [name for name, field in config.model_fields.items() if takes_text(field.annotation) and looks_sensitive(name, "x")]
            found += [(kind, flavor, name) for name in (*names, *(WORDS if flavor == "custom" else ()))]
    return found


ATTRIBUTES = _attributes()


def _from_file(line: str, name: str, value: str) -> Any:
    path = Path("value")
    path.write_text(value)
    try:
        return run(f"{line} --{name}=@value")
    finally:
        path.unlink()


GIVE: dict[str, Callable[[str, str, str], Any]] = {
    "on the line": lambda line, name, value: run(f"{line} --{name}=?", value),
    "from a file": _from_file,
}


def _shown_everywhere(kind: ComponentType, folder: Path) -> str:
    """Return all that is shown and exported of the component ``c``, which is put into a stack of its own."""
    shown = run(f"{kind.command} describe c").value
    both = {ComponentType.ORCHESTRATOR: "default", ComponentType.ARTIFACT_STORE: "default"}
    Client().workspace.register_stack("s", {**both, kind: "c"})
    exported = folder / "s.yaml"
    told = run(f"stack export s {exported}").message
    stack = run("stack describe s").value
    component = Client().get_stack("s").components[kind]
    texts = [str(shown), shown._repr_html_(), str(stack), stack._repr_html_(), repr(component), str(component.config.model_dump())]
    return "\n".join([*texts, component.config.model_dump_json(), repr(vars(component.config)), told, exported.read_text()])


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of the test's own."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def _home() -> Path:
    return Path(os.environ["ZENSECRETS_HOME"])


@pytest.mark.parametrize(("kind", "flavor", "name"), ATTRIBUTES, ids=[f"{kind.value}-{flavor}-{name}" for kind, flavor, name in ATTRIBUTES])
def test_a_typed_value_lies_nowhere_in_clear(kind: ComponentType, flavor: str, name: str, tmp_path: Path) -> None:
    """Neither the workspace's file, an export, a description nor a repr holds it; the component itself has it, and a warning says so."""
    value = canary("typed")
    required = {key: text for key, text in REQUIRED.get((kind.value, flavor), {}).items() if key != name}
    line = " ".join([f"{kind.command} register c --flavor={flavor}", *(f"--{key}={text}" for key, text in required.items())])
    outcome = run(f"{line} --{name}=?", value)
    assert f"Warning: {name!r} is a plain value" in outcome.message
    assert find_canary(_home()) == []
    assert find_canary(_shown_everywhere(kind, tmp_path)) == []
    assert getattr(Client().get_stack("s").components[kind], name) == value
    assert redact(value) == f"‹secret:{name}›"
    assert find_canary(tmp_path) == []


@pytest.mark.parametrize("give", GIVE.values(), ids=GIVE)
@pytest.mark.parametrize("verb", ["register", "update"])
def test_every_way_of_giving_it_is_the_same(give: Callable[[str, str, str], Any], verb: str, tmp_path: Path) -> None:
    """On the line and from a file, at registration and in an update, after which the old value is gone too."""
    value = canary("given")
    line = "annotator register c --flavor=label_studio"
    if verb == "update":
        run(f"{line} --authentication_secret=?", canary("old"))
        line = "annotator update c"
    assert "plain value, not as a reference or the name of a secret" in give(line, "authentication_secret", value).message
    assert find_canary(_shown_everywhere(ComponentType.ANNOTATOR, tmp_path)) == []
    assert find_canary(tmp_path) == []
    assert Client().get_stack("s").components[ComponentType.ANNOTATOR].authentication_secret == value


def test_a_prompt_in_a_kernel_is_the_same(tmp_path: Path) -> None:
    """A value that is typed at the hidden prompt of a real kernel is in no message and in no file."""
    value, other = canary("prompt"), canary("other")
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        ran = [
            kernel.run("%zen annotator register c --flavor=label_studio --authentication_secret", [value, ""]),
            kernel.run("%zen annotator update c --authentication_secret", [other]),
            kernel.run("%zen annotator describe c"),
            kernel.run("from zensecrets_jupyter import Client\nClient().workspace.components()"),
        ]
        assert all(one.ok for one in ran)
        assert find_canary("".join(str(one.messages) for one in ran)) == []
        assert "‹secret:authentication_secret›" in str(ran[2].messages)
    assert find_canary(tmp_path) == []


def test_the_name_of_a_secret_is_clear_text(tmp_path: Path) -> None:
    """As in ZenML 0.20 a component may name the secret that it logs in with: that is stored, shown and exported as it is."""
    run("secret register aws_prod --aws_access_key_id=?", canary())
    outcome = run("artifact-store register c --flavor=s3 --path=s3://bucket --authentication_secret=aws_prod")
    assert "Warning" not in outcome.message
    shown = _shown_everywhere(ComponentType.ARTIFACT_STORE, tmp_path)
    assert shown.count("aws_prod") >= 6
    assert "‹secret" not in shown
    # What is given later is judged by itself, and leaves the rest as it is.
    run("artifact-store update c --path=s3://other")
    assert Client().workspace.component(ComponentType.ARTIFACT_STORE, "c").attributes["authentication_secret"] == "aws_prod"
    run("artifact-store update c --authentication_secret=?", canary("typed"))
    assert find_canary(tmp_path) == []
    run("artifact-store update c --path=s3://bucket")
    assert find_canary(tmp_path) == []


def test_the_name_of_a_secret_that_comes_later_still_logs_in() -> None:
    """A name that no secret has yet is taken for a value, with a warning, and is that name all the same."""
    assert "Warning" in run("annotator register c --flavor=label_studio --authentication_secret=labels").message
    run("secret register labels --api_key=?", canary())
    assert Client().workspace.open_component(ComponentType.ANNOTATOR, "c").authentication_secret == "labels"
    assert "Warning" not in run("annotator update c --authentication_secret=labels").message
    assert "labels" in str(run("annotator describe c").value)
    assert redact("Registered secret 'labels'.") == "Registered secret 'labels'."


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ('{"aws_secret_access_key": "VALUE"}', False),
        ('{"auth": {"token": "VALUE", "user": "ada"}}', False),
        ('{"region_name": "eu-west-1", "endpoint_url": "http://ada:VALUE@host"}', False),
        ('{"aws_secret_access_key": "{{aws.key}}"}', True),
        ('{"region_name": "eu-west-1", "max_attempts": 3}', True),
    ],
)
def test_a_value_inside_of_an_attribute_is_sealed_with_it(given: str, shown: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    """A mapping is sealed as a whole if a name in it says that its value is a secret, or a URL in it has a password."""
    given = given.replace("VALUE", canary("inside"))
    run("artifact-store register c --flavor=s3 --path=s3://bucket --client_kwargs=?", given)
    described = run("artifact-store describe c").message + str(run("artifact-store describe c").value)
    assert ("‹secret:client_kwargs›" in described) is not shown
    assert find_canary(tmp_path) == []
    if "{{" not in given:
        assert Client().workspace.open_component(ComponentType.ARTIFACT_STORE, "c").client_kwargs == json.loads(given)


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
def test_other_attributes_stay_clear(attribute: str) -> None:
    """A name that says where a secret is, or a switch, is no secret."""
    name, _, value = attribute.partition("=")
    assert "Warning" not in run(f"annotator register c --flavor=custom --{attribute}").message
    assert Client().workspace.component(ComponentType.ANNOTATOR, "c").attributes[name] == value


def test_a_copy_is_sealed_too(tmp_path: Path) -> None:
    """A component that is registered like another one keeps its value as that does."""
    value = canary("copied")
    run("annotator register c --flavor=label_studio --authentication_secret=?", value)
    run("annotator copy c d")
    assert find_canary(tmp_path) == []
    assert Client().workspace.open_component(ComponentType.ANNOTATOR, "d").authentication_secret == value
    record = Client().workspace.component(ComponentType.ANNOTATOR, "d")
    assert record.sealed is not None
    with pytest.raises(ManagerCorruptedError):
        Client().workspace.unseal(record.sealed.generation, record.sealed.sealed)


def test_an_import_brings_a_name_that_is_no_secret_yet_twice(tmp_path: Path) -> None:
    """The stack of a file that names a secret is imported where the secret is not there, and again without a conflict."""
    run("secret register aws_prod --k=?", canary())
    run("artifact-store register c --flavor=s3 --path=s3://bucket --authentication_secret=aws_prod")
    run("stack register s -o default -a c -x default")
    run(f"stack export s {tmp_path / 's.yaml'}")
    for line in ("stack delete s -y", "artifact-store delete c -y", "secret delete aws_prod -y"):
        run(line)
    run(f"stack import renamed {tmp_path / 's.yaml'}")
    run(f"stack import again {tmp_path / 's.yaml'}")
    assert Client().get_stack("again").components[ComponentType.ARTIFACT_STORE].authentication_secret == "aws_prod"
