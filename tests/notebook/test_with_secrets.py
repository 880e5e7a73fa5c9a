"""The cell magic `%%with_secrets`, and `%secret env` for the whole session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.kernels import Kernel

TOKEN_IS_SET = "'TOKEN' in __import__('os').environ"
"""An expression that is true if the environment variable `TOKEN` is set.

Its name is the key `token` of the secret `service` in capitals.
"""


@pytest.fixture(autouse=True)
def secret(kernel: Kernel) -> str:
    """Register a secret with one key and return its value."""
    value = canary("environment")
    assert kernel.run("%secret register service --token", [value]).ok
    return value


def test_variables_are_set_for_one_cell(kernel: Kernel) -> None:
    """The variable is set while the cell runs, and not afterwards.

    It is also set in the programs that the cell starts.
    """
    cell = """%%with_secrets service
import os, subprocess, sys

command = [sys.executable, "-c", "import os; print(len(os.environ['TOKEN']))"]
child = subprocess.run(command, capture_output=True, text=True)
assert int(child.stdout) == len(os.environ["TOKEN"]) > 0
"""
    result = kernel.run(cell)
    assert result.ok, result.error
    assert kernel.run(TOKEN_IS_SET).displayed_data() == ["False"]


def test_an_existing_variable_is_restored(kernel: Kernel) -> None:
    """A variable that existed before the cell has its old value afterwards."""
    assert kernel.run("%env TOKEN=mine").ok
    assert kernel.run("import os").ok
    assert kernel.run("%%with_secrets service\nassert os.environ['TOKEN'] != 'mine'").ok
    assert kernel.run("os.environ['TOKEN']").displayed_data() == ["'mine'"]


def test_an_error_in_the_cell_restores_the_environment(kernel: Kernel) -> None:
    """The error of the cell is raised unchanged, and the variable is removed."""
    result = kernel.run("%%with_secrets service\n1 / 0")
    assert not result.ok
    assert result.reply["ename"] == "ZeroDivisionError"
    assert kernel.run(TOKEN_IS_SET).displayed_data() == ["False"]
    assert not find_canary(repr(result))


def test_errors_of_the_package_in_the_cell_are_not_converted(kernel: Kernel) -> None:
    """An error of this package that the cell's code raises keeps its class.

    Errors of a command itself become a UsageError, but this error does not. An interrupt in the code does not either.
    """
    result = kernel.run("%%with_secrets service\nfrom zensecrets_jupyter import Client\nClient().get_secret('no-such')")
    assert result.reply["ename"] == "SecretNotFoundError"
    assert kernel.run("%%with_secrets service\nraise KeyboardInterrupt").reply["ename"] == "KeyboardInterrupt"
    assert kernel.run(TOKEN_IS_SET).displayed_data() == ["False"]


def test_the_last_expression_is_displayed(kernel: Kernel) -> None:
    """The cell displays its last expression, unless the expression ends with a semicolon.

    Variables that the cell defines exist in later cells.
    """
    assert kernel.run("%%with_secrets service\nx = 20\nx + 1").displayed_data() == ["21"]
    assert kernel.run("%%with_secrets service\nx + 1;").displayed_data() == []
    assert kernel.run("x").displayed_data() == ["20"]


def test_magics_work_inside(kernel: Kernel) -> None:
    """The cell may contain magics."""
    assert kernel.run("%%with_secrets service\nnames = %secret list\nnames").ok


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%with_secrets\n1", "The name of a secret is missing."),
        ("%%with_secrets servce\n1", "Did you mean 'service'?"),
        ("%%with_secrets service --as nothing=NAME\n1", "have no key 'nothing'"),
        ("%%with_secrets service --as token\n1", "Write --as KEY=NAME"),
        ("%%with_secrets service --prefix 1\n1", "The name of a variable can't start with '1'"),
        ("%%with_secrets service --prefx A_\n1", "has no option '--prefx'"),
        ("%%with_secrets folders\nprint('it ran')", "would replace the environment variable PATH"),
        ("%%with_secrets 'service\n1", "can't be read"),
    ],
)
def test_an_invalid_line_is_an_error_in_one_line(kernel: Kernel, cell: str, message: str) -> None:
    """An invalid line of the magic is an error, and the cell does not run.

    The error has one line.
    """
    # The key `path` would set the variable PATH.
    assert kernel.run("%secret register folders --path=/somewhere").ok
    result = kernel.run(cell)
    assert "it ran" not in result.stream("stdout")
    assert not result.ok
    assert message in result.error
    assert len(result.stream("stderr").strip().splitlines()) == 1
    assert kernel.run(TOKEN_IS_SET).displayed_data() == ["False"]
    assert kernel.run("'somewhere' in __import__('os').environ['PATH']").displayed_data() == ["False"]


@pytest.mark.parametrize(
    ("interactivity", "expected_results"),
    [("last_expr", ["3"]), ("last", ["3"]), ("all", ["1", "3"]), ("none", []), ("last_expr_or_assign", ["3"])],
)
def test_the_display_settings_of_the_shell_apply(kernel: Kernel, interactivity: str, expected_results: list[str]) -> None:
    """The cell displays the same results as a cell without the magic.

    This is true for each value of `ast_node_interactivity`, a setting of IPython.
    """
    assert kernel.run(f"get_ipython().ast_node_interactivity = {interactivity!r}").ok
    assert kernel.run("%%with_secrets service\n1\nx = 2\n3").displayed_data() == expected_results
    assert kernel.run("%%with_secrets service\n1\nx = 2\n3").displayed_data() == kernel.run("1\nx = 2\n3").displayed_data()
    assert kernel.run("%%with_secrets service\nx = 4").displayed_data() == kernel.run("x = 4").displayed_data()
    assert (
        kernel.run("%%with_secrets service\n5 # why\n# that is all\n").displayed_data()
        == kernel.run("5 # why\n# that is all\n").displayed_data()
    )
    assert (
        kernel.run("%%with_secrets service\n5; # why").displayed_data() == kernel.run("5; # why").displayed_data() or interactivity == "all"
    )


def test_a_cell_may_await(kernel: Kernel) -> None:
    """In a cell with `await`, the variable is set.

    After the cell, or after an error in it, the variable is removed.
    """
    cell = "%%with_secrets service\nimport asyncio, os\nawait asyncio.sleep(0)\nlen([await asyncio.sleep(0, os.environ['TOKEN'])])"
    assert kernel.run(cell).displayed_data() == ["1"]
    assert kernel.run(TOKEN_IS_SET).displayed_data() == ["False"]
    assert kernel.run("%%with_secrets service\nawait asyncio.sleep(0)\n1 / 0").reply["ename"] == "ZeroDivisionError"
    assert kernel.run(TOKEN_IS_SET).displayed_data() == ["False"]


@pytest.mark.parametrize(
    ("line", "variable"),
    [
        ("service # why", "TOKEN"),
        ("service   # it's why", "TOKEN"),
        ("service --prefix APP_", "APP_TOKEN"),
        ("--prefix=APP_ service # both", "APP_TOKEN"),
        ("service --as token=MINE", "MINE"),
        ("service --as service.token=mine --prefix P_", "mine"),
        ("folders --prefix APP_", "APP_PATH"),
        ("folders service --as path=WHERE", "WHERE"),
        ("folders --as path=PATH", "PATH"),
    ],
)
def test_the_line_accepts_comments_prefixes_and_names(kernel: Kernel, line: str, variable: str) -> None:
    """The line may have a comment, a prefix and names of variables.

    ``variable`` is the variable that the line sets.

    After the cell, the variable has the value from before the cell, or does not exist.
    """
    assert kernel.run("%secret register folders --path=/somewhere").ok
    read_variable = f"__import__('os').environ.get({variable!r})"
    output_before = kernel.run(read_variable).displayed_data()
    result = kernel.run(f"%%with_secrets {line}\nlen({read_variable}) > 4")
    assert result.displayed_data() == ["True"], result.error
    assert kernel.run(read_variable).displayed_data() == output_before


@pytest.mark.parametrize(
    "cell",
    [
        "%%with_secrets service\n%%capture\nassert 'TOKEN' in __import__('os').environ",
        "%%capture\n%%with_secrets service\nassert 'TOKEN' in __import__('os').environ",
        "%%time\n%%with_secrets service\nassert 'TOKEN' in __import__('os').environ",
        '%%with_secrets service\n%%bash\ntest -n "$TOKEN"',
        "%%with_secrets service\n%%with_secrets folders --prefix A_\nimport os\nassert os.environ['TOKEN'] and os.environ['A_PATH']",
        '%%with_secrets service\n!test -n "$TOKEN"\nassert _exit_code == 0',
        "%%with_secrets service\nget_ipython().run_cell('1')\nassert 'TOKEN' in __import__('os').environ",
        "%%with_secrets service\n\n    import os\n    assert 'TOKEN' in os.environ\n",
        "%%with_secrets service\nfrom __future__ import annotations\nimport os\nassert 'TOKEN' in os.environ",
        "%%with_secrets service\n>>> import os\n>>> assert 'TOKEN' in os.environ",
        "%%with_secrets service\n",
        "get_ipython().run_cell_magic('with_secrets', 'service', \"assert 'TOKEN' in __import__('os').environ\")",
    ],
)
def test_other_magics_and_nested_cells_work(kernel: Kernel, cell: str) -> None:
    """The magic can be combined with other magics and with nested cells.

    The code of the cell may be indented, or contain pasted prompts.
    """
    assert kernel.run("%secret register folders --path=/somewhere").ok
    result = kernel.run(cell)
    assert result.ok, result.error
    assert kernel.run(TOKEN_IS_SET).displayed_data() == ["False"]


def test_tracebacks_have_the_lines_of_the_cell(kernel: Kernel) -> None:
    """A traceback has the line numbers of the whole cell.

    The line of the magic is line 1.

    After a SyntaxError, no variable is set.
    """
    assert "line 3" in kernel.run("%%with_secrets service\nx = 1\n1 / 0").error
    assert kernel.run("%%with_secrets service\nx = = 1").reply["ename"] == "SyntaxError"
    assert kernel.run(TOKEN_IS_SET).displayed_data() == ["False"]


def test_an_interrupt_restores_the_environment(kernel: Kernel) -> None:
    """An interrupted cell leaves no variable."""
    request = kernel.start("%%with_secrets service\nprint('begun', flush=True)\nimport time\nwhile True:\n    time.sleep(0.01)")
    kernel.read_until(request, "stream")
    kernel.manager.interrupt_kernel()
    assert kernel.reply(request)["ename"] == "KeyboardInterrupt"
    assert kernel.run(TOKEN_IS_SET).displayed_data() == ["False"]


def test_unloading_in_the_cell_restores_the_environment(kernel: Kernel) -> None:
    """`%unload_ext` in the cell removes the variable at once.

    After the cell, the magic does not exist.
    """
    result = kernel.run(f"%%with_secrets service\n%unload_ext zensecrets_jupyter\n{TOKEN_IS_SET}")
    assert result.displayed_data() == ["False"]
    assert "not found" in kernel.run("%%with_secrets service\n1").error


def test_python_code_and_steps_must_not_replace_reserved_variables(kernel: Kernel) -> None:
    """A key that would set a reserved variable, such as PATH, is refused.

    With a prefix or another name, it is accepted.

    This is true for `Client().env`, `%secret env` and the secrets of a step.
    """
    assert kernel.run("%secret register folders --path=/somewhere").ok
    step = "from zensecrets_jupyter import step\n@step(secrets=['folders'])\ndef first() -> str:\n    return 'it ran'\nfirst()"
    code = "from zensecrets_jupyter import Client\nwith Client().env('folders'):\n    print('it ran')"
    for cell in (step, code, "%secret env folders"):
        result = kernel.run(cell)
        assert "folders.path would replace the environment variable PATH" in result.error
        assert "it ran" not in result.stream("stdout")
    options = "prefix='A_'", "names={'path': 'A_PATH'}"
    for option in options:
        result = kernel.run(f"import os\nwith Client().env('folders', {option}):\n    print(len(os.environ['A_PATH']))")
        # The value `/somewhere` has 10 characters.
        assert result.stream("stdout") == "10\n", result.error
    assert "Set for this session and the programs that it starts: B_PATH." in kernel.run("%secret env folders --as path=B_PATH").stream(
        "stdout"
    )
    assert kernel.run("len(os.environ['B_PATH'])").displayed_data() == ["10"]


PIPELINES = """
from zensecrets_jupyter import Client, pipeline, step
@step
def first() -> str:
    print('it ran')
    return 'done'
