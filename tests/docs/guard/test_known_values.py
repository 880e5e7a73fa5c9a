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
from tests.docs.guard.values import LEAK_LENGTH, random_value
from tests.notebook.test_sources import CODE_WITH_PROMPT, CODE_WITH_TERMINAL_PROMPT
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
def test_the_guard_masks_from_loading_to_unloading(guarded_kernel: GuardedKernel) -> None:
    """The kernel shows a protected value after the extension was unloaded, and masks it when the extension is loaded again."""
    value = random_value()
    guarded_kernel.protect(value, "loaded.key")
    assert guarded_kernel.output_of("print(value)") == "‹secret:loaded.key›\n"
    guarded_kernel.run("%unload_ext zensecrets_jupyter")
    try:
        assert guarded_kernel.output_of("print(value)") == f"{value}\n"
    finally:
        guarded_kernel.run("%load_ext zensecrets_jupyter")
    assert guarded_kernel.output_of("print(value)") == "‹secret:loaded.key›\n"


@covers("It masks each value that it knows as `‹secret:name.key›`.")
def test_each_value_has_its_own_mask(guarded_kernel: GuardedKernel) -> None:
    """Each value becomes its own mask; the rest of the text does not change."""
    values = [random_value() for _ in range(5)]
    for number, value in enumerate(values):
        guarded_kernel.protect(value, f"many.key{number}")
    guarded_kernel.set_variables(text=" | ".join(values))
    assert guarded_kernel.output_of("print(text)") == " | ".join(f"‹secret:many.key{number}›" for number in range(5)) + "\n"


