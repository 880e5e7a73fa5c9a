"""The terminal front end, with and without a user at the terminal.

Most tests run the installed script in its own process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.support.bad_input import BAD_INPUT, BadInput, snapshot
from tests.support.terminal import ZENSECRETS, run_zensecrets, spawn_in_terminal
from zensecrets_jupyter import cli
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.interaction import set_passphrase_source
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the home folder of the workspace."""
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run each test in its own folder.

    Check afterwards that no file of the workspace contains a value. All values of these tests are canaries: random texts that
    ``find_canary`` finds in every encoding.
    """
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    # Some tests call `cli.run` in this process. It sets the function that asks for a passphrase, so the earlier function is restored.
    previous_source = set_passphrase_source(None)
    yield
    set_passphrase_source(previous_source)
    home = tmp_path / "home"
    assert not home.exists() or find_canary(home) == []


def start_in_terminal(*words: str, **environment: str) -> pexpect.spawn[str]:
    """Start a command of the script at a pseudo-terminal."""
    return spawn_in_terminal(str(ZENSECRETS), words, {"TERM": "dumb", **environment})


def remaining_output(process: pexpect.spawn[str]) -> str:
    """Return the remaining output of a process, after its end."""
    process.expect(pexpect.EOF)
    process.close()
    return str(process.before)


@pytest.mark.parametrize("case", BAD_INPUT, ids=lambda case: case.id)
def test_bad_input_is_refused_in_one_line(
    case: BadInput, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code is 1, the workspace and the folder are unchanged, and the error contains no value."""
    folder = tmp_path / "folder"
    case.prepare(folder)
    for name, value in case.environment.items():
        monkeypatch.setenv(name, value)
    snapshot_before, files_before = snapshot(), sorted(folder.iterdir())
    with Path(os.devnull).open() as empty_input:
        monkeypatch.setattr(sys, "stdin", empty_input)
        exit_code = cli.run(case.words)
    output = capfd.readouterr()
    assert (exit_code, output.out) == (1, "")
    _check_error_line(case, output.err)
    assert snapshot() == snapshot_before
    assert sorted(folder.iterdir()) == files_before


# A process for each case would take minutes, so this test runs every tenth case.
@pytest.mark.parametrize("case", BAD_INPUT[::10], ids=lambda case: case.id)
def test_the_installed_script_refuses_bad_input(case: BadInput, tmp_path: Path) -> None:
    """The script, which runs in its own process, refuses the input with one line."""
    folder = tmp_path / "folder"
    case.prepare(folder)
    snapshot_before = snapshot()
    process = run_zensecrets(*case.words, folder=folder, environment=dict(case.environment))
    assert (process.returncode, process.stdout) == (1, "")
    _check_error_line(case, process.stderr)
    assert snapshot() == snapshot_before


def _check_error_line(case: BadInput, line: str) -> None:
    assert line.startswith("Error: ")
    assert line.count("\n") == 1
    assert [text for text in case.error if text not in line] == []
    # In a notebook, an error suggests a command as `%secret …`. In a terminal, it is `zensecrets secret …`.
    assert "%" not in line
    assert "Traceback" not in line
    assert find_canary(line) == []


def test_a_secret_is_shown_masked_and_revealed_on_request() -> None:
    """The value is printed only with ``--reveal``."""
    value = canary()
    assert run_zensecrets("secret", "register", "openai", f"--api_key={value}").stdout == "Registered secret 'openai' with key api_key.\n"
    table = run_zensecrets("secret", "get", "openai").stdout
    assert "‹secret:openai.api_key›" in table
    assert find_canary(table) == []
    assert run_zensecrets("secret", "get", "openai", "--key", "api_key").stdout == "‹secret:openai.api_key›\n"
    assert run_zensecrets("secret", "get", "openai", "--key=api_key", "--reveal").stdout == f"{value}\n"


def test_a_value_can_come_from_a_pipe() -> None:
    """With ``--key=@-`` the value is the piped input, without the line end that programs add."""
    value = f"{canary()}\nsecond line"
    assert run_zensecrets("secret", "register", "piped", "--key=@-", stdin=f"{value}\n".encode()).returncode == 0
    assert Client().get_secret("piped").content == {"key": value}


def test_piped_input_is_no_answer_to_a_prompt() -> None:
    """Without ``@-``, the command does not read the piped input. The error names the missing value."""
    process = run_zensecrets("secret", "register", "piped", "--key", stdin=f"{canary()}\n".encode())
    assert process.returncode == 1
    error = "Error: Non-interactive input: the command needs piped.key. To pass it: zensecrets secret register piped --key=@FILE, or set "
    assert process.stderr == f"{error}ZENSECRETS_SECRET_PIPED_KEY\n"


