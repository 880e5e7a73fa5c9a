"""Tests of ``%secret guard``: its table, the switch, ``--all``, and the choice of environment variables."""

from __future__ import annotations

import json
import secrets
import stat
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import run
from tests.support.kernels import running_kernel
from tests.support.terminal import ZENSECRETS, run_zensecrets
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.one_python


def guard_table(kernel: Kernel) -> str:
    """Return the table of ``%secret guard`` as plain text."""
    return "\n".join(kernel.run("%secret guard").displayed_data())


def test_the_table_lists_protected_values_and_masked_occurrences(kernel: Kernel) -> None:
    """The table contains names and numbers, but no value.

    For a value that can't be masked, it contains the reason.
    """
    value = canary("known")
    register_result = kernel.run(f"%secret register x --key={value} --short=abc --word=password")
    assert "Warning: the value of x.short can't be masked in outputs, because it has fewer than 6 characters." in register_result.stream(
        "stdout"
    )
    assert "Warning: the value of x.word can't be masked in outputs, because it is a common word." in register_result.stream("stdout")
    assert register_result.stream("stdout").count("x.key") == 0
    table = guard_table(kernel)
    assert "The guard is on" in table
    rows = [line.split() for line in table.splitlines() if line.startswith("x.key")]
    assert rows == [["x.key", *["registered", "or", "read", "as", "a", "key", "of", "secret", "'x'"], "0"]]
    # The table wraps its texts.
    assert "can't be masked: it has fewer than 6 characters" in " ".join(table.split())
    kernel.run(f"print('{value}')")
    row = next(line.split() for line in guard_table(kernel).splitlines() if line.startswith("x.key"))
    assert int(row[-1]) >= 1
    assert not find_canary(repr(kernel.record))


def test_the_guard_can_be_turned_off_and_on(kernel: Kernel) -> None:
    """After ``off`` outputs show values, and after ``on`` they are masked again.

    The output of ``off`` warns that outputs contain values.
    """
    value = canary("known")
    kernel.run(f"%secret register x --key={value}")
    assert "outputs and the history contain plain values" in kernel.run("%secret guard off").stream("stdout")
    assert "The guard is off" in guard_table(kernel)
    assert value in kernel.run(f"print('{value}')").stream("stdout")
    assert kernel.run("%secret guard on").stream("stdout").startswith("The guard is on, and protects ")
    assert kernel.run(f"print('{value}')").stream("stdout") == "‹secret:x.key›\n"


def test_all_reads_and_protects_every_secret(kernel: Kernel) -> None:
    """A secret that another program has stored is protected after ``--all``."""
    value = canary("elsewhere")
    # The cells contain the value in two parts, so that they hold no value themselves.
    kernel.run("import subprocess")
    registration = kernel.run(
        f"_ = subprocess.run(['{ZENSECRETS}', 'secret', 'register', 'far', '--key=' + '{value[:14]}' + '{value[14:]}'], check=True)"
    )
    assert registration.ok, registration.error
    result = kernel.run("%secret guard --all")
    assert result.stream("stdout").splitlines() == ["Read 1 secret of default (local). The guard protects 1 value more than before."]
    assert kernel.run(f"print('{value[:14]}' + '{value[14:]}')").stream("stdout") == "‹secret:far.key›\n"
    assert "The guard protects no more values than before." in kernel.run("%secret guard --all").stream("stdout")


