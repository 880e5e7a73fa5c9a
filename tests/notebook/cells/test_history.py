"""Tests that no copy of a cell contains a value.

The copies are in memory, in the history, in logs, in saved files, and in messages to clients.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.notebook.cells.sample_cells import COMMAND_CELLS, MISTYPED_CELLS
from tests.notebook.cells.session_copies import find_leaks
from tests.support.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.one_python

REGISTER_TOKEN = """
from zensecrets_jupyter import ArbitrarySecretSchema, Client
Client().active_stack.secrets_manager.register_secret(ArbitrarySecretSchema(name='late', key=token))
"""
"""Code that registers, and so protects, the value of the variable ``token`` as secret ``late``."""


def history_rows(home: Path) -> list[tuple[str, str]]:
    """Return the rows of the history file: the source as typed, and the transformed source."""
    with closing(sqlite3.connect(home / "ipython" / "profile_default" / "history.sqlite")) as connection:
        return connection.execute("SELECT source_raw, source FROM history ORDER BY session, line").fetchall()


@pytest.mark.parametrize(
    "cell",
    [
        "%secret register x --key=?",
        "x = 1\ns = %secret register x --key ? \\\n  --other='? ?'\nx",
        "secret register x --key=?",
        "%zen secrets-manager secret register x --key=?",
        "%zen alerter register a --flavor=slack --slack_token=?",
        "%secret register x y --key=?",
        "%secret regster x --key=?",
        "%secret register x --key='?",
        "%secret update nothing --key=?",
        *COMMAND_CELLS,
    ],
)
def test_no_copy_of_a_cell_contains_its_inline_secret(kernel: Kernel, tmp_path: Path, cell: str) -> None:
    """No variable, history, file or message contains the inline secret of a cell.

    Some of the command lines are malformed.
    """
    kernel.run(cell.replace("?", canary("typed")))
    assert find_leaks(kernel, tmp_path) == []


@pytest.mark.parametrize(
    "call",
    [
        "ArbitrarySecretSchema(name='bad name', key='?')",
        "ArbitrarySecretSchema(name='x', **{'bad key': '?'})",
        "ArbitrarySecretSchema(name='x', name2={'a': ['?']})",
        "ArbitrarySecretSchema('x', '?')",
        "ArbitrarySecretSchema(arbitrary_kv_pairs={'key': '?'})",
        "AWSSecretSchema(name='x', wrong='?')",
        "AWSSecretSchema(name='x', aws_access_key_id='?')",
        "BasicAuthSecretSchema(name='x y', username='u', password='?')",
        "AWSSecretSchema.from_content('x', {'wrong': '?'})",
        "AWSSecretSchema.model_validate({'name': 'x', 'wrong': '?'})",
        'AWSSecretSchema.model_validate_json(\'{"name": "x", "wrong": "?"}\')',
        "Client().secrets_manager.register_secret(ArbitrarySecretSchema(name='bad name', k='?'))",
        "Checked(name='x', key='?')",
    ],
)
def test_no_output_shows_the_value_of_a_failed_schema_call(kernel: Kernel, tmp_path: Path, call: str) -> None:
    """The traceback and the history contain the mask of an invalid value.

    A value is protected before its schema validates it.
    """
    kernel.run("""
from pydantic import field_validator
from zensecrets_jupyter import *
class Checked(BaseSecretSchema):
    TYPE = 'checked'
    key: str
    @field_validator('key')
    @classmethod
    def check(cls, key):
        raise RuntimeError('invalid: ' + key)
