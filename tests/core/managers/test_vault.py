"""The `vault` backend with a fake server.

If the environment names a real Vault, it is tested too.
"""

from __future__ import annotations

import json
import os
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.support.error_texts import error_details, is_one_line
from tests.support.fakes.vault_server import EVERYTHING, Rule
from tests.support.faults.http_proxy import canned_response, reset_after_execution, reset_before_execution
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    InvalidSecretError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerLockedError,
    ManagerUnreachableError,
    SecretExistsError,
    SecretNotFoundError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.vault.backend import VaultBackend
from zensecrets_jupyter.core.managers.backends.remote.vault.client import VaultOptions, create_client
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.workspace import get_workspace
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests
from zensecrets_jupyter.testing.stateful import VersionBehavior, check_against_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.core.managers.conftest import VaultFixture
    from tests.support.faults.http_proxy import Exchange

REAL_ADDRESS = os.environ.get("ZENSECRETS_TEST_VAULT_ADDR", "")
"""The address of a real Vault, whose token is in ``ZENSECRETS_TEST_VAULT_TOKEN``. Both are read at import, because tests change them."""
REAL_TOKEN = os.environ.get("ZENSECRETS_TEST_VAULT_TOKEN", "")


class TestVault(SecretsManagerTests):
    """The conformance suite with deleted secrets that can be restored."""

    backend_class = VaultBackend
    limit = VaultBackend.max_size
    version_behavior = VersionBehavior(versions_kept=10, renames_with_history=False, numbers_continue=True)
    random_series_count = 10

    @pytest.fixture(autouse=True)
    def _server(self, vault: VaultFixture) -> None:
        self.service = vault
        self.attributes = {**vault.attributes, "deadline": 0.2}

    def raw(self) -> bytes:
        """Return all data of Vault."""
        stored = self.service.vault.stored
        return json.dumps([version.data for versions in stored.values() for version in versions.values()]).encode()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the faults of Vault."""
        inject = self.service.proxy.inject
        return {
            "denied": (partial(inject, canned_response(403, {"errors": ["permission denied zsCanary"]})), ManagerAccessError),
            "throttled": (partial(inject, canned_response(429, {"errors": ["zsCanary"]})), ManagerUnreachableError),
            "sealed": (partial(inject, canned_response(503, {"errors": ["Vault is sealed"]})), ManagerLockedError),
            "broken": (partial(inject, reset_before_execution), ManagerUnreachableError),
        }


if REAL_ADDRESS:

    class TestRealVault(SecretsManagerTests):
        """The conformance suite with a real Vault and a KV engine at ``secret``."""

        backend_class = VaultBackend
        attributes: Mapping[str, Any] = {"url": REAL_ADDRESS, "token": REAL_TOKEN, "force": True}
        restores_deleted = False
        limit = VaultBackend.max_size
        version_behavior = VersionBehavior(versions_kept=10, renames_with_history=False)


def _open(service: VaultFixture, identity: str = "", **attributes: Any) -> SecretsManager[VaultBackend]:
    options = VaultBackend.make_options({**service.attributes, "deadline": 1, **attributes})
    return SecretsManager(VaultBackend(options, context=ManagerContext(name="tested", id=identity or str(uuid.uuid4()))))


def test_random_operations_match_a_dict_with_force(vault: VaultFixture) -> None:
    """With ``force``, a deleted name starts with version 1 again."""
    identity = str(uuid.uuid4())
    version_behavior = VersionBehavior(versions_kept=10, renames_with_history=False)
    check_against_dict(
        lambda new_identity: _open(vault, new_identity or identity, force=True), version_behavior=version_behavior, examples=5, steps=15
    )


def test_app_role_login(vault: VaultFixture) -> None:
    """An AppRole gets one token, and renews an expired one.

    A wrong secret ID is reported and not shown.
    """
    secret_id = canary("secret id")
    vault.vault.approles["role", secret_id] = EVERYTHING
    manager = _open(vault, auth="approle", role_id="role", secret_id=secret_id, token=None)
    before = vault.vault.logins
    manager.register_secret(secret("a", key="value"))
    assert manager.get_secret("a").content == {"key": "value"}
    assert vault.vault.logins == before + 1
    vault.vault.tokens.clear()
    assert manager.get_secret("a", refresh=True).content == {"key": "value"}
    assert vault.vault.logins == before + 2
    with pytest.raises(ManagerAccessError, match=r"does not accept the credentials.*login-refused") as caught:
        _open(vault, auth="approle", role_id="role", secret_id=canary("wrong")).list_secrets()
    assert not find_canary(error_details(caught.value) + repr(manager.options))


def test_kubernetes_login(vault: VaultFixture, tmp_path: Path) -> None:
    """The token file of Kubernetes is used for the login. A missing file is reported."""
    token = tmp_path / "token"
    vault.vault.kubernetes["notebooks", "the-jwt"] = EVERYTHING
    attributes = {"auth": "kubernetes", "role": "notebooks", "auth_mount": "kubernetes-eu", "jwt_file": str(token)}
    with pytest.raises(ManagerAccessError, match="no-service-account"):
        _open(vault, **attributes).list_secrets()
    token.write_text("the-jwt\n", "utf-8")
    assert _open(vault, **attributes).list_secrets() == []
    assert "POST /v1/auth/kubernetes-eu/login" in vault.proxy.requests


def test_default_token(vault: VaultFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The token is taken from VAULT_TOKEN or from the file in the home folder.

    Without a token, an error is raised.
    """
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_ADDR", vault.proxy.address)
    with pytest.raises(ManagerAccessError, match="no-token"):
        _open(vault, url=None, token=None).list_secrets()
    (tmp_path / ".vault-token").write_text(vault.token, "utf-8")
    assert _open(vault, url=None, token=None).list_secrets() == []
    (tmp_path / ".vault-token").unlink()
    monkeypatch.setenv("VAULT_TOKEN", vault.token)
    assert _open(vault, url=None, token=None).list_secrets() == []


