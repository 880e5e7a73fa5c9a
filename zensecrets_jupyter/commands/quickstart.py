"""``quickstart``: copy the example notebooks to a folder, and open JupyterLab."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zensecrets_jupyter.commands.framework.click_extensions import Command
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.core.errors import UnwritableFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST = "quickstart.ipynb"


class _WithArguments(Command):
    """A command that passes the words after ``--`` to JupyterLab."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments up to ``--``."""
        own, further = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        rest = super().parse_args(ctx, own)
        ctx.params["further"] = further
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the parts of the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- ARGUMENTS OF JUPYTER LAB...]"]


@click.command("quickstart", cls=_WithArguments)
@click.argument("folder", metavar="[FOLDER]", default="zensecrets-notebooks", type=click.Path(path_type=Path))
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening a browser; the default without a display.")
def quickstart(folder: Path, *, no_browser: bool, further: Sequence[str]) -> Outcome:
    """Copy the example notebooks to FOLDER and open JupyterLab on the quickstart.

    Existing notebooks are not overwritten. Words after -- are passed to `jupyter lab`, such as `-- --port=9999`.
    """
    if find_spec("jupyterlab") is None:
        message = f"JupyterLab is not installed for {sys.executable}."
        raise UsageProblem(message, hint="Install it: pip install 'zensecrets-jupyter[lab]'")
    kept = copy_notebooks(_packaged(), folder)
    if kept:
        click.echo(f"These were changed since and stay as they are: {', '.join(kept)}.", err=True)
    click.echo(f"The notebooks are in {folder.absolute()}; JupyterLab says below where it listens.", err=True)
    return Outcome(exit_code=_start([*_command(folder, no_browser=no_browser), *further]))


def copy_notebooks(source: Path, folder: Path) -> list[str]:
    """Copy the notebooks in ``source`` to ``folder``, and return the names of changed ones, which are not overwritten.

    Raises:
        UnwritableFileError: If the folder can't be written to.
    """
    kept = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(source.glob("*.ipynb")):
            target, text = folder / notebook.name, notebook.read_bytes()
            if not target.exists():
                target.write_bytes(text)
            elif target.read_bytes() != text:
                kept.append(notebook.name)
    except OSError as error:
        problem = type(error).__name__
    else:
        return kept
    raise UnwritableFileError(f"The notebooks can't be copied to {str(folder)!r} ({problem}).", hint="Name another folder.")


def _packaged() -> Path:
    package = Path(__file__).parents[1]
    # In a clone the notebooks are beside the package, in an installation inside it.
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / FIRST).is_file():
            return folder
    raise UsageProblem("This installation has no notebooks.", hint="Install it again: pip install --force-reinstall zensecrets-jupyter")


def _command(folder: Path, *, no_browser: bool) -> list[str]:
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.absolute()}", f"--LabApp.default_url=/lab/tree/{FIRST}"]
    has_display = sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if no_browser or not has_display:
        command.append("--no-browser")
    # Containers often run as root, which Jupyter refuses without this option.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command


def _start(command: list[str]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        # Jupyter replaces this process, so that signals reach it.
        os.execv(command[0], command)  # noqa: S606 - a fixed program, no shell
    return subprocess.run(command, check=False).returncode
