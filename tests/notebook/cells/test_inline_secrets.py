"""Where our own magic lines stand in a cell, and the cell without the values on them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies
from IPython.core.inputtransformer2 import TransformerManager

from zensecrets_jupyter.notebook.cells.inline_secrets import remove_inline_secrets
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = "%secret register x --key=?"


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
def test_a_literal_is_gone_from_a_cell(cell: str) -> None:
    """Wherever IPython sees one of our magics, its value is taken out, and all the rest of the cell stays."""
    value = canary("cell")
    cleaned = remove_inline_secrets(cell.replace("?", value) if "x?" not in cell else cell.replace("=?", f"={value}"))
    assert cleaned.is_clear
    assert {secret.value for secret in cleaned.inline_secrets} == {value}
    assert not find_canary(cleaned.source)
    assert magics_of(cleaned.source) == [bare(line) for line in magics_of(cell)]


def test_what_moves_the_key_leaves_the_continued_lines_whole() -> None:
    """A name behind the value would become the value of a bare key, so the key goes to the end, over the end of a line too."""
    cleaned = remove_inline_secrets("%secret register --key=v \\\n   x \\\n -s arbitrary\n2")
    assert cleaned.source == "%secret register x \\\n -s arbitrary --key\n2"


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
def test_what_is_no_magic_of_ours_stays(cell: str) -> None:
    """A text that only looks like a magic is none; the very same object comes back."""
    cleaned = remove_inline_secrets(cell)
    assert cleaned.source is cell
    assert (cleaned.inline_secrets, cleaned.is_clear) == ((), True)


def test_a_magic_without_its_sign_is_one_where_ipython_says_so() -> None:
    """Automagic goes for a cell of one line, and for no assignment."""
    assert remove_inline_secrets("secret register x --key=v", automagic=True).source == "secret register x --key"
    assert remove_inline_secrets("zen secrets-manager secret register x --key=v\n", automagic=True).source.endswith("x --key\n")
    for cell in ("secret = 'register --key=v'", "secret == '--key=v'"):
        assert remove_inline_secrets(cell, automagic=True).source is cell


MEANT = [
    "%secret register x y --key=?",
    "%secret register x --key = ?",
    "%secret register x -key=?",
    "%secret register x key=?",
    "%secret register x --key ?",
    "%secret register x --key='?",
    '%secret register x --key="a ?',
    "%secret\tregister\tx\t--key=?",
    "% secret register x --key=?",
    "%%secret register x --key=?",
    "%secrets register x --key=?",
    "%zensecrets secret register x --key=?",
    "%secret regster x --key=?",
    "%secret register x \\\n  --key = ?",
    "%secret register x --key=correct horse ?",
    "%secret register x \u2014key=?",
    "x = 1\nsecret register x --key=?",
    "if True: %secret register x --key=?",
    "s = secret register x --key=?",
    "x %secret register x --key=?",
    "def f():\n    %secret register x --key=?\n  return",
    "%%capture\nsecret register x --key=?\n1",
    "%time %secret register x --key=?",
    "%timeit -n1 -r1 %secret register x --key=?",
    "%%capture\n%secret register x --key=?",
    "!zensecrets secret register x --key=?",
    "!!zensecrets secret register x --key=?",
    "o = !zensecrets secret register x --key=?",
    "!zensecrets secret register x --key=?;b&c",
    "!cd /tmp && zensecrets secret register x --key='?' | cat; ls",
    "%%bash\nzensecrets secret register x \\\n  --key=?\nls",
    "%%sh\nzensecrets secret register x --key=?",
    "%%script bash\nzensecrets secret register x --key=?",
    "%sx zensecrets secret register x --key=?",
    "%system zensecrets secret register x --key=?",
    "get_ipython().system('zensecrets secret register x --key=?')",
    "get_ipython().run_cell('%secret register x --key=?')",
    "get_ipython().run_line_magic('secret', 'register x --key=?')",
    "get_ipython().run_line_magic(\n 'secret', 'register x '\n '--key=?')",
    "get_ipython().run_cell_magic('time', '', '%secret register x --key=?')",
    "get_ipython().magic('secret register x --key=?')",
    "import os\nos.system(\"zensecrets secret register x --key='?'\")",
    "subprocess.run(['zensecrets', 'secret', 'register', 'x', '--key=?'])",
    "subprocess.run(['zensecrets', 'secret', 'register', 'x', '--key', '?'])",
    "subprocess.run(f'zensecrets secret register {x} --key=?')",
]
"""Cells in which `?` was meant as a value on a command line of ours, whether or not the cell or the command can be read."""


@pytest.mark.parametrize("cell", MEANT)
def test_what_was_meant_as_a_value_is_gone(cell: str) -> None:
    """Through a shell, a string or another magic, in a line without its sign or with a mistake: the value is taken out and known."""
    value = canary("meant")
    cleaned = remove_inline_secrets(cell.replace("?", value))
    assert cleaned.is_clear
    assert any(value in secret.value for secret in cleaned.inline_secrets)
    assert not find_canary(cleaned.source)
    assert "key" in cleaned.source
    for word in ("correct", "horse", "b&c"):
        assert word not in cleaned.source
    # Once without its values, the cell is what it will be when it runs again.
    assert remove_inline_secrets(cleaned.source).source == cleaned.source


MISTYPED = {
    '%secret register x --key="-----BEGIN\n?\n-----END"\nprint(1)': "%secret register x --key\nprint(1)",
    "x = 1\nsecret register x --key='-----BEGIN\n?\n\n-----END' -s arbitrary\n1": "x = 1\nsecret register x --key -s arbitrary\n1",
    "%secret register x --key='-----BEGIN\n?\n-----END": "%secret register x --key",
    "%secret register x --key='-----BEGIN\n?\n-----END' --other=\"a\nb?\"\n1": "%secret register x --key --other\n1",
    '!zensecrets secret register x --key="-----BEGIN\n?\n-----END"': "!zensecrets secret register x --key",
    "%secert register x --key=?": "%secert register x --key",
    "%secrt register x --key=?": "%secrt register x --key",
    "%%sceret register x --key=?": "%%sceret register x --key",
    "x = 1\nsecert register x --key=?": "x = 1\nsecert register x --key",
    "%time %secert regster x --key=?": "%time %secert regster x --key",
    "%zen secrets-manger secret register x --key=?": "%zen secrets-manger secret register x --key",
    "%zen secert register x --key=?": "%zen secert register x --key",
    "%zen anotator register a --flavor=label_studio --token=?": "%zen anotator register a --flavor=label_studio --token",
    "%secret register x --api_key:?": "%secret register x --api_key",
    "%secret register x \u2014-key=?": "%secret register x --key",
    "%secret register x -\u2014key=?": "%secret register x --key",
    "%secret register x \u2011\u2212key=?": "%secret register x --key",
    "%secret register \u2013-key=?": "%secret register --key",
    "zenml secret register x --key=?": "zenml secret register x --key",
    "!zenml secret register x --key=?": "!zenml secret register x --key",
    "zensecrets secret register x --key=?": "zensecrets secret register x --key",
    "%secret register x ?": "%secret register x",
    "%secret register x api_key '?' -s arbitrary": "%secret register x api_key -s arbitrary",
    "%secret register ? x": "%secret register x",
    "%secret register x -s arbitrary ?": "%secret register x -s arbitrary",
    "%secret --key=?": "%secret --key",
    "%secrett --key=?": "%secrett --key",
    "%stack register q -o default -a default -x default --token=?": "%stack register q -o default -a default -x default --token",
    "%stak update --token=?": "%stak update --token",
}
"""Cells with a slip of the fingers, in which `?` was meant as a value, and what is left of each."""


@pytest.mark.parametrize("cell", MISTYPED)
def test_a_value_is_gone_in_spite_of_a_slip(cell: str) -> None:
    """In a name, a dash or a sign, without a key, or in quotes over several lines: the value is taken out, known, and named nowhere."""
    value = canary("slip")
    cleaned = remove_inline_secrets(cell.replace("?", value))
    assert (cleaned.source, cleaned.is_clear) == (MISTYPED[cell], True)
    assert any(value in secret.value for secret in cleaned.inline_secrets)
    assert not find_canary("".join(secret.name for secret in cleaned.inline_secrets))
    assert remove_inline_secrets(cleaned.source).source == cleaned.source


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
def test_what_is_no_slip_of_ours_stays(cell: str) -> None:
    """Other magics, names, and a mistake in what takes no values."""
    assert remove_inline_secrets(cell).source is cell


@pytest.mark.parametrize("cell", ["%secret register x --key=?", "secret register x --key='? ?", "%time %secret register x y --key = ?"])
def test_a_long_value_is_taken_out_too(cell: str) -> None:
    """A value of many thousand characters, and blanks in a row, are no other matter."""
    value = canary("large") * 300 + " " * 5000 + "end"
    assert "end" not in remove_inline_secrets(cell.replace("?", value)).source
    assert not find_canary(remove_inline_secrets(cell.replace("?", f"'{value}'")).source)


@pytest.mark.parametrize("text", ["$pw", "${PW}", "{pw}", "%PW%", "{{a.b}}"])
def test_what_is_no_value_stays(text: str) -> None:
    """A variable and a reference are refused, and stand for a value that is somewhere else; with `--literal` they are the value."""
    cell = f"%secret register x --key={text}"
    assert remove_inline_secrets(cell).inline_secrets == ()
    assert remove_inline_secrets(cell).source == cell
    if "{{" not in text:
        assert [secret.value for secret in remove_inline_secrets(f"{cell} --literal").inline_secrets] == [text]


def test_nothing_is_guessed_of_what_takes_no_values() -> None:
    """A mistake in another command changes nothing, and own options and clear text of a schema stay where a value is taken out."""
    for cell in ("%secret gett x --key=name", "%secret list x --all = 1", "%stack lst --name=x"):
        assert remove_inline_secrets(cell).source is cell
    cell = "%secret register x -s basic_auth --username=me too --password=a b --wait"
    assert remove_inline_secrets(cell).source == "%secret register x -s basic_auth --username=me too --password --wait"


PYTHON = strategies.sampled_from(
    ["", "x = 1", "print('%secret register x --key=v')", "# é 🔑", "'''\n%zen --a=b\n'''", "%time x", "!ls --all"]
)
TEXT = strategies.text(strategies.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="'\\?"), min_size=1)


@settings(deadline=None)
@given(strategies.lists(PYTHON, max_size=3), TEXT, strategies.lists(PYTHON, max_size=3), strategies.sampled_from(["", "s = "]))
def test_nothing_else_of_a_cell_changes(before: list[str], value: str, after: list[str], target: str) -> None:
    """Between arbitrary lines, and with an arbitrary value, the cell is byte for byte what it was but for the value."""
    above, below = "".join(f"{line}\n" for line in before), "".join(f"\n{line}" for line in after)
    cleaned = remove_inline_secrets(f"{above}{target}%secret register x --key='a{value}' --other={{{{a.b}}}}{below}")
    assert cleaned.is_clear
    assert cleaned.source == f"{above}{target}%secret register x --key --other={{{{a.b}}}}{below}"
    assert cleaned.inline_secrets == (("x.key", f"a{value}"),)


def magics_of(cell: str) -> list[str]:
    """Return what IPython makes of a cell's magics of ours."""
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


def bare(line: str) -> str:
    """Return a call of a magic with the keys whose value is to be taken out."""
    words = [word.removesuffix("=?") for word in line.split() if word != "?"]
    return " ".join([words[0], *sorted(words[1:])])
