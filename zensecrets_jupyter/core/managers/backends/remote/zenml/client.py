"""A client of the REST API for secrets of a ZenML server.

ZenML's own client is not used. It is a singleton of the process, writes the API key into an unencrypted file, and replaces the root logger,
``sys.excepthook`` and ``sys.stdout`` at import. It uses the same API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from zensecrets_jupyter.core.managers.backends.remote.zenml.login import ServerLogin

API = "/api/v1"
"""The path prefix of the API."""
_OK = 200
_BAD_REQUEST = 400
_NOT_FOUND = 404


class ZenmlResponseError(Exception):
    """A response with an error status. The error does not contain its body.

    Attributes:
        code: The key in the table of error kinds.
        wait: Seconds that ZenML asked to wait before a retry.
    """

    def __init__(self, answer: requests.Response) -> None:
        """Store the status of a response."""
        super().__init__(str(answer.status_code))
        self.code = str(answer.status_code)
        if answer.status_code == _NOT_FOUND and not _is_zenml_error(answer):
            self.code = "no-such-address"
        if answer.status_code == _BAD_REQUEST and answer.request.method in {"POST", "PUT"}:
            self.code = "refused-content"
        seconds = answer.headers.get("Retry-After", "")
        self.wait = float(seconds) if seconds.isdecimal() else 0.0


def _is_zenml_error(response: requests.Response) -> bool:
    """Return whether status 404 means a missing secret and not an unknown address.

    For a missing secret, ZenML sends a list with the name of the error. For an unknown address it sends a text.
    """
    try:
        body = response.json()
    except ValueError:
        return False
    return isinstance(body, dict) and isinstance(body.get("detail"), list)


class ZenmlConnection(NamedTuple):
    """A session, the address of the secrets, and the time-out of a request in seconds."""

    session: requests.Session
    secrets: str
    timeout: float

    def ask(self, method: str, path: str = "", **options: Any) -> Any:
        """Return the parsed response to one request.

        Raises:
            ZenmlResponseError: If the status is not 200.
            RemoteError: If the response does not come from a ZenML server.
        """
        return _send(self.session, method, self.secrets + path, timeout=self.timeout, **options)


def connect(server: ServerLogin, *, renew: bool, timeout: float, connections: int) -> ZenmlConnection:
    """Return a connection with a pool of ``connections``, logged in if there are credentials.

    The token of an earlier login is used, unless ``renew`` is set and there is an API key to get a new token.
    """
    import requests

    session = requests.Session()
    for scheme in ("https://", "http://"):
        # The default pool has ten connections, and logs a warning for each further thread.
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=connections))
    # Without this function, requests sends the credentials of a .netrc file instead of the token.
    session.auth = lambda request: request
    token = server.token
    if server.api_key and (renew or not token):
        credentials = {"grant_type": "zenml-api-key", "password": server.api_key}
        response = _send(session, "POST", f"{server.url}{API}/login", timeout=timeout, data=credentials)
        token = text_in(response, "access_token")
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return ZenmlConnection(session, f"{server.url}{API}/secrets", timeout)


def _send(session: requests.Session, method: str, url: str, *, timeout: float, **options: Any) -> Any:
    """Send a request and return the parsed response."""
    answer = session.request(method, url, timeout=timeout, allow_redirects=False, **options)
    if answer.status_code != _OK:
        raise ZenmlResponseError(answer)
    try:
        return answer.json()
    except ValueError:
        pass
    raise foreign_response_error()


def text_in(response: object, key: str) -> str:
    """Return the text of a key of a response.

    Raises:
        RemoteError: If there is no such text, so that the response does not come from a ZenML server.
    """
    text = response.get(key) if isinstance(response, dict) else None
    if isinstance(text, str):
        return text
    raise foreign_response_error()


def mapping_in(response: object, key: str) -> Mapping[str, Any]:
    """Return the mapping of a key of a response.

    Raises:
        RemoteError: If there is no such mapping, so that the response does not come from a ZenML server.
    """
    mapping = response.get(key) if isinstance(response, dict) else None
    if isinstance(mapping, dict):
        return mapping
    raise foreign_response_error()


def foreign_response_error() -> RemoteError:
    """Return the error for a response that does not come from a ZenML server."""
    return RemoteError(ErrorKind.UNREACHABLE, "no response of a ZenML server")
