"""What a kernel is given to run: no value of it stays in memory, in the history, in a log or in what is saved of them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.notebook.cells.test_inline_secrets import MEANT, MISTYPED
from tests.support.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import CellResult, Kernel

pytestmark = pytest.mark.once

MEMORY = """
%secret guard off
print(In, _ih, [(name, value) for name, value in list(globals().items()) if name.startswith('_i')])
_manager = get_ipython().history_manager
print(_manager.input_hist_raw, _manager.db_input_cache, _manager.db_output_cache, [_manager._i00, _manager._i, _manager._ii, _manager._iii])
_session = _manager.session_number
print(list(_manager.get_range(_session, raw=True)), list(_manager.get_range(_session, raw=False)))
"""
"""Shows everything that a session remembers, as it is."""
REGISTER = """
from zensecrets_jupyter import ArbitrarySecretSchema, Client
Client().active_stack.secrets_manager.register_secret(ArbitrarySecretSchema(name='late', key=token))
"""
COMM = "zensecrets.guard"


def history_of(home: Path) -> Path:
    """Return the file in which a kernel keeps its history."""
    return home / "ipython" / "profile_default" / "history.sqlite"


def rows(home: Path) -> list[tuple[str, str]]:
    """Return what the history file holds, as typed and as transformed."""
    with closing(sqlite3.connect(history_of(home))) as connection:
        return connection.execute("SELECT source_raw, source FROM history ORDER BY session, line").fetchall()


def left_in(kernel: Kernel, home: Path) -> list[str]:
    """Return where canaries are: in the session's memory, in any file, in what the kernel echoes."""
    shown = kernel.run(MEMORY)
    assert shown.ok
    assert "In" in shown.stream("stdout") or "load_ext" in shown.stream("stdout")
    echoed = [message["content"]["code"] for message in kernel.record if message["msg_type"] == "execute_input"]
    places: dict[str, Any] = {"memory": shown.stream("stdout"), "files": home, "echo": "\n".join(echoed)}
    return [name for name, place in places.items() if find_canary(place)]


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
        *MEANT,
    ],
)
def test_a_literal_is_kept_nowhere(kernel: Kernel, tmp_path: Path, cell: str) -> None:
    """Registered or refused, readable or not: the value is in no variable, no history, no file and no echo."""
    kernel.run(cell.replace("?", canary("typed")))
    assert left_in(kernel, tmp_path) == []


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
def test_a_value_of_a_refused_call_is_kept_nowhere(kernel: Kernel, tmp_path: Path, call: str) -> None:
    """What is handed to a schema is known before it is checked: the traceback, which shows the line, and the history hold its mask."""
    kernel.run("""
from pydantic import field_validator
from zensecrets_jupyter import *
class Checked(BaseSecretSchema):
    TYPE = 'checked'
    key: str
    @field_validator('key')
    @classmethod
    def check(cls, key):
        raise RuntimeError('too bad: ' + key)
""")
    ran = kernel.run(call.replace("?", canary("refused")))
    assert not ran.ok
    assert not find_canary(json.dumps([message["content"] for message in ran.messages if message["msg_type"] != "execute_input"]))
    assert not find_canary(ran.error)
    assert set(left_in(kernel, tmp_path)) <= {"echo"}


def test_a_value_on_a_line_with_a_slip_is_kept_nowhere(kernel: Kernel, tmp_path: Path) -> None:
    """No error repeats it, not even that of a cell that is no Python; and what other clients see is clean too."""
    shown = {}
    for number, cell in enumerate(MISTYPED):
        ran = kernel.run(cell.replace("?", canary(f"slip{number}")))
        if found := find_canary(json.dumps([message["content"] for message in ran.messages])):
            shown[cell] = found
        if ":?" in cell:
            assert "--api_key has a ':' behind it. Write --api_key=VALUE." in ran.stream("stderr") + ran.error
    assert shown == {}
    assert left_in(kernel, tmp_path) == []