@step(secrets=['{name}'])
def with_step() -> str:
    print('it ran')
    return 'done'
@pipeline(secrets=['service', '{name}'])
def of_pipeline() -> None:
    first()
@pipeline
def of_step() -> None:
    first()
    with_step()
@pipeline
def configured() -> None:
    first()
"""
"""Code that defines pipelines.

A decorator of a pipeline, a decorator of a step, or `configure` names the secret.
"""
STEP_CELLS = (
    "of_pipeline()",
    "of_step()",
    "configured.configure(secrets=['{name}'])\nconfigured()",
    "with_step()",
)
"""Cells that run a pipeline or a step with a secret."""
CELLS_THAT_SET_VARIABLES = (
    *STEP_CELLS,
    "with Client().env('service', '{name}'):\n    print('it ran')",
    "%%with_secrets service {name}\nprint('it ran')",
    "%secret env {name}",
)
"""Cells that would set environment variables for a secret. A test replaces ``{name}`` by the name of the secret."""


# CI runs this slow test with one version of Python only.
@pytest.mark.one_python
def test_system_variables_are_never_replaced(kernel: Kernel) -> None:
    """Code that would replace a system variable, such as PATH, does not run.

    An error is raised before the code of the cell or of the steps begins.

    This is true for magics, runs of pipelines and steps, and `with` blocks.
    """
    for number, key in enumerate(("path", "home", "user", "ld-preload")):
        name, variable = f"odd{number}", key.upper().replace("-", "_")
        read_variable = f"__import__('os').environ.get({variable!r})"
        assert kernel.run(f"%secret register {name} --{key}=/somewhere/else/{number}").ok
        output_before = kernel.run(read_variable).displayed_data()
        assert kernel.run(PIPELINES.replace("{name}", name)).ok
        for cell in CELLS_THAT_SET_VARIABLES:
            result = kernel.run(cell.replace("{name}", name))
            assert f"{name}.{key} would replace the environment variable {variable}, which" in result.error, cell
            solution = "store the value under another key" if cell in STEP_CELLS else "Use another name"
            assert solution in result.error, cell
            assert "it ran" not in result.stream("stdout"), cell
        assert kernel.run(read_variable).displayed_data() == output_before


def test_secret_env_sets_variables_for_the_session(kernel: Kernel) -> None:
    """`%secret env` sets variables until the kernel ends, and prints their names without values."""
    result = kernel.run("%secret env service")
    assert result.ok, result.error
    assert "TOKEN" in result.stream("stdout")
    assert kernel.run(TOKEN_IS_SET).displayed_data() == ["True"]
    assert not find_canary(repr(kernel.record[-20:]))


def test_common_typing_errors_on_the_line(kernel: Kernel) -> None:
    """Comments at the end of a line, and commas between names, are accepted.

    If a line has `secret.key` instead of the name of a secret, the error explains the problem.
    """
    assert kernel.run("%secret register other --pin", [canary("other")]).ok
    names = kernel.run("names = %secret list  # don't ask\nlen(names)  # %secret list takes no words").displayed_data()
    assert names == ["2"]
    check_variables = "\n'TOKEN' in __import__('os').environ and 'PIN' in __import__('os').environ"
    for line in ("service, other", "service,other", "service other # both", "service, other, # both"):
        assert kernel.run(f"%%with_secrets {line}{check_variables}").displayed_data() == ["True"], line
    for line in ("%%with_secrets service.token\npass", "%%with_secrets {{service.token}}\npass", "%secret get service.token"):
        result = kernel.run(line)
        assert "Name the secret alone, 'service', without the key 'token'." in result.error
    # If the secret has no key of this name, the hint must not claim that the key exists.
    assert "'service', without the key 'nothing'." in kernel.run("%secret delete service.nothing -y").error
    error = kernel.run("%secret get elsewhere.token").error
    assert "The name of a secret has no dot. Give the name alone" in error
    assert "register" not in error
    assert kernel.run("%stack describe # the active one").ok
    assert not find_canary(repr(kernel.record))
