"""Protection of values that a session gets from environment variables and password prompts."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.notebook.cells.session_copies import find_leaks
from tests.support.kernels import running_kernel
from tests.support.leaks import is_visible
from tests.support.terminal import spawn_in_terminal
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pexpect

    from tests.support.kernels import Kernel

CODE_THAT_SETS_VARIABLE = {
    "item of os.environ": "os.environ['GITHUB_TOKEN'] = value",
    "update": "os.environ.update(GITHUB_TOKEN=value)",
    "setdefault": "os.environ.setdefault('GITHUB_TOKEN', value)",
    "merge": "os.environ |= {'GITHUB_TOKEN': value}",
    "bytes": "os.environb[b'GITHUB_TOKEN'] = value.encode()",
    "putenv": "os.putenv('GITHUB_TOKEN', value)",
    "dotenv": "import dotenv; pathlib.Path('.env').write_text(f'GITHUB_TOKEN={value}\\n'); _ = dotenv.load_dotenv('.env')",
    "dotenv magic": "pathlib.Path('.env').write_text(f'GITHUB_TOKEN={value}\\n'); get_ipython().run_line_magic('load_ext', 'dotenv'); "
    "get_ipython().run_line_magic('dotenv', '.env')",
    "env magic": "get_ipython().run_line_magic('env', f'GITHUB_TOKEN={value}')",
    "set_env magic": "get_ipython().run_line_magic('set_env', f'GITHUB_TOKEN {value}')",
    "a thread": "import threading; thread = threading.Thread(target=os.environ.update, args=({'GITHUB_TOKEN': value},)); "
    "thread.start(); thread.join()",
}
"""Code that sets the environment variable GITHUB_TOKEN to ``value``, for each way to set it."""


@pytest.mark.parametrize("way", list(CODE_THAT_SETS_VARIABLE))
def test_a_variable_set_after_loading_is_masked_in_the_same_cell(kernel: Kernel, tmp_path: Path, way: str) -> None:
    """An environment variable is masked in outputs of the cell that sets it."""
    value = secrets.token_urlsafe(24)
    (tmp_path / "value").write_text(value)
    result = kernel.run(
        f"import os, pathlib\nvalue = pathlib.Path('value').read_text()\n{CODE_THAT_SETS_VARIABLE[way]}\nprint('it is', value)"
    )
    assert result.ok, result.error
    assert result.stream("stdout").splitlines()[-1] == "it is ‹secret:env.GITHUB_TOKEN›"
    assert not is_visible(kernel, value)


def _secret_variables() -> dict[str, tuple[str, list[str]]]:
    """Return environment variables with secrets.

    Each name has the value and the list of the secret parts of the value.
    """

    def token(length: int = 18) -> str:
        return secrets.token_urlsafe(length)

    def with_parts(text: str, *parts: str) -> tuple[str, list[str]]:
        """Return a text with the parts in its `{}`, and the parts."""
        return text.format(*parts), [*parts]

    # The package recognizes these variables by their names, and the whole value is secret.
    by_name = ("DB_PASS", "SMTP_PASS", "SSHPASS", "MYSQL_PW", "ADMIN_PW", "GIT_CREDENTIALS", "BEARER", "COOKIE", "VOLC_SK")
    return {
        **{name: with_parts("{}", token()) for name in by_name},
        "AUTHORIZATION": with_parts("Bearer {}", token()),
        "PG_DSN": with_parts("host=db.example.com user=app password={} dbname=shop", token()),
        "SLACK_WEBHOOK_URL": with_parts("https://hooks.slack.com/{}", f"services/T0AB12CD3/B0EF45GH6/{secrets.token_hex(12)}"),
        "AZURE_STORAGE_CONNECTION_STRING": with_parts("AccountName=lake;AccountKey={};EndpointSuffix=core.windows.net", token(32)),
        "SERVICE_ACCOUNT": with_parts('{{"type": "service_account", "project_id": "shop", "private_key": "{}"}}', token(40)),
        "REPORTS_URL": with_parts("postgresql://ada:{}@db.example.com/sales", token()),
        "SPRING_DATASOURCE_URL": with_parts("jdbc:postgresql://db.example.com/shop?user=app&password={}", token()),
        "BROKERS": with_parts("redis://:{}@one.example.com/0,redis://:{}@two.example.com/0", token(), token()),
        "BUILD_THING": with_parts("{}", f"ghp_{secrets.token_hex(18)}"),
        "SOMETHING": with_parts("{}", f"AKIA{''.join(secrets.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567') for _ in range(16))}"),
    }


HARMLESS = {
    "OPENAI_MAX_TOKENS": "131072",
    "PRIMARY_KEY": "customer_id",
    "S3_KEY": "data/x.parquet",
    "AWS_SESSION_TOKEN_EXPIRATION": "2026-11-28T12:00:00Z",
    "TOKENIZERS_PARALLELISM": "false",
    "SSH_KEY_PATH": "/home/ada/.ssh/id_ed25519",
    "TOKEN_CREATED": "2026-11-28",
    "SECRET_BACKEND": "environment",
    "PASSWORD_POLICY": "strict",
}
"""Variables whose names resemble those of secrets, and whose values are harmless."""


@pytest.mark.parametrize("when", ["before the kernel started", "by code"])
def test_secret_parts_of_variables_are_masked(tmp_path: Path, when: str) -> None:
    """Only the secret parts of variables are masked.

    Hosts, users and harmless variables are not masked. The table of `%secret guard` lists the variables with secret parts, and no other.
    """
    variables = _secret_variables()
    environment = {name: value for name, (value, _) in variables.items()} | HARMLESS
    (tmp_path / "variables.json").write_text(json.dumps(environment))
    with running_kernel(tmp_path, environment if when.startswith("before") else {}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        code = "import json, os\nvariables = json.load(open('variables.json'))\nos.environ.update(variables)"
        result = kernel.run(f"{code}\nfor name in variables: print(name, os.environ[name])")
        printed_values = dict(line.split(" ", 1) for line in result.stream("stdout").splitlines())
        assert {name: printed_values[name] for name in HARMLESS} == HARMLESS
        leaking_names = [name for name, (_, parts) in variables.items() if any(is_visible(kernel, part) for part in parts)]
        assert leaking_names == []
        expected_values = {}
        for name, (value, parts) in variables.items():
            for part in parts:
                value = value.replace(part, f"‹secret:env.{name}›")  # noqa: PLW2901 - each pass replaces one part
            expected_values[name] = value
        assert {name: printed_values[name] for name in expected_values} == expected_values
        table = "\n".join(kernel.run("%secret guard").displayed_data())
        assert {name for name in environment if f"env.{name} " in table or f"env.{name}\n" in table} == set(variables)


@pytest.mark.parametrize("line", ["%env X_TOKEN={}", "%set_env X_TOKEN {}", "import os; os.environ['X_TOKEN'] = '{}'"])
def test_a_value_in_a_cell_that_sets_a_variable_is_not_recorded(kernel: Kernel, tmp_path: Path, line: str) -> None:
    """A cell that contains a value causes a warning.

    The history in memory and in files does not contain the value.
    """
    kernel.run(line.format(canary("set")))
    kernel.run("1")
    warning = "Warning: this cell holds the value of env.X_TOKEN."
    assert any(warning in json.dumps(message["content"]) for message in kernel.record)
    assert not set(find_leaks(kernel, tmp_path)) & {"memory", "files"}


def test_harmless_variables_stay_readable(kernel: Kernel) -> None:
    """Values of harmless variables are not masked. In a URL, only the password is masked."""
    code = """