""")
    result = kernel.run(call.replace("?", canary("refused")))
    assert not result.ok
    assert not find_canary(json.dumps([message["content"] for message in result.messages if message["msg_type"] != "execute_input"]))
    assert not find_canary(result.error)
    # The echo is sent before the cell runs, and so before its value is protected. Therefore the echo may contain the value.
    assert set(find_leaks(kernel, tmp_path)) <= {"echo"}


def test_no_error_shows_a_value_after_a_typing_error(kernel: Kernel, tmp_path: Path) -> None:
    """No error and no copy of the cell contains the value.

    Some of the cells cause a SyntaxError.
    """
    leaks = {}
    for number, cell in enumerate(MISTYPED_CELLS):
        result = kernel.run(cell.replace("?", canary(f"mistyped{number}")))
        if canaries := find_canary(json.dumps([message["content"] for message in result.messages])):
            leaks[cell] = canaries
        # These cells have the typing error `--api_key:VALUE`.
        if ":?" in cell:
            assert "There is a ':' after --api_key. Write --api_key=VALUE." in result.stream("stderr") + result.error
    assert leaks == {}
    assert find_leaks(kernel, tmp_path) == []


def test_no_copy_contains_a_word_of_an_unquoted_passphrase(kernel: Kernel, tmp_path: Path) -> None:
    """Each word of a passphrase without quotes is removed.

    Some of the lines have spaces around ``=``, lack a dash, or lack the closing quote.
    """
    leaks = {}
    for command in ("%secret register x ", "!zensecrets secret register x "):
        for option in ("--k=", "--k ", "--k = ", "-k=", "k=", "--k='"):
            words = " ".join(canary(label) for label in ("correct", "horse", "battery"))
            result = kernel.run(f"{command}{option}{words}")
            if canaries := find_canary(json.dumps([message["content"] for message in result.messages])):
                leaks[command + option] = canaries
    assert leaks == {}
    assert find_leaks(kernel, tmp_path) == []


def test_a_variable_hides_only_the_magic_of_its_name(kernel: Kernel, tmp_path: Path) -> None:
    """With a variable ``stack``, the magic ``%secret`` still needs no ``%``, and its line is cleaned."""
    kernel.run("stack = 1")
    value = canary("automagic")
    assert kernel.run(f"secret register mine --key={value}").ok
    assert "mine" in kernel.run("%secret list").displayed_data()[0]
    # Without the cleaning, the line would end with the mask of the value.
    assert kernel.run("get_ipython().history_manager.input_hist_raw[3]").displayed_data() == ["'secret register mine --key'"]
    assert find_canary(tmp_path) == []


def test_the_history_contains_the_cleaned_line(kernel: Kernel, tmp_path: Path) -> None:
    """The history and the echo to the clients contain the line with bare keys.

    A bare key is a key without a value. The value ``1`` is too short to be masked, but it is removed too.
    """
    line = "%secret register x --key --short"
    result = kernel.run(f"%secret register x --key={canary('typed')} --short=1")
    assert [message["content"]["code"] for message in result.messages if message["msg_type"] == "execute_input"] == [line]
    kernel.run("1")
    assert (line, "get_ipython().run_line_magic('secret', 'register x --key --short')") in history_rows(tmp_path)
    assert line in kernel.run("%history").stream("stdout").splitlines()


def test_all_copies_contain_an_inline_secret_without_the_guard(kernel: Kernel, tmp_path: Path) -> None:
    """With the guard off, all copies contain the value.

    The guard cleans the copies when it is on again.
    """
    kernel.run("%secret guard off")
    kernel.run(f"%secret register x --key={canary('typed')}")
    assert find_leaks(kernel, tmp_path) == ["memory", "files", "echo"]
    # The echo that was sent while the guard was off can't be cleaned.
    kernel.record.clear()
    kernel.run("%secret guard on")
    kernel.run("1")
    assert find_leaks(kernel, tmp_path) == []


@pytest.mark.parametrize("journal_mode", ["delete", "wal", "persist"])
@pytest.mark.parametrize("cache_size", [0, 100])
def test_a_value_that_is_protected_later_is_masked_in_all_copies(tmp_path: Path, journal_mode: str, cache_size: int) -> None:
    """The value of an earlier cell is masked in memory and in the history file.

    It is also masked in the rows that IPython has not written to the file yet. IPython collects ``cache_size`` rows before it writes them.
    """
    with running_kernel(tmp_path, {"ZENSECRETS_PASSPHRASE": canary("passphrase")}) as kernel:
        kernel.run(f"get_ipython().history_manager.db_cache_size = {cache_size}")
        kernel.run(f"get_ipython().history_manager.db.execute('PRAGMA journal_mode = {journal_mode}').fetchone()")
        kernel.run(f"token = '{canary('early')}'")
        kernel.run("%load_ext zensecrets_jupyter")
        kernel.run(f"again = '{canary('other')}'")
        result = kernel.run(
            REGISTER_TOKEN + "Client().active_stack.secrets_manager.register_secret(ArbitrarySecretSchema(name='more', key=again))"
        )
        assert "Warning: cell [3] holds the value of late.key" in result.error
        assert "Warning: cell [5] holds the value of more.key" in result.error
        kernel.run("get_ipython().history_manager.writeout_cache()")
        # The echoes of the earlier cells were sent before their values were protected.
        kernel.record.clear()
        assert find_leaks(kernel, tmp_path) == []
        # The source as typed and the transformed source are the same.
        assert ("token = '‹secret:late.key›'",) * 2 in history_rows(tmp_path)


def test_files_written_from_the_history_contain_no_value(kernel: Kernel, tmp_path: Path) -> None:
    """Logs, saved lines, exported notebooks and logged outputs contain masks.

    This is also true for the variable ``token``, whose value is protected after it was written.
    """
    folder = tmp_path / "written"
    folder.mkdir()
    kernel.run("get_ipython().history_manager.db_log_output = True")
    kernel.run(f"%logstart -o -r {folder}/raw.py")
    kernel.run(f"token = '{canary('early')}'")
    kernel.run("print(token)\ntoken")
    kernel.run(f"%secret register typed --key={canary('typed')}")
    kernel.run(REGISTER_TOKEN)
    kernel.run("token")
    kernel.run("1 / 0 if token else token")
    kernel.run(f"%save -r {folder}/saved.py 1-20")
    assert kernel.run(f"%notebook {folder}/saved.ipynb").ok
    assert kernel.run("%logstop").ok
    assert kernel.run(f"%logstart -o {folder}/late.py").ok
    kernel.run("f'{token} again'")
    assert {path.name for path in folder.iterdir()} == {"raw.py", "saved.py", "saved.ipynb", "late.py"}
    for path in folder.iterdir():
        # The notebook is JSON, which escapes the brackets of a mask.
        assert "‹secret:late.key›" in path.read_text(encoding="utf-8").replace("\\u2039", "‹").replace("\\u203a", "›"), path
    # The echo of an earlier cell was sent before its value was protected.
    kernel.record.clear()
    assert find_leaks(kernel, tmp_path) == []


def test_rerun_and_recall_use_the_cleaned_line(kernel: Kernel, tmp_path: Path) -> None:
    """``%recall`` returns the cleaned line, and ``%rerun`` prompts for the value of its bare key."""
    value = canary("typed")
    kernel.run(f"%secret register x --key={value}")
    # If its argument is not a range, `%recall` searches the history for a line that contains the argument.
    result = kernel.run("%recall -")
    assert not find_canary(repr(result.reply))
    kernel.run("%secret delete x -y")
    result = kernel.run("%rerun 2", [canary("asked")])
    assert "Registered secret 'x'" in result.stream("stdout")
    assert find_leaks(kernel, tmp_path) == []


def test_a_cell_with_a_protected_value_causes_a_warning(kernel: Kernel) -> None:
    """The cell runs, and one warning line contains the name of the value once."""
    value = canary("known")
    kernel.run(f"%secret register x --key={value}")
    result = kernel.run(f"a = '{value}'\nb = '{value}'")
    assert result.ok
    assert result.error.splitlines() == [
        "Warning: this cell holds the value of x.key. Remove it and rotate the secret, because saved or shared copies may contain it."
    ]
    assert kernel.run("a == b").error == ""
