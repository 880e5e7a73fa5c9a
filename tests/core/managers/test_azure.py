"""The `azure` backend with Azure's clients and a fake of Key Vault."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.fakes.key_vault import CLIENT_ID, MAX_VALUE_BYTES, TENANT, KeyVaultServer
from tests.support.faults.cloud_services import FastRetryAzure
from tests.support.faults.injector import Fault
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    InvalidSecretError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerUnreachableError,
    SecretNotFoundError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.remote.azure.backend import AzureBackend
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_hooks import content_of
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests
from zensecrets_jupyter.testing.stateful import VersionBehavior

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager


@pytest.fixture
def vault(key_vault: KeyVaultServer) -> KeyVaultServer:
    """Return the fake server."""
    return key_vault


def open_manager(vault: KeyVaultServer, identity: str = "one", **attributes: Any) -> SecretsManager[AzureBackend]:
    """Return a manager of the fake server with the credentials of its application."""
    application = {"tenant_id": TENANT, "client_id": CLIENT_ID, "client_secret": vault.client_secret}
    options = {"vault_url": vault.url, "authority": vault.url, "authority_is_known": False, **application, **attributes}
    return SecretsManager(FastRetryAzure(FastRetryAzure.make_options(options), context=ManagerContext(name="tested", id=identity)))


class TestAzure(SecretsManagerTests):
    """The conformance suite for a service without compare-and-set."""

    backend_class = FastRetryAzure
    limit = MAX_VALUE_BYTES
    keeps_all_updates = False
    registers_once = False
    version_behavior = VersionBehavior(renames_with_history=False)
    random_series_count = 6
    vault: KeyVaultServer

    @pytest.fixture(autouse=True)
    def _use(self, vault: KeyVaultServer) -> None:
        """Use the fake server."""
        self.vault = vault

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a manager of the fake server."""
        return open_manager(self.vault, identity or self.identity)

    def raw(self) -> bytes:
        """Return all stored values."""
        return self.vault.raw()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the faults of Azure."""
        expected = {
            "401": ManagerAccessError,
            "403": ManagerAccessError,
            "429": ManagerUnreachableError,
            "500": ManagerUnreachableError,
            "503": ManagerUnreachableError,
            "418": ManagerError,
        }
        return {code: (partial(self.vault.faults.inject, Fault(code), "secrets"), error) for code, error in expected.items()}


def test_list_reads_all_pages_and_no_value(vault: KeyVaultServer) -> None:
    """Ten secrets are listed from four pages, with schema and time.

    No value is read.
    """
    manager = open_manager(vault)
    for number in range(10):
        manager.register_secret(secret(f"name{number}", k="v"))
    vault.faults.requests.clear()
    summaries = manager.summaries()
    assert [summary.name for summary in summaries] == [f"name{number}" for number in range(10)]
    assert {summary.schema for summary in summaries} == {"arbitrary"}
    assert all(summary.updated is not None and abs(summary.updated.timestamp() - time.time()) < 60 for summary in summaries)
    assert vault.faults.requests == ["GET /secrets"] * 4


def test_concurrent_reads_reuse_connections(vault: KeyVaultServer, caplog: pytest.LogCaptureFixture) -> None:
    """Concurrent threads keep one connection each, and share one token.

    No warning about a full connection pool is logged.
    """
    manager = open_manager(vault)
    names = [f"name{number}" for number in range(40)]
    for name in names:
        manager.register_secret(secret(name, k=name))
    vault.faults.requests.clear()
    with vault.faults.inject(Fault("503", delay=0.05), on="GET /secrets/", times=len(names)):
        results = open_manager(vault).get_secrets(names)
    assert {name: getattr(result, "content", result) for name, result in results.items()} == {name: {"k": name} for name in names}
    assert "Connection pool is full" not in caplog.text
    assert sum("oauth2" in request for request in vault.faults.requests) == 1, "all connections share one token"


def test_deleted_name_can_be_registered_again(vault: KeyVaultServer) -> None:
    """A deleted secret is recovered and then overwritten, even if deletion and recovery are slow."""
    manager = open_manager(vault)
    for settling in (0, 3):
        vault.settling = settling
        manager.register_secret(secret("a", k=f"old {settling}"))
        manager.delete_secret("a")
        with pytest.raises(SecretNotFoundError):
            manager.get_secret("a")
    manager.register_secret(secret("a", k="again"))
    assert content_of(manager, "a") == {"k": "again"}
    assert b"old 0" in vault.raw(), "the vault still has the earlier version"
    assert [version.number for version in manager.history("a")] == [1]


def test_undelete(vault: KeyVaultServer) -> None:
    """A deleted secret is restored with its history, even if deletion and recovery are slow.

    The error states the end of the recovery period.
    """
    manager = open_manager(vault)
    manager.register_secret(secret("a", k="first"))
    manager.merge_secret("a", {"k": "second"})
    for settling in (0, 3):
        vault.settling = settling
        manager.delete_secret("a")
        manager.undelete_secret("a")
        assert content_of(manager, "a") == {"k": "second"}
    assert [version.number for version in manager.history("a")] == [2, 1]
    vault.settling = 0
    manager.delete_secret("a")
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90 * 86400))
    with pytest.raises(SecretNotFoundError, match=f"Azure keeps it until {until}. Restore it: %secret undelete a") as caught:
        manager.get_secret("a")
    assert is_one_line(caught.value)


@pytest.mark.parametrize("fault", [Fault(cut=True, executed_first=True), Fault("500"), Fault("500", executed_first=True)])
def test_lost_response_of_an_undelete(vault: KeyVaultServer, fault: Fault) -> None:
    """An undelete is completed by a retry, whether the first attempt was executed or not."""
    manager = open_manager(vault)
    manager.register_secret(secret("a", k="v"))
    manager.delete_secret("a")
    vault.faults.add(fault, on="recover")
    manager.undelete_secret("a")
    assert content_of(manager, "a") == {"k": "v"}


@pytest.mark.parametrize("fault", [Fault(cut=True, executed_first=True), Fault("500"), Fault("500", executed_first=True)])
def test_lost_response_of_a_recovery(vault: KeyVaultServer, fault: Fault) -> None:
    """A recovery before a registration is completed by a retry.

    The old content is not treated as new.
    """
    manager = open_manager(vault)
    manager.register_secret(secret("a", k="old"))
    manager.delete_secret("a")
    vault.faults.add(fault, on="recover")
    manager.register_secret(secret("a", k="new"))
    assert content_of(manager, "a") == {"k": "new"}
    assert [version.number for version in manager.history("a")] == [1]


def test_failed_registration_keeps_the_secret_deleted(vault: KeyVaultServer) -> None:
    """If the write after a recovery is refused, the recovered secret is deleted again."""
    manager = open_manager(vault)
    manager.register_secret(secret("a", k="old"))
    manager.delete_secret("a")
    vault.frozen = True
    with pytest.raises(ManagerAccessError):
        manager.register_secret(secret("a", k="new"))
    assert manager.list_secrets() == []
    assert len(vault.deleted) == 1


def test_foreign_deleted_secret_is_not_recovered(vault: KeyVaultServer) -> None:
    """A name with a deleted secret of another program is refused.

    The secret stays deleted.
    """
    value = canary("theirs")
    manager = open_manager(vault, scope="none")
    vault.put("theirs", value)
    vault.deleted["theirs"] = vault.stored.pop("theirs")
    with pytest.raises(ManagerCorruptedError, match="a deleted secret of another program") as caught:
        manager.register_secret(secret("theirs", k="v"))
    assert not find_canary(error_details(caught.value))
    with pytest.raises(ManagerCorruptedError, match="a deleted secret of another program"):
        manager.undelete_secret("theirs")
    with pytest.raises(SecretNotFoundError, match="There is no secret 'theirs'"):
        manager.get_secret("theirs")
    assert list(vault.deleted) == ["theirs"]
    assert vault.stored == {}


def test_purge(vault: KeyVaultServer) -> None:
    """With ``purge`` a deleted secret is removed completely.

    A vault with purge protection raises an error.
    """
    manager = open_manager(vault, purge=True)
    for settling in (0, 3):
        vault.settling = settling
        manager.register_secret(secret("a", k=canary()))
        manager.delete_secret("a")
        assert vault.raw() == b""
    for fault in (Fault(cut=True, executed_first=True), Fault("500")):
        vault.settling = 0
        manager.register_secret(secret("a", k=canary()))
        vault.faults.add(fault, on="DELETE /deletedsecrets")
        manager.delete_secret("a")
        assert vault.raw() == b""
    manager.register_secret(secret("a", k="v"))
    vault.protected = True
    with pytest.raises(ManagerAccessError, match="it is deleted, but could not be purged"):
        manager.delete_secret("a")
    assert manager.list_secrets() == []


def test_foreign_secret_is_reported_and_not_changed(vault: KeyVaultServer) -> None:
    """Without a scope, a foreign secret is listed and is neither read, changed nor deleted.

    No error contains its value.
    """
    value = canary("theirs")
    manager = open_manager(vault, scope="none")
    vault.put("theirs", value)
    operations: list[Callable[[], object]] = [
        lambda: manager.get_secret("theirs"),
        lambda: manager.merge_secret("theirs", {"k": "v"}),
        lambda: manager.delete_secret("theirs"),
    ]
    for operation in operations:
        with pytest.raises(ManagerCorruptedError) as caught:
            operation()
        assert not find_canary(error_details(caught.value))
    manager.delete_all_secrets()
    assert manager.list_secrets() == ["theirs"]
    assert vault.raw() == value.encode()


def test_requested_wait_is_respected(vault: KeyVaultServer) -> None:
    """After a response with status 429, the client waits for the time in the header Retry-After.

    After the wait, the request succeeds.
    """
    manager = open_manager(vault)
    manager.list_secrets()
    vault.faults.add(Fault("429", wait=1))
    before = time.monotonic()
    assert manager.list_secrets() == []
    assert time.monotonic() - before >= 1, "the client waits at least as long as the vault requests"


@pytest.mark.parametrize("fault", [Fault("500", executed_first=True), Fault("503"), Fault(cut=True, executed_first=True), Fault(cut=True)])
def test_lost_response_of_a_write(vault: KeyVaultServer, fault: Fault) -> None:
    """After a lost response, a retry completes the write, whether it was executed or not."""
    manager = open_manager(vault)
    manager.list_secrets()
    vault.faults.add(fault, on="PUT")
    manager.register_secret(secret("a", k="first"))
    vault.faults.add(fault, on="PUT")
    manager.merge_secret("a", {"k": "second"})
    assert content_of(open_manager(vault), "a") == {"k": "second"}
    vault.faults.add(fault, on="DELETE")
    manager.delete_secret("a")
    assert manager.list_secrets() == []


def test_expired_token_is_renewed(vault: KeyVaultServer) -> None:
    """An expired token is renewed without an error."""
    manager = open_manager(vault)
    manager.register_secret(secret("a", k="v"))
    vault.tokens.clear()
    assert content_of(manager, "a") == {"k": "v"}


def test_wrong_client_secret(vault: KeyVaultServer) -> None:
    """A wrong client secret raises ManagerAccessError in one line, without the secret."""
    with pytest.raises(ManagerAccessError, match="does not accept the credentials") as caught:
        open_manager(vault, client_secret=canary("wrong")).list_secrets()
    assert is_one_line(caught.value)
    assert not find_canary(error_details(caught.value))


def test_clock_skew(vault: KeyVaultServer) -> None:
    """A token with a wrong time is reported as a wrong clock."""
    manager = open_manager(vault)
    expected_text = "IDX10223: Lifetime validation failed. The token is expired."
    with vault.faults.inject(Fault("401", expected_text), on="secrets"), pytest.raises(ManagerAccessError, match="Correct the clock"):
        manager.list_secrets()


def test_credentials_of_the_environment(vault: KeyVaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a client secret, the credentials are those of Azure's environment variables."""
    names = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT_ID, "AZURE_CLIENT_SECRET": vault.client_secret}
    for name, value in {**names, "AZURE_AUTHORITY_HOST": vault.url}.items():
        monkeypatch.setenv(name, value)
    manager = open_manager(vault, tenant_id=None, client_id=None, client_secret=None, authority=None)
    manager.register_secret(secret("a", k="v"))
    assert manager.list_secrets() == ["a"]


