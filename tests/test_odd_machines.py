"""Commands on machines without a home folder, with unreadable files, very long paths, or an ASCII locale.

Each command works, or reports the problem in one line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import active_content_of
from tests.support.kernels import running_kernel
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.core.settings import absolute_path
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

# Each of these commands needs the home folder of the workspace, which is ``ZENSECRETS_HOME`` or a folder in the user's home folder.
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

CLI_WITHOUT_PASSWD_ENTRY = """
import pwd, sys
def getpwuid(uid):
    raise KeyError(uid)
pwd.getpwuid = getpwuid
from zensecrets_jupyter.cli import main
sys.argv = ["zensecrets", *sys.argv[1:]]
main()
"""
"""Code that runs the command of its arguments as a user who has no entry in the system's list of users, and so no home folder."""


def error_line(process: subprocess.CompletedProcess[str]) -> str:
    """Check that a command failed with one line and the exit code 1; return the line."""
    assert (process.returncode, process.stdout) == (1, "")
    (line,) = process.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", COMMANDS)
def test_a_home_of_an_unknown_user_is_an_error(command: str, tmp_path: Path) -> None:
    """If ZENSECRETS_HOME starts with ``~`` and an unknown user, the error says so."""
    line = error_line(run_zensecrets(*command.split(), folder=tmp_path, environment={"ZENSECRETS_HOME": "~no-such-user/x"}))
    assert line.startswith("Error: ZENSECRETS_HOME is '~no-such-user/x', and its user is unknown on this machine.")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_user_without_a_home_folder_gets_an_error(command: str, tmp_path: Path) -> None:
    """The error names ZENSECRETS_HOME, and no folder is created with the name '~'. OpenShift has containers with such users."""
    environment = {name: value for name, value in os.environ.items() if name not in {"HOME", "XDG_DATA_HOME", "ZENSECRETS_HOME"}}
    command_line = [sys.executable, "-c", CLI_WITHOUT_PASSWD_ENTRY, *command.split()]
    process = subprocess.run(command_line, cwd=tmp_path, env=environment, input="", capture_output=True, text=True, check=False)
    assert error_line(process) == "Error: This user has no home folder. Set ZENSECRETS_HOME to a folder for all data."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["secret list", "secret register x --key=1", "stack describe"])
def test_a_home_that_can_t_be_created_is_an_error(command: str, tmp_path: Path) -> None:
    """The error names the variable that chooses another home."""
    # The parent of the home is a file, so the home can't be created.
    (tmp_path / "file").write_text("")
    line = error_line(run_zensecrets(*command.split(), environment={"ZENSECRETS_HOME": str(tmp_path / "file" / "home")}))
    assert str(tmp_path / "file" / "home") in line
    assert "set ZENSECRETS_HOME to another folder" in line


def test_the_extension_loads_without_a_home(tmp_path: Path) -> None:
    """Cells run, and a magic that needs the home fails in one line."""
    with running_kernel(tmp_path, environment={"ZENSECRETS_HOME": "~no-such-user/x"}) as kernel:
        load_result = kernel.run("%load_ext zensecrets_jupyter")
        assert load_result.ok, load_result.error
        assert kernel.run("print(6 * 7)").stream("stdout") == "42\n"
        list_result = kernel.run("%secret list")
        assert "ZENSECRETS_HOME is '~no-such-user/x'" in list_result.error
        assert "Traceback" not in list_result.error


@pytest.mark.parametrize(("flavor", "attribute"), [("local", "path"), ("dotenv", "path"), ("keyring", "index_file")])
def test_a_path_in_the_home_of_an_unknown_user_is_an_error(flavor: str, attribute: str, tmp_path: Path) -> None:
    """The error names the attribute of the secrets manager."""
    words = ("secrets-manager", "register", "m", f"--flavor={flavor}", f"--{attribute}=~no-such-user/x")
    line = error_line(run_zensecrets(*words, environment={"ZENSECRETS_HOME": str(tmp_path)}))
    assert attribute in line


