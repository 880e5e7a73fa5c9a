"""``quickstart``: copy the example notebooks to a folder, and open JupyterLab."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.framework.click_extensions import PassThroughCommand
from zensecrets_jupyter.commands.framework.outcome import Outcome, UsageProblem
from zensecrets_jupyter.core.errors import UnwritableFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_NOTEBOOK = "quickstart.ipynb"
"""The name of the notebook that JupyterLab opens."""


@click.command("quickstart", cls=PassThroughCommand, placeholder="JUPYTER LAB ARGUMENTS...")
@click.argument("folder", metavar="[FOLDER]", default="zensecrets-notebooks", type=click.Path(path_type=Path))
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening a browser. This is the default without a display.")
def quickstart(folder: Path, *, no_browser: bool, program_words: Sequence[str]) -> Outcome:
    """Copy the example notebooks to FOLDER and open JupyterLab on the quickstart.

    Notebooks that you changed are not overwritten. Words after -- are passed to `jupyter lab`, such as `-- --port=9999`.
    """
    if find_spec("jupyterlab") is None:
        message = f"JupyterLab is not installed for {sys.executable}."
        raise UsageProblem(message, hint="Install it: pip install 'zensecrets-jupyter[lab]'")
    changed_names = copy_notebooks(_packaged_notebooks(), folder)
    if changed_names:
        click.echo(f"Not overwritten, because you changed them: {', '.join(changed_names)}.", err=True)
    click.echo(f"The notebooks are in {folder.absolute()}. JupyterLab prints its address below.", err=True)
    return Outcome(exit_code=_run([*_jupyterlab_command(folder, no_browser=no_browser), *program_words]))


def copy_notebooks(source: Path, folder: Path) -> list[str]:
    """Copy notebooks to a folder, without overwriting existing files.

    Args:
        source: The folder of the notebooks.
        folder: The folder to copy them to.

    Returns:
        The names of the notebooks in ``folder`` that differ from those in ``source``.

    Raises:
        UnwritableFileError: If the folder can't be written to.
    """
    changed_names = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(source.glob("*.ipynb")):
            target, content = folder / notebook.name, notebook.read_bytes()
            if not target.exists():
                target.write_bytes(content)
            elif target.read_bytes() != content:
                changed_names.append(notebook.name)
    except OSError as error:
        # The error is raised after this block, so that its traceback does not contain the OSError.
        problem = type(error).__name__
    else:
        return changed_names
    raise UnwritableFileError(f"The notebooks can't be copied to {str(folder)!r} ({problem}).", hint="Name another folder.")


def _packaged_notebooks() -> Path:
    """Return the folder with the example notebooks of this installation."""
    package = Path(__file__).parents[1]
    # In a clone the notebooks are next to the package. In an installation they are in the package.
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / FIRST_NOTEBOOK).is_file():
            return folder
    raise UsageProblem("This installation has no notebooks.", hint="Install it again: pip install --force-reinstall zensecrets-jupyter")


def _jupyterlab_command(folder: Path, *, no_browser: bool) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={folder.absolute()}",
        f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}",
    ]
    has_display = sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if no_browser or not has_display:
        command.append("--no-browser")
    # Containers often run as root, which Jupyter refuses without this option.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command


def _run(command: list[str]) -> int:
    """Run a program and return its exit code.

    On POSIX systems, the program replaces this process, so this function does not return.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        # Jupyter replaces this process, so that signals to this process, such as Ctrl+C, reach Jupyter.
        os.execv(command[0], command)  # noqa: S606 - a fixed program, no shell
    return subprocess.run(command, check=False).returncode
