"""Every sentence of docs/guard.md, played: what it promises is masked, and each limit is where the page says."""

from __future__ import annotations

import base64
import io
import json
import math
import os
import random
import re
import secrets
import socket
import string
import subprocess
import sys
import threading
import time
import wave
import zlib
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pexpect
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import PrivateFormat
from jupyter_client.session import Session
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from tests.browser.conftest import chromium, running
from tests.browser.notebooks import open_notebook, save
from tests.browser.test_inputs import type_into
from tests.browser.test_widgets import know
from tests.docs.sentences import Page
from tests.notebook.guard.channels import CELLS, PREPARE, REQUESTS
from tests.notebook.guard.test_logs import CHANNELS as LOGS
from tests.notebook.guard.test_logs import SETUP as SETUP_OF_LOGS
from tests.notebook.guard.test_terminal import Terminal
from tests.notebook.test_sources import PROMPTS, SETTING, TERMINAL
from tests.support.fakes.moto_server import aws_environment, running_moto
from tests.support.forms import FormClient
from tests.support.kernels import running_kernel
from tests.support.leaks import LeakSearch, PlantedValue, message_texts
from tests.support.redaction.values import longest_visible, pem
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter import ArbitrarySecretSchema, Client
from zensecrets_jupyter.core.redaction import FAILED, Redactor, mask_text
from zensecrets_jupyter.core.redaction.decoding.view_search import ViewSearch
from zensecrets_jupyter.core.redaction.encoders import ENCODERS
from zensecrets_jupyter.notebook.guard.guard import Guard
from zensecrets_jupyter.notebook.guard.messages.session import SessionChannel
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.kernels import CellResult, Kernel
    from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch

PAGE = Page(Path(__file__).parents[2] / "docs" / "guard.md")
covers = PAGE.covers

NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
ESCAPING = ("JSON", "URL, slashes too", "HTML by hexadecimal number", "C")
"""Encoders that escape what they have escaped before."""
LEAK = 12
"""So many characters of a value in a row are a leak."""
PAUSE = 0.4
"""Seconds after which a piece that was held back is certainly out: it waits for 50 ms."""


def made_up(length: int = 24, letters: str = string.ascii_letters + string.digits) -> str:
    """Return a value that is nowhere else."""
    return "".join(secrets.choice(letters) for _ in range(length))


def number_of(digits: int) -> str:
    """Return a number that nobody counts to: no date, no sequence."""
    return str(random.SystemRandom().randint(4 * 10 ** (digits - 1), 9 * 10 ** (digits - 1)))


def protecting(value: str) -> Redactor:
    """Return a redactor that masks a value as ``a.key``."""
    redactor = Redactor()
    assert redactor.protect(value, "a.key")
    return redactor


def is_masked(value: str, text: str) -> bool:
    """Tell whether a redactor that knows ``value`` shows a mask of ``text``, and no long part of the value, or else the text as it is."""
    shown = protecting(value).redact(text)
    if shown == text:
        return False
    assert mask_text("a.key") in shown
    assert longest_visible(value, shown) < LEAK
    return True


class Guarded:
    """A kernel with the guard on.

    Attributes:
        kernel: The kernel.
        folder: Its working folder, with all that it writes.
        loading: The cell that loaded the extension.
    """

    def __init__(self, kernel: Kernel, folder: Path, loading: CellResult) -> None:
        """Use a kernel in which the extension was just loaded."""
        self.kernel = kernel
        self.folder = folder
        self.loading = loading
        self._seen = len(kernel.record)

    def give(self, **texts: object) -> None:
        """Set variables in the kernel by a file, so that no message holds them."""
        path = self.folder / "given.json"
        path.write_text(json.dumps(texts), encoding="utf-8")
        self.run("import json, pathlib\nglobals().update(json.loads(pathlib.Path('given.json').read_text()))")
        path.unlink()

    def know(self, value: str, name: str) -> None:
        """Have the guard know ``value``, which is the kernel's variable ``value`` from now on, and begin to look for leaks."""
        self.give(value=value)
        self.run(f"from zensecrets_jupyter.core.redaction import the_redactor\nassert the_redactor().protect(value, {name!r})")
        self._seen = len(self.kernel.record)

    def run(self, code: str, answers: Any = ()) -> CellResult:
        """Run a cell that ends without an error."""
        try:
            ran = self.kernel.run(code, answers)
        except AssertionError:
            # A prompt that nobody expected would keep the kernel from all other tests.
            self.kernel.manager.interrupt_kernel()
            raise
        assert ran.ok, ran.error
        return ran

    def printed(self, code: str, answers: Any = ()) -> str:
        """Return what a cell wrote to standard output."""
        return self.run(code, answers).stream("stdout")

    def leaks(self, value: str) -> int:
        """Return how many characters of ``value`` stand together in a message since it became known."""
        texts = message_texts(self.kernel.record[self._seen :])
        return max((longest_visible(value, text.decode("utf-8", "replace")) for text in texts), default=0)


@pytest.fixture(scope="module")
def own_environment() -> Iterator[None]:
    """Start what the module's fixtures start without the keyring and the settings of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in [name for name in os.environ if name.startswith(("ZENSECRETS_", "ZENML_"))]:
            patch.delenv(variable)
        for variable, text in NO_KEYRING.items():
            patch.setenv(variable, text)
        yield


def store(home: Path, name: str, value: str, **environment: str) -> None:
    """Register a secret in a process of its own, whose store's key is in a file unless a passphrase is given."""
    own = {"ZENSECRETS_HOME": str(home / "zensecrets"), **NO_KEYRING, **environment}
    done = run_zensecrets("secret", "register", name, "--key=@-", piped=value.encode(), environment=own)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, own_environment: None) -> Iterator[Guarded]:
    """Return the kernel that most tests share; a value was stored before it, and lies in a file beside the notebook."""
    folder = tmp_path_factory.mktemp("guarded")
    value = made_up()
    store(folder, "stored", value)
    (folder / "stored.txt").write_text(value)
    with running_kernel(folder) as kernel:
        yield Guarded(kernel, folder, kernel.run("%load_ext zensecrets_jupyter\nprint(open('stored.txt').read())"))


# The beginning of the page.


@covers(
    """From `%load_ext zensecrets_jupyter` to `%unload_ext zensecrets_jupyter`, the guard checks all output of your kernel, or of IPython
    in a terminal."""
)
def test_from_loading_to_unloading(guarded: Guarded) -> None:
    """A kernel shows a known value only while the extension is not loaded."""
    value = made_up()
    guarded.know(value, "loaded.key")
    assert guarded.printed("print(value)") == "‹secret:loaded.key›\n"
    guarded.run("%unload_ext zensecrets_jupyter")
    try:
        assert guarded.printed("print(value)") == f"{value}\n"
    finally:
        guarded.run("%load_ext zensecrets_jupyter")
    assert guarded.printed("print(value)") == "‹secret:loaded.key›\n"


@covers("It masks each value that it knows as `‹secret:name.key›`.")
def test_each_value_by_its_name(guarded: Guarded) -> None:
    """Of several values each has its own mask, in a text that is otherwise as it was."""
    values = [made_up() for _ in range(5)]
    for number, value in enumerate(values):
        guarded.know(value, f"many.key{number}")
    guarded.give(text=" | ".join(values))
    assert guarded.printed("print(text)") == " | ".join(f"‹secret:many.key{number}›" for number in range(5)) + "\n"


@covers("The output is `Authorization: Bearer ‹secret:example.token›`.")
def test_the_example(guarded: Guarded) -> None:
    """The cells of the page's beginning show what it says."""
    cells = re.findall(r"^```python\n(.*?)^```$", PAGE.text.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
    assert len(cells) == 3
    value = made_up()
    guarded.run(cells[0])
    guarded.run(cells[1], [value])
    assert guarded.printed(cells[2]) == "Authorization: Bearer ‹secret:example.token›\n"


@covers("Only output is masked: `token` is still the value, and so is all that your code captures, compares, computes or writes to a file.")
def test_data_stay_what_they_are(guarded: Guarded) -> None:
    """The kernel's own checks see the value in what was captured, compared, computed and written; its output does not."""
    value = made_up()
    guarded.know(value, "data.key")
    guarded.run("captured = !echo {value}\nassert captured == [value]")
    guarded.run("%%capture kept\nprint(value)")
    guarded.run("assert kept.stdout == value + '\\n'; length, backwards = len(value), value[::-1]")
    guarded.run("assert open('own.txt', 'w').write(value) == length == 24; assert backwards[::-1] == value; other = value + '!'")
    assert (guarded.folder / "own.txt").read_text() == value
    assert guarded.printed("print(captured, kept.stdout, other)") == "['‹secret:data.key›'] ‹secret:data.key›\n ‹secret:data.key›!\n"
    assert guarded.leaks(value) < LEAK


# Which values.


@covers("The guard knows a value as soon as you register it, type it into a form or a password prompt, or read it in this kernel.")
def test_the_moment_at_which_a_value_is_known(guarded: Guarded) -> None:
    """In each of the four ways a value is shown before that moment, and masked in the next output."""
    registered, in_form, typed, read = (made_up() for _ in range(4))
    guarded.give(registered=registered, in_form=in_form, typed=typed, read=read)
    assert guarded.printed("print(registered, in_form, typed)") == f"{registered} {in_form} {typed}\n"
    guarded.run("%secret register moment --key", [registered])
    assert guarded.printed("print(registered)") == "‹secret:moment.key›\n"
    form = FormClient(guarded.kernel, guarded.kernel.run("%secret register filled", in_notebook=True))
    form.submit({"key": in_form})
    assert guarded.printed("print(in_form)") == "‹secret:filled.key›\n"
    assert re.fullmatch(r"‹secret:prompt\.\d+›\n", guarded.printed("import getpass; _ = getpass.getpass(); print(typed)", [typed]))
    store(guarded.folder, "elsewhere", read)
    assert guarded.printed("print(read)") == f"{read}\n"
    assert guarded.printed("from zensecrets_jupyter import Client; _ = Client().get_secret('elsewhere').content; print(read)") == (
        "‹secret:elsewhere.key›\n"
    )


def environment(guarded: Guarded, variables: Mapping[str, str]) -> dict[str, str]:
    """Return what a kernel prints of each of these variables, which it sets in the same cell."""
    guarded.give(variables=dict(variables))
    shown = guarded.printed("import os; os.environ.update(variables)\nfor name in variables: print(os.environ[name], end='\\0\\n')")
    return dict(zip(variables, shown.split("\0\n"), strict=False))


@covers(
    """**Environment variables**: a variable is a secret because of its name and value together (`DB_PASS`, `SSHPASS`, `*_TOKEN`, `*_DSN`,
    …), or because of its value alone: the format of a known token, a private key, or a password in a URL, a connection string or JSON."""
)
def test_variables_are_judged(guarded: Guarded) -> None:
    """A random value is a secret where the name says so; of what has a secret's format the name does not matter."""
    by_name = ("DB_PASS", "SSHPASS", "WEATHER_TOKEN", "REPORTS_DSN")
    random_ones = {name: made_up() for name in by_name}
    assert environment(guarded, random_ones) == {name: f"‹secret:env.{name}›" for name in by_name}
    plain = {"WEATHER_STATION": made_up()}
    assert environment(guarded, plain) == plain
    password = {kind: made_up() for kind in ("token", "url", "connection", "json")}
    key = pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8)
    by_value = {
        "STATION_A": f"ghp_{made_up(36)}",
        "STATION_B": key,
        "STATION_C": f"https://app:{password['url']}@example.com/weather",
        "STATION_D": f"Server=db.example.com;Uid=app;Pwd={password['connection']};",
        "STATION_E": json.dumps({"user": "app", "password": password["json"]}),
    }
    shown = environment(guarded, by_value)
    assert [name for name in by_value if f"‹secret:env.{name}›" not in shown[name]] == []
    assert [text for text in (by_value["STATION_A"], *key.splitlines()[1:-1], *password.values()) if text in str(shown)] == []


