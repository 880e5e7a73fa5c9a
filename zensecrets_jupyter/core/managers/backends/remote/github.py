"""The ``github`` backend: secrets of GitHub Actions in a repository, which only a workflow can read.

Needs the repository, the extra ``github``, and a token that may write the repository's secrets; a workflow's own GITHUB_TOKEN may not.

GitHub gives no secret back. In a workflow, what its file puts into the environment (``env:`` with ``KEY: ${{ secrets.KEY }}``) is read
there, as it was when the job began. So neither is a single key changed, nor a secret renamed: both would need what is there now. Nor does
GitHub compare before it writes: of two who register one secret at the very same moment the later wins. And nobody can tell what another
program keeps there: with scope ``none`` only names keep it apart.
"""

from __future__ import annotations

import base64
import os
import time
import weakref
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn
from urllib.parse import quote, urlsplit

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core.errors import InvalidOptionsError
from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.http_errors import requests_errors
from zensecrets_jupyter.core.managers.backends.remote.named_files import OF_REQUESTS
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS, NameEncoding, Scope
from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable, RemoteOptions
from zensecrets_jupyter.core.managers.records import Capability, ManagerContext, ManagerOptions, SecretRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import requests

ERROR_KINDS: ErrorTable = {
    # "Rate limits for the REST API": an answer 403 or 429 with headers that say so.
    "rate-limit": ErrorKind.TRANSIENT,
    # "Troubleshooting the REST API".
    # The repository was renamed or moved; a token is not sent after it.
    "301": ErrorKind.UNREACHABLE,
    "307": ErrorKind.UNREACHABLE,
    "401": ErrorKind.UNKNOWN_USER,
    "403": ErrorKind.DENIED,
    "404": ErrorKind.MISSING,
    "409": ErrorKind.TRANSIENT,
    "413": ErrorKind.TOO_LARGE,
    "422": ErrorKind.REFUSED_NAME,
    "429": ErrorKind.TRANSIENT,
    "500": ErrorKind.TRANSIENT,
    "502": ErrorKind.TRANSIENT,
    "503": ErrorKind.TRANSIENT,
    "504": ErrorKind.TRANSIENT,
    # Classes of urllib3 inside errors of requests; not all of them are in each version of urllib3.
    "SSLError": ErrorKind.UNREACHABLE,
    "NameResolutionError": ErrorKind.UNREACHABLE,
}
"""Kinds of errors, by status and code; those of requests are in :meth:`GithubBackend.library_errors`."""

API_VERSION = "2022-11-28"
"""The version of the REST API that this speaks."""
TOKEN_VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN", "GITHUB_AUTHENTICATION_TOKEN")
"""Variables that may hold the token: those of GitHub's own command, and ZenML's."""
PAGE = 100
"""Secrets in one page of a list; the most that are allowed."""


class GithubOptions(RemoteOptions):
    """Which repository, and as whom."""

    owner: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+$")
    """The user or organization that owns the repository, as ZenML has it; only where ``repository`` does not say it."""
    repository: str | None = Field(default=None, pattern=r"^([A-Za-z0-9_.-]+/)?[A-Za-z0-9_.-]+$", validate_default=True)
    """The repository, ``OWNER/NAME``, or ``NAME`` with ``owner``; by default GITHUB_REPOSITORY."""
    token: str | None = SecretField(default=None)
    """A token that may write the repository's secrets; by default GH_TOKEN, GITHUB_TOKEN, or ZenML's GITHUB_AUTHENTICATION_TOKEN."""
    api_url: str | None = None
    """The address of the REST API; by default GITHUB_API_URL or GitHub's own."""

    @field_validator("repository")
    @classmethod
    def _have_one_owner(cls, repository: str | None, info: ValidationInfo) -> str | None:
        # Only the type of an error is shown, so that no text of it can quote what was given.
        owner = info.data.get("owner")
        if owner and not repository:
            raise PydanticCustomError("missing, owner needs it", "missing")
        if repository and "owner" in info.data and bool(owner) == ("/" in repository):
            raise PydanticCustomError("OWNER/NAME, or NAME with owner", "malformed")
        return repository

    @property
    def full_name(self) -> str:
        """The repository as ``OWNER/NAME``; empty if none was given."""
        return f"{self.owner}/{self.repository}" if self.owner else self.repository or ""

    @field_validator("api_url")
    @classmethod
    def _send_nothing_in_clear(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "https://")
        if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
            raise PydanticCustomError("no address that begins with https", "unencrypted")
        return url


