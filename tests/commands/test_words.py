"""Arguments of any name, in any order around a command's own words."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from zensecrets_jupyter.commands.framework.free_options import Argument, matching_name, split
from zensecrets_jupyter.commands.framework.outcome import UsageProblem

OPTIONS = {"--schema": True, "-s": True, "--interactive": False, "-i": False}


@pytest.mark.parametrize(
    ("line", "own", "arguments"),
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
def test_a_line_is_split(line: str, own: list[str], arguments: list[tuple[str, str | None]]) -> None:
    """Own options, the name and the free arguments are told apart wherever they stand."""
    assert split(line.split(" "), OPTIONS) == (own, [Argument(*one) for one in arguments])


@pytest.mark.parametrize("line", ["--a x", "--a x --b y", "n x --a=1", "n --a -1", "n --a=1 --a=2", "n --=1", "n -z", "n --schema"])
def test_an_unclear_line_is_refused_without_its_values(line: str) -> None:
    """What could be read in two ways is an error, which repeats no value."""
    with pytest.raises(UsageProblem) as caught:
        split([word.replace("x", "zsValue") for word in line.split(" ")], OPTIONS)
    assert "zsValue" not in str(caught.value)
    assert caught.value.hint


def test_without_a_limit_every_loose_word_is_a_name() -> None:
    """Where a command takes any number of words, none is a value."""
    assert split(["n", "--a", "b"], OPTIONS, names=None) == (["--", "n", "b"], [Argument("a", None)])


@given(
    strategies.dictionaries(strategies.from_regex(r"[a-z][a-z_.]{0,8}", fullmatch=True), strategies.text(), max_size=5),
    strategies.integers(0, 5),
)
def test_any_value_arrives_as_it_was_given(content: dict[str, str], place: int) -> None:
    """`--key=value` brings any text, wherever the name stands."""
    content.pop("schema", None)
    content.pop("interactive", None)
    line = [f"--{key}={value}" for key, value in content.items()]
    line.insert(min(place, len(line)), "name")
    assert split(line, OPTIONS) == (["--", "name"], [Argument(key, value) for key, value in content.items()])


def test_dashes_and_underscores_are_one_in_known_names() -> None:
    """A known name is found however its words are joined; another one stays as it is."""
    assert matching_name("api-key", ["api_key"]) == "api_key"
    assert matching_name("a-b", ["a_b", "a-b"]) == "a-b"
    assert matching_name("other-key", ["api_key"]) == "other-key"
