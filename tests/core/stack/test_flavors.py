"""Tests of component flavors: built-in ones, classes from a cell, and those of installed packages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cells import run_cell
from tests.support.distributions import install, plugin_environment
from tests.support.error_texts import error_details, is_one_line
from tests.support.processes import run_python
from tests.support.required_flavors import REQUIRED_ATTRIBUTES
from tests.support.stacks import component
from zensecrets_jupyter import InvalidComponentError, StackError, UnknownFlavorError
from zensecrets_jupyter.core.fields import is_secret_field
from zensecrets_jupyter.core.reference import SecretReference
from zensecrets_jupyter.core.stack import ComponentType, flavor_names, get_flavor
from zensecrets_jupyter.core.stack.flavor_registry import BUILT_IN
from zensecrets_jupyter.core.stack.references import takes_text
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GROUP = "zensecrets_jupyter.flavors.v1"

BUILT_IN_FLAVORS = [(component_type, flavor) for component_type, flavors in BUILT_IN.items() for flavor in flavors]

# The sensitive attributes of each flavor. The other flavors have none.
SENSITIVE_ATTRIBUTES = {
    ("alerter", "slack"): {"slack_token"},
    ("artifact_store", "s3"): {"key", "secret", "token"},
    ("experiment_tracker", "mlflow"): {"tracking_username", "tracking_password", "tracking_token"},
    ("experiment_tracker", "neptune"): {"api_token"},
    ("experiment_tracker", "wandb"): {"api_key"},
    ("orchestrator", "kubeflow"): {"client_username", "client_password"},
    ("step_operator", "azureml"): {"tenant_id", "service_principal_id", "service_principal_password"},
}

MINE_CELL = """
from typing import ClassVar
from zensecrets_jupyter import StackComponentConfig, SecretField

class MineConfig(StackComponentConfig):
    TYPE: ClassVar[str] = "annotator"
    FLAVOR: ClassVar[str] = "mine_in_a_cell"
    url: str
    token: str = SecretField(default="")
