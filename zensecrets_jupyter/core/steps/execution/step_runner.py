"""Execution of one step: load inputs, set secrets as environment variables, run, store outputs or reuse cached ones."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.environment import secret_environment, variables_of
from zensecrets_jupyter.core.managers.read_log import recorded_reads
from zensecrets_jupyter.core.settings import SecretValidationLevel, validation_level
from zensecrets_jupyter.core.stack import StackResolver
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

    from zensecrets_jupyter.core.managers.read_log import Reads
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

    def run_step(self, call: StepCall, finished: Mapping[str, StepRun]) -> StepRun:
        """Run one call, or reuse its cached outputs, and return its result.

        Args:
            call: The call.
            finished: The results of the calls whose outputs it takes.

        Returns:
            The result, with the exception of the step in ``error``, Ctrl-C included.
        """
        start = time.perf_counter()
        above = (self._defaults, *call.pipelines)
        settings = reduce(merge_settings, [pipeline.settings for pipeline in above] + [call.step.settings])
        given = {
            parameter: item if isinstance(item, PickledArgument) else finished[item.call].outputs[item.name]
            for parameter, item in call.inputs.items()
        }
        inputs = {name: item for name, item in given.items() if not isinstance(item, PickledArgument)}
        parameters = {name: item for name, item in given.items() if isinstance(item, PickledArgument)}
        named = StepRun(
            call.name, ExecutionStatus.FAILED, settings=settings, step_name=call.step.name, inputs=inputs, parameters=parameters
        )
        hooks = reduce(lambda below, over: over.over(below), [pipeline.hooks for pipeline in above] + [call.step.hooks])
        try:
            status, outputs = self._run_or_reuse(call, given, settings)
        except BaseException as error:  # noqa: BLE001 - the pipeline raises it when the run has ended
            outcome = replace(named, duration=time.perf_counter() - start, error=error)
        else:
            outcome = replace(named, duration=time.perf_counter() - start, status=status, outputs=outputs)
        if outcome.status is not ExecutionStatus.CACHED:
            hooks.call(outcome.error)
        return outcome

    def _run_or_reuse(
        self, call: StepCall, given: Mapping[str, PickledArgument | Artifact], settings: Settings
    ) -> tuple[ExecutionStatus, dict[str, Artifact]]:
        step = call.step
        above = (self._defaults, *call.pipelines)
        environments = [*(pipeline.secrets for pipeline in above), step.secrets]
        key = None
        if step.is_cached and not any(pipeline.enable_cache is False for pipeline in above):
            digests = {parameter: item.digest for parameter, item in given.items()}
            key = self._cache.key(step, call.name, digests, settings, [name for names in environments for name in names])
            found = self._cache.find(key, step, call.name) if key else None
            if found is not None:
                return ExecutionStatus.CACHED, found

        def output_folder(output: str) -> ArtifactFolder:
            return ArtifactFolder(self._files, f"{self._run.id}/{call.name}/{output}")

        names = RunNames(call.name, self._defaults.name, self._run.name, self._run.id)
        with recorded_reads() as reads:
            arguments = {parameter: item.load() for parameter, item in given.items()}
            running = _make_context(step, names, self._stack, settings, output_folder)
            returned = _run(step, arguments, running, self._stack, environments)
            outputs = {
                name: store_output(value, step.output_info(name, call.name), output_folder(name), _secrets_in(reads))
                for name, value in step.signature.split(call.name, returned).items()
            }
        if key:
            self._cache.keep(key, outputs, reads, stack_used=running.stack_used)
        return ExecutionStatus.COMPLETED, outputs


def run_outside_pipeline(step: StepDefinition, arguments: Mapping[str, Any]) -> Any:
    """Run a step outside of a pipeline and return the result of its function.

    It runs on the active stack, and inside another step on the validated stack of that step.

    Raises:
        StackValidationError: If the stack, the step's settings or its secrets prevent the run.
    """
    workspace = get_workspace()
    outer = current_context()
    stack = outer.stack if outer is not None else workspace.stack()
    if outer is None:
        validate(stack, [(str(step), step.settings), (str(step), RequiredSecrets(step.secrets))], [step.secrets])
    run_id = new_run_id(step.name)

    def output_folder(output: str) -> ArtifactFolder:
        return ArtifactFolder(open_files(workspace, stack), f"{run_id}/{step.name}/{output}")

    names = RunNames(step.name, step.name, run_id, run_id)
    returned = _run(step, arguments, _make_context(step, names, stack, step.settings, output_folder), stack, [step.secrets])
    step.signature.split(step.name, returned)
    return returned


def validate(stack: Stack, needs: Iterable[tuple[str, RequiresSecrets]], environments: Iterable[Sequence[str]]) -> None:
    """Validate a stack before steps run on it.

    Args:
        stack: The stack.
        needs: Pairs of an owner, as errors name it, and anything that requires secrets.
        environments: For each step or pipeline the names of the secrets that are set as environment variables.

    Raises:
        StackValidationError: If a problem prevents the run; its report holds every problem.
        InvalidSecretError: If two keys of one environment have the same variable name.
    """
    level = validation_level()
    stack.validate(level=level, settings=needs).raise_for_problems()
    if level is SecretValidationLevel.SECRET_AND_KEY_EXISTS:
        for names in environments:
            variables_of((stack.secrets_manager.get_secret(name) for name in names), as_is=True)


def _make_context(
    step: StepDefinition, names: RunNames, stack: Stack, settings: Settings, output_folder: Callable[[str], ArtifactFolder]
) -> StepContext:
    materializers = {output: step.materializer_of(output) for output in step.signature.outputs}
    return StepContext(names, stack, settings.bind_references(StackResolver(stack, f"step {names.step!r}")), materializers, output_folder)


def _run(
    step: StepDefinition, arguments: Mapping[str, Any], running: StepContext, stack: Stack, environments: Iterable[Sequence[str]]
) -> Any:
    step.signature.check_inputs(running.step_name, arguments)
    given = dict(arguments)
    if step.signature.context is not None:
        given[step.signature.context] = running
    with ExitStack() as block:
        for names in environments:
            if names:
                block.enter_context(secret_environment([stack.secrets_manager.get_secret(name) for name in names], as_is=True))
        with use_context(running):
            return step.entrypoint(**given)


def _secrets_in(reads: Reads) -> list[BaseSecretSchema]:
    # A copy: a thread that the step left behind may still be reading.
    return [secret for read in list(reads.values()) for secret in read.seen]
