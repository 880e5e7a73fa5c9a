"""Tests of forms in a kernel.

The test sends the kernel the messages that a browser would send.
"""

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

# Forms do not depend on the version of Python, so CI runs these slow tests with one version only.
pytestmark = pytest.mark.one_python

REGISTER = "%secret register cloud --schema=aws"


@pytest.fixture(autouse=True)
def _no_value_in_any_message(kernel: Kernel) -> Iterator[None]:
    """Check that no message from or to the kernel contains a canary."""
    yield
    assert find_canary(repr(kernel.record)) == []


def open_form(kernel: Kernel, code: str) -> FormClient:
    """Run a cell of a notebook, and return its form."""
    return FormClient(kernel, kernel.run(code, in_notebook=True))


def content_in_kernel(kernel: Kernel, name: str) -> dict[str, str]:
    """Return the content of a secret.

    The kernel writes the content to a file, because the fixture above refuses values in messages.
    """
    result = kernel.run(
        f"import json, pathlib, zensecrets_jupyter as zs\n"
        f"file = pathlib.Path('content.json')\n"
        f"_ = file.write_text(json.dumps(zs.Client().get_secret({name!r}).content)); str(file.absolute())"
    )
    assert result.ok, result.error
    path = Path(result.displayed_data()[0].strip("'"))
    content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    return content


def secret_table(kernel: Kernel) -> str:
    """Return the table of secrets."""
    return kernel.run("%secret list").displayed_data()[0]


def test_a_submitted_form_registers_a_secret(kernel: Kernel) -> None:
    """The cell ends before the form is submitted.

    Then one line of text replaces the form.
    """
    key_id, secret_key = canary("1"), canary("2")
    form = open_form(kernel, REGISTER)
    assert form.state["title"] == "cloud → default (local)"
    assert form.state["verb"] == "Register"
    fields = form.state["sections"][0]["fields"]
    assert [(field["key"], field["required"]) for field in fields] == [
        ("aws_access_key_id", True),
        ("aws_secret_access_key", True),
        ("aws_session_token", False),
    ]
    form.submit({"aws_access_key_id": key_id, "aws_secret_access_key": secret_key})
    line = "✔ registered cloud (2 keys) in default (local)"
    assert (form.state["phase"], form.state["line"]) == ("submitted", line)
    assert form.updates == [{"text/plain": line}]
    assert content_in_kernel(kernel, "cloud") == {"aws_access_key_id": key_id, "aws_secret_access_key": secret_key}


def test_a_later_cell_says_that_the_form_is_waiting(kernel: Kernel) -> None:
    """The error for a missing secret names the open form that asks for this secret."""
    form = open_form(kernel, REGISTER)
    for code in ("%secret get cloud", "import zensecrets_jupyter as zs; zs.Client().get_secret('cloud')"):
        # The fixture `kernel` ran cell [1], which loads the extension.
        assert "The form of cell [2] is waiting for its values: fill it in, then run this again." in kernel.run(code).error
    form.send({"kind": "cancel"})
    assert "waiting" not in kernel.run("%secret get cloud").error
    assert "Cancelled: register cloud" in form.state["line"]
    assert form.updates[0]["text/plain"] == form.state["line"]


def test_an_update_keeps_the_values_of_empty_fields(kernel: Kernel) -> None:
    """An empty field keeps the stored value, and keys can be removed and added."""
    old_value, new_value, added_value = canary("old"), canary("new"), canary("more")
    form = open_form(kernel, "%secret register mine")
    form.submit({"a": old_value, "b": old_value, "c": old_value})
    form = open_form(kernel, "%secret update mine -i")
    assert [(field["key"], field["current_value_label"], field["removable"]) for field in form.state["sections"][0]["fields"]] == [
        ("a", "set", True),
        ("b", "set", True),
        ("c", "set", True),
    ]
    form.submit({"b": new_value, "d": added_value}, removed=["c"])
    assert form.state["line"] == "✔ updated mine (3 keys) in default (local)"
    assert content_in_kernel(kernel, "mine") == {"a": old_value, "b": new_value, "d": added_value}


