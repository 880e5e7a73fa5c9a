"""Which AWS Secrets Manager, and a client of it, made with boto3."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import Field

from zensecrets_jupyter.core.errors import InvalidOptionsError
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions


class AwsOptions(ExternalOptions):
    """Which account and region, and what becomes of deleted secrets."""

    region_name: str | None = None
    """The region; by default the one that boto3 finds."""
    profile: str | None = None
    """A profile of ``~/.aws``; by default the one that boto3 finds."""
    endpoint_url: str | None = None
    """Another address than the region's own: a VPC endpoint, a server for tests."""
    recovery_days: int = Field(default=30, ge=7, le=30)
    """Days for which a deleted secret can be brought back."""
    force: bool = False
    """Whether a deleted secret is gone at once and for good instead."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Tags that each new secret gets besides ours."""


def connected(chosen: AwsOptions, *, connections: int) -> Any:
    """Return a new client with so many connections at most; nothing is sent yet.

    Raises:
        InvalidOptionsError: If there is no such profile, no region, a key or the endpoint is malformed, or a file can't be read.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    # The tries are counted above; only what boto3 asks the machine for its role is tried again by boto3.
    config = Config(
        connect_timeout=chosen.timeout,
        read_timeout=chosen.timeout,
        retries={"total_max_attempts": 1},
        max_pool_connections=connections,
    )
    try:
        # A session of its own: the default one is shared, with its region, and not safe for threads.
        core = Session()
        core.register_component("data_loader", _descriptions())
        session = boto3.session.Session(botocore_session=core, profile_name=chosen.profile, region_name=chosen.region_name)
        client = session.client("secretsmanager", endpoint_url=chosen.endpoint_url, config=config)
        _check_credentials(core.get_credentials())
    except (BotoCoreError, ValueError, FileNotFoundError, PermissionError) as error:
        if isinstance(error, BotoCoreError) and type(error).__name__ not in _CONFIGURATION:
            raise
        # Their texts are not repeated: they quote what stands in files with keys in them.
        message, hint = _told(error)
    else:
        return client
    raise InvalidOptionsError(message, flavor="aws", hint=hint)


def _check_credentials(found: Any) -> None:
    """Raise ValueError if a key that was given, rather than asked for, can't be one: no header of a request takes it."""
    from botocore.credentials import Credentials

    if type(found) is Credentials:
        for key, value in (("access key id", found.access_key), ("secret access key", found.secret_key), ("session token", found.token)):
            if value and not (value.isascii() and value.isprintable() and " " not in value):
                raise _MalformedKeyError(key)


class _MalformedKeyError(ValueError):
    """A key with a line break or another sign that no key has; its text says which one."""


_CONFIGURATION = {
    "ConfigNotFound",
    "ConfigParseError",
    "InfiniteLoopConfigError",
    "InvalidConfigError",
    "InvalidDefaultsMode",
    "InvalidMaxRetryAttemptsError",
    "InvalidProxiesConfigError",
    "InvalidRegionError",
    "InvalidRetryConfigurationError",
    "InvalidRetryModeError",
    "NoRegionError",
    "ProfileNotFound",
    "UnknownCredentialError",
}
"""Errors of botocore (botocore.exceptions) about what stands in files and variables; its other ones are about requests."""


def _told(error: Exception) -> tuple[str, str]:
    """Return what is wrong with the configuration of this machine, and what to do; ``error`` is botocore's or a ValueError."""
    kind, about = type(error).__name__, getattr(error, "kwargs", {})
    if isinstance(error, _MalformedKeyError):
        variable = f"AWS_{str(error).replace(' ', '_').upper()}"
        message = f"The {error} of AWS has a line break, a space or another sign in it that none has."
        return message, f"Set {variable}, or the one in ~/.aws/credentials, anew."
    if isinstance(error, OSError):
        return f"The configuration of AWS names {error.filename}, which can't be used.", "Mend ~/.aws/config or the variable that names it."
    if isinstance(error, json.JSONDecodeError):
        return "What the credential_process in ~/.aws/config prints is no JSON.", "Run it in a terminal, and mend it."
    by_kind = {
        "NoRegionError": ("No region of AWS is chosen.", "Give the secrets manager a --region_name, or set AWS_DEFAULT_REGION."),
        "InvalidRegionError": (
            f"The region {about.get('region_name')!r} of AWS is malformed.",
            "Give the secrets manager a --region_name such as eu-central-1, or set AWS_DEFAULT_REGION.",
        ),
        "ProfileNotFound": (
            f"AWS has no profile {about.get('profile')!r} here.",
            "Choose one of those in ~/.aws/config, by --profile or AWS_PROFILE.",
        ),
        "ConfigParseError": (
            f"The configuration of AWS in {about.get('path')} can't be read: it is no INI file in UTF-8.",
            "Mend that file, or set AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE to another.",
        ),
    }
    if kind in by_kind:
        return by_kind[kind]
    if isinstance(error, ValueError):
        return (
            "The endpoint or the region of AWS is malformed.",
            "A region is such as eu-central-1, and an endpoint_url begins with https://.",
        )
    return f"The configuration of AWS on this machine can't be used ({kind}).", "Look into ~/.aws/config and the variables AWS_*."


@cache
def _descriptions() -> Any:
    """Return what reads the descriptions of AWS's interfaces; read anew for each session they take most of the time of making it."""
    from botocore.loaders import create_loader

    return create_loader()