@covers("The output is `Authorization: Bearer ‹secret:example.token›`.")
def test_the_example_of_the_page_runs(guarded_kernel: GuardedKernel) -> None:
    """The three cells of the introduction run. The last one has the shown output."""
    # The introduction ends at the first `## ` heading.
    cells = re.findall(r"^```python\n(.*?)^```$", PAGE.text.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
    assert len(cells) == 3
    value = random_value()
    guarded_kernel.run(cells[0])
    guarded_kernel.run(cells[1], [value])
    assert guarded_kernel.output_of(cells[2]) == "Authorization: Bearer ‹secret:example.token›\n"


@covers(
    """Only output is masked: `token` is still the value, and your code works with the value itself when it captures, compares, computes or
    writes to a file."""
)
def test_data_are_not_masked(guarded_kernel: GuardedKernel) -> None:
    """Code that captures, compares, changes or writes a value gets the value itself.

    If the results are printed, the value in them is masked.
    """
    value = random_value()
    guarded_kernel.protect(value, "data.key")
    guarded_kernel.run("captured = !echo {value}\nassert captured == [value]")
    guarded_kernel.run("%%capture capture_result\nprint(value)")
    guarded_kernel.run("assert capture_result.stdout == value + '\\n'; length, backwards = len(value), value[::-1]")
    guarded_kernel.run("assert open('written.txt', 'w').write(value) == length == 24; assert backwards[::-1] == value; other = value + '!'")
    assert (guarded_kernel.folder / "written.txt").read_text() == value
    output = guarded_kernel.output_of("print(captured, capture_result.stdout, other)")
    assert output == "['‹secret:data.key›'] ‹secret:data.key›\n ‹secret:data.key›!\n"
    assert guarded_kernel.leaked_length(value) < LEAK_LENGTH


@covers("The guard knows a value as soon as you register it, type it into a form or a password prompt, or read it in this kernel.")
def test_when_a_value_becomes_known(guarded_kernel: GuardedKernel) -> None:
    """A value is shown before it is registered, typed or read, and masked afterwards."""
    command_value, form_value, prompt_value, stored_value = (random_value() for _ in range(4))
    guarded_kernel.set_variables(command_value=command_value, form_value=form_value, prompt_value=prompt_value, stored_value=stored_value)
    output = guarded_kernel.output_of("print(command_value, form_value, prompt_value)")
    assert output == f"{command_value} {form_value} {prompt_value}\n"
    guarded_kernel.run("%secret register by_command --key", [command_value])
    assert guarded_kernel.output_of("print(command_value)") == "‹secret:by_command.key›\n"
    # A form asks for a value only in a notebook.
    form = FormClient(guarded_kernel.kernel, guarded_kernel.kernel.run("%secret register by_form", in_notebook=True))
    form.submit({"key": form_value})
    assert guarded_kernel.output_of("print(form_value)") == "‹secret:by_form.key›\n"
    output = guarded_kernel.output_of("import getpass; _ = getpass.getpass(); print(prompt_value)", [prompt_value])
    assert re.fullmatch(r"‹secret:prompt\.\d+›\n", output)
    store_secret(guarded_kernel.folder, "by_other_process", stored_value)
    assert guarded_kernel.output_of("print(stored_value)") == f"{stored_value}\n"
    reading_cell = "from zensecrets_jupyter import Client; _ = Client().get_secret('by_other_process').content; print(stored_value)"
    assert guarded_kernel.output_of(reading_cell) == "‹secret:by_other_process.key›\n"


PROMPTS_SENTENCE = """
    **Password prompts**: an answer to a prompt of `getpass`, click or rich is masked as `prompt.N`, and in a terminal also an answer to
    a prompt of prompt_toolkit."""


@covers(PROMPTS_SENTENCE)
def test_answers_to_password_prompts_are_masked(guarded_kernel: GuardedKernel) -> None:
    """In a kernel, answers to password prompts are masked, with consecutive numbers."""
    numbers = []
    for library, code in CODE_WITH_PROMPT.items():
        last_line = guarded_kernel.output_of(f"{code}\nprint('typed', value)", [random_value()]).splitlines()[-1]
        match = re.fullmatch(r"typed ‹secret:prompt\.(\d+)›", last_line)
        assert match is not None, library
        numbers.append(int(match[1]))
    assert numbers == list(range(numbers[0], numbers[0] + len(CODE_WITH_PROMPT)))


@covers(PROMPTS_SENTENCE)
def test_answers_to_password_prompts_are_masked_in_a_terminal(terminal: Terminal) -> None:
    """In a terminal, answers to the prompts of getpass and prompt_toolkit are masked."""
    child = terminal.child
    for library in ("getpass", "prompt_toolkit"):
        terminal.cell(CODE_WITH_TERMINAL_PROMPT[library])
        # The terminal also echoes the typed cell. The pattern does not match the echo, in which a quote is before `Database`.
        child.expect(r"(?<!')Database:")
        child.send(f"{random_value()}\r")
        terminal.cell("print('<typed>', value)")
        # In the echo of this cell, a quote follows the `>`, so the pattern matches only the output: a mask or a part of the value.
        child.expect(r"<typed> (‹[^›]*›|\w{12})")
        assert re.fullmatch(r"<typed> ‹secret:prompt\.\d+›", str(child.after)), library


@covers("An answer that goes directly to a program (`!ssh`, `!sudo`) is not known to the guard.")
def test_the_input_of_a_program_is_not_known(terminal: Terminal) -> None:
    """If a program prints a password that it has read from the terminal, the password is shown."""
    value = random_value()
    # The terminal also echoes the cell. The quotes in `Pass""phrase` and `<""read>` make the echo different from the expected output.
    terminal.cell("""!bash -c 'read -rsp "Pass""phrase: " it; echo "<""read> $it"'""")
    terminal.child.expect("Passphrase: ")
    terminal.child.send(f"{value}\r")
    terminal.child.expect(r"<read> (‹[^›]*›|\w+)")
    assert str(terminal.child.after) == f"<read> {value}"


ACTIVE_SENTENCE = (
    "**The secrets of the active stack**: they are loaded after `%load_ext` if this requires no input from you and sends no request."
)


@covers(ACTIVE_SENTENCE)
def test_the_secrets_of_the_active_stack_are_loaded(guarded_kernel: GuardedKernel) -> None:
    """In the cell that loads the extension, a stored value is masked, although no code has read it and no prompt was shown."""
    assert guarded_kernel.load_result.stream("stdout") == "‹secret:stored.key›\n"
    assert guarded_kernel.load_result.prompts == []


@covers(ACTIVE_SENTENCE)
@covers("Otherwise the guard uses their [fingerprints](saving.md#turn-fingerprints-on-or-off), if you keep any.")
@covers("Fingerprints recognize a value only within one piece of output.")
def test_fingerprints_replace_secrets_that_need_input(tmp_path: Path, own_environment: None) -> None:
    """Fingerprints mask the value if its store needs a passphrase or a service.

    Loading shows no prompt and sends no request. The value is shown if it is printed in three pieces. After
    the fingerprints are deleted, it is also shown in one piece.
    """
    value = random_value()
    (tmp_path / "value").write_text(value)
    store_secret(tmp_path, "db", value, ZENSECRETS_PASSPHRASE=random_value(), ZENSECRETS_FINGERPRINTS="on")
    with socket.create_server(("127.0.0.1", 0)) as server, running_kernel(tmp_path) as kernel:
        # The kernel does not have the passphrase. A prompt for it would fail the test.
        result = kernel.run("%load_ext zensecrets_jupyter\nvalue = open('value').read(); print(value)")
        assert result.stream("stdout") == "‹secret:db.key›\n"
        print_in_three_pieces = (
            f"import time\nfor position in (0, 8, 16): print(value[position : position + 8], end='', flush=True); time.sleep({PAUSE})"
        )
        assert kernel.run(print_in_three_pieces).stream("stdout") == value
        # The secrets manager of the new active stack sends its requests to `server`. Loading must send none.
        environment = {"ZENSECRETS_HOME": str(tmp_path / "zensecrets")}
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        register_manager = f"secrets-manager register team --flavor=vault --url={address} --token=some-token"
        for command in (register_manager, "stack register remote -o default -a default -x team --set"):
            process = run_zensecrets(*command.split(), environment=environment)
            assert process.returncode == 0, process.stderr
        assert kernel.run("%unload_ext zensecrets_jupyter\nprint(value)").stream("stdout") == f"{value}\n"
        assert kernel.run("%load_ext zensecrets_jupyter\nprint(value)").stream("stdout") == "‹secret:db.key›\n"
        # `accept` raises this error if no client has connected.
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
        (tmp_path / "zensecrets" / "fingerprints").unlink()
        kernel.run("%unload_ext zensecrets_jupyter")
        assert kernel.run("%load_ext zensecrets_jupyter\nprint(value)").stream("stdout") == f"{value}\n"


@covers("The first output and the next cell wait for them, for 5 seconds at most.")
@pytest.mark.parametrize("key_arrives", [True, False], ids=["a slow store", "a store that hangs"])
def test_the_first_output_waits_for_the_store(tmp_path: Path, own_environment: None, *, key_arrives: bool) -> None:
    """The first output waits until the store's key can be read.

    It waits for five seconds at most. The next cell does not wait for five seconds again.
    """
    value, seconds_until_key, max_seconds = random_value(), 1.5, 5
    (tmp_path / "value").write_text(value)
    store_secret(tmp_path, "db", value)
    (key_file,) = tmp_path.rglob("*.key")
    key = key_file.read_bytes()
    key_file.unlink()
    # A named pipe replaces the key file. The kernel waits when it opens the pipe, until the timer writes the key.
    os.mkfifo(key_file, 0o600)
    writer = threading.Timer(seconds_until_key, key_file.write_bytes, [key])
    with running_kernel(tmp_path) as kernel:
        if key_arrives:
            writer.start()
        start_time = time.monotonic()
        result = kernel.run("%load_ext zensecrets_jupyter\nprint(open('value').read())")
        seconds = time.monotonic() - start_time
        assert result.stream("stdout") == ("‹secret:db.key›\n" if key_arrives else f"{value}\n")
        # The timer starts before the cell, so the cell may wait less than `seconds_until_key`.
        assert seconds >= (seconds_until_key / 2 if key_arrives else max_seconds - 0.5)
        # A busy machine needs additional time.
        assert seconds < max_seconds * 4
        start_time = time.monotonic()
        assert kernel.run("1 + 1").displayed_data() == ["2"]
        assert time.monotonic() - start_time < max_seconds


@covers("**Secrets of other programs**: only their sensitive keys are masked; `--clear KEY` names further keys that are not sensitive.")
def test_sensitive_keys_of_other_programs_are_masked(
    guarded_kernel: GuardedKernel, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a secret of another program is a database login, only the password is masked.

    If a secret is no database login, the values of all keys are masked, except for keys in ``--clear``.
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
    guarded_kernel.set_variables(aws=aws, texts=documents)
    guarded_kernel.run("import os; os.environ.update(aws)")
    guarded_kernel.run(
        "%zen secrets-manager register team --flavor=aws --external warehouse=warehouse,service=service --clear service.beta"
    )
    guarded_kernel.run("%stack register cloud -o default -a default -x team --set")
    try:
        guarded_kernel.run("from zensecrets_jupyter import Client\nfor name in texts: _ = [*Client().get_secret(name).content.values()]")
    finally:
        # Later tests use the same kernel.
        guarded_kernel.run("%stack set default")
    output = json.loads(guarded_kernel.output_of("print(json.dumps(texts, ensure_ascii=False))"))
    assert output == {
        "warehouse": {**documents["warehouse"], "password": "‹secret:warehouse.password›"},
        "service": {**documents["service"], "alpha": "‹secret:service.alpha›"},
    }


@covers(
    """Values of fewer than six characters, and common words and numbers such as `admin` or `us-east-1`, are not masked, because they
    appear in ordinary output."""
)
def test_short_and_common_values_are_not_masked(guarded_kernel: GuardedKernel) -> None:
    """A value of five characters or a common word is shown, after a warning at its registration; six characters are masked."""
    # The longer value has only consonants, so it cannot be a common word by chance. Common words are not masked.
    short_value, long_value = random_value(5, string.ascii_lowercase), random_value(6, "bcdfghjklmnpqrstvwxz")
    for value in (short_value, "admin", "password", "us-east-1", "123456", "000000"):
        assert not Redactor().protect(value, "a.key"), value
    output = guarded_kernel.output_of("%secret register brief --short --word --long", [short_value, "us-east-1", long_value])
    assert [key for key in ("short", "word", "long") if f"brief.{key} can't be masked" in output] == ["short", "word"]
    guarded_kernel.set_variables(texts=[short_value, "us-east-1", long_value])
    assert guarded_kernel.output_of("print(*texts)") == f"{short_value} us-east-1 ‹secret:brief.long›\n"
