"""Flavors of secrets managers: built-in, defined in a cell, and installed ones that work, are broken, or clash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cells import run_cell
from tests.support.distributions import install, with_plugins
from tests.support.error_texts import is_one_line
from tests.support.managers.counting import CountingBackend
from tests.support.processes import run_python
from zensecrets_jupyter import ManagerError, UnknownFlavorError
from zensecrets_jupyter.core.managers import availability, flavor_names, get_flavor, summary

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "zensecrets_jupyter.secrets_managers.v2"

MINE = """
from typing import ClassVar
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend

class MineBackend(MemoryBackend):
    FLAVOR: ClassVar[str] = "mine_in_a_cell"
"""

PLUGIN = """
from typing import ClassVar
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend

class ExampleBackend(MemoryBackend):
    FLAVOR: ClassVar[str] = "example"

class Misnamed(MemoryBackend):
    FLAVOR: ClassVar[str] = "another"
"""

TRY = """
import json, sys
from zensecrets_jupyter.core.errors import ZenSecretsError

def attempt(call):
    try:
        return call()
    except ZenSecretsError as error:
        assert error.__cause__ is None and error.__context__ is None
        return [error.code, str(error)]

from zensecrets_jupyter import Client
from zensecrets_jupyter.core.managers import availability, flavor_names, get_flavor, summary
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.core.stack import ComponentType
"""


def run(installed: Path, code: str) -> Any:
    """Return what ``code`` prints in a process that finds what is installed in the folder."""
    return run_python(TRY + code, environment=with_plugins(installed))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a distribution with a flavor that works, one that does not import, and one of another name."""
    points = {"example": "example_secrets:ExampleBackend", "broken": "example_secrets_gone:Manager", "misnamed": "example_secrets:Misnamed"}
    return install(tmp_path_factory.mktemp("managers"), "example-secrets", {GROUP: points}, PLUGIN)


def test_the_built_in_flavors_are_available_and_described() -> None:
    """Local and memory are there in any case, each with a few words on where it keeps secrets."""
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
"""What the extras of flavors install."""


def test_without_the_extras_each_flavor_is_listed_with_what_installs_it() -> None:
    """Where no extra is installed all flavors are listed, those that need one with its command, and to list them imports none."""
    code = f"""
import json, sys
import zensecrets_jupyter
from zensecrets_jupyter.core.managers import availability, flavor_names, summary
from zensecrets_jupyter.core.managers.registry import BUILT_IN
names = [name for name in flavor_names() if summary(name)]
imported = [name for name in {LIBRARIES!r} if name in sys.modules]
sys.modules.update(dict.fromkeys({LIBRARIES!r}))
needing = {{name: availability(name).reason for name, found in BUILT_IN.items() if found.extra}}
print(json.dumps([names, sorted(BUILT_IN), imported, needing]))
"""
    names, built_in, imported, needing = run_python(code)
    assert set(built_in) <= set(names)
    assert imported == []
    assert "sql" in needing
    for flavor, reason in needing.items():
        assert f'pip install "zensecrets-jupyter[{flavor}]"' in reason


def test_an_unknown_flavor_is_told_with_near_misses() -> None:
    """The error is a LookupError too, and names the nearest and all there are."""
    with pytest.raises(UnknownFlavorError, match="Did you mean 'local'") as caught:
        get_flavor("locall")
    assert isinstance(caught.value, LookupError)
    assert caught.value.flavor == "locall"
    assert "memory" in str(caught.value)
    assert is_one_line(caught.value)


def test_a_flavor_is_known_by_being_defined() -> None:
    """A subclass in a cell is listed and found at once, and run again the class that was defined last counts."""
    first = run_cell(MINE)["MineBackend"]
    assert get_flavor("mine_in_a_cell") is first
    assert "mine_in_a_cell" in flavor_names()
    assert summary("mine_in_a_cell") == "defined in this process"
    second = run_cell(MINE)["MineBackend"]
    assert second is not first
    assert get_flavor("mine_in_a_cell") is second


