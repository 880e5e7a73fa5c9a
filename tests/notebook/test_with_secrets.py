"""The cell magic `%%with_secrets`, and secrets in the session's environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.kernels import Kernel

IS_SET = "'TOKEN' in __import__('os').environ"


@pytest.fixture(autouse=True)
def secret(kernel: Kernel) -> str:
    """Register a secret with one key and return its value."""
    value = canary("environment")
    assert kernel.run("%secret register weather --token", [value]).ok
    return value


def test_variables_are_set_for_one_cell(kernel: Kernel) -> None:
    """The cell and the programs that it starts see the variable, and nothing does afterwards."""
    cell = """%%with_secrets weather
import os, subprocess, sys

command = [sys.executable, "-c", "import os; print(len(os.environ['TOKEN']))"]
child = subprocess.run(command, capture_output=True, text=True)
assert int(child.stdout) == len(os.environ["TOKEN"]) > 0
"""
    ran = kernel.run(cell)
    assert ran.ok, ran.error
    assert kernel.run(IS_SET).shown() == ["False"]


def test_what_was_set_before_comes_back(kernel: Kernel) -> None:
    """A variable that existed has its old value after the cell."""
    assert kernel.run("%env TOKEN=mine").ok
    assert kernel.run("import os").ok
    assert kernel.run("%%with_secrets weather\nassert os.environ['TOKEN'] != 'mine'").ok
    assert kernel.run("os.environ['TOKEN']").shown() == ["'mine'"]


def test_an_error_in_the_cell_restores_the_environment(kernel: Kernel) -> None:
    """The cell's own error comes through as it is, and the variable is gone."""
    ran = kernel.run("%%with_secrets weather\n1 / 0")
    assert not ran.ok
    assert ran.reply["ename"] == "ZeroDivisionError"
    assert kernel.run(IS_SET).shown() == ["False"]
    assert not find_canary(repr(ran))


def test_our_own_errors_in_the_cell_are_not_swallowed(kernel: Kernel) -> None:
    """An error of ours that the cell's code raises keeps its class and its traceback, and an interrupt is one."""
    ran = kernel.run("%%with_secrets weather\nfrom zensecrets_jupyter import Client\nClient().get_secret('no-such')")
    assert ran.reply["ename"] == "SecretNotFoundError"
    assert kernel.run("%%with_secrets weather\nraise KeyboardInterrupt").reply["ename"] == "KeyboardInterrupt"
    assert kernel.run(IS_SET).shown() == ["False"]


def test_the_last_expression_is_shown(kernel: Kernel) -> None:
    """The cell shows its last expression as any cell does, unless a semicolon ends it, and defines its names."""
    assert kernel.run("%%with_secrets weather\nx = 20\nx + 1").shown() == ["21"]
    assert kernel.run("%%with_secrets weather\nx + 1;").shown() == []
    assert kernel.run("x").shown() == ["20"]


def test_magics_work_inside(kernel: Kernel) -> None:
    """A magic in the cell is run as in any cell."""
    assert kernel.run("%%with_secrets weather\nnames = %secret list\nnames").ok


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("%%with_secrets\n1", "Which secrets?"),
        ("%%with_secrets wether\n1", "Did you mean 'weather'?"),
        ("%%with_secrets weather\nimport asyncio\nawait asyncio.sleep(0)", "can't await"),
        ("%%with_secrets 'weather\n1", "can't be read"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(kernel: Kernel, cell: str, told: str) -> None:
    """No name, an unknown name, an await or an open quote end with one line, before anything of the cell runs."""
    ran = kernel.run(cell)
    assert not ran.ok
    assert told in ran.error
    assert len(ran.stream("stderr").strip().splitlines()) == 1
    assert kernel.run(IS_SET).shown() == ["False"]


def test_secret_env_sets_variables_for_the_session(kernel: Kernel) -> None:
    """`%secret env` sets the keys until the kernel ends, and says which variables without their values."""
    ran = kernel.run("%secret env weather")
    assert ran.ok, ran.error
    assert "TOKEN" in ran.stream("stdout")
    assert kernel.run(IS_SET).shown() == ["True"]
    assert not find_canary(repr(kernel.record[-20:]))
