"""Whoever stops a command in the middle finds everything as it was."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

ANNOTATOR = "%zen annotator register labels --flavor=label_studio --authentication_secret={{ls.a}} --instance_url={{ls.b}}"


@pytest.mark.parametrize(
    ("cell", "prompts"),
    [("%secret register new --a --b", 2), ("%secret update known --token", 1), ("%stack register-secrets", 2), ("%secret delete known", 1)],
)
def test_an_interrupt_at_a_prompt_changes_nothing(kernel: Kernel, tmp_path: Path, cell: str, prompts: int) -> None:
    """Stopped at its last prompt, a command has written nothing; the next cell works, and no value is left anywhere."""
    assert kernel.run(f"%secret register known --token=value\n{ANNOTATOR}\n%stack update default -an labels").ok
    digest = "import hashlib; from zensecrets_jupyter import Client; Client().get_secret('known').content == {'token': 'value'}"
    asked: list[str] = []

    def stop_at_the_last(prompt: str) -> str:
        asked.append(prompt)
        if len(asked) == prompts:
            kernel.manager.interrupt_kernel()
            time.sleep(1)
        return canary("late")

    ran = kernel.run(cell, stop_at_the_last)
    assert not ran.ok
    assert ran.stream("stderr").strip() == "UsageError: Interrupted: the command was stopped before it was done."
    assert kernel.run("names = %secret list\n[row['name'] for row in names]").shown() == ["['known']"]
    assert kernel.run(digest).shown() == ["True"]
    assert not find_canary(repr(kernel.record))
    assert not find_canary(tmp_path)
