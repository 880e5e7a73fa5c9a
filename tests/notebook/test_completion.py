"""Tab completion in a kernel: commands, options, names and references."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.kernels import Kernel


@pytest.fixture
def prepared_kernel(kernel: Kernel) -> Kernel:
    """Return a kernel with a secret and a component to complete."""
    assert kernel.run("%secret register openai --api_key --org=acme", [canary("completion")]).ok
    assert kernel.run("%zen annotator register labels --flavor=label_studio").ok
    return kernel


@pytest.mark.parametrize(
    ("line", "completions"),
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
def test_commands_options_names_and_references_are_completed(prepared_kernel: Kernel, line: str, completions: list[str]) -> None:
    """Tab at the end of a line offers exactly these completed lines."""
    assert prepared_kernel.complete(line) == completions


def test_other_lines_have_the_completions_of_ipython(prepared_kernel: Kernel) -> None:
    """Lines without our magics have the completions of IPython."""
    assert prepared_kernel.run("some_long_name = 1").ok
    assert prepared_kernel.complete("some_long") == ["some_long_name"]
    assert "%secret" in prepared_kernel.complete("%secre")


def test_completions_contain_no_value(prepared_kernel: Kernel) -> None:
    """The replies to completion requests contain no value."""
    for line in ("%secret get ", "%zen annotator update labels --authentication_secret={{openai.", "%secret update openai --api_key="):
        prepared_kernel.complete(line)
    assert not find_canary(repr([message for message in prepared_kernel.record if message["msg_type"] == "complete_reply"]))