def test_a_closed_standard_input_is_not_interactive() -> None:
    """The command shows no prompt. The error names the missing value."""
    process = subprocess.run(f"{ZENSECRETS} secret register x --key <&-", shell=True, capture_output=True, check=False, text=True)  # noqa: S602 - only a shell can close the standard input
    assert (process.returncode, process.stderr.count("\n")) == (1, 1)
    assert "x.key" in process.stderr


def test_values_are_typed_at_hidden_prompts() -> None:
    """The terminal does not show the typed values."""
    # With the passphrase "open" in the environment, the command does not ask for one.
    key_id, secret_key = canary("id"), canary("secret")
    process = start_in_terminal("secret", "register", "cloud", "-i", "-s", "aws", ZENSECRETS_PASSPHRASE="open")
    process.expect_exact("cloud.aws_access_key_id (Access key ID): ")
    process.sendline(key_id)
    process.expect_exact("cloud.aws_secret_access_key (Secret access key): ")
    process.sendline(secret_key)
    process.expect_exact("cloud.aws_session_token (Session token, for temporary credentials); empty for none: ")
    process.sendline("")
    output = remaining_output(process)
    assert "Registered secret 'cloud' with keys aws_access_key_id, aws_secret_access_key." in output
    assert find_canary(output) == []
    assert process.exitstatus == 0
    get_process = run_zensecrets(
        "secret", "get", "cloud", "--key=aws_secret_access_key", "--reveal", environment={"ZENSECRETS_PASSPHRASE": "open"}
    )
    assert get_process.stdout == f"{secret_key}\n"


def test_keys_and_values_are_typed_at_prompts(home: Path) -> None:
    """The command asks for keys and values, and at the first use of the store for a passphrase.

    If the passphrase is empty, the command creates a key file.
    """
    value = canary()
    process = start_in_terminal("secret", "register", "any")
    process.expect_exact("Key of any: ")
    process.sendline("token")
    process.expect_exact("Value of any.token: ")
    process.sendline(value)
    process.expect_exact("Another key of any (empty when done): ")
    process.sendline("")
    process.expect_exact("New passphrase")
    process.sendline("")
    assert "Registered secret 'any' with key token." in remaining_output(process)
    assert Client().get_secret("any").content == {"token": value}
    assert list((home / "keys").iterdir())


def test_ctrl_c_registers_nothing() -> None:
    """After Ctrl-C at the second prompt, the exit code is 130, and the command prints no traceback."""
    # This secret must not be changed.
    run_zensecrets("secret", "register", "other", f"--key={canary()}")
    snapshot_before = snapshot()
    process = start_in_terminal("secret", "register", "cloud", "-i", "-s", "aws")
    process.expect_exact("cloud.aws_access_key_id")
    process.sendline(canary())
    process.expect_exact("cloud.aws_secret_access_key")
    process.sendintr()
    output = remaining_output(process)
    assert process.exitstatus == 130
    assert "Interrupted." in output
    assert "Traceback" not in output
    assert snapshot() == snapshot_before


def test_ctrl_d_registers_nothing() -> None:
    """The error says that the input ended, and nothing is registered."""
    snapshot_before = snapshot()
    process = start_in_terminal("secret", "register", "x", "--key")
    process.expect_exact("x.key: ")
    process.sendeof()
    output = remaining_output(process)
    assert process.exitstatus == 1
    assert "the input ended" in output
    assert snapshot() == snapshot_before


def test_a_deletion_has_to_be_confirmed() -> None:
    """Only the answer ``y`` deletes the secret."""
    run_zensecrets("secret", "register", "stored", f"--key={canary()}")
    for answer, outcome in (("", "Nothing was deleted."), ("n", "Nothing was deleted."), ("y", "Deleted secret 'stored'.")):
        process = start_in_terminal("secret", "delete", "stored")
        process.expect_exact("[y/N]: ")
        process.sendline(answer)
        assert outcome in remaining_output(process)


def test_register_secrets_asks_for_all_missing_values() -> None:
    """The prompts name the attributes that need a value. After the answers, the stack is valid."""
    annotator_value, alerter_value = canary("annotator"), canary("alerter")
    reference = "--authentication_secret={{label_studio_secret.api_key}}"
    run_zensecrets("annotator", "register", "labels", "--flavor=label_studio", reference)
    run_zensecrets("alerter", "register", "chat", "--flavor=slack", "--slack_token={{chat.token}}")
    update_process = run_zensecrets("stack", "update", "-an", "labels", "-al", "chat")
    assert update_process.returncode == 0
    assert "Warning: Stack 'default' can't run: 2 problems." in update_process.stdout
    assert run_zensecrets("stack", "validate").returncode == 1
    process = start_in_terminal("stack", "register-secrets", ZENSECRETS_PASSPHRASE="open")
    process.expect_exact("alerter 'chat'.slack_token needs chat.token")
    process.expect_exact("Value of chat.token: ")
    process.sendline("")
    process.expect_exact("A value is required.")
    process.sendline(alerter_value)
    process.expect_exact("annotator 'labels'.authentication_secret needs ")
    process.expect_exact("Value of label_studio_secret.api_key: ")
    process.sendline(annotator_value)
    output = remaining_output(process)
    assert "Registered 'chat', 'label_studio_secret'." in output
    assert find_canary(output) == []
    validation = run_zensecrets("stack", "validate", environment={"ZENSECRETS_PASSPHRASE": "open"})
    assert (validation.returncode, validation.stdout) == (0, "Stack 'default' is valid (SECRET_AND_KEY_EXISTS).\n")
    second_run = run_zensecrets("stack", "register-secrets", "--skip-existing", environment={"ZENSECRETS_PASSPHRASE": "open"})
    assert second_run.stdout.startswith("Every secret that stack 'default' needs is registered. To change them: zensecrets stack ")


