"""Each process has one redactor, which protects all secrets that the process registers or reads."""

from __future__ import annotations

import pytest

from tests.support.processes import run_python
from zensecrets_jupyter import ArbitrarySecretSchema, BasicAuthSecretSchema, Client
from zensecrets_jupyter.core.redaction import Redactor, mask_text, protect_environment, the_redactor
from zensecrets_jupyter.core.stack import get_flavor
from zensecrets_jupyter.testing.canary import canary, find_canary

REGISTER_SECOND_SECRET = """
import json, sys
from zensecrets_jupyter import ArbitrarySecretSchema, Client
Client().secrets_manager.register_secret(ArbitrarySecretSchema(name="second", key=sys.argv[1]))
print(json.dumps(None))
"""
"""A program that registers its argument as a value of the secret ``second``, and prints ``null``, because ``run_python`` expects JSON."""


def test_registered_and_read_values_are_protected() -> None:
    """A value is protected as soon as this process registers it, or reads what another process registered."""
    value, other_value = canary(), canary()
    manager = Client().secrets_manager
    manager.register_secret(ArbitrarySecretSchema.from_content("first", {"key": value}))
    assert the_redactor().redact(f"<{value}>") == f"<{mask_text('first.key')}>"
    run_python(REGISTER_SECOND_SECRET, other_value)
    # This process does not know the value of the other process before it reads it.
    assert the_redactor().redact(other_value) == other_value
    assert Client().get_secret("second").content["key"] == other_value
    assert the_redactor().redact(other_value) == mask_text("second.key")


def test_a_replaced_value_remains_protected() -> None:
    """After an update of a secret, both the old and the new value are masked."""
    old, new = canary("old"), canary("new")
    manager = Client().secrets_manager
    manager.register_secret(ArbitrarySecretSchema.from_content("one", {"key": old}))
    manager.update_secret(ArbitrarySecretSchema.from_content("one", {"key": new}))
    assert find_canary(the_redactor().redact(f"{old} {new}"), old, new) == []


def test_values_that_are_not_sensitive_are_not_protected() -> None:
    """Creating a secret protects its password, but not its user name.

    The schema declares the user name as not sensitive.
    """
    user, password = canary("user"), canary("password")
    BasicAuthSecretSchema(name="login", username=user, password=password)
    assert the_redactor().redact(f"{user} {password}") == f"{user} {mask_text('login.password')}"


def test_plain_values_of_components_are_protected() -> None:
    """A plain value in a sensitive attribute of a component is masked with the name of the attribute."""
    value = canary()
    get_flavor("experiment_tracker", "wandb").from_storage({"api_key": value})
    assert the_redactor().redact(value) == mask_text("api_key")


def test_a_resolved_url_is_not_a_protected_value() -> None:
    """A URL with a resolved reference is not protected as a whole."""
    manager = Client().secrets_manager
    manager.register_secret(ArbitrarySecretSchema(name="db", arbitrary_kv_pairs={"password": canary()}))
    url = Client().active_stack.resolve("https://u:{{db.password}}@h/")
    assert url not in [value for value, _ in the_redactor().protected_values()]


def test_modules_of_the_search_are_loaded_at_the_first_search() -> None:
    """Importing the redactor and protecting a value does not load the modules of the search.

    Without protected values, redaction does not load them either. This saves time at the start of a process.
    """
    loaded, is_search_loaded = run_python(
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
    assert is_search_loaded is True
    for module in (
        "ahocorasick_rs",
        "zensecrets_jupyter.core.redaction.search",
        "zensecrets_jupyter.core.redaction.patterns.pattern",
        "html",
        "pydantic",
    ):
        assert module not in loaded


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
def test_variables_with_sensitive_names_are_protected(variable: str) -> None:
    """The value of a variable whose name contains a word such as token, key, secret or password is protected."""
    value = canary()
    redactor = Redactor()
    # The variable HOME is not sensitive.
    assert protect_environment({variable: value, "HOME": "/home/user"}, redactor=redactor) == [f"env.{variable}"]
    assert redactor.redact(value) == mask_text(f"env.{variable}")


def test_other_variables_are_not_protected() -> None:
    """Paths, settings, words and common values are not protected, but a URL's password is."""
    redactor = Redactor()
    environ = {
        "TOKENIZERS_PARALLELISM": "perhaps-not",
        "SSH_KEY_FILE": "/home/user/.ssh/id_ed25519",
        "KEYBOARD_LAYOUT": "us-international",
        "MONKEY": "chimpanzee",
        "PASSWORD": "postgres",
        "TOKEN": "",
        "DATABASE_URL": "postgresql://app:hunter22-x@localhost/db",
    }
    assert protect_environment(environ, redactor=redactor) == ["env.DATABASE_URL"]
    assert redactor.redact("hunter22-x at localhost") == f"{mask_text('env.DATABASE_URL')} at localhost"


def test_a_process_has_one_redactor() -> None:
    """Each call of the_redactor() returns the same object."""
    assert the_redactor() is the_redactor()