def test_register_secrets_is_one_form_with_a_section_for_each_secret(kernel: Kernel) -> None:
    """One form has a section for each secret with a missing key.

    With ``--all`` the form has fields for stored keys too.
    """
    kernel.run("%zen annotator register labels --flavor=label_studio --authentication_secret={{studio.key}}")
    kernel.run("%zen alerter register chat --flavor=slack --slack_token={{chat.token}} --default_slack_channel_id={{chat.room}}")
    kernel.run("%stack update -an labels -al chat")
    chat_form = open_form(kernel, "%secret register chat --token")
    assert [section["title"] for section in chat_form.state["sections"]] == [""], "The title of the form contains the name of the secret."
    chat_form.submit({"token": canary("t")})
    form = open_form(kernel, "%stack register-secrets")
    sections_with_keys = [(section["title"], [field["key"] for field in section["fields"]]) for section in form.state["sections"]]
    assert sections_with_keys == [("chat", ["room"]), ("studio", ["key"])]
    assert form.state["sections"][1]["fields"][0]["needed_by"] == ["annotator 'labels'.authentication_secret"]
    form.submit({"room": canary("r")}, {"key": canary("k")})
    assert form.state["line"] == "✔ registered chat (1 key), studio (1 key) in default (local)"
    assert "valid" in kernel.run("%stack validate").displayed_data()[0]
    form_with_all = open_form(kernel, "%stack register-secrets --all")
    assert [len(section["fields"]) for section in form_with_all.state["sections"]] == [2, 1]
    kernel.run("%secret delete studio -y")
    studio_form = open_form(kernel, "%stack register-secrets")
    assert [section["title"] for section in studio_form.state["sections"]] == ["studio"]


def test_a_failed_submission_keeps_the_values(kernel: Kernel) -> None:
    """After a failure, the form can be submitted again without typing the values again."""
    value = canary()
    form = open_form(kernel, "%secret register cloud --token")
    # A second form registers the same secret first, so the first form fails.
    open_form(kernel, "%secret register cloud --token").submit({"token": canary("other")})
    form.submit({"token": value})
    assert form.state["phase"] == "open"
    assert "exists already" in form.state["problem"]
    assert form.state["sections"][0]["fields"][0]["has_earlier_input"] is True
    kernel.run("%secret delete cloud -y")
    form.submit({})
    assert form.state["phase"] == "submitted"
    assert content_in_kernel(kernel, "cloud") == {"token": value}


def test_an_update_of_a_deleted_secret_is_refused(kernel: Kernel) -> None:
    """An update of a deleted secret registers nothing, and the form shows the problem."""
    open_form(kernel, "%secret register mine --a").submit({"a": canary("old")})
    form = open_form(kernel, "%secret update mine --a")
    kernel.run("%secret delete mine -y")
    form.submit({"a": canary("new")})
    assert "There is no secret 'mine'" in form.state["problem"]
    assert form.state["phase"] == "open"
    assert "mine" not in secret_table(kernel)


INVALID_FIELDS: list[tuple[str, Callable[[], dict[str, str]], str]] = [
    ("nothing", dict, "A value is required."),
    ("NUL", lambda: {"aws_access_key_id": canary() + chr(0)}, "NUL"),
    ("a mebibyte", lambda: {"aws_access_key_id": canary() * 2**16}, "64 KiB"),
]
"""Invalid answers for the first field.

Each row has a test id, a function that returns the answer, and a part of the problem.
"""


@pytest.mark.parametrize(("_case", "make_values", "problem"), INVALID_FIELDS, ids=[row[0] for row in INVALID_FIELDS])
def test_the_kernel_repeats_the_checks_of_the_browser(
    kernel: Kernel, _case: str, make_values: Callable[[], dict[str, str]], problem: str
) -> None:
    """The first field shows the problem, and the secret is not registered.

    The form keeps the valid value of the second field.

    The browser would not send these values, but the kernel does not rely on that.
    """
    form = open_form(kernel, REGISTER)
    form.submit({"aws_secret_access_key": canary("s"), **make_values()})
    assert problem in form.state["sections"][0]["fields"][0]["problem"]
    assert form.state["sections"][0]["fields"][1]["has_earlier_input"] is True
    assert "cloud" not in secret_table(kernel)