def test_the_table_shows_why_a_variable_is_protected(tmp_path: Path) -> None:
    """For each environment variable the table shows whether its name or its value looks secret.

    A value that is too short is listed with this reason. ``OPENAI_MAX_TOKENS`` is not listed, because its value is only a number.
    """
    environment = {
        "DB_PASS": secrets.token_urlsafe(12),
        "GIT_THING": f"ghp_{secrets.token_hex(18)}",
        "DATABASE_URL": f"postgresql://app:{secrets.token_urlsafe(12)}@db/sales",
        "SHORT_TOKEN": "abc",
        "OPENAI_MAX_TOKENS": "131072",
    }
    with running_kernel(tmp_path, environment) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        table_lines = [" ".join(line.split()) for line in guard_table(kernel).splitlines()]
        assert "env.DB_PASS environment variable, its name 0" in table_lines
        # The table is as wide as a terminal, so it truncates the reason.
        assert "env.GIT_THING environment variable, the value looks like a GitHub" in "\n".join(table_lines)
        assert "env.DATABASE_URL environment variable, the password of a URL in it 0" in table_lines
        assert "env.SHORT_TOKEN can't be masked: it has fewer than 6 characters" in table_lines
        assert "MAX_TOKENS" not in "".join(table_lines)
        # The two shorter values are not masked.
        assert [value for value in environment.values() if len(value) > 6 and value in repr(kernel.record)] == []


def test_the_choice_of_variables_is_stored(tmp_path: Path) -> None:
    """The choice of variables applies now and in the next kernel.

    Ignored variables are shown, protected variables are masked, and the file contains only names. ``WRONG_PASS`` is first ignored by
    mistake, and then protected.
    """
    harmless, secret, wrong_password = "chimpanzee-house-7", canary("missed"), canary("wrong")
    environment = {"ZOO_TOKEN": harmless, "PLAIN": secret, "WRONG_PASS": wrong_password}
    print_variables = "import os; print(*(os.environ[name] for name in ('ZOO_TOKEN', 'PLAIN', 'WRONG_PASS')))"
    with running_kernel(tmp_path, environment) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        output = kernel.run("%secret guard ignore ZOO_TOKEN env.WRONG_PASS").stream("stdout")
        assert "ZOO_TOKEN is no longer protected: outputs show its value again." in output
        assert kernel.run("%secret guard protect PLAIN WRONG_PASS").stream("stdout").startswith("PLAIN is protected from now on.")
        expected = f"{harmless} ‹secret:env.PLAIN› ‹secret:env.WRONG_PASS›\n"
        assert kernel.run(print_variables).stream("stdout") == expected
        # A new value of an ignored variable is shown too.
        assert (
            kernel.run("os.environ['ZOO_TOKEN'] = 'another-animal-8'; print(os.environ['ZOO_TOKEN'])").stream("stdout")
            == "another-animal-8\n"
        )
        assert "env.PLAIN environment variable, as you chose" in " ".join(guard_table(kernel).split())
    file = tmp_path / "zensecrets" / "guard.json"
    assert json.loads(file.read_text()) == {"version": 1, "protect": ["PLAIN", "WRONG_PASS"], "ignore": ["ZOO_TOKEN"]}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with running_kernel(tmp_path, environment) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        assert kernel.run(print_variables).stream("stdout") == expected
    assert not find_canary(file.read_text())


