"""A client of the REST API for secrets of a ZenML server.

ZenML's own client is not used. It is a singleton of the process, writes the API key into an unencrypted file, and replaces the root logger,
``sys.excepthook`` and ``sys.stdout`` at import. This module sends requests to the same API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from zensecrets_jupyter.core.managers.backends.remote.zenml.login import ServerLogin

API_PATH = "/api/v1"
"""The path prefix of the API."""
_OK = 200
_BAD_REQUEST = 400
_NOT_FOUND = 404


class ZenmlResponseError(Exception):
    """A response with an error status. The error does not contain the body of the response.

    Attributes:
        code: The status, or a name if the status has several meanings. The backend finds the error kind by this code.
        wait_seconds: Seconds that ZenML asked to wait before a retry.
    """

    def __init__(self, response: requests.Response) -> None:
        """Store the status of a response."""
        super().__init__(str(response.status_code))
        self.code = str(response.status_code)
        if response.status_code == _NOT_FOUND and not _is_zenml_error(response):
            self.code = "no-such-address"
        if response.status_code == _BAD_REQUEST and response.request.method in {"POST", "PUT"}:
            self.code = "refused-content"
        seconds = response.headers.get("Retry-After", "")
        self.wait_seconds = float(seconds) if seconds.isdecimal() else 0.0


def _is_zenml_error(response: requests.Response) -> bool:
    """Return whether a response with status 404 means that the secret is missing.

    If not, the address is not an address of ZenML's API. For a missing secret, ZenML sends a list with the name of the error. For an
    unknown address it sends a text. Both are in the field ``detail``.
    """
    try:
        body = response.json()
    except ValueError:
        return False
    return isinstance(body, dict) and isinstance(body.get("detail"), list)


class ZenmlConnection(NamedTuple):
    """A session, the address of the server's secrets, and the time-out of a request in seconds."""

    session: requests.Session
    secrets_url: str
    timeout: float

    def send(self, method: str, path: str = "", **options: Any) -> Any:
        """Return the parsed response to one request.

        Raises:
            ZenmlResponseError: If the status is not 200.
            RemoteError: If the response does not come from a ZenML server.
        """
        return _send(self.session, method, self.secrets_url + path, timeout=self.timeout, **options)


def connect(server: ServerLogin, *, needs_new_token: bool, timeout: float, max_connections: int) -> ZenmlConnection:
    """Return a connection with a pool of at most ``max_connections``, logged in if there are credentials.

    The token of an earlier login is used, unless ``needs_new_token`` is set and there is an API key to get a new token.
    """
    import requests

    session = requests.Session()
    for scheme in ("https://", "http://"):
        # By default the pool has ten connections, and requests logs a warning if more threads send requests.
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=max_connections))
    # Without this function, requests sends the credentials of a .netrc file instead of the token.
    session.auth = lambda request: request
    token = server.token
    if server.api_key and (needs_new_token or not token):
        credentials = {"grant_type": "zenml-api-key", "password": server.api_key}
        response = _send(session, "POST", f"{server.url}{API_PATH}/login", timeout=timeout, data=credentials)
        token = text_in(response, "access_token")
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return ZenmlConnection(session, f"{server.url}{API_PATH}/secrets", timeout)


def _send(session: requests.Session, method: str, url: str, *, timeout: float, **options: Any) -> Any:
    """Send a request and return the parsed response."""
    response = session.request(method, url, timeout=timeout, allow_redirects=False, **options)
    if response.status_code != _OK:
        raise ZenmlResponseError(response)
    try:
        return response.json()
    except ValueError:
        pass
    raise foreign_response_error()


def text_in(response: object, key: str) -> str:
    """Return the text under a key of a response.

    Raises:
        RemoteError: If the response does not contain it. Then it does not come from a ZenML server.
    """
    text = response.get(key) if isinstance(response, dict) else None
    if isinstance(text, str):
        return text
    raise foreign_response_error()


def mapping_in(response: object, key: str) -> Mapping[str, Any]:
    """Return the mapping under a key of a response.

    Raises:
        RemoteError: If the response does not contain it. Then it does not come from a ZenML server.
    """
    mapping = response.get(key) if isinstance(response, dict) else None
    if isinstance(mapping, dict):
        return mapping
    raise foreign_response_error()


def foreign_response_error() -> RemoteError:
    """Return the error for a response that does not come from a ZenML server, for example the page of a proxy."""
    return RemoteError(ErrorKind.UNREACHABLE, "no response of a ZenML server")