@covers("Only the secret part is masked; host, user and database stay readable.")
def test_only_the_secret_part_of_a_variable(guarded: Guarded) -> None:
    """All of a URL, a connection string and JSON is readable but the password."""
    templates = {
        "ORDERS_URL": "postgresql://app:{}@db.example.com/sales",
        "ORDERS_CONNECTION": "Server=db.example.com;Database=sales;Uid=app;Pwd={};",
        "ORDERS_JSON": '{{"host": "db.example.com", "user": "app", "database": "sales", "password": "{}"}}',
    }
    shown = environment(guarded, {name: template.format(made_up()) for name, template in templates.items()})
    assert shown == {name: template.format(f"‹secret:env.{name}›") for name, template in templates.items()}


@covers("Paths, dates such as `2031-04-17` and references (`arn:`, `op://`, `${X}`) are not secrets.")
@covers(
    """A number is a secret only if the name indicates a password; plain words are secrets only if the name indicates a password, a secret
    or a token."""
)
def test_harmless_values_of_variables(guarded: Guarded) -> None:
    """Each kind of value is shown or masked as the page says, by what the variable's name says."""
    expected = {"PASSWORD": {"number", "words"}, "SECRET": {"words"}, "TOKEN": {"words"}, "KEY": set(), "PLAIN": set()}
    for number, (ending, masked) in enumerate(expected.items()):
        # What was masked once would be so under any name: each name has values of its own.
        kinds = {
            "path": f"/etc/ssl/private/{made_up(3, string.digits)}.pem",
            "arn": f"arn:aws:secretsmanager:eu-central-1:{number_of(12)}:secret:prod/db",
            "op": "op://vault/item/field",
            "reference": "${OTHER_TOKEN}",
            "number": number_of(8),
            "date": f"203{number}-04-{random.SystemRandom().randint(10, 30)}",
            "words": ("gentle customer", "paper lantern", "silver meadow", "orange market", "forest harbour")[number],
        }
        variables = {f"LEFT_{kind.upper()}_{ending}": text for kind, text in kinds.items()}
        shown = environment(guarded, variables)
        assert {kind for kind, name in zip(kinds, variables, strict=True) if shown[name] != variables[name]} == masked, ending


@covers("A variable that you set after loading is checked before the next output, however you set it.")
def test_variables_that_are_set_after_loading(guarded: Guarded) -> None:
    """By every way to set a variable the next output of the same cell is masked."""
    for way, code in SETTING.items():
        value = made_up()
        (guarded.folder / "value").write_text(value)
        shown = guarded.printed(
            "import os, pathlib; value = pathlib.Path('value').read_text(); os.environ.pop('GITHUB_TOKEN', None)\n"
            f"{code}\nprint('it is', value)"
        )
        assert shown.splitlines()[-1] == "it is ‹secret:env.GITHUB_TOKEN›", way


PROMPTS_SENTENCE = """
    **Password prompts**: an answer to a prompt of `getpass`, click or rich, or in a terminal of prompt_toolkit, is masked as
    `prompt.N`."""


@covers(PROMPTS_SENTENCE)
def test_password_prompts(guarded: Guarded) -> None:
    """In a kernel, whichever library asks, and each answer has a number of its own."""
    numbers = []
    for way, code in PROMPTS.items():
        shown = guarded.printed(f"{code}\nprint('typed', value)", [made_up()]).splitlines()[-1]
        found = re.fullmatch(r"typed ‹secret:prompt\.(\d+)›", shown)
        assert found is not None, way
        numbers.append(int(found[1]))
    assert numbers == list(range(numbers[0], numbers[0] + len(PROMPTS)))


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory, own_environment: None) -> Iterator[tuple[Terminal, str]]:
    """Return IPython in a terminal, with the guard on, and a value in its environment, which is ``token`` there."""
    token = made_up()
    terminal = Terminal(tmp_path_factory.mktemp("terminal"), token)
    yield terminal, token
    terminal.close()


@covers(PROMPTS_SENTENCE)
def test_password_prompts_of_a_terminal(terminal: tuple[Terminal, str]) -> None:
    """In a terminal prompt_toolkit's prompts are watched too."""
    child = terminal[0].child
    for way in ("getpass", "prompt_toolkit"):
        terminal[0].cell(TERMINAL[way])
        # Not where the line that asks is echoed.
        child.expect(r"(?<!')Database:")
        child.send(f"{made_up()}\r")
        terminal[0].cell("print('<typed>', value)")
        child.expect(r"<typed> (‹[^›]*›|\w{12})")
        assert re.fullmatch(r"<typed> ‹secret:prompt\.\d+›", str(child.after)), way


@covers("An answer that goes directly to a program (`!ssh`, `!sudo`) is not known to the guard.")
def test_what_a_program_reads_by_itself(terminal: tuple[Terminal, str]) -> None:
    """A program that asks the terminal for a password gets it past Python, and what it shows of it is shown."""
    value = made_up()
    terminal[0].cell("""!bash -c 'read -rsp "Pass""phrase: " it; echo "<""read> $it"'""")
    terminal[0].child.expect("Passphrase: ")
    terminal[0].child.send(f"{value}\r")
    terminal[0].child.expect(r"<read> (‹[^›]*›|\w+)")
    assert str(terminal[0].child.after) == f"<read> {value}"


ACTIVE_SENTENCE = (
    "**The secrets of the active stack**: they are loaded after `%load_ext` if this neither requires your input nor sends a request."
)


@covers(ACTIVE_SENTENCE)
def test_the_active_stack_s_secrets_are_loaded(guarded: Guarded) -> None:
    """A value that no code has read is masked in the very cell that loads the extension."""
    assert guarded.loading.stream("stdout") == "‹secret:stored.key›\n"
    assert guarded.loading.prompts == []


