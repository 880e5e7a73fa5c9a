"""Values that were typed on a command's own line, and the line without them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies

from tests.support.command_lines import run
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.commands.line_cleaning import find_inline_secrets
from zensecrets_jupyter.core.text_edits import apply_edits
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable

STUDIO = "annotator register labels --flavor=label_studio"


def without(line: str, group: str = "secret") -> str:
    """Return the line with what was found taken out, after a look at whether it was all."""
    found = find_inline_secrets(group.split(), line)
    assert found.is_clear
    return apply_edits(line, found.edits)


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("register x --key=value", "register x --key"),
        ("register x --key value", "register x --key"),
        ("register x  --a=1   --b 2 ", "register x  --a   --b "),
        ('register x --a=\'it is\' --b="so it \\" is" --c=d\\ e', "register x --a --b --c"),
        ("register x '--key=a value'", "register x --key"),
        ("register x --key=a=b", "register x --key"),
        ("register x --key=@@at", "register x --key"),
        ('create x --values=\'{"k": "v"}\' -s openai', "create x --values -s openai"),
        ('update x -v \'{"k": "v"}\'', "update x -v"),
        ("create x -v @file --values2=v", "create x -v @file --values2"),
        ("register x --key=@file --other={{a.b}} --third=", "register x --key=@file --other={{a.b}} --third="),
        ("register x --key=a{{b.c}}", "register x --key"),
        ("register x -s basic_auth --username=me --password=mine", "register x -s basic_auth --username=me --password"),
        ("register x --schema aws --aws-session-token=1", "register x --schema aws --aws-session-token"),
        ("register --key=value x -s aws", "register x -s aws --key"),
        ("register --a=1 --b 2 x", "register x --a --b"),
        ("register --a 1 --b 2 x -s aws", "register x -s aws --a --b"),
        ("register --key=value -- x", "register --key -- x"),
        ("get x --key=name", "get x --key=name"),
        ("list", "list"),
        ("", ""),
        ("--help", "--help"),
    ],
)
def test_an_inline_secret_is_removed(line: str, left: str) -> None:
    """Only values are taken out, and only sensitive ones; files, references and clear text stay, and so does the meaning of the line."""
    assert without(line) == left


def test_an_update_is_read_by_the_schema_that_the_secret_has() -> None:
    """What the schema of the stored secret calls clear text stays; of a secret that is not there every value is taken out."""
    run("secret register door -s basic_auth --username=me --password=?", canary("old"))
    assert without("update door --username=you --password=yours") == "update door --username=you --password"
    assert without("update gate --username=you") == "update gate --username"


def test_attributes_are_read_by_their_flavor() -> None:
    """Sensitive attributes are taken out; the name of a secret that there is stays, as ZenML 0.20 has it, and so does a reference."""
    assert without(f"{STUDIO} --authentication_secret=v --port=1", "") == f"{STUDIO} --authentication_secret --port=1"
    assert without("alerter update --slack_token=v", "") == "alerter update --slack_token"
    assert [one.name for one in find_inline_secrets([], "secrets-manager update --token=v").inline_secrets] == ["default.token"]
    assert without("alerter register a --flavor=slack --slack_token=v", "") == "alerter register a --flavor=slack --slack_token"
    assert without("alerter update nobody --slack-token=v", "") == "alerter update nobody --slack-token"
    run("secrets-manager register m --flavor=memory")
    run("stack update -x m")
    run("secret register studio --api_key=?", canary("studio"))
    for text in ("studio", "{{studio.api_key}}", "@file"):
        line = f"{STUDIO} --authentication_secret={text}"
        assert without(line, "") == line


def test_an_inline_secret_is_named_as_its_mask() -> None:
    """Names are of the secret and of the key as the schema has it."""
    line = "register x -s aws --aws-access-key-id=1 --aws_secret_access_key=@@2"
    assert find_inline_secrets(["secret"], line).inline_secrets == (("x.aws_access_key_id", "1"), ("x.aws_secret_access_key", "@2"))
    assert find_inline_secrets([], f"secrets-manager secret {line}").inline_secrets == find_inline_secrets(["secret"], line).inline_secrets


@pytest.mark.parametrize(
    "line",
    [
        "register x --key='?",
        "register x y --key=?",
        "regster x --key=?",
        "register x --a=? --a=2",
        "register -z x --key=?",
        "register --key ?",
    ],
)
def test_a_line_that_no_command_reads_is_left_without_its_values(line: str) -> None:
    """What was meant as a value is found and taken out; the rest of the line stays, and no text shows the value."""
    value = canary("unread")
    found = find_inline_secrets(["secret"], line.replace("?", value))
    assert found.is_clear
    assert value in {secret.value for secret in found.inline_secrets}
    assert value not in apply_edits(line.replace("?", value), found.edits)
    assert value not in repr(found)


@pytest.mark.parametrize(
    "line", ["register x --key = ?", "register x --key =?", "register x key=?", "register key=?", "register --key = ?", "update x key=?"]
)
def test_a_blank_or_a_missing_dash_is_an_error_that_shows_no_value(line: str) -> None:
    """No secret is called like the value, and the error says how to write the line."""
    value = canary("misplaced")
    with pytest.raises(UsageProblem) as caught:
        run(f"secret {line.replace('?', value)}")
    assert value not in str(caught.value)
    assert "Write --" in str(caught.value)


def _quoted_as_double(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" for letter in text) if "\n" not in text else shlex.quote(text)


QUOTES: list[Callable[[str], str]] = [shlex.quote, _quoted_as_double, _escaped]
KEYS = strategies.from_regex(r"[a-z][a-z0-9_.]{0,8}", fullmatch=True).filter(
    lambda key: key not in {"name", "wait", "schema", "interactive"}
)
# What starts with these is no value that stands there itself, or no value of a key that is written apart.
VALUES = strategies.text(strategies.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text[0] not in "@-{=")


@strategies.composite
def lines(draw: strategies.DrawFn) -> tuple[str, list[str], dict[str, str]]:
    """Return a line that registers a secret, its words without values, and the values."""
    values = draw(strategies.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
    words = ["NAME", *draw(strategies.sampled_from([[], ["-s arbitrary"], ["--schema=arbitrary"]]))]
    typed = []
    for key, value in values.items():
        text = draw(strategies.sampled_from(QUOTES))(value)
        typed.append(f"--{key}{draw(strategies.sampled_from(['=', ' ', '   ']))}{text}")
    order = draw(strategies.permutations([*words, *typed]))
    # Where a value stands apart, only the name before it makes it clear what is what.
    if any(not one.startswith(f"--{key}=") for one, key in zip(typed, values, strict=True)):
        order = ["NAME", *(one for one in order if one != "NAME")]
    space = strategies.sampled_from([" ", "  ", "\t"])
    line = "register" + "".join(draw(space) + one for one in order)
    return line, [word for one in words for word in one.split()], values


@settings(deadline=None)
@given(lines())
def test_the_same_command_is_left_with_bare_keys(drawn: tuple[str, list[str], dict[str, str]]) -> None:
    """Whatever the values, quotes, blanks and order: words that are no value stay as they are, and each key is there without its own."""
    line, words, values = drawn
    found = find_inline_secrets(["secret"], line)
    assert found.is_clear
    assert {secret.name: secret.value for secret in found.inline_secrets} == {f"NAME.{key}": value for key, value in values.items()}
    left = shlex.split(apply_edits(line, found.edits))
    assert sorted(left) == sorted(["register", *words, *(f"--{key}" for key in values)])
    again = find_inline_secrets(["secret"], apply_edits(line, found.edits))
    assert again == ((), (), True)
    # Everything else stays byte for byte: between two edits nothing is touched, and an edit removes or inserts no more than it says.
    kept = [
        line[start:end]
        for start, end in zip([0, *(edit.end for edit in found.edits)], [*(edit.start for edit in found.edits), len(line)], strict=True)
    ]
    assert "".join(piece for pair in zip(kept, [*(edit.new for edit in found.edits), ""], strict=True) for piece in pair) == apply_edits(
        line, found.edits
    )
