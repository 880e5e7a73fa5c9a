"""Tests that no output of a kernel shows a part of a wrapped value.

Libraries break a long value into several lines, also within a cell of a table.
"""

from __future__ import annotations

import json
import re
import secrets
import string
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import CellResult, Kernel

# CI runs these slow tests with one version of Python only.
pytestmark = pytest.mark.one_python

PART_LENGTH = 9
"""The number of consecutive characters of a value that no output may show.

It is small, because a line of a narrow table shows only slightly more characters of a value.
"""

SETUP = """
import json, pprint, textwrap, logging
import pandas, polars, rich
from rich.columns import Columns
from rich.console import Console
from rich.logging import RichHandler
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.tree import Tree
from zensecrets_jupyter import ArbitrarySecretSchema, Client
token, words, password = json.load(open("values.json"))
content = {"token": token, "words": words, "password": password}
Client().active_stack.secrets_manager.register_secret(ArbitrarySecretSchema(name="wrapped", arbitrary_kv_pairs=content))
url = f"https://ada:{password}@db.example.com/sales"
data = {"a": [token, "x"], "b": [words, "y"]}

def make_table(width):
    table = Table(width=width)
    for name in ("key", "value"):
        table.add_column(name)
    table.add_row("a", token)
    table.add_row("b", words)
    table.add_row("c", url)
    return table

def fails(argument):
    raise ValueError("nothing in it")
"""
"""Code that registers the values and defines the variables of OUTPUTS."""

OUTPUTS = {
    "pprint": "pprint.pprint({'token': [token, token], 'words': words, 'url': url}, width=30)",
    "pprint of words": "pprint.pprint([words], width=16)",
    "pprint of bytes": "pprint.pprint(words.encode(), width=16)",
    "IPython's own": "[words, {token: url}, (token, words)]",
    "textwrap": "print(textwrap.fill(f'token {token} words {words}', 17, subsequent_indent='    '))",
    "rich.print": "rich.print({'token': token, 'words': [words, url]})",
    "rich.print of a text": "rich.print(f'token={token} words={words} {url}')",
    "rich JSON": "rich.print_json(json.dumps({'token': token, 'url': url}))",
    "rich table": "rich.print(make_table(30))",
    "rich table displayed": "make_table(30)",
    "rich console": "Console(width=20, force_jupyter=False).print(f'token is {token} and {words}')",
    "rich panel": "rich.print(Panel(f'{token} {words}', width=26))",
    "rich tree": "tree = Tree('all'); tree.add(token).add(words); rich.print(tree)",
    "rich columns": "rich.print(Columns([token, words, 'a', 'b']))",
    "rich code": "rich.print(Syntax(f'token = {token!r}', 'python', line_numbers=True, word_wrap=True, code_width=24))",
    "rich locals": """
try:
    fails(token)
except ValueError:
    Console(width=50).print_exception(show_locals=True)
""",
    "rich log": """
logger = logging.getLogger("wrapped")
logger.propagate = False
logger.handlers = [RichHandler(console=Console(width=60))]
logger.warning("token %s and %s", token, words)
""",
    "polars": "polars.DataFrame(data)",
    "polars printed": "print(polars.DataFrame(data))",
    "polars narrow": "with polars.Config(tbl_width_chars=40, fmt_str_lengths=100): print(polars.DataFrame(data))",
    "polars list": "with polars.Config(fmt_str_lengths=100): print(polars.DataFrame({'all': [[token, words]]}))",
    "polars glimpse": "polars.DataFrame(data).glimpse()",
    "polars series": "polars.Series('a', [token, words])",
    "pandas": "pandas.DataFrame(data)",
    "pandas printed": "with pandas.option_context('display.width', 30, 'display.max_colwidth', 20): print(pandas.DataFrame(data))",
}
"""Code that outputs values, by the name of the library or function."""


def _words() -> str:
    """Return a passphrase of six random words of eight characters, separated by spaces."""
    return " ".join("".join(secrets.choice(string.ascii_lowercase + "XYZ789") for _ in range(8)) for _ in range(6))


@pytest.fixture
def values(tmp_path: Path) -> list[str]:
    """Return a long token, a passphrase of several words, and a password.

    They are also in a file for the kernel.
    """
    values = ["".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(60)), _words(), secrets.token_urlsafe(15)]
    (tmp_path / "values.json").write_text(json.dumps(values))
    return values


def _texts(result: CellResult) -> list[str]:
    """Return the texts of a cell's messages in three versions.

    The versions are the text as sent, the text without HTML tags and colors, and the latter without white space, table borders and quotes.
    """
    contents: list[dict[str, Any]] = [message["content"] for message in result.messages if message["msg_type"] != "execute_input"]
    contents_of_messages = [text for content in contents for text in (*content.get("data", {}).values(), content.get("text"))]
    sent_texts = [text for text in contents_of_messages if isinstance(text, str)]
    plain_texts = [unescape(re.sub(r"<[^>]*>|\x1b\[[0-9;]*m", "", text)) for text in sent_texts]
    return [*sent_texts, *plain_texts, *(re.sub(r"[\s│┃|┆'\"]", "", text) for text in plain_texts)]


def _visible_parts(text: str, value: str) -> list[str]:
    """Return the parts of a value, PART_LENGTH characters each, that a text contains."""
    starts = range(len(value) - PART_LENGTH + 1)
    return [value[start : start + PART_LENGTH] for start in starts if value[start : start + PART_LENGTH] in text]


def _leaks(result: CellResult, values: list[str]) -> list[str]:
    """Return the parts of values that the output of a cell shows.

    Of the passphrase, whole words are searched for.
    """
    token, words, password = values
    leaks = []
    for text in _texts(result):
        leaks += [*_visible_parts(text, token), *_visible_parts(text, password), *(word for word in words.split() if word in text)]
    return leaks


def test_no_part_of_a_value_is_shown(kernel: Kernel, values: list[str]) -> None:
    """Wrapped, colored and narrow output contains masks, and no part of a value."""
    assert kernel.run(SETUP).ok
    leaks_by_output, outputs_without_mask = {}, []
    for name, code in OUTPUTS.items():
        result = kernel.run(code)
        assert result.ok, (name, result.error)
        if leaks := _leaks(result, values):
            leaks_by_output[name] = leaks[:3]
        if "secret:wrapped." not in "".join(_texts(result)):
            outputs_without_mask.append(name)
    assert (leaks_by_output, outputs_without_mask) == ({}, [])


def test_parts_of_values_are_shown_without_the_guard(kernel: Kernel, values: list[str]) -> None:
    """With the guard off, every output shows parts of values.

    This shows that the test of the masked output can fail.
    """
    assert kernel.run(SETUP).ok
    kernel.run("%secret guard off")
    assert [name for name, code in OUTPUTS.items() if not _leaks(kernel.run(code), values)] == []
