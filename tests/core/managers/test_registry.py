"""Flavors of secrets managers: built-in, defined in a cell, and installed with another package.

Some installed flavors are broken or have the name of another flavor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cells import run_cell
from tests.support.distributions import install, plugin_environment
from tests.support.error_texts import is_one_line
from tests.support.managers.counting import CountingBackend
from tests.support.processes import run_python
from zensecrets_jupyter import ManagerError, UnknownFlavorError
from zensecrets_jupyter.core.managers import availability, flavor_names, get_flavor, summary

if TYPE_CHECKING:
    from pathlib import Path

ENTRY_POINT_GROUP = "zensecrets_jupyter.secrets_managers.v2"

BACKEND_IN_A_CELL = """
from typing import ClassVar
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend

class MineBackend(MemoryBackend):
    FLAVOR: ClassVar[str] = "mine_in_a_cell"
"""
"""A cell that defines a flavor."""

PLUGIN = """
from typing import ClassVar
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend

class ExampleBackend(MemoryBackend):
    FLAVOR: ClassVar[str] = "example"

class Misnamed(MemoryBackend):
    FLAVOR: ClassVar[str] = "another"
"""
"""The module of a package with two flavors.

The entry point of the second flavor has another name than the flavor: ``misnamed``, not ``another``.
"""

PREAMBLE = """
import json, sys
from zensecrets_jupyter.core.errors import ZenSecretsError

def result_or_error(function):
    try:
        return function()
    except ZenSecretsError as error:
        assert error.__cause__ is None and error.__context__ is None
        return [error.code, str(error)]

from zensecrets_jupyter import Client
from zensecrets_jupyter.core.managers import availability, flavor_names, get_flavor, summary
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.core.stack import ComponentType
"""
"""The first lines of each program that a test runs with installed packages.

``result_or_error`` also checks that the error has no other exception as its cause or context.
"""


def run_with_packages(installed: Path, code: str) -> Any:
    """Run code after the preamble, in a process with the packages of a folder. Return its output, which is JSON."""
    return run_python(PREAMBLE + code, environment=plugin_environment(installed))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a package with a working flavor and two broken ones, and return its folder.

    The module of the flavor ``broken`` is missing. The class of the flavor ``misnamed`` has another name in ``FLAVOR``.
    """
    entry_points = {
        "example": "example_secrets:ExampleBackend",
        "broken": "example_secrets_gone:Manager",
        "misnamed": "example_secrets:Misnamed",
    }
    return install(tmp_path_factory.mktemp("managers"), "example-secrets", {ENTRY_POINT_GROUP: entry_points}, PLUGIN)


def test_built_in_flavors_are_available_and_described() -> None:
    """The flavors `local` and `memory` are always available, and both have a summary."""
    for flavor in ("local", "memory"):
        assert flavor in flavor_names()
        assert flavor == get_flavor(flavor).FLAVOR
        assert availability(flavor).ok
        assert summary(flavor)


LIBRARIES = [
    "psycopg",
    "boto3",
    "botocore",
    "google.cloud",
    "azure.identity",
    "azure.keyvault",
    "azure",
    "hvac",
    "requests",
    "httpx",
    "zenml",
]
"""The modules that the optional dependencies (extras) of this package install."""


def test_flavors_without_their_extras_are_listed() -> None:
    """Without the extras, every flavor is listed, and the reason why it is unavailable contains the install command.

    Listing imports no library of the extras.
    """
    code = f"""
import json, sys
import zensecrets_jupyter
from zensecrets_jupyter.core.managers import availability, flavor_names, summary
from zensecrets_jupyter.core.managers.registry import BUILT_IN_FLAVORS
names = [name for name in flavor_names() if summary(name)]
imported = [name for name in {LIBRARIES!r} if name in sys.modules]
# The import of a module that is None here fails, as if the module were not installed.
sys.modules.update(dict.fromkeys({LIBRARIES!r}))
reasons = {{name: availability(name).reason for name, flavor in BUILT_IN_FLAVORS.items() if flavor.extra}}
print(json.dumps([names, sorted(BUILT_IN_FLAVORS), imported, reasons]))
"""
    names, built_in, imported, reasons = run_python(code)
    assert set(built_in) <= set(names)
    assert imported == []
    assert "sql" in reasons
    for flavor, reason in reasons.items():
        assert f'pip install "zensecrets-jupyter[{flavor}]"' in reason


def test_unknown_flavor_is_reported_with_similar_names() -> None:
    """An unknown flavor raises a LookupError with the most similar name and all names."""
    with pytest.raises(UnknownFlavorError, match="Did you mean 'local'") as caught:
        get_flavor("locall")
    assert isinstance(caught.value, LookupError)
    assert caught.value.flavor == "locall"
    assert "memory" in str(caught.value)
    assert is_one_line(caught.value)