def test_no_word_of_a_passphrase_is_kept(kernel: Kernel, tmp_path: Path) -> None:
    """Typed without quotes, with blanks around the sign or without a dash: each of its words is out of memory, files and echoes."""
    shown = {}
    for before in ("%secret register x ", "!zensecrets secret register x "):
        for typed in ("--k=", "--k ", "--k = ", "-k=", "k=", "--k='"):
            words = " ".join(canary(label) for label in ("correct", "horse", "battery"))
            ran = kernel.run(f"{before}{typed}{words}")
            if found := find_canary(json.dumps([message["content"] for message in ran.messages])):
                shown[before + typed] = found
    assert shown == {}
    assert left_in(kernel, tmp_path) == []


def test_what_is_kept_is_the_line_without_the_value(kernel: Kernel, tmp_path: Path) -> None:
    """The history and other clients have the line with its bare keys, which asks for the values when it is run again."""
    ran = kernel.run(f"%secret register x --key={canary('typed')} --short=1")
    assert [m["content"]["code"] for m in ran.messages if m["msg_type"] == "execute_input"] == ["%secret register x --key --short"]
    kernel.run("1")
    line = "%secret register x --key --short"
    assert (line, "get_ipython().run_line_magic('secret', 'register x --key --short')") in rows(tmp_path)
    assert line in kernel.run("%history").stream("stdout").splitlines()


def test_without_the_guard_a_literal_is_everywhere(kernel: Kernel, tmp_path: Path) -> None:
    """With the guard off the same look finds it, so what it looks at does show leaks; on again, the guard cleans up."""
    kernel.run("%secret guard off")
    kernel.run(f"%secret register x --key={canary('typed')}")
    assert left_in(kernel, tmp_path) == ["memory", "files", "echo"]
    kernel.record.clear()
    kernel.run("%secret guard on")
    kernel.run("1")
    assert left_in(kernel, tmp_path) == []


@pytest.mark.parametrize("journal", ["delete", "wal", "persist"])
@pytest.mark.parametrize("cache", [0, 100])
def test_what_becomes_known_later_is_replaced_where_it_was_kept(tmp_path: Path, journal: str, cache: int) -> None:
    """A value that was typed before anything knew it is gone from memory, from rows that wait and from rows that are written."""
    with running_kernel(tmp_path, {"ZENSECRETS_PASSPHRASE": canary("passphrase")}) as kernel:
        kernel.run(f"get_ipython().history_manager.db_cache_size = {cache}")
        kernel.run(f"get_ipython().history_manager.db.execute('PRAGMA journal_mode = {journal}').fetchone()")
        kernel.run(f"token = '{canary('early')}'")
        kernel.run("%load_ext zensecrets_jupyter")
        kernel.run(f"again = '{canary('other')}'")
        ran = kernel.run(REGISTER + "Client().active_stack.secrets_manager.register_secret(ArbitrarySecretSchema(name='more', key=again))")
        assert "Warning: cell [3] holds the value of late.key" in ran.error
        assert "Warning: cell [5] holds the value of more.key" in ran.error
        kernel.run("get_ipython().history_manager.writeout_cache()")
        kernel.record.clear()
        assert left_in(kernel, tmp_path) == []
        assert ("token = '‹secret:late.key›'",) * 2 in rows(tmp_path)


def test_what_is_written_from_the_history_is_clean(kernel: Kernel, tmp_path: Path) -> None:
    """Logs of inputs and outputs, saved lines, notebooks and logged outputs hold no value, also none that was known too late."""
    folder = tmp_path / "written"
    folder.mkdir()
    kernel.run("get_ipython().history_manager.db_log_output = True")
    kernel.run(f"%logstart -o -r {folder}/raw.py")
    kernel.run(f"token = '{canary('early')}'")
    kernel.run("print(token)\ntoken")
    kernel.run(f"%secret register typed --key={canary('typed')}")
    kernel.run(REGISTER)
    kernel.run("token")
    kernel.run("1 / 0 if token else token")
    kernel.run(f"%save -r {folder}/saved.py 1-20")
    assert kernel.run(f"%notebook {folder}/saved.ipynb").ok
    assert kernel.run("%logstop").ok
    assert kernel.run(f"%logstart -o {folder}/late.py").ok
    kernel.run("f'{token} again'")
    assert {path.name for path in folder.iterdir()} == {"raw.py", "saved.py", "saved.ipynb", "late.py"}
    for path in folder.iterdir():
        assert "‹secret:late.key›" in path.read_text(encoding="utf-8").replace("\\u2039", "‹").replace("\\u203a", "›"), path
    kernel.record.clear()
    assert left_in(kernel, tmp_path) == []


