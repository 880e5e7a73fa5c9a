"""Tests of schemas in installed packages: listing, use, broken schemas, and conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.distributions import install, plugin_environment
from tests.support.processes import run_python

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "zensecrets_jupyter.schemas.v1"

WEATHER_MODULE = """
from typing import ClassVar
from zensecrets_jupyter import BaseSecretSchema, ClearTextField

class WeatherSecretSchema(BaseSecretSchema):
    TYPE: ClassVar[str] = "weather"
    station: str = ClearTextField(default="north")
    api_key: str

class Other(WeatherSecretSchema):
    TYPE: ClassVar[str] = "not_weather"
"""
"""The module of an installed example distribution, with two schemas.

``Other`` has another type than its entry point ``misnamed`` says.
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

from zensecrets_jupyter.core.schemas import get_schema, schema_types
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
    """Install a distribution with four entry points.

    They are a valid schema, a missing module, a schema of another type, and no schema class.
    """
    entry_points = {
        "weather": "weather_schemas:WeatherSecretSchema",
        "broken": "missing_weather_schemas:Schema",
        "misnamed": "weather_schemas:Other",
        "no_schema": "weather_schemas:ClassVar",
    }
    return install(tmp_path_factory.mktemp("schemas"), "weather-schemas", {GROUP: entry_points}, WEATHER_MODULE)


def test_listing_imports_no_installed_schema(installed: Path) -> None:
    """Listing includes the schemas of packages without importing them."""
    types, is_imported = run(installed, 'print(json.dumps([schema_types(), "weather_schemas" in sys.modules]))')
    assert {"weather", "broken", "aws"} <= set(types)
    assert is_imported is False


def test_an_installed_schema_works_like_a_built_in_one(installed: Path) -> None:
    """An installed schema is found by its type.

    The repr of its secret shows clear text and masks other values.
    """
    code = """
secret = get_schema("weather")(name="mine", api_key="the value")
print(json.dumps([secret.content, repr(secret), get_schema("weather") is get_schema("weather")]))
"""
    assert run(installed, code) == [
        {"station": "north", "api_key": "the value"},
        "WeatherSecretSchema(name='mine', station='north', api_key=‹secret:mine.api_key›)",
        True,
    ]


@pytest.mark.parametrize(
    ("schema_type", "expected"),
    [
        ("broken", "ModuleNotFoundError"),
        ("misnamed", "weather_schemas:Other is not a schema with that name"),
        ("no_schema", "weather_schemas:ClassVar is not a schema with that name"),
    ],
)
def test_a_broken_schema_names_its_distribution(schema_type: str, expected: str, installed: Path) -> None:
    """A broken schema raises an error with reason, package and remedy, and other schemas still work."""
    program = f'print(json.dumps([attempt(lambda: get_schema("{schema_type}")), get_schema("weather").TYPE]))'
    (error_code, error_text), other_type = run(installed, program)
    assert error_code == "schema"
    assert expected in error_text
    assert "'weather-schemas'" in error_text
    assert "uninstall" in error_text
    assert other_type == "weather"


def test_a_class_with_an_installed_type_is_refused(installed: Path) -> None:
    """A class with the type of an installed schema raises an error that names the distribution.

    The installed schema stays valid.
    """
    code = """
from typing import ClassVar
from zensecrets_jupyter import BaseSecretSchema
def define():
    class Mine(BaseSecretSchema):
        TYPE: ClassVar[str] = "weather"
print(json.dumps([attempt(define), get_schema("weather").__name__]))
"""
    (error_code, error_text), class_name = run(installed, code)
    assert error_code == "schema"
    assert "weather-schemas" in error_text
    assert class_name == "WeatherSecretSchema"


def test_two_distributions_with_one_type_are_both_named(tmp_path: Path) -> None:
    """If two packages register one type, the error names both packages.

    Built-in schemas still work.
    """
    for distribution in ("weather-one", "weather-two"):
        module = distribution.replace("-", "_")
        install(tmp_path, distribution, {GROUP: {"weather": f"{module}:WeatherSecretSchema"}}, WEATHER_MODULE)
    installed = tmp_path / "installed"
    for call in ('get_schema("weather")', "schema_types()"):
        code, text = run(installed, f"print(json.dumps(attempt(lambda: {call})))")
        assert code == "schema"
        assert "'weather-one'" in text
        assert "'weather-two'" in text
    assert run(installed, 'print(json.dumps(get_schema("aws").TYPE))') == "aws"


def test_a_distribution_with_a_built_in_type_is_named(tmp_path: Path) -> None:
    """If a package registers a built-in type, an error names both packages.

    The built-in schema stays valid.
    """
    # The name of the entry point, "aws", causes the conflict. The TYPE of the class is another one.
    installed = install(tmp_path, "weather-aws", {GROUP: {"aws": "weather_aws:WeatherSecretSchema"}}, WEATHER_MODULE)
    code, text = run(installed, "print(json.dumps(attempt(schema_types)))")
    assert code == "schema"
    assert "'zensecrets-jupyter'" in text
    assert "'weather-aws'" in text
    assert run(installed, 'print(json.dumps(get_schema("aws").__name__))') == "AWSSecretSchema"
