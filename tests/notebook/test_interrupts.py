"""Interrupts of a command at a prompt."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

ANNOTATOR = "%zen annotator register labels --flavor=label_studio --authentication_secret={{ls.a}} --instance_url={{ls.b}}"
"""A cell that registers a component with two references, so `%stack register-secrets` shows two prompts."""


@pytest.mark.parametrize(
    ("cell", "prompt_count"),
    [("%secret register new --a --b", 2), ("%secret update known --token", 1), ("%stack register-secrets", 2), ("%secret delete known", 1)],
)
def test_an_interrupt_at_a_prompt_changes_nothing(kernel: Kernel, tmp_path: Path, cell: str, prompt_count: int) -> None:
    """A command that is interrupted at its last prompt writes nothing.

    It does not write answers to earlier prompts either.

    No message or file contains an answer. ``prompt_count`` is the number of prompts of the command.
    """
    assert kernel.run(f"%secret register known --token=value\n{ANNOTATOR}\n%stack update default -an labels").ok
    # A cell that returns whether the secret `known` is unchanged.
    is_unchanged = "import hashlib; from zensecrets_jupyter import Client; Client().get_secret('known').content == {'token': 'value'}"
    received_prompts: list[str] = []

    def interrupt_at_last_prompt(prompt: str) -> str:
        received_prompts.append(prompt)
        if len(received_prompts) == prompt_count:
            kernel.manager.interrupt_kernel()
            # The interrupt must reach the kernel before the answer does.
            time.sleep(1)
        return canary("late")

    result = kernel.run(cell, interrupt_at_last_prompt)
    assert not result.ok
    assert result.stream("stderr").strip() == "UsageError: Interrupted: the command was stopped before it was done."
    assert kernel.run("names = %secret list\n[row['name'] for row in names]").displayed_data() == ["['known']"]
    assert kernel.run(is_unchanged).displayed_data() == ["True"]
    assert not find_canary(repr(kernel.record))
    assert not find_canary(tmp_path)
