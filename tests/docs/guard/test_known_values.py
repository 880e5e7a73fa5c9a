"""Tests of docs/guard.md: which values the guard masks, and when it knows them."""

from __future__ import annotations

import json
import os
import re
import socket
import string
import threading
import time
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.docs.guard.guard_page import PAGE, covers
from tests.docs.guard.guarded_kernel import PAUSE, GuardedKernel, store_secret
from tests.docs.guard.values import LEAK, random_value
from tests.notebook.test_sources import PROMPTS, TERMINAL
from tests.support.forms import FormClient
from tests.support.kernels import running_kernel
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.core.redaction import Redactor

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notebook.guard.test_terminal import Terminal


@covers(
    """From `%load_ext zensecrets_jupyter` to `%unload_ext zensecrets_jupyter`, the guard checks all output of your kernel, or of IPython
    in a terminal."""
)
def test_the_guard_masks_from_loading_to_unloading(guarded: GuardedKernel) -> None:
    """A kernel shows a protected value only while the extension is not loaded."""
    value = random_value()
    guarded.protect(value, "loaded.key")
    assert guarded.output_of("print(value)") == "‹secret:loaded.key›\n"
    guarded.run("%unload_ext zensecrets_jupyter")
    try:
        assert guarded.output_of("print(value)") == f"{value}\n"
    finally:
        guarded.run("%load_ext zensecrets_jupyter")
    assert guarded.output_of("print(value)") == "‹secret:loaded.key›\n"


@covers("It masks each value that it knows as `‹secret:name.key›`.")
def test_each_value_has_its_own_mask(guarded: GuardedKernel) -> None:
    """Each value becomes its own mask; the rest of the text does not change."""
    values = [random_value() for _ in range(5)]
    for number, value in enumerate(values):
        guarded.protect(value, f"many.key{number}")
    guarded.set_variables(text=" | ".join(values))
    assert guarded.output_of("print(text)") == " | ".join(f"‹secret:many.key{number}›" for number in range(5)) + "\n"