@covers(ACTIVE_SENTENCE)
@covers(
    """Otherwise the guard uses your fingerprints, if you keep any (`ZENSECRETS_FINGERPRINTS=on`); they recognize a value only within one
    piece of output."""
)
def test_where_somebody_would_have_to_be_asked(tmp_path: Path, own_environment: None) -> None:
    """A store under a passphrase, and a stack whose manager is remote, are left alone; fingerprints mask a value in one piece."""
    value = made_up()
    (tmp_path / "value").write_text(value)
    store(tmp_path, "db", value, ZENSECRETS_PASSPHRASE=made_up(), ZENSECRETS_FINGERPRINTS="on")
    with socket.create_server(("127.0.0.1", 0)) as server, running_kernel(tmp_path) as kernel:
        # Nobody answers a prompt: it would fail the test.
        ran = kernel.run("%load_ext zensecrets_jupyter\nvalue = open('value').read(); print(value)")
        assert ran.stream("stdout") == "‹secret:db.key›\n"
        in_pieces = f"import time\nfor at in (0, 8, 16): print(value[at : at + 8], end='', flush=True); time.sleep({PAUSE})"
        assert kernel.run(in_pieces).stream("stdout") == value
        home = {"ZENSECRETS_HOME": str(tmp_path / "zensecrets")}
        for words in (
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
            done = run_zensecrets(*words, environment=home)
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
@pytest.mark.parametrize("answers", [True, False], ids=["a slow store", "a store that hangs"])
def test_the_first_output_waits_for_the_store(tmp_path: Path, own_environment: None, *, answers: bool) -> None:
    """While the store's key can't be read the cell waits; it goes on when the key comes, or without it after five seconds."""
    value, slow, longest = made_up(), 1.5, 5
    (tmp_path / "value").write_text(value)
    store(tmp_path, "db", value)
    (key,) = tmp_path.rglob("*.key")
    text = key.read_bytes()
    key.unlink()
    # Who opens a named pipe waits until somebody writes to it.
    os.mkfifo(key, 0o600)
    writer = threading.Timer(slow, key.write_bytes, [text])
    with running_kernel(tmp_path) as kernel:
        if answers:
            writer.start()
        began = time.monotonic()
        ran = kernel.run("%load_ext zensecrets_jupyter\nprint(open('value').read())")
        took = time.monotonic() - began
        assert ran.stream("stdout") == ("‹secret:db.key›\n" if answers else f"{value}\n")
        assert took >= (slow / 2 if answers else longest - 0.5)
        # A busy machine takes its time as well.
        assert took < longest * 4
        began = time.monotonic()
        assert kernel.run("1 + 1").shown() == ["2"]
        assert time.monotonic() - began < longest


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """Return the environment of somebody who may use an AWS Secrets Manager."""
    with running_moto() as port:
        yield aws_environment(port)


@covers("**Secrets of other programs**: only their sensitive keys are masked; `--clear KEY` names further keys that are not sensitive.")
def test_another_program_s_secret(guarded: Guarded, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a database's log-in only the password is masked, and of another secret all but the key that is named."""
    for variable, text in aws.items():
        monkeypatch.setenv(variable, text)
    client = boto3.client("secretsmanager")
    documents = {
        "warehouse": {"username": f"user-{made_up()}", "password": made_up(), "host": f"{made_up(8).lower()}.example.com", "port": "5432"},
        "service": {"alpha": made_up(), "beta": made_up()},
    }
    for name, document in documents.items():
        client.create_secret(Name=name, SecretString=json.dumps(document))
    guarded.give(aws=aws, texts=documents)
    guarded.run("import os; os.environ.update(aws)")
    line = "%zen secrets-manager register team --flavor=aws --external warehouse=warehouse,service=service --clear service.beta"
    guarded.run(line)
    guarded.run("%stack register cloud -o default -a default -x team --set")
    try:
        guarded.run("from zensecrets_jupyter import Client\nfor name in texts: _ = [*Client().get_secret(name).content.values()]")
    finally:
        guarded.run("%stack set default")
    shown = json.loads(guarded.printed("print(json.dumps(texts, ensure_ascii=False))"))
    expected = {
        "warehouse": {**documents["warehouse"], "password": "‹secret:warehouse.password›"},
        "service": {**documents["service"], "alpha": "‹secret:service.alpha›"},
    }
    assert shown == expected


@covers("`%secret guard` shows why each name is protected.")
def test_why_each_name_is_protected(guarded: Guarded) -> None:
    """The table has the reason of a stored value, of a typed one, and of variables that are known by name and by value."""
    guarded.run("import getpass; _ = getpass.getpass('Gate: ')", [made_up()])
    guarded.give(variables={"GATE_PASS": made_up(), "GATE_URL": f"https://app:{made_up()}@example.com/"})
    guarded.run("import os; os.environ.update(variables)")
    words = "\n".join(guarded.run("%secret guard").shown()).split()
    # A long reason goes on in the next line, behind the column of counts.
    table = " ".join(word for word in words if not word.isdigit())
    for reason in (
        r"stored\.key registered or read as a key of secret 'stored'",
        r"prompt\.\d+ typed at the password prompt 'Gate'",
        r"env\.GATE_PASS environment variable, its name",
        r"env\.GATE_URL environment variable, the password of a URL in it",
    ):
        assert re.search(reason, table), reason


LATER_SESSION = """
import os
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "zensecrets_jupyter")
print(os.environ["ZOO_TOKEN"], os.environ["ZOO_ANIMAL"])
"""


@covers(
    """`%secret guard ignore VARIABLE` and `protect VARIABLE` correct this, also for later sessions; only names are stored, in
    `guard.json`."""
)
def test_what_is_corrected(guarded: Guarded) -> None:
    """What is ignored is shown and what is protected is masked, here and in a shell that is started later."""
    values = {"ZOO_TOKEN": made_up(), "ZOO_ANIMAL": made_up()}
    assert environment(guarded, values) == {**values, "ZOO_TOKEN": "‹secret:env.ZOO_TOKEN›"}
    guarded.run("%secret guard ignore ZOO_TOKEN")
    guarded.run("%secret guard protect ZOO_ANIMAL")
    corrected = {**values, "ZOO_ANIMAL": "‹secret:env.ZOO_ANIMAL›"}
    assert environment(guarded, values) == corrected
    kept = (guarded.folder / "zensecrets" / "guard.json").read_text(encoding="utf-8")
    assert json.loads(kept) == {"version": 1, "protect": ["ZOO_ANIMAL"], "ignore": ["ZOO_TOKEN"]}
    later = {**os.environ, **values, "ZENSECRETS_HOME": str(guarded.folder / "zensecrets"), "IPYTHONDIR": str(guarded.folder / "later")}
    done = subprocess.run([sys.executable, "-c", LATER_SESSION], env=later, capture_output=True, text=True, check=True)
    assert done.stdout.split() == list(corrected.values())


@covers(
    """Values of fewer than six characters, and common words and numbers such as `admin` or `us-east-1`, are not masked, because they
    appear in ordinary output."""
)
def test_short_and_common_values(guarded: Guarded) -> None:
    """Five characters and common words are shown, and the command says so; six characters are masked."""
    short, long_enough = made_up(5, string.ascii_lowercase), made_up(6, "bcdfghjklmnpqrstvwxz")
    for value in (short, "admin", "password", "us-east-1", "123456", "000000"):
        assert not Redactor().protect(value, "a.key"), value
    said = guarded.printed("%secret register brief --short --word --key", [short, "us-east-1", long_enough])
    assert [name for name in ("short", "word", "key") if f"brief.{name} can't be masked" in said] == ["short", "word"]
    guarded.give(texts=[short, "us-east-1", long_enough])
    assert guarded.printed("print(*texts)") == f"{short} us-east-1 ‹secret:brief.key›\n"


# What is masked.

NASTY = "a\"b'c\\d&e<f $g%h"
"""What each encoder writes in a way of its own."""
CHANGING_CASE = {"capitals", "small letters"}


@covers("**The principle: text that decodes to a value is masked.**")
def test_the_principle() -> None:
    """Whatever any encoder makes of a value is masked."""
    value = f"{NASTY}é{made_up()}"
    redactor = protecting(value)
    assert [name for name, encode in ENCODERS.items() if mask_text("a.key") not in redactor.redact(f"~~~\n{encode(value)}\n~~~")] == []
    assert len(ENCODERS) > 80


@covers("The guard searches each text, and each decoded view of it, for the value and for all that the value itself decodes to.")
def test_a_text_and_a_value_are_decoded() -> None:
    """A value is masked as it stands, encoded in a text, and decoded in a text where it is encoded itself."""
    value = made_up()
    encoded = base64.b64encode(value.encode()).decode()
    assert is_masked(value, f"it is {value}.")
    assert is_masked(value, f"it is {encoded}.")
    assert is_masked(encoded, f"it is {value}.")
    other = made_up()
    assert not is_masked(value, f"it is {base64.b64encode(other.encode()).decode()}.")


@covers(
    """**A value** is decoded up to four levels: its text without escapes or quotes; its base64 or hexadecimal digits; the strings and the
    long numbers of its JSON; its lines; the password in a URL, a connection string, `user:password` or a header."""
)
def test_what_a_value_stands_for() -> None:
    """Each of these parts of a value is masked where it stands alone, and what is not secret in the value is shown."""
    part, number = made_up(), number_of(12)
    whole: dict[str, tuple[str, str]] = {
        "itself": (part, part),
        "escapes": (f"{part[:9]}\\u0040\\x41%2F{part[9:]}", f"{part[:9]}@A/{part[9:]}"),
        "quotes": (f'"{part}"', part),
        "base64": (base64.b64encode(part.encode()).decode(), part),
        "hexadecimal": (part.encode().hex(), part),
        "a string of JSON": (json.dumps({"a": [{"b": part}]}), part),
        "a number of JSON": (json.dumps({"account": int(number)}), number),
        "a line": (f"the first line of it\n{part}\nthe third line of it", part),
        "a URL": (f"https://app:{part}@example.com/weather", part),
        "a connection string": (f"Server=db.example.com;Uid=app;Pwd={part};", part),
        "user:password": (f"app:{part}", part),
        "a header": (f"Authorization: Bearer {part}", part),
        "four levels": (json.dumps({"auth": f"Basic {base64.b64encode(f'app:{part}'.encode()).decode()}"}), part),
    }
    assert [name for name, (value, text) in whole.items() if not is_masked(value, f"it is {text}.")] == []
    for name in ("a URL", "a connection string"):
        assert not is_masked(whole[name][0], "app at example.com and db.example.com: weather"), name


@covers("""A PEM key that is stored with `\\n` is masked when it is printed with real line ends.""")
def test_a_pem_in_one_line() -> None:
    """None of its lines is shown."""
    key = pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8)
    shown = protecting(key.replace("\n", "\\n")).redact(f"it is\n{key}")
    assert [line for line in key.splitlines()[1:-1] if longest_visible(line, shown) >= LEAK] == []
    assert mask_text("a.key") in shown


@covers("If a stored file contains a secret, the file's names, hosts and lines of plain words are not masked.")
def test_the_context_of_a_secret() -> None:
    """The secret of a settings file is masked, and its other lines, the user and the host are shown."""
    secret = made_up()
    text = f"import os\nfrom pathlib import Path\nDATABASE = 'postgresql://app:{secret}@db.example.com/weather'\nprint(os.getcwd())\n"
    assert is_masked(text, f"it is {secret}.")
    for shown in ("import os\n", "print(os.getcwd())\n", "app at db.example.com/weather\n", "DATABASE = 1\n"):
        assert not is_masked(text, shown), shown


DECODED = {
    "escapes of programming languages": (
        "repr",
        "ascii",
        "bytes repr",
        "JSON",
        "JSON of .NET",
        "JavaScript",
        "Java",
        "C",
        "hexadecimal escapes",
        "long escapes",
        "names of characters",
    ),
    "shells": ("shell", "shell with backslashes", "shell, ANSI C", "PowerShell", "cmd"),
    "HTML": ("HTML", "HTML by number", "HTML by hexadecimal number", "in HTML spans"),
    "XML": ("XML",),
    "URLs": ("URL", "URL form", "URL in lower case", "URL, every byte"),
    "LaTeX": ("LaTeX",),
    "terminals": ("in colours",),
    "base64 in every alphabet": ("base64", "base64url", "UTF-7 of IMAP"),
    "alignment": ("base64 after one byte", "base64 after two bytes"),
    "wrapped or not": ("base64 in lines of 76", "base64 in lines of 20", "base64 in YAML"),
    "base32 and base85": ("base32", "base85", "Ascii85"),
    "hexadecimal digits with any separator": (
        "hexadecimal",
        "upper hexadecimal",
        "hexadecimal with colons",
        "hexadecimal with blanks",
        "hexadecimal with dashes",
    ),
    "dumps of bytes": ("xxd", "xxd without addresses", "hexdump", "hexdump -C", "od", "od -c", "curl --trace"),
    "lists of numbers": ("list of bytes", "list of code points", "C array", "Unicode numbers"),
    "mail encodings": ("quoted-printable", "encoded words, Q", "encoded words, B", "UTF-7 of IMAP"),
    "cells of tables": ("wrapped table", "wrapped table of pipes"),
    "literals that are wrapped": ("adjacent literals",),
    "UTF-16": ("UTF-16", "UTF-16 repr", "base64 of UTF-16", "hexadecimal of UTF-16"),
}
"""The sentence's words, each with the encoders that it is about."""
DECODED_SENTENCE = """
    **A text** is decoded where it looks encoded: escapes of programming languages, shells, HTML, XML, URLs, LaTeX and terminals;
    base64 in every alphabet and alignment, wrapped or not; base32 and base85; hexadecimal digits with any separator, dumps of bytes,
    lists of numbers; mail encodings; cells of tables and literals that are wrapped; UTF-16."""


@covers(DECODED_SENTENCE)
def test_what_a_text_is_decoded_for() -> None:
    """All that the sentence lists is masked, and nothing else is left of a value in it than what is too short to tell."""
    value = f"{NASTY}é{made_up()}"
    redactor = protecting(value)
    for words, names in DECODED.items():
        assert words in " ".join(DECODED_SENTENCE.split())
        for name in names:
            text = ENCODERS[name](value)
            shown = redactor.redact(f"before\n{text}\nbehind")
            assert mask_text("a.key") in shown, name
            assert longest_visible(value[-24:], shown) < LEAK, name
            assert (shown.startswith("before"), shown.endswith("behind")) == (True, True), name


@covers("Two encodings inside each other are decoded, escapes up to four times.")
def test_encodings_inside_each_other() -> None:
    """Any two of the usual encodings, and each escape up to four times."""
    value = f"{NASTY}é{made_up()}"
    redactor = protecting(value)
    usual = ("repr", "JSON", "HTML", "URL", "base64", "base64url", "base32", "hexadecimal", "hexadecimal with colons", "list of bytes")
    for outer in usual:
        for inner in usual:
            assert mask_text("a.key") in redactor.redact(f"<{ENCODERS[outer](ENCODERS[inner](value))}>"), (inner, outer)
    for name in ESCAPING:
        assert is_masked(*escaped(name, 4)), name


def escaped(encoder: str, times: int) -> tuple[str, str]:
    """Return a value of which an escape changes every second letter, and what it is after so many escapes."""
    value = text = "".join(f"{letter}{random.SystemRandom().choice('éñüöàçß')}" for letter in made_up(16))
    for _ in range(times):
        text = ENCODERS[encoder](text)
    return value, text


@covers(
    """**Quoting and spacing** do not matter for a value of twelve letters or more: only letters and digits are compared, and between them
    must be a way to write the characters that the value has there, or the same sign each time."""
)
def test_quoting_and_spacing() -> None:
    """Twelve letters with quotes, blanks, line ends or one sign between them are masked; with different signs or words they are not."""
    least = 12
    value = made_up(least, string.ascii_lowercase)
    written = (
        f"'{value}'",
        f"'{value[:6]}' '{value[6:]}'",
        f'{value[:6]}""{value[6:]}',
        f"{value[:6]}\n    {value[6:]}",
        " ".join(value),
        f"{value[:6]}\\\n{value[6:]}",
    )
    assert [text for text in written if not is_masked(value, f"it is {text}.")] == []
    blank = f"{value[:4]} {value[4:8]} {value[8:]}"
    assert [text for text in (blank.replace(" ", "\n"), blank.replace(" ", "   ")) if not is_masked(blank, text)] == []
    quote = f"{value[:4]}'{value[4:]}"
    assert is_masked(quote, f"{value[:4]}'\\''{value[4:]}")
    assert not is_masked(value, f"{value[:6]} and {value[6:]}")
    assert is_masked(value, f"{value[:4]}@{value[4:8]}@{value[8:]}")
    assert not is_masked(value, f"{value[:4]}@{value[4:8]}!{value[8:]}")


@covers("**Case** does not matter from 16 letters on; a value of seven letters or more is also masked in capitals and in small letters.")
@covers("A value of six letters in another case is not recognized, nor is one of fewer than 16 letters in mixed case.")
@covers("Neither is a value without its punctuation, except for dashes in a value of twelve letters or more.")
def test_case_and_punctuation() -> None:
    """On either side of both lengths; and a value whose dashes are gone is shown."""
    any_case, one_case = 16, 7
    value = made_up(any_case, string.ascii_lowercase)
    assert is_masked(value, mixed(value))
    assert not is_masked(value[:-1], mixed(value[:-1]))
    assert is_masked(value[:one_case], value[:one_case].upper())
    assert is_masked(value[:one_case].upper(), value[:one_case])
    assert not is_masked(value[: one_case - 1], value[: one_case - 1].upper())
    groups = "-".join(made_up(4) for _ in range(5))
    assert is_masked(groups, groups.replace("-", ""))
    assert not is_masked(groups[:11], groups[:11].replace("-", ""))
    dotted = ".".join(made_up(4) for _ in range(5))
    assert is_masked(dotted, dotted)
    assert not is_masked(dotted, dotted.replace(".", ""))


def mixed(text: str) -> str:
    """Return a text in which every other letter is a capital."""
    return "".join(letter.upper() if index % 2 else letter.lower() for index, letter in enumerate(text))


@covers(
    """**A part of a value** is masked if it has twelve characters or more, unchanged, at the beginning or the end of the value; of a long
    token, any part of 36 letters or more is masked."""
)
@covers("Fewer than 16 digits of base64 and fewer than 24 hexadecimal digits are not decoded, unless a value is that short.")
@pytest.mark.parametrize("kind", ["letters", "signs", "base64", "hexadecimal digits"])
def test_a_part_of_a_value(kind: str) -> None:
    """Twelve characters of the value or of its encoding are masked at both ends, eleven are shown."""
    least = {"hexadecimal digits": 24, "base64": 16}.get(kind, 12)
    value = "-".join(made_up(20)) if kind == "signs" else made_up(30)
    text = ENCODERS[{"hexadecimal digits": "hexadecimal"}.get(kind, kind)](value) if kind not in {"letters", "signs"} else value
    redactor = protecting(value)
    for part in (text[:least], text[-least:]):
        assert redactor.redact(f"({part}…)") != f"({part}…)"
    for part in (text[: least - 1], text[1 - least :]):
        assert redactor.redact(f"({part}…)") == f"({part}…)"


@covers(
    """**A part of a value** is masked if it has twelve characters or more, unchanged, at the beginning or the end of the value; of a long
    token, any part of 36 letters or more is masked."""
)
def test_a_part_of_a_long_token() -> None:
    """Wherever 36 letters of a token are cut out, they are masked; eleven are not."""
    least = 36
    token = made_up(200)
    redactor = protecting(token)
    starts = range(12, len(token) - least - 12)
    parts = [token[start : start + least] for start in starts]
    assert [part for part in parts if mask_text("a.key") not in redactor.redact(f"<{part}>")] == []
    assert [part[:11] for part in parts if redactor.redact(f"<{part[:11]}>") != f"<{part[:11]}>"] == []


@covers("A prefix that identifies the type of a token, such as `ghp_`, does not count.")
def test_a_part_with_a_prefix() -> None:
    """Twelve letters behind the prefix are masked, eleven are shown."""
    token = f"ghp_{made_up(36)}"
    redactor = protecting(token)
    assert redactor.redact(f"({token[:16]}…)") == f"({mask_text('a.key')}…)"
    assert redactor.redact(f"({token[:15]}…)") == f"({token[:15]}…)"


@covers("A beginning and an end with an ellipsis between them are masked together.")
@pytest.mark.parametrize("ellipsis", ["...", "…", "[...]"])
def test_two_ends_of_a_value(ellipsis: str) -> None:
    """Eight letters at the beginning and four at the end are masked; neither is alone."""
    value = made_up(24)
    redactor = protecting(value)
    assert redactor.redact(f"({value[:8]}{ellipsis}{value[-4:]})") == f"({mask_text('a.key')})"
    for text in (f"({value[:8]}{ellipsis})", f"({ellipsis}{value[-4:]})"):
        assert redactor.redact(text) == text


@covers("**A number** is masked in a text where it stands alone, but not inside a longer number or hexadecimal digits.")
def test_a_number_in_a_text() -> None:
    """Alone it is masked, also between letters; inside a longer number, a fraction or hexadecimal digits it is shown."""
    number = number_of(8)
    for text in (f"PIN {number}.", f"({number})", f"pin={number}", f"no{number}!"):
        assert is_masked(number, text), text
    for text in (f"1{number}", f"{number}0", f"{number}.5", f"0.{number}", f"a{number}f", f"0bad{number}"):
        assert not is_masked(number, text), text


@covers("In JSON, figures, widget state, scripts and drawings, a number stays a number.")
def test_a_number_in_data(guarded: Guarded) -> None:
    """A number with the digits of a known value arrives as a number, and as a text it is masked."""
    number = int(number_of(8))
    guarded.know(str(number), "door.pin")
    masked = "‹secret:door.pin›"
    guarded.give(number=number)
    shown: list[Any] = [*guarded.run("from IPython.display import JSON\nJSON({'a': [number], 'b': str(number)})").shown("application/json")]
    assert shown == [{"a": [number], "b": masked}]
    figure = "import plotly.graph_objects as go\nfigure = go.Figure(go.Bar(x=[str(number)], y=[number]))\n"
    bundle: list[Any] = [
        *guarded.run(f"{figure}from IPython.display import display\ndisplay(figure)").shown("application/vnd.plotly.v1+json")
    ]
    assert [(trace["x"], trace["y"]) for trace in bundle[0]["data"]] == [([masked], [number])]
    states = guarded.run("import ipywidgets\n_ = ipywidgets.IntText(number), ipywidgets.Text(str(number))").messages
    opened = [message["content"]["data"]["state"] for message in states if message["msg_type"] == "comm_open"]
    assert [state["value"] for state in opened if "value" in state] == [number, masked]
    script = "from IPython.display import HTML\nHTML(f'<script>draw([{number}, \"{number}\"])</script>')"
    assert guarded.run(script).shown("text/html") == [f'<script>draw([{number}, "{masked}"])</script>']
    script = "from IPython.display import SVG, Javascript\nJavascript(f'draw({number}, \"{number}\")')"
    assert guarded.run(script).shown("application/javascript") == [f'draw({number}, "{masked}")']
    drawing = 'SVG(f\'<svg xmlns="http://www.w3.org/2000/svg"><text x="{number}">{number}</text></svg>\')'
    assert guarded.run(drawing).shown("image/svg+xml") == [
        f'<svg xmlns="http://www.w3.org/2000/svg"><text x="{number}">{masked}</text></svg>'
    ]


@covers(
    """A value in two pieces is masked too: a few characters that may be its beginning wait for the next piece, for 50 ms at most; all
    other text is shown at once."""
)
def test_two_pieces(guarded: Guarded) -> None:
    """Split anywhere a value is masked; its beginning alone is shown while the cell still runs, and so is any other text."""
    value = made_up()
    guarded.know(value, "pieces.key")
    ran = guarded.run("for at in range(1, len(value)): print(value[:at], end='', flush=True); print(value[at:])")
    assert ran.stream("stdout") == "‹secret:pieces.key›\n" * 23
    assert guarded.leaks(value) < LEAK
    waits = "import time; from IPython.display import display\nprint({}, end='', flush=True); time.sleep(1); display(0)"
    for text, shown in (("value[:6]", value[:6]), ("'Epoch 1\\n'", "Epoch 1\n")):
        messages = guarded.run(waits.format(text)).messages
        first, last = [message for message in messages if message["msg_type"] in {"stream", "display_data"}]
        assert first["content"]["text"] == shown
        assert (last["header"]["date"] - first["header"]["date"]).total_seconds() > 0.3


# Where.

MESSAGES = (
    "print",
    "stderr",
    "result",
    "HTML",
    "Markdown",
    "LaTeX",
    "SVG",
    "JavaScript",
    "JSON",
    "application MIME",
    "metadata",
    "update_display",
    "traceback",
    "error of a cell",
    "pager",
    "set_next_input",
)
"""Channels of a cell; REQUESTS has the replies, and the prompts."""
PROGRAMS = ("!command", "%%bash", "%%script to stderr", "os.system", "subprocess", "file descriptor", "file descriptor 2")


def play(guarded: Guarded, channels: Mapping[str, Callable[[], object]], pause: float = 0) -> None:
    """Use each channel with a canary of its own, and look in all that the kernel sends: a mask is there, and no part of the canary."""
    planted = {(channel, "plain"): PlantedValue([text], text, [text]) for channel in channels for text in [canary(channel)]}
    texts = {channel: [one.text] for (channel, _), one in planted.items()}
    (guarded.folder / "planted.json").write_text(json.dumps(texts))
    (guarded.folder / "values.json").write_text(json.dumps([text for one in texts.values() for text in one]))
    guarded.run(PREPARE.format(folder=str(guarded.folder)))
    search = LeakSearch(planted)
    for channel, use in channels.items():
        begin = len(guarded.kernel.record)
        guarded.run(f"use({channel!r})")
        use()
        if pause:
            guarded.run(f"time.sleep({pause})")
        sent = [*message_texts(guarded.kernel.record[begin:])]
        assert search.leaks(*sent) == set()
        assert "‹secret:planted.key".encode() in b"\n".join(sent), channel


@covers(
    """every message, on every socket | streams, results, displays in every MIME type that is text, metadata, tracebacks, payloads, and the
    replies to completion, inspection, history, expressions and the debugger"""
)
def test_every_message(guarded: Guarded) -> None:
    """What each kind of message carries is masked."""
    kernel = guarded.kernel
    cells = {channel: partial(kernel.run, CELLS[channel]) for channel in MESSAGES}
    requests = {channel: partial(REQUESTS[channel], kernel) for channel in REQUESTS}
    play(guarded, {**cells, **requests})


@covers("programs | `!command`, `%%bash`, `os.system`, `subprocess`, and the output of libraries to file descriptors 1 and 2")
def test_programs(guarded: Guarded) -> None:
    """What programs write, and the C library, is masked."""
    library = "import ctypes; libc = ctypes.CDLL(None); libc.puts(all_texts.encode()); libc.fflush(None);"
    cells = {**{channel: CELLS[channel] for channel in PROGRAMS}, "library": library}
    play(guarded, {channel: partial(guarded.kernel.run, code) for channel, code in cells.items()}, PAUSE / 2)


@covers("widgets | the messages of a comm, and its binary buffers, in which `*` replaces each byte of a value")
def test_widgets(guarded: Guarded) -> None:
    """The state of a widget has a mask, a buffer as many stars as the value has bytes."""
    value = made_up()
    guarded.know(value, "widget.key")
    ran = guarded.run(
        "import ipywidgets\nfield = ipywidgets.Text(value)\nfield.send({'text': value}, buffers=[b'\\0\\xff' + value.encode() + b'\\xfe'])"
    )
    messages = [message for message in ran.messages if message["msg_type"] in {"comm_open", "comm_msg"}]
    data = json.dumps([message["content"]["data"] for message in messages], ensure_ascii=False)
    assert data.count('"‹secret:widget.key›"') == 2
    assert [bytes(buffer) for message in messages for buffer in message["buffers"]] == [b"\0\xff" + b"*" * len(value) + b"\xfe"]
    assert guarded.leaks(value) < LEAK


@covers("the kernel's process | the output of the kernel to its own terminal, or to the server's log")
def test_the_process_itself(guarded: Guarded) -> None:
    """Where the kernel was started its own log and what is written past Jupyter is masked."""
    value = made_up()
    guarded.know(value, "process.key")
    own = "get_ipython().kernel.log.error('<log> %s', value)\nimport os, sys"
    past = "os.write(sys.stderr._original_stdstream_copy, f'<past> {value}\\n'.encode());"
    guarded.run(f"{own}\n{past}")
    wanted = {"<log> ‹secret:process.key›", "<past> ‹secret:process.key›"}
    until = time.monotonic() + 30
    log = ""
    while time.monotonic() < until and not all(text in log for text in wanted):
        time.sleep(0.05)
        log = (guarded.folder / "kernel.log").read_text(encoding="utf-8")
    assert [text for text in wanted if text not in log] == []
    assert longest_visible(value, log) < LEAK


LOGGED = (
    "logging: message and arguments",
    "logging: extra",
    "logging: dictConfig",
    "logging: fileConfig",
    "logging: LoggerAdapter",
    "logging: formatter class",
    "logging: handler class that reads the record",
    "logging: rotating",
    "loguru: file",
    "loguru: function",
    "structlog: print",
    "structlog: write and JSON",
)


@covers(
    """logs | every record of every handler, formatter, configuration and logger, also of those that are created after loading; sinks of
    loguru; loggers that structlog wraps"""
)
def test_logs(guarded: Guarded) -> None:
    """In the file of each handler and sink, all made after loading, there is a mask and no value."""
    value = made_up()
    guarded.run("%secret register held --key", [value])
    guarded.run(SETUP_OF_LOGS)
    for number, name in enumerate(LOGGED):
        path = guarded.folder / f"{number}.log"
        guarded.run(f"path = {str(path)!r}\n{LOGS[name]}\nlogging.shutdown()")
        written = path.read_text(encoding="utf-8")
        assert "secret:held.key" in written, name
        assert longest_visible(value, written) < LEAK, name


@covers(
    """saved files | the files that Jupyter Server saves are masked by running kernels on the same machine; the status bar tells you if
    saved files are not checked"""
)
def test_saved_files(tmp_path: Path) -> None:
    """JupyterLab saves a value that was typed and not run as a reference to it; without the kernel's help the status bar says so."""
    value = canary("saved")
    with running("jupyterlab", tmp_path) as lab, chromium() as browser, browser.new_context() as context:
        page = context.new_page()
        item = page.locator("#jp-main-statusbar .zs-guard-status")
        open_notebook(lab, page, "saved.ipynb", know(lab, value), "0")
        type_into(page, 2, f"# {value}")
        expect(item).to_have_attribute("title", re.compile("Saved files are checked"))
        saved = save(lab, page, "saved.ipynb")
        assert "gh.pat" in saved
        assert value not in saved
        # As if the kernel ran on another machine: the server finds none to ask.
        for file in (lab.home / "runtime").glob("zensecrets-*"):
            file.unlink()
        page.reload()
        expect(item).to_have_text(re.compile("saved files not checked"))
        type_into(page, 2, f"# {value} again")
        assert value in save(lab, page, "saved.ipynb")


@covers(
    """From `%load_ext zensecrets_jupyter` to `%unload_ext zensecrets_jupyter`, the guard checks all output of your kernel, or of IPython
    in a terminal."""
)
@covers(
    """In IPython in a terminal, the guard masks all that reaches the screen: from Python, from programs and from libraries, also while a
    prompt is shown."""
)
@covers("The prompt itself shows what you type.")
def test_the_screen_of_a_terminal(terminal: tuple[Terminal, str]) -> None:
    """Whatever writes to the screen is masked; what is typed at the prompt is there as it is; unloaded, all is."""
    screen, token = terminal
    for code in (
        "print('<Python>', token)",
        "!echo '<program>' $SOME_API_TOKEN",
        "import ctypes; libc = ctypes.CDLL(None); _ = libc.puts(b'<library> ' + token.encode()), libc.fflush(None)",
        # The prompt is there long before.
        "threading.Timer(1, print, ('<prompt>', token)).start()",
    ):
        screen.cell(code)
        # Where the cell's own line is echoed a quote or a comma follows.
        screen.child.expect(r"<(\w+)> (‹[^›]*›|\w{12})")
        assert str(screen.child.after).endswith("‹secret:env.SOME_API_TOKEN›"), code
    screen.cell(f"print('<typed>', len('{token}'))")
    screen.child.expect(token)
    screen.child.expect(f"<typed> {len(token)}")
    screen.cell("%unload_ext zensecrets_jupyter")
    screen.cell("print('<off>', token)")
    screen.child.expect(f"<off> {token}")
    screen.cell("%load_ext zensecrets_jupyter")
    screen.cell("print('<on>', token)")
    screen.child.expect("<on> ‹secret:env.SOME_API_TOKEN›")


@covers(
    """Programs still have a terminal, except for their error output, which is a pipe; so pagers, `help`, `%debug`, editors and Ctrl-C
    work."""
)
def test_programs_in_a_terminal(terminal: tuple[Terminal, str]) -> None:
    """Programs see a terminal of its size, and a pipe at descriptor 2; whatever takes keys gets them."""
    screen, _ = terminal
    child = screen.child
    screen.cell("!tty -s <&1 && stty size <&1")
    child.expect("40 150")
    screen.cell("!test -p /dev/fd/2 && echo '<''pipe>'")
    child.expect("<pipe>")
    screen.cell("import pydoc; pydoc.pager('<page' + '>\\n' * 99)")
    child.expect("<page>")
    child.send("q")
    screen.cell("help(str.join)")
    child.expect("Concatenate")
    child.send("q")
    screen.cell("1 / (0 if token else 1)")
    screen.cell("%debug")
    child.expect("ipdb>")
    child.send("p token\r")
    child.expect("‹secret:env.SOME_API_TOKEN›")
    child.expect("ipdb>")
    child.send("q\r")
    # What an editor does: a screen of its own, and single keys.
    screen.cell("curses.wrapper(lambda window: (window.addstr('press' + ' a key'), window.refresh(), window.getkey())[2])")
    child.expect("press a key")
    child.send("k")
    child.expect("'k'")
    screen.cell("print('now' + ' wait'); time.sleep(60)")
    child.expect("now wait")
    child.sendintr()
    child.expect("KeyboardInterrupt")


OTHER_SHELL = """
import os
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "zensecrets_jupyter")
shell.run_cell("import os, sys; token = os.environ['SHELL_TOKEN']; print('<out>', token); print('<err>', token, file=sys.stderr)")
os.write(1, f"<descriptor> {os.environ['SHELL_TOKEN']}".encode())
"""


@covers("In a shell that runs inside another program, only `sys.stdout` and `sys.stderr` are masked.")
def test_a_shell_inside_another_program(tmp_path: Path) -> None:
    """What Python prints there is masked, what is written to the descriptor is not."""
    value = made_up()
    own = {**os.environ, "SHELL_TOKEN": value, "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", OTHER_SHELL], env=own, capture_output=True, text=True, check=True)
    assert "<out> ‹secret:env.SHELL_TOKEN›\n" in done.stdout
    assert "<err> ‹secret:env.SHELL_TOKEN›\n" in done.stderr
    assert f"<descriptor> {value}" in done.stdout


