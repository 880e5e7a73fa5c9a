"""%secret guard: what is protected and what was masked, on and off, and everything at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands.lines import run
from tests.terminal import ZENSECRETS, zensecrets
from zensecrets_jupyter.commands.errors import UsageProblem
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.kernels import Kernel


def table(kernel: Kernel) -> str:
    """Return what the command shows in a console."""
    return "\n".join(kernel.run("%secret guard").shown())


def test_the_table_names_what_is_protected_and_what_was_masked(kernel: Kernel) -> None:
    """Names and numbers, and what can't be masked, with the reason; never a value."""
    value = canary("known")
    registered = kernel.run(f"%secret register x --key={value} --short=abc --word=password")
    assert "Warning: the value of x.short can't be masked in outputs, since it has fewer than 6 characters." in registered.stream("stdout")
    assert "Warning: the value of x.word can't be masked in outputs, since it is a common word." in registered.stream("stdout")
    assert registered.stream("stdout").count("x.key") == 0
    shown = table(kernel)
    assert "The guard is on" in shown
    assert [line.split() for line in shown.splitlines() if line.startswith("x.key")] == [["x.key", "protected", "0"]]
    # A table is as narrow as its longest name leaves it.
    assert "can't be masked: it has fewer than 6 characters" in " ".join(shown.split())
    kernel.run(f"print('{value}')")
    row = next(line.split() for line in table(kernel).splitlines() if line.startswith("x.key"))
    assert int(row[-1]) >= 1
    assert not find_canary(repr(kernel.record))


def test_off_and_on(kernel: Kernel) -> None:
    """Off lets everything pass and says what that means; on masks again."""
    value = canary("known")
    kernel.run(f"%secret register x --key={value}")
    assert "values are shown" in kernel.run("%secret guard off").stream("stdout")
    assert "The guard is off" in table(kernel)
    assert value in kernel.run(f"print('{value}')").stream("stdout")
    assert kernel.run("%secret guard on").stream("stdout").startswith("The guard is on, and knows ")
    assert kernel.run(f"print('{value}')").stream("stdout") == "‹secret:x.key›\n"


def test_all_reads_each_secret_once_and_protects_it(kernel: Kernel) -> None:
    """What another program stored is unknown to the kernel until it is told to read everything."""
    value = canary("elsewhere")
    kernel.run("import subprocess")
    stored = kernel.run(
        f"_ = subprocess.run(['{ZENSECRETS}', 'secret', 'register', 'far', '--key=' + '{value[:14]}' + '{value[14:]}'], check=True)"
    )
    assert stored.ok, stored.error
    said = kernel.run("%secret guard --all")
    assert said.stream("stdout").splitlines() == ["Read 1 secret of default (local): 1 value new to the guard."]
    assert kernel.run(f"print('{value[:14]}' + '{value[14:]}')").stream("stdout") == "‹secret:far.key›\n"
    assert "nothing new" in kernel.run("%secret guard --all").stream("stdout")


def test_a_terminal_has_no_guard_to_show() -> None:
    """There it says where the guard lives; off and all together make no sense anywhere."""
    done = zensecrets("secret", "guard")
    assert done.returncode != 0
    assert "lives in a notebook's kernel" in done.stderr
    with pytest.raises(UsageProblem, match="There is no guard here"):
        run("secret guard off --all")