"""
"""A cell that defines a flavor."""


class ConstantResolver:
    """A resolver that returns the same value for every text.

    A resolver replaces the references in attributes by values.
    """

    def __init__(self, value: str) -> None:
        """Resolve to ``value``."""
        self.value = value

    def __str__(self) -> str:
        """Return the name that errors use for the owner of an attribute."""
        return "owner"

    def reader(self, text: str) -> Callable[[], str]:
        """Return a function that resolves the text."""
        return partial(self.resolve, text)

    def resolve(self, text: str) -> str:  # noqa: ARG002 - the resolver protocol defines the signature
        """Return the constant value, whatever the text is."""
        return self.value


def test_each_component_type_has_flavors() -> None:
    """Each component type except the secrets manager has flavors, one of them ``custom``.

    The flavors of secrets managers are in another registry.
    """
    assert {*BUILT_IN, "secrets_manager"} == {component_type.value for component_type in ComponentType}
    assert all("custom" in flavors for flavors in BUILT_IN.values())


@pytest.mark.parametrize(("component_type", "flavor"), BUILT_IN_FLAVORS)
def test_a_built_in_flavor_has_its_type_and_name(component_type: str, flavor: str) -> None:
    """Each built-in flavor is listed and documented. Its required attributes are sufficient.

    Its sensitive attributes are those of ``SENSITIVE_ATTRIBUTES``, and it is not local and remote at once.
    """
    config = get_flavor(component_type, flavor)
    assert flavor in flavor_names(component_type)
    assert (component_type, flavor) == (config.TYPE, config.FLAVOR)
    assert config.__doc__
    instance = config(**REQUIRED_ATTRIBUTES.get((component_type, flavor), {}))
    assert {name for name, field in config.model_fields.items() if field.is_required()} == set(
        REQUIRED_ATTRIBUTES.get((component_type, flavor), {})
    )
    assert {name for name, field in config.model_fields.items() if is_secret_field(field)} == SENSITIVE_ATTRIBUTES.get(
        (component_type, flavor), set()
    )
    assert isinstance(instance.is_local, bool)
    assert isinstance(instance.is_remote, bool)
    assert not (instance.is_local and instance.is_remote)


@pytest.mark.parametrize(("component_type", "flavor"), BUILT_IN_FLAVORS)
def test_each_text_attribute_accepts_a_reference(component_type: str, flavor: str) -> None:
    """Each text attribute of a built-in flavor accepts a reference, shows it, lists it as required and resolves it."""
    config = get_flavor(component_type, flavor)
    required = REQUIRED_ATTRIBUTES.get((component_type, flavor), {})
    text_attributes = [name for name, field in config.model_fields.items() if takes_text(field.annotation)]
    if config.model_config.get("extra") == "allow":
        # Such a flavor accepts attributes of any name.
        text_attributes += ["anything"]
    for name in text_attributes:
        # Some flavors check a resolved value, such as a path. So the resolved value begins with the valid one of the required attributes,
        # unless that one is a reference.
        valid_value = str(required.get(name, ""))
        value = canary(name) if "{{" in valid_value else f"{valid_value}x"
        instance = config(**{**required, name: "{{some.key}}"})
        assert SecretReference("some", "key") in instance.required_secrets
        assert "{{some.key}}" in repr(instance)
        assert isinstance(getattr(instance.bind_references(ConstantResolver(value)), name), str)


@pytest.mark.parametrize(("component_type", "flavor"), BUILT_IN_FLAVORS)
def test_is_remote_resolves_nothing(component_type: str, flavor: str) -> None:
    """is_remote and is_local resolve no reference in any attribute."""
    config = get_flavor(component_type, flavor)
    required = REQUIRED_ATTRIBUTES.get((component_type, flavor), {})
    for name in (name for name, field in config.model_fields.items() if takes_text(field.annotation)):
        stack_component = component(ComponentType(component_type), flavor, **{**required, name: "{{some.key}}"})
        assert isinstance(stack_component.is_local, bool)
        assert isinstance(stack_component.is_remote, bool)


@pytest.mark.parametrize(
    ("component_type", "flavor", "attributes", "expected"),
    [
        ("artifact_store", "s3", {"path": "gs://bucket"}, "'path' was refused"),
        ("artifact_store", "gcp", {"path": "folder"}, "'path' was refused"),
        ("artifact_store", "azure", {"path": "s3://x"}, "'path' was refused"),
        ("artifact_store", "local", {"path": "s3://x"}, "'path' was refused"),
        ("annotator", "label_studio", {"port": "many"}, "'port' has to be"),
        ("annotator", "label_studio", {"prot": 1}, "'prot' is unknown (Did you mean 'port'?)"),
        ("experiment_tracker", "wandb", {}, "'api_key' is missing"),
        ("experiment_tracker", "mlflow", {"tracking_uri": "https://host"}, "needs tracking_token"),
        ("orchestrator", "local", {"any": "x"}, "'any' is unknown"),
    ],
)
def test_an_invalid_attribute_is_named(component_type: str, flavor: str, attributes: dict[str, Any], expected: str) -> None:
    """The error names the invalid attribute and the problem in one line."""
    with pytest.raises(InvalidComponentError) as caught:
        get_flavor(component_type, flavor)(**attributes)
    assert expected in str(caught.value)
    assert is_one_line(caught.value)


def test_mlflow_accepts_references_for_its_log_in() -> None:
    """MLflow needs a user and a password, or a token, for a remote server. A reference to a token fulfils this."""
    config: Any = get_flavor("experiment_tracker", "mlflow")
    instance = config(tracking_uri="https://host", tracking_token="{{mlflow.token}}")
    text = canary("token")
    assert instance.bind_references(ConstantResolver(text)).tracking_token == text
    assert not instance.is_local


@pytest.mark.parametrize(
    ("attributes", "is_remote"),
    [
        ({}, False),
        ({"kubernetes_context": "k3d-x"}, False),
        ({"kubernetes_context": "cloud"}, True),
        ({"skip_local_validations": True}, True),
    ],
)
def test_kubeflow_is_remote_with_a_remote_cluster(attributes: dict[str, Any], is_remote: bool) -> None:  # noqa: FBT001 - pytest passes the argument by name
    """Kubeflow is remote with a remote cluster, or if local validations are skipped.

    It is local without a context, or with the context of a local cluster, which begins with ``k3d-``.
    """
    config = get_flavor("orchestrator", "kubeflow")(**attributes)
    assert (config.is_remote, config.is_local) == (is_remote, not is_remote)


def test_an_unknown_flavor_lists_near_misses() -> None:
    """An unknown flavor raises an error with the type, near misses and all flavors."""
    with pytest.raises(
        UnknownFlavorError, match=r"No flavor of annotator is called 'label-studio'\. Did you mean 'label_studio'"
    ) as caught:
        get_flavor("annotator", "label-studio")
    # The error ends with "... are custom, label_studio."
    listed_flavors = str(caught.value).rpartition(" are ")[2].rstrip(".").split(", ")
    # Other tests of this process may have defined further flavors.
    assert set(listed_flavors) >= {"custom", "label_studio"}
    assert is_one_line(caught.value)


# Classes defined in a cell.


def test_defining_a_class_registers_its_flavor() -> None:
    """A class from a cell is listed for its type. Rerunning the cell replaces it.

    Its sensitive field is masked.
    """
    first = run_cell(MINE_CELL)["MineConfig"]
    assert get_flavor("annotator", "mine_in_a_cell") is first
    assert "mine_in_a_cell" in flavor_names("annotator")
    assert "mine_in_a_cell" not in flavor_names("alerter")
    second: Any = run_cell(MINE_CELL)["MineConfig"]
    assert get_flavor("annotator", "mine_in_a_cell") is second
    assert second is not first
    flavor_class: Any = second
    instance = flavor_class(url="{{a.b}}", token=canary("token"))
    assert find_canary(repr(instance)) == []


def test_the_type_may_be_a_text_or_an_enum_member() -> None:
    """TYPE may be a text or a ComponentType."""
    namespace = run_cell(
        MINE_CELL.replace('ClassVar[str] = "annotator"', "ClassVar[object] = ComponentType.ALERTER")
        .replace("from typing", "from zensecrets_jupyter.core.stack import ComponentType\nfrom typing")
        .replace("mine_in_a_cell", "typed_in_a_cell")
    )
    assert get_flavor("alerter", "typed_in_a_cell") is namespace["MineConfig"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"mine_in_a_cell"', '"label_studio"', "'annotator.label_studio', which MineConfig claims, is built in"),
        ("class MineConfig", "class OtherConfig", r"belongs to __main__\.MineConfig already"),
        ('"annotator"', '"anotator"', "MineConfig.TYPE is 'anotator', which is not a component type"),
        ('"annotator"', '"secrets_manager"', "which is not a component type with registered flavors"),
        ('"annotator"', '""', "MineConfig.TYPE is ''"),
    ],
)
def test_a_class_with_a_registered_flavor_is_refused(old: str, new: str, expected: str) -> None:
    """The definition of a class with a registered flavor or an unknown type raises an error."""
    run_cell(MINE_CELL)
    with pytest.raises(StackError, match=expected) as caught:
        run_cell(MINE_CELL.replace(old, new))
    assert is_one_line(caught.value)


def test_a_class_without_a_flavor_is_not_registered() -> None:
    """A class without FLAVOR is not registered, but a subclass of it with a FLAVOR is."""
    flavors_before = flavor_names("annotator")
    namespace = run_cell("""
