"""Azure's client of a vault: over which connections it asks, for whose token, and what is behind its errors."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import AccessToken, TokenCredential
    from azure.keyvault.secrets import SecretClient


def once(timeout: float) -> dict[str, Any]:
    """Return the options with which Azure's libraries give an answer that time and ask for it once."""
    return {"retry_total": 0, "connection_timeout": timeout, "read_timeout": timeout}


def client_of(vault_url: str, credential: TokenCredential, *, timeout: float, connections: int) -> SecretClient:
    """Return a client of the vault for as many threads as there are ``connections``."""
    import requests
    from azure.core.pipeline.transport import RequestsTransport
    from azure.keyvault.secrets import SecretClient

    session = requests.Session()
    # By default it keeps ten connections, and warns of each that more threads open.
    session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=connections))
    transport = RequestsTransport(session=session, **once(timeout))
    return SecretClient(vault_url, _InTurn(credential, timeout), transport=transport, **once(timeout))


def classes_behind(error: BaseException) -> Iterator[str]:
    """Yield the classes of what a connection's error comes from; Azure's, urllib3's and Python's wrap each other."""
    seen: Any = error
    for _ in range(8):
        seen = getattr(seen, "inner_exception", None) or getattr(seen, "reason", None) or seen.__cause__ or seen.__context__
        if not isinstance(seen, BaseException):
            return
        yield type(seen).__name__


class _InTurn:
    """A credential that one thread asks at a time: it gets a token, and the others find that one kept."""

    def __init__(self, credential: TokenCredential, patience: float) -> None:
        self._credential = credential
        self._patience = patience
        self._lock = threading.Lock()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return what the credential returns.

        Raises:
            TimeoutError: If another thread's token does not come in time.
        """
        if not self._lock.acquire(timeout=self._patience):
            raise TimeoutError
        try:
            return self._credential.get_token(*scopes, **options)
        finally:
            self._lock.release()
