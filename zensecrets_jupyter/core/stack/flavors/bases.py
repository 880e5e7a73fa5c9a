"""What several flavors share."""

from __future__ import annotations

from pydantic import ConfigDict

from zensecrets_jupyter.core.stack.component import StackComponentConfig


class AuthenticatedConfig(StackComponentConfig):
    """Attributes of a component that logs in somewhere."""

    authentication_secret: str | None = None
    """What to log in with: a reference to a key, or as in ZenML 0.20 the name of a secret. Any other text is sealed as a plain value."""


class GoogleCredentialsConfig(StackComponentConfig):
    """Attributes of a component that logs in to Google Cloud."""

    service_account_path: str | None = None
    """The file with the key of a service account; by default the credentials of the environment."""


class CustomConfig(StackComponentConfig):
    """Attributes of a component that no flavor describes: whatever it is given; each may hold references."""

    model_config = ConfigDict(extra="allow")
