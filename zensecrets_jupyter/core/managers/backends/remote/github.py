"""The ``github`` backend: GitHub Actions secrets of a repository, which only a workflow can read.

The backend needs the repository, the extra ``github``, and a token with permission to write the secrets of the repository. The GITHUB_TOKEN
of a workflow has no such permission.

GitHub never returns a secret. In a workflow, the backend reads environment variables that the workflow file sets from secrets (``env:``
with ``KEY: ${{ secrets.KEY }}``). These variables keep the values from the start of the job. An update of a single key needs the current
content, and so does a rename, so both are not supported. GitHub has no compare-and-set: if two users register one secret at the same time,
the later write wins. The backend cannot recognize secrets of other programs. With scope ``none`` it lists them like its own secrets.
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
from zensecrets_jupyter.core.managers.backends.remote.environment_files import REQUESTS_VARIABLES
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.http_errors import requests_errors
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS, NameEncoding, Scope
from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable, RemoteOptions
from zensecrets_jupyter.core.managers.records import Capability, ManagerContext, ManagerOptions, SecretRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import requests

ERROR_KINDS: ErrorTable = {
    # A rate limit is status 403 or 429 with certain headers ("Rate limits for the REST API").
    "rate-limit": ErrorKind.TRANSIENT,
    # These statuses are in "Troubleshooting the REST API". A redirect of a renamed repository is refused, so that the token is not sent
    # to another address.
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
    # These errors of urllib3 are inside errors of requests. They are texts, because urllib3 1 has no class NameResolutionError.
    "SSLError": ErrorKind.UNREACHABLE,
    "NameResolutionError": ErrorKind.UNREACHABLE,
}
"""Error kinds by status and code. :meth:`GithubBackend.library_errors` has the errors of requests."""

API_VERSION = "2022-11-28"
"""The version of the REST API."""
TOKEN_VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN", "GITHUB_AUTHENTICATION_TOKEN")
"""Environment variables with a token: two of GitHub's command-line tool, and the last one of ZenML. The first that is set is used."""
PAGE_SIZE = 100
"""Number of secrets in one page of a list, the maximum of GitHub."""


class GithubOptions(RemoteOptions):
    """Options of the ``github`` backend."""

    owner: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+$")
    """The owner of the repository, as in ZenML. It is needed if ``repository`` is a name without the owner."""
    repository: str | None = Field(default=None, pattern=r"^([A-Za-z0-9_.-]+/)?[A-Za-z0-9_.-]+$", validate_default=True)
    """The repository: ``OWNER/NAME``, or ``NAME`` with the option ``owner``. The default is the environment variable
    GITHUB_REPOSITORY, which GitHub sets in a workflow."""
    token: str | None = SecretField(default=None)
    """A token with permission to write secrets. The default is the environment variable GH_TOKEN, GITHUB_TOKEN or
    GITHUB_AUTHENTICATION_TOKEN."""
    api_url: str | None = None
    """The address of the REST API. The default is the environment variable GITHUB_API_URL, or GitHub's own address."""

    @field_validator("repository")
    @classmethod
    def _require_one_owner(cls, repository: str | None, info: ValidationInfo) -> str | None:
        # Users see only the type of this error, the first argument, so that no text can quote the value.
        owner = info.data.get("owner")
        if owner and not repository:
            raise PydanticCustomError("missing, owner needs it", "missing")
        # The owner has to be given once: in ``owner`` or in ``repository``. An invalid ``owner`` is not in the data, and has its own error.
        if repository and "owner" in info.data and bool(owner) == ("/" in repository):
            raise PydanticCustomError("OWNER/NAME, or NAME with owner", "malformed")
        return repository

    @property
    def full_name(self) -> str:
        """The repository as ``OWNER/NAME``, or an empty text."""
        return f"{self.owner}/{self.repository}" if self.owner else self.repository or ""

    @field_validator("api_url")
    @classmethod
    def _require_https(cls, url: str | None) -> str | None:
        # ``http`` is allowed for a server on this machine only.
        parsed_url = urlsplit(url or "https://")
        if parsed_url.scheme != "https" and (parsed_url.scheme, parsed_url.hostname) != ("http", "127.0.0.1"):
            raise PydanticCustomError("no address that begins with https", "unencrypted")
        return url


