"""The `vault` backend with a fake Vault.

If the environment has the address of a real Vault, the conformance suite runs with it too.
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
from tests.support.fakes.vault_server import ALL_PERMISSIONS, Rule
from tests.support.faults.http_proxy import canned_response, reset_after_execution, reset_before_execution
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    InvalidSecretError,
    ManagerAccessError,
    ManagerCorruptedError,
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
"""The address of a real Vault, or an empty text.

The address and the token are read when Python imports this module, because each test removes such variables from the environment.
"""
REAL_TOKEN = os.environ.get("ZENSECRETS_TEST_VAULT_TOKEN", "")
"""A token for the real Vault."""


class TestVault(SecretsManagerTests):
    """The conformance suite with the default options. The option ``force`` is off, so deleted secrets can be restored."""

    backend_class = VaultBackend
    limit = VaultBackend.max_size
    # If a deleted secret is registered again, its version numbers continue.
    version_behavior = VersionBehavior(versions_kept=10, renames_with_history=False, numbers_continue=True)
    random_series_count = 10

    @pytest.fixture(autouse=True)
    def _use_server(self, vault: VaultFixture) -> None:
        self.service = vault
        self.attributes = {**vault.attributes, "deadline": 0.2}

    def raw(self) -> bytes:
        """Return all data of Vault."""
        stored = self.service.fake.secrets
        return json.dumps([version.data for versions in stored.values() for version in versions.values()]).encode()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the faults of Vault.

        The function ``find_canary`` finds the text "zsCanary", so the suite detects it in an error.
        """
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
        # The option ``force`` deletes all versions, so a deleted secret cannot be restored.
        restores_deleted = False
        limit = VaultBackend.max_size
        version_behavior = VersionBehavior(versions_kept=10, renames_with_history=False)


def _open(service: VaultFixture, identity: str = "", **attributes: Any) -> SecretsManager[VaultBackend]:
    """Return a manager with this ID. Without an ID, the manager gets a new one and shares no secrets with other managers."""
    options = VaultBackend.make_options({**service.attributes, "deadline": 1, **attributes})
    return SecretsManager(VaultBackend(options, context=ManagerContext(name="tested", id=identity or str(uuid.uuid4()))))


def test_random_operations_match_a_dict_with_force(vault: VaultFixture) -> None:
    """With ``force``, random operations have the same results as the same operations on a dict.

    If a deleted secret is registered again, its version is 1.
    """
    identity = str(uuid.uuid4())
    version_behavior = VersionBehavior(versions_kept=10, renames_with_history=False)
    check_against_dict(
        lambda new_identity: _open(vault, new_identity or identity, force=True), version_behavior=version_behavior, examples=5, steps=15
    )


def test_app_role_login(vault: VaultFixture) -> None:
    """A manager with an AppRole logs in once, and again after its token has expired.

    A wrong secret ID is reported and not shown.
    """
    secret_id = canary("secret id")
    vault.fake.approle_logins["role", secret_id] = ALL_PERMISSIONS
    manager = _open(vault, auth="approle", role_id="role", secret_id=secret_id, token=None)
    before = vault.fake.login_count
    manager.register_secret(secret("a", key="value"))
    assert manager.get_secret("a").content == {"key": "value"}
    assert vault.fake.login_count == before + 1
    # The fake Vault does not know the token any more, as after the token has expired.
    vault.fake.tokens.clear()
    assert manager.get_secret("a", refresh=True).content == {"key": "value"}
    assert vault.fake.login_count == before + 2
    with pytest.raises(ManagerAccessError, match=r"does not accept the credentials.*login-refused") as caught:
        _open(vault, auth="approle", role_id="role", secret_id=canary("wrong")).list_secrets()
    assert not find_canary(error_details(caught.value) + repr(manager.options))


