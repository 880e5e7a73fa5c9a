"""Arguments of ZenML's decorators: which there are, and which of them a notebook's process can't honour.

What can't be honoured is kept, in ``options`` of the step or the pipeline, and said once in one line.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.steps.definition.arguments import bound
from zensecrets_jupyter.core.system.process_globals import process_global

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_IN_PROCESS = "steps run in this process"
_NOT_RECORDED = "no metadata and no logs of steps are recorded"
_NO_SERVER = "there is no server that keeps it"

_STEP_AND_PIPELINE = {
    "cache_policy": "what the cache looks at is fixed",
    "enable_artifact_metadata": _NOT_RECORDED,
    "enable_artifact_visualization": _NOT_RECORDED,
    "enable_heartbeat": _IN_PROCESS,
    "enable_step_logs": _NOT_RECORDED,
    "environment": "set what a step needs as a secret, or in the notebook",
    "extra": "",
    "model": _NO_SERVER,
    "on_end": "only on_success and on_failure are called",
    "on_start": "only on_success and on_failure are called",
    "retry": "a step that fails is not run again",
    "substitutions": "only {date} and {time} are replaced in names of runs",
}
STEP_OPTIONS = {
    **_STEP_AND_PIPELINE,
    "experiment_tracker": "the step sets its tracker up itself, from context.stack.experiment_tracker",
    "group": _NO_SERVER,
    "heartbeat_healthy_threshold": _IN_PROCESS,
    "output_artifacts": "what keeps an output is its materializer",
    "runtime": _IN_PROCESS,
    "step_operator": _IN_PROCESS,
    "step_type": "",
}
"""Arguments of a step that are kept and change nothing here, each with the reason; no reason is no note."""
PIPELINE_OPTIONS = {
    **_STEP_AND_PIPELINE,
    "depends_on": _IN_PROCESS,
    "dockerignore_file": _IN_PROCESS,
    "dynamic": "every pipeline is put together before its steps run",
    "enable_pipeline_logs": _NOT_RECORDED,
    "execution_mode": "no step is begun after one that failed",
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
"""Likewise for a pipeline."""
SETTINGS_OF_MACHINES = dict.fromkeys(("docker", "image_builder", "orchestrator", "resources", "step_operator"), _IN_PROCESS)
"""Keys of settings that say on what a step runs, also with a flavor behind a dot: ``orchestrator.vertex``."""


def validate_options(what: str, given: Mapping[str, Any], kept: Mapping[str, str], others: Collection[str]) -> dict[str, Any]:
    """Return the arguments that are kept, and say once which of them change nothing.

    Args:
        what: What is made of them, such as ``step 'trainer'``.
        given: The arguments, ``None`` for those that nothing was said about.
        kept: The arguments that there are of that sort, each with the reason why it changes nothing.
        others: The arguments that are honoured.

    Raises:
        StepInterfaceError: If there is no such argument; it names near misses.
    """
    check_names(what, given, kept, others)
    said = {name: value for name, value in given.items() if value is not None}
    warn_once({f"{name}=": kept[name] for name, value in said.items() if value is not False and kept[name]}, what)
    return said


def check_names(what: str, given: Collection[str], kept: Collection[str], others: Collection[str]) -> None:
    """Return if each argument exists; arguments as for :func:`validate_options`.

    Raises:
        StepInterfaceError: If one does not; it names near misses.
    """
    unknown = next((name for name in given if name not in kept), None)
    if unknown is None:
        return
    message = f"There is no argument {unknown!r} for {what}."
    if unknown == "name":
        raise StepInterfaceError(f"{message[:-1]} that exists.", hint=f'Give it to the decorator: @{what.partition(" ")[0]}(name="…").')
    known = sorted({*kept, *others})
    raise StepInterfaceError(message, hint=did_you_mean(unknown, known) or f"Its arguments are {', '.join(known)}.")


def validate_cache_option(given: object, what: str) -> bool | None:
    """Return what was given as ``enable_cache``.

    Raises:
        StepInterfaceError: If it is neither a truth value nor ``None``; the text "false" would be true.
    """
    if given is None or isinstance(given, bool):
        return given
    message = f"enable_cache of {what} is of type {type(given).__qualname__}."
    raise StepInterfaceError(message, hint="Give True or False.")


def check_call(function: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any], what: str) -> None:
    """Return if ``function`` takes these arguments.

    Raises:
        StepInterfaceError: If it does not; it names near misses.
    """
    _, problem, hint = bound(inspect.signature(function), args, kwargs)
    if problem:
        raise StepInterfaceError(f"{what[:1].upper()}{what[1:]} can't be called so: {problem}.", hint=hint)


def warn_once(ignored: Mapping[str, str], what: str) -> None:
    """Print, once in a process for each name, that what ``what`` was given changes nothing here, with the reason."""
    done = process_global("steps.options", set[str])
    for name, reason in ignored.items():
        if name not in done:
            done.add(name)
            sys.stderr.write(f"{name} of {what} is kept and changes nothing here: {reason}.\n")
