"""Tests of the removal of inline secrets, which are values on the command lines of a cell."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies
from IPython.core.inputtransformer2 import TransformerManager

from tests.notebook.cells.sample_cells import COMMAND_CELLS, MISTYPED_CELLS
from zensecrets_jupyter.commands.magic_lines import GROUPS
from zensecrets_jupyter.notebook.cells.inline_secrets import remove_inline_secrets
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = "%secret register x --key=?"
"""A command line with an inline secret. The tests replace ``?`` by the value."""


@pytest.mark.parametrize(
    "cell",
    [
        LINE,
        f"s = {LINE}",
        f"s.t[0] = {LINE}\nprint(s)",
        "%secret register x --key ?",
        "%zen secrets-manager secret register x --key=?",
        "%secret register x \\\n  --key=? \\\n  -s arbitrary\nprint(1)",
        "%secret register \\\n  --key=? \\\n  x",
        f"if True:\n    {LINE}\n    {LINE}\nelse:\n\t{LINE}",
        f"   {LINE}\n   print(1)",
        f">>> 1\n1\n>>> {LINE}",
        f"In [1]: {LINE}",
        f"%%capture\n{LINE}",
        f"%%time\n%%capture output\nprint('🔑')\n{LINE}",
        f"'''\n{LINE.replace('?', 'text')}\n'''\n{LINE}",
        f"!ls\nx?\n{LINE}\n\n",
        f"a = '🔑é'; b = 1\n{LINE} --ü=?",
    ],
)
def test_the_inline_secret_of_a_magic_is_removed(cell: str) -> None:
    """The value of each ``%secret`` and ``%zen`` magic is removed.

    Apart from that, these magics are the same as before. The cells also contain other magics, and text that is no magic.
    """
    value = canary("cell")
    # `x?` is a help request of IPython, in which `?` is not replaced.
    cleaned_cell = remove_inline_secrets(cell.replace("?", value) if "x?" not in cell else cell.replace("=?", f"={value}"))
    assert cleaned_cell.is_clean
    assert {secret.value for secret in cleaned_cell.inline_secrets} == {value}
    assert not find_canary(cleaned_cell.source)
    assert magics_of(cleaned_cell.source) == [with_bare_keys(line) for line in magics_of(cell)]


def test_a_bare_key_before_the_name_moves_to_the_end() -> None:
    """A bare key before the name moves to the end of the command.

    A bare key is a key without a value. Before the name ``x``, it would take ``x`` as its value.
    """
    cleaned_cell = remove_inline_secrets("%secret register --key=v \\\n   x \\\n -s arbitrary\n2")
    assert cleaned_cell.source == "%secret register x \\\n -s arbitrary --key\n2"


@pytest.mark.parametrize(
    "cell",
    [
        "text = '''\n%secret register x --key=v\n'''",
        "%%bash\n%secret register x --key=v",
        "# %secret register x --key=v",
        "x = '%secret register x --key=v'",
        "print('zensecrets secret register x --key=v')",
        "print('%secret register x --key=v'",
        "!zensecrets secret register x --key=$TOKEN --other={token} --third=@file",
        '%%bash\nzensecrets secret register x --key="$TOKEN" --other=${TOKEN} --third=$(pass x)',
        "subprocess.run(f'zensecrets secret register x --key={token}', shell=True)",
        "secret = get(key='v')\nif",
        "%secret list",
        "print('--secret=v')",
        "",
    ],
)
def test_a_cell_without_an_inline_secret_is_returned_unchanged(cell: str) -> None:
    """The source of a cell without an inline secret is the same ``str`` object.

    Instead of a value, the cells contain text that only looks like a magic, variables that a shell expands, or file names.
    """
    cleaned_cell = remove_inline_secrets(cell)
    assert cleaned_cell.source is cell
    assert (cleaned_cell.inline_secrets, cleaned_cell.is_clean) == ((), True)


def test_automagic_lines_are_cleaned() -> None:
    """With automagic, a magic without ``%`` is cleaned in a cell of one line.

    An assignment and a comparison are no magics.
    """
    assert remove_inline_secrets("secret register x --key=v", automagic_names=GROUPS).source == "secret register x --key"
    assert remove_inline_secrets("zen secrets-manager secret register x --key=v\n", automagic_names=GROUPS).source.endswith("x --key\n")
    for cell in ("secret = 'register --key=v'", "secret == '--key=v'"):
        assert remove_inline_secrets(cell, automagic_names=GROUPS).source is cell


@pytest.mark.parametrize("cell", COMMAND_CELLS)
def test_the_inline_secret_of_a_command_line_is_removed(cell: str) -> None:
    """The value on each kind of command line is removed.

    The lines are in a shell, in a string, or in another magic, have no ``%``, or are malformed.
    """
    value = canary("command")
    cleaned_cell = remove_inline_secrets(cell.replace("?", value))
    assert cleaned_cell.is_clean
    assert any(value in secret.value for secret in cleaned_cell.inline_secrets)
    assert not find_canary(cleaned_cell.source)
    assert "key" in cleaned_cell.source
    # Some of the values are several words without quotes: the canary and these words.
    for word in ("correct", "horse", "b&c"):
        assert word not in cleaned_cell.source
    # Cleaning a clean cell changes nothing.
    assert remove_inline_secrets(cleaned_cell.source).source == cleaned_cell.source


@pytest.mark.parametrize("cell", MISTYPED_CELLS)
def test_an_inline_secret_after_a_typing_error_is_removed(cell: str) -> None:
    """The value is removed after a typing error.

    The name of the inline secret does not contain the value. Some cells lack the key of the value, and some values have several lines.
    """
    value = canary("mistyped")
    cleaned_cell = remove_inline_secrets(cell.replace("?", value))
    assert (cleaned_cell.source, cleaned_cell.is_clean) == (MISTYPED_CELLS[cell], True)
    assert any(value in secret.value for secret in cleaned_cell.inline_secrets)
    assert not find_canary("".join(secret.name for secret in cleaned_cell.inline_secrets))
    assert remove_inline_secrets(cleaned_cell.source).source == cleaned_cell.source


@pytest.mark.parametrize(
    "cell",
    [
        "%stack register q -o default -a default -x default --orchestrater=local",
        "%secret get Kq7Zr2Wm9Xt4Lb6Nc8Pd other",
        "%secret register x y",
        "%store register --all = 1",
        "sector register --key=v\n(",
        "%secret list x  # it's\nprint('a'\n'b')\n(",
    ],
)
def test_a_typing_error_without_a_value_changes_nothing(cell: str) -> None:
    """Magics of other packages, names, and malformed commands that take no values are returned unchanged.

    The random word after ``%secret get`` is a name, because that command takes no values.
    """
    assert remove_inline_secrets(cell).source is cell


@pytest.mark.parametrize("cell", ["%secret register x --key=?", "secret register x --key='? ?", "%time %secret register x y --key = ?"])
def test_a_long_inline_secret_is_removed(cell: str) -> None:
    """A value of several thousand characters with consecutive spaces is removed.

    The test first puts the value into the cell as it is, and then with single quotes around it.
    """
    value = canary("large") * 300 + " " * 5000 + "end"
    assert "end" not in remove_inline_secrets(cell.replace("?", value)).source
    assert not find_canary(remove_inline_secrets(cell.replace("?", f"'{value}'")).source)


@pytest.mark.parametrize("text", ["$pw", "${PW}", "{pw}", "%PW%", "{{a.b}}"])
def test_a_variable_is_a_value_only_with_literal(text: str) -> None:
    """A variable or a reference is not removed.

    With ``--literal``, the command stores the text of a variable as it is, so this text is an inline secret.
    """
    cell = f"%secret register x --key={text}"
    assert remove_inline_secrets(cell).inline_secrets == ()
    assert remove_inline_secrets(cell).source == cell
    if "{{" not in text:
        assert [secret.value for secret in remove_inline_secrets(f"{cell} --literal").inline_secrets] == [text]


def test_options_and_public_values_are_not_removed() -> None:
    """Options and public values are not removed from a malformed line.

    A public value belongs to a key that is not sensitive, such as ``username``. Commands that take no values are returned unchanged.
    """
    for cell in ("%secret gett x --key=name", "%secret list x --all = 1", "%stack lst --name=x"):
        assert remove_inline_secrets(cell).source is cell
    cell = "%secret register x -s basic_auth --username=me too --password=a b --wait"
    assert remove_inline_secrets(cell).source == "%secret register x -s basic_auth --username=me too --password --wait"


LINES = strategies.sampled_from(
    ["", "x = 1", "print('%secret register x --key=v')", "# é 🔑", "'''\n%zen --a=b\n'''", "%time x", "!ls --all"]
)
"""Lines without an inline secret."""
VALUES = strategies.text(strategies.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="'\\?"), min_size=1)
"""Values that can be typed between single quotes.

