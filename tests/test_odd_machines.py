"""Machines as they are: users without a home, homes that nobody may use, long paths, damaged files. Each command says it in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import content_of
from tests.support.kernels import running_kernel
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.core.settings import absolute_path
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = [
    "secret list",
    "secret register x --key=1",
    "secret import x.env",
    "stack describe",
    "stack validate",
    "annotator list",
    "secrets-manager list",
    "scan .",
    "clean . --no-backup",
    "fingerprints export x",
]
WITHOUT_ENTRY = """
import pwd, sys
def getpwuid(uid):
    raise KeyError(uid)
pwd.getpwuid = getpwuid
from zensecrets_jupyter.cli import main
sys.argv = ["zensecrets", *sys.argv[1:]]
main()
"""


def told(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that a command that failed has written."""
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", COMMANDS)
def test_a_home_of_nobody(command: str, tmp_path: Path) -> None:
    """ZENSECRETS_HOME in the folder of a user who does not exist."""
    line = told(run_zensecrets(*command.split(), folder=tmp_path, environment={"ZENSECRETS_HOME": "~no-such-user/x"}))
    assert line.startswith("Error: ZENSECRETS_HOME is '~no-such-user/x', and its user is unknown on this machine.")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_user_without_an_entry_in_passwd(command: str, tmp_path: Path) -> None:
    """As in OpenShift's containers: nothing says where the home folder is, and none is made in a folder called '~'."""
    environment = {name: value for name, value in os.environ.items() if name not in {"HOME", "XDG_DATA_HOME", "ZENSECRETS_HOME"}}
    command_line = [sys.executable, "-c", WITHOUT_ENTRY, *command.split()]
    done = subprocess.run(command_line, cwd=tmp_path, env=environment, input="", capture_output=True, text=True, check=False)
    assert told(done) == "Error: This user has no home folder. Set ZENSECRETS_HOME to a folder for all data."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["secret list", "secret register x --key=1", "stack describe"])
def test_a_home_that_is_no_folder(command: str, tmp_path: Path) -> None:
    """A home that can't be made, as a read-only one can't, is told with the variable that chooses another."""
    (tmp_path / "file").write_text("")
    line = told(run_zensecrets(*command.split(), environment={"ZENSECRETS_HOME": str(tmp_path / "file" / "home")}))
    assert str(tmp_path / "file" / "home") in line
    assert "set ZENSECRETS_HOME to another folder" in line


def test_the_extension_loads_without_a_home(tmp_path: Path) -> None:
    """A notebook goes on; what needs the home says what is wrong with it."""
    with running_kernel(tmp_path, environment={"ZENSECRETS_HOME": "~no-such-user/x"}) as kernel:
        loaded = kernel.run("%load_ext zensecrets_jupyter")
        assert loaded.ok, loaded.error
        assert kernel.run("print(6 * 7)").stream("stdout") == "42\n"
        ran = kernel.run("%secret list")
        assert "ZENSECRETS_HOME is '~no-such-user/x'" in ran.error
        assert "Traceback" not in ran.error


@pytest.mark.parametrize("flavor", ["local --path", "dotenv --path", "keyring --index_file"])
def test_a_file_in_the_home_of_nobody(flavor: str, tmp_path: Path) -> None:
    """Every flavor that takes a path refuses it by the attribute's name."""
    name, option = flavor.split()
    words = ("secrets-manager", "register", "m", f"--flavor={name}", f"{option}=~no-such-user/x")
    line = told(run_zensecrets(*words, environment={"ZENSECRETS_HOME": str(tmp_path)}))
    assert option.removeprefix("--") in line


def test_a_path_from_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means nothing where the process's own folder was removed."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ValueError, match="the current folder of this process was deleted"):
        absolute_path("x")


