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
    """Return a manager of the fake server, with credentials that the server accepts."""
    application = {"tenant_id": TENANT, "client_id": CLIENT_ID, "client_secret": vault.client_secret}
    # The client asks the public cloud whether it knows the token server, unless "authority_is_known" is false.
    options = {"vault_url": vault.url, "authority": vault.url, "authority_is_known": False, **application, **attributes}
    return SecretsManager(FastRetryAzure(FastRetryAzure.make_options(options), context=ManagerContext(name="tested", id=identity)))


class TestAzure(SecretsManagerTests):
    """The conformance suite for a service without compare-and-set, so that concurrent writes can be lost."""

    backend_class = FastRetryAzure
    limit = MAX_VALUE_BYTES
    keeps_all_updates = False
    registers_once = False
    version_behavior = VersionBehavior(renames_with_history=False)
    random_series_count = 6
    vault: KeyVaultServer

    @pytest.fixture(autouse=True)
    def _use_server(self, vault: KeyVaultServer) -> None:
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
            # The backend does not expect this status.
            "418": ManagerError,
        }
        # Requests for a token do not fail, because "secrets" is not in their path.
        return {code: (partial(self.vault.faults.inject, Fault(code), only="secrets"), error) for code, error in expected.items()}


def test_list_reads_all_pages_and_no_value(vault: KeyVaultServer) -> None:
    """Ten secrets are listed from four pages, with schema and time, and no value is read. The fake has three secrets per page."""
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
    """The threads of a batch read keep one connection each, and share one token.

    The connection pool is large enough, so Azure's client logs no warning that it is full.
    """
    manager = open_manager(vault)
    names = [f"name{number}" for number in range(40)]
    for name in names:
        manager.register_secret(secret(name, k=name))
    vault.faults.requests.clear()
    # One delayed response for each secret makes the requests overlap.
    with vault.faults.inject(Fault("503", delay=0.05), only="GET /secrets/", times=len(names)):
        results = open_manager(vault).get_secrets(names)
    assert {name: getattr(result, "content", result) for name, result in results.items()} == {name: {"k": name} for name in names}
    assert "Connection pool is full" not in caplog.text
    assert sum("oauth2" in request for request in vault.faults.requests) == 1, "all connections share one token"


def test_deleted_name_can_be_registered_again(vault: KeyVaultServer) -> None:
    """If a name with a deleted secret is registered, the secret is recovered and overwritten.

    This works even if the vault needs time for deletions and recoveries.
    """
    manager = open_manager(vault)
    for requests_until_complete in (0, 3):
        vault.requests_until_complete = requests_until_complete
        manager.register_secret(secret("a", k=f"old {requests_until_complete}"))
        manager.delete_secret("a")
        with pytest.raises(SecretNotFoundError):
            manager.get_secret("a")
    manager.register_secret(secret("a", k="again"))
    assert content_of(manager, "a") == {"k": "again"}
    assert b"old 0" in vault.raw(), "the vault still has the earlier version"
    assert [version.number for version in manager.history("a")] == [1]


def test_undelete(vault: KeyVaultServer) -> None:
    """A deleted secret is restored with its history, even if the vault needs time for deletions and recoveries.

    The error for a deleted secret states the end of the recovery period, and the command that restores it.
    """
    manager = open_manager(vault)
    manager.register_secret(secret("a", k="first"))
    manager.merge_secret("a", {"k": "second"})
    for requests_until_complete in (0, 3):
        vault.requests_until_complete = requests_until_complete
        manager.delete_secret("a")
        manager.undelete_secret("a")
        assert content_of(manager, "a") == {"k": "second"}
    assert [version.number for version in manager.history("a")] == [2, 1]
    vault.requests_until_complete = 0
    manager.delete_secret("a")
    # Azure keeps a deleted secret for 90 days by default.
    end = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90 * 86400))
    with pytest.raises(SecretNotFoundError, match=f"Azure keeps it until {end}. Restore it: %secret undelete a") as caught:
        manager.get_secret("a")
    assert is_one_line(caught.value)


@pytest.mark.parametrize(
    "fault", [Fault(closes_connection=True, request_is_executed=True), Fault("500"), Fault("500", request_is_executed=True)]
)
def test_lost_response_of_an_undelete(vault: KeyVaultServer, fault: Fault) -> None:
    """After a fault, a retry completes an undelete, whether the first attempt was executed or not."""
    manager = open_manager(vault)
    manager.register_secret(secret("a", k="v"))
    manager.delete_secret("a")
    vault.faults.add(fault, only="recover")
    manager.undelete_secret("a")
    assert content_of(manager, "a") == {"k": "v"}


@pytest.mark.parametrize(
    "fault", [Fault(closes_connection=True, request_is_executed=True), Fault("500"), Fault("500", request_is_executed=True)]
)
def test_lost_response_of_a_recovery(vault: KeyVaultServer, fault: Fault) -> None:
    """If the response to the recovery before a registration is lost, a retry completes the registration.

    Then the secret has the new content, and not the recovered content.
    """
    manager = open_manager(vault)
    manager.register_secret(secret("a", k="old"))
    manager.delete_secret("a")
    vault.faults.add(fault, only="recover")
    manager.register_secret(secret("a", k="new"))
    assert content_of(manager, "a") == {"k": "new"}
    assert [version.number for version in manager.history("a")] == [1]


def test_failed_registration_keeps_the_secret_deleted(vault: KeyVaultServer) -> None:
    """If the write after a recovery is refused, the recovered secret is deleted again."""
    manager = open_manager(vault)
    manager.register_secret(secret("a", k="old"))
    manager.delete_secret("a")
    vault.refuses_writes = True
    with pytest.raises(ManagerAccessError):
        manager.register_secret(secret("a", k="new"))
    assert manager.list_secrets() == []
    assert len(vault.deleted_secrets) == 1


