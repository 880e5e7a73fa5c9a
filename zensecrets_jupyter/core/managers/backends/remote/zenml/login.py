"""Which server ZenML itself would ask on this machine, and as whom, as its variables and ``zenml login`` have left it; only read."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zensecrets_jupyter.core.system.input_limits import MAX_YAML_CHARACTERS, describe_exceeded_yaml_limit

_OF_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class ServerLogin:
    """Where a server is, and what there is to log in with: an API key, or the token that an earlier login has left."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The address without what a person may have put in front of the host."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def is_sealed_on_the_way(url: str) -> bool:
    """Tell whether nobody between here and the server can read what is sent: by TLS, or because it does not leave this machine."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _OF_THIS_MACHINE))
    except ValueError:
        return False


def server_in_use() -> ServerLogin | None:
    """Return the server that ZenML itself would ask here, by its variables or by what ``zenml login`` has left; ``None`` if it is none."""
    store = _settings("config.yaml").get("store")
    url = os.environ.get("ZENML_STORE_URL") or (store.get("url") if isinstance(store, dict) else None)
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    url = url.rstrip("/")
    # Steps of pipelines have a token in their environment, and machines an API key.
    api_key, token = (_text(os.environ.get(f"ZENML_STORE_API_{what}")) for what in ("KEY", "TOKEN"))
    if api_key or token:
        return ServerLogin(url, api_key, token)
    login = _settings("credentials.yaml").get(url)
    login = login if isinstance(login, dict) else {}
    return ServerLogin(url, _text(login.get("api_key")), _living_token(login.get("api_token")))


def _settings(file: str) -> dict[str, Any]:
    """Return what a file of ZenML's settings holds; nothing if there is none, or no home folder that it could be in."""
    import platformdirs

    own = os.environ.get("ZENML_CONFIG_PATH")
    try:
        # Where Click's get_app_dir would have it.
        folder = Path(own) if own else platformdirs.user_config_path("zenml", appauthor=False, roaming=True)
    except RuntimeError:
        return {}
    return _mapping_in(folder / file)


def _mapping_in(path: Path) -> dict[str, Any]:
    import yaml

    try:
        with path.open("rb") as file:
            text = file.read(MAX_YAML_CHARACTERS).decode("utf-8")
        found = None if describe_exceeded_yaml_limit(text) else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError):
        # Nobody has logged in here, or it is no file of a ZenML that this package knows.
        return {}
    return found if isinstance(found, dict) else {}


def _text(found: object) -> str | None:
    return found if isinstance(found, str) and found else None


def _living_token(found: object) -> str | None:
    if not isinstance(found, dict):
        return None
    ends = found.get("expires_at")
    with suppress(ValueError):
        ends = datetime.fromisoformat(ends.replace("Z", "+00:00")) if isinstance(ends, str) else ends
    if isinstance(ends, datetime) and ends.replace(tzinfo=ends.tzinfo or timezone.utc) < datetime.now(timezone.utc):
        return None
    return _text(found.get("access_token"))