def test_a_relative_path_in_a_deleted_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path cannot be resolved if the current folder of the process was deleted."""
    deleted_folder = tmp_path / "deleted"
    deleted_folder.mkdir()
    monkeypatch.chdir(deleted_folder)
    deleted_folder.rmdir()
    with pytest.raises(ValueError, match="the current folder of this process was deleted"):
        absolute_path("x")


def test_the_package_can_be_run_as_a_module() -> None:
    """`python -m zensecrets_jupyter` does the same as `zensecrets`."""
    command = [sys.executable, "-m", "zensecrets_jupyter", "--version"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout == run_zensecrets("--version").stdout


def test_create_is_an_alias_and_unknown_commands_cause_suggestions(tmp_path: Path) -> None:
    """`create` does the same as `register`, because ZenML renamed `register` to `create` in 0.40.

    For a command name of another program, such as `ls`, the error suggests our name.
    """
    environment = {"ZENSECRETS_HOME": str(tmp_path), "ZENSECRETS_PASSPHRASE": "of the tests"}
    assert (
        run_zensecrets("secret", "create", "x", f"--key={canary()}", environment=environment).stdout
        == "Registered secret 'x' with key key.\n"
    )
    our_names = {"ls": "list", "rm": "delete", "show": "get", "describe": "get", "edit": "update", "mv": "rename", "add": "register"}
    for word, our_name in our_names.items():
        assert f"Did you mean '{our_name}'" in error_line(run_zensecrets("secret", word, environment=environment))


@pytest.fixture
def store_environment(tmp_path: Path) -> dict[str, str]:
    """Return the environment variables of a store with one secret.

    The value is also in the file ``files/a.txt``.
    """
    environment = {"ZENSECRETS_HOME": str(tmp_path / "home"), "ZENSECRETS_PASSPHRASE": "of the tests"}
    value = canary("stored")
    assert run_zensecrets("secret", "register", "stored", f"--key={value}", environment=environment).returncode == 0
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text(f"one\n{value}\n")
    return environment


def test_a_scan_searches_piped_input(store_environment: dict[str, str], tmp_path: Path) -> None:
    """The exit code is 1 if the input contains a value, and 0 if not."""
    text = (tmp_path / "files" / "a.txt").read_bytes()
    process = run_zensecrets("scan", "-", stdin=text, environment=store_environment)
    assert process.returncode == 1
    assert "standard input   line 2     stored.key" in process.stdout
    assert not find_canary(process.stdout + process.stderr)
    assert run_zensecrets("scan", "-", stdin=b"nothing", environment=store_environment).returncode == 0
    scan_of_two_inputs = run_zensecrets(
        "scan", "-", "a.txt", "--format=json", stdin=b"nothing", folder=tmp_path / "files", environment=store_environment
    )
    assert '"files": 2' in scan_of_two_inputs.stdout


def test_a_file_that_can_t_be_read_gives_exit_code_2(store_environment: dict[str, str], tmp_path: Path) -> None:
    """`scan` and `clean` process the files that they can read, and report the other files."""
    files = tmp_path / "files"
    (files / "a.txt").write_text("nothing")
    # A damaged database and a link that points to itself are no errors.
    (files / "b.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 100)
    (files / "loop").symlink_to("loop")
    assert run_zensecrets("scan", ".", folder=files, environment=store_environment).returncode == 0
    # A pipe must not block the commands. `notes` is the unreadable file: even root can open the memory of a process, but not read its
    # start.
    os.mkfifo(files / "pipe")
    (files / "notes").symlink_to("/proc/self/mem")
    for command in (("scan", "."), ("clean", ".", "--no-backup")):
        process = run_zensecrets(*command, folder=files, environment=store_environment)
        assert process.returncode == 2, process.stdout
        assert "Not read: notes:" in process.stdout


def test_an_error_shortens_a_long_path(store_environment: dict[str, str]) -> None:
    """The error for a path of 12,000 characters contains only the beginning of the path."""
    line = error_line(run_zensecrets("scan", "x/" * 6000, environment=store_environment))
    assert line.startswith("Error: There is no file or folder 'x/x/")
    assert len(line) < 400


CLI_WITH_SEVERAL_COMMANDS = """
import sys
from zensecrets_jupyter.cli import main
for line in sys.argv[1:]:
    sys.argv = ["zensecrets", *line.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code, line
"""
"""Code that runs each of its arguments as a command, in one process."""


def test_all_characters_work_in_an_ascii_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, values, file names and environment variables may contain non-ASCII characters in every command."""
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
    # Two variables keep Python from using UTF-8 in the C locale. The last one has the value for `secret register variable --key`.
    environment = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "ZENSECRETS_SECRET_VARIABLE_KEY": value}
    command = [sys.executable, "-c", CLI_WITH_SEVERAL_COMMANDS, *lines]
    process = subprocess.run(command, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, check=False)
    assert process.returncode == 0, process.stderr
    # The last command prints a value.
    assert process.stdout.endswith(f"{value}\n".encode())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "ß.prints", "é.json", "ö.yaml", "ü.txt"]
    # `clean` has replaced the values in the files that were imported and exported.
    assert not find_canary(tmp_path)
    for name, key in {"café": "clé", "file": "key", "variable": "key", "naïve": "clé"}.items():
        assert active_content_of(name) == {key: value}
