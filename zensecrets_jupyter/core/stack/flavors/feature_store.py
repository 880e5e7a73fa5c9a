"""Attributes of a feature store, by flavor. Feature stores serve the input data of models."""

from __future__ import annotations

from typing import ClassVar

from zensecrets_jupyter.core.stack.component import StackComponentConfig
from zensecrets_jupyter.core.stack.flavors.bases import CustomConfig


class FeastFeatureStoreConfig(StackComponentConfig):
    """Feast, with its online store."""

    TYPE: ClassVar[str] = "feature_store"
    FLAVOR: ClassVar[str] = "feast"

    online_host: str = "localhost"
    online_port: int = 6379
    """The port of the online store; the default is that of Redis."""
    feast_repo: str
    """The path of the Feast repository."""

    @property
    def is_local(self) -> bool:
        """Whether the online store is on this machine."""
        return self.online_host in {"localhost", "127.0.0.1"}


class CustomFeatureStoreConfig(CustomConfig):
    """A feature store with attributes of any name."""

    TYPE: ClassVar[str] = "feature_store"
    FLAVOR: ClassVar[str] = "custom"
