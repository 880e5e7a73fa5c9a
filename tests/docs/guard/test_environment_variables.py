"""Tests of docs/guard.md: which environment variables are secrets."""

from __future__ import annotations

import json
import os
import random
import re
import string
import subprocess
import sys
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.docs.guard.guard_page import covers
from tests.docs.guard.values import random_number, random_value
from tests.notebook.test_sources import CODE_THAT_SETS_VARIABLE
from tests.support.redaction.values import pem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.docs.guard.guarded_kernel import GuardedKernel


def printed_variables(guarded_kernel: GuardedKernel, variables: Mapping[str, str]) -> dict[str, str]:
    """Set environment variables and print them in one cell. Return each printed text."""
    guarded_kernel.set_variables(variables=dict(variables))
    # A value may have several lines, so each value ends with a NUL and a line end.
    output = guarded_kernel.output_of(
        "import os; os.environ.update(variables)\nfor name in variables: print(os.environ[name], end='\\0\\n')"
    )
    # The split yields one more text, the empty one after the last end. `zip` leaves it out.
    return dict(zip(variables, output.split("\0\n"), strict=False))


@covers(
    """**Environment variables**: a variable is a secret because of its name and value together (`DB_PASS`, `SSHPASS`, `*_TOKEN`, `*_DSN`,
    …), or because of its value alone: the format of a known token, a private key, or a password in a URL, a connection string or JSON."""
)
def test_a_variable_is_a_secret_by_its_name_or_value(guarded_kernel: GuardedKernel) -> None:
    """A value is masked because of its variable's name, or because of its format."""
    secrets_by_name = {name: random_value() for name in ("DB_PASS", "SSHPASS", "WEATHER_TOKEN", "REPORTS_DSN")}
    assert printed_variables(guarded_kernel, secrets_by_name) == {name: f"‹secret:env.{name}›" for name in secrets_by_name}
    harmless_variables = {"WEATHER_STATION": random_value()}
    assert printed_variables(guarded_kernel, harmless_variables) == harmless_variables
    # The prefix is that of GitHub's tokens. The names STATION_A to STATION_E do not look like names of secrets.
    token = f"ghp_{random_value(36)}"
    key = pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8)
    url_password, connection_password, json_password = (random_value() for _ in range(3))
    secrets_by_value = {
        "STATION_A": token,
        "STATION_B": key,
        "STATION_C": f"https://app:{url_password}@example.com/weather",
        "STATION_D": f"Server=db.example.com;Uid=app;Pwd={connection_password};",
        "STATION_E": json.dumps({"user": "app", "password": json_password}),
    }
    output = printed_variables(guarded_kernel, secrets_by_value)
    assert [name for name in secrets_by_value if f"‹secret:env.{name}›" not in output[name]] == []
    # The first and the last line of a PEM key are no secrets.
    secret_texts = (token, *key.splitlines()[1:-1], url_password, connection_password, json_password)
    assert [text for text in secret_texts if text in str(output)] == []


@covers("Only the secret part is masked; host, user and database stay readable.")
def test_only_the_secret_part_of_a_variable_is_masked(guarded_kernel: GuardedKernel) -> None:
    """In a URL, a connection string and JSON, only the password is masked."""
    templates = {
        "ORDERS_URL": "postgresql://app:{}@db.example.com/sales",
        "ORDERS_CONNECTION": "Server=db.example.com;Database=sales;Uid=app;Pwd={};",
        "ORDERS_JSON": '{{"host": "db.example.com", "user": "app", "database": "sales", "password": "{}"}}',
    }
    output = printed_variables(guarded_kernel, {name: template.format(random_value()) for name, template in templates.items()})
    assert output == {name: template.format(f"‹secret:env.{name}›") for name, template in templates.items()}


@covers("Paths, dates such as `2031-04-17` and references (`arn:`, `op://`, `${X}`) are not secrets.")
@covers(
    """A number is a secret only if the name indicates a password; plain words are secrets only if the name indicates a password, a secret
    or a token."""
)
def test_harmless_values_of_variables_are_not_masked(guarded_kernel: GuardedKernel) -> None:
    """Paths, references and dates are never masked; numbers and plain words only if the variable's name ends with certain words."""
    # For each end of a variable's name, the formats that are masked.
    masked_formats = {"PASSWORD": {"number", "words"}, "SECRET": {"words"}, "TOKEN": {"words"}, "KEY": set(), "PLAIN": set()}
    for index, (name_end, expected_formats) in enumerate(masked_formats.items()):
        # If a value was masked for one name, it is also masked for the next names. So a value that may be masked differs from name to name.
        values = {
            "path": f"/etc/ssl/private/{random_value(3, string.digits)}.pem",
            "arn": f"arn:aws:secretsmanager:eu-central-1:{random_number(12)}:secret:prod/db",
            "op": "op://vault/item/field",
            "reference": "${OTHER_TOKEN}",
            "number": random_number(8),
            "date": f"203{index}-04-{random.SystemRandom().randint(10, 30)}",
            "words": ("gentle customer", "paper lantern", "silver meadow", "orange market", "forest harbour")[index],
        }
        names = {value_format: f"CASE_{value_format.upper()}_{name_end}" for value_format in values}
        output = printed_variables(guarded_kernel, {names[value_format]: value for value_format, value in values.items()})
        changed_formats = {value_format for value_format, value in values.items() if output[names[value_format]] != value}
        assert changed_formats == expected_formats, name_end