def test_what_runs_again_runs_without_the_value(kernel: Kernel, tmp_path: Path) -> None:
    """%rerun and %recall have the line as the history has it."""
    value = canary("typed")
    kernel.run(f"%secret register x --key={value}")
    ran = kernel.run("%recall -")
    assert not find_canary(repr(ran.reply))
    kernel.run("%secret delete x -y")
    ran = kernel.run("%rerun 2", [canary("asked")])
    assert "Registered secret 'x'" in ran.stream("stdout")
    assert left_in(kernel, tmp_path) == []


def test_a_cell_that_holds_a_value_is_warned_about_by_name(kernel: Kernel) -> None:
    """One line, no error, names only; and what to do where nobody can take the value out."""
    value = canary("known")
    kernel.run(f"%secret register x --key={value}")
    ran = kernel.run(f"a = '{value}'\nb = '{value}'")
    assert ran.ok
    assert ran.error.splitlines() == [
        "Warning: this cell holds the value of x.key. Remove it and rotate the secret, because saved or shared copies may contain it."
    ]
    assert kernel.run("a == b").error == ""


def comm_of(kernel: Kernel) -> str:
    """Return the identity of the comm over which the guard is heard."""
    opened = [message["content"] for message in kernel.record if message["msg_type"] == "comm_open"]
    return next(str(content["comm_id"]) for content in opened if content["target_name"] == COMM)


def test_front_ends_are_talked_to_from_the_first_cell_of_somebody_on(tmp_path: Path) -> None:
    """An extension that was loaded while nobody was there begins to talk at the first cell of who is, and once."""
    with running_kernel(tmp_path) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter", allow_stdin=False).ok
        ran = [kernel.run("1", allow_stdin=somebody) for somebody in (False, True, True)]
    assert [[message["msg_type"] for message in one.messages].count("comm_open") for one in ran] == [0, 1, 0]