def test_the_package_is_a_command() -> None:
    """`python -m zensecrets_jupyter` is `zensecrets`."""
    command = [sys.executable, "-m", "zensecrets_jupyter", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == run_zensecrets("--version").stdout


def test_create_is_register_and_other_words_are_guessed(tmp_path: Path) -> None:
    """What ZenML has called `create` since 0.40 registers; what other programs call a command is guessed."""
    environment = {"ZENSECRETS_HOME": str(tmp_path), "ZENSECRETS_PASSPHRASE": "of the tests"}
    assert (
        run_zensecrets("secret", "create", "x", f"--key={canary()}", environment=environment).stdout
        == "Registered secret 'x' with key key.\n"
    )
    others = {"ls": "list", "rm": "delete", "show": "get", "describe": "get", "edit": "update", "mv": "rename", "add": "register"}
    for word, meant in others.items():
        assert f"Did you mean '{meant}'" in told(run_zensecrets("secret", word, environment=environment))


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a store with one secret, whose value stands in a file of the folder ``files``."""
    environment = {"ZENSECRETS_HOME": str(tmp_path / "home"), "ZENSECRETS_PASSPHRASE": "of the tests"}
    value = canary("shop")
    assert run_zensecrets("secret", "register", "shop", f"--key={value}", environment=environment).returncode == 0
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text(f"one\n{value}\n")
    return environment


def test_a_scan_looks_at_what_is_piped_in(shop: dict[str, str], tmp_path: Path) -> None:
    """`git diff | zensecrets scan -` finds a value by its line, and ends with 1; what holds none ends with 0."""
    text = (tmp_path / "files" / "a.txt").read_bytes()
    done = run_zensecrets("scan", "-", piped=text, environment=shop)
    assert done.returncode == 1
    assert "standard input   line 2   shop.key" in done.stdout
    assert not find_canary(done.stdout + done.stderr)
    assert run_zensecrets("scan", "-", piped=b"nothing", environment=shop).returncode == 0
    both = run_zensecrets("scan", "-", "a.txt", "--format=json", piped=b"nothing", folder=tmp_path / "files", environment=shop)
    assert '"files": 2' in both.stdout


def test_what_could_not_be_read_is_no_clean_bill(shop: dict[str, str], tmp_path: Path) -> None:
    """A folder without a finding but with a file that can't be read ends with 2, in `scan` and in `clean`; the others were looked at."""
    files = tmp_path / "files"
    (files / "a.txt").write_text("nothing")
    (files / "b.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 100)
    (files / "loop").symlink_to("loop")
    assert run_zensecrets("scan", ".", folder=files, environment=shop).returncode == 0
    # A file that is there and can't be opened, for root as well.
    os.mkfifo(files / "pipe")
    (files / "notes").symlink_to("/proc/self/mem")
    for command in (("scan", "."), ("clean", ".", "--no-backup")):
        done = run_zensecrets(*command, folder=files, environment=shop)
        assert done.returncode == 2, done.stdout
        assert "Not read: notes:" in done.stdout


def test_a_path_that_is_too_long_is_told_in_short(shop: dict[str, str]) -> None:
    """A path of 12,000 characters is no file, and an error does not hold all of it."""
    line = told(run_zensecrets("scan", "x/" * 6000, environment=shop))
    assert line.startswith("Error: There is no file or folder 'x/x/")
    assert len(line) < 400


IN_TURN = """
import sys
from zensecrets_jupyter.cli import main
for line in sys.argv[1:]:
    sys.argv = ["zensecrets", *line.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code, line
"""
"""Commands in one process, each as the console script runs it."""


def test_letters_survive_where_the_locale_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a locale of ASCII only: names, values, files and variables with accents are what they are elsewhere, on every command."""
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "pässword")
    value = f"{canary('letters')}é"
    (tmp_path / "é.json").write_text(json.dumps({"naïve": {"clé": value}}), encoding="utf-8")
    (tmp_path / "ü.txt").write_text(value, encoding="utf-8")
    lines = [
        f"secret register café --clé={value}",
        "secret register file --key=@ü.txt",
        "secret register variable --key",
        "secret import é.json",
        "secret export café ö.yaml --plaintext",
        "fingerprints export ß.prints",
        "clean . --no-backup",
        "scan .",
        "secret env file -- printenv KEY",
    ]
    environment = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "ZENSECRETS_SECRET_VARIABLE_KEY": value}
    command = [sys.executable, "-c", IN_TURN, *lines]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{value}\n".encode())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "ß.prints", "é.json", "ö.yaml", "ü.txt"]
    assert not find_canary(tmp_path)
    for name, key in {"café": "clé", "file": "key", "variable": "key", "naïve": "clé"}.items():
        assert content_of(name) == {key: value}