@covers("If a part of the guard fails, you see `‹redaction failed›` instead of the output, never the original text.")
def test_a_fault_in_the_guard(guarded: Guarded) -> None:
    """With each part of the redactor broken a stream, a display and a buffer have that text, and the value is nowhere."""
    value = made_up()
    guarded.know(value, "broken.key")
    guarded.run("from zensecrets_jupyter.notebook.guard import guard_of; guard = guard_of(get_ipython())")
    seen = ""
    for part in ("redact_tree", "redact_bytes", "stream", "search"):
        ran = guarded.kernel.run(f"""
def fails(*arguments): raise RuntimeError
guard.redactor.{part} = fails
try:
    print(value)
    from IPython.display import HTML, display
    display(HTML(value))
finally:
    del guard.redactor.{part}
""")
        seen += ran.stream("stdout") + "".join(ran.shown("text/html"))
        assert guarded.leaks(value) < LEAK, part
        assert guarded.printed("print(value)") == "‹secret:broken.key›\n"
    assert FAILED in seen


# The selftest; tests/notebook/guard/test_selftest.py runs it in a kernel with the guard on.

SELFTEST_SENTENCE = "The selftest sends made-up values, in every encoding, through every channel of your session."
SELFTEST_TABLE_SENTENCE = "It checks the messages that reach the sockets, or in a terminal the screen, and shows a table."


