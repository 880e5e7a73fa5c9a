"""Tests of finding the inline secrets on a command line and removing them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies

from tests.support.command_lines import run
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.commands.line_cleaning import LineFindings, find_inline_secrets
from zensecrets_jupyter.core.text_edits import apply_edits
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zensecrets_jupyter.core.text_edits import Edit

STUDIO = "annotator register labels --flavor=label_studio"
"""The start of a line that registers an annotator."""


def cleaned(line: str, group: str = "secret") -> str:
    """Return a line without its inline secrets, and check that all were removed.

    The group is ``secret`` for a line of the magic ``%secret``, and empty for a line of ``%zen``.
    """
    findings = find_inline_secrets(group.split(), line)
    assert findings.is_clean
    return apply_edits(line, findings.edits)


@pytest.mark.parametrize(
    ("line", "expected"),
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
def test_an_inline_secret_is_removed(line: str, expected: str) -> None:
    """Files, references and public values stay, and the command means the same.

    An option before the name is moved to the end, because as a bare option it would take the name as its value. In ``get x --key=name``,
    the option has the name of a key, which is no secret.
    """
    assert cleaned(line) == expected


def test_an_update_uses_the_schema_of_the_stored_secret() -> None:
    """Public values of the stored secret's schema stay; for a missing secret every value is removed."""
    run("secret register door -s basic_auth --username=me --password=?", canary("old"))
    assert cleaned("update door --username=you --password=yours") == "update door --username=you --password"
    assert cleaned("update gate --username=you") == "update gate --username"


def test_the_flavor_decides_which_attributes_are_sensitive() -> None:
    """Values of sensitive attributes are removed. References, file names and names of existing secrets stay."""
    assert cleaned(f"{STUDIO} --authentication_secret=v --port=1", "") == f"{STUDIO} --authentication_secret --port=1"
    assert cleaned("alerter update --slack_token=v", "") == "alerter update --slack_token"
    assert [secret.name for secret in find_inline_secrets([], "secrets-manager update --token=v").inline_secrets] == ["default.token"]
    assert cleaned("alerter register a --flavor=slack --slack_token=v", "") == "alerter register a --flavor=slack --slack_token"
    assert cleaned("alerter update nobody --slack-token=v", "") == "alerter update nobody --slack-token"
    # In ZenML 0.20 the value of an attribute may be the name of a secret, such as "studio".
    run("secrets-manager register m --flavor=memory")
    run("stack update -x m")
    run("secret register studio --api_key=?", canary("studio"))
    for text in ("studio", "{{studio.api_key}}", "@file"):
        line = f"{STUDIO} --authentication_secret={text}"
        assert cleaned(line, "") == line


def test_an_inline_secret_has_the_name_of_its_mask() -> None:
    """The name consists of the secret's name and of the key in the schema's spelling."""
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
def test_inline_secrets_are_removed_from_a_malformed_line(line: str) -> None:
    """The value of a malformed line is found and removed. The repr of the findings does not contain the value."""
    value = canary("malformed")
    findings = find_inline_secrets(["secret"], line.replace("?", value))
    assert findings.is_clean
    assert value in {secret.value for secret in findings.inline_secrets}
    assert value not in apply_edits(line.replace("?", value), findings.edits)
    assert value not in repr(findings)


@pytest.mark.parametrize(
    "line", ["register x --key = ?", "register x --key =?", "register x key=?", "register key=?", "register --key = ?", "update x key=?"]
)
def test_a_space_or_a_missing_dash_is_an_error_without_the_value(line: str) -> None:
    """The error explains how to write the line, and does not contain the value."""
    value = canary("misplaced")
    with pytest.raises(UsageProblem) as caught:
        run(f"secret {line.replace('?', value)}")
    assert value not in str(caught.value)
    assert "Write --" in str(caught.value)


def _double_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    """Return the text with a backslash before each character. A backslash before a line break would remove the break."""
    return "".join(f"\\{letter}" for letter in text) if "\n" not in text else shlex.quote(text)


QUOTING_FUNCTIONS: list[Callable[[str], str]] = [shlex.quote, _double_quoted, _escaped]
# "name" is not allowed as a key, and the other excluded keys are options of the command.
KEYS = strategies.from_regex(r"[a-z][a-z0-9_.]{0,8}", fullmatch=True).filter(
    lambda key: key not in {"name", "wait", "schema", "interactive"}
)
# A text that begins with ``@``, ``-`` or ``{`` may be a file name, an option or a reference, and ``--key =value`` is an error.
# The categories Cs and Cc are surrogates and control characters.
VALUES = strategies.text(strategies.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text[0] not in "@-{=")


@strategies.composite
def lines(draw: strategies.DrawFn) -> tuple[str, list[str], dict[str, str]]:
    """Return a line that registers a secret, the words of the line without values, and the values by key."""
    values = draw(strategies.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
    words = ["NAME", *draw(strategies.sampled_from([[], ["-s arbitrary"], ["--schema=arbitrary"]]))]
    arguments = []
    for key, value in values.items():
        text = draw(strategies.sampled_from(QUOTING_FUNCTIONS))(value)
        arguments.append(f"--{key}{draw(strategies.sampled_from(['=', ' ', '   ']))}{text}")
    order = draw(strategies.permutations([*words, *arguments]))
    # In ``--key value``, the parser can take the value for the name, unless the name is before it. So the name becomes the first word.
    if any(not argument.startswith(f"--{key}=") for argument, key in zip(arguments, values, strict=True)):
        order = ["NAME", *(word for word in order if word != "NAME")]
    space = strategies.sampled_from([" ", "  ", "\t"])
    line = "register" + "".join(draw(space) + word for word in order)
    return line, " ".join(words).split(), values


@settings(deadline=None)
@given(lines())
def test_the_cleaned_line_is_the_same_command_with_bare_keys(example: tuple[str, list[str], dict[str, str]]) -> None:
    """For any values, quotes, spaces and order, the other words stay unchanged, and each key stays without its value."""
    line, words, values = example
    findings = find_inline_secrets(["secret"], line)
    assert findings.is_clean
    assert {secret.name: secret.value for secret in findings.inline_secrets} == {f"NAME.{key}": value for key, value in values.items()}
    cleaned_line = apply_edits(line, findings.edits)
    assert sorted(shlex.split(cleaned_line)) == sorted(["register", *words, *(f"--{key}" for key in values)])
    assert find_inline_secrets(["secret"], cleaned_line) == LineFindings()
    _check_edits(line, findings.edits, cleaned_line)


def _check_edits(line: str, edits: Sequence[Edit], expected: str) -> None:
    """Apply the edits without ``apply_edits``, and check the result.

    The result is the texts between the edits, joined with the new texts of the edits.
    """
    starts_between = [0, *(edit.end for edit in edits)]
    ends_between = [*(edit.start for edit in edits), len(line)]
    new_texts = [*(edit.new for edit in edits), ""]
    parts = [line[start:end] + new for start, end, new in zip(starts_between, ends_between, new_texts, strict=True)]
    assert "".join(parts) == expected