INVALID_SUBMISSIONS: list[tuple[str, dict[str, Any]]] = [
    ("a key twice", {"sections": [{"values": [["a", canary("1")], ["a", canary("2")]], "removed": []}]}),
    ("a key called name", {"sections": [{"values": [["name", canary("1")]], "removed": []}]}),
    ("a malformed key", {"sections": [{"values": [["a b", canary("1")]], "removed": []}]}),
    ("no key at all", {"sections": [{"values": [], "removed": []}]}),
    ("an unknown section", {"sections": [{"values": [], "removed": []}, {"values": [["a", canary("1")]], "removed": []}]}),
    ("the identifier of another form", {"form_id": "another", "sections": [{"values": [["a", canary("1")]], "removed": []}]}),
    ("the number of another attempt", {"attempt": 7, "sections": [{"values": [["a", canary("1")]], "removed": []}]}),
    ("half a character", {"sections": [{"values": [["a", canary("1") + chr(0xD800)]], "removed": []}]}),
    ("no text", {"sections": [{"values": [["a", 1]], "removed": []}]}),
    ("no object", {"sections": 3}),
]
"""Invalid submissions: a test id, and the fields of the submission that the test replaces."""


@pytest.mark.parametrize(("_case", "changes"), INVALID_SUBMISSIONS, ids=[row[0] for row in INVALID_SUBMISSIONS])
def test_invalid_submissions_are_refused(kernel: Kernel, _case: str, changes: dict[str, Any]) -> None:
    """An invalid submission registers no secret.

    Afterwards the form is still open. It shows a problem, and has a new public key, because each public key is used once.
    """
    form = open_form(kernel, "%secret register mine")
    key = form.state["public_key"]  # not the key of a secret
    form.submit(**changes)
    assert form.state["phase"] == "open"
    problems = [form.state["problem"], *(field["problem"] for field in form.state["sections"][0]["fields"])]
    assert any(problems)
    assert form.state["public_key"] != key
    assert "mine" not in secret_table(kernel)


def test_forged_and_replayed_messages_are_refused(kernel: Kernel) -> None:
    """A message that is forged or sent twice is refused and logged.

    "Key" means the public key of the form here. The form has a new one after each refused submission.
    """
    kernel.run("import logging, pathlib; get_ipython().kernel.log.addHandler(logging.FileHandler('refusals.log'))")
    log = Path(kernel.run("str(pathlib.Path('refusals.log').absolute())").displayed_data()[0].strip("'"))
    form = open_form(kernel, "%secret register mine")
    valid_submission = {"form_id": form.id, "attempt": 0, "sections": [{"values": [["a", canary()]], "removed": []}], "passphrase": None}
    other_key = base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()
    first_key = form.state["public_key"]
    for sealed in (form.seal(valid_submission, other_key), "AAAA", "no base64!", None, 5, base64.b64encode(b"x" * 100).decode()):
        form.send({"kind": "submit", "sealed": sealed})
        assert form.state["problem"].startswith("The submission could not be read")
    # This message is encrypted to the first key, which is invalid since the first refused submission.
    form.send({"kind": "submit", "sealed": form.seal({**valid_submission, "attempt": form.state["attempt"]}, first_key)})
    assert form.state["phase"] == "open"
    message = {"kind": "submit", "sealed": form.seal({**valid_submission, "attempt": form.state["attempt"]})}
    form.send(message)
    assert form.state["phase"] == "submitted"
    # The form is closed now, so these three messages are refused.
    form.send(message)
    form.send({"kind": "cancel"})
    form.send({"kind": "nonsense"})
    assert form.state["line"] == "✔ registered mine (1 key) in default (local)"
    assert secret_table(kernel).count("mine") == 1
    lines = log.read_text(encoding="utf-8").splitlines()
    # The six messages of the loop, and the message to the first key.
    assert len([line for line in lines if "a message was refused, since it" in line]) == 7
    assert len([line for line in lines if "a message was refused, since the form was closed before it arrived" in line]) == 3
    assert find_canary(log) == []


INVALID_MESSAGES: list[object] = [
    None, 5, "text", [], ["custom"], {}, {"method": None}, {"method": ["custom"]}, {"method": "custom"}, {"method": "update"},
    *({"method": "custom", "content": content} for content in (None, 5, "text", ["submit"], {}, {"kind": None}, {"kind": ["submit"]})),
    *({"method": "update", "state": state} for state in (5, ["form"], {"form": {"phase": "submitted"}}, {"_esm": "alert()"})),
]  # fmt: skip
"""Invalid messages to a form.

Some are no mapping, some have an unknown kind, and some set the state of the form, which only the kernel may set.
"""
INVALID_OUTPUTS_MESSAGE: dict[str, object] = {"kind": "outputs", "outputs": [None, 5, {"output": {}}, {"cell_id": "a", "index": 0}]}
"""A message to the guard's comm with a valid kind and invalid outputs."""