from typing import ClassVar
from zensecrets_jupyter import StackComponentConfig

class BaseConfig(StackComponentConfig):
    token: str = ""

class ChildConfig(BaseConfig):
    TYPE: ClassVar[str] = "annotator"
    FLAVOR: ClassVar[str] = "child_in_a_cell"
""")
    assert {*flavors_before, "child_in_a_cell"} == set(flavor_names("annotator"))
    assert get_flavor("annotator", "child_in_a_cell") is namespace["ChildConfig"]
    assert namespace["BaseConfig"](token="x").token == "x"


# Flavors of installed packages.

PLUGIN_MODULE = (
    MINE_CELL.replace("mine_in_a_cell", "example").replace("MineConfig", "ExampleConfig")
    + """
class WrongConfig(StackComponentConfig):
    TYPE: ClassVar[str] = "alerter"
    FLAVOR: ClassVar[str] = "example"
"""
)
"""The module of an installed distribution, with two flavors.

``WrongConfig`` is a flavor of alerters, but its entry point says that it is an annotator.
"""

PROLOGUE = """
import json, sys
from zensecrets_jupyter.core.errors import ZenSecretsError

def attempt(call):
    try:
        return call()
    except ZenSecretsError as error:
        assert error.__cause__ is None and error.__context__ is None
        return [error.code, str(error)]

