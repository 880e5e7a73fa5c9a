"""The code in the documentation, as it is written there: cells in one kernel, commands in a shell."""

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

# What only a fresh machine can show is run by `.ci/run` (the tests) and by tests/test_cli.py (the quickstart).
_ELSEWHERE = ("pip install", "tests/install-system-packages")


class Block(NamedTuple):
    """A fenced block: its language and its code."""

    language: str
    code: str


def _blocks(page: str) -> Iterator[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    for language, code in _BLOCK.findall(text):
        if not code.startswith(_ELSEWHERE):
            yield Block(language, code)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_code_runs(page: str, tmp_path: Path) -> None:
    """The blocks run one after the other; whoever is asked types a value, which is then in no message and in no file."""
    home = tmp_path / "zensecrets"
    commands = str(Path(sys.executable).parent)
    environment = {**os.environ, "ZENSECRETS_HOME": str(home), "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}
    with running_kernel(tmp_path) as kernel:
        for block in _blocks(page):
            if block.language == "python":
                ran = kernel.run(block.code, lambda prompt: "" if "passphrase" in prompt else canary("page"))
                assert ran.ok, f"{block.code}\n{ran.error}"
            elif block.language == "shell":
                script = ["bash", "-euo", "pipefail", "-c", block.code]
                done = subprocess.run(script, check=False, env=environment, cwd=tmp_path, capture_output=True, text=True)
                assert done.returncode == 0, f"{block.code}\n{done.stderr}"
                assert not find_canary(done.stdout + done.stderr)
            else:
                pytest.fail(f"Nothing runs a block of {block.language!r} in {page}.")
        assert not find_canary(repr(kernel.record))
    assert not find_canary(tmp_path)


def test_the_two_commands_are_one_line_each() -> None:
    """The README's first two blocks are the command that runs the main job and the one that runs the tests."""
    found = _BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))[:2]
    assert [language for language, _ in found] == ["shell", "shell"]
    assert all(len(code.splitlines()) == 1 for _, code in found)
    assert "zensecrets quickstart" in found[0][1]
    assert found[1][1].endswith("&& pytest -n auto\n")


def test_every_link_into_the_repository_leads_somewhere() -> None:
    """No relative link or picture of a page is dead."""
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"