def test_request_times_out(vault: KeyVaultServer) -> None:
    """The option ``timeout`` limits one request, and ``deadline`` limits the retries."""
    manager = open_manager(vault, timeout=1, deadline=0.01)
    manager.list_secrets()
    with vault.faults.inject(Fault("500", delay=1.5)), pytest.raises(ManagerUnreachableError):
        manager.list_secrets()


@pytest.mark.parametrize(("host", "expected_text"), [("127.0.0.1:1", "did not answer"), ("no-such-vault.invalid", "can't be reached")])
def test_unreachable_vault(vault: KeyVaultServer, host: str, expected_text: str) -> None:
    """A refused connection or an unknown host raises ManagerUnreachableError in one line."""
    with pytest.raises(ManagerUnreachableError, match=expected_text) as caught:
        open_manager(vault, vault_url=f"https://{host}").list_secrets()
    assert is_one_line(caught.value)


def test_unknown_certificate_authority(vault: KeyVaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the certificate authority, no request is sent, and the error names the certificate."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(ManagerUnreachableError, match="SSLCertVerificationError"):
        open_manager(vault).list_secrets()
    assert vault.faults.requests == []


@pytest.mark.parametrize(
    ("attributes", "option"),
    [
        ({}, "vault_url"),
        ({"vault_url": "http://v.vault.azure.net"}, "vault_url"),
        ({"vault_url": "https://v.vault.azure.net", "client_id": "c"}, "client_secret"),
        ({"vault_url": "https://v.vault.azure.net", "client_secret": "zsCanary"}, "client_secret"),
    ],
)
def test_options_are_checked(attributes: dict[str, str], option: str) -> None:
    """An invalid option is refused with its name and without its value.

    The cases are a missing address, an address without TLS, and an incomplete application.
    """
    with pytest.raises(InvalidOptionsError, match=option) as caught:
        AzureBackend.make_options(attributes)
    assert not find_canary(error_details(caught.value))


def test_client_secret_is_not_shown(vault: KeyVaultServer, caplog: pytest.LogCaptureFixture) -> None:
    """Neither repr, description nor log contains the client secret."""
    caplog.set_level("DEBUG")
    manager = open_manager(vault)
    manager.list_secrets()
    outputs = [repr(manager.options), repr(manager), repr(vars(manager)), json.dumps(manager.describe()), caplog.text]
    assert not find_canary("\n".join(outputs))


def test_long_name(vault: KeyVaultServer) -> None:
    """A key may have 127 characters including its scope. An upper-case letter needs four characters."""
    manager = open_manager(vault, scope="global")
    manager.register_secret(secret("x" * 110, k="v"))
    with pytest.raises(InvalidSecretError, match=r"17 of them for the scope\. At most 127 are allowed"):
        manager.register_secret(secret("X" * 40, k="v"))