class _GithubResponseError(Exception):
    """A response with an unexpected status. The error does not contain the body of the response."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(str(response.status_code))
        self.status = response.status_code
        headers = response.headers
        has_limit_headers = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
        self.is_rate_limited = has_limit_headers and self.status in {403, 429}
        self.wait_seconds = 0.0
        retry_after, reset_time = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
        if retry_after.isdecimal():
            self.wait_seconds = float(retry_after)
        elif self.is_rate_limited and reset_time.isdecimal():
            # The reset time is a Unix time. Responses without an exceeded limit have this header too.
            self.wait_seconds = max(0.0, float(reset_time) - time.time())


class GithubConnection(NamedTuple):
    """A session, the address of the repository's secrets, and the time-out of a request in seconds."""

    session: requests.Session
    secrets_url: str
    timeout: float

    def send(self, method: str, path: str = "", *, expected_statuses: tuple[int, ...] = (200,), **options: Any) -> requests.Response:
        """Return the response to one request.

        Raises:
            _GithubResponseError: If the status is not one of ``expected_statuses``.
        """
        response = self.session.request(method, self.secrets_url + path, timeout=self.timeout, allow_redirects=False, **options)
        if response.status_code not in expected_statuses:
            raise _GithubResponseError(response)
        return response


class GithubBackend(RemoteBackend[GithubConnection, GithubOptions]):
    """The backend for GitHub Actions secrets. It can read only in a workflow of GitHub Actions."""

    FLAVOR: ClassVar[str] = "github"
    options_model: ClassVar[type[ManagerOptions]] = GithubOptions
    capabilities: ClassVar[Capability] = Capability.LIST | Capability.REGISTER | Capability.UPDATE | Capability.DELETE
    encoding: ClassVar[NameEncoding] = ENCODINGS["github"]
    error_kinds: ClassVar[ErrorTable] = ERROR_KINDS
    environment_files: ClassVar[Mapping[str, str]] = REQUESTS_VARIABLES
    libraries: ClassVar[tuple[str, ...]] = ("requests",)
    # GitHub allows 48 KB ("Limits for secrets").
    max_size: ClassVar[int] = 48_000

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        # The envelopes of registrations that were sent at least once. A retry does not check whether the key exists, because the earlier
        # attempt may have stored the secret. The set is weak, so that an envelope is removed when its write has ended.
        self._sent_envelopes: weakref.WeakSet[SecretEnvelope] = weakref.WeakSet()
        if os.environ.get("GITHUB_ACTIONS") == "true":
            self.capabilities = type(self).capabilities | Capability.READ  # type: ignore[misc]  # an instance in a workflow can also read

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        # If the options contain the repository, it is shown with the options.
        repository_fact = {} if self.options.full_name else {"repository": self._find_repository() or "not set"}
        return {**super().describe(), "readable": "in a workflow of GitHub Actions only", **repository_fact}

    def check_merge(self, name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.check_merge`.

        Raises:
            UnsupportedOperationError: Always, because GitHub does not return the other keys.
        """
        self._raise_unsupported(f"change single keys of secret {name!r}", "Delete the secret, and register it with all its keys.")

    def rename(self, name: str, new_name: str) -> None:  # noqa: ARG002 - the contract has these parameters
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Renamable.rename`."""
        self._raise_unsupported(f"rename secret {name!r}", "Delete the secret, and register it with all its keys.")

    def _raise_unsupported(self, action: str, hint: str) -> NoReturn:
        """Raise UnsupportedOperationError. ``action`` is the text after "can't"."""
        raise self.unsupported_error(f"{action}, because GitHub does not return secrets", hint)

    def library_errors(self) -> ErrorTable:
        """See :meth:`RemoteBackend.library_errors`."""
        return requests_errors(default=ErrorKind.TRANSIENT)

    def _find_repository(self) -> str:
        """Return ``OWNER/NAME`` from the options or from the environment, or an empty text."""
        return self.options.full_name or os.environ.get("GITHUB_REPOSITORY", "")

    def connect(self) -> GithubConnection:
        """See :meth:`RemoteBackend.connect`."""
        import requests

        token = self.options.token or next(filter(None, map(os.environ.get, TOKEN_VARIABLES)), None)
        repository = self._find_repository()
        if not repository:
            message = f"Secrets manager {self.name!r} (flavor github) has no repository."
            raise InvalidOptionsError(message, flavor=self.FLAVOR, hint="Give it repository=OWNER/NAME, or set GITHUB_REPOSITORY.")
        if not token:
            raise RemoteError(ErrorKind.UNKNOWN_USER, "neither the option token nor GH_TOKEN or GITHUB_TOKEN is set")
        session = requests.Session()
        # By default the pool has ten connections, and requests logs a warning if more threads send requests.
        session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=self.parallel_reads))
        # Without this function, requests sends the credentials of a .netrc file instead of the token.
        session.auth = lambda request: request
        session.headers.update(
            {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {token}", "X-GitHub-Api-Version": API_VERSION}
        )
        api_url = self.options.api_url or os.environ.get("GITHUB_API_URL") or "https://api.github.com"
        return GithubConnection(session, f"{api_url.rstrip('/')}/repos/{repository}/actions/secrets", self.options.timeout)

    def read(self, name: str) -> SecretRecord:
        """See :meth:`RemoteBackend.read`."""
        return self._decode(self._read_environment(self.key_for(name), name), name)

    def _read_environment(self, key: str, name: str) -> SecretEnvelope:
        """Return the envelope in the environment variable of a key.

        Raises:
            SecretNotFoundError: If the variable is not set or empty.
        """
        text = os.environ.get(key)
        if not text:
            # For a missing secret, a workflow sets an empty variable.
            raise self.missing_error(name)
        return SecretEnvelope(text)

    def fetch(self, client: GithubConnection, key: str) -> SecretEnvelope:  # noqa: ARG002 - GitHub does not return secrets
        """See :meth:`RemoteBackend.fetch`."""
        # This method does not get the name of the secret, so an error contains the key instead.
        return self._read_environment(key, key)

    def list_keys(self, client: GithubConnection, prefix: str) -> Iterable[ListedKey]:  # noqa: ARG002 - GitHub has no filter by prefix
        """See :meth:`RemoteBackend.list_keys`."""
        page_number, has_next_page = 1, True
        while has_next_page:
            try:
                response = client.send("GET", params={"per_page": PAGE_SIZE, "page": page_number})
            except _GithubResponseError as error:
                if self.runner.kind_of(error) is not ErrorKind.MISSING:
                    raise
                raise RemoteError(ErrorKind.DENIED, "404: there is no such repository, or you have no permission") from None
            for item in response.json()["secrets"]:
                updated = datetime.fromisoformat(item["updated_at"].replace("Z", "+00:00"))
                yield ListedKey(item["name"], None, None, updated)
            page_number, has_next_page = page_number + 1, "next" in response.links

    def insert(self, client: GithubConnection, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        if envelope not in self._sent_envelopes:
            if client.send("GET", f"/{quote(key)}", expected_statuses=(200, 404)).status_code == 200:  # noqa: PLR2004 - this is the HTTP status of success
                raise RemoteError(ErrorKind.EXISTS)
            self._sent_envelopes.add(envelope)
        self._put(client, key, envelope)

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        """See :meth:`RemoteBackend.replace`."""
        key = self.key_for(name)
        # The current record is unknown, so an empty record is passed. check_merge has refused each change that depends on the record.
        envelope = self.envelope_for(name, change(SecretRecord("", {})))
        self.runner.run("update", lambda client: self.overwrite(client, key, envelope, SecretEnvelope("")), name=name, is_write=True)

    def overwrite(self, client: GithubConnection, key: str, envelope: SecretEnvelope, current: SecretEnvelope) -> None:  # noqa: ARG002 - GitHub does not return the current envelope
        """See :meth:`RemoteBackend.overwrite`."""
        # If the secret does not exist, this request fails with status 404. The write alone would create the secret.
        client.send("GET", f"/{quote(key)}")
        self._put(client, key, envelope)

    def _put(self, client: GithubConnection, key: str, envelope: SecretEnvelope) -> None:
        """Encrypt an envelope with the public key of the repository, and store it."""
        from nacl.public import PublicKey, SealedBox

        try:
            public_key = client.send("GET", "/public-key").json()
        except _GithubResponseError as error:
            if self.runner.kind_of(error) is not ErrorKind.MISSING:
                raise
            raise RemoteError(ErrorKind.DENIED, "404: there is no such repository, or you have no permission") from None
        sealed = SealedBox(PublicKey(base64.b64decode(public_key["key"]))).encrypt(envelope.text.encode())
        payload = {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": public_key["key_id"]}
        client.send("PUT", f"/{quote(key)}", expected_statuses=(201, 204), json=payload)

    def delete(self, name: str) -> None:
        """See :meth:`RemoteBackend.delete`."""
        # In a workflow, the base class would first read the environment variable of the secret, which may not be set.
        self.delete_key(name, self.key_for(name))

    def delete_all(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Clearable.delete_all`."""
        if self.keys.scope is Scope.NONE:
            self._raise_unsupported(
                "delete all secrets without a scope", "Delete your secrets one by one. Others may belong to other programs."
            )
        super().delete_all()

    def remove(self, client: GithubConnection, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        client.send("DELETE", f"/{quote(key)}", expected_statuses=(204,))

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        if isinstance(error, _GithubResponseError):
            return ("rate-limit",) if error.is_rate_limited else (str(error.status),)
        # An error of requests wraps an error of urllib3.
        reason = getattr(error.args[0], "reason", None) if error.args else None
        return (type(reason).__name__,) if isinstance(reason, BaseException) else ()

    def requested_wait(self, error: Exception) -> float:
        """See :meth:`RemoteBackend.requested_wait`."""
        return error.wait_seconds if isinstance(error, _GithubResponseError) else 0.0
