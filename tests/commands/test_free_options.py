"""Parsing of free options: keys and attributes that no command declares, such as ``--key=value``."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from zensecrets_jupyter.commands.framework.free_options import Argument, matching_name, split
from zensecrets_jupyter.commands.framework.outcome import UsageProblem

OPTIONS = {"--schema": True, "-s": True, "--interactive": False, "-i": False}
"""The declared options of a command, and whether each has a value."""


@pytest.mark.parametrize(
    ("line", "declared", "free"),
    [
        ("n --a=1", ["--", "n"], [("a", "1")]),
        ("--a=1 n --b=2", ["--", "n"], [("a", "1"), ("b", "2")]),
        ("n --a=b=c", ["--", "n"], [("a", "b=c")]),
        ("n --a=", ["--", "n"], [("a", "")]),
        ("n --a 1 --b", ["--", "n"], [("a", "1"), ("b", None)]),
        ("--a 1 n", ["--", "n"], [("a", "1")]),
        ("-s aws n -i --a", ["-s", "aws", "-i", "--", "n"], [("a", None)]),
        ("-saws n", ["-saws", "--", "n"], []),
        ("--schema=aws n", ["--schema=aws", "--", "n"], []),
        ("--a=1 -- -n", ["--", "-n"], [("a", "1")]),
        ("n --a=--b", ["--", "n"], [("a", "--b")]),
        ("n --a -", ["--", "n"], [("a", "-")]),
        ("n --a={{b.c}}", ["--", "n"], [("a", "{{b.c}}")]),
    ],
)
def test_a_line_is_split_into_declared_words_and_free_options(line: str, declared: list[str], free: list[tuple[str, str | None]]) -> None:
    """Declared words and free options may be in any order. The split puts ``--`` before the positional words.

    A bare option, such as ``--b`` without a text, has the text ``None``.
    """
    assert split(line.split(" "), OPTIONS) == (declared, [Argument(*option) for option in free])


@pytest.mark.parametrize("line", ["--a x", "--a x --b y", "n x --a=1", "n --a -1", "n --a=1 --a=2", "n --=1", "n -z", "n --schema"])
def test_an_ambiguous_line_is_an_error(line: str) -> None:
    """A malformed or ambiguous line raises an error with a hint.

    The test replaces each ``x`` by a value, which the error does not contain. A line has one positional word by default.
    """
    with pytest.raises(UsageProblem) as caught:
        split([word.replace("x", "zsValue") for word in line.split(" ")], OPTIONS)
    assert "zsValue" not in str(caught.value)
    assert caught.value.hint


def test_without_a_limit_each_word_is_positional() -> None:
    """If the number of positional words is not limited, no free option takes the next word.

    The next word is then positional, and not the value of the option.
    """
    assert split(["n", "--a", "b"], OPTIONS, positional_count=None) == (["--", "n", "b"], [Argument("a", None)])


@given(
    strategies.dictionaries(strategies.from_regex(r"[a-z][a-z_.]{0,8}", fullmatch=True), strategies.text(), max_size=5),
    strategies.integers(0, 5),
)
def test_an_option_takes_any_text(content: dict[str, str], position: int) -> None:
    """The name of the secret may be before, between or after the options."""
    # These keys are declared options.
    content.pop("schema", None)
    content.pop("interactive", None)
    line = [f"--{key}={value}" for key, value in content.items()]
    line.insert(min(position, len(line)), "name")
    assert split(line, OPTIONS) == (["--", "name"], [Argument(key, value) for key, value in content.items()])


def test_dashes_and_underscores_of_names_are_equal() -> None:
    """An exact match is preferred, as in the second line. An unknown name is returned unchanged."""
    assert matching_name("api-key", ["api_key"]) == "api_key"
    assert matching_name("a-b", ["a_b", "a-b"]) == "a-b"
    assert matching_name("other-key", ["api_key"]) == "other-key"
