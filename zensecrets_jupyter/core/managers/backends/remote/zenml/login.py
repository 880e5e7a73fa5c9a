"""The ZenML server and login of this machine."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zensecrets_jupyter.core.system.input_limits import MAX_YAML_CHARACTERS, describe_exceeded_yaml_limit

_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class ServerLogin:
    """The address of a server, and its API key or a token."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The address without user and password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def is_encrypted_or_local(url: str) -> bool:
    """Return whether an address has TLS or is on this machine.

    The network could read a request to any other address.
    """
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS))
    except ValueError:
        return False


def configured_server() -> ServerLogin | None:
    """Return the server that ZenML itself would use on this machine, or ``None``."""
    store = _settings("config.yaml").get("store")
    url = os.environ.get("ZENML_STORE_URL") or (store.get("url") if isinstance(store, dict) else None)
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    url = url.rstrip("/")
    # A pipeline step has a token in its environment. A machine has an API key.
    api_key, token = (_text(os.environ.get(f"ZENML_STORE_API_{kind}")) for kind in ("KEY", "TOKEN"))
    if api_key or token:
        return ServerLogin(url, api_key, token)
    login = _settings("credentials.yaml").get(url)
    login = login if isinstance(login, dict) else {}
    return ServerLogin(url, _text(login.get("api_key")), _valid_token(login.get("api_token")))


def _settings(file: str) -> dict[str, Any]:
    """Return the content of a settings file of ZenML. It is empty if the file or the home folder does not exist."""
    import platformdirs

    custom_folder = os.environ.get("ZENML_CONFIG_PATH")
    try:
        # This is the folder of click.get_app_dir, which ZenML uses.
        folder = Path(custom_folder) if custom_folder else platformdirs.user_config_path("zenml", appauthor=False, roaming=True)
    except RuntimeError:
        return {}
    return _read_mapping(folder / file)


def _read_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, or an empty one."""
    import yaml

    try:
        with path.open("rb") as file:
            text = file.read(MAX_YAML_CHARACTERS).decode("utf-8")
        content = None if describe_exceeded_yaml_limit(text) else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError):
        # There is no login, or an unknown version of ZenML wrote the file.
        return {}
    return content if isinstance(content, dict) else {}


def _text(value: object) -> str | None:
    """Return a text that is not empty, or ``None``."""
    return value if isinstance(value, str) and value else None


def _valid_token(token: object) -> str | None:
    """Return the access token of a login, or ``None`` if it has expired."""
    if not isinstance(token, dict):
        return None
    expires = token.get("expires_at")
    with suppress(ValueError):
        expires = datetime.fromisoformat(expires.replace("Z", "+00:00")) if isinstance(expires, str) else expires
    if isinstance(expires, datetime) and expires.replace(tzinfo=expires.tzinfo or timezone.utc) < datetime.now(timezone.utc):
        return None
    return _text(token.get("access_token"))
