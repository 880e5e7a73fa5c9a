"""Tests of the public names of the package: sorted, importable, and imported lazily."""

from __future__ import annotations

import pytest

import zensecrets_jupyter
from tests.support.processes import run_python

PUBLIC_NAMES = [
    "ArbitrarySecretSchema",
    "AWSSecretSchema",
    "AzureSecretSchema",
    "BaseSecretSchema",
    "BasicAuthSecretSchema",
    "ClearTextField",
    "Client",
    "GCPSecretSchema",
    "SecretField",
    "SecretForm",
    "SecretReference",
    "SecretsManager",
    "StackComponentConfig",
    "StepContext",
    "get_step_context",
    "pipeline",
    "protect_output",
    "redact",
    "step",
]
"""The public names that the documentation uses.

The package has more public names, such as the errors.
"""

LARGE_LIBRARIES = [
    "pydantic",
    "sqlalchemy",
    "click",
    "rich",
    "keyring",
    "IPython",
    "ipywidgets",
    "anywidget",
    "traitlets",
    "tornado",
    "yaml",
    "tenacity",
    "psycopg",
    "boto3",
    "google",
    "azure",
    "hvac",
    "zenml",
]
"""Libraries that the package imports only when it needs them, because their import takes long."""


def test_the_names_are_sorted_and_complete() -> None:
    """Each documented name is public. Each public name is listed once in order, and importable."""
    assert sorted(zensecrets_jupyter.__all__) == zensecrets_jupyter.__all__
    assert len(set(zensecrets_jupyter.__all__)) == len(zensecrets_jupyter.__all__)
    assert set(PUBLIC_NAMES) <= set(zensecrets_jupyter.__all__)
    for name in zensecrets_jupyter.__all__:
        assert getattr(zensecrets_jupyter, name).__name__ == name
    assert set(dir(zensecrets_jupyter)) == {*zensecrets_jupyter.__all__, "__version__"}


def test_a_name_is_the_object_of_its_module() -> None:
    """A public name is the same object as in its module. After the first access, it is an attribute of the package."""
    from zensecrets_jupyter.core.client import Client

    assert zensecrets_jupyter.Client is Client
    assert vars(zensecrets_jupyter)["Client"] is Client


def test_the_version_is_that_of_the_distribution() -> None:
    """``__version__`` is a version, which begins with a number."""
    assert zensecrets_jupyter.__version__.split(".")[0].isdecimal()


def test_any_other_name_raises_attribute_error() -> None:
    """A name that is not public raises AttributeError."""
    with pytest.raises(AttributeError, match="module 'zensecrets_jupyter' has no attribute 'nothing'"):
        _ = zensecrets_jupyter.nothing  # type: ignore[attr-defined]


def test_star_import_brings_the_public_names() -> None:
    """A star import in a new process brings exactly the public names."""
    code = """
import json
before = set(globals())
from zensecrets_jupyter import *
print(json.dumps(sorted(set(globals()) - before - {"before"})))
"""
    assert run_python(code) == sorted(zensecrets_jupyter.__all__)


def test_importing_the_package_imports_only_lazy_loader() -> None:
    """An import of the package imports ``lazy_loader``, and no submodule of the package."""
    code = """
import json, sys
before = set(sys.modules)
import zensecrets_jupyter
dir(zensecrets_jupyter), zensecrets_jupyter.__all__
added = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
print(json.dumps([sorted(added), [name for name in sys.modules if name.startswith("zensecrets_jupyter.")]]))
"""
    assert run_python(code) == [["lazy_loader", "zensecrets_jupyter"], []]


@pytest.mark.parametrize("name", ["SecretReference", "ZenSecretsError", "SecretNotFoundError"])
def test_errors_and_references_import_no_library(name: str) -> None:
    """Errors and references are imported without any of the large libraries, such as pydantic."""
    code = f"""
import json, sys, zensecrets_jupyter
zensecrets_jupyter.{name}
print(json.dumps([name for name in {LARGE_LIBRARIES!r} if name in sys.modules]))
"""
    assert run_python(code) == []


@pytest.mark.parametrize("name", [name for name in PUBLIC_NAMES if name != "SecretForm"])
def test_no_public_name_except_the_widget_imports_jupyter(name: str) -> None:
    """Except the widget ``SecretForm``, documented names import only pydantic and SQLAlchemy of the large libraries."""
    libraries = [library for library in LARGE_LIBRARIES if library not in {"pydantic", "sqlalchemy"}]
    code = f"""
import json, sys, zensecrets_jupyter
zensecrets_jupyter.{name}
print(json.dumps([name for name in {libraries!r} if name in sys.modules]))
"""
    assert run_python(code) == []


def test_schemas_and_components_do_not_import_sqlalchemy() -> None:
    """Creating a secret, and importing the classes of components, imports pydantic and not SQLAlchemy."""
    code = """
import json, sys, zensecrets_jupyter as zs
zs.BasicAuthSecretSchema(name="a", username="u", password="p"), zs.StackComponentConfig, zs.SecretsManager
print(json.dumps(["pydantic" in sys.modules, "sqlalchemy" in sys.modules]))
"""
    assert run_python(code) == [True, False]


def test_loading_the_extension_imports_no_large_library() -> None:
    """%load_ext in a new shell imports no large library that IPython has not imported."""
    code = f"""
import json, sys, tempfile, os
os.environ["IPYTHONDIR"] = tempfile.mkdtemp()
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
shell.find_line_magic("load_ext")
before = set(sys.modules)
shell.run_line_magic("load_ext", "zensecrets_jupyter")
print(json.dumps(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}} & set({LARGE_LIBRARIES!r}))))
shell.history_manager.end_session()
"""
    assert run_python(code) == []


SDKS = [
    "azure.core",
    "azure.identity",
    "azure.keyvault.secrets",
    "boto3",
    "botocore",
    "google.auth",
    "google.cloud.secretmanager",
    "grpc",
    "hvac",
    "psycopg",
    "requests",
]
"""The SDKs of remote backends. All of them are installed in the environment of the tests."""


def test_a_session_with_local_secrets_imports_no_sdk() -> None:
    """Listing flavors and storing local secrets imports no SDK of a remote backend.

    The last item of the result has the SDKs that are not installed. It has to be empty, because otherwise the test proves nothing.
    """
    code = f"""
import importlib.util, json, os, sys, tempfile
from contextlib import redirect_stdout
os.environ["IPYTHONDIR"] = tempfile.mkdtemp()
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
with redirect_stdout(sys.stderr):
    shell.run_line_magic("load_ext", "zensecrets_jupyter")
    flavors = shell.run_line_magic("zen", "secrets-manager flavor list")
    shell.run_line_magic("secret", "register mine --key=value")
    value = shell.run_line_magic("secret", "get mine --key key")
    shell.run_line_magic("secret", "list")
    shell.run_line_magic("stack", "validate")
loaded = [name for name in {SDKS!r} if name in sys.modules]
missing = [name for name in {SDKS!r} if importlib.util.find_spec(name) is None]
print(json.dumps([value, "AWS Secrets Manager" in str(flavors), loaded, missing]))
shell.history_manager.end_session()
"""
    assert run_python(code) == ["value", True, [], []]


def test_the_labextension_hook_returns_folder_and_name() -> None:
    """The function that JupyterLab calls returns the folder and the name of the labextension."""
    assert zensecrets_jupyter._jupyter_labextension_paths() == [{"src": "labextension", "dest": "zensecrets-jupyter"}]
