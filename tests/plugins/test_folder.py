"""Tests of a plug-in: a separate package, installed with pip, that adds the flavor ``folder``.

The plug-in declares the flavor as an entry point. The page ``docs/custom-backend.md`` shows the plug-in as its example.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.distributions import plugin_environment
from tests.support.processes import run_python

PLUGIN = Path(__file__).parent / "zensecrets_folder"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def plugin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build and install the plug-in, and return the folder in which it is installed."""
    target = tmp_path_factory.mktemp("plugin")
    options = ["--quiet", "--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check", "--root-user-action=ignore"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(PLUGIN)], check=True)
    return target


def test_plug_in_passes_the_suite(plugin_folder: Path) -> None:
    """The plug-in passes the package's conformance suite, in a process that can import the plug-in."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), str(PLUGIN / "suite.py")]
    environment = {**os.environ, **plugin_environment(plugin_folder)}
    process = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd=ROOT, env=environment)
    assert process.returncode == 0, process.stdout + process.stderr
    assert " passed in " in process.stdout


def test_plug_in_is_listed_and_usable(plugin_folder: Path, tmp_path: Path) -> None:
    """The flavor is listed with its package, and its managers can be registered.

    The manager stores a secret in a file of mode 0600.
    """
    code = """
import json, sys
from pathlib import Path
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.managers import availability, flavor_names, summary
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.core.stack import ComponentType

listing = ["folder" in flavor_names(), summary("folder"), availability("folder").ok]
workspace = Client().workspace
workspace.register_component(ComponentType.SECRETS_MANAGER, "team", "folder", {"path": sys.argv[1], "scope": "global"})
workspace.update_stack("default", {ComponentType.SECRETS_MANAGER: "team"})
Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="Mine", key="value"))
files = [[file.name, oct(file.stat().st_mode & 0o777)] for file in Path(sys.argv[1]).iterdir()]
print(json.dumps([*listing, Client().get_secret("Mine").content, files]))
"""
    result = run_python(code, str(tmp_path / "shared"), environment=plugin_environment(plugin_folder))
    # In the file name, `=4d` stands for the capital `M`, because the backend escapes capitals.
    assert result == [True, "from zensecrets-folder", True, {"key": "value"}, [["zenml+global+=4dine", "0o600"]]]


def test_documentation_shows_the_plug_in() -> None:
    """The page about custom backends contains the code and the entry point of the plug-in."""
    source = (PLUGIN / "zensecrets_folder.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "custom-backend.md").read_text(encoding="utf-8")
    # The page leaves out the module docstring, and starts with the imports.
    code = source[source.index("import os") :]
    assert f"```python\n{code}```" in page
    project = (PLUGIN / "pyproject.toml").read_text(encoding="utf-8")
    entry_points = project[project.index("[project.entry-points") : project.index("[tool")].strip()
    assert "\n".join(f"    {line}" for line in entry_points.splitlines()) in page