def test_kubernetes_login(vault: VaultFixture, tmp_path: Path) -> None:
    """A manager logs in with the token of a Kubernetes service account, which is in a file. A missing file is reported."""
    token_file = tmp_path / "token"
    vault.fake.kubernetes_logins["notebooks", "the-jwt"] = ALL_PERMISSIONS
    attributes = {"auth": "kubernetes", "role": "notebooks", "auth_mount": "kubernetes-eu", "jwt_file": str(token_file)}
    with pytest.raises(ManagerAccessError, match="no-service-account"):
        _open(vault, **attributes).list_secrets()
    token_file.write_text("the-jwt\n", "utf-8")
    assert _open(vault, **attributes).list_secrets() == []
    assert "POST /v1/auth/kubernetes-eu/login" in vault.proxy.requests


def test_default_token(vault: VaultFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the option ``token``, the token is taken from VAULT_TOKEN or from ``.vault-token`` in the home folder.

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
    """Vault answers with status 403 for an expired token and for a missing permission. Each has its own error text."""
    # A rule for an unused path without capabilities, because a token with no rule has all permissions.
    token_without_permissions = vault.fake.new_token(Rule("nothing", frozenset()))
    with pytest.raises(ManagerAccessError, match="does not allow you to list"):
        _open(vault, token=token_without_permissions).list_secrets()
    del vault.fake.tokens[token_without_permissions]
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
def test_invalid_login_options_are_refused(attributes: dict[str, Any], expected_text: str) -> None:
    """An incomplete or invalid login is refused. The error names the option and has no value."""
    with pytest.raises(InvalidOptionsError, match=expected_text) as caught:
        VaultBackend.make_options(attributes)
    assert not find_canary(error_details(caught.value))


def test_namespaces_are_separate(vault: VaultFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in different namespaces of Vault are separate. The default namespace is that of VAULT_NAMESPACE."""
    identity = str(uuid.uuid4())
    _open(vault, identity, vault_namespace="vision").register_secret(secret("a", key="value"))
    assert _open(vault, identity).list_secrets() == []
    monkeypatch.setenv("VAULT_NAMESPACE", "vision")
    assert _open(vault, identity).list_secrets() == ["a"]
    assert _open(vault, identity, vault_namespace="speech").list_secrets() == []


def test_engine_of_version_1_is_refused(vault: VaultFixture) -> None:
    """A KV engine of version 1, which stores no versions, is refused before a write."""
    vault.fake.kv1_mounts.add("old")
    with pytest.raises(InvalidOptionsError, match="has version 1, but version 2 is needed") as caught:
        _open(vault, mount_point="old").register_secret(secret("a", key=canary()))
    assert not find_canary(error_details(caught.value))
    assert vault.fake.secrets == {}


def test_unreachable_vault(vault: VaultFixture) -> None:
    """A refused connection and an invalid address raise ManagerUnreachableError."""
    for address in ("http://127.0.0.1:1", "nowhere"):
        with pytest.raises(ManagerUnreachableError, match="can't be reached"):
            _open(vault, url=address).list_secrets()


def test_list_without_permission_to_read(vault: VaultFixture) -> None:
    """A user with permission to list, and without permission to read, sees the names of deleted secrets in the list too.

    Only a user with permission to read gets the versions, and a list without the deleted secrets.
    """
    manager = _open(vault)
    for name in ("a", "b"):
        manager.register_secret(secret(name, key="value"))
    manager.delete_secret("b")
    assert [(summary.name, summary.version) for summary in manager.summaries()] == [("a", 1)]
    list_only = _open(vault, manager.id, token=vault.fake.new_token(Rule("secret/metadata/.*", frozenset({"list"}))))
    assert list_only.list_secrets() == ["a", "b"]
    with pytest.raises(ManagerAccessError, match="does not allow you to read"):
        list_only.get_secret("a")


def test_read_without_permission_to_list(vault: VaultFixture) -> None:
    """A user with permission to read secrets, and without permission to list, can read a batch. An update is denied."""
    manager = _open(vault)
    manager.register_secret(secret("a", key="value"))
    read_only = _open(vault, manager.id, token=vault.fake.new_token(Rule("secret/data/.*", frozenset({"read"}))))
    results = read_only.get_secrets(["a", "missing"])
    assert getattr(results["a"], "content", None) == {"key": "value"}
    assert isinstance(results["missing"], SecretNotFoundError)
    with pytest.raises(ManagerAccessError, match="does not allow you to update"):
        read_only.merge_secret("a", {"key": canary()})


def test_undelete(vault: VaultFixture) -> None:
    """A deleted secret is restored with its last content. Its earlier versions stay deleted.

    The error for a deleted secret has the command that restores it.
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
    """If the response to an undelete is lost, the retry recognizes that the secret is restored, and succeeds."""
    manager = _open(vault)
    manager.register_secret(secret("a", key="value"))
    manager.delete_secret("a")
    with vault.proxy.inject(reset_after_execution, only="POST /v1/secret/undelete/", times=1):
        manager.undelete_secret("a")
    assert manager.get_secret("a").content == {"key": "value"}


def test_foreign_deleted_secret_stays_deleted(vault: VaultFixture) -> None:
    """If an undelete restores a secret of another program, the secret is deleted again, and an error is raised.

    A user without permission to read payloads can still undelete a secret. The check for a payload of another program is skipped then.
    """
    # The tuple is a location in Vault: namespace, mount and path.
    vault.fake.write(("", "secret", "theirs"), {"password": canary("theirs")})
    url = f"{vault.proxy.address}/v1/secret/delete/theirs"
    requests.post(url, json={"versions": [1]}, headers={"X-Vault-Token": vault.token}, timeout=10)
    with pytest.raises(ManagerCorruptedError, match="another program wrote the stored payload") as caught:
        _open(vault, scope="none").undelete_secret("theirs")
    assert not find_canary(error_details(caught.value))
    assert _open(vault, scope="none").list_secrets() == []
    manager = _open(vault)
    manager.register_secret(secret("a", key="value"))
    manager.delete_secret("a")
    # The capability "read" is for metadata only. The payloads are under "secret/data/".
    token_without_read = vault.fake.new_token(Rule("secret/(metadata|undelete)/.*", frozenset({"read", "update"})))
    _open(vault, manager.id, token=token_without_read).undelete_secret("a")
    assert manager.get_secret("a").content == {"key": "value"}


def test_deleted_name_can_be_registered_again(vault: VaultFixture) -> None:
    """A deleted secret's name can be registered again. The new secret does not have the old versions.

    The version of the new secret has the next number, because Vault continues to count. Another registration of the name is refused.
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


@pytest.mark.parametrize("has_deleted_secret", [False, True])
def test_failed_registration_reports_its_own_error(vault: VaultFixture, *, has_deleted_secret: bool) -> None:
    """If Vault's response to the last write of a registration is invalid, ManagerUnreachableError is raised.

    No secret is stored. A registration needs two writes if a deleted secret has the same name, and otherwise one.
    """
    manager = _open(vault)
    write_count = 1
    if has_deleted_secret:
        write_count = 2
        manager.register_secret(secret("a", key="old"))
        manager.delete_secret("a")
    send_invalid_response = canned_response(200, {})
    writes: list[str] = []

    def answer_last_write_wrongly(exchange: Exchange) -> None:
        writes.append(exchange.label)
        if len(writes) == write_count:
            send_invalid_response(exchange)
        else:
            exchange.answer(exchange.forward())

    with (
        vault.proxy.inject(answer_last_write_wrongly, only="POST /v1/secret/data/"),
        pytest.raises(ManagerUnreachableError, match="no response of Vault"),
    ):
        manager.register_secret(secret("a", key=canary()))
    assert len(writes) == write_count
    assert manager.list_secrets() == []


def test_versions_that_vault_will_delete_later(vault: VaultFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``delete_version_after``, a secret exists until its deletion time. Afterwards it is deleted, and can be registered again."""
    monkeypatch.setattr(vault.fake, "delete_version_after", 3600.0)
    manager = _open(vault)
    manager.register_secret(secret("a", key="old"))
    manager.update_secret(secret("a", key="new"))
    assert manager.list_secrets() == ["a"]
    assert [version.number for version in manager.history("a")] == [2, 1]
    manager.delete_secret("a")
    assert manager.list_secrets() == []
    # This deletion time has passed when the secret is read.
    monkeypatch.setattr(vault.fake, "delete_version_after", 1e-6)
    manager.register_secret(secret("b", key="old"))
    assert manager.list_secrets() == []
    monkeypatch.setattr(vault.fake, "delete_version_after", 0.0)
    manager.register_secret(secret("b", key="new"))
    assert manager.get_secret("b").content == {"key": "new"}


def test_destroyed_secret(vault: VaultFixture) -> None:
    """If all versions of a secret are destroyed, the secret is missing. Its name can be registered again.

    Vault erases the data of a destroyed version. The data of a deleted version can be restored.
    """
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
    """With ``force``, a deletion removes the secret with all its versions, so the secret cannot be restored."""
    manager = _open(vault, force=True)
    manager.register_secret(secret("a", key="value"))
    manager.delete_secret("a")
    assert vault.fake.secrets == {}
    with pytest.raises(SecretNotFoundError, match="There is no secret 'a'"):
        manager.undelete_secret("a")


def test_lone_surrogate_is_refused(vault: VaultFixture) -> None:
    """A value with a lone surrogate, which Vault would replace, is refused, and nothing is written."""
    manager = _open(vault)
    manager.register_secret(secret("a", key="value"))
    with pytest.raises(InvalidSecretError, match="lone surrogate"):
        manager.merge_secret("a", {"key": "\ud800"})
    with pytest.raises(InvalidSecretError, match="lone surrogate"):
        manager.register_secret(secret("b", key="\ud800"))
    assert manager.list_secrets() == ["a"]


def test_stored_payload_is_a_json_object(vault: VaultFixture) -> None:
    """Vault stores the content of a secret as a JSON object, so other programs can read it."""
    manager = _open(vault, scope="namespace", namespace="vision")
    manager.register_secret(secret("a", key="value"))
    # The key is a location in Vault: namespace, mount and path.
    versions = vault.fake.secrets["", "secret", "zenml/namespace/vision/a"]
    assert versions[1].data["content"] == {"key": "value"}


def test_sealed_vault(vault: VaultFixture) -> None:
    """While Vault is sealed, a read raises ManagerLockedError after one request. Afterwards, a read succeeds."""
    manager = _open(vault)
    manager.register_secret(secret("a", key="value"))
    vault.fake.is_sealed = True
    vault.proxy.requests.clear()
    with pytest.raises(ManagerLockedError, match="Ask its administrator to unseal it"):
        manager.get_secret("a", refresh=True)
    assert len(vault.proxy.requests) == 1
    vault.fake.is_sealed = False
    assert manager.get_secret("a", refresh=True).content == {"key": "value"}


def test_credentials_are_stored_encrypted(vault: VaultFixture, home: Path) -> None:
    """The token and the secret ID in the attributes of a manager are stored encrypted, and the manager can log in with them."""
    token, secret_id = canary("token"), canary("secret id")
    vault.fake.tokens[token] = vault.fake.approle_logins["role", secret_id] = ALL_PERMISSIONS
    attributes_by_name: dict[str, dict[str, str]] = {
        "by_token": {"token": token},
        "by_role": {"auth": "approle", "role_id": "role", "secret_id": secret_id},
    }
    for name, attributes in attributes_by_name.items():
        all_attributes = {"url": vault.proxy.address, **attributes}
        get_workspace().register_component(ComponentType.SECRETS_MANAGER, name, "vault", all_attributes)
        assert get_workspace().open_manager(name).list_secrets() == []
    assert not find_canary(home)


def test_certificates(vault: VaultFixture, tmp_path: Path) -> None:
    """The client uses the files of its certificate and of the certificate authority. A missing file is reported."""
    for name in ("client.pem", "ca.pem"):
        (tmp_path / name).touch()
    # ZenML calls the option "ca_file" by the name "verify". Both names are accepted.
    options = VaultBackend.make_options({**vault.attributes, "cert": str(tmp_path / "client.pem"), "verify": str(tmp_path / "ca.pem")})
    assert isinstance(options, VaultOptions)
    session = create_client(options, max_connections=1).adapter.session
    assert (session.cert, session.verify) == (str(tmp_path / "client.pem"), str(tmp_path / "ca.pem"))
    for name in ("cert", "ca_file"):
        with pytest.raises(InvalidOptionsError, match=f"no file .*/gone.pem', which the option {name} names"):
            _open(vault, **{name: str(tmp_path / "gone.pem")}).list_secrets()
