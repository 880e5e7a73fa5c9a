"""Options and hvac client of the ``vault`` backend."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core.errors import InvalidOptionsError
from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions


class VaultOptions(ExternalOptions):
    """Options of the ``vault`` backend."""

    ZENML_NAMES: ClassVar[dict[str, str]] = {"verify": "ca_file"}

    url: str | None = None
    """The address of Vault. The default is the environment variable VAULT_ADDR, or Vault's default address on this machine."""
    mount_point: str = Field(default="secret", min_length=1)
    """The path at which the KV engine is mounted."""
    vault_namespace: str | None = None
    """A namespace of Vault Enterprise. The default is the environment variable VAULT_NAMESPACE. The option ``namespace`` is unrelated: it
    belongs to the option ``scope``."""
    auth: Literal["token", "approle", "kubernetes"] = "token"
    """The authentication method."""
    auth_mount: str | None = None
    """The path at which the authentication method is mounted. The default is the name of the method."""
    token: str | None = SecretField(default=None)
    """A token. The default is the environment variable VAULT_TOKEN, or the file that ``vault login`` writes."""
    role_id: str | None = None
    """The ID of the AppRole."""
    secret_id: str | None = SecretField(default=None)
    """The secret ID of the AppRole."""
    role: str | None = None
    """The role of the Kubernetes service account."""
    jwt_file: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    """The file with the token of the Kubernetes service account."""
    ca_file: Path | None = None
    """A file with the certificate authority of Vault. The default is the environment variable VAULT_CACERT, or the authorities that
    this machine trusts. ZenML calls this option ``verify``."""
    cert: Path | None = None
    """A PEM file with a client certificate and its private key, if Vault requires a client certificate."""
    force: bool = False
    """Whether a deletion destroys the secret with all its versions, so that it cannot be restored."""

    @classmethod
    def translate_value(cls, name: str, value: Any) -> Any:
        """Return the value of ``ca_file`` for a value of ZenML's option ``verify``.

        A path is returned unchanged. For ``true`` the result is ``None``, because certificates are always checked.

        Raises:
            ValueError: If the value is ``false``.
        """
        text = str(value).lower()
        if name == "verify" and text in {"false", "no", "0"}:
            message = "verify can't be switched off, because the token could be read; give the file of the certificate authority"
            raise ValueError(message)
        return None if text in {"true", "yes", "1", ""} else value

    @property
    def verify(self) -> str | None:
        """The file of the certificate authority, under the name that ZenML uses."""
        return str(self.ca_file) if self.ca_file else None

    @model_validator(mode="after")
    def _require_login_options(self) -> VaultOptions:
        # Users see only the type of this error, the first argument, so that no text can quote the value.
        if self.auth == "approle" and not (self.role_id and self.secret_id):
            raise PydanticCustomError("auth=approle needs role_id and secret_id", "missing")
        if self.auth == "kubernetes" and not self.role:
            raise PydanticCustomError("auth=kubernetes needs role", "missing")
        return self


def create_client(options: VaultOptions, *, max_connections: int) -> Any:
    """Return a client that is logged in, with a pool of at most ``max_connections``.

    Raises:
        RemoteError: If Vault does not accept the credentials.
        InvalidOptionsError: If the engine has version 1, or the file of a certificate does not exist.
    """
    for name, path in (("cert", options.cert), ("ca_file", options.ca_file)):
        # The OSError that requests would raise does not contain the name of the option.
        if path is not None and not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises an error if the folder cannot be read
            message = f"There is no file {str(path)!r}, which the option {name} names, or you can't read it."
            raise InvalidOptionsError(message, flavor="vault", hint=f"Give the secrets manager another --{name}.")
    import hvac
    import requests

    session = requests.Session()
    session.cert = str(options.cert) if options.cert else None
    # requests takes a path, or True for the authorities that this machine trusts.
    session.verify = str(options.ca_file or os.environ.get("VAULT_CACERT") or "") or True
    for scheme in ("http://", "https://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=max_connections))
    namespace = options.vault_namespace or os.environ.get("VAULT_NAMESPACE")
    # With the token "" hvac uses no token. With None hvac searches for a token where Vault's own command searches.
    token = options.token if options.auth == "token" else ""
    client = hvac.Client(url=options.url, token=token, namespace=namespace, timeout=options.timeout, session=session)
    if options.auth == "token":
        if not client.token:
            raise RemoteError(ErrorKind.UNKNOWN_USER, "no-token")
    else:
        _log_in(client, options)
    _refuse_version_1(client, options.mount_point)
    return client


def _log_in(client: Any, options: VaultOptions) -> None:
    """Log in with an AppRole or a Kubernetes service account."""
    from hvac.exceptions import Forbidden, InvalidRequest

    mount_point = options.auth_mount or options.auth
    try:
        if options.auth == "approle":
            client.auth.approle.login(role_id=options.role_id, secret_id=options.secret_id, mount_point=mount_point)
        else:
            client.auth.kubernetes.login(role=options.role, jwt=options.jwt_file.read_text("utf-8").strip(), mount_point=mount_point)
    except (Forbidden, InvalidRequest, FileNotFoundError) as error:
        problem = RemoteError(ErrorKind.UNKNOWN_USER, "no-service-account" if isinstance(error, FileNotFoundError) else "login-refused")
    else:
        return
    raise problem


def _refuse_version_1(client: Any, mount_point: str) -> None:
    """Check that the KV engine has version 2.

    Vault's own command sends the same request. An engine of version 1 would accept our requests, but store no versions.

    Raises:
        InvalidOptionsError: If the engine has version 1.
    """
    from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest

    # Without permission for this request, the version stays unknown, and a later request may fail.
    with suppress(Forbidden, InvalidPath, InvalidRequest):
        engine = client.adapter.get(f"/v1/sys/internal/ui/mounts/{mount_point}")["data"]
        if engine.get("type") == "kv" and (engine.get("options") or {}).get("version") != "2":
            message = f"The KV engine of Vault at {mount_point!r} has version 1, but version 2 is needed."
            hint = "Choose another --mount_point, or upgrade the engine: vault kv enable-versioning MOUNT"
            raise InvalidOptionsError(message, flavor="vault", hint=hint)


def is_token_valid(client: Any) -> bool:
    """Return whether the token of the client is valid. With a valid token, Vault returns the data of this token."""
    from hvac.exceptions import Forbidden

    try:
        client.auth.token.lookup_self()
    except Forbidden:
        return False
    return True
