"""Which Vault and who asks, and a client of it, made with hvac, that has logged in."""

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
    """Where Vault is, and who asks."""

    OTHER_NAMES: ClassVar[dict[str, str]] = {"verify": "ca_file"}

    url: str | None = None
    """Its address; by default VAULT_ADDR, else Vault's own default on this machine."""
    mount_point: str = Field(default="secret", min_length=1)
    """Where the KV engine is mounted."""
    vault_namespace: str | None = None
    """A namespace of Vault Enterprise; by default VAULT_NAMESPACE. (``namespace`` is who shares the secrets, in any flavor.)"""
    auth: Literal["token", "approle", "kubernetes"] = "token"
    """How to log in."""
    auth_mount: str | None = None
    """Where the way to log in is mounted; by default under its own name."""
    token: str | None = SecretField(default=None)
    """A token; by default VAULT_TOKEN, else the file that ``vault login`` writes."""
    role_id: str | None = None
    """The AppRole."""
    secret_id: str | None = SecretField(default=None)
    """The AppRole's secret."""
    role: str | None = None
    """The role of a Kubernetes service account."""
    jwt_file: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    """Where Kubernetes puts the service account's token."""
    ca_file: Path | None = None
    """Who has signed Vault's certificate; by default VAULT_CACERT, else whom this machine trusts. ZenML calls it ``verify``."""
    cert: Path | None = None
    """A client certificate with its key, in one PEM file, where Vault asks for one."""
    force: bool = False
    """Whether a deleted secret is gone for good, with all its versions, instead of being kept to be brought back."""

    @classmethod
    def translated(cls, name: str, value: Any) -> Any:
        """Return the file that ``verify`` names; ``true`` is what always holds.

        Raises:
            ValueError: If certificates should not be checked.
        """
        word = str(value).lower()
        if name == "verify" and word in {"false", "no", "0"}:
            message = "verify can't be switched off, since anybody on the way could read the token; give the file of Vault's authority"
            raise ValueError(message)
        return None if word in {"true", "yes", "1", ""} else value

    @property
    def verify(self) -> str | None:
        """The file of the authority that has signed Vault's certificate, under ZenML's name."""
        return str(self.ca_file) if self.ca_file else None

    @model_validator(mode="after")
    def _have_what_the_login_needs(self) -> VaultOptions:
        # Only the type of an error is shown, so that no text of it can quote what was given.
        if self.auth == "approle" and not (self.role_id and self.secret_id):
            raise PydanticCustomError("auth=approle needs role_id and secret_id", "missing")
        if self.auth == "kubernetes" and not self.role:
            raise PydanticCustomError("auth=kubernetes needs role", "missing")
        return self


def connected(chosen: VaultOptions, *, connections: int) -> Any:
    """Return a new client with so many connections at most.

    Raises:
        RemoteError: If Vault does not know who asks.
        InvalidOptionsError: If the engine is of version 1, or the file of a certificate is not there.
    """
    for name, path in (("cert", chosen.cert), ("ca_file", chosen.ca_file)):
        # requests raises an OSError for it, which says nothing of the attribute.
        if path is not None and not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where the folder can't be read
            message = f"There is no file {str(path)!r}, which {name} names, or this user can't read it."
            raise InvalidOptionsError(message, flavor="vault", hint=f"Give the secrets manager another --{name}.")
    import hvac
    import requests

    session = requests.Session()
    session.cert = str(chosen.cert) if chosen.cert else None
    session.verify = str(chosen.ca_file or os.environ.get("VAULT_CACERT") or "") or True
    for scheme in ("http://", "https://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=connections))
    namespace = chosen.vault_namespace or os.environ.get("VAULT_NAMESPACE")
    # With a token of "" hvac looks for none; without any it looks where Vault's own command does.
    token = chosen.token if chosen.auth == "token" else ""
    client = hvac.Client(url=chosen.url, token=token, namespace=namespace, timeout=chosen.timeout, session=session)
    if chosen.auth == "token":
        if not client.token:
            raise RemoteError(ErrorKind.UNKNOWN_USER, "no-token")
    else:
        _log_in(client, chosen)
    _refuse_version_1(client, chosen.mount_point)
    return client


def _log_in(client: Any, chosen: VaultOptions) -> None:
    from hvac.exceptions import Forbidden, InvalidRequest

    mount = chosen.auth_mount or chosen.auth
    try:
        if chosen.auth == "approle":
            client.auth.approle.login(role_id=chosen.role_id, secret_id=chosen.secret_id, mount_point=mount)
        else:
            client.auth.kubernetes.login(role=chosen.role, jwt=chosen.jwt_file.read_text("utf-8").strip(), mount_point=mount)
    except (Forbidden, InvalidRequest, FileNotFoundError) as error:
        refusal = RemoteError(ErrorKind.UNKNOWN_USER, "no-service-account" if isinstance(error, FileNotFoundError) else "login-refused")
    else:
        return
    raise refusal


def _refuse_version_1(client: Any, mount: str) -> None:
    """Ask for the engine's version, as Vault's own command does first: one of version 1 would take our requests, and keep no version.

    Raises:
        InvalidOptionsError: If it is one.
    """
    from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest

    # Whoever may not ask finds out what it is by using it.
    with suppress(Forbidden, InvalidPath, InvalidRequest):
        found = client.adapter.get(f"/v1/sys/internal/ui/mounts/{mount}")["data"]
        if found.get("type") == "kv" and (found.get("options") or {}).get("version") != "2":
            message = f"The KV engine of Vault at {mount!r} is of version 1; version 2 is needed."
            hint = "Choose another --mount_point, or have it upgraded: vault kv enable-versioning MOUNT"
            raise InvalidOptionsError(message, flavor="vault", hint=hint)


def is_known(client: Any) -> bool:
    """Tell whether Vault still knows the client's token; whoever it knows may ask about himself."""
    from hvac.exceptions import Forbidden

    try:
        client.auth.token.lookup_self()
    except Forbidden:
        return False
    return True
