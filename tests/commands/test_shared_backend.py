"""Commands on a Vault that other people change at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import LABELS, run
from tests.support.fakes.vault_server import FakeVault, running_vault
from tests.support.scripted_user import ScriptedUser
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.core.errors import SecretExistsError, SecretNotFoundError, UnsupportedOperationError
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = ("", "secret", "zenml/namespace/vision/label_studio_secret")
"""The namespace, the mount and the path of the secret in Vault."""


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVault]:
    """Yield a Vault that is the secrets manager of the default stack."""
    for variable in ("VAULT_NAMESPACE", "VAULT_CACERT"):
        monkeypatch.delenv(variable, raising=False)
    with running_vault() as (server, port):
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("VAULT_TOKEN", server.new_token())
        run("secrets-manager register team --flavor=vault --scope=namespace --namespace=vision")
        run("stack update -x team")
        yield server


def write_as_colleague(vault: FakeVault, **content: str) -> None:
    """Write the next version of the secret directly to Vault, as the process of a colleague would."""
    versions = vault.secrets[SECRET]
    vault.write(SECRET, {**versions[max(versions)].data, "content": content})


def test_get_refresh_reads_the_current_value(vault: FakeVault) -> None:
    """Without --refresh the command returns the cached value. After one --refresh, all commands return the new value."""
    first, second = canary("first"), canary("second")
    run("secret register label_studio_secret --api_key=?", first)
    assert run("secret get label_studio_secret --key api_key").value == first
    write_as_colleague(vault, api_key=second)
    assert run("secret get label_studio_secret --key api_key").value == first
    assert run("secret get label_studio_secret --key api_key --refresh").value == second
    assert run("secret get label_studio_secret").value.content == {"api_key": second}
    result = run_zensecrets("secret", "get", "label_studio_secret", "--refresh")
    assert "‹secret:label_studio_secret.api_key›" in result.stdout
    assert find_canary(result.stdout) == []


def test_validate_refresh_reads_the_current_keys(vault: FakeVault) -> None:
    """A key that a colleague removed is missing after --refresh. Before it, the cached keys count."""
    run(LABELS)
    run("stack update -an labels")
    run("secret register label_studio_secret --api_key=?", canary())
    assert run("stack validate").exit_code == 0
    write_as_colleague(vault, other="1")
    assert run("stack validate").exit_code == 0
    outcome = run("stack validate --refresh")
    assert (outcome.exit_code, [problem.code for problem in outcome.value.problems]) == (1, ["secret-key-not-found"])
    assert run("stack validate").exit_code == 1


def test_register_secrets_refresh_asks_for_the_currently_missing_values(vault: FakeVault) -> None:
    """A colleague may have removed or added keys. Without a secrets manager the command raises an error."""
    run(LABELS)
    run("stack update -an labels")
    run("secret register label_studio_secret --other=1")
    assert run("stack validate").exit_code == 1
    write_as_colleague(vault, other="1", api_key=canary("colleague"))
    assert run("stack register-secrets --refresh", asker=ScriptedUser()).message.startswith(
        "Every secret that stack 'default' needs is registered."
    )
    write_as_colleague(vault, other="1")
    assert run("stack register-secrets", asker=ScriptedUser()).message.startswith("Every secret")
    user = ScriptedUser(canary("own"))
    run("stack register-secrets --refresh", asker=user)
    assert user.prompts == ["Value of label_studio_secret.api_key: "]
    assert set(run("secret get label_studio_secret").value.content) == {"other", "api_key"}
    run("stack remove-component -x")
    with pytest.raises(RuntimeError, match="has no secrets manager"):
        run("stack register-secrets --refresh")


@pytest.mark.usefixtures("vault")
def test_a_deleted_secret_is_restored() -> None:
    """The error of `secret get` names the command that restores the secret. An existing or unknown secret can't be restored."""
    value = canary()
    run("secret register s --key=?", value)
    run("secret delete s -y")
    with pytest.raises(SecretNotFoundError, match="Restore it: %secret undelete s"):
        run("secret get s")
    assert run("secret undelete s").message == "Restored secret 's' in secrets manager 'team'."
    assert run("secret get s").value.content == {"key": value}
    with pytest.raises(SecretExistsError):
        run("secret undelete s")
    with pytest.raises(SecretNotFoundError, match="There is no secret 't'"):
        run("secret undelete t")
    run("secret delete s -y")
    result = run_zensecrets("secret", "get", "s")
    assert "Restore it: zensecrets secret undelete s, or register it again." in result.stderr
    assert run_zensecrets("secret", "undelete", "s").stdout == "Restored secret 's' in secrets manager 'team'.\n"
    assert find_canary(result.stdout + result.stderr) == []


WRITING_COMMANDS = [
    "secret register s --key",
    "secret update db --password",
    "stack register-secrets",
    "secret delete db",
    "secret cleanup",
]
"""Commands that would ask for a value or a confirmation before they write."""


@pytest.mark.parametrize("line", [*WRITING_COMMANDS, "secret import new.env --name n -i"])
def test_an_unsupported_operation_is_an_error_before_any_question(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The backend can only read secrets."""
    # This variable is the secret "db" with the key "password" in the backend `env`.
    monkeypatch.setenv("SECRET_DB__PASSWORD", canary())
    (tmp_path / "folder" / "new.env").write_text(f"KEY={canary()}\n")
    run(LABELS)
    run("secrets-manager register variables --flavor=env")
    run("stack update -x variables -an labels")
    user = ScriptedUser()
    with pytest.raises(UnsupportedOperationError, match=r"Secrets manager 'variables' \(flavor env\) can't") as caught:
        run(line, asker=user)
    assert (user.prompts, user.messages) == ([], [])
    assert find_canary(str(caught.value)) == []


def test_undelete_is_an_error_if_the_backend_does_not_support_it() -> None:
    """The local store can't restore deleted secrets. The error names the secrets manager."""
    run("secret register s --key=1")
    run("secret delete s -y")
    with pytest.raises(
        UnsupportedOperationError, match=r"'default' \(flavor local\) can't bring back deleted secrets\. Use a stack with another"
    ):
        run("secret undelete s")