def test_a_program_gets_the_values_as_environment_variables() -> None:
    """``secret env`` runs a program with the values, and ends with the exit code of the program."""
    value = canary()
    run_zensecrets("secret", "register", "openai", f"--api_key={value}")
    program = "import os, sys; print(os.environ['MY_API_KEY']); sys.exit(7)"
    process = run_zensecrets("secret", "env", "openai", "--prefix", "MY_", "--", sys.executable, "-c", program)
    assert (process.returncode, process.stdout) == (7, f"{value}\n")


def test_a_sealed_export_needs_its_passphrase(tmp_path: Path) -> None:
    """The encrypted file contains neither the value nor its key's name. A wrong passphrase is an error."""
    value = canary()
    run_zensecrets("secret", "register", "openai", "-s", "openai", f"--api_key={value}")
    process = start_in_terminal("secret", "export", "openai", "export.sealed")
    process.expect_exact("New passphrase for export.sealed: ")
    process.sendline("right")
    process.expect_exact("Repeat it: ")
    process.sendline("right")
    assert "sealed with the passphrase" in remaining_output(process)
    export_file = tmp_path / "folder" / "export.sealed"
    assert export_file.stat().st_mode & 0o777 == 0o600
    assert find_canary(export_file) == find_canary(export_file, "api_key") == []
    run_zensecrets("secret", "delete", "openai", "-y")
    import_process = run_zensecrets("secret", "import", "export.sealed", environment={"ZENSECRETS_PASSPHRASE": "wrong"})
    assert (import_process.returncode, import_process.stderr.count("\n")) == (1, 1)
    assert "does not open" in import_process.stderr
    process = start_in_terminal("secret", "import", "export.sealed")
    process.expect_exact("Passphrase of export.sealed: ")
    process.sendline("wrong")
    process.expect_exact("That does not open it.")
    process.sendline("right")
    assert "registered" in remaining_output(process)
    secret = Client().get_secret("openai")
    assert (secret.TYPE, secret.content) == ("openai", {"api_key": value})


def test_the_commands_of_the_zenml_documentation_work(tmp_path: Path) -> None:
    """A command of ZenML's documentation works if ``zenml`` is replaced by ``zensecrets``."""
    first, second, third = canary("1"), canary("2"), canary("3")
    (tmp_path / "folder" / "file.txt").write_text(third)
    register = ["annotator", "register", "label_studio_annotator", "--flavor=label_studio"]
    assert run_zensecrets(*register, "--authentication_secret={{label_studio_secret.YOUR_AUTH_SECRET_VALUE_GOES_HERE}}").returncode == 0
    assert run_zensecrets("secrets-manager", "secret", "register", "TWO", f"--key1={first}", f"--key2={second}").returncode == 0
    words = ["secrets-manager", "secret", "register", "FILES", f"--attr_from_literal={first}", "--attr_from_file=@file.txt"]
    assert run_zensecrets(*words).returncode == 0
    process = start_in_terminal("secrets-manager", "secret", "register", "TYPED", "-i")
    process.expect_exact("Key of TYPED: ")
    process.sendline("key")
    process.expect_exact("Value of TYPED.key: ")
    process.sendline(second)
    process.expect_exact("empty when done")
    process.sendline("")
    assert "Registered secret 'TYPED'" in remaining_output(process)
    assert run_zensecrets("stack", "register", "labelling", "-o", "default", "-a", "default", "-x", "default").returncode == 0
    run_zensecrets("stack", "update", "labelling", "--annotator", "label_studio_annotator")
    process = start_in_terminal("stack", "register-secrets", "labelling")
    process.expect_exact("label_studio_secret.YOUR_AUTH_SECRET_VALUE_GOES_HERE: ")
    process.sendline(third)
    assert "Registered 'label_studio_secret'." in remaining_output(process)
    assert Client().get_secret("TWO").content == {"key1": first, "key2": second}
    assert Client().get_secret("FILES").content == {"attr_from_literal": first, "attr_from_file": third}
    assert Client().get_secret("TYPED").content == {"key": second}
    annotator = Client().get_stack("labelling").annotator
    assert annotator is not None
    assert annotator.authentication_secret == third


