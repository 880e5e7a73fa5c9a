"""ZenML's settings for containers and machines, and its schedules.

This package validates and stores the settings and schedules, but they have no effect here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.validation_errors import describe_problems

_EXPECTED = {"string_pattern_mismatch": "a whole number with a unit, such as 16GB or 500MiB"}
"""Descriptions of valid values, by the type of pydantic's error. Only the field ``memory`` has a pattern."""


class _StoredSettings(BaseModel):
    """Base class of settings that are validated and have no effect here."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    def __init__(self, **values: Any) -> None:
        """Validate the arguments.

        Raises:
            StepInterfaceError: If an argument is unknown or has a wrong value. For an unknown name, the error suggests similar names.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            # The new error is raised after this block, so that pydantic's error is not its context.
            problems = describe_problems(error, type(self), expected=_EXPECTED)
        else:
            return
        message = f"The arguments of {type(self).__name__} are not acceptable: {', '.join(problems)}."
        raise StepInterfaceError(message, hint=f"Its arguments are {', '.join(type(self).model_fields)}.")


class DockerSettings(_StoredSettings):
    """ZenML's settings for a container image: ``settings={"docker": DockerSettings(…)}``. No image is built here."""

    parent_image: str | None = None
    image_tag: str | None = None
    dockerfile: str | None = None
    build_context_root: str | None = None
    build_options: Any = None
    parent_image_build_config: Any = None
    build_config: Any = None
    skip_build: bool = False
    prevent_build_reuse: bool = False
    target_repository: str | None = None
    python_package_installer: Any = None
    python_package_installer_args: dict[str, Any] = Field(default_factory=dict)
    disable_automatic_requirements_detection: bool | None = None
    replicate_local_python_environment: Any = None
    pyproject_path: str | None = None
    pyproject_export_command: Any = None
    requirements: Any = None
    required_integrations: list[str] = Field(default_factory=list)
    install_stack_requirements: bool = True
    install_deployment_requirements: bool = True
    required_hub_plugins: list[str] = Field(default_factory=list)
    local_project_install_command: str | None = None
    apt_packages: list[str] = Field(default_factory=list)
    environment: dict[str, Any] = Field(default_factory=dict)
    runtime_environment: dict[str, Any] = Field(default_factory=dict)
    dockerignore: str | None = None
    copy_files: bool = True
    copy_global_config: bool = True
    allow_including_files_in_images: bool = True
    allow_download_from_code_repository: bool = True
    allow_download_from_artifact_store: bool = True
    source_files: Any = None
    user: str | None = None


# The letter "i" marks a binary unit.
_BYTES: dict[str, int] = {
    f"{letter}{binary}B": (1024 if binary else 1000) ** power for power, letter in enumerate("KMGTP", 1) for binary in ("", "i")
}
"""The number of bytes in each unit of memory, such as 1000 for ``KB`` and 1024 for ``KiB``."""


class ByteUnit(Enum):
    """ZenML's units of memory."""

    KB = "KB"
    KIB = "KiB"
    MB = "MB"
    MIB = "MiB"
    GB = "GB"
    GIB = "GiB"
    TB = "TB"
    TIB = "TiB"
    PB = "PB"
    PIB = "PiB"

    @property
    def byte_value(self) -> int:
        """The number of bytes in the unit."""
        return _BYTES[self.value]


class ResourceSettings(_StoredSettings):
    """ZenML's settings for a machine: ``settings={"resources": ResourceSettings(…)}``. No other machine is used here."""

    cpu_count: float | None = Field(default=None, ge=0)
    gpu_count: int | None = Field(default=None, ge=0)
    memory: str | None = Field(default=None, pattern=rf"^\d+({'|'.join(_BYTES)})$")
    min_replicas: int | None = None
    max_replicas: int | None = None

    @property
    def empty(self) -> bool:
        """Whether no setting has a value."""
        return not self.model_dump(exclude_none=True)

    def get_memory(self, unit: str | ByteUnit = "GB") -> float | None:
        """Return the memory in a unit; ``None`` if no memory is set.

        Raises:
            StepInterfaceError: If the unit does not exist.
        """
        unit_name = str(getattr(unit, "value", unit))
        if unit_name not in _BYTES:
            raise StepInterfaceError(f"There is no unit {unit_name!r} of memory.", hint=f"The units are {', '.join(_BYTES)}.")
        if self.memory is None:
            return None
        # The field has a whole number and a unit, because its pattern has been validated.
        # The removal of the unit's letters leaves the number: "16GB" becomes "16".
        number = self.memory.rstrip("BKMGTPi")
        return int(number) * _BYTES[self.memory.removeprefix(number)] / _BYTES[unit_name]


class Schedule(_StoredSettings):
    """ZenML's schedule of a pipeline. Here a pipeline runs once, when it is called."""

    name: str | None = None
    cron_expression: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    interval_second: timedelta | int | None = None
    catchup: bool = False
    run_once_start_time: datetime | None = None

    def __init__(self, **values: Any) -> None:
        """Validate the arguments.

        Raises:
            StepInterfaceError: If an argument is not acceptable, or if the arguments do not define when the pipeline runs.
        """
        super().__init__(**values)
        if self.cron_expression or self.run_once_start_time or (self.start_time and self.interval_second):
            return
        message = "The schedule has no time at which the pipeline runs."
        raise StepInterfaceError(message, hint="Give it cron_expression=, or start_time= with interval_second=.")


class StepRetryConfig(_StoredSettings):
    """ZenML's settings for retries. Here a failed step is not run again."""

    max_retries: int = 1
    delay: int = 0
    backoff: int = 0