def test_invalid_messages_are_refused_in_one_line(kernel: Kernel, tmp_path: Path) -> None:
    """The log has one line for each invalid message to a form, and no traceback.

    The guard ignores invalid messages to its comm. Afterwards the form can still be submitted.
    """
    form = open_form(kernel, REGISTER)
    guard_comm = next(
        message["content"]["comm_id"]
        for message in kernel.record
        if message["msg_type"] == "comm_open" and message["content"]["target_name"] == "zensecrets.guard"
    )
    invalid_messages = [(form.id, data) for data in INVALID_MESSAGES]
    invalid_messages += [(guard_comm, data) for data in (*INVALID_MESSAGES[:6], INVALID_OUTPUTS_MESSAGE)]
    for comm, data in invalid_messages:
        # The kernel sends only the statuses busy and idle: no error and no new state.
        messages = kernel.read_messages(kernel.send_comm(comm, data))
        assert [message["msg_type"] for message in messages] == ["status", "status"], data
    log = (tmp_path / "kernel.log").read_text(encoding="utf-8")
    assert log.count("The form of cell [2]: a message of an unknown kind was refused.") == len(INVALID_MESSAGES)
    assert "Traceback" not in log
    form.submit({"aws_access_key_id": canary("1"), "aws_secret_access_key": canary("2")})
    assert form.state["phase"] == "submitted"


def test_a_waiting_cell_continues_after_its_form(kernel: Kernel) -> None:
    """With ``--wait``, the code after the magic can read the secret.

    A cancelled form ends the cell with one line.
    """
    request = kernel.start("%secret register mine --a --wait\nfound = %secret get mine")
    form = FormClient(kernel, kernel.read_until(request, "display_data"))
    form.submit_while(request, {"a": canary()})
    assert "‹secret:mine.a›" in kernel.run("found").displayed_data()[0]
    request = kernel.start("%secret register other --a --wait\nprint('reached')")
    form = FormClient(kernel, kernel.read_until(request, "display_data"))
    messages = form.send_while(request, {"kind": "cancel"})
    output = "".join(message["content"]["text"] for message in messages if message["msg_type"] == "stream")
    assert "UsageError: Cancelled: register other → default (local); nothing was changed." in output
    assert "reached" not in output


def test_a_form_in_python_is_awaited(kernel: Kernel) -> None:
    """`await SecretForm(…)` returns the secret. If the secret exists, the form updates it."""
    request = kernel.start("import zensecrets_jupyter as zs\nsecret = await zs.SecretForm('hub', schema='huggingface')")
    form = FormClient(kernel, kernel.read_until(request, "display_data"))
    assert form.state["sections"][0]["note"] == "schema huggingface"
    form.submit_while(request, {"token": canary()})
    assert kernel.run("secret.token").displayed_data() == ["'‹secret:hub.token›'"]
    form = open_form(kernel, "form = zs.SecretForm('hub')\nform")
    assert form.state["verb"] == "Update"
    form.submit({"token": canary("new")})
    assert kernel.run("(await form).name").displayed_data() == ["'hub'"]


def test_a_console_shows_prompts_and_a_non_interactive_run_fails(kernel: Kernel) -> None:
    """A console shows hidden prompts instead of a form.

    The error of a non-interactive run names the environment variable to set.
    """
    assert kernel.run("%secret register a --key --wait", [canary("1")]).ok
    assert kernel.run("import zensecrets_jupyter as zs\n(await zs.SecretForm('b', keys=['key'])).name", [canary("2")]).displayed_data() == [
        "'b'"
    ]
    result = kernel.run("%secret register c --key", allow_stdin=False, in_notebook=True)
    assert "ZENSECRETS_SECRET_C_KEY" in result.error
    assert kernel.run("%secret register d --key --wait", [canary("3")]).ok
    assert {"a", "b", "d"} <= set(secret_table(kernel).split())


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (f"-----BEGIN {canary()} KEY-----", "The prompt got only the first line of a text with several lines; the answer was not used."),
        ("{", "The prompt got only the first line of a text with several lines; the answer was not used."),
        (canary() + "x" * 4095, "The answer has 4,095 bytes or more"),
    ],
    ids=["the first line of a key", "the first line of JSON", "a line of the maximum length of terminals"],
)
def test_a_truncated_answer_in_a_console_is_refused(kernel: Kernel, answer: str, problem: str) -> None:
    """An answer that the terminal may have truncated is refused.

    The error does not quote the answer.
    """
    result = kernel.run("%secret register x --key", lambda prompt: "" if "Press Enter" in prompt else answer)
    output = f"{result.error}{result.stream('stdout')}{result.stream('stderr')}"
    assert problem in output
    # The hint: pass the value in a file.
    assert "--KEY=@FILE" in output
    assert not find_canary(output)
    assert not kernel.run("%secret get x").ok


