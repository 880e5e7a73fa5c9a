"""ZenML's settings of containers and machines, and its schedules: taken, and kept, by steps that run in this process."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import did_you_mean


class _Kept(BaseModel):
    """Arguments by name, which are kept as they are given."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    def __init__(self, **given: Any) -> None:
        """Check what is given.

        Raises:
            StepInterfaceError: If there is no such argument, or it is of another type; it names near misses.
        """
        try:
            super().__init__(**given)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        else:
            return
        name = str(problem["loc"][0]) if problem["loc"] else ""
        what = "has no argument" if problem["type"] == "extra_forbidden" else "does not take what is given for"
        known = type(self).model_fields
        hint = did_you_mean(name, known) if name not in known else f"It has to be {known[name].annotation}."
        raise StepInterfaceError(f"{type(self).__name__} {what} {name!r}.", hint=hint or f"Its arguments are {', '.join(known)}.")


class DockerSettings(_Kept):
    """How ZenML builds a container's image: ``settings={"docker": DockerSettings(…)}``. No image is built here."""

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


class ResourceSettings(_Kept):
    """What machine a step wants: ``settings={"resources": ResourceSettings(…)}``. It gets this one here."""

    cpu_count: float | None = None
    gpu_count: int | None = None
    memory: str | None = None
    min_replicas: int | None = None
    max_replicas: int | None = None


class Schedule(_Kept):
    """When ZenML runs a pipeline; here it runs once, when it is called."""

    name: str | None = None
    cron_expression: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    interval_second: timedelta | int | None = None
    catchup: bool = False
    run_once_start_time: datetime | None = None


class StepRetryConfig(_Kept):
    """How often ZenML runs a step again that failed; here it is run once."""

    max_retries: int = 1
    delay: int = 0
    backoff: int = 0
