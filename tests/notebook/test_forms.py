"""Forms in a real kernel, driven by the messages of a notebook: questions, refused messages, and outcomes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from nacl.public import PrivateKey

from tests.support.forms import FormClient
from tests.support.kernels import running_kernel
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.once

REGISTER = "%secret register cloud --schema=aws"


@pytest.fixture(autouse=True)
def _no_value_in_any_message(kernel: Kernel) -> Iterator[None]:
    """Check that no message in either direction contains a value."""
    yield
    assert find_canary(repr(kernel.record)) == []


def open_form(kernel: Kernel, code: str) -> FormClient:
    """Run a cell of a notebook, and return its form."""
    return FormClient(kernel, kernel.run(code, in_notebook=True))


def content_of(kernel: Kernel, name: str) -> dict[str, str]:
    """Return the content of a secret; the kernel writes it to a file, because messages are recorded."""
    ran = kernel.run(
        f"import json, pathlib, zensecrets_jupyter as zs\n"
        f"found = pathlib.Path('found.json')\n"
        f"_ = found.write_text(json.dumps(zs.Client().get_secret({name!r}).content)); str(found.absolute())"
    )
    assert ran.ok, ran.error
    path = Path(ran.shown()[0].strip("'"))
    content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    return content


def names(kernel: Kernel) -> str:
    """Return the table of secrets."""
    return kernel.run("%secret list").shown()[0]


def test_a_form_registers_a_secret_and_shrinks_to_a_line(kernel: Kernel) -> None:
    """The cell ends at once; the form names the secret and its manager; a line replaces it, also in the output."""
    first, second = canary("1"), canary("2")
    form = open_form(kernel, REGISTER)
    assert form.state["title"] == "cloud → default (local)"
    assert form.state["verb"] == "Register"
    fields = form.state["sections"][0]["fields"]
    assert [(field["key"], field["required"]) for field in fields] == [
        ("aws_access_key_id", True),
        ("aws_secret_access_key", True),
        ("aws_session_token", False),
    ]
    form.submit({"aws_access_key_id": first, "aws_secret_access_key": second})
    line = "✔ registered cloud (2 keys) in default (local)"
    assert (form.state["phase"], form.state["line"]) == ("done", line)
    assert form.updates == [{"text/plain": line}]
    assert content_of(kernel, "cloud") == {"aws_access_key_id": first, "aws_secret_access_key": second}


def test_a_later_cell_says_that_the_form_is_waiting(kernel: Kernel) -> None:
    """An error for a missing secret names the form that waits for it, until the form ends."""
    form = open_form(kernel, REGISTER)
    for code in ("%secret get cloud", "import zensecrets_jupyter as zs; zs.Client().get_secret('cloud')"):
        assert "The form of cell [2] is waiting for its values: fill it in, then run this again." in kernel.run(code).error
    form.send({"kind": "cancel"})
    assert "waiting" not in kernel.run("%secret get cloud").error
    assert "Cancelled: register cloud" in form.state["line"]
    assert form.updates[0]["text/plain"] == form.state["line"]


def test_an_update_keeps_what_is_left_empty(kernel: Kernel) -> None:
    """Stored keys are displayed as set, an empty field keeps the value, and keys can be removed or added."""
    old, new, more = canary("old"), canary("new"), canary("more")
    form = open_form(kernel, "%secret register mine")
    form.submit({"a": old, "b": old, "c": old})
    form = open_form(kernel, "%secret update mine -i")
    assert [(field["key"], field["present"], field["removable"]) for field in form.state["sections"][0]["fields"]] == [
        ("a", "set", True),
        ("b", "set", True),
        ("c", "set", True),
    ]
    form.submit({"b": new, "d": more}, removed=["c"])
    assert form.state["line"] == "✔ updated mine (3 keys) in default (local)"
    assert content_of(kernel, "mine") == {"a": old, "b": new, "d": more}


def test_register_secrets_is_one_form_with_a_section_for_each_secret(kernel: Kernel) -> None:
    """The form asks for missing keys, each field names the attributes that need it, and --all includes stored keys."""
    kernel.run("%zen annotator register labels --flavor=label_studio --authentication_secret={{studio.key}}")
    kernel.run("%zen alerter register chat --flavor=slack --slack_token={{chat.token}} --default_slack_channel_id={{chat.room}}")
    kernel.run("%stack update -an labels -al chat")
    chat = open_form(kernel, "%secret register chat --token")
    assert [section["title"] for section in chat.state["sections"]] == [""], "the form's title says it"
    chat.submit({"token": canary("t")})
    form = open_form(kernel, "%stack register-secrets")
    asked = [(section["title"], [field["key"] for field in section["fields"]]) for section in form.state["sections"]]
    assert asked == [("chat", ["room"]), ("studio", ["key"])]
    assert form.state["sections"][1]["fields"][0]["needed_by"] == ["annotator 'labels'.authentication_secret"]
    form.submit({"room": canary("r")}, {"key": canary("k")})
    assert form.state["line"] == "✔ registered chat (1 key), studio (1 key) in default (local)"
    assert "valid" in kernel.run("%stack validate").shown()[0]
    everything = open_form(kernel, "%stack register-secrets --all")
    assert [len(section["fields"]) for section in everything.state["sections"]] == [2, 1]
    kernel.run("%secret delete studio -y")
    alone = open_form(kernel, "%stack register-secrets")
    assert [section["title"] for section in alone.state["sections"]] == ["studio"]


def test_a_failed_submission_keeps_the_values(kernel: Kernel) -> None:
    """The kernel keeps accepted values, so that the form can be submitted again after the cause is removed."""
    value = canary()
    form = open_form(kernel, "%secret register cloud --token")
    open_form(kernel, "%secret register cloud --token").submit({"token": canary("other")})
    form.submit({"token": value})
    assert form.state["phase"] == "open"
    assert "exists already" in form.state["problem"]
    assert form.state["sections"][0]["fields"][0]["held"] is True
    kernel.run("%secret delete cloud -y")
    form.submit({})
    assert form.state["phase"] == "done"
    assert content_of(kernel, "cloud") == {"token": value}


def test_an_update_of_a_deleted_secret_is_refused(kernel: Kernel) -> None:
    """An update of a deleted secret registers nothing, and the form shows the problem."""
    open_form(kernel, "%secret register mine --a").submit({"a": canary("old")})
    form = open_form(kernel, "%secret update mine --a")
    kernel.run("%secret delete mine -y")
    form.submit({"a": canary("new")})
    assert "There is no secret 'mine'" in form.state["problem"]
    assert form.state["phase"] == "open"
    assert "mine" not in names(kernel)


TYPED: list[tuple[str, Callable[[], dict[str, str]], str]] = [
    ("nothing", dict, "A value is required."),
    ("NUL", lambda: {"aws_access_key_id": canary() + chr(0)}, "NUL"),
    ("a mebibyte", lambda: {"aws_access_key_id": canary() * 2**16}, "64 KiB"),
]


@pytest.mark.parametrize(("_what", "typed", "told"), TYPED, ids=[row[0] for row in TYPED])
def test_the_kernel_repeats_the_checks_of_the_browser(kernel: Kernel, _what: str, typed: Callable[[], dict[str, str]], told: str) -> None:
    """The kernel repeats the checks of the browser: the field shows the problem, and nothing is registered in part."""
    form = open_form(kernel, REGISTER)
    form.submit({"aws_secret_access_key": canary("s"), **typed()})
    assert told in form.state["sections"][0]["fields"][0]["problem"]
    assert form.state["sections"][0]["fields"][1]["held"] is True
    assert "cloud" not in names(kernel)


INVALID_SUBMISSIONS: list[tuple[str, dict[str, Any]]] = [
    ("a key twice", {"sections": [{"values": [["a", canary("1")], ["a", canary("2")]], "removed": []}]}),
    ("a key called name", {"sections": [{"values": [["name", canary("1")]], "removed": []}]}),
    ("a malformed key", {"sections": [{"values": [["a b", canary("1")]], "removed": []}]}),
    ("no key at all", {"sections": [{"values": [], "removed": []}]}),
    ("an unknown section", {"sections": [{"values": [], "removed": []}, {"values": [["a", canary("1")]], "removed": []}]}),
    ("another form's", {"form": "another", "sections": [{"values": [["a", canary("1")]], "removed": []}]}),
    ("an earlier attempt's", {"attempt": 7, "sections": [{"values": [["a", canary("1")]], "removed": []}]}),
    ("half a character", {"sections": [{"values": [["a", canary("1") + chr(0xD800)]], "removed": []}]}),
    ("no text", {"sections": [{"values": [["a", 1]], "removed": []}]}),
    ("no object", {"sections": 3}),
]


@pytest.mark.parametrize(("_what", "changes"), INVALID_SUBMISSIONS, ids=[row[0] for row in INVALID_SUBMISSIONS])
def test_invalid_submissions_are_refused(kernel: Kernel, _what: str, changes: dict[str, Any]) -> None:
    """An invalid submission is refused with a reason; the form stays open with a new key, and nothing is registered."""
    form = open_form(kernel, "%secret register mine")
    key = form.state["key"]
    form.submit(**changes)
    assert form.state["phase"] == "open"
    problems = [form.state["problem"], *(field["problem"] for field in form.state["sections"][0]["fields"])]
    assert any(problems)
    assert form.state["key"] != key
    assert "mine" not in names(kernel)


def test_forged_and_replayed_messages_are_refused(kernel: Kernel) -> None:
    """A message that is forged, sealed to another key, or sent twice is refused, and the kernel's log says so."""
    kernel.run("import logging, pathlib; get_ipython().kernel.log.addHandler(logging.FileHandler('refusals.log'))")
    log = Path(kernel.run("str(pathlib.Path('refusals.log').absolute())").shown()[0].strip("'"))
    form = open_form(kernel, "%secret register mine")
    good = {"form": form.id, "attempt": 0, "sections": [{"values": [["a", canary()]], "removed": []}], "passphrase": None}
    other = base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()
    first = form.state["key"]
    for sealed in (form.seal(good, other), "AAAA", "no base64!", None, 5, base64.b64encode(b"x" * 100).decode()):
        form.send({"kind": "submit", "sealed": sealed})
        assert form.state["problem"].startswith("The submission could not be read")
    # Sealed to the key that was there first: it was used up by the message before.
    form.send({"kind": "submit", "sealed": form.seal({**good, "attempt": form.state["attempt"]}, first)})
    assert form.state["phase"] == "open"
    message = {"kind": "submit", "sealed": form.seal({**good, "attempt": form.state["attempt"]})}
    form.send(message)
    assert form.state["phase"] == "done"
    form.send(message)
    form.send({"kind": "cancel"})
    form.send({"kind": "nonsense"})
    assert form.state["line"] == "✔ registered mine (1 key) in default (local)"
    assert names(kernel).count("mine") == 1
    told = log.read_text(encoding="utf-8").splitlines()
    assert len([line for line in told if "a message was refused, since it" in line]) == 7
    assert len([line for line in told if "a message was refused, since the form was closed before it arrived" in line]) == 3
    assert find_canary(log) == []


