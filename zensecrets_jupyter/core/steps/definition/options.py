"""ZenML's arguments of steps and pipelines.

Arguments without effect in this package are accepted and stored. Most of them print a warning once.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.steps.definition.arguments import bind_arguments
from zensecrets_jupyter.core.system.process_globals import process_global

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_IN_PROCESS = "steps run in this process"
_NOT_RECORDED = "no metadata and no logs of steps are recorded"
_NO_SERVER = "no server stores it"

# The dicts below have the reason for each argument. It is the end of the warning "NAME= of OWNER has no effect here: REASON."
# The reason of "extra" and "step_type" is empty, because ZenML too uses them only to describe a step or pipeline.

# Arguments of both steps and pipelines.
_COMMON_OPTIONS = {
    "cache_policy": "the rules of the cache are fixed",
    "enable_artifact_metadata": _NOT_RECORDED,
    "enable_artifact_visualization": _NOT_RECORDED,
    "enable_heartbeat": _IN_PROCESS,
    "enable_step_logs": _NOT_RECORDED,
    "environment": "set variables by secrets=, or in the notebook",
    "extra": "",
    "model": _NO_SERVER,
    "on_end": "only on_success and on_failure are called",
    "on_start": "only on_success and on_failure are called",
    "retry": "a step that fails is not run again",
    "substitutions": "only {date} and {time} are replaced in names of runs",
}
STEP_OPTIONS = {
    **_COMMON_OPTIONS,
    "experiment_tracker": "the step configures its tracker itself, from context.stack.experiment_tracker",
    "group": _NO_SERVER,
    "heartbeat_healthy_threshold": _IN_PROCESS,
    "output_artifacts": "the materializer of an output stores it",
    "runtime": _IN_PROCESS,
    "step_operator": _IN_PROCESS,
    "step_type": "",
}
"""Arguments of a step without effect here, and the reason for each; an empty reason prints no warning."""
PIPELINE_OPTIONS = {
    **_COMMON_OPTIONS,
    "depends_on": _IN_PROCESS,
    "dockerignore_file": _IN_PROCESS,
    "dynamic": "the steps of every pipeline are known before they run",
    "enable_pipeline_logs": _NOT_RECORDED,
    "execution_mode": "no step starts after a failed step",
    "on_cleanup": "only on_success and on_failure are called",
    "on_init": "only on_success and on_failure are called",
    "on_init_kwargs": "only on_success and on_failure are called",
    "on_pause": "only on_success and on_failure are called",
    "on_resume": "only on_success and on_failure are called",
    "required_integrations": _IN_PROCESS,
    "requirements": _IN_PROCESS,
    "schedule": "the pipeline runs once, now",
    "tags": _NO_SERVER,
}
"""Arguments of a pipeline without effect here, and the reason for each; an empty reason prints no warning."""
MACHINE_SETTINGS = dict.fromkeys(("docker", "image_builder", "orchestrator", "resources", "step_operator"), _IN_PROCESS)
"""Keys of settings without effect here, because they configure a machine or container; the value is the reason for the warning.

In the settings of a user, a flavor may follow the key after a dot, such as ``orchestrator.vertex``.
"""


def validate_options(
    owner: str, arguments: Mapping[str, Any], reasons: Mapping[str, str], effective_names: Collection[str]
) -> dict[str, Any]:
    """Return the arguments that are not ``None``, and print a warning that they have no effect in this package.

    The warning for a name is printed once in a process. It is not printed for the value ``False``.

    Args:
        owner: The step or pipeline, as messages call it, such as ``step 'trainer'``.
        arguments: The caller's other arguments, by name: those without effect, and possibly misspelled ones.
        reasons: All names of arguments without effect, each with the reason. An empty reason prints no warning.
        effective_names: The names of all arguments with an effect, for suggestions in errors.

    Raises:
        StepInterfaceError: If an argument is unknown; the error suggests similar names.
    """
    check_names(owner, arguments, reasons, effective_names)
    stored_options = {name: value for name, value in arguments.items() if value is not None}
    warn_once({f"{name}=": reasons[name] for name, value in stored_options.items() if value is not False and reasons[name]}, owner)
    return stored_options


def check_names(owner: str, names: Collection[str], allowed_names: Collection[str], other_names: Collection[str]) -> None:
    """Check that each of ``names`` is one of ``allowed_names``.

    The argument ``name`` has its own error, because only the decorator accepts it.

    Args:
        owner: The step or pipeline, as messages call it, such as ``step 'trainer'``.
        names: The names of the arguments in a call.
        allowed_names: The names that are accepted.
        other_names: Names that are not accepted here, but may be suggested in errors.

    Raises:
        StepInterfaceError: If an argument is unknown.
    """
    unknown_name = next((name for name in names if name not in allowed_names), None)
    if unknown_name is None:
        return
    if unknown_name == "name":
        message = f"The name of {owner} can't be changed."
        raise StepInterfaceError(message, hint=f'Give it to the decorator: @{owner.partition(" ")[0]}(name="…").')
    message = f"There is no argument {unknown_name!r} for {owner}."
    known_names = sorted({*allowed_names, *other_names})
    raise StepInterfaceError(message, hint=did_you_mean(unknown_name, known_names) or f"Its arguments are {', '.join(known_names)}.")


def validate_cache_option(value: object, owner: str) -> bool | None:
    """Return the value of the argument ``enable_cache``.

    Raises:
        StepInterfaceError: If the value is neither a bool nor ``None``. An example is the text "false", which would count as true.
    """
    if value is None or isinstance(value, bool):
        return value
    message = f"enable_cache of {owner} is of type {type(value).__qualname__}."
    raise StepInterfaceError(message, hint="Give True or False.")


def validate_parameters(parameters: object, owner: str) -> Mapping[str, Any]:
    """Return the argument ``parameters`` of ``owner``, unchanged.

    Raises:
        StepInterfaceError: If the argument is no mapping, or if a key is no text.
    """
    if isinstance(parameters, Mapping) and all(isinstance(name, str) for name in parameters):
        return parameters
    message = f"The parameters of {owner} are of type {type(parameters).__qualname__}, and have to be a mapping from names to values."
    raise StepInterfaceError(message, hint='Give them such as parameters={"epochs": 3}.')


def check_call(function: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any], owner: str) -> None:
    """Check that ``function`` accepts these arguments.

    Raises:
        StepInterfaceError: If it does not accept them; the error suggests similar names.
    """
    _, problem, hint = bind_arguments(inspect.signature(function), args, kwargs)
    if problem:
        raise StepInterfaceError(f"Wrong arguments for {owner}: {problem}.", hint=hint)


def warn_once(reasons: Mapping[str, str], owner: str) -> None:
    """Print a line for each argument with its reason.

    An argument prints its line once in a process, also if several steps or pipelines have it. ``owner`` is the first of them.
    """
    warned_names = process_global("steps.options", set[str])
    for name, reason in reasons.items():
        if name not in warned_names:
            warned_names.add(name)
            sys.stderr.write(f"{name} of {owner} has no effect here: {reason}.\n")
