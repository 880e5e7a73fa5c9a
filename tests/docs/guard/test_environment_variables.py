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
from tests.notebook.test_sources import SETTING
from tests.support.redaction.values import pem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.docs.guard.guarded_kernel import GuardedKernel


def printed_variables(guarded: GuardedKernel, variables: Mapping[str, str]) -> dict[str, str]:
    """Set environment variables in a kernel, and return what the same cell prints for each."""
    guarded.set_variables(variables=dict(variables))
    shown = guarded.output_of("import os; os.environ.update(variables)\nfor name in variables: print(os.environ[name], end='\\0\\n')")
    return dict(zip(variables, shown.split("\0\n"), strict=False))


@covers(
    """**Environment variables**: a variable is a secret because of its name and value together (`DB_PASS`, `SSHPASS`, `*_TOKEN`, `*_DSN`,
    …), or because of its value alone: the format of a known token, a private key, or a password in a URL, a connection string or JSON."""
)
def test_a_variable_is_a_secret_by_its_name_or_value(guarded: GuardedKernel) -> None:
    """A value is masked because of its variable's name, or because of its format."""
    by_name = ("DB_PASS", "SSHPASS", "WEATHER_TOKEN", "REPORTS_DSN")
    random_ones = {name: random_value() for name in by_name}
    assert printed_variables(guarded, random_ones) == {name: f"‹secret:env.{name}›" for name in by_name}
    plain = {"WEATHER_STATION": random_value()}
    assert printed_variables(guarded, plain) == plain
    password = {kind: random_value() for kind in ("token", "url", "connection", "json")}
    key = pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8)
    by_value = {
        "STATION_A": f"ghp_{random_value(36)}",
        "STATION_B": key,
        "STATION_C": f"https://app:{password['url']}@example.com/weather",
        "STATION_D": f"Server=db.example.com;Uid=app;Pwd={password['connection']};",
        "STATION_E": json.dumps({"user": "app", "password": password["json"]}),
    }
    shown = printed_variables(guarded, by_value)
    assert [name for name in by_value if f"‹secret:env.{name}›" not in shown[name]] == []
    assert [text for text in (by_value["STATION_A"], *key.splitlines()[1:-1], *password.values()) if text in str(shown)] == []


@covers("Only the secret part is masked; host, user and database stay readable.")
def test_only_the_secret_part_of_a_variable_is_masked(guarded: GuardedKernel) -> None:
    """In a URL, a connection string and JSON, only the password is masked."""
    templates = {
        "ORDERS_URL": "postgresql://app:{}@db.example.com/sales",
        "ORDERS_CONNECTION": "Server=db.example.com;Database=sales;Uid=app;Pwd={};",
        "ORDERS_JSON": '{{"host": "db.example.com", "user": "app", "database": "sales", "password": "{}"}}',
    }
    shown = printed_variables(guarded, {name: template.format(random_value()) for name, template in templates.items()})
    assert shown == {name: template.format(f"‹secret:env.{name}›") for name, template in templates.items()}


@covers("Paths, dates such as `2031-04-17` and references (`arn:`, `op://`, `${X}`) are not secrets.")
@covers(
    """A number is a secret only if the name indicates a password; plain words are secrets only if the name indicates a password, a secret
    or a token."""
)
def test_harmless_values_of_variables_are_not_masked(guarded: GuardedKernel) -> None:
    """Paths, references, numbers, dates and words are shown or masked according to the variable's name."""
    expected = {"PASSWORD": {"number", "words"}, "SECRET": {"words"}, "TOKEN": {"words"}, "KEY": set(), "PLAIN": set()}
    for number, (ending, masked) in enumerate(expected.items()):
        # A value that was masked once is masked under any name, so each name has different values.
        kinds = {
            "path": f"/etc/ssl/private/{random_value(3, string.digits)}.pem",
            "arn": f"arn:aws:secretsmanager:eu-central-1:{random_number(12)}:secret:prod/db",
            "op": "op://vault/item/field",
            "reference": "${OTHER_TOKEN}",
            "number": random_number(8),
            "date": f"203{number}-04-{random.SystemRandom().randint(10, 30)}",
            "words": ("gentle customer", "paper lantern", "silver meadow", "orange market", "forest harbour")[number],
        }
        variables = {f"LEFT_{kind.upper()}_{ending}": text for kind, text in kinds.items()}
        shown = printed_variables(guarded, variables)
        assert {kind for kind, name in zip(kinds, variables, strict=True) if shown[name] != variables[name]} == masked, ending


@covers("A variable that you set after loading is checked before the next output, however you set it.")
def test_variables_set_after_loading_are_checked(guarded: GuardedKernel) -> None:
    """A variable's value is protected before the cell's next output, however it is set."""
    for way, code in SETTING.items():
        value = random_value()
        (guarded.folder / "value").write_text(value)
        shown = guarded.output_of(
            "import os, pathlib; value = pathlib.Path('value').read_text(); os.environ.pop('GITHUB_TOKEN', None)\n"
            f"{code}\nprint('it is', value)"
        )
        assert shown.splitlines()[-1] == "it is ‹secret:env.GITHUB_TOKEN›", way


@covers("[`%secret guard`](guard-commands.md) shows why each name is protected.")
def test_the_table_shows_why_a_name_is_protected(guarded: GuardedKernel) -> None:
    """The table shows the reasons for stored, typed and environment values."""
    guarded.run("import getpass; _ = getpass.getpass('Gate: ')", [random_value()])
    guarded.set_variables(variables={"GATE_PASS": random_value(), "GATE_URL": f"https://app:{random_value()}@example.com/"})
    guarded.run("import os; os.environ.update(variables)")
    cells = "\n".join(guarded.run("%secret guard").shown()).split()
    # A long reason continues in the next line, after the column of counts.
    table = " ".join(word for word in cells if not word.isdigit())
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
def test_ignore_and_protect_apply_now_and_later(guarded: GuardedKernel) -> None:
    """An ignored variable is shown, and a protected variable is masked, also later."""
    values = {"ZOO_TOKEN": random_value(), "ZOO_ANIMAL": random_value()}
    assert printed_variables(guarded, values) == {**values, "ZOO_TOKEN": "‹secret:env.ZOO_TOKEN›"}
    guarded.run("%secret guard ignore ZOO_TOKEN")
    guarded.run("%secret guard protect ZOO_ANIMAL")
    corrected = {**values, "ZOO_ANIMAL": "‹secret:env.ZOO_ANIMAL›"}
    assert printed_variables(guarded, values) == corrected
    stored = (guarded.folder / "zensecrets" / "guard.json").read_text(encoding="utf-8")
    assert json.loads(stored) == {"version": 1, "protect": ["ZOO_ANIMAL"], "ignore": ["ZOO_TOKEN"]}
    later = {**os.environ, **values, "ZENSECRETS_HOME": str(guarded.folder / "zensecrets"), "IPYTHONDIR": str(guarded.folder / "later")}
    done = subprocess.run([sys.executable, "-c", LATER_SESSION], env=later, capture_output=True, text=True, check=True)
    assert done.stdout.split() == list(corrected.values())