def test_help_and_version_are_printed() -> None:
    """Help and version end with the exit code 0. Without a command, the program prints its help."""
    assert run_zensecrets().stdout == run_zensecrets("--help").stdout
    assert "register-secrets" in run_zensecrets("stack", "--help").stdout
    assert "--KEY=@FILE" in run_zensecrets("secret", "register", "--help").stdout
    assert run_zensecrets("--version").stdout.startswith("zensecrets ")


def test_a_closed_output_is_no_error() -> None:
    """No error is printed if the output is closed, at the start or by a reader that ends early. A full disk is an error."""
    for line, error in ((f"{ZENSECRETS} secret schemas >&-", ""), (f"{ZENSECRETS} secret list >/dev/full", "No space left")):
        process = subprocess.run(line, shell=True, capture_output=True, check=False, text=True)  # noqa: S602 - only a shell can close or redirect the output
        assert "Traceback" not in process.stderr
        assert error in process.stderr
    pipeline = subprocess.run(f"{ZENSECRETS} secret schemas | head -1", shell=True, capture_output=True, check=False, text=True)  # noqa: S602 - only a shell can connect the two programs
    assert pipeline.stderr == ""


def test_a_shell_completes_names_and_references() -> None:
    """The shell completes commands, options, names, keys and references, and shows no prompt."""
    run_zensecrets("secret", "register", "openai", f"--api_key={canary()}")

    def completions(line: str, shell: str = "bash") -> list[str]:
        words = line.split(" ")
        environment = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_ZENSECRETS_COMPLETE": f"{shell}_complete"}
        lines = run_zensecrets(environment=environment).stdout.splitlines()
        if shell == "bash":
            # Each line is `TYPE,COMPLETION`.
            return [line.partition(",")[2] for line in lines]
        # For zsh, each completion has three lines: its type, its text and its description.
        return lines[1::3]

    assert "quickstart" in completions("zensecrets q")
    assert completions("zensecrets stack regi") == ["register", "register-secrets"]
    assert completions("zensecrets secret get o") == ["openai"]
    assert completions("zensecrets secret get openai --key a") == ["api_key"]
    assert "label_studio" in completions("zensecrets annotator register x --flavor l")
    # Bash makes `=` a word of its own, so the completion is only the text after it. Zsh completes the whole argument.
    assert completions("zensecrets annotator register x --authentication_secret = {{ope") == ["{{openai."]
    assert completions("zensecrets annotator register x --authentication_secret={{openai.", "zsh") == [
        "--authentication_secret={{openai.api_key}}"
    ]
    assert "compdef" in run_zensecrets(environment={"_ZENSECRETS_COMPLETE": "zsh_source"}).stdout


def test_help_imports_no_heavy_library() -> None:
    """``--help`` imports no large library, because a command imports a library only when it needs it."""
    code = (
        "import sys; from zensecrets_jupyter import cli; assert cli.run(['--help']) == 0;"
        " heavy = {'pydantic', 'sqlalchemy', 'rich', 'keyring', 'nacl', 'yaml', 'dotenv', 'IPython'};"
        " print(sorted(heavy & set(sys.modules)))"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert process.stdout.splitlines()[-1] == "[]"


def test_the_quickstart_copies_notebooks_and_starts_jupyterlab(tmp_path: Path) -> None:
    """The command does not overwrite a changed notebook, and ends with the exit code of JupyterLab."""
    folder = tmp_path / "books"
    folder.mkdir()
    (folder / "quickstart.ipynb").write_text("mine")
    # With this option, JupyterLab prints its version and ends.
    version_process = run_zensecrets("quickstart", str(folder), "--", "--version")
    assert version_process.returncode == 0, version_process.stderr
    assert version_process.stdout[0].isdigit()
    assert "quickstart.ipynb" in version_process.stderr
    assert (folder / "quickstart.ipynb").read_text() == "mine"
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    command = [str(ZENSECRETS), "quickstart", str(tmp_path / "other"), "--no-browser", "--", "--port=0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True) as server:
        assert server.stderr is not None
        try:
            line = next(line for line in server.stderr if "/lab/tree/quickstart.ipynb?token=" in line)
        finally:
            server.send_signal(signal.SIGTERM)
            # The server can only end while its output is read, because it waits if the pipe is full.
            deadline = time.monotonic() + 60
            while server.poll() is None and time.monotonic() < deadline:
                server.stderr.readline()
    assert "http://" in line
    assert (tmp_path / "other" / "quickstart.ipynb").is_file()