INVALID_MESSAGES: list[object] = [
    None, 5, "text", [], ["custom"], {}, {"method": None}, {"method": ["custom"]}, {"method": "custom"}, {"method": "update"},
    *({"method": "custom", "content": content} for content in (None, 5, "text", ["submit"], {}, {"kind": None}, {"kind": ["submit"]})),
    *({"method": "update", "state": state} for state in (5, ["form"], {"form": {"phase": "done"}}, {"_esm": "alert()"})),
]  # fmt: skip
"""Invalid messages to a form: no mappings, unknown kinds, and states, which only the kernel sets."""


def test_invalid_messages_are_refused_in_one_line(kernel: Kernel, tmp_path: Path) -> None:
    """Nothing is displayed, the kernel's log has a line for each, and the form and the guard keep working."""
    form = open_form(kernel, REGISTER)
    guard = next(
        message["content"]["comm_id"]
        for message in kernel.record
        if message["msg_type"] == "comm_open" and message["content"]["target_name"] == "zensecrets.guard"
    )
    for comm, data in [*((form.id, data) for data in INVALID_MESSAGES), *((guard, data) for data in (*INVALID_MESSAGES[:6], OUTPUTS))]:
        published = kernel.read_messages(kernel.send_comm(comm, data))
        assert [message["msg_type"] for message in published] == ["status", "status"], data
    told = (tmp_path / "kernel.log").read_text(encoding="utf-8")
    assert told.count("The form of cell [2]: a message of an unknown kind was refused.") == len(INVALID_MESSAGES)
    assert "Traceback" not in told
    form.submit({"aws_access_key_id": canary("1"), "aws_secret_access_key": canary("2")})
    assert form.state["phase"] == "done"


