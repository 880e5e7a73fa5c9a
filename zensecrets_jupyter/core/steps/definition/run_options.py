"""Options of one run of a pipeline, in code or in a YAML file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from zensecrets_jupyter.core.errors import StepInterfaceError, UnreadableFileError

MAX_FILE_SIZE = 1 << 20
"""The largest configuration file that is read, in bytes."""


@dataclass(frozen=True)
class RunOptions:
    """Options of one run of a pipeline.

    Attributes:
        name: The name of the run, in which the date and time of the start replace ``{date}`` and ``{time}``; by default the run's id.
        unlisted: Whether the list of the pipeline's runs omits the run.
        steps: The configurations of the pipeline's steps, by the names of their calls.
    """

    name: str | None = None
    unlisted: bool = False
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def run_name(self, run_id: str) -> str:
        """Return the name of a run that starts now and has the id ``run_id``."""
        if self.name is None:
            return run_id
        now = datetime.now(timezone.utc)
        # ZenML 0.20 documents the placeholders with two braces on each side, such as {{date}}. Both notations are accepted.
        template = self.name.replace("{{", "{").replace("}}", "}")
        return template.replace("{date}", f"{now:%Y_%m_%d}").replace("{time}", f"{now:%H_%M_%S_%f}")


def validate_run_name(name: object, owner: str) -> str | None:
    """Return the name for runs of ``owner``, unchanged.

    Args:
        name: The name, or ``None``.
        owner: The pipeline, as error messages call it, such as ``pipeline 'training'``.

    Raises:
        StepInterfaceError: If the name is no text, or contains a line break or another character that is not printable.
    """
    if name is None or (isinstance(name, str) and name.isprintable()):
        return name
    raise StepInterfaceError(f"The name of runs of {owner} is no text in one line.", hint='Give one such as run_name="training {date}".')


def validate_step_configurations(configurations: object, owner: str) -> Mapping[str, Any]:
    """Return the configurations of the steps of ``owner``; empty for ``None``.

    The keys are the names of the step calls.

    Raises:
        StepInterfaceError: If ``configurations`` is no mapping.
    """
    if configurations is None or isinstance(configurations, Mapping):
        return configurations or {}
    message = f"The configuration of the steps of {owner} is no mapping."
    raise StepInterfaceError(message, hint='Give it by the names of the steps, such as {"trainer": {"enable_cache": False}}.')


def validate_step_configuration(step: str, configuration: object, owner: str) -> dict[str, Any]:
    """Return the configuration of one step as a dict.

    ``configuration`` is a mapping or a pydantic model. The options of a model that are ``None`` are left out.

    Raises:
        StepInterfaceError: If ``configuration`` is neither a mapping nor a model.
    """
    options = configuration.model_dump(exclude_none=True) if isinstance(configuration, BaseModel) else configuration
    if isinstance(options, Mapping):
        # ZenML's model of a configuration has an option "name", the name of the step. It is left out, because it can't be changed.
        return {str(name): value for name, value in options.items() if name != "name"}
    message = f"The configuration of step {step!r} of {owner} is no mapping."
    raise StepInterfaceError(message, hint='Give the arguments by name, such as {"trainer": {"enable_cache": False}}.')


def read_run_configuration(path: object) -> dict[str, Any]:
    """Return the options in a YAML file, by the names of ZenML's arguments.

    Raises:
        StepInterfaceError: If ``path`` is neither a text nor a path object.
        UnreadableFileError: If the file can't be read, is too large, or is no YAML mapping. The error does not quote the content.
    """
    if not isinstance(path, (str, os.PathLike)):
        message = f"The path of the configuration is of type {type(path).__qualname__}."
        raise StepInterfaceError(message, hint='Give it such as config_path="run.yaml".')
    options: dict[Any, Any] = {}
    try:
        with Path(path).open("rb") as file:
            # One more byte than allowed shows that the file is too large.
            data = file.read(MAX_FILE_SIZE + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
    else:
        options, reason = _parse_options(data)
    if not reason:
        return {str(name): value for name, value in options.items()}
    message = f"The configuration {path} can't be used: {reason}."
    raise UnreadableFileError(message, hint="Write a mapping such as: steps: {trainer: {parameters: {epochs: 3}}}")


def _parse_options(data: bytes) -> tuple[dict[Any, Any], str]:
    """Return the mapping in a file, and the reason why the file can't be used.

    At least one of the two is empty; both are for an empty file.
    """
    import yaml

    if len(data) > MAX_FILE_SIZE:
        return {}, "it is too large"
    try:
        options = yaml.safe_load(data) or {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return {}, "it is no YAML"
    return (options, "") if isinstance(options, dict) else ({}, "it holds no mapping")
