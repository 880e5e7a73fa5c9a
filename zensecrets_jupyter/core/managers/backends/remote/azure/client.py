"""Options and Azure client of the ``azure`` backend."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import AccessToken, TokenCredential
    from azure.keyvault.secrets import SecretClient


_VAULT = re.compile(r"https://([^./]+)\.vault\.azure\.net/?")
"""Pattern of the address of a vault in the public cloud."""


class AzureOptions(ExternalOptions):
    """Options of the ``azure`` backend.

    Without a client secret, the backend logs in with the environment variables, the managed identity or the command-line tool of Azure.
    """

    ZENML_NAMES: ClassVar[dict[str, str]] = {"key_vault_name": "vault_url"}
    """Our names of options, by ZenML's names."""

    vault_url: str = Field(max_length=500)
    """The address of the vault: ``https://NAME.vault.azure.net``. ZenML has only the name, as ``key_vault_name``."""
    tenant_id: str | None = None
    """The tenant (directory) of the application."""
    client_id: str | None = None
    """The ID of the application."""
    # The default is validated too, so that a tenant_id without a client_secret is refused.
    client_secret: str | None = SecretField(default=None, validate_default=True)
    """The secret of the application. It needs ``tenant_id`` and ``client_id``."""
    authority: str | None = None
    """Another token server, for a sovereign cloud. The default is AZURE_AUTHORITY_HOST or the public cloud's server."""
    authority_is_known: bool = Field(default=True)
    """Whether the public cloud knows the token server. Use ``false`` for a private cloud."""
    purge: bool = False
    """Whether a deleted secret is purged at once and cannot be restored."""

    @classmethod
    def translate_value(cls, name: str, value: Any) -> Any:
        """Return the address of a vault whose name is ``value``. ``name`` is ``key_vault_name``.

        Raises:
            ValueError: If ``value`` is not a valid name of a vault.
        """
        if isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]", value):
            return f"https://{value}.vault.azure.net"
        message = f"{name} (no name of a vault: 3 to 24 letters, digits and hyphens)"
        raise ValueError(message)

    @property
    def key_vault_name(self) -> str:
        """The name of the vault, as ZenML has it. It is empty if the vault is not in the public cloud."""
        match = _VAULT.fullmatch(self.vault_url)
        return match[1] if match else ""

    @field_validator("vault_url", "authority")
    @classmethod
    def _require_https(cls, url: str | None) -> str | None:
        # Users see only the first argument, which pydantic calls the type of the error. It never contains the value.
        if url is not None and (urlsplit(url).scheme != "https" or not urlsplit(url).hostname):
            raise PydanticCustomError("no address that begins with https", "unencrypted")
        return url

    @field_validator("client_secret")
    @classmethod
    def _require_complete_application(cls, client_secret: str | None, info: ValidationInfo) -> str | None:
        application_options = [client_secret, info.data.get("tenant_id"), info.data.get("client_id")]
        if any(application_options) and not all(application_options):
            raise PydanticCustomError("tenant_id, client_id and client_secret only come together", "incomplete")
        return client_secret


def no_retry_options(timeout: float) -> dict[str, Any]:
    """Return options for Azure's libraries: no retries, and a time-out in seconds."""
    return {"retry_total": 0, "connection_timeout": timeout, "read_timeout": timeout}


def create_client(vault_url: str, credential: TokenCredential, *, timeout: float, max_connections: int) -> SecretClient:
    """Return a client of a vault with at most ``max_connections`` connections."""
    import requests
    from azure.core.pipeline.transport import RequestsTransport
    from azure.keyvault.secrets import SecretClient

    session = requests.Session()
    # The default pool has ten connections. urllib3 logs a warning for each connection beyond them.
    session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=max_connections))
    transport = RequestsTransport(session=session, **no_retry_options(timeout))
    return SecretClient(vault_url, _SerialCredential(credential, timeout), transport=transport, **no_retry_options(timeout))


def nested_error_classes(error: BaseException) -> Iterator[str]:
    """Yield the class names of the nested errors of a connection error, from the outermost to the innermost.

    Azure's errors wrap errors of urllib3, which wrap errors of Python.
    """
    nested_error: Any = error
    # The limit ends the loop if an error refers to itself.
    for _ in range(8):
        wrapped_error = getattr(nested_error, "inner_exception", None) or getattr(nested_error, "reason", None)
        nested_error = wrapped_error or nested_error.__cause__ or nested_error.__context__
        if not isinstance(nested_error, BaseException):
            return
        yield type(nested_error).__name__


class _SerialCredential:
    """A credential that sends one token request at a time. Other threads wait, and then get the token from the credential's cache."""

    def __init__(self, credential: TokenCredential, timeout: float) -> None:
        self._credential = credential
        self._timeout = timeout
        self._lock = threading.Lock()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token of the credential.

        Raises:
            TimeoutError: If another thread's request for a token takes longer than the time-out.
        """
        if not self._lock.acquire(timeout=self._timeout):
            raise TimeoutError
        try:
            return self._credential.get_token(*scopes, **options)
        finally:
            self._lock.release()