def test_defining_a_class_registers_its_flavor() -> None:
    """The flavor of a class in a cell is available at once. If the cell runs again, the new class replaces the old one."""
    first = run_cell(BACKEND_IN_A_CELL)["MineBackend"]
    assert get_flavor("mine_in_a_cell") is first
    assert "mine_in_a_cell" in flavor_names()
    assert summary("mine_in_a_cell") == "defined in this process"
    second = run_cell(BACKEND_IN_A_CELL)["MineBackend"]
    assert second is not first
    assert get_flavor("mine_in_a_cell") is second


def test_custom_flavor_cannot_take_an_existing_name() -> None:
    """The definition of a class is refused if its flavor has the name of a built-in flavor, or of a flavor in another module."""
    with pytest.raises(ManagerError, match="'local', which MineBackend claims, is built in"):
        run_cell(BACKEND_IN_A_CELL.replace("mine_in_a_cell", "local"))
    with pytest.raises(ManagerError, match=r"belongs to tests\.support\.managers\.counting\.CountingBackend already"):
        run_cell(BACKEND_IN_A_CELL.replace("mine_in_a_cell", "counting"))
    assert get_flavor("counting") is CountingBackend
    assert get_flavor("local").__name__ == "LocalBackend"


def test_subclass_without_a_flavor_is_not_registered() -> None:
    """A subclass that inherits the name of its flavor does not replace the class of the flavor."""
    run_cell(BACKEND_IN_A_CELL.replace('    FLAVOR: ClassVar[str] = "mine_in_a_cell"', "    pass"))
    assert get_flavor("memory").__name__ == "MemoryBackend"


def test_installed_flavor_is_listed_without_import(installed: Path) -> None:
    """Listing shows installed flavors with their packages, and imports none of them."""
    code = 'print(json.dumps([flavor_names(), summary("example"), "example_secrets" in sys.modules]))'
    names, example_summary, is_imported = run_with_packages(installed, code)
    assert {"local", "memory", "example", "broken"} <= set(names)
    assert example_summary == "from example-secrets"
    assert not is_imported


def test_installed_flavor_is_usable(installed: Path) -> None:
    """A manager of an installed flavor can be registered and used in a stack, and it stores secrets."""
    code = """
workspace = Client().workspace
workspace.register_component(ComponentType.SECRETS_MANAGER, "example", "example", {})
workspace.update_stack("default", {ComponentType.SECRETS_MANAGER: "example"})
Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="mine", key="value"))
print(json.dumps([Client().get_secret("mine").content, type(Client().secrets_manager.backend).__name__, availability("example").ok]))
"""
    assert run_with_packages(installed, code) == [{"key": "value"}, "ExampleBackend", True]


@pytest.mark.parametrize(
    ("flavor", "expected_text"), [("broken", "ModuleNotFoundError"), ("misnamed", "is not a flavor of secrets manager with that name")]
)
def test_broken_flavor_is_unavailable(flavor: str, expected_text: str, installed: Path) -> None:
    """A broken flavor is listed as unavailable with the reason and the package.

    Other flavors are available.
    """
    code = f"""
error = result_or_error(lambda: get_flavor("{flavor}"))
print(json.dumps([availability("{flavor}"), error, availability("example").ok, availability("local").ok]))
"""
    (broken_ok, reason), (error_code, error_text), example_ok, local_ok = run_with_packages(installed, code)
    assert (broken_ok, error_code, example_ok, local_ok) == (False, "flavor-unavailable", True, True)
    assert expected_text in reason
    assert reason == error_text
    assert "'example-secrets'" in reason


def test_flavor_of_two_packages_is_refused(tmp_path: Path) -> None:
    """If two packages have a flavor with the same name, listing all flavors or using this flavor raises an error with both packages.

    The default manager, which has another flavor, still opens.
    """
    for distribution in ("example-one", "example-two"):
        module = distribution.replace("-", "_")
        install(tmp_path, distribution, {ENTRY_POINT_GROUP: {"example": f"{module}:ExampleBackend"}}, PLUGIN)
    # Both packages are installed in this folder.
    installed = tmp_path / "installed"
    for function in ("flavor_names", 'lambda: get_flavor("example")'):
        code, text = run_with_packages(installed, f"print(json.dumps(result_or_error({function})))")
        assert code == "manager"
        assert "'example-one'" in text
        assert "'example-two'" in text
    assert run_with_packages(installed, "print(json.dumps(Client().secrets_manager.list_secrets()))") == []


def test_built_in_flavor_of_a_package_is_refused(tmp_path: Path) -> None:
    """If a package has a flavor with a built-in name, listing flavors raises an error with both packages.

    ``get_flavor`` still returns the built-in flavor. The package of the built-in flavors is ``zensecrets-jupyter``.
    """
    installed = install(tmp_path, "example-local", {ENTRY_POINT_GROUP: {"local": "example_local:ExampleBackend"}}, PLUGIN)
    code, text = run_with_packages(installed, "print(json.dumps(result_or_error(flavor_names)))")
    assert code == "manager"
    assert "'zensecrets-jupyter'" in text
    assert "'example-local'" in text
    assert run_with_packages(installed, 'print(json.dumps(get_flavor("local").__name__))') == "LocalBackend"
