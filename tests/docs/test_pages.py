"""Tests that run the code on the documentation pages, and check the links.

Python code runs in one kernel for each page, shell commands in Bash.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Blocks that start with these commands install packages, so they need a fresh machine. `.ci/run` has the command that installs the packages
# and runs the tests, and tests/test_cli.py runs the quickstart.
_EXCLUDED_COMMANDS = ("pip install", "tests/install-system-packages")


class Block(NamedTuple):
    """A fenced block of code.

    Attributes:
        language: The language after the opening fence.
        code: The text between the fences.
    """

    language: str
    code: str


def _blocks(page: str) -> Iterator[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    for language, code in _BLOCK.findall(text):
        if not code.startswith(_EXCLUDED_COMMANDS):
            yield Block(language, code)


@pytest.mark.parametrize("page", [page for page in PAGES if any(_blocks(page))])
def test_every_block_of_code_runs(page: str, tmp_path: Path) -> None:
    """All blocks of a page run in order, and no message or file contains a typed value."""
    # The kernel and the shell commands use the same store and the same working folder. Bash finds the command `zensecrets` in `PATH`.
    home = tmp_path / "zensecrets"
    folder_of_scripts = str(Path(sys.executable).parent)
    environment = {**os.environ, "ZENSECRETS_HOME": str(home), "PATH": f"{folder_of_scripts}{os.pathsep}{os.environ['PATH']}"}
    with running_kernel(tmp_path) as kernel:
        for block in _blocks(page):
            if block.language == "python":
                # With an empty passphrase, the wrapping key of the store is in a file.
                result = kernel.run(block.code, lambda prompt: "" if "passphrase" in prompt else canary("page"))
                assert result.ok, f"{block.code}\n{result.error}"
            elif block.language == "shell":
                # With these options, Bash stops at the first command that fails, also in a pipe.
                command = ["bash", "-euo", "pipefail", "-c", block.code]
                process = subprocess.run(command, check=False, env=environment, cwd=tmp_path, capture_output=True, text=True)
                assert process.returncode == 0, f"{block.code}\n{process.stderr}"
                assert not find_canary(process.stdout + process.stderr)
            else:
                pytest.fail(f"No test runs blocks of language {block.language!r}, as in {page}.")
        assert not find_canary(repr(kernel.record))
    assert not find_canary(tmp_path)


def test_the_readme_begins_with_two_commands() -> None:
    """The README's first two blocks of code are the quickstart and the tests, one line each."""
    blocks = [Block(*match) for match in _BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))]
    quickstart, tests = blocks[:2]
    assert quickstart.language == tests.language == "shell"
    assert len(quickstart.code.splitlines()) == len(tests.code.splitlines()) == 1
    assert "zensecrets quickstart" in quickstart.code
    assert tests.code.endswith("&& pytest -n auto\n")


def test_every_page_is_in_the_readme() -> None:
    """The README links to every documentation page."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page for page in PAGES[1:] if f"]({page})" not in readme] == []


def _anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a Markdown page."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", text), re.MULTILINE)
    # GitHub removes punctuation, and replaces spaces by hyphens.
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_into_the_repository_has_a_target() -> None:
    """Each relative link or picture leads to an existing file and heading."""
    # Matches `](PATH)`, `](PATH#ANCHOR)` and `](#ANCHOR)`, but no address of a web page.
    relative_link = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for path, anchor in relative_link.findall(text):
            target = (ROOT / page).parent / path if path else ROOT / page
            assert target.exists(), f"{page} links to {path}"
            if anchor:
                assert anchor in _anchors(target.read_text(encoding="utf-8")), f"{page} links to {path}#{anchor}"
