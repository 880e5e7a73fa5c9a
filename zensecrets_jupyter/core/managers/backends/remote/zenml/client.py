"""A ZenML server's REST API, as far as secrets go.

ZenML's own client is not loaded into the process that asks: it is there once a process, writes the API key into a file in clear, and at its
import takes over the root logger, ``sys.excepthook`` and ``sys.stdout``. The API is what it speaks too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from zensecrets_jupyter.core.managers.backends.remote.zenml.login import ServerLogin

API = "/api/v1"
"""Where every address of the API begins."""
_DONE = 200
_BAD_REQUEST = 400
_NOT_FOUND = 404


class ZenmlAnswerError(Exception):
    """An answer that is none of those which were hoped for; nothing of its text is kept.

    Attributes:
        code: What the table of errors knows it by.
        wait: Seconds after which ZenML asks to be asked again.
    """

    def __init__(self, answer: requests.Response) -> None:
        """Take from ``answer`` what may be shown."""
        super().__init__(str(answer.status_code))
        self.code = str(answer.status_code)
        if answer.status_code == _NOT_FOUND and not _is_zenmls_error(answer):
            self.code = "no-such-address"
        if answer.status_code == _BAD_REQUEST and answer.request.method in {"POST", "PUT"}:
            self.code = "refused-content"
        asked = answer.headers.get("Retry-After", "")
        self.wait = float(asked) if asked.isdecimal() else 0.0


def _is_zenmls_error(answer: requests.Response) -> bool:
    """Tell whether ZenML says so of a secret: then it sends the name of its error too, and for an address that is not there a text only."""
    try:
        found = answer.json()
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("detail"), list)


class ZenmlConnection(NamedTuple):
    """A session, the address of the server's secrets, and the time that it has for an answer."""

    session: requests.Session
    secrets: str
    timeout: float

    def ask(self, method: str, path: str = "", **more: Any) -> Any:
        """Return what the server answers, parsed.

        Raises:
            ZenmlAnswerError: If it refuses.
            RemoteError: If it is no ZenML server that answers.
        """
        return _answer(self.session, method, self.secrets + path, timeout=self.timeout, **more)


def connected(server: ServerLogin, *, anew: bool, timeout: float, connections: int) -> ZenmlConnection:
    """Return a connection for as many threads as there are ``connections``, logged in where there is something to log in with.

    A token of an earlier login is used as it is, or with ``anew`` only where there is no API key.
    """
    import requests

    session = requests.Session()
    for scheme in ("https://", "http://"):
        # By default it keeps ten connections, and warns of each that more threads open.
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=connections))
    # Otherwise requests would send the credentials of a .netrc instead of the token.
    session.auth = lambda request: request
    token = server.token
    if server.api_key and (anew or not token):
        asked = {"grant_type": "zenml-api-key", "password": server.api_key}
        found = _answer(session, "POST", f"{server.url}{API}/login", timeout=timeout, data=asked)
        token = text_in(found, "access_token")
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return ZenmlConnection(session, f"{server.url}{API}/secrets", timeout)


def _answer(session: requests.Session, method: str, url: str, *, timeout: float, **more: Any) -> Any:
    answer = session.request(method, url, timeout=timeout, allow_redirects=False, **more)
    if answer.status_code != _DONE:
        raise ZenmlAnswerError(answer)
    try:
        return answer.json()
    except ValueError:
        pass
    raise no_zenml()


def text_in(found: object, key: str) -> str:
    """Return the text that an answer has under ``key``.

    Raises:
        RemoteError: If there is none: then it is no ZenML server that answered.
    """
    text = found.get(key) if isinstance(found, dict) else None
    if isinstance(text, str):
        return text
    raise no_zenml()


def part_of(found: object, key: str) -> Mapping[str, Any]:
    """Return the mapping that an answer has under ``key``.

    Raises:
        RemoteError: If there is none: then it is no ZenML server that answered.
    """
    part = found.get(key) if isinstance(found, dict) else None
    if isinstance(part, dict):
        return part
    raise no_zenml()


def no_zenml() -> RemoteError:
    """Return what is raised where something else answers than a ZenML server."""
    return RemoteError(ErrorKind.UNREACHABLE, "no answer of a ZenML server")