They are texts without single quotes, backslashes, ``?``, line ends and control characters.
"""


@settings(deadline=None)
@given(
    strategies.lists(LINES, max_size=3),
    VALUES,
    strategies.lists(LINES, max_size=3),
    strategies.sampled_from(["", "s = "]),
)
def test_the_rest_of_a_cell_stays_unchanged(lines_before: list[str], value: str, lines_after: list[str], assignment: str) -> None:
    """For any other lines and any value, only the value is removed."""
    # The letter `a` before the value prevents that the value is, for example, a reference or a file name.
    above, below = "".join(f"{line}\n" for line in lines_before), "".join(f"\n{line}" for line in lines_after)
    cleaned_cell = remove_inline_secrets(f"{above}{assignment}%secret register x --key='a{value}' --other={{{{a.b}}}}{below}")
    assert cleaned_cell.is_clean
    assert cleaned_cell.source == f"{above}{assignment}%secret register x --key --other={{{{a.b}}}}{below}"
    assert cleaned_cell.inline_secrets == (("x.key", f"a{value}"),)


def magics_of(cell: str) -> list[str]:
    """Return the calls of this package's magics in a cell.

    The words are sorted, because a bare key may move to the end of its line.
    """
    code = TransformerManager().transform_cell(cell)
    return list(_calls(code))


def _calls(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("run_"):
            words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if node.func.attr == "run_cell_magic":
                yield from _calls(TransformerManager().transform_cell(str(words[-1])))
            elif words[0] in {"secret", "zen"}:
                yield f"{words[0]} {' '.join(sorted(str(words[1]).split()))}"


def with_bare_keys(line: str) -> str:
    """Return a result of ``magics_of`` without the values, so that each key is bare."""
    words = [word.removesuffix("=?") for word in line.split() if word != "?"]
    return " ".join([words[0], *sorted(words[1:])])
