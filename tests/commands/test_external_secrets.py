"""External secrets: the option `--external` gives read access to secrets that other programs write.

For example, `--external=db=prod/db` makes the secret at the path `prod/db` readable with the name `db`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command_lines import run
from tests.support.fakes.vault_server import FakeVault, running_vault
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import (
    InvalidComponentError,
    InvalidOptionsError,
    SecretNotFoundError,
    StackValidationError,
    UnsupportedOperationError,
)
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator


DATABASE = ("", "secret", "prod/db")
"""The namespace, the mount and the path of the credentials in Vault."""


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVault]:
    """Yield a Vault in which another program stores the credentials of a database."""
    with running_vault() as (fake, port):
        for variable in [name for name in os.environ if name.startswith("VAULT_")]:
            monkeypatch.delenv(variable)
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("VAULT_TOKEN", fake.new_token())
        fake.write(DATABASE, {"user": "analyst", "password": canary("password"), "port": 5432})
        yield fake


def _external_attribute(name: str) -> Any:
    return Client().workspace.component(ComponentType.SECRETS_MANAGER, name).attributes["external"]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--external=db=prod/db", {"db": "prod/db"}),
        ("--external db=prod/db#password", {"db": "prod/db#password"}),
        ("--external=db=prod/db,pw=prod/db#password", {"db": "prod/db", "pw": "prod/db#password"}),
        # A comma separates two pairs only if the text after it is a name with an equals sign.
        ("--external=db=a,b=c", {"db": "a", "b": "c"}),
        ("--external=db=a,b/c#k", {"db": "a,b/c#k"}),
        ("--external=db=path=with=signs", {"db": "path=with=signs"}),
        ('--external={"db":"prod/db#password","x=y":"a,b=c"}', {"db": "prod/db#password", "x=y": "a,b=c"}),
    ],
)
def test_external_takes_pairs_or_json(option: str, expected: dict[str, str]) -> None:
    """The option takes pairs of a name and a path.

    An update replaces all pairs, and `remove-attribute` removes them.
    """
    run(f"secrets-manager register team --flavor=vault {option}")
    assert _external_attribute("team") == expected
    run("secrets-manager update team --external=other=path")
    assert _external_attribute("team") == {"other": "path"}
    run("secrets-manager remove-attribute team external")
    assert "external" not in Client().workspace.component(ComponentType.SECRETS_MANAGER, "team").attributes


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ("--external=prod/db", "NAME=VALUE,NAME=VALUE"),
        ("--external==prod/db", "NAME=VALUE,NAME=VALUE"),
        ("--external=db=a,db=b", "each name once"),
        ('--external={"db":', "as JSON"),
        ("--external=db=", "no path after the"),
        ("--external=a.b=c", "no name of a secret"),
    ],
)
def test_an_invalid_pair_is_an_error(option: str, error: str) -> None:
    """The error explains the mistake in the pairs, and no secrets manager is registered."""
    with pytest.raises((InvalidComponentError, InvalidOptionsError), match=error):
        run(f"secrets-manager register team --flavor=vault {option}")
    assert [record.name for record in Client().workspace.components(ComponentType.SECRETS_MANAGER)] == ["default"]


def test_a_local_flavor_takes_no_external_secrets() -> None:
    """A local secrets manager refuses the option: no other program writes to its store."""
    with pytest.raises(InvalidOptionsError, match="external"):
        run("secrets-manager register here --flavor=local --external=db=path")


def test_a_stack_uses_the_secret_of_another_program(vault: FakeVault) -> None:
    """The commands that read the secret's current version work.

    Commands that write a secret or read its history raise an error with the path in Vault.
    """
    # Vault has no secret at the path prod/gone.
    run("secrets-manager register team --flavor=vault --external=db=prod/db,gone=prod/gone")
    run("annotator register labels --flavor=label_studio --authentication_secret={{db.password}}")
    run("stack register s -o default -a default -x team -an labels --set")
    assert [row["name"] for row in run("secret list").value] == ["db", "gone"]
    result = run("secret get db")
    assert result.value.content.keys() == {"user", "password", "port"}
    annotator = Client().active_stack.annotator
    assert annotator is not None
    # 1 is the number of a version, not an index.
    first_version = vault.secrets[DATABASE][1]
    assert annotator.authentication_secret == first_version.data["password"]
    assert run("stack validate").exit_code == 0
    for line in ("secret register db --a=1", "secret update db --a=1", "secret delete db -y", "secret rename db x", "secret history db"):
        with pytest.raises(UnsupportedOperationError, match=r"belongs to another program.*'prod/db' in Vault"):
            run(line)
    with pytest.raises(SecretNotFoundError, match="nothing under 'prod/gone' in Vault"):
        run("secret get gone")
    assert "needs is registered" in run("stack register-secrets --all").message
    # The secret has no key "token", and the command can't add one.
    run("annotator update labels --authentication_secret={{db.token}}")
    with pytest.raises(UnsupportedOperationError, match="belongs to another program"):
        run("stack register-secrets")
    run("annotator update labels --authentication_secret={{gone.password}}")
    with pytest.raises(SecretNotFoundError, match="nothing under 'prod/gone'"):
        run("stack register-secrets")
    with pytest.raises(StackValidationError):
        Client().active_stack.validate().raise_for_problems()
    assert run("secret cleanup -y").message == "There are no secrets in secrets manager 'team'."
    # No command has written a secret to Vault or deleted one.
    assert len(vault.secrets) == 1
    assert not find_canary(f"{result} {result.view!r} {run('secrets-manager describe team')}")
