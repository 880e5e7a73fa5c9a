"""A small distribution that names entry points, built as a wheel and installed by pip into a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def install(folder: Path, distribution: str, entry_points: dict[str, dict[str, str]], module: str) -> Path:
    """Install a distribution with one module of its own name and return the folder to put on PYTHONPATH.

    Args:
        folder: Where it is built and installed; several distributions may share one.
        distribution: Its name, with dashes; the module's has underscores.
        entry_points: For each group, what it names: ``{"group": {"name": "module:Class"}}``.
        module: The module's source.
    """
    name = distribution.replace("-", "_")
    information = f"{name}-1.0.dist-info"
    groups = "\n".join(
        f"[{group}]\n" + "\n".join(f"{key} = {value}" for key, value in found.items()) for group, found in entry_points.items()
    )
    files = {
        f"{name}.py": module,
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{information}/entry_points.txt": groups + "\n",
    }
    record = f"{information}/RECORD"
    files[record] = "".join(f"{path},,\n" for path in (*files, record))
    folder.mkdir(exist_ok=True)
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    target = folder / "installed"
    options = ["--quiet", "--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check", "--root-user-action=ignore"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(wheel)], check=True)
    return target


def with_plugins(installed: Path) -> dict[str, str]:
    """Return the variables with which a process finds what is installed in the folder, besides what this one finds."""
    return {"PYTHONPATH": os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])}
