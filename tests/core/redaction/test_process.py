"""The redactor of a process: it is told of all that is registered or read there, and costs nothing before."""

from __future__ import annotations

import pytest

from tests.support.processes import run_python
from zensecrets_jupyter import ArbitrarySecretSchema, BasicAuthSecretSchema, Client
from zensecrets_jupyter.core.redaction import Redactor, mask_text, protect_environment, the_redactor
from zensecrets_jupyter.core.stack import get_flavor
from zensecrets_jupyter.testing.canary import canary, find_canary

REGISTER = """
import json, sys
from zensecrets_jupyter import ArbitrarySecretSchema, Client
Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="second", key=sys.argv[1]))
print(json.dumps(None))
"""


def test_what_is_registered_and_read_is_protected() -> None:
    """A value is masked from when it is registered; one that another process registered, from when it is read."""
    value, other = canary(), canary()
    manager = Client().secrets_manager
    manager.register_secret(ArbitrarySecretSchema.from_content("first", {"key": value}))
    assert the_redactor().redact(f"<{value}>") == f"<{mask_text('first.key')}>"
    run_python(REGISTER, other)
    assert other in the_redactor().redact(other)
    assert Client().get_secret("second").content["key"] == other
    assert the_redactor().redact(other) == mask_text("second.key")


def test_an_old_value_stays_protected() -> None:
    """A value that was replaced is masked like the new one."""
    old, new = canary("old"), canary("new")
    manager = Client().secrets_manager
    manager.register_secret(ArbitrarySecretSchema.from_content("one", {"key": old}))
    manager.update_secret(ArbitrarySecretSchema.from_content("one", {"key": new}))
    assert find_canary(the_redactor().redact(f"{old} {new}"), old, new) == []


def test_what_is_not_sensitive_is_not() -> None:
    """A user's name is shown: its schema says so."""
    user, password = canary("user"), canary("password")
    BasicAuthSecretSchema(name="login", username=user, password=password)
    assert the_redactor().redact(f"{user} {password}") == f"{user} {mask_text('login.password')}"


def test_what_a_component_holds_itself() -> None:
    """A plain value in a sensitive attribute of a component is masked by the attribute's name."""
    value = canary()
    get_flavor("experiment_tracker", "wandb").from_stored({"api_key": value})
    assert the_redactor().redact(value) == mask_text("api_key")


def test_a_text_of_several_values_is_masked_by_its_parts() -> None:
    """A template with more than a reference gives no value a name of its own."""
    manager = Client().secrets_manager
    manager.register_secret(ArbitrarySecretSchema(name="db", arbitrary_kv_pairs={"password": canary()}))
    text = Client().active_stack.resolve("https://u:{{db.password}}@h/")
    assert text not in [value for value, _ in the_redactor().protected_values()]


def test_nothing_heavy_before_the_first_search() -> None:
    """Importing, and protecting a value, loads neither the automaton nor what patterns need."""
    heavy = run_python(
        """
import json, sys
before = set(sys.modules)
import zensecrets_jupyter.core.value
from zensecrets_jupyter.core.redaction import the_redactor
the_redactor().redact("nothing yet")
the_redactor().json_may_contain_value(b"nothing yet")
the_redactor().protect("correct-horse-battery", "a.b")
loaded = set(sys.modules) - before
the_redactor().redact("<correct-horse-battery>")
print(json.dumps([sorted(loaded), "zensecrets_jupyter.core.redaction.search" in sys.modules]))
"""
    )
    assert heavy[1] is True
    for module in (
        "ahocorasick_rs",
        "zensecrets_jupyter.core.redaction.search",
        "zensecrets_jupyter.core.redaction.patterns.pattern",
        "html",
        "pydantic",
    ):
        assert module not in heavy[0]


@pytest.mark.parametrize(
    "variable",
    [
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "PGPASSWORD",
        "MYSQL_PWD",
        "OPENAI_API_KEY",
        "my_secret",
        "KEY",
        "SSH_PASSPHRASE",
        "DB_PASSWD",
    ],
)
def test_variables_that_say_so(variable: str) -> None:
    """A variable whose name says token, key, secret or password is protected under its name."""
    value = canary()
    redactor = Redactor()
    assert protect_environment({variable: value, "HOME": "/home/somebody"}, redactor=redactor) == [f"env.{variable}"]
    assert redactor.redact(value) == mask_text(f"env.{variable}")


def test_variables_that_do_not() -> None:
    """Places, switches and what is common are left; the password in a URL is not."""
    redactor = Redactor()
    environ = {
        "TOKENIZERS_PARALLELISM": "perhaps-not",
        "SSH_KEY_FILE": "/home/somebody/.ssh/id_ed25519",
        "KEYBOARD_LAYOUT": "us-international",
        "MONKEY": "chimpanzee",
        "PASSWORD": "postgres",
        "TOKEN": "",
        "DATABASE_URL": "postgresql://app:hunter22-x@localhost/db",
    }
    assert protect_environment(environ, redactor=redactor) == ["env.DATABASE_URL"]
    assert redactor.redact("hunter22-x at localhost") == f"{mask_text('env.DATABASE_URL')} at localhost"


def test_the_redactor_is_one() -> None:
    """Everybody in a process gets the same."""
    assert the_redactor() is the_redactor()
