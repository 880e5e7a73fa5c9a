"""Google's client of Secret Manager: where it asks, as whom, and for which project."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from zensecrets_jupyter.core.errors import InvalidOptionsError
from zensecrets_jupyter.core.managers.backends.remote.log_silencer import quietly
from zensecrets_jupyter.core.managers.backends.remote.named_files import JSON, problem_with

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

_CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"


class GcpConnection(NamedTuple):
    """Google's client, and the project that it asks."""

    client: SecretManagerServiceClient
    project: str
    timeout: float

    def ask(self, method: str, **request: Any) -> Any:
        """Return the answer to one request, which is not repeated."""
        with quietly("google"):
            return getattr(self.client, method)(request=request, retry=None, timeout=self.timeout)

    def path(self, key: str, version: str = "") -> str:
        """Return the full name of a secret, or of a version of it."""
        return f"projects/{self.project}/secrets/{key}" + (f"/versions/{version}" if version else "")


def connected(endpoint: str, project: str, timeout: float) -> GcpConnection:
    """Return a connection; its project is the one of the credentials where none is given, and empty where they have none.

    Args:
        endpoint: The address of the service; empty for Google's own, one that begins with ``http://`` for an emulator without credentials.
        project: The project that is asked.
        timeout: Seconds that an answer may take.

    Raises:
        InvalidOptionsError: If a variable names a file whose credentials can't be used.
    """
    with warnings.catch_warnings():
        # That Google will leave this version of Python behind is no news that a cell has to show.
        warnings.simplefilter("ignore", FutureWarning)
        from google.cloud import secretmanager_v1

    if endpoint.startswith("http://"):
        client = secretmanager_v1.SecretManagerServiceClient(transport=_plain_transport(urlsplit(endpoint).netloc))
        return GcpConnection(client, project, timeout)
    credentials, ambient = _ambient_credentials()
    options = {"api_endpoint": endpoint.removeprefix("https://")} if endpoint else None
    client = secretmanager_v1.SecretManagerServiceClient(credentials=credentials, client_options=options)
    return GcpConnection(client, project or ambient, timeout)


def _plain_transport(netloc: str) -> Any:
    import grpc
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
        SecretManagerServiceGrpcTransport,
    )

    # A proxy is for other machines; and what is not there yet is looked for again as soon as we try again.
    options = [("grpc.enable_http_proxy", 0), ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000)]
    return SecretManagerServiceGrpcTransport(channel=grpc.insecure_channel(netloc, options))


def _ambient_credentials() -> tuple[Any, str]:
    import google.auth.exceptions
    import google.auth.transport.requests

    found = None
    try:
        found = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    except google.auth.exceptions.DefaultCredentialsError:
        if not os.environ.get(_CREDENTIALS):
            raise
    if found is None:
        # What Google's library says of the file quotes it.
        message = f"{_CREDENTIALS} names a file that holds no credentials of Google."
        hint = f"Set it to a file with {JSON} as Google gives it, or unset it."
        raise problem_with({_CREDENTIALS: JSON}, flavor="gcp") or InvalidOptionsError(message, flavor="gcp", hint=hint)
    credentials, project = found
    # Asked for now, a token that is refused is a refusal with a name; later it would be a broken connection.
    credentials.refresh(  # type: ignore[no-untyped-call]  # Google's library says that it is typed, and is so in part
        google.auth.transport.requests.Request()
    )
    return credentials, project or ""