@covers("A variable that you set after loading is checked before the next output, however you set it.")
def test_variables_set_after_loading_are_checked(guarded_kernel: GuardedKernel) -> None:
    """A variable's value is protected before the cell's next output, however it is set."""
    for way, code in CODE_THAT_SETS_VARIABLE.items():
        value = random_value()
        (guarded_kernel.folder / "value").write_text(value)
        # The code sets GITHUB_TOKEN, so the cell first removes the variable that the previous code has set.
        output = guarded_kernel.output_of(
            "import os, pathlib; value = pathlib.Path('value').read_text(); os.environ.pop('GITHUB_TOKEN', None)\n"
            f"{code}\nprint('it is', value)"
        )
        assert output.splitlines()[-1] == "it is ‹secret:env.GITHUB_TOKEN›", way


@covers("[`%secret guard`](guard-commands.md) shows why each name is protected.")
def test_the_table_shows_why_a_name_is_protected(guarded_kernel: GuardedKernel) -> None:
    """The table shows the reasons for stored, typed and environment values.

    The stored value is the secret ``stored`` of the fixture.
    """
    guarded_kernel.run("import getpass; _ = getpass.getpass('Gate: ')", [random_value()])
    guarded_kernel.set_variables(variables={"GATE_PASS": random_value(), "GATE_URL": f"https://app:{random_value()}@example.com/"})
    guarded_kernel.run("import os; os.environ.update(variables)")
    words = "\n".join(guarded_kernel.run("%secret guard").displayed_data()).split()
    # A long reason continues in the next line, after the column of counts. Without numbers, the words of a reason follow each other.
    table = " ".join(word for word in words if not word.isdigit())
    for name_and_reason in (
        r"stored\.key registered or read as a key of secret 'stored'",
        r"prompt\.\d+ typed at the password prompt 'Gate'",
        r"env\.GATE_PASS environment variable, its name",
        r"env\.GATE_URL environment variable, the password of a URL in it",
    ):
        assert re.search(name_and_reason, table), name_and_reason


LATER_SESSION = """
import os
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "zensecrets_jupyter")
print(os.environ["ZOO_TOKEN"], os.environ["ZOO_ANIMAL"])
"""
"""A program that loads the extension in a new shell and prints two variables."""


@covers(
    """`%secret guard ignore VARIABLE` and `protect VARIABLE` correct this, also for later sessions; only names are stored, in
    `guard.json`."""
)
def test_ignore_and_protect_apply_now_and_later(guarded_kernel: GuardedKernel) -> None:
    """The commands apply in this session and in a later one: an ignored variable is shown, and a protected variable is masked."""
    values = {"ZOO_TOKEN": random_value(), "ZOO_ANIMAL": random_value()}
    assert printed_variables(guarded_kernel, values) == {**values, "ZOO_TOKEN": "‹secret:env.ZOO_TOKEN›"}
    guarded_kernel.run("%secret guard ignore ZOO_TOKEN")
    guarded_kernel.run("%secret guard protect ZOO_ANIMAL")
    expected_output = {**values, "ZOO_ANIMAL": "‹secret:env.ZOO_ANIMAL›"}
    assert printed_variables(guarded_kernel, values) == expected_output
    home = guarded_kernel.folder / "zensecrets"
    settings = json.loads((home / "guard.json").read_text(encoding="utf-8"))
    assert settings == {"version": 1, "protect": ["ZOO_ANIMAL"], "ignore": ["ZOO_TOKEN"]}
    environment = {**os.environ, **values, "ZENSECRETS_HOME": str(home), "IPYTHONDIR": str(guarded_kernel.folder / "later")}
    process = subprocess.run([sys.executable, "-c", LATER_SESSION], env=environment, capture_output=True, text=True, check=True)
    assert process.stdout.split() == list(expected_output.values())