import os
os.environ.update(OPENAI_MAX_TOKENS="131072", PRIMARY_KEY="customer_id", DATABASE_URL="postgresql://app:aR7kQ2xZ9m@db.example.com/sales")
print(131072 + 1, 131072, "customer_id", "db.example.com", "sales", os.environ["DATABASE_URL"])
"""
    expected = "131073 131072 customer_id db.example.com sales postgresql://app:‹secret:env.DATABASE_URL›@db.example.com/sales\n"
    assert kernel.run(code).stream("stdout") == expected


def test_unloading_restores_functions(kernel: Kernel) -> None:
    """`%unload_ext` restores `os.putenv` and the functions that show password prompts.

    Afterwards, a value that code sets in an environment variable is not masked.
    """
    print_functions = (
        "import getpass, os; print(os.putenv.__module__, getpass._raw_input.__module__, '_input_request' in vars(get_ipython().kernel))"
    )
    assert (
        kernel.run(print_functions).stream("stdout")
        == "zensecrets_jupyter.notebook.value_sources.environment zensecrets_jupyter.notebook.value_sources.password_prompts True\n"
    )
    assert kernel.run("%unload_ext zensecrets_jupyter").ok
    assert kernel.run(print_functions).stream("stdout") == "posix getpass False\n"
    assert kernel.run("os.environ['X_TOKEN'] = 'some' + 'thing-9f3'; print(os.environ['X_TOKEN'])").stream("stdout") == "something-9f3\n"


CODE_WITH_PROMPT = {
    "getpass": "import getpass; value = getpass.getpass('Database: ')",
    "getpass by name": "from getpass import getpass; value = getpass('Database: ')",
    "click": "import click; value = click.prompt('Database', hide_input=True)",
    "rich": "from rich.prompt import Prompt; value = Prompt.ask('Database', password=True)",
    "the kernel's own": "value = get_ipython().kernel.getpass('Database: ')",
}
"""Code that shows a password prompt in a notebook, for each function."""


@pytest.mark.parametrize("way", list(CODE_WITH_PROMPT))
def test_an_answer_to_a_password_prompt_is_masked(kernel: Kernel, way: str) -> None:
    """The answer is masked in the same cell.

    The table of `%secret guard` names the prompt.
    """
    value = secrets.token_urlsafe(24)
    result = kernel.run(f"{CODE_WITH_PROMPT[way]}\nprint('typed', value, len(value))", [value])
    assert result.ok, result.error
    assert result.stream("stdout").splitlines()[-1] == "typed ‹secret:prompt.1› 32"
    # rich prints the prompt itself, and calls getpass with an empty prompt.
    reason = "typed at a password prompt" if way == "rich" else "typed at the password prompt 'Database'"
    assert f"prompt.1 {reason} 1" in " ".join("\n".join(kernel.run("%secret guard").displayed_data()).split())
    assert not is_visible(kernel, value)


def test_hidden_answers_are_numbered_and_visible_answers_are_not_masked(kernel: Kernel) -> None:
    """Each different answer to a hidden prompt has its own number in the mask.

    An answer to a visible prompt, such as `input()`, is not masked.
    """
    first, second = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    code = "import getpass; print([getpass.getpass(), getpass.getpass(), getpass.getpass()])"
    assert kernel.run(code, [first, second, first]).stream("stdout") == "['‹secret:prompt.1›', '‹secret:prompt.2›', '‹secret:prompt.1›']\n"
    assert kernel.run("print(input('Your name: '))", ["Ada Lovelace"]).stream("stdout") == "Ada Lovelace\n"


def test_a_registered_answer_has_the_name_of_its_secret(kernel: Kernel) -> None:
    """The mask of a registered answer has the secret's name instead of `prompt.1`."""
    value = secrets.token_urlsafe(24)
    assert kernel.run("%secret register db --password", [value]).ok
    assert kernel.run("print(get_ipython().run_line_magic('secret', 'get db --key password'))").stream("stdout") == "‹secret:db.password›\n"
    assert "prompt." not in "\n".join(kernel.run("%secret guard").displayed_data())
    assert not is_visible(kernel, value)


