"""Which AWS Secrets Manager, and a client of it, made with boto3."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import Field

from zensecrets_jupyter.core.errors import InvalidOptionsError
from zensecrets_jupyter.core.managers._external import ExternalOptions


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
        InvalidOptionsError: If there is no such profile, no region, or the endpoint is malformed.
    """
    import boto3  # noqa: PLC0415 - an extra, loaded when it is used
    from botocore.config import Config  # noqa: PLC0415 - likewise
    from botocore.exceptions import NoRegionError, ProfileNotFound  # noqa: PLC0415 - likewise
    from botocore.session import Session  # noqa: PLC0415 - likewise

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
        return session.client("secretsmanager", endpoint_url=chosen.endpoint_url, config=config)
    except NoRegionError:
        message, hint = "No region of AWS is chosen.", "Give the secrets manager a --region_name, or set AWS_DEFAULT_REGION."
    except ProfileNotFound:
        message, hint = f"AWS has no profile {chosen.profile!r} here.", "Choose one of those in ~/.aws/config."
    except ValueError:
        message, hint = "The endpoint or the region of AWS is malformed.", "An endpoint_url begins with https://."
    raise InvalidOptionsError(message, flavor="aws", hint=hint)


@cache
def _descriptions() -> Any:
    """Return what reads the descriptions of AWS's interfaces; read anew for each session they take most of the time of making it."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - see connected

    return create_loader()