def test_a_flavor_of_ones_own_claims_no_others_name() -> None:
    """A class with the name of a built-in flavor or of another class's is refused where it is defined."""
    with pytest.raises(ManagerError, match="'local', which MineBackend claims, is built in"):
        run_cell(MINE.replace("mine_in_a_cell", "local"))
    with pytest.raises(ManagerError, match=r"belongs to tests\.support\.managers\.counting\.CountingBackend already"):
        run_cell(MINE.replace("mine_in_a_cell", "counting"))
    assert get_flavor("counting") is CountingBackend
    assert get_flavor("local").__name__ == "LocalBackend"


def test_a_subclass_that_names_no_flavor_is_not_one() -> None:
    """What only inherits a flavor's name takes nobody's place."""
    run_cell(MINE.replace('    FLAVOR: ClassVar[str] = "mine_in_a_cell"', "    pass"))
    assert get_flavor("memory").__name__ == "MemoryBackend"


def test_an_installed_flavor_is_listed_without_being_imported(installed: Path) -> None:
    """Listing shows what packages name, with the package, and imports none of it."""
    found = run(installed, 'print(json.dumps([flavor_names(), summary("example"), "example_secrets" in sys.modules]))')
    assert {"local", "memory", "example", "broken"} <= set(found[0])
    assert found[1:] == ["from example-secrets", False]


def test_an_installed_flavor_is_used_like_a_built_in_one(installed: Path) -> None:
    """It is registered, put into a stack, and keeps secrets."""
    code = """
workspace = Client().workspace
workspace.register_component(ComponentType.SECRETS_MANAGER, "example", "example", {})
workspace.update_stack("default", {ComponentType.SECRETS_MANAGER: "example"})
Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="mine", key="value"))
print(json.dumps([Client().get_secret("mine").content, type(Client().secrets_manager.backend).__name__, availability("example").ok]))
"""
    assert run(installed, code) == [{"key": "value"}, "ExampleBackend", True]


@pytest.mark.parametrize(
    ("flavor", "said"), [("broken", "ModuleNotFoundError"), ("misnamed", "is not a flavor of secrets manager with that name")]
)
def test_a_broken_flavor_is_unavailable_with_its_reason(flavor: str, said: str, installed: Path) -> None:
    """It is listed, is not available and says why and of which package; the others are."""
    code = f"""
print(json.dumps([availability("{flavor}"), attempt(lambda: get_flavor("{flavor}")), availability("example").ok, availability("local").ok]))
"""
    (ok, reason), (error, text), service, local = run(installed, code)
    assert (ok, error, service, local) == (False, "flavor-unavailable", True, True)
    assert said in reason
    assert reason == text
    assert "'example-secrets'" in reason


def test_two_distributions_that_claim_one_flavor_are_both_named(tmp_path: Path) -> None:
    """A clash of two packages, or with a built-in flavor, is an error that names both, and the default manager still opens."""
    for distribution in ("example-one", "example-two"):
        module = distribution.replace("-", "_")
        install(tmp_path, distribution, {GROUP: {"example": f"{module}:ExampleBackend"}}, PLUGIN)
    installed = tmp_path / "installed"
    for call in ("flavor_names", 'lambda: get_flavor("example")'):
        code, text = run(installed, f"print(json.dumps(attempt({call})))")
        assert code == "manager"
        assert "'example-one'" in text
        assert "'example-two'" in text
    assert run(installed, "print(json.dumps(Client().secrets_manager.list_secrets()))") == []


def test_a_distribution_that_claims_a_built_in_flavor_is_named(tmp_path: Path) -> None:
    """Built-in names are reserved: nothing takes the place of local."""
    installed = install(tmp_path, "example-local", {GROUP: {"local": "example_local:ExampleBackend"}}, PLUGIN)
    code, text = run(installed, "print(json.dumps(attempt(flavor_names)))")
    assert code == "manager"
    assert "'zensecrets-jupyter'" in text
    assert "'example-local'" in text
    assert run(installed, 'print(json.dumps(get_flavor("local").__name__))') == "LocalBackend"
