"""An update of the package while a kernel runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import zensecrets_jupyter
from tests.support.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary

# CI runs these slow tests with one version of Python only.
pytestmark = pytest.mark.one_python

MESSAGE = "zensecrets_jupyter was updated or removed while this process runs, and {} does not match the loaded modules. Restart the kernel."
"""The error after an update. The name of a module replaces the braces."""


def test_an_update_is_reported_in_one_line(tmp_path: Path) -> None:
    """After an update of the package, an error asks for a restart of the kernel.

    A magic and an import raise the error if they load a changed module. A removal of the package has the same effect.
    """
    package = tmp_path / "site" / "zensecrets_jupyter"
    # The kernel imports a copy of the package, because the test changes its files.
    shutil.copytree(Path(zensecrets_jupyter.__file__).parent, package, ignore=shutil.ignore_patterns("labextension", "testing"))
    with running_kernel(tmp_path, {"PYTHONPATH": str(package.parent), "ZENSECRETS_PASSPHRASE": canary("passphrase")}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run("import zensecrets_jupyter as zs\nzs.__file__").displayed_data() == [repr(str(package / "__init__.py"))]
        assert kernel.run("%secret register mine --a=" + canary("value")).ok
        assert kernel.run("%secret get mine").ok
        # Before the update, a missing module raises the ordinary error of Python.
        assert "No module named 'zensecrets_jupyter.nothing'" in kernel.run("import zensecrets_jupyter.nothing").error
        # The update: `scan.py`, which is not loaded yet, imports a new name from the loaded `names.py`, whose time changes.
        updated_module = package / "commands" / "files" / "scan.py"
        updated_module.write_text("from zensecrets_jupyter.core.names import check_something_new\n", encoding="utf-8")
        (package / "core" / "names.py").touch()
        for _ in range(2):
            assert kernel.run("%secret scan .").error.strip() == f"UsageError: {MESSAGE.format('zensecrets_jupyter.commands.files.scan')}"
        (package / "core" / "schemas" / "built_in" / "whylabs.py").unlink()
        result = kernel.run("import zensecrets_jupyter.core.schemas.built_in.whylabs")
        assert f"PackageChangedError: {MESSAGE.format('zensecrets_jupyter.core.schemas.built_in.whylabs')}" in _without_colors(result.error)
        shutil.rmtree(package)
        error = kernel.run("%secret clean .").error.strip()
        assert error.startswith("UsageError: zensecrets_jupyter was updated or removed while this process runs, and zensecrets_jupyter.")
        assert "\n" not in error
        # A command whose modules are all loaded continues to work.
        assert kernel.run("%secret get mine").ok


def _without_colors(text: str) -> str:
    """Return a text without the control sequences for colors."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