def test_an_ignored_variable_has_no_fingerprint(tmp_path: Path) -> None:
    """``ignore`` removes the fingerprint of the variable, and keeps the fingerprints of other values."""
    environment = {"ZOO_TOKEN": secrets.token_urlsafe(24), "OTHER_TOKEN": secrets.token_urlsafe(24), "ZENSECRETS_FINGERPRINTS": "on"}
    with running_kernel(tmp_path, environment) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        kernel.run("1")
        file = tmp_path / "zensecrets" / "fingerprints"
        # The first line of the file is a header.
        assert [json.loads(line)["name"] for line in file.read_text().splitlines()[1:]] == ["env.ZOO_TOKEN", "env.OTHER_TOKEN"]
        kernel.run("%secret guard ignore ZOO_TOKEN")
        assert [json.loads(line)["name"] for line in file.read_text().splitlines()[1:]] == ["env.OTHER_TOKEN"]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_choice_in_a_terminal_applies_to_the_next_kernel(tmp_path: Path) -> None:
    """The command-line tool writes the file that the next kernel reads.

    If the file is damaged, an ignored variable is masked again, and an error names the file.
    """
    home = {"ZENSECRETS_HOME": str(tmp_path / "zensecrets")}
    process = run_zensecrets("secret", "guard", "ignore", "ZOO_TOKEN", environment=home)
    assert (process.returncode, process.stderr) == (0, "")
    assert "applies to sessions that load the extension from now on" in process.stdout
    with running_kernel(tmp_path, {"ZOO_TOKEN": "chimpanzee-house-7"}) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        assert kernel.run("import os; print(os.environ['ZOO_TOKEN'])").stream("stdout") == "chimpanzee-house-7\n"
    (tmp_path / "zensecrets" / "guard.json").write_text("{")
    with running_kernel(tmp_path, {"ZOO_TOKEN": "chimpanzee-house-7"}) as kernel:
        kernel.run("%load_ext zensecrets_jupyter")
        assert kernel.run("import os; print(os.environ['ZOO_TOKEN'])").stream("stdout") == "‹secret:env.ZOO_TOKEN›\n"
        assert (
            "guard.json', which lists the variables to protect and to ignore, can't be read." in kernel.run("%secret guard ignore X").error
        )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("secret guard ignore", "The name of a variable is missing."),
        ("secret guard protect --all", "The name of a variable is missing."),
        ("secret guard ignore db.host", "'db.host' is not the name of an environment variable"),
        ("secret guard protect X=value", "'X' is not the name of an environment variable"),
        ("secret guard on X", "on takes no variable: 'X'."),
    ],
)
def test_invalid_arguments_are_errors(line: str, problem: str) -> None:
    """The error describes the problem, and does not contain ``value`` from the line ``X=value``."""
    with pytest.raises(UsageProblem, match=problem) as error:
        run(line)
    assert "value" not in str(error.value)


def test_a_terminal_has_no_guard() -> None:
    """``zensecrets secret guard`` in a shell is an error, because no guard runs there.

    Only ``ignore`` and ``protect`` work in a shell, because they change a file.
    """
    process = run_zensecrets("secret", "guard")
    assert process.returncode != 0
    assert "the guard works only in the kernel of a notebook" in process.stderr
    with pytest.raises(UsageProblem, match="A terminal has no guard"):
        run("secret guard off --all")


@pytest.mark.parametrize("jupyter_variable", ["", "JPY_PARENT_PID", "JPY_SESSION_NAME"])
def test_revealing_a_value_in_a_cell_requires_a_confirmation(kernel: Kernel, jupyter_variable: str) -> None:
    """``!zensecrets secret get --reveal`` in a cell shows a value only with ``--yes``.

    A variable of Jupyter is enough to detect the notebook, so this is also true in a kernel without the extension. With an empty
    ``jupyter_variable`` the environment of the kernel is unchanged.
    """
    value = canary("revealed")
    assert kernel.run(f"%secret register x --key={value}").ok
    # The extension sets ZENSECRETS_IN_NOTEBOOK. Without it, child processes get the environment of a kernel without the extension.
    for variable in {"JPY_PARENT_PID", "JPY_SESSION_NAME", "ZENSECRETS_IN_NOTEBOOK"} if jupyter_variable else ():
        kernel.run(f"import os; os.environ.pop('{variable}', None)")
    if jupyter_variable:
        kernel.run(f"os.environ['{jupyter_variable}'] = '1'")
    # The guard would mask the value, so it is off.
    kernel.run("%secret guard off")
    for line in (
        f"!{ZENSECRETS} secret get x --key key --reveal",
        f"print(get_ipython().getoutput('{ZENSECRETS} secret get x --key=key --reveal'))",
        f"%%bash\n{ZENSECRETS} secret get x --key key --reveal 2>&1 || true",
        f"import subprocess\nprint(subprocess.getoutput('{ZENSECRETS} secret get x --key=key --reveal'))",
    ):
        output = kernel.run(line).stream("stdout")
        assert "would write the value of x.key into the output of a notebook" in output
        assert "add --yes" in output
        assert not find_canary(output)
    assert kernel.run(f"!{ZENSECRETS} secret get x --key key --reveal --yes").stream("stdout").strip() == value
    assert "‹secret:x.key›" in kernel.run(f"!{ZENSECRETS} secret get x --key key").stream("stdout")
