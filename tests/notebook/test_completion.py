"""Tab completion in a kernel: the words of the magics, and what is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.kernels import Kernel


@pytest.fixture
def stocked(kernel: Kernel) -> Kernel:
    """Return a kernel in which there is something to complete."""
    assert kernel.run("%secret register openai --api_key --org=acme", [canary("completion")]).ok
    assert kernel.run("%zen annotator register labels --flavor=label_studio").ok
    return kernel


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%secret reg", ["%secret register"]),
        ("%zen annot", ["%zen annotator"]),
        ("%zen annotator reg", ["%zen annotator register"]),
        ("%secret get o", ["%secret get openai"]),
        ("s = %secret get o", ["s = %secret get openai"]),
        ("%secret get openai --k", ["%secret get openai --key"]),
        ("%stack set d", ["%stack set default"]),
        ("%stack update default -an l", ["%stack update default -an labels"]),
        ("%zen annotator describe l", ["%zen annotator describe labels"]),
        ("%%with_secrets o", ["%%with_secrets openai"]),
        (
            "%zen annotator update labels --authentication_secret={{openai.a",
            ["%zen annotator update labels --authentication_secret={{openai.api_key}}"],
        ),
    ],
)
def test_words_names_keys_and_references(stocked: Kernel, typed: str, offered: list[str]) -> None:
    """Verbs, options, names of secrets, stacks and components, keys and references complete to exactly what may stand there."""
    assert stocked.complete(typed) == offered


def test_other_lines_are_left_alone(stocked: Kernel) -> None:
    """On lines that are not ours IPython completes as it always does."""
    assert stocked.run("some_long_name = 1").ok
    assert stocked.complete("some_long") == ["some_long_name"]
    assert "%secret" in stocked.complete("%secre")


def test_completion_tells_no_value(stocked: Kernel) -> None:
    """Whatever was completed, no value went through the kernel's messages."""
    for typed in ("%secret get ", "%zen annotator update labels --authentication_secret={{openai.", "%secret update openai --api_key="):
        stocked.complete(typed)
    assert not find_canary(repr([message for message in stocked.record if message["msg_type"] == "complete_reply"]))