OUTPUTS: dict[str, object] = {"kind": "outputs", "outputs": [None, 5, {"output": {}}, {"cell_id": "a", "index": 0}]}


def test_a_waiting_cell_goes_on_after_its_form(kernel: Kernel) -> None:
    """With --wait, the code after the magic has the secret; a cancelled form ends the cell with one line."""
    identity = kernel.start("%secret register mine --a --wait\nfound = %secret get mine")
    form = FormClient(kernel, kernel.read_until(identity, "display_data"))
    form.submit_while(identity, {"a": canary()})
    assert "‹secret:mine.a›" in kernel.run("found").shown()[0]
    identity = kernel.start("%secret register other --a --wait\nprint('reached')")
    form = FormClient(kernel, kernel.read_until(identity, "display_data"))
    messages = form.send_while(identity, {"kind": "cancel"})
    told = "".join(message["content"]["text"] for message in messages if message["msg_type"] == "stream")
    assert "UsageError: Cancelled: register other → default (local); nothing was changed." in told
    assert "reached" not in told


def test_a_form_in_python_is_awaited(kernel: Kernel) -> None:
    """`await SecretForm(…)` returns the secret; the form of an existing secret updates it."""
    identity = kernel.start("import zensecrets_jupyter as zs\nsecret = await zs.SecretForm('hub', schema='huggingface')")
    form = FormClient(kernel, kernel.read_until(identity, "display_data"))
    assert form.state["sections"][0]["note"] == "schema huggingface"
    form.submit_while(identity, {"token": canary()})
    assert kernel.run("secret.token").shown() == ["'‹secret:hub.token›'"]
    form = open_form(kernel, "form = zs.SecretForm('hub')\nform")
    assert form.state["verb"] == "Update"
    form.submit({"token": canary("new")})
    assert kernel.run("(await form).name").shown() == ["'hub'"]


