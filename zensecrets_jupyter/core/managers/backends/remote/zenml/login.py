"""Reader of the server and the login in ZenML's settings on this machine."""

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
    """The URL of a ZenML server, and the API key or the token for it, if there is one."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The URL without user and password, for messages."""
        parsed_url = urlsplit(self.url)
        return f"{parsed_url.scheme}://{parsed_url.netloc.rpartition('@')[2]}{parsed_url.path}"


def is_encrypted_or_local(url: str) -> bool:
    """Return whether an address uses TLS or is on this machine. Requests to any other address could be read in the network."""
    try:
        parsed_url = urlsplit(url)
        return bool(parsed_url.hostname) and (
            parsed_url.scheme == "https" or (parsed_url.scheme == "http" and parsed_url.hostname in _LOCAL_HOSTS)
        )
    except ValueError:
        return False


def configured_server() -> ServerLogin | None:
    """Return the server that ZenML itself would use on this machine, or ``None``."""
    store_settings = _read_settings("config.yaml").get("store")
    url = os.environ.get("ZENML_STORE_URL") or (store_settings.get("url") if isinstance(store_settings, dict) else None)
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        # Without a server, the URL is the address of a database.
        return None
    url = url.rstrip("/")
    # ZenML sets the variable with the token in the environment of a pipeline step. A user sets the variable with the API key.
    api_key, token = _nonempty_text(os.environ.get("ZENML_STORE_API_KEY")), _nonempty_text(os.environ.get("ZENML_STORE_API_TOKEN"))
    if api_key or token:
        return ServerLogin(url, api_key, token)
    login = _read_settings("credentials.yaml").get(url)
    login = login if isinstance(login, dict) else {}
    return ServerLogin(url, _nonempty_text(login.get("api_key")), _valid_token(login.get("api_token")))


def _read_settings(file: str) -> dict[str, Any]:
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
    """Return the mapping in a YAML file, or an empty mapping if the file is missing or has other content."""
    import yaml

    try:
        with path.open("rb") as file:
            text = file.read(MAX_YAML_CHARACTERS).decode("utf-8")
        content = None if describe_exceeded_yaml_limit(text) else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError):
        # The file does not exist, or it is unreadable or in a format that this package does not know.
        return {}
    return content if isinstance(content, dict) else {}


def _nonempty_text(value: object) -> str | None:
    """Return ``value`` if it is a text that is not empty, or else ``None``."""
    return value if isinstance(value, str) and value else None


def _valid_token(stored_token: object) -> str | None:
    """Return the access token in a login's mapping ``api_token``, or ``None`` if there is none or it has expired."""
    if not isinstance(stored_token, dict):
        return None
    # YAML has a type for times, but ZenML may also write a text.
    expiry_time = stored_token.get("expires_at")
    if isinstance(expiry_time, str):
        with suppress(ValueError):
            expiry_time = datetime.fromisoformat(expiry_time.replace("Z", "+00:00"))
    # A time without a time zone is in UTC.
    if isinstance(expiry_time, datetime) and expiry_time.replace(tzinfo=expiry_time.tzinfo or timezone.utc) < datetime.now(timezone.utc):
        return None
    return _nonempty_text(stored_token.get("access_token"))