def test_unloading_closes_open_forms(kernel: Kernel) -> None:
    """`%unload_ext` closes an open form with the phase `dismissed`, and the form registers nothing."""
    form = open_form(kernel, "%secret register mine --a")
    form.read_state(kernel.run("%unload_ext zensecrets_jupyter"))
    assert form.state["phase"] == "dismissed"
    form.send({"kind": "cancel"})
    kernel.run("%load_ext zensecrets_jupyter")
    assert "mine" not in secret_table(kernel)


def test_a_component_is_registered_by_a_form(kernel: Kernel) -> None:
    """The form has a field for the sensitive attribute.

    After the submission, a line replaces the form. Below it is a warning, because the attribute is a plain value and not a reference.
    """
    form = open_form(kernel, "%zen alerter register chat --flavor=slack --default_slack_channel_id=c --slack_token")
    form.submit({"slack_token": canary()})
    assert form.state["line"] == "✔ registered alerter 'chat'"
    assert form.state["details"][0].startswith("Warning: 'slack_token' is a plain value.")


def test_an_import_is_previewed(kernel: Kernel) -> None:
    """With ``-i``, the form shows the keys of the file before the import.

    The import uses the values that the user changed.
    """
    kernel.run("import pathlib; _ = pathlib.Path('some.env').write_text('a=from-the-file\\nb=other-value\\n')")
    form = open_form(kernel, "%secret import some.env -i")
    assert [(field["key"], field["current_value_label"]) for field in form.state["sections"][0]["fields"]] == [
        ("a", "in the file"),
        ("b", "in the file"),
    ]
    # The name of the secret is the name of the file, without `.env`. It is not registered before the form is submitted.
    assert "some" not in secret_table(kernel).split()
    new_value = canary()
    form.submit({"b": new_value})
    assert form.state["line"] == "✔ imported some (2 keys) from some.env"
    assert content_in_kernel(kernel, "some") == {"a": "from-the-file", "b": new_value}


def test_the_form_has_a_field_for_the_passphrase(tmp_path: Path) -> None:
    """Without a keyring, a new store gets the passphrase that is typed in the form.

    In the next kernel, a form refuses a wrong passphrase.
    """
    passphrase, value = canary("passphrase"), canary()
    with running_kernel(tmp_path) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        form = open_form(kernel, "%secret register mine --a")
        assert form.state["passphrase"]["is_new"] is True
        assert form.state["passphrase"]["label"] == "New passphrase for secrets manager 'default'"
        form.submit({"a": value}, passphrase=passphrase)
        assert form.state["phase"] == "submitted", form.state
        assert "passphrase" in kernel.run("%zen secrets-manager describe").displayed_data()[0]
    with running_kernel(tmp_path) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        form = open_form(kernel, "%secret register other --a")
        assert form.state["passphrase"]["is_new"] is False
        assert form.state["passphrase"]["label"] == "Passphrase of secrets manager 'default'"
        form.submit({"a": value}, passphrase="wrong")
        assert "does not open" in form.state["passphrase"]["problem"]
        form.submit({}, passphrase=passphrase)
        assert form.state["phase"] == "submitted", form.state
        assert find_canary(repr(kernel.record)) == []


def test_an_unneeded_passphrase_is_reported(tmp_path: Path) -> None:
    """Two open forms ask for a new passphrase.

    The first one is submitted without it, so the new store needs no passphrase.

    The second form then refuses its passphrase, reports that none is needed, and removes the field.
    """
    value = canary()
    with running_kernel(tmp_path) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        first_form, second_form = open_form(kernel, "%secret register one --a"), open_form(kernel, "%secret register two --a")
        first_form.submit({"a": value}, passphrase="")
        assert first_form.state["phase"] == "submitted", first_form.state
        second_form.submit({"a": value}, passphrase=canary("passphrase"))
        assert second_form.state["problem"].startswith("A passphrase is no longer needed")
        assert second_form.state["passphrase"] is None
        assert "two" not in secret_table(kernel).split()
        second_form.submit({})
        assert second_form.state["phase"] == "submitted", second_form.state
        assert content_in_kernel(kernel, "two") == {"a": value}
        assert find_canary(repr(kernel.record)) == []