from zensecrets_jupyter import Client
from zensecrets_jupyter.core.stack import ComponentType, flavor_names, get_flavor
"""
"""The start of each program: imports, and the function ``attempt``.

``attempt`` returns the result of a call. If the call raises an error of this package, it returns the error's code and text, and checks
that the error has no cause and no context.
"""


def run(installed: Path, code: str) -> Any:
    """Run ``PROLOGUE`` and ``code`` in a new process, and return the JSON that it prints.

    The process finds the installed distributions.
    """
    return run_python(PROLOGUE + code, environment=plugin_environment(installed))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a distribution with three entry points: a valid flavor, a missing module, and a flavor of another type."""
    entry_points = {
        "annotator.example": "example_flavors:ExampleConfig",
        "annotator.broken": "example_flavors_gone:Config",
        "annotator.wrong": "example_flavors:WrongConfig",
    }
    return install(tmp_path_factory.mktemp("flavors"), "example-flavors", {GROUP: entry_points}, PLUGIN_MODULE)


def test_an_installed_flavor_works_like_a_built_in_one(installed: Path) -> None:
    """An installed flavor is listed without an import and registers like a built-in one."""
    code = """
listed = flavor_names("annotator")
imported = "example_flavors" in sys.modules
Client().workspace.register_component(ComponentType.ANNOTATOR, "mine", "example", {"url": "{{a.b}}"})
print(json.dumps([listed, imported, Client().get_stack_component("annotator", "mine").config.model_dump()]))
"""
    flavors, is_imported, attributes = run(installed, code)
    assert {"example", "broken", "label_studio"} <= set(flavors)
    assert is_imported is False
    assert attributes == {"url": "{{a.b}}", "token": ""}


@pytest.mark.parametrize(("flavor", "expected"), [("broken", "ModuleNotFoundError"), ("wrong", "is not a component flavor with that name")])
def test_a_broken_flavor_names_its_distribution(flavor: str, expected: str, installed: Path) -> None:
    """A broken flavor raises an error with reason and package, and other flavors work."""
    output = run(
        installed, f'print(json.dumps([attempt(lambda: get_flavor("annotator", "{flavor}")), get_flavor("annotator", "example").FLAVOR]))'
    )
    (code, text), other_flavor = output
    assert (code, other_flavor) == ("flavor-unavailable", "example")
    assert expected in text
    assert "'example-flavors'" in text


def test_two_distributions_with_one_flavor_are_both_named(tmp_path: Path) -> None:
    """If two packages register one flavor, the error names both packages.

    The default stack still opens.
    """
    for distribution in ("example-one", "example-two"):
        module = distribution.replace("-", "_")
        install(tmp_path, distribution, {GROUP: {"annotator.example": f"{module}:ExampleConfig"}}, PLUGIN_MODULE)
    installed = tmp_path / "installed"
    for call in ('flavor_names("annotator")', 'get_flavor("annotator", "example")'):
        code, text = run(installed, f"print(json.dumps(attempt(lambda: {call})))")
        assert code == "stack"
        assert "'example-one'" in text
        assert "'example-two'" in text
    assert run(installed, "print(json.dumps(Client().active_stack.orchestrator.flavor))") == "local"


def test_a_refused_resolved_value_is_not_quoted() -> None:
    """If the validator of a flavor refuses the resolved value of an attribute, the error does not quote it."""
    config: Any = get_flavor("artifact_store", "s3")
    instance = config(path="{{bucket.path}}").bind_references(ConstantResolver(canary("path")))
    with pytest.raises(InvalidComponentError, match="Attribute 'path' of owner refuses the value") as caught:
        _ = instance.path
    assert find_canary(error_details(caught.value)) == []