def test_the_name_of_a_key_is_not_masked(kernel: Kernel) -> None:
    """`register -i` asks for a key and its value at hidden prompts.

    Only the value is masked.
    """
    value = secrets.token_urlsafe(24)
    # An empty key ends the prompts.
    answers = {"key": ["connection_name", ""], "value": [value]}

    def answer(prompt: str) -> str:
        return answers["value" if "connection_name" in prompt else "key"].pop(0)

    result = kernel.run("%secret register db -i", answer)
    assert result.ok, result.error
    assert kernel.run("print('connection_name')").stream("stdout") == "connection_name\n"
    assert "prompt." not in "\n".join(kernel.run("%secret guard").displayed_data())
    assert not is_visible(kernel, value)


def test_a_passphrase_is_masked(tmp_path: Path) -> None:
    """The passphrase of the store is masked like an answer to a password prompt."""
    passphrase = secrets.token_urlsafe(24)
    (tmp_path / "value").write_text(passphrase)
    # The keyring is unavailable, so the store needs a passphrase.
    with running_kernel(tmp_path, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        result = kernel.run("%secret register db --password=aB3dE6gH9jK2mN5p", lambda _prompt: passphrase)
        assert result.ok, result.error
        assert result.prompts
        assert kernel.run("print(open('value').read())").stream("stdout") == "‹secret:prompt.1›\n"
        assert not is_visible(kernel, passphrase)


PROMPT = r"In \[\d+\]:.*\x1b\[\?25h"
"""A pattern for IPython's prompt.

The prompt ends with the control sequence that shows the cursor.
"""
CODE_WITH_TERMINAL_PROMPT = {
    "getpass": "import getpass; value = getpass.getpass('Database: ')",
    # The fixture `ipython` imports getpass as `earlier` before it loads the extension.
    "getpass imported before": "value = earlier('Database: ')",
    "click": "import click; value = click.prompt('Database', hide_input=True)",
    "rich": "from rich.prompt import Prompt; value = Prompt.ask('Database', password=True)",
    "prompt_toolkit": "from prompt_toolkit import prompt; value = prompt('Database: ', is_password=True)",
    "a session of prompt_toolkit": "from prompt_toolkit import PromptSession; value = PromptSession(is_password=True).prompt('Database: ')",
}
"""Code that shows a password prompt in a terminal, for each function."""


@pytest.fixture
def ipython(tmp_path: Path) -> Iterator[pexpect.spawn[str]]:
    """Yield IPython in a pseudo-terminal. It imports getpass before it loads the extension."""
    environment = {
        "HOME": str(tmp_path),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "TERM": "xterm",
        "ZENSECRETS_HOME": str(tmp_path / "zensecrets"),
    }
    options = ["--no-banner", "--colors=NoColor", "--no-confirm-exit"]
    child = spawn_in_terminal(str(Path(sys.executable).parent / "ipython"), options, environment, seconds=30, size=(40, 150))
    for line in ("from getpass import getpass as earlier; import os", "%load_ext zensecrets_jupyter"):
        child.expect(PROMPT)
        child.send(f"{line}\r")
    yield child
    child.close(force=True)


@pytest.mark.parametrize("way", list(CODE_WITH_TERMINAL_PROMPT))
def test_password_prompts_in_a_terminal_are_masked(ipython: pexpect.spawn[str], way: str) -> None:
    """The answer to a password prompt in a terminal is masked.

    This is also true if getpass was imported before the extension was loaded.
    """
    value = secrets.token_hex(12)
    ipython.expect(PROMPT)
    ipython.send(f"{CODE_WITH_TERMINAL_PROMPT[way]}\r")
    # The terminal echoes the typed code, which contains 'Database: after a quote. The pattern does not match this echo.
    ipython.expect(r"(?<!')Database:")
    ipython.send(f"{value}\r")
    ipython.expect(PROMPT)
    ipython.send("print('<shown>', value)\r")
    ipython.expect(r"<shown> (‹[^›]*›|[0-9a-f]{12})")
    assert str(ipython.after) == "<shown> ‹secret:prompt.1›"


def test_a_variable_set_in_a_terminal_is_masked(ipython: pexpect.spawn[str], tmp_path: Path) -> None:
    """A variable that is set in IPython at a terminal is masked at once."""
    (tmp_path / "value").write_text(secrets.token_hex(12))
    ipython.expect(PROMPT)
    ipython.send(f"os.environ['X_TOKEN'] = open('{tmp_path}/value').read(); print('<shown>', os.environ['X_TOKEN'])\r")
    ipython.expect(r"<shown> (‹[^›]*›|[0-9a-f]{12})")
    assert str(ipython.after) == "<shown> ‹secret:env.X_TOKEN›"
