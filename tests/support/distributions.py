"""Installation of small distributions with entry points.

The distributions are built as wheels, and pip installs them into a separate folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def install(folder: Path, distribution: str, entry_points: dict[str, dict[str, str]], module: str) -> Path:
    """Install a distribution with one module, and return the folder for PYTHONPATH.

    Args:
        folder: The folder for the wheel and the installed files; several distributions may share it.
        distribution: The name of the distribution; the module has the same name with underscores.
        entry_points: The entry points of each group: ``{"group": {"name": "module:Class"}}``.
        module: The source of the module.
    """
    name = distribution.replace("-", "_")
    metadata_folder = f"{name}-1.0.dist-info"
    entry_points_text = ""
    for group, objects in entry_points.items():
        entry_points_text += f"[{group}]\n" + "".join(f"{key} = {path}\n" for key, path in objects.items())
    files = {
        f"{name}.py": module,
        f"{metadata_folder}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n",
        f"{metadata_folder}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{metadata_folder}/entry_points.txt": entry_points_text,
    }
    # pip accepts a RECORD without hashes and sizes.
    record_file = f"{metadata_folder}/RECORD"
    files[record_file] = "".join(f"{path},,\n" for path in (*files, record_file))
    folder.mkdir(exist_ok=True)
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    target = folder / "installed"
    options = ["--quiet", "--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check", "--root-user-action=ignore"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(wheel)], check=True)
    return target


def plugin_environment(installed: Path) -> dict[str, str]:
    """Return environment variables for a Python process that imports modules from the folder ``installed``."""
    return {"PYTHONPATH": os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])}
