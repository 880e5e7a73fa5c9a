"""Small distributions with entry points.

They are built as wheels, and installed by pip into a separate folder.
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
    information = f"{name}-1.0.dist-info"
    groups = "\n".join(
        f"[{group}]\n" + "\n".join(f"{key} = {value}" for key, value in entries.items()) for group, entries in entry_points.items()
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
    """Return environment variables with which a process also finds the distributions in ``installed``."""
    return {"PYTHONPATH": os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])}
