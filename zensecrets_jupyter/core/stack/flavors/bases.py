"""Base classes for the configs of several flavors."""

from __future__ import annotations

from pydantic import ConfigDict

from zensecrets_jupyter.core.stack.component import StackComponentConfig


class AuthenticatedConfig(StackComponentConfig):
    """Attributes of a component that authenticates to a service."""

    authentication_secret: str | None = None
    """The credentials: a reference, or the name of a secret as in ZenML 0.20. Any other text is a plain value, which is encrypted."""


class GoogleCredentialsConfig(StackComponentConfig):
    """Attributes of a component that authenticates to Google Cloud."""

    service_account_path: str | None = None
    """Path of a service account key file; by default the credentials of the environment are used."""


class CustomConfig(StackComponentConfig):
    """Attributes of a custom component. An attribute may have any name, and its value may hold references."""

    model_config = ConfigDict(extra="allow")
