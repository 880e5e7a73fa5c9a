"""Attributes of an experiment tracker, by flavor. Experiment trackers record runs, parameters and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from zensecrets_jupyter.core.errors import InvalidComponentError
from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.stack.component import StackComponentConfig
from zensecrets_jupyter.core.stack.flavors.bases import CustomConfig

if TYPE_CHECKING:
    from typing_extensions import Self


class MLFlowExperimentTrackerConfig(StackComponentConfig):
    """MLflow, with records on the server of ``tracking_uri``, or by default in the artifact store."""

    TYPE: ClassVar[str] = "experiment_tracker"
    FLAVOR: ClassVar[str] = "mlflow"

    tracking_uri: str | None = None
    tracking_username: str | None = SecretField(default=None)
    tracking_password: str | None = SecretField(default=None)
    tracking_token: str | None = SecretField(default=None)
    tracking_insecure_tls: bool = False
    databricks_host: str | None = None

    @model_validator(mode="after")
    def _check_log_in(self) -> Self:
        uri = self.tracking_uri
        if uri is None or not uri.startswith(("http://", "https://")):
            return self
        if not self.tracking_token and not (self.tracking_username and self.tracking_password):
            message = "a remote tracking_uri needs tracking_token, or tracking_username and tracking_password"
            raise InvalidComponentError(message, hint="Write them as references: --tracking_token={{NAME.KEY}}")
        return self

    @property
    def is_local(self) -> bool:
        """Whether the records are in a folder of this machine.

        Without a ``tracking_uri`` the result is true, even if the artifact store that holds the records is remote: a config does not know
        the other components of its stack.
        """
        return not self.tracking_uri or self.tracking_uri.startswith("file:")


class WandbExperimentTrackerConfig(StackComponentConfig):
    """Weights & Biases."""

    TYPE: ClassVar[str] = "experiment_tracker"
    FLAVOR: ClassVar[str] = "wandb"

    api_key: str = SecretField()
    entity: str | None = None
    project_name: str | None = None


class NeptuneExperimentTrackerConfig(StackComponentConfig):
    """Neptune; its client reads environment variables instead of missing attributes."""

    TYPE: ClassVar[str] = "experiment_tracker"
    FLAVOR: ClassVar[str] = "neptune"

    project: str | None = None
    api_token: str | None = SecretField(default=None)


class CustomExperimentTrackerConfig(CustomConfig):
    """An experiment tracker with attributes of any name."""

    TYPE: ClassVar[str] = "experiment_tracker"
    FLAVOR: ClassVar[str] = "custom"