class _GithubAnswerError(Exception):
    """An answer that is none of those which were hoped for; of its body nothing is kept."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(str(answer.status_code))
        self.status = answer.status_code
        headers = answer.headers
        limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
        self.limited = limited and self.status in {403, 429}
        asked, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
        self.wait = float(asked) if asked.isdecimal() else max(0.0, float(reset) - time.time()) if reset.isdecimal() else 0.0


class GithubConnection(NamedTuple):
    """A session, and the address of the repository's secrets."""

    session: requests.Session
    secrets: str
    timeout: float

    def ask(self, method: str, path: str = "", *, wanted: tuple[int, ...] = (200,), **more: Any) -> requests.Response:
        """Return the answer to one request; a path that is a whole address is taken as it is.

        Raises:
            _GithubAnswerError: If its status is none of those wanted.
        """
        answer = self.session.request(method, self.secrets + path, timeout=self.timeout, allow_redirects=False, **more)
        if answer.status_code not in wanted:
            raise _GithubAnswerError(answer)
        return answer


class GithubBackend(RemoteBackend[GithubConnection, GithubOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`; in a workflow of GitHub Actions it reads too."""

    FLAVOR: ClassVar[str] = "github"
    options_model: ClassVar[type[ManagerOptions]] = GithubOptions
    capabilities: ClassVar[Capability] = Capability.LIST | Capability.REGISTER | Capability.UPDATE | Capability.DELETE
    encoding: ClassVar[NameEncoding] = ENCODINGS["github"]
    error_kinds: ClassVar[ErrorTable] = ERROR_KINDS
    named_files: ClassVar[Mapping[str, str]] = OF_REQUESTS
    libraries: ClassVar[tuple[str, ...]] = ("requests",)
    # "Limits for secrets": 48 KB.
    max_size: ClassVar[int] = 48_000

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        # The documents that were sent after nothing had been there: a second try need not look again, it would find the first one's work.
        self._sent: weakref.WeakSet[SecretEnvelope] = weakref.WeakSet()
        if os.environ.get("GITHUB_ACTIONS") == "true":
            self.capabilities = type(self).capabilities | Capability.READ  # type: ignore[misc]  # here more can be done than elsewhere

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        ambient = {} if self.options.full_name else {"repository": self._repository() or "none yet"}
        return {**super().describe(), "read": "in a workflow of GitHub Actions only", **ambient}

    def check_merge(self, name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.check_merge`; GitHub can't merge.

        Raises:
            UnsupportedOperationError: Always.
        """
        self._refuse(f"change single keys of secret {name!r}", "Delete it, and register it with all its keys.")

    def rename(self, name: str, new_name: str) -> None:  # noqa: ARG002 - the contract's
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Renamable.rename`."""
        self._refuse(f"rename secret {name!r}", "Delete it, and register it with all its keys.")

    def _refuse(self, verb: str, hint: str) -> NoReturn:
        raise self.unsupported(f"{verb}: GitHub gives nothing back of what is there", hint)

    def library_errors(self) -> ErrorTable:
        """See :meth:`RemoteBackend.library_errors`."""
        return requests_errors(default=ErrorKind.TRANSIENT)

    def _repository(self) -> str:
        return self.options.full_name or os.environ.get("GITHUB_REPOSITORY", "")

    def connect(self) -> GithubConnection:
        """See :meth:`RemoteBackend.connect`."""
        import requests

        token = self.options.token or next(filter(None, map(os.environ.get, TOKEN_VARIABLES)), None)
        repository = self._repository()
        if not repository:
            message = f"Secrets manager {self.name!r} (flavor github) does not know which repository to ask."
            raise InvalidOptionsError(message, flavor=self.FLAVOR, hint="Give it repository=OWNER/NAME, or set GITHUB_REPOSITORY.")
        if not token:
            raise RemoteError(ErrorKind.UNKNOWN_USER, "no token was given, and none is in GH_TOKEN or GITHUB_TOKEN")
        session = requests.Session()
        # By default it keeps ten connections, and warns of each that more threads open.
        session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=self.parallel_reads))
        # Otherwise requests would send the credentials of a .netrc instead of the token.
        session.auth = lambda request: request
        session.headers.update(
            {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {token}", "X-GitHub-Api-Version": API_VERSION}
        )
        base = self.options.api_url or os.environ.get("GITHUB_API_URL") or "https://api.github.com"
        return GithubConnection(session, f"{base.rstrip('/')}/repos/{repository}/actions/secrets", self.options.timeout)

    def read(self, name: str) -> SecretRecord:
        """See :meth:`RemoteBackend.read`."""
        return self._record_in(self._in_the_environment(self.key_for(name), name), name)

    def _in_the_environment(self, key: str, name: str) -> SecretEnvelope:
        text = os.environ.get(key)
        if not text:
            # Of a secret that is not there a workflow makes an empty variable.
            raise self.missing(name)
        return SecretEnvelope(text)

    def fetch(self, client: GithubConnection, key: str) -> SecretEnvelope:  # noqa: ARG002 - GitHub gives nothing back
        """See :meth:`RemoteBackend.fetch`."""
        return self._in_the_environment(key, key)

    def list_keys(self, client: GithubConnection, prefix: str) -> Iterable[ListedKey]:  # noqa: ARG002 - GitHub filters nothing
        """See :meth:`RemoteBackend.list_keys`."""
        number, following = 1, True
        while following:
            try:
                answer = client.ask("GET", params={"per_page": PAGE, "page": number})
            except _GithubAnswerError as error:
                if self.runner.kind_of(error) is not ErrorKind.MISSING:
                    raise
                raise RemoteError(ErrorKind.DENIED, "404: no such repository, or not for you") from None
            for found in answer.json()["secrets"]:
                updated = datetime.fromisoformat(found["updated_at"].replace("Z", "+00:00"))
                yield ListedKey(found["name"], None, None, updated)
            number, following = number + 1, "next" in answer.links

    def insert(self, client: GithubConnection, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        if envelope not in self._sent:
            if client.ask("GET", f"/{quote(key)}", wanted=(200, 404)).status_code == 200:  # noqa: PLR2004 - there is one
                raise RemoteError(ErrorKind.EXISTS)
            self._sent.add(envelope)
        self._put(client, key, envelope)

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        """See :meth:`RemoteBackend.replace`."""
        key = self.key_for(name)
        # What is there nobody knows; only what replaces all of it comes here.
        envelope = self.envelope_for(name, change(SecretRecord("", {})))
        self.runner.ask("update", lambda client: self.overwrite(client, key, envelope, SecretEnvelope("")), name=name, writes=True)

    def overwrite(self, client: GithubConnection, key: str, envelope: SecretEnvelope, present: SecretEnvelope) -> None:  # noqa: ARG002 - see above
        """See :meth:`RemoteBackend.overwrite`."""
        client.ask("GET", f"/{quote(key)}")
        self._put(client, key, envelope)

    def _put(self, client: GithubConnection, key: str, envelope: SecretEnvelope) -> None:
        from nacl.public import PublicKey, SealedBox

        try:
            public = client.ask("GET", "/public-key").json()
        except _GithubAnswerError as error:
            if self.runner.kind_of(error) is not ErrorKind.MISSING:
                raise
            raise RemoteError(ErrorKind.DENIED, "404: no such repository, or not for you") from None
        sealed = SealedBox(PublicKey(base64.b64decode(public["key"]))).encrypt(envelope.text.encode())
        body = {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": public["key_id"]}
        client.ask("PUT", f"/{quote(key)}", wanted=(201, 204), json=body)

    def delete(self, name: str) -> None:
        """See :meth:`RemoteBackend.delete`."""
        self.delete_key(name, self.key_for(name))

    def delete_all(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Clearable.delete_all`."""
        if self.keys.scope is Scope.NONE:
            self._refuse("delete all secrets without a scope", "Delete those that are yours one by one: the others may be other programs'.")
        super().delete_all()

    def remove(self, client: GithubConnection, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        client.ask("DELETE", f"/{quote(key)}", wanted=(204,))

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        if isinstance(error, _GithubAnswerError):
            return ("rate-limit",) if error.limited else (str(error.status),)
        behind = getattr(error.args[0], "reason", None) if error.args else None
        return (type(behind).__name__,) if isinstance(behind, BaseException) else ()

    def requested_wait(self, error: Exception) -> float:
        """See :meth:`RemoteBackend.requested_wait`."""
        return error.wait if isinstance(error, _GithubAnswerError) else 0.0
