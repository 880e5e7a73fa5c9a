"""Attributes of a data validator, by flavor. Data validators check data and models."""

from __future__ import annotations

from typing import Any, ClassVar

from zensecrets_jupyter.core.stack.component import StackComponentConfig
from zensecrets_jupyter.core.stack.flavors.bases import AuthenticatedConfig, CustomConfig


class GreatExpectationsDataValidatorConfig(StackComponentConfig):
    """Great Expectations."""

    TYPE: ClassVar[str] = "data_validator"
    FLAVOR: ClassVar[str] = "great_expectations"

    context_root_dir: str | None = None
    context_config: dict[str, Any] | None = None
    configure_zenml_stores: bool = False
    configure_local_docs: bool = True

    @property
    def is_local(self) -> bool:
        """Whether the data validator uses a folder of this machine."""
        return self.context_root_dir is not None


class WhylogsDataValidatorConfig(AuthenticatedConfig):
    """whylogs, with WhyLabs if credentials are given."""

    TYPE: ClassVar[str] = "data_validator"
    FLAVOR: ClassVar[str] = "whylogs"


class EvidentlyDataValidatorConfig(StackComponentConfig):
    """Evidently; it has no attributes."""

    TYPE: ClassVar[str] = "data_validator"
    FLAVOR: ClassVar[str] = "evidently"


class DeepchecksDataValidatorConfig(StackComponentConfig):
    """Deepchecks; it has no attributes."""

    TYPE: ClassVar[str] = "data_validator"
    FLAVOR: ClassVar[str] = "deepchecks"


class CustomDataValidatorConfig(CustomConfig):
    """A data validator with attributes of any name."""

    TYPE: ClassVar[str] = "data_validator"
    FLAVOR: ClassVar[str] = "custom"