@covers(SELFTEST_SENTENCE)
@covers(SELFTEST_TABLE_SENTENCE)
@covers("Nothing of it is sent or stored, and it ends with an error if a value was visible.")
def test_the_selftest(guarded: Guarded) -> None:
    """With the guard off every form comes out of every channel, and it ends with an error; the client gets nothing but the table."""
    guarded.run("%secret guard off")
    begin = len(guarded.kernel.record)
    try:
        ran = guarded.kernel.run("%secret selftest")
    finally:
        guarded.run("%secret guard on")
    assert not ran.ok
    assert "let values out" in ran.error
    (table,) = ran.shown()
    assert table.count("plain, repr") > 20
    assert [
        channel for channel in ("print", "a program", "a result", "a display", "a completion", "a widget's buffer") if channel not in table
    ] == []
    # The table names forms; a form of a made-up value would have one of its letters in a row.
    sent = b"\n".join(message_texts(guarded.kernel.record[begin:])).decode("utf-8", "replace")
    assert re.findall(r"[0-9a-f]{8}[\"'&<>é😀]", re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", sent)) == []
    assert "canary" not in guarded.printed("from zensecrets_jupyter.core.redaction import the_redactor; print(the_redactor().names)")


@covers(SELFTEST_SENTENCE)
@covers(SELFTEST_TABLE_SENTENCE)
def test_the_selftest_in_a_terminal(terminal: tuple[Terminal, str]) -> None:
    """In IPython in a terminal, with the guard on, each row of the table says that all was masked and nothing came out."""
    terminal[0].cell("rows = %secret selftest")
    terminal[0].cell("print('<rows>', len(rows), {row['came out'] for row in rows}, min(int(row['masked'].split()[0]) for row in rows))")
    terminal[0].child.expect(r"<rows> (\d+) \{'nothing'\} (\d+)")
    match = terminal[0].child.match
    assert isinstance(match, re.Match)
    assert int(match[1]) > 8
    assert int(match[2]) > 15


@covers("In a terminal, `zensecrets secret selftest` tests the redactor and the log filter.")
def test_the_selftest_of_the_command_line() -> None:
    """It ends well, and its table names both."""
    done = run_zensecrets("secret", "selftest")
    assert done.returncode == 0, done.stderr
    assert "redactor" in done.stdout
    assert "log" in done.stdout
    assert done.stdout.count("nothing") == 3


# What it cannot do.


@covers("The guard prevents accidents; a person who runs code in the kernel can still extract a value on purpose.")
def test_on_purpose(guarded: Guarded) -> None:
    """Code that prints the value prints a mask; code that means to show it can."""
    value = made_up()
    guarded.know(value, "purpose.key")
    assert guarded.printed("print(value)") == "‹secret:purpose.key›\n"
    assert guarded.printed("print(value[::-1])") == f"{value[::-1]}\n"


@covers("A value that was cut into slices, reversed, shifted by one letter, compressed or encrypted is not recognized.")
def test_other_texts() -> None:
    """Each of them is shown as it is; the value is not."""
    value = made_up()
    others = {
        "cut into slices": "".join(f"{number}: {value[number : number + 4]}, " for number in range(0, len(value), 4)),
        "reversed": value[::-1],
        "shifted": "".join(chr(ord(letter) + 1) for letter in value),
        "compressed": base64.b64encode(zlib.compress(value.encode())).decode(),
        "encrypted": Fernet(Fernet.generate_key()).encrypt(value.encode()).decode(),
    }
    assert [name for name, text in others.items() if is_masked(value, text)] == []
    assert is_masked(value, value)


@covers("More than two encodings inside each other, or five escapes, hide a value.")
@covers("So does a change to the case or the signs of base64 digits.")
def test_more_encodings_than_are_decoded() -> None:
    """Two encodings and four escapes are masked; a third and a fifth are not, and neither are changed digits."""
    value = made_up()
    twice = ENCODERS["base64"](ENCODERS["hexadecimal"](value))
    assert is_masked(value, twice)
    assert not is_masked(value, ENCODERS["base64"](twice))
    for name in ESCAPING:
        assert is_masked(*escaped(name, 4)), name
        assert not is_masked(*escaped(name, 5)), name
    assert not is_masked(value, ENCODERS["base64"](value).upper())
    # Every third letter of such a value makes its fourth digit a sign.
    signs = "".join(f"{made_up(2)}{secrets.choice('?~>')}" for _ in range(8))
    assert is_masked(signs, ENCODERS["base64"](signs))
    assert not is_masked(signs, ENCODERS["base64"](signs).translate(str.maketrans("+/", "$*")))


@covers("A value of up to ten letters in base85 is sometimes shown, and so is a longer one if its Ascii85 is quoted.")
def test_where_base85_hides_a_value() -> None:
    """Of the shorter values some are shown, and fewer than one of ten; of the longer ones fewer than one of a hundred."""
    longest = 10

    def hidden(values: list[str], *encoders: str) -> list[str]:
        texts = {}
        for value in values:
            texts[value] = value
            for name in encoders:
                texts[value] = ENCODERS[name](texts[value])
        return [text for value, text in texts.items() if not is_masked(value, text)]

    assert 0 < len(hidden([made_up(6 + number % (longest - 5)) for number in range(1000)], "base85")) < 100
    assert len(hidden([made_up(longest + 1 + number % 20) for number in range(1000)], "base85")) < 10
    longer = [made_up() for _ in range(200)]
    assert len(hidden(longer, "Ascii85")) < 4
    assert 4 < len(hidden(longer, "Ascii85", "shell")) < len(longer)


EVERYTHING_ENCODED = "%252541 &amp;amp;amp; \\\\\\x41 \\xe9 \x1b[0m <b>x</b> =41 &AOk- | a | b |\n| c | d |\n 'a' 'b' 12 34 56 78 90 91 "
"""A text of which there are many views."""


@covers(
    """Decoding is limited, to save time: all views of a text with equally many decodings are together at most twelve times as long as the
    text, or three times if the text is longer than 100 KB."""
)
@pytest.mark.parametrize(("length", "times"), [(100_000, 12), (3_000_000, 3)])
def test_how_much_is_decoded(length: int, times: int) -> None:
    """The views of a text in which everything is encoded are so long together, and a megabyte more; a value as it stands is masked too."""
    text = EVERYTHING_ENCODED * (length // len(EVERYTHING_ENCODED))
    lengths: list[int] = []

    def note(data: bytes, _skeleton: bytes) -> list[PatternMatch]:
        lengths.append(len(data))
        return []

    assert list(ViewSearch(16).search(text.encode(), note)) == []
    encodings = 2
    assert 2 * len(text) < sum(lengths) < (1 + encodings) * (times * len(text) + (1 << 20))
    value = made_up()
    assert is_masked(value, f"{text[:length]}\n{value}\n")


@covers("In a text of more than 1 MiB, one encoding is decoded, not two inside each other.")
def test_how_many_encodings_of_a_long_text_are_decoded() -> None:
    """Base64 in more than a megabyte is masked, with escapes in it too; base64 of hexadecimal digits is in less than a megabyte only."""
    line = "an ordinary line\n"
    lines = line * ((1 << 20) // len(line) - 100)
    value = made_up()
    once = ENCODERS["base64"](value)
    twice = ENCODERS["base64"](ENCODERS["hexadecimal"](value))
    redactor = protecting(value)
    for text in (once, f'"{once[:20]}\\u{ord(once[20]):04x}{once[21:]}"', twice):
        assert mask_text("a.key") in redactor.redact(lines + text)
    longer = lines + line * 200
    for text in (once, f'"{once[:20]}\\u{ord(once[20]):04x}{once[21:]}"'):
        assert mask_text("a.key") in redactor.redact(longer + text)
    assert mask_text("a.key") not in redactor.redact(longer + twice)


@covers("In a text of more than 64 KiB, escapes are decoded with a kilobyte on either side.")
@pytest.mark.parametrize("length", [1 << 14, 1 << 18])
def test_how_much_of_a_long_text_is_decoded(length: int) -> None:
    """The view of a long text is short, and holds a kilobyte of both sides of the escape; a value written with it is masked."""
    line = "an ordinary line"
    lines = "\n".join([line] * (length // len(line)))
    value = f"{made_up()}/{made_up()}"
    text = f"{lines}\n{value}\n{lines}".replace("/", "%2F")
    views: list[bytes] = []

    def note(data: bytes, _skeleton: bytes) -> list[PatternMatch]:
        views.append(data)
        return []

    assert list(ViewSearch(16).search(text.encode(), note)) == []
    decoded = next(view for view in views if value.encode() in view)
    if length > 1 << 16:
        assert (1 << 10) < decoded.index(value.encode()) < (1 << 12)
        assert (2 << 10) < len(decoded) < (1 << 13)
    else:
        assert len(decoded) > len(lines)
    shown = protecting(value).redact(text)
    assert mask_text("a.key") in shown
    assert longest_visible(value, shown) < LEAK


@covers(
    """Dumps and lists of numbers are decoded in the first 256 KiB of a text, and base85 in the first 128 KiB, up to 8 KiB of text that
    looks like base85."""
)
@covers("The rest of the text is searched without decoding.")
def test_where_decoding_ends() -> None:
    """On this side of each limit what is encoded is masked, beyond it it is not; a value as it stands is masked in any case."""
    numbers, base85 = 1 << 18, 1 << 13
    value = made_up()
    redactor = protecting(value)

    def masks(before: str, text: str) -> bool:
        assert mask_text("a.key") in redactor.redact(f"{before}\n{value}")
        return mask_text("a.key") in redactor.redact(f"{before}\n{text}\n")

    lines = "an ordinary line\n" * (numbers // len("an ordinary line\n") + 100)
    for name in ("list of bytes", "hexdump", "od"):
        assert masks(lines[: numbers - 1000], ENCODERS[name](value)), name
        assert not masks(lines[: numbers + 1000], ENCODERS[name](value)), name
    far = 1 << 17
    assert masks(lines[: far - 1000], ENCODERS["base85"](value))
    assert not masks(lines[: far + 1000], ENCODERS["base85"](value))
    # In a view without escapes and with other line ends there may be less of it: the limit is passed by far.
    for length, expected in ((base85 - 1000, True), (3 * base85, False)):
        assert masks("".join(f"{ENCODERS['base85'](made_up(32))}\n" for _ in range(length // 41)), ENCODERS["base85"](value)) is expected


@covers(
    """If an encoded value arrives in pieces, and the beginning does not reveal the encoding (rows of a dump, tables, base32, base85), the
    first pieces are shown."""
)
def test_encodings_in_pieces() -> None:
    """In halves base64, hexadecimal digits and escapes show nothing; of base85 in thirds the first may be seen."""

    def shown(encoder: str, value: str, pieces: int) -> tuple[str, str]:
        text = ENCODERS[encoder](value)
        stream = protecting(value).stream()
        length = len(text) // pieces
        cut = [text[start : start + length] for start in range(0, len(text), length)]
        return cut[0], "".join(stream.feed(piece) for piece in (*cut, "\n")) + stream.release()

    for name in ("plain", "base64", "hexadecimal", "URL, every byte", "hexadecimal escapes", "HTML by hexadecimal number"):
        first, text = shown(name, made_up(), 2)
        assert longest_visible(first, text) < LEAK, name
        assert mask_text("a.key") in text, name
    pairs = [shown("base85", made_up(), 3) for _ in range(20)]
    assert [first for first, text in pairs if text.startswith(first)] != []


@covers("A value in a picture, a sound or a PDF is not recognized.")
def test_pictures(guarded: Guarded) -> None:
    """A picture, a PDF and a sound arrive byte by byte as they were made; a drawing that is text is masked."""
    value = made_up()
    guarded.know(value, "picture.key")
    image = Image.new("RGB", (400, 30), "white")
    ImageDraw.Draw(image).text((5, 5), value, fill="black")
    made = {"image/png": _file(image, "PNG"), "application/pdf": _file(image, "PDF"), "audio/wav": _sound(value)}
    bundle = {mime: base64.b64encode(data).decode() for mime, data in made.items()}
    guarded.give(bundle=bundle)
    ran = guarded.run(
        "from IPython.display import display\ndisplay({**bundle, 'image/svg+xml': f'<svg><text>{value}</text></svg>'}, raw=True)"
    )
    (shown,) = [message["content"]["data"] for message in ran.messages if message["msg_type"] == "display_data"]
    assert shown == {**bundle, "image/svg+xml": "<svg><text>‹secret:picture.key›</text></svg>"}


def _file(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def _sound(value: str) -> bytes:
    """Return a beep for each letter of a value, of its own pitch."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 1, 8000, 0, "NONE", "NONE"))
        for letter in value:
            pitch = ord(letter) * 10
            sound.writeframes(bytes(128 + round(100 * math.sin(2 * math.pi * pitch * at / 8000)) for at in range(400)))
    return file.getvalue()


@covers("Data that your code sends over the network or writes to a file are not masked.")
@covers("Other programs can see a value in the arguments or the environment of a program that you start.")
def test_files_networks_and_programs(guarded: Guarded) -> None:
    """A server, a file and a program get the value itself."""
    value = made_up()
    guarded.know(value, "sent.key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        guarded.run(
            f"import socket\nwith socket.create_connection({server.getsockname()!r}) as connection: connection.sendall(value.encode())"
        )
        connection, _ = server.accept()
        with connection:
            assert connection.recv(100) == value.encode()
    guarded.run("_ = open('sent.txt', 'w').write(value)")
    assert (guarded.folder / "sent.txt").read_text() == value
    pid = int(
        guarded.printed(
            "import os, subprocess\nchild = subprocess.Popen(['sleep', '60', *[]], env={'GIVEN': value})\n"
            "other = subprocess.Popen(['bash', '-c', 'sleep 60; :', value])\nprint(child.pid, other.pid)"
        ).split()[0]
    )
    try:
        other = int(guarded.printed("print(other.pid)"))
        assert value in _read_process(pid, "environ", value)
        assert value in _read_process(other, "cmdline", value)
    finally:
        guarded.run("child.kill(); other.kill(); _ = child.wait(), other.wait()")


def _read_process(pid: int, file: str, value: str) -> str:
    """Return what any program of this user can read of a process, once it has become the program that it was started as."""
    until = time.monotonic() + 30
    text = ""
    while value not in text and time.monotonic() < until:
        text = Path(f"/proc/{pid}/{file}").read_bytes().decode()
    return text


@covers("If two threads write pieces of values to one stream in turns, the pieces are mixed and not recognized.")
def test_two_threads_in_turns(guarded: Guarded) -> None:
    """Values that two threads write letter by letter in turns are shown mixed; one after the other they are masked."""
    first, second = made_up(), made_up()
    guarded.know(first, "thread.first")
    guarded.give(first=first)
    guarded.know(second, "thread.second")
    code = """
import sys, threading
turns = [threading.Semaphore(1), threading.Semaphore(0)]
def write(number, text):
    for letter in text:
        turns[number].acquire()
        sys.stdout.write(letter); sys.stdout.flush()
        turns[1 - number].release()
def both(*texts):
    threads = [threading.Thread(target=write, args=one) for one in enumerate(texts)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
    mixed_text = "".join(f"{one}{other}" for one, other in zip(first, second, strict=True))
    assert guarded.printed(f"{code}both(first, value)") == mixed_text
    after = "for text in (first, value):\n    thread = threading.Thread(target=print, args=(text,)); thread.start(); thread.join()"
    assert guarded.printed(after) == "‹secret:thread.first›\n‹secret:thread.second›\n"


class Sent:
    """A socket that keeps what is sent."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.messages: list[list[bytes]] = []

    def send_multipart(self, parts: list[bytes], **_options: object) -> None:
        """Keep a message."""
        self.messages.append(parts)


@covers(
    """The same applies if a cell writes between two pieces of a value, of which one belongs to the cell before it and one to the cell
    after it."""
)
@pytest.mark.parametrize("between", [False, True], ids=["one after the other", "another cell between"])
def test_a_cell_between_two_pieces(*, between: bool) -> None:
    """A value that begins in the output of one cell and ends in that of the next is masked, unless a third wrote meanwhile."""
    value, half = made_up(19), 9
    session, socket_ = Session(key=b"a key"), Sent()
    SessionChannel(session, Guard(protecting(value))).install(ExitStack())
    headers = [session.msg("execute_request")["header"] for _ in range(3)]
    for number, text in ((0, value[:half]), *([(1, "something else\n")] if between else []), (2, f"{value[half:]}\n")):
        session.send(socket_, session.msg("stream", {"name": "stdout", "text": text}, parent=headers[number]), ident=b"stream.stdout")
    sent = [session.deserialize(session.feed_identities(parts)[1])["content"]["text"] for parts in socket_.messages]
    shown = "".join(sent)
    assert (value[half:] in shown) is between
    assert (mask_text("a.key") in shown) is not between


HANDLERS = """
import logging, sys, traceback
class Overrides(logging.Handler):
    def handle(self, record):
        open(path, 'a').write(f'<handle> {record.getMessage()}\\n')
class Emits(logging.Handler):
    def emit(self, record):
        open(path, 'a').write(f'<emit> {record.getMessage()}\\n')
class Locals(logging.Handler):
    def emit(self, record):
        frames = [frame.f_locals for frame, _ in traceback.walk_tb(record.exc_info[2])]
        open(path, 'a').write(f'<locals> {frames[-1]["held"]}\\n')
def log(handler, *arguments, **options):
    logger = logging.Logger('own')
    logger.addHandler(handler)
    logger.error(*arguments, **options)
def fail():
    held = value
    raise ValueError
log(Overrides(), 'it is %s', value)
Emits().emit(logging.makeLogRecord({'msg': 'directly %s', 'args': (value,)}))
log(Emits(), 'by a logger %s', value)
try: fail()
except ValueError: log(Locals(), 'failed', exc_info=True)
"""


@covers(
    """Your own log handler shows a value if it overrides `handle`, if your code calls its `emit` directly, or if it reads the local
    variables of a traceback, as Sentry's does."""
)
def test_handlers_that_show_a_value(guarded: Guarded) -> None:
    """Each of the three writes the value to its file; a handler with an emit of its own, called by a logger, writes a mask."""
    value = made_up()
    guarded.know(value, "handler.key")
    path = guarded.folder / "own.log"
    guarded.run(f"path = {str(path)!r}\n{HANDLERS}")
    assert path.read_text(encoding="utf-8").splitlines() == [
        f"<handle> it is {value}",
        f"<emit> directly {value}",
        "<emit> by a logger ‹secret:handler.key›",
        f"<locals> {value}",
    ]


@covers(
    """If pieces are written more than 50 ms apart, at most the first eleven characters of a value are shown, and less than half of a short
    one."""
)
def test_pieces_after_a_pause(guarded: Guarded) -> None:
    """However a value is split, after a pause no more than that is seen; and eleven characters are."""
    most = 11
    value, short = made_up(30), made_up(8)
    for text, allowed in ((value, most), (short, len(short) // 2 - 1)):
        visible = 0
        for at in range(1, len(text)):
            stream = protecting(text).stream()
            shown = stream.feed(text[:at]) + stream.release() + stream.feed(text[at:] + "\n") + stream.release()
            assert longest_visible(text, shown) <= allowed, at
            visible = max(visible, longest_visible(text, shown))
        assert visible == allowed
    guarded.know(value, "paused.key")
    shown = guarded.printed(
        f"import time\nfor at in (5, {most}, 20): print(value[:at], end='', flush=True); time.sleep({PAUSE}); print(value[at:])"
    )
    assert shown.count("‹secret:paused.key›\n") == 3
    assert guarded.leaks(value) == most


@covers(
    """A forked child, and the end of IPython after its threads have stopped, do not wait for the next piece: there, a value in pieces
    shows its beginning."""
)
def test_a_forked_child(guarded: Guarded) -> None:
    """Of a value in pieces a child shows the beginning and not the rest; of a whole value nothing."""
    value = made_up()
    guarded.know(value, "forked.key")
    shown = guarded.printed(f"""
import os, sys, time
sys.stdout.flush()
child = os.fork()
if not child:
    print('<whole>', value, flush=True)
    print('<pieces>', value[:8], end='', flush=True); print(value[8:], flush=True)
    os._exit(0)
_ = os.waitpid(child, 0); time.sleep({PAUSE})
""")
    assert shown.splitlines() == ["<whole> ‹secret:forked.key›", f"<pieces> {value[:8]}‹secret:forked.key›"]


@covers(
    """A forked child, and the end of IPython after its threads have stopped, do not wait for the next piece: there, a value in pieces
    shows its beginning."""
)
def test_the_end_of_ipython(tmp_path: Path) -> None:
    """What runs after the extension's own end is guarded, arrives, and waits for no further piece."""
    token = made_up()
    (tmp_path / "last_words.py").write_text(LAST_WORDS)
    terminal = Terminal(tmp_path, token)
    try:
        # What is registered before the extension is loaded runs after its end.
        terminal.cell("%unload_ext zensecrets_jupyter")
        terminal.cell(f"sys.path.insert(0, '{tmp_path}'); import last_words")
        terminal.cell("%load_ext zensecrets_jupyter")
        terminal.cell("exit")
        terminal.child.expect(pexpect.EOF)
    finally:
        terminal.close()
    shown = dict(re.findall(r"<(\w+)> (\S+)", str(terminal.child.before)))
    masked = "‹secret:env.SOME_API_TOKEN›"
    assert shown == {"whole": masked, "error": masked, "pieces": f"{token[:8]}{masked}"}


LAST_WORDS = """
import atexit, os, sys
def last(value=os.environ['SOME_API_TOKEN']):
    print('<whole>', value)
    print('<error>', value, file=sys.stderr)
    print('<pieces>', value[:8], end='', flush=True); print(value[8:], flush=True)
atexit.register(last)
"""


@covers("If the JavaScript of an output computes a value in the browser, the kernel does not see it.")
def test_javascript(guarded: Guarded) -> None:
    """A value in a script is masked; a script that puts it together goes out as it is."""
    value = made_up()
    guarded.know(value, "script.key")
    computed = f"element.textContent = {list(reversed([value[at : at + 4] for at in range(0, 24, 4)]))}.reverse().join('')"
    guarded.give(computed=computed, written=f"element.textContent = '{value}'")
    ran = guarded.run("from IPython.display import Javascript, display\ndisplay(Javascript(computed), Javascript(written))")
    assert ran.shown("application/javascript") == [computed, "element.textContent = '‹secret:script.key›'"]


# Without a kernel.

SCRIPT = """
import logging, os, subprocess, sys
from zensecrets_jupyter import Client, protect_output, redact
value = Client().get_secret("db").content["password"]
print("<before>", value)
with protect_output():
    print("<block>", value)
print("<after>", value)
handler = logging.StreamHandler(sys.stdout)
protect_output()
print("<out>", value)
print("<err>", value, file=sys.stderr)
logging.getLogger().addHandler(handler)
logging.warning("<log> %s", value)
sys.__stdout__.write(f"<one> {redact(value)}\\n")
sys.stdout.flush()
os.write(1, f"<descriptor> {value}\\n".encode())
subprocess.run(["echo", "<program>", value])
"""


@covers(
    """`zensecrets_jupyter.protect_output()` masks standard output, standard error and log records of any Python process, as a call or as a
    context manager; `redact(text)` masks one text."""
)
@covers("Neither covers other processes, nor bytes that are written to file descriptors.")
def test_a_script() -> None:
    """A script shows the value before the call and after the block, and by what is not covered; everything else is masked."""
    value = made_up()
    Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="db", arbitrary_kv_pairs={"password": value}))
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    shown = dict(re.findall(r"<(\w+)> (\S+)", done.stdout + done.stderr))
    open_ones = ("before", "after", "descriptor", "program")
    masked = ("block", "out", "err", "log", "one")
    assert shown == {**dict.fromkeys(open_ones, value), **dict.fromkeys(masked, "‹secret:db.password›")}


def test_every_sentence_has_a_test() -> None:
    """Each sentence and each table row of the page has a test, and each test covers a sentence of the page."""
    sentences = PAGE.sentences
    assert len(sentences) > 60
    assert [sentence for sentence in sentences if sentence not in PAGE.covered] == []
    assert [(sentence, tests) for sentence, tests in PAGE.covered.items() if sentence not in sentences] == []
    tests = {name for name in globals() if name.startswith("test_")} - {"test_every_sentence_has_a_test"}
    assert {test for tests_of_one in PAGE.covered.values() for test in tests_of_one} == tests