def test_foreign_deleted_secret_is_not_recovered(vault: KeyVaultServer) -> None:
    """If a deleted secret of another program has the name, registering and undeleting are refused, and the secret stays deleted."""
    value = canary("theirs")
    manager = open_manager(vault, scope="none")
    vault.put("theirs", value)
    vault.deleted_secrets["theirs"] = vault.secrets.pop("theirs")
    with pytest.raises(ManagerCorruptedError, match="a deleted secret of another program") as caught:
        manager.register_secret(secret("theirs", k="v"))
    assert not find_canary(error_details(caught.value))
    with pytest.raises(ManagerCorruptedError, match="a deleted secret of another program"):
        manager.undelete_secret("theirs")
    with pytest.raises(SecretNotFoundError, match="There is no secret 'theirs'"):
        manager.get_secret("theirs")
    assert list(vault.deleted_secrets) == ["theirs"]
    assert vault.secrets == {}


def test_purge(vault: KeyVaultServer) -> None:
    """With the option ``purge``, a deletion removes the secret completely, even if the vault needs time or a response is lost.

    With purge protection, a deletion raises an error that says that the secret is deleted and not purged.
    """
    manager = open_manager(vault, purge=True)
    for requests_until_complete in (0, 3):
        vault.requests_until_complete = requests_until_complete
        manager.register_secret(secret("a", k=canary()))
        manager.delete_secret("a")
        assert vault.raw() == b""
    for fault in (Fault(closes_connection=True, request_is_executed=True), Fault("500")):
        vault.requests_until_complete = 0
        manager.register_secret(secret("a", k=canary()))
        vault.faults.add(fault, only="DELETE /deletedsecrets")
        manager.delete_secret("a")
        assert vault.raw() == b""
    manager.register_secret(secret("a", k="v"))
    vault.has_purge_protection = True
    with pytest.raises(ManagerAccessError, match="it is deleted, but could not be purged"):
        manager.delete_secret("a")
    assert manager.list_secrets() == []


def test_foreign_secret_is_reported_and_not_changed(vault: KeyVaultServer) -> None:
    """Without a scope, a secret of another program is listed. Reading, changing or deleting it raises an error without its value.

    A deletion of all secrets skips this secret.
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
    """After a response with status 429, the client waits for the time in the header Retry-After, and then the request succeeds."""
    manager = open_manager(vault)
    # This call gets a token, so that the fault affects the second list.
    manager.list_secrets()
    vault.faults.add(Fault("429", retry_after=1))
    before = time.monotonic()
    assert manager.list_secrets() == []
    assert time.monotonic() - before >= 1, "the client waits at least as long as the vault requests"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("500", request_is_executed=True),
        Fault("503"),
        Fault(closes_connection=True, request_is_executed=True),
        Fault(closes_connection=True),
    ],
)
def test_lost_response_of_a_write(vault: KeyVaultServer, fault: Fault) -> None:
    """After a lost response, a retry completes the write, whether it was executed or not."""
    manager = open_manager(vault)
    manager.list_secrets()
    vault.faults.add(fault, only="PUT")
    manager.register_secret(secret("a", k="first"))
    vault.faults.add(fault, only="PUT")
    manager.merge_secret("a", {"k": "second"})
    assert content_of(open_manager(vault), "a") == {"k": "second"}
    vault.faults.add(fault, only="DELETE")
    manager.delete_secret("a")
    assert manager.list_secrets() == []


def test_expired_token_is_renewed(vault: KeyVaultServer) -> None:
    """If the vault does not accept a token anymore, the client gets a new one without an error."""
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
    """If the vault reports that a token is not valid yet or not anymore, the error says to correct the clock."""
    manager = open_manager(vault)
    # Microsoft's token library reports an expired token with this text.
    error_text = "IDX10223: Lifetime validation failed. The token is expired."
    with vault.faults.inject(Fault("401", error_text), only="secrets"), pytest.raises(ManagerAccessError, match="Correct the clock"):
        manager.list_secrets()


def test_credentials_of_the_environment(vault: KeyVaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a client secret, the credentials are those of Azure's environment variables."""
    credentials = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT_ID, "AZURE_CLIENT_SECRET": vault.client_secret}
    for name, value in {**credentials, "AZURE_AUTHORITY_HOST": vault.url}.items():
        monkeypatch.setenv(name, value)
    manager = open_manager(vault, tenant_id=None, client_id=None, client_secret=None, authority=None)
    manager.register_secret(secret("a", k="v"))
    assert manager.list_secrets() == ["a"]


def test_request_times_out(vault: KeyVaultServer) -> None:
    """The option ``timeout`` limits one request, and ``deadline`` limits the retries."""
    manager = open_manager(vault, timeout=1, deadline=0.01)
    # This call gets a token, so that the fault affects the second list.
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
    """Without REQUESTS_CA_BUNDLE, the client does not trust the server. It sends no request, and the error names the certificate."""
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
    """A missing address, an address without TLS, and incomplete credentials are refused. The error names the option, not its value.

    ``zsCanary`` is the prefix of all canaries, so :func:`find_canary` finds it.
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
    """A key may have 127 characters, including 17 for this scope. An upper-case letter in a name needs four characters."""
    manager = open_manager(vault, scope="global")
    manager.register_secret(secret("x" * 110, k="v"))
    with pytest.raises(InvalidSecretError, match=r"17 of them for the scope\. At most 127 are allowed"):
        manager.register_secret(secret("X" * 40, k="v"))
