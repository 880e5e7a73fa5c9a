"""Puts the labextension into wheels and sdists: hatch-jupyter-builder calls `build_labextension`."""

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
    """Build the labextension in the folder `source` into the folder `bundle`, where that is needed and can be done.

    An sdist brings its bundle along. A clone builds it with Node; where there is none, the Python side installs all the same, after
    a warning. Only an sdist is refused then: every wheel built from it would lack the extension.

    Raises:
        RuntimeError: If an sdist is asked for and there is no bundle, or if the build leaves none.
    """
    if Path("PKG-INFO").is_file():
        return
    built = Path(bundle, "package.json")
    obstacle = _obstacle(Path(source))
    if obstacle is None:
        npm_builder(target_name, version, path=source, npm=["npm"])
        if not built.is_file():
            message = f"The build of the labextension left no {built}."
            raise RuntimeError(message)
    elif built.is_file():
        logger.info("Taking the labextension as it was built before: %s.", obstacle)
    elif target_name == "sdist":
        message = f"An sdist has to hold the labextension, and it can't be built: {obstacle}."
        raise RuntimeError(message)
    else:
        logger.warning("zensecrets-jupyter is built without its JupyterLab extension: %s.", obstacle)


def _obstacle(source: Path) -> str | None:
    """Say why nothing can be built here, or return None if it can."""
    # The variable is hatch-jupyter-builder's own.
    if os.environ.get("HATCH_JUPYTER_BUILDER_SKIP_NPM") == "1":
        return "HATCH_JUPYTER_BUILDER_SKIP_NPM is set"
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return "Node.js and npm are not installed"
    oldest = json.loads((source / "package.json").read_text(encoding="utf-8"))["engines"]["node"].removeprefix(">=")
    found = subprocess.run([node, "--version"], capture_output=True, check=True, text=True).stdout.strip().removeprefix("v")
    if _numbers(found) < _numbers(oldest):
        return f"it needs Node.js {oldest} or newer, and this is {found}"
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split("."))