def test_a_console_gets_prompts_and_nobody_an_error(kernel: Kernel) -> None:
    """Outside of a notebook the same cell uses hidden prompts, also for the form in Python; a non-interactive run gets an error."""
    assert kernel.run("%secret register a --key --wait", [canary("1")]).ok
    assert kernel.run("import zensecrets_jupyter as zs\n(await zs.SecretForm('b', keys=['key'])).name", [canary("2")]).shown() == ["'b'"]
    ran = kernel.run("%secret register c --key", allow_stdin=False, in_notebook=True)
    assert "ZENSECRETS_SECRET_C_KEY" in ran.error
    assert kernel.run("%secret register d --key --wait", [canary("3")]).ok
    assert {"a", "b", "d"} <= set(names(kernel).split())


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (f"-----BEGIN {canary()} KEY-----", "The prompt got only the first line of a text with several lines; the answer was not used."),
        ("{", "The prompt got only the first line of a text with several lines; the answer was not used."),
        (canary() + "x" * 4095, "The answer has 4,095 bytes or more"),
    ],
    ids=["the first line of a key", "the first line of JSON", "a line as long as terminals cut it"],
)
def test_what_a_console_may_have_cut_is_refused(kernel: Kernel, answer: str, problem: str) -> None:
    """Jupyter's console reads one line, which its terminal may cut; nothing is registered, and the error does not quote the line."""
    ran = kernel.run("%secret register x --key", lambda prompt: "" if "Press Enter" in prompt else answer)
    shown = f"{ran.error}{ran.stream('stdout')}{ran.stream('stderr')}"
    assert problem in shown
    assert "--KEY=@FILE" in shown
    assert not find_canary(shown)
    assert not kernel.run("%secret get x").ok