def test_expired_token_and_missing_permission(vault: VaultFixture) -> None:
    """Vault answers 403 for an expired token and for a missing permission. The backend distinguishes the two."""
    token_without_permissions = vault.vault.new_token(Rule("nothing", frozenset()))
    with pytest.raises(ManagerAccessError, match="does not allow you to list"):
        _open(vault, token=token_without_permissions).list_secrets()
    del vault.vault.tokens[token_without_permissions]
    with pytest.raises(ManagerAccessError, match="does not accept the credentials"):
        _open(vault, token=token_without_permissions).list_secrets()


@pytest.mark.parametrize(
    ("attributes", "expected_text"),
    [
        ({"auth": "approle", "role_id": "role"}, "role_id and secret_id"),
        ({"auth": "approle", "secret_id": "zsCanary"}, "role_id and secret_id"),
        ({"auth": "kubernetes"}, "auth=kubernetes needs role"),
        ({"auth": "magic"}, "auth"),
        ({"token": ["zsCanary"]}, "token"),
    ],
)
def test_missing_login_options_are_refused_at_registration(attributes: dict[str, Any], expected_text: str) -> None:
    """A missing option is reported by name, without a value."""
    with pytest.raises(InvalidOptionsError, match=expected_text) as caught:
        VaultBackend.make_options(attributes)
    assert not find_canary(error_details(caught.value))


