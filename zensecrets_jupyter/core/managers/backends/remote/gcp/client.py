"""Options and Google client of the ``gcp`` backend."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core.errors import InvalidOptionsError
from zensecrets_jupyter.core.managers.backends.remote.environment_files import JSON, find_file_error
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

_CREDENTIALS_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
"""The environment variable with the path of a file with credentials. Google's library reads it."""


class GcpOptions(ExternalOptions):
    """Options of the ``gcp`` backend."""

    ZENML_NAMES: ClassVar[dict[str, str]] = {"project_id": "project"}

    project: str | None = Field(default=None, pattern=r"^[a-z0-9.:-]{1,60}$")
    """ID or number of the project. The default is that of the environment or of the credentials. ZenML calls it ``project_id``."""
    locations: str = Field(default="", pattern=r"^([a-z0-9-]+(,[a-z0-9-]+)*)?$")
    """The regions of Google Cloud that store new secrets, separated by commas. By default Google chooses them."""
    endpoint: str | None = None
    """Another address of the service. An address with ``http://`` is an emulator on this machine, which gets no credentials."""

    @field_validator("endpoint")
    @classmethod
    def _require_encryption(cls, endpoint: str | None) -> str | None:
        # Users see only the type of this error, the first argument, so that no text can quote the value.
        if endpoint and endpoint.startswith("http://") and urlsplit(endpoint).hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise PydanticCustomError("not encrypted, and not on this machine", "unencrypted")
        return endpoint

    @property
    def project_id(self) -> str | None:
        """The project, under the name that ZenML uses."""
        return self.project


def create_client(endpoint: str, project: str) -> tuple[SecretManagerServiceClient, str]:
    """Return a client and its project.

    Args:
        endpoint: The address of the service. If empty, Google's own address is used. An address with ``http://`` is an emulator
            without credentials.
        project: The project. If empty, the project of the credentials is used.

    Returns:
        The client, and the ID or number of the project. The project is empty if ``project`` is empty and the credentials have no project.

    Raises:
        InvalidOptionsError: If an environment variable names a file without usable credentials.
    """
    with warnings.catch_warnings():
        # At import, Google's library warns that it will drop support for old Python versions. The user's cell should not show this warning.
        warnings.simplefilter("ignore", FutureWarning)
        from google.cloud import secretmanager_v1

    if endpoint.startswith("http://"):
        return secretmanager_v1.SecretManagerServiceClient(transport=_insecure_transport(urlsplit(endpoint).netloc)), project
    credentials, credentials_project = _find_credentials()
    options = {"api_endpoint": endpoint.removeprefix("https://")} if endpoint else None
    client = secretmanager_v1.SecretManagerServiceClient(credentials=credentials, client_options=options)
    return client, project or credentials_project


def _insecure_transport(netloc: str) -> Any:
    """Return a transport without TLS to an emulator on this machine."""
    import grpc
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
        SecretManagerServiceGrpcTransport,
    )

    # The emulator is on this machine, so no proxy is used. With a short backoff, gRPC reconnects before this package retries.
    options = [("grpc.enable_http_proxy", 0), ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000)]
    return SecretManagerServiceGrpcTransport(channel=grpc.insecure_channel(netloc, options))


def _find_credentials() -> tuple[Any, str]:
    """Return the credentials that Google's library finds, and their project or an empty text."""
    import google.auth.exceptions
    import google.auth.transport.requests

    # This stays ``None`` if the environment variable is set and its file is unusable.
    credentials_and_project = None
    try:
        credentials_and_project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    except google.auth.exceptions.DefaultCredentialsError:
        if not os.environ.get(_CREDENTIALS_VARIABLE):
            raise
    if credentials_and_project is None:
        # The error of Google's library is not shown, because it quotes the file.
        message = f"{_CREDENTIALS_VARIABLE} names a file without credentials of Google."
        hint = f"Set it to a file with {JSON} that Google issued, or unset it."
        raise find_file_error({_CREDENTIALS_VARIABLE: JSON}, flavor="gcp") or InvalidOptionsError(message, flavor="gcp", hint=hint)
    credentials, project = credentials_and_project
    # The token is requested now, because this call raises RefreshError if Google refuses the credentials. Without this call, the first
    # request for a secret would raise a connection error instead.
    credentials.refresh(  # type: ignore[no-untyped-call]  # google-auth declares itself typed and is only partly typed
        google.auth.transport.requests.Request()
    )
    return credentials, project or ""
