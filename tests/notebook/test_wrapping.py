"""Values in what is wrapped, folded and put into tables by libraries: a real kernel shows no piece of them, in no form of an output."""

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

pytestmark = pytest.mark.once

PIECE = 9
"""Characters of a value in a row that no output may show: lines of a narrow table hold few more."""

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

def table(width):
    found = Table(width=width)
    for name in ("key", "value"):
        found.add_column(name)
    found.add_row("a", token)
    found.add_row("b", words)
    found.add_row("c", url)
    return found

def fails(argument):
    raise ValueError("nothing in it")
"""

OUTPUTS = {
    "pprint": "pprint.pprint({'token': [token, token], 'words': words, 'url': url}, width=30)",
    "pprint of words": "pprint.pprint([words], width=16)",
    "pprint of bytes": "pprint.pprint(words.encode(), width=16)",
    "IPython's own": "[words, {token: url}, (token, words)]",
    "textwrap": "print(textwrap.fill(f'token {token} words {words}', 17, subsequent_indent='    '))",
    "rich.print": "rich.print({'token': token, 'words': [words, url]})",
    "rich.print of a text": "rich.print(f'token={token} words={words} {url}')",
    "rich JSON": "rich.print_json(json.dumps({'token': token, 'url': url}))",
    "rich table": "rich.print(table(30))",
    "rich table displayed": "table(30)",
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


def _words() -> str:
    return " ".join("".join(secrets.choice(string.ascii_lowercase + "XYZ789") for _ in range(8)) for _ in range(6))


@pytest.fixture
def values(tmp_path: Path) -> list[str]:
    """Return a long token, a passphrase of many words, and a password, which are in a file that the kernel reads."""
    values = ["".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(60)), _words(), secrets.token_urlsafe(15)]
    (tmp_path / "values.json").write_text(json.dumps(values))
    return values


def _texts(ran: CellResult) -> list[str]:
    """Return what each message of a cell shows, in each form: as it is sent, and as a person reads it over the lines of a table."""
    contents: list[dict[str, Any]] = [message["content"] for message in ran.messages if message["msg_type"] != "execute_input"]
    shown = [text for content in contents for text in (*content.get("data", {}).values(), content.get("text"))]
    sent = [text for text in shown if isinstance(text, str)]
    read = [unescape(re.sub(r"<[^>]*>|\x1b\[[0-9;]*m", "", text)) for text in sent]
    return [*sent, *read, *(re.sub(r"[\s│┃|┆'\"]", "", text) for text in read)]


def _seen(text: str, value: str) -> list[str]:
    """Return the pieces of a value that a text shows."""
    return [value[start : start + PIECE] for start in range(len(value) - PIECE + 1) if value[start : start + PIECE] in text]


def _leaks(ran: CellResult, values: list[str]) -> list[str]:
    token, words, password = values
    found = []
    for text in _texts(ran):
        found += [*_seen(text, token), *_seen(text, password), *(word for word in words.split() if word in text)]
    return found


def test_no_piece_of_a_value_is_shown(kernel: Kernel, values: list[str]) -> None:
    """However narrow a table is, and however a text is folded or coloured, a mask stands for the value."""
    assert kernel.run(SETUP).ok
    leaking, silent = {}, []
    for name, code in OUTPUTS.items():
        ran = kernel.run(code)
        assert ran.ok, (name, ran.error)
        if found := _leaks(ran, values):
            leaking[name] = found[:3]
        if "secret:wrapped." not in "".join(_texts(ran)):
            silent.append(name)
    assert (leaking, silent) == ({}, [])


def test_without_the_guard_pieces_are_shown(kernel: Kernel, values: list[str]) -> None:
    """The same with the guard off shows pieces in every output, so the test above can fail."""
    assert kernel.run(SETUP).ok
    kernel.run("%secret guard off")
    assert [name for name, code in OUTPUTS.items() if not _leaks(kernel.run(code), values)] == []
