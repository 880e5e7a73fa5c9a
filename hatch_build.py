"""Build the labextension for wheels and sdists; hatch-jupyter-builder calls `build_labextension`."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
from pathlib import Path

from hatch_jupyter_builder.utils import npm_builder

logger = logging.getLogger(__name__)


def build_labextension(target_name: str, version: str, source: str, bundle: str) -> None:
    """Build the labextension from its sources, if that is necessary and possible.

    An sdist already contains the bundle. A clone builds it with Node. Without Node a wheel is built without the labextension, after a
    warning. An sdist is not built, because its wheels would have no labextension.

    Args:
        target_name: The target of hatch: `wheel` or `sdist`.
        version: The version of the build: `standard` or `editable`.
        source: The folder of the sources.
        bundle: The folder of the built labextension.

    Raises:
        RuntimeError: If an sdist has no bundle, or if the build creates none.
    """
    if Path("PKG-INFO").is_file():
        return
    manifest = Path(bundle, "package.json")
    obstacle = _obstacle(Path(source))
    if obstacle is None:
        npm_builder(target_name, version, path=source, npm=["npm"])
        if not manifest.is_file():
            message = f"The build of the labextension created no {manifest}."
            raise RuntimeError(message)
    elif manifest.is_file():
        logger.info("Using the existing labextension: %s.", obstacle)
    elif target_name == "sdist":
        message = f"An sdist must contain the labextension, which can't be built: {obstacle}."
        raise RuntimeError(message)
    else:
        logger.warning("zensecrets-jupyter is built without its JupyterLab extension: %s.", obstacle)


def _obstacle(source: Path) -> str | None:
    """Return the reason why the labextension can't be built, or None."""
    # hatch-jupyter-builder defines this variable.
    if os.environ.get("HATCH_JUPYTER_BUILDER_SKIP_NPM") == "1":
        return "HATCH_JUPYTER_BUILDER_SKIP_NPM is set"
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return "Node.js and npm are not installed"
    required = json.loads((source / "package.json").read_text(encoding="utf-8"))["engines"]["node"].removeprefix(">=")
    installed = subprocess.run([node, "--version"], capture_output=True, check=True, text=True).stdout.strip().removeprefix("v")
    if _numbers(installed) < _numbers(required):
        return f"it needs Node.js {required} or newer, and this is {installed}"
    return None


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, without a suffix after a hyphen."""
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("."))
