"""Options and boto3 client of the ``aws`` backend."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import Field

from zensecrets_jupyter.core.errors import InvalidOptionsError
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions


class AwsOptions(ExternalOptions):
    """Options of the ``aws`` backend."""

    region_name: str | None = None
    """The region. The default is the region that boto3 finds."""
    profile: str | None = None
    """A profile of ``~/.aws``. The default is the profile that boto3 uses."""
    endpoint_url: str | None = None
    """Another address of the service, such as a VPC endpoint or a test server."""
    recovery_days: int = Field(default=30, ge=7, le=30)
    """Days for which a deleted secret can be restored. AWS allows 7 to 30."""
    force: bool = False
    """Whether a deleted secret is destroyed at once and cannot be restored."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Additional tags of each new secret."""


def create_client(options: AwsOptions, *, max_connections: int) -> Any:
    """Return a client with at most ``max_connections`` connections. No request is sent.

    Raises:
        InvalidOptionsError: If the configuration is unusable, for example because the profile or the region is missing.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    # The client does not retry requests, because our RequestRunner does. boto3 still retries its requests for the
    # credentials of the machine's role.
    config = Config(
        connect_timeout=options.timeout,
        read_timeout=options.timeout,
        retries={"total_max_attempts": 1},
        max_pool_connections=max_connections,
    )
    try:
        # A new session is used, because the default session is not thread-safe, and shares its region with the user's code.
        botocore_session = Session()
        botocore_session.register_component("data_loader", _shared_loader())
        session = boto3.session.Session(botocore_session=botocore_session, profile_name=options.profile, region_name=options.region_name)
        client = session.client("secretsmanager", endpoint_url=options.endpoint_url, config=config)
        _check_credentials(botocore_session.get_credentials())
    except (BotoCoreError, ValueError, FileNotFoundError, PermissionError) as error:
        if isinstance(error, BotoCoreError) and type(error).__name__ not in _CONFIGURATION_ERRORS:
            raise
        # The texts of these errors are not shown, because they quote files that contain access keys.
        message, hint = _explain(error)
    else:
        return client
    raise InvalidOptionsError(message, flavor="aws", hint=hint)


def _check_credentials(credentials: Any) -> None:
    """Raise ValueError if an access key of the user has characters that no HTTP header allows."""
    from botocore.credentials import Credentials

    # The subclasses of Credentials hold keys that AWS sent, so only the class itself is checked.
    if type(credentials) is Credentials:
        for key_name, key in (
            ("access key id", credentials.access_key),
            ("secret access key", credentials.secret_key),
            ("session token", credentials.token),
        ):
            if key and not (key.isascii() and key.isprintable() and " " not in key):
                raise _MalformedKeyError(key_name)


class _MalformedKeyError(ValueError):
    """An access key of AWS with an invalid character, such as a line break. The text of the error is the name of the key."""


_CONFIGURATION_ERRORS = {
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
"""Classes of errors in botocore.exceptions that concern configuration files and variables. The other classes concern requests."""


def _explain(error: Exception) -> tuple[str, str]:
    """Return the message and the hint for an error of the configuration."""
    class_name, details = type(error).__name__, getattr(error, "kwargs", {})
    if isinstance(error, _MalformedKeyError):
        # For example, the error "access key id" belongs to the variable AWS_ACCESS_KEY_ID.
        variable = f"AWS_{str(error).replace(' ', '_').upper()}"
        message = f"The {error} of AWS contains a line break, a space or another invalid character."
        return message, f"Correct {variable} or the key in ~/.aws/credentials."
    if isinstance(error, OSError):
        return (
            f"The configuration of AWS names {error.filename}, which can't be used.",
            "Correct ~/.aws/config or the variable that names the file.",
        )
    if isinstance(error, json.JSONDecodeError):
        return "The output of the credential_process in ~/.aws/config is not JSON.", "Run the process in a terminal, and correct it."
    messages_and_hints = {
        "NoRegionError": ("No AWS region is set.", "Give the secrets manager a --region_name, or set AWS_DEFAULT_REGION."),
        "InvalidRegionError": (
            f"The AWS region {details.get('region_name')!r} is malformed.",
            "Give the secrets manager a --region_name such as eu-central-1, or set AWS_DEFAULT_REGION.",
        ),
        "ProfileNotFound": (
            f"There is no AWS profile {details.get('profile')!r} on this machine.",
            "Choose a profile of ~/.aws/config, with --profile or AWS_PROFILE.",
        ),
        "ConfigParseError": (
            f"The configuration of AWS in {details.get('path')} can't be read: it is not an INI file in UTF-8.",
            "Correct the file, or set AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE to another file.",
        ),
    }
    if class_name in messages_and_hints:
        return messages_and_hints[class_name]
    if isinstance(error, ValueError):
        return (
            "The endpoint or the region of AWS is malformed.",
            "An example of a region is eu-central-1. An endpoint_url begins with https://.",
        )
    return f"The configuration of AWS on this machine can't be used ({class_name}).", "Check ~/.aws/config and the variables AWS_*."


@cache
def _shared_loader() -> Any:
    """Return the loader of botocore's service descriptions.

    All clients share one loader, because loading the descriptions takes most of the time of creating a session.
    """
    from botocore.loaders import create_loader

    return create_loader()