def test_unloading_closes_what_is_open(kernel: Kernel) -> None:
    """A form of an unloaded extension is closed, and refuses messages."""
    form = open_form(kernel, "%secret register mine --a")
    kernel.run("%unload_ext zensecrets_jupyter")
    form.send({"kind": "cancel"})
    kernel.run("%load_ext zensecrets_jupyter")
    assert "mine" not in names(kernel)


def test_a_component_is_registered_by_a_form(kernel: Kernel) -> None:
    """The form asks for a sensitive attribute without a value; the warning about plain values is below the line."""
    form = open_form(kernel, "%zen alerter register chat --flavor=slack --default_slack_channel_id=c --slack_token")
    form.submit({"slack_token": canary()})
    assert form.state["line"] == "✔ registered alerter 'chat'"
    assert form.state["details"][0].startswith("Warning: 'slack_token' is a plain value.")


def test_an_import_is_previewed(kernel: Kernel) -> None:
    """With -i, the form shows the keys of the file, accepts other values, and imports after the submission."""
    kernel.run("import pathlib; _ = pathlib.Path('some.env').write_text('a=from-the-file\\nb=other-value\\n')")
    form = open_form(kernel, "%secret import some.env -i")
    assert [(field["key"], field["present"]) for field in form.state["sections"][0]["fields"]] == [
        ("a", "in the file"),
        ("b", "in the file"),
    ]
    assert "some" not in names(kernel).split()
    new = canary()
    form.submit({"b": new})
    assert form.state["line"] == "✔ imported some (2 keys) from some.env"
    assert content_of(kernel, "some") == {"a": "from-the-file", "b": new}


def test_a_new_store_asks_for_its_passphrase_in_the_form(tmp_path: Path) -> None:
    """Without a keyring, the form asks for a passphrase; the next kernel needs it, and a wrong one is refused."""
    passphrase, value = canary("passphrase"), canary()
    with running_kernel(tmp_path) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        form = open_form(kernel, "%secret register mine --a")
        assert form.state["passphrase"]["is_new"] is True
        assert form.state["passphrase"]["label"] == "New passphrase for secrets manager 'default'"
        form.submit({"a": value}, passphrase=passphrase)
        assert form.state["phase"] == "done", form.state
        assert "passphrase" in kernel.run("%zen secrets-manager describe").shown()[0]
    with running_kernel(tmp_path) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        form = open_form(kernel, "%secret register other --a")
        assert form.state["passphrase"]["is_new"] is False
        assert form.state["passphrase"]["label"] == "Passphrase of secrets manager 'default'"
        form.submit({"a": value}, passphrase="wrong")
        assert "does not open" in form.state["passphrase"]["problem"]
        form.submit({}, passphrase=passphrase)
        assert form.state["phase"] == "done", form.state
        assert find_canary(repr(kernel.record)) == []


def test_an_unneeded_passphrase_is_reported(tmp_path: Path) -> None:
    """Of two open forms the first creates the store; the passphrase of the second is not ignored silently."""
    value = canary()
    with running_kernel(tmp_path) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        first, second = open_form(kernel, "%secret register one --a"), open_form(kernel, "%secret register two --a")
        first.submit({"a": value}, passphrase="")
        assert first.state["phase"] == "done", first.state
        second.submit({"a": value}, passphrase=canary("passphrase"))
        assert second.state["problem"].startswith("A passphrase is no longer needed")
        assert second.state["passphrase"] is None
        assert "two" not in names(kernel).split()
        second.submit({})
        assert second.state["phase"] == "done", second.state
        assert content_of(kernel, "two") == {"a": value}
        assert find_canary(repr(kernel.record)) == []