def told(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the guard tells the front ends in these messages, the status left out."""
    found = [message["content"]["data"] for message in messages if message["msg_type"] == "comm_msg"]
    return [data for data in found if data["kind"] != "status"]


def typed_in_a_cell(kernel: Kernel) -> CellResult:
    """Run a literal in a cell of a notebook."""
    return kernel.run(f"%secret register x --key={canary('typed')}", in_notebook=True)


def test_a_front_end_is_told_the_repaired_source_and_nothing_more(kernel: Kernel, tmp_path: Path) -> None:
    """It gets the cell's identity and its source without the value; once it says that it is done, so does a line under that very cell."""
    ran = typed_in_a_cell(kernel)
    assert told(ran.messages) == [
        {"kind": "repair", "cell_id": "of-a-notebook", "source": "%secret register x --key", "kept": ["%secret register x ", ""]}
    ]
    assert "Warning" not in ran.error
    published = kernel.read_messages(kernel.send_comm(comm_of(kernel), {"kind": "repaired", "cell_id": "of-a-notebook", "done": True}))
    assert not [message for message in published if message["msg_type"] == "stream"]
    kernel.run("1")
    line = next(message for message in reversed(kernel.record) if message["msg_type"] == "stream")
    assert line["content"]["text"] == "✔ The value of x.key was removed from this cell and from the history.\n"
    assert line["parent_header"]["msg_id"] == ran.reply_to
    assert left_in(kernel, tmp_path) == []


def test_every_cell_in_which_a_value_was_meant_is_repaired(kernel: Kernel) -> None:
    """The front end is told the cell without the value, also of a cell that is a SyntaxError, fails, or calls our program in a shell."""
    wrong = {}
    # Each of them is looked for in the history, above; every third is enough here.
    for cell in [*MEANT[::3], "if True: %secret register x --key=?"]:
        ran = kernel.run(cell.replace("?", canary("meant")), in_notebook=True)
        repairs = told(ran.messages)
        if [repair["kind"] for repair in repairs] != ["repair"] or find_canary(repairs[0]["source"]):
            wrong[cell] = repairs
        kernel.read_messages(kernel.send_comm(comm_of(kernel), {"kind": "repaired", "cell_id": "of-a-notebook", "done": True}))
    assert wrong == {}


def test_a_cell_that_no_front_end_repairs_is_warned_about(kernel: Kernel) -> None:
    """Where the comm was closed, by a front end that does not know it, the warning to rotate comes at once."""
    kernel.close_comm(comm_of(kernel))
    ran = typed_in_a_cell(kernel)
    assert "Warning: the value of x.key was typed in this cell, and is still there" in ran.error
    assert "rotate the secret" in ran.error
    assert told(ran.messages) == []


def test_a_front_end_that_does_not_answer_is_not_waited_for(kernel: Kernel) -> None:
    """A tab that was closed, or a cell that was changed meanwhile: after a while the warning comes, under the cell, and only once."""
    ran = typed_in_a_cell(kernel)
    kernel.send_comm(comm_of(kernel), {"kind": "repaired", "cell_id": "of-a-notebook", "done": False})
    line = kernel.read_late(ran.reply_to, "stream")
    assert line["content"]["text"].startswith("Warning: the value of x.key was typed in this cell, and is still there")
    kernel.send_comm(comm_of(kernel), {"kind": "repaired", "cell_id": "of-a-notebook", "done": True})
    assert kernel.run("1").error == ""


def test_the_status_is_told_when_it_changes_and_to_whoever_asks(kernel: Kernel) -> None:
    """Numbers only: on or off, how many values, how often one was masked."""
    comm = comm_of(kernel)

    def statuses(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [message["content"]["data"] for message in messages if message["msg_type"] == "comm_msg"]

    before = statuses(kernel.read_messages(kernel.send_comm(comm, {"kind": "hello"})))[-1]
    assert before.keys() == {"kind", "on", "values", "masked"}
    value = canary("known")
    assert statuses(kernel.run("1").messages) == []
    assert statuses(kernel.run(f"%secret register x --key={value}").messages)[-1]["values"] == before["values"] + 1
    assert statuses(kernel.run(f"print('{value}')").messages)[-1]["masked"] > before["masked"]
    assert statuses(kernel.run("%secret guard off").messages)[-1]["on"] is False
    for nonsense in ({}, {"kind": "repaired"}, {"kind": ["hello"]}, {"kind": "repaired", "cell_id": 1, "done": "yes"}):
        kernel.read_messages(kernel.send_comm(comm, nonsense))
    assert kernel.run("1").ok


def test_unloading_leaves_nothing_behind(kernel: Kernel) -> None:
    """The history manager, the logger and the kernel have their own methods again, and the comm is closed."""
    look = (
        "_s = get_ipython(); print([sorted({'store_inputs', 'store_output', 'writeout_cache', 'log', 'log_write', '_publish_execute_input'}"
        " & set(vars(_t))) for _t in (_s.history_manager, _s.logger, _s.kernel)], [_c.__qualname__ for _e in ('pre_run_cell',"
        " 'post_run_cell') for _c in _s.events.callbacks[_e] if 'zensecrets' in _c.__module__])"
    )
    assert "store_inputs" in kernel.run(look).stream("stdout")
    ran = kernel.run("%unload_ext zensecrets_jupyter")
    assert [message["content"]["comm_id"] for message in ran.messages if message["msg_type"] == "comm_close"] == [comm_of(kernel)]
    assert kernel.run(look).stream("stdout").strip() == "[[], [], []] []"
    assert kernel.run("%load_ext zensecrets_jupyter").ok
