"""Execution of one step, in a pipeline or outside a pipeline.

In a pipeline, valid cached outputs are reused. If there are none, the inputs are loaded, the secrets are set as environment variables, the
function of the step runs, and its outputs are stored. Outside a pipeline, outputs are not cached and not stored.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.environment import secret_environment, variables_of
from zensecrets_jupyter.core.managers.read_log import record_reads
from zensecrets_jupyter.core.settings import SecretValidationLevel, validation_level
from zensecrets_jupyter.core.steps.artifacts.artifact import store_output
from zensecrets_jupyter.core.steps.artifacts.artifact_files import ArtifactFolder, open_files
from zensecrets_jupyter.core.steps.definition.context import RunNames, StepContext, current_context, use_context
from zensecrets_jupyter.core.steps.definition.settings import RequiredSecrets, merge_settings
from zensecrets_jupyter.core.steps.execution.caching import StepCache
from zensecrets_jupyter.core.steps.execution.call_inputs import PickledArgument
from zensecrets_jupyter.core.steps.execution.run import ExecutionStatus, StepRun, new_run_id
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zensecrets_jupyter.core.managers.read_log import ReadLog
    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.stack import Stack
    from zensecrets_jupyter.core.stack.references import RequiresSecrets
    from zensecrets_jupyter.core.steps.artifacts.artifact import Artifact
    from zensecrets_jupyter.core.steps.definition.protocols import StepDefaults, StepDefinition
    from zensecrets_jupyter.core.steps.definition.settings import Settings
    from zensecrets_jupyter.core.steps.execution.graph import StepCall
    from zensecrets_jupyter.core.steps.execution.run import PipelineRun
    from zensecrets_jupyter.core.workspace import Workspace


class StepRunner:
    """Runs the steps of one pipeline run on a stack."""

    def __init__(self, run: PipelineRun, workspace: Workspace, stack: Stack, defaults: StepDefaults) -> None:
        """Run steps on ``stack``, for ``run``, with the ``defaults`` of its pipeline.

        Raises:
            ArtifactError: If the stack's artifact store can't be used here.
        """
        self._run = run
        self._stack = stack
        self._defaults = defaults
        self._files = open_files(workspace, stack)
        self._cache = StepCache(self._files, workspace, stack)

    def run_step(self, call: StepCall, earlier_results: Mapping[str, StepRun]) -> StepRun:
        """Run one call of a step, or reuse its cached outputs.

        Args:
            call: The call.
            earlier_results: The results of earlier calls, by name. All calls whose outputs are inputs of this call are among them.

        Returns:
            The result of the step. If the step failed, ``error`` has the exception, which may be a KeyboardInterrupt.
        """
        start = time.perf_counter()
        pipelines = (self._defaults, *call.pipelines)
        # The settings of a nested pipeline override those of the pipeline that calls it, and the settings of the step override both.
        settings = reduce(merge_settings, [pipeline.settings for pipeline in pipelines] + [call.step.settings])
        # The stored output of the earlier call replaces each placeholder.
        arguments = {
            parameter: argument if isinstance(argument, PickledArgument) else earlier_results[argument.call].outputs[argument.name]
            for parameter, argument in call.inputs.items()
        }
        # ``inputs`` are the outputs of other steps, and ``parameters`` are all other arguments.
        inputs = {parameter: argument for parameter, argument in arguments.items() if not isinstance(argument, PickledArgument)}
        parameters = {parameter: argument for parameter, argument in arguments.items() if isinstance(argument, PickledArgument)}
        # The status is FAILED until the step has succeeded.
        result = StepRun(
            call.name, ExecutionStatus.FAILED, settings=settings, step_name=call.step.name, inputs=inputs, parameters=parameters
        )
        hooks = call.step.hooks
        # A hook of a nested pipeline takes precedence over that of the pipeline that calls it.
        for pipeline in reversed(pipelines):
            hooks = hooks.with_defaults(pipeline.hooks)
        try:
            status, outputs = self._run_or_reuse(call, arguments, settings)
        except BaseException as error:  # noqa: BLE001 - the pipeline raises the error after the end of the run
            result = replace(result, duration=time.perf_counter() - start, error=error)
        else:
            result = replace(result, duration=time.perf_counter() - start, status=status, outputs=outputs)
        if result.status is not ExecutionStatus.CACHED:
            hooks.call(result.error)
        return result

    def _run_or_reuse(
        self, call: StepCall, inputs: Mapping[str, PickledArgument | Artifact], settings: Settings
    ) -> tuple[ExecutionStatus, dict[str, Artifact]]:
        """Reuse the cached outputs of a call, or run its step.

        The result is the status of the call, and its outputs by name. ``inputs`` are all arguments by parameter, not only outputs of
        other steps.
        """
        step = call.step
        pipelines = (self._defaults, *call.pipelines)
        # For each pipeline and for the step, the names of the secrets whose keys become environment variables.
        environments = [*(pipeline.secrets for pipeline in pipelines), step.secrets]
        # The cache key; it stays ``None`` if the outputs can't be cached.
        key = None
        if step.is_cached and not any(pipeline.enable_cache is False for pipeline in pipelines):
            digests = {parameter: argument.digest for parameter, argument in inputs.items()}
            key = self._cache.key(step, call.name, digests, settings, [name for names in environments for name in names])
            cached_outputs = self._cache.find(key, step, call.name) if key else None
            if cached_outputs is not None:
                return ExecutionStatus.CACHED, cached_outputs

        def output_folder(output: str) -> ArtifactFolder:
            return ArtifactFolder(self._files, f"{self._run.id}/{call.name}/{output}")

        names = RunNames(call.name, self._defaults.name, self._run.name, self._run.id)
        with record_reads() as reads:
            arguments = {parameter: argument.load() for parameter, argument in inputs.items()}
            context = _make_context(step, names, self._stack, settings, output_folder)
            result = _run_function(step, arguments, context, self._stack, environments)
            outputs = {
                name: store_output(value, step.output_info(name, call.name), output_folder(name), _secrets_in(reads))
                for name, value in step.signature.split_outputs(call.name, result).items()
            }
        if key:
            self._cache.store(key, outputs, reads, has_read_stack=context.has_read_stack)
        return ExecutionStatus.COMPLETED, outputs


def run_outside_pipeline(step: StepDefinition, arguments: Mapping[str, Any]) -> Any:
    """Run a step outside a pipeline and return the result of its function.

    The step runs on the active stack. If another step calls it, it runs on the stack of that step, which is already validated.

    Raises:
        StackValidationError: If the stack, the step's settings or its secrets prevent the run.
    """
    workspace = get_workspace()
    outer_context = current_context()
    stack = outer_context.stack if outer_context is not None else workspace.stack()
    if outer_context is None:
        validate(stack, [(str(step), step.settings), (str(step), RequiredSecrets(step.secrets))], [step.secrets])
    run_id = new_run_id(step.name)

    def output_folder(output: str) -> ArtifactFolder:
        return ArtifactFolder(open_files(workspace, stack), f"{run_id}/{step.name}/{output}")

    # Outside a pipeline, the name of the step is used as the pipeline's name, and the id of the run as its name.
    names = RunNames(step.name, step.name, run_id, run_id)
    context = _make_context(step, names, stack, step.settings, output_folder)
    result = _run_function(step, arguments, context, stack, [step.secrets])
    # The outputs are not stored. They are split only to check their number and types.
    step.signature.split_outputs(step.name, result)
    return result


def validate(stack: Stack, requirements: Iterable[tuple[str, RequiresSecrets]], environments: Iterable[Sequence[str]]) -> None:
    """Validate a stack before steps run on it.

    Args:
        stack: The stack.
        requirements: Pairs: a step or pipeline, as error messages call it, and its settings or required secrets.
        environments: For each step and pipeline, the names of the secrets whose keys it sets as environment variables.

    Raises:
        StackValidationError: If a problem prevents the run; its report holds every problem.
        InvalidSecretError: If two keys of the secrets of one step or pipeline have the same variable name, or if :func:`variables_of`
            refuses a name or value for another reason.
    """
    level = validation_level()
    stack.validate(level=level, settings=requirements).raise_for_problems()
    if level is SecretValidationLevel.SECRET_AND_KEY_EXISTS:
        # This level reads the secrets. The variables are not set here: variables_of is called only for its errors.
        for names in environments:
            variables_of((stack.secrets_manager.get_secret(name) for name in names), as_is=True)


def _make_context(
    step: StepDefinition, names: RunNames, stack: Stack, settings: Settings, output_folder: Callable[[str], ArtifactFolder]
) -> StepContext:
    materializers = {output: step.materializer_of(output) for output in step.signature.outputs}
    return StepContext(names, stack, settings.bind_references(stack.resolver(f"step {names.step!r}")), materializers, output_folder)


def _run_function(
    step: StepDefinition, arguments: Mapping[str, Any], context: StepContext, stack: Stack, environments: Iterable[Sequence[str]]
) -> Any:
    """Return the result of the step's function; ``environments`` are those of :func:`validate`, and later ones override earlier ones."""
    step.signature.check_inputs(context.step_name, arguments)
    all_arguments = dict(arguments)
    if step.signature.context_parameter is not None:
        all_arguments[step.signature.context_parameter] = context
    with ExitStack() as variables:
        for names in environments:
            if names:
                variables.enter_context(secret_environment([stack.secrets_manager.get_secret(name) for name in names], as_is=True))
        with use_context(context):
            return step.entrypoint(**all_arguments)


def _secrets_in(reads: ReadLog) -> list[BaseSecretSchema]:
    """Return the secrets that a step read.

    A secret that changed during the step occurs several times.
    """
    # The code iterates over a copy, because a thread of the step may still read secrets.
    return [secret for read in list(reads.values()) for secret in read.states]