@covers("The output is `Authorization: Bearer ‹secret:example.token›`.")
def test_the_example_of_the_page_runs(guarded: GuardedKernel) -> None:
    """The first cells of the page have the output that the page shows."""
    cells = re.findall(r"^```python\n(.*?)^```$", PAGE.text.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
    assert len(cells) == 3
    value = random_value()
    guarded.run(cells[0])
    guarded.run(cells[1], [value])
    assert guarded.output_of(cells[2]) == "Authorization: Bearer ‹secret:example.token›\n"


@covers(
    """Only output is masked: `token` is still the value, and your code works with the value itself when it captures, compares, computes or
    writes to a file."""
)
def test_data_are_not_masked(guarded: GuardedKernel) -> None:
    """Captured, compared, computed and written data contain the value; their output contains the mask."""
    value = random_value()
    guarded.protect(value, "data.key")
    guarded.run("captured = !echo {value}\nassert captured == [value]")
    guarded.run("%%capture capture_result\nprint(value)")
    guarded.run("assert capture_result.stdout == value + '\\n'; length, backwards = len(value), value[::-1]")
    guarded.run("assert open('written.txt', 'w').write(value) == length == 24; assert backwards[::-1] == value; other = value + '!'")
    assert (guarded.folder / "written.txt").read_text() == value
    assert (
        guarded.output_of("print(captured, capture_result.stdout, other)")
        == "['‹secret:data.key›'] ‹secret:data.key›\n ‹secret:data.key›!\n"
    )
    assert guarded.leaked_length(value) < LEAK


@covers("The guard knows a value as soon as you register it, type it into a form or a password prompt, or read it in this kernel.")
def test_when_a_value_becomes_known(guarded: GuardedKernel) -> None:
    """A value is masked from the moment it is registered, typed or read."""
    registered, in_form, typed, read = (random_value() for _ in range(4))
    guarded.set_variables(registered=registered, in_form=in_form, typed=typed, read=read)
    assert guarded.output_of("print(registered, in_form, typed)") == f"{registered} {in_form} {typed}\n"
    guarded.run("%secret register moment --key", [registered])
    assert guarded.output_of("print(registered)") == "‹secret:moment.key›\n"
    form = FormClient(guarded.kernel, guarded.kernel.run("%secret register filled", in_notebook=True))
    form.submit({"key": in_form})
    assert guarded.output_of("print(in_form)") == "‹secret:filled.key›\n"
    assert re.fullmatch(r"‹secret:prompt\.\d+›\n", guarded.output_of("import getpass; _ = getpass.getpass(); print(typed)", [typed]))
    store_secret(guarded.folder, "elsewhere", read)
    assert guarded.output_of("print(read)") == f"{read}\n"
    assert guarded.output_of("from zensecrets_jupyter import Client; _ = Client().get_secret('elsewhere').content; print(read)") == (
        "‹secret:elsewhere.key›\n"
    )


PROMPTS_SENTENCE = """
    **Password prompts**: an answer to a prompt of `getpass`, click or rich is masked as `prompt.N`, and in a terminal also an answer to
    a prompt of prompt_toolkit."""


@covers(PROMPTS_SENTENCE)
def test_answers_to_password_prompts_are_masked(guarded: GuardedKernel) -> None:
    """In a kernel, answers to the prompts of all libraries are masked as numbered prompts."""
    numbers = []
    for library, code in PROMPTS.items():
        shown = guarded.output_of(f"{code}\nprint('typed', value)", [random_value()]).splitlines()[-1]
        match = re.fullmatch(r"typed ‹secret:prompt\.(\d+)›", shown)
        assert match is not None, library
        numbers.append(int(match[1]))
    assert numbers == list(range(numbers[0], numbers[0] + len(PROMPTS)))


@covers(PROMPTS_SENTENCE)
def test_answers_to_password_prompts_are_masked_in_a_terminal(terminal: tuple[Terminal, str]) -> None:
    """In a terminal, answers to the prompts of getpass and prompt_toolkit are masked."""
    child = terminal[0].child
    for library in ("getpass", "prompt_toolkit"):
        terminal[0].cell(TERMINAL[library])
        # The echo of the cell's line has a quote before the word.
        child.expect(r"(?<!')Database:")
        child.send(f"{random_value()}\r")
        terminal[0].cell("print('<typed>', value)")
        child.expect(r"<typed> (‹[^›]*›|\w{12})")
        assert re.fullmatch(r"<typed> ‹secret:prompt\.\d+›", str(child.after)), library


@covers("An answer that goes directly to a program (`!ssh`, `!sudo`) is not known to the guard.")
def test_the_input_of_a_program_is_not_known(terminal: tuple[Terminal, str]) -> None:
    """A password that goes directly to a program is not protected."""
    value = random_value()
    terminal[0].cell("""!bash -c 'read -rsp "Pass""phrase: " it; echo "<""read> $it"'""")
    terminal[0].child.expect("Passphrase: ")
    terminal[0].child.send(f"{value}\r")
    terminal[0].child.expect(r"<read> (‹[^›]*›|\w+)")
    assert str(terminal[0].child.after) == f"<read> {value}"


ACTIVE_SENTENCE = (
    "**The secrets of the active stack**: they are loaded after `%load_ext` if this requires no input from you and sends no request."
)


@covers(ACTIVE_SENTENCE)
def test_the_secrets_of_the_active_stack_are_loaded(guarded: GuardedKernel) -> None:
    """A stored value is masked before any code has read it."""
    assert guarded.loading.stream("stdout") == "‹secret:stored.key›\n"
    assert guarded.loading.prompts == []


@covers(ACTIVE_SENTENCE)
@covers("Otherwise the guard uses their [fingerprints](saving.md#turn-fingerprints-on-or-off), if you keep any.")
@covers("Fingerprints recognize a value only within one piece of output.")
def test_fingerprints_replace_secrets_that_need_input(tmp_path: Path, own_environment: None) -> None:
    """Loading asks for no passphrase and calls no service; fingerprints mask the value.

    Fingerprints recognize the value only within one piece of output.
    """
    value = random_value()
    (tmp_path / "value").write_text(value)
    store_secret(tmp_path, "db", value, ZENSECRETS_PASSPHRASE=random_value(), ZENSECRETS_FINGERPRINTS="on")
    with socket.create_server(("127.0.0.1", 0)) as server, running_kernel(tmp_path) as kernel:
        # A prompt would fail the test.
        result = kernel.run("%load_ext zensecrets_jupyter\nvalue = open('value').read(); print(value)")
        assert result.stream("stdout") == "‹secret:db.key›\n"
        in_pieces = (
            f"import time\nfor position in (0, 8, 16): print(value[position : position + 8], end='', flush=True); time.sleep({PAUSE})"
        )
        assert kernel.run(in_pieces).stream("stdout") == value
        home = {"ZENSECRETS_HOME": str(tmp_path / "zensecrets")}
        for arguments in (
            (
                "secrets-manager",
                "register",
                "team",
                "--flavor=vault",
                f"--url=http://127.0.0.1:{server.getsockname()[1]}",
                "--token=some-token",
            ),
            ("stack", "register", "remote", "-o", "default", "-a", "default", "-x", "team", "--set"),
        ):
            done = run_zensecrets(*arguments, environment=home)
            assert done.returncode == 0, done.stderr
        assert kernel.run("%unload_ext zensecrets_jupyter\nprint(value)").stream("stdout") == f"{value}\n"
        assert kernel.run("%load_ext zensecrets_jupyter\nprint(value)").stream("stdout") == "‹secret:db.key›\n"
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
        (tmp_path / "zensecrets" / "fingerprints").unlink()
        kernel.run("%unload_ext zensecrets_jupyter")
        assert kernel.run("%load_ext zensecrets_jupyter\nprint(value)").stream("stdout") == f"{value}\n"


@covers("The first output and the next cell wait for them, for 5 seconds at most.")
@pytest.mark.parametrize("key_arrives", [True, False], ids=["a slow store", "a store that hangs"])
def test_the_first_output_waits_for_the_store(tmp_path: Path, own_environment: None, *, key_arrives: bool) -> None:
    """The cell waits until the store's key can be read, or for five seconds."""
    value, slow, longest = random_value(), 1.5, 5
    (tmp_path / "value").write_text(value)
    store_secret(tmp_path, "db", value)
    (key,) = tmp_path.rglob("*.key")
    text = key.read_bytes()
    key.unlink()
    # Opening a named pipe waits until another process writes to it.
    os.mkfifo(key, 0o600)
    writer = threading.Timer(slow, key.write_bytes, [text])
    with running_kernel(tmp_path) as kernel:
        if key_arrives:
            writer.start()
        start = time.monotonic()
        result = kernel.run("%load_ext zensecrets_jupyter\nprint(open('value').read())")
        elapsed = time.monotonic() - start
        assert result.stream("stdout") == ("‹secret:db.key›\n" if key_arrives else f"{value}\n")
        assert elapsed >= (slow / 2 if key_arrives else longest - 0.5)
        # A busy machine needs additional time.
        assert elapsed < longest * 4
        start = time.monotonic()
        assert kernel.run("1 + 1").shown() == ["2"]
        assert time.monotonic() - start < longest


@covers("**Secrets of other programs**: only their sensitive keys are masked; `--clear KEY` names further keys that are not sensitive.")
def test_sensitive_keys_of_other_programs_are_masked(guarded: GuardedKernel, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a database login only the password is masked.

    In another secret all keys are masked, except those in ``--clear``.
    """
    for variable, text in aws.items():
        monkeypatch.setenv(variable, text)
    client = boto3.client("secretsmanager")
    documents = {
        "warehouse": {
            "username": f"user-{random_value()}",
            "password": random_value(),
            "host": f"{random_value(8).lower()}.example.com",
            "port": "5432",
        },
        "service": {"alpha": random_value(), "beta": random_value()},
    }
    for name, document in documents.items():
        client.create_secret(Name=name, SecretString=json.dumps(document))
    guarded.set_variables(aws=aws, texts=documents)
    guarded.run("import os; os.environ.update(aws)")
    line = "%zen secrets-manager register team --flavor=aws --external warehouse=warehouse,service=service --clear service.beta"
    guarded.run(line)
    guarded.run("%stack register cloud -o default -a default -x team --set")
    try:
        guarded.run("from zensecrets_jupyter import Client\nfor name in texts: _ = [*Client().get_secret(name).content.values()]")
    finally:
        guarded.run("%stack set default")
    shown = json.loads(guarded.output_of("print(json.dumps(texts, ensure_ascii=False))"))
    expected = {
        "warehouse": {**documents["warehouse"], "password": "‹secret:warehouse.password›"},
        "service": {**documents["service"], "alpha": "‹secret:service.alpha›"},
    }
    assert shown == expected


@covers(
    """Values of fewer than six characters, and common words and numbers such as `admin` or `us-east-1`, are not masked, because they
    appear in ordinary output."""
)
def test_short_and_common_values_are_not_masked(guarded: GuardedKernel) -> None:
    """Five characters and common words are shown, with a message; six characters are masked."""
    short, long_enough = random_value(5, string.ascii_lowercase), random_value(6, "bcdfghjklmnpqrstvwxz")
    for value in (short, "admin", "password", "us-east-1", "123456", "000000"):
        assert not Redactor().protect(value, "a.key"), value
    output = guarded.output_of("%secret register brief --short --word --key", [short, "us-east-1", long_enough])
    assert [name for name in ("short", "word", "key") if f"brief.{name} can't be masked" in output] == ["short", "word"]
    guarded.set_variables(texts=[short, "us-east-1", long_enough])
    assert guarded.output_of("print(*texts)") == f"{short} us-east-1 ‹secret:brief.key›\n"