def test_namespaces_are_separate(vault: VaultFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets of different Vault namespaces are separate. VAULT_NAMESPACE is the default."""
    identity = str(uuid.uuid4())
    _open(vault, identity, vault_namespace="vision").register_secret(secret("a", key="value"))
    assert _open(vault, identity).list_secrets() == []
    monkeypatch.setenv("VAULT_NAMESPACE", "vision")
    assert _open(vault, identity).list_secrets() == ["a"]
    assert _open(vault, identity, vault_namespace="speech").list_secrets() == []


def test_engine_of_version_1_is_refused(vault: VaultFixture) -> None:
    """An engine of version 1 is refused before a write, because it stores no versions."""
    vault.vault.kv1_mounts.add("old")
    with pytest.raises(InvalidOptionsError, match="has version 1, but version 2 is needed") as caught:
        _open(vault, mount_point="old").register_secret(secret("a", key=canary()))
    assert not find_canary(error_details(caught.value))
    assert vault.vault.stored == {}


def test_unreachable_vault(vault: VaultFixture) -> None:
    """A refused connection and an invalid address are reported at once."""
    for address in ("http://127.0.0.1:1", "nowhere"):
        with pytest.raises(ManagerError, match="can't be reached") as caught:
            _open(vault, url=address).list_secrets()
        assert type(caught.value) is ManagerUnreachableError


def test_list_without_permission_to_read(vault: VaultFixture) -> None:
    """Without permission to read, secrets are listed, including deleted ones."""
    manager = _open(vault)
    for name in ("a", "b"):
        manager.register_secret(secret(name, key="value"))
    manager.delete_secret("b")
    assert [(summary.name, summary.version) for summary in manager.summaries()] == [("a", 1)]
    list_only = _open(vault, manager.id, token=vault.vault.new_token(Rule("secret/metadata/.*", frozenset({"list"}))))
    assert list_only.list_secrets() == ["a", "b"]
    with pytest.raises(ManagerAccessError, match="does not allow you to read"):
        list_only.get_secret("a")


def test_read_without_permission_to_list(vault: VaultFixture) -> None:
    """Without permission to list, secrets are read.

    A missing secret is reported without similar names.
    """
    manager = _open(vault)
    manager.register_secret(secret("a", key="value"))
    read_only = _open(vault, manager.id, token=vault.vault.new_token(Rule("secret/data/.*", frozenset({"read"}))))
    results = read_only.get_secrets(["a", "missing"])
    assert getattr(results["a"], "content", None) == {"key": "value"}
    assert isinstance(results["missing"], SecretNotFoundError)
    with pytest.raises(ManagerAccessError, match="does not allow you to update"):
        read_only.merge_secret("a", {"key": canary()})


def test_undelete(vault: VaultFixture) -> None:
    """A deleted secret is restored with its last content, and its earlier versions stay deleted.

    The error for the deleted secret names the command that restores it.
    """
    manager = _open(vault)
    manager.register_secret(secret("a", key="first"))
    manager.merge_secret("a", {"key": "second"})
    manager.delete_secret("a")
    with pytest.raises(SecretNotFoundError, match=r"Vault still keeps it.*Restore it: %secret undelete a") as caught:
        manager.get_secret("a")
    assert is_one_line(caught.value)
    manager.undelete_secret("a")
    assert manager.get_secret("a").content == {"key": "second"}
    assert [(version.number, version.current) for version in manager.history("a")] == [(2, True)]
    with pytest.raises(SecretNotFoundError, match="There is no secret 'b'"):
        manager.undelete_secret("b")


def test_lost_response_of_an_undelete(vault: VaultFixture) -> None:
    """A retry after a lost response recognizes the restored secret."""
    manager = _open(vault)
    manager.register_secret(secret("a", key="value"))
    manager.delete_secret("a")
    with vault.proxy.inject(reset_after_execution, only="POST /v1/secret/undelete/", times=1):
        manager.undelete_secret("a")
    assert manager.get_secret("a").content == {"key": "value"}


def test_foreign_deleted_secret_stays_deleted(vault: VaultFixture) -> None:
    """A restored foreign secret is recognized and deleted again.

    Without permission to read, it is not recognized.
    """
    vault.vault.write(("", "secret", "theirs"), {"password": canary("theirs")})
    address = f"{vault.proxy.address}/v1/secret/delete/theirs"
    requests.post(address, json={"versions": [1]}, headers={"X-Vault-Token": vault.token}, timeout=10)
    with pytest.raises(ManagerCorruptedError, match="another program wrote the stored payload") as caught:
        _open(vault, scope="none").undelete_secret("theirs")
    assert not find_canary(error_details(caught.value))
    assert _open(vault, scope="none").list_secrets() == []
    manager = _open(vault)
    manager.register_secret(secret("a", key="value"))
    manager.delete_secret("a")
    may_not_read = vault.vault.new_token(Rule("secret/(metadata|undelete)/.*", frozenset({"read", "update"})))
    _open(vault, manager.id, token=may_not_read).undelete_secret("a")
    assert manager.get_secret("a").content == {"key": "value"}


def test_deleted_name_can_be_registered_again(vault: VaultFixture) -> None:
    """A new secret has no versions of the deleted one.

    A second registration of the name is refused.
    """
    manager = _open(vault)
    manager.register_secret(secret("a", key="old"))
    manager.delete_secret("a")
    manager.register_secret(secret("a", key="new"))
    with pytest.raises(SecretExistsError):
        _open(vault, manager.id).register_secret(secret("a", key="newer"))
    assert [(version.number, version.current) for version in manager.history("a")] == [(2, True)]
    with pytest.raises(SecretNotFoundError, match="The versions are 2"):
        manager.rollback("a", 1)
    assert manager.get_secret("a").content == {"key": "new"}


@pytest.mark.parametrize("deleted", [False, True])
def test_failed_registration_reports_its_own_error(vault: VaultFixture, *, deleted: bool) -> None:
    """A refused write raises its own error, and not the error for a name that exists or is missing.

    The refused write is the first one, or the second one if a deleted secret has the name.
    """
    manager = _open(vault)
    if deleted:
        manager.register_secret(secret("a", key="old"))
        manager.delete_secret("a")
    refuse = canned_response(200, {})
    writes: list[str] = []

    def refuse_the_last_write(exchange: Exchange) -> None:
        writes.append(exchange.label)
        if len(writes) == 1 + deleted:
            refuse(exchange)
        else:
            exchange.answer(exchange.forward())

    with (
        vault.proxy.inject(refuse_the_last_write, only="POST /v1/secret/data/"),
        pytest.raises(ManagerCorruptedError, match="no-response-of-Vault"),
    ):
        manager.register_secret(secret("a", key=canary()))
    assert len(writes) == 1 + deleted
    assert manager.list_secrets() == []


def test_destroyed_secret(vault: VaultFixture) -> None:
    """A secret whose last version was destroyed can be registered again, and cannot be restored."""
    manager = _open(vault)
    manager.register_secret(secret("a", key="old"))
    key = manager.backend.key_for("a")
    headers = {"X-Vault-Token": vault.token}
    requests.post(f"{vault.proxy.address}/v1/secret/destroy/{key}", json={"versions": [1]}, headers=headers, timeout=10)
    assert manager.list_secrets() == []
    for operation in (lambda: manager.get_secret("a"), lambda: manager.undelete_secret("a"), lambda: manager.delete_secret("a")):
        with pytest.raises(SecretNotFoundError, match="There is no secret 'a'"):
            operation()
    manager.register_secret(secret("a", key="new"))
    assert manager.get_secret("a").content == {"key": "new"}


def test_force_deletes_all_versions(vault: VaultFixture) -> None:
    """With ``force`` a deletion destroys all versions."""
    manager = _open(vault, force=True)
    manager.register_secret(secret("a", key="value"))
    manager.delete_secret("a")
    assert vault.vault.stored == {}
    with pytest.raises(SecretNotFoundError, match="There is no secret 'a'"):
        manager.undelete_secret("a")


def test_lone_surrogate_is_refused(vault: VaultFixture) -> None:
    """A lone surrogate is refused, because Vault would replace it. Nothing is written."""
    manager = _open(vault)
    manager.register_secret(secret("a", key="value"))
    with pytest.raises(InvalidSecretError, match="lone surrogate"):
        manager.merge_secret("a", {"key": "\ud800"})
    with pytest.raises(InvalidSecretError, match="lone surrogate"):
        manager.register_secret(secret("b", key="\ud800"))
    assert manager.list_secrets() == ["a"]


def test_stored_payload_is_a_json_object(vault: VaultFixture) -> None:
    """The content is a JSON object in Vault, whose keys other programs can read."""
    manager = _open(vault, scope="namespace", namespace="vision")
    manager.register_secret(secret("a", key="value"))
    versions = vault.vault.stored["", "secret", "zenml/namespace/vision/a"]
    assert versions[1].data["content"] == {"key": "value"}


def test_sealed_vault(vault: VaultFixture) -> None:
    """A sealed Vault raises ManagerLockedError without a retry.

    After it is unsealed, all secrets are readable.
    """
    manager = _open(vault)
    manager.register_secret(secret("a", key="value"))
    vault.vault.sealed = True
    vault.proxy.requests.clear()
    with pytest.raises(ManagerLockedError, match="Ask its administrator to unseal it"):
        manager.get_secret("a", refresh=True)
    assert len(vault.proxy.requests) == 1
    vault.vault.sealed = False
    assert manager.get_secret("a", refresh=True).content == {"key": "value"}


def test_credentials_are_stored_encrypted(vault: VaultFixture, home: Path) -> None:
    """The token and the secret ID of a manager are stored only in encrypted form.

    A manager that is opened again can log in with them.
    """
    token, secret_id = canary("token"), canary("secret id")
    vault.vault.tokens[token] = vault.vault.approles["role", secret_id] = EVERYTHING
    logins: dict[str, dict[str, str]] = {
        "by_token": {"token": token},
        "by_role": {"auth": "approle", "role_id": "role", "secret_id": secret_id},
    }
    for name, attributes in logins.items():
        all_attributes = {"url": vault.proxy.address, **attributes}
        get_workspace().register_component(ComponentType.SECRETS_MANAGER, name, "vault", all_attributes)
        assert get_workspace().open_manager(name).list_secrets() == []
    assert not find_canary(home)


def test_certificates(vault: VaultFixture, tmp_path: Path) -> None:
    """The client certificate is sent to Vault, and the certificate authority checks Vault's certificate."""
    for name in ("me.pem", "ca.pem"):
        (tmp_path / name).touch()
    options = VaultBackend.make_options({**vault.attributes, "cert": str(tmp_path / "me.pem"), "verify": str(tmp_path / "ca.pem")})
    assert isinstance(options, VaultOptions)
    session = create_client(options, max_connections=1).adapter.session
    assert (session.cert, session.verify) == (str(tmp_path / "me.pem"), str(tmp_path / "ca.pem"))
    for name in ("cert", "ca_file"):
        with pytest.raises(InvalidOptionsError, match=f"no file .*/gone.pem', which the option {name} names"):
            _open(vault, **{name: str(tmp_path / "gone.pem")}).list_secrets()
