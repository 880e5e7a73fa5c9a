"""Assertions of ZenML 0.20's tests about runs of steps, caching and contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.classic.functions import add, annotated_function, number, one_step_pipeline
from zensecrets_jupyter.environment import Environment
from zensecrets_jupyter.exceptions import StepContextError, StepInterfaceError
from zensecrets_jupyter.materializers import BuiltInMaterializer
from zensecrets_jupyter.pipelines import pipeline
from zensecrets_jupyter.steps import Output, StepContext, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.client import Client


class OtherMaterializer(BuiltInMaterializer):
    """A materializer that is not the default."""


def test_materializers_are_set_for_all_outputs_or_for_each(client: Client) -> None:
    """``with_return_materializers`` sets one materializer for all outputs, or one for each named output."""

    @step
    def both() -> Output(one=int, two=str):  # type: ignore[valid-type] # ZenML's syntax for several outputs
        return 1, "x"

    def materializers(instance: Any) -> list[Any]:
        return [instance.materializer_of(name) for name in ("one", "two")]

    instance: Any = both()
    assert materializers(instance) == [BuiltInMaterializer] * 2
    assert materializers(instance.with_return_materializers(OtherMaterializer)) == [OtherMaterializer] * 2
    assert materializers(both().with_return_materializers({"two": OtherMaterializer})) == [BuiltInMaterializer, OtherMaterializer]
    assert materializers(instance.with_return_materializers({"one": BuiltInMaterializer, "two": OtherMaterializer})) == [
        BuiltInMaterializer,
        OtherMaterializer,
    ]
    assert materializers(instance.with_return_materializers(BuiltInMaterializer)) == [BuiltInMaterializer] * 2
    invalid_materializer: Any
    for invalid_materializer in (str, {"three": OtherMaterializer}, {"one": "no_class"}):
        with pytest.raises(StepInterfaceError):
            instance.with_return_materializers(invalid_materializer)
    assert materializers(instance) == [BuiltInMaterializer] * 2


def test_materializers_of_two_outputs_are_merged(client: Client) -> None:
    """Two calls that name different outputs set both materializers."""

    @step
    def both() -> Output(one=int, two=str):  # type: ignore[valid-type] # ZenML's syntax for several outputs
        return 1, "x"

    instance: Any = both().with_return_materializers({"one": OtherMaterializer})
    instance.with_return_materializers({"two": OtherMaterializer})
    assert [instance.materializer_of(name) for name in ("one", "two")] == [OtherMaterializer, OtherMaterializer]


def _is_completed(make: Callable[[], Any]) -> bool:
    """Run a pipeline with the step that ``make`` returns, and return whether the step ran instead of being cached.

    ``make`` is a step class, or a function that returns a step. The pipeline has the same function and name in each run.
    """
    return bool(pipeline(name="again")(one_step_pipeline.connect)(make()).run().get_step("only").is_completed)


def test_the_cache_identifies_a_step_by_code_signature_and_materializers(client: Client) -> None:
    """A changed body, input, output or materializer is a cache miss."""
    named_step: Any = step(name="same")
    assert [_is_completed(named_step(annotated_function({}, int, "return 1"))) for _ in range(2)] == [True, False]
    # Another body with the same result.
    assert _is_completed(named_step(annotated_function({}, int, "return 1 + len('')")))
    assert _is_completed(named_step(annotated_function({}, float, "return 1")))
    # A parameter with a default, so that the pipeline can call the step without it.
    assert _is_completed(named_step(annotated_function({"a=1": int}, int, "return 1")))
    assert _is_completed(lambda: named_step(annotated_function({}, int, "return 1"))().with_return_materializers(OtherMaterializer))
    assert not _is_completed(named_step(annotated_function({}, int, "return 1")))


def test_a_step_without_caching_runs_each_time(client: Client) -> None:
    """An unchanged step with caching off runs in each run of the pipeline."""
    instance: Any = step(name="same", enable_cache=False)(annotated_function({}, int, "return 1"))
    assert [_is_completed(instance), _is_completed(instance)] == [True, True]


@pytest.mark.parametrize("crashes", [False, True])
def test_the_environment_shows_a_running_step(client: Client, *, crashes: bool) -> None:
    """``Environment`` shows the step during its run, and no step after its end or failure."""
    observed_states = []

    @step(enable_cache=False)
    def look() -> None:
        observed_states.append(Environment().step_is_running)
        if crashes:
            raise RuntimeError

    instance = one_step_pipeline(look())
    if crashes:
        with pytest.raises(RuntimeError):
            instance.run()
    else:
        instance.run()
    assert [*observed_states, Environment().step_is_running] == [True, False]


def test_steps_wait_for_their_inputs_and_for_after(client: Client) -> None:
    """A step runs after the steps that it uses, and after those passed to ``after``.

    It uses the steps whose outputs are its inputs. The order of the calls in the pipeline does not matter.
    """
    order: list[str] = []

    @step(enable_cache=False)
    def record(context: StepContext) -> int:
        order.append(context.step_name)
        return 1

    @pipeline
    def ordered(one: Any, two: Any, three: Any) -> None:
        three(one(), two())
        one.after(two)

    ordered(record(), record(), add()).run()
    assert order == ["two", "one"]


def test_steps_and_pipelines_can_be_used_again(client: Client) -> None:
    """One step can be called twice, and used twice in pipelines. ZenML 0.20 refuses both."""
    instance = number()
    assert [instance(), instance()] == [1, 1]

    @pipeline
    def two(first: Any, second: Any) -> None:
        first()
        second()

    assert two(instance, instance).run().get_step_names() == ["first", "second"]
    pipeline_of_same_step = one_step_pipeline(instance)
    assert [pipeline_of_same_step.run().status.value for _ in range(2)] == ["completed", "completed"]


@pytest.mark.parametrize("method", ["get_output_artifact_uri", "get_output_materializer"])
@pytest.mark.parametrize(
    ("output_type", "arguments", "is_valid"),
    [
        (None, (), False),
        (None, ("output",), False),
        (int, (), True),
        (int, ("output",), True),
        (int, ("other",), False),
        (Output(one=int, two=int), (), False),
        (Output(one=int, two=int), ("one",), True),
        (Output(one=int, two=int), ("two",), True),
        (Output(one=int, two=int), ("three",), False),
    ],
    ids=str,
)
def test_the_context_finds_an_output_by_name(
    client: Client, method: str, output_type: Any, arguments: tuple[str, ...], *, is_valid: bool
) -> None:
    """The name of an output is optional only if the step has one output."""
    results: list[Any] = []

    def look(context: Any) -> Any:
        if is_valid:
            results.append(getattr(context, method)(*arguments))
        else:
            with pytest.raises(StepContextError) as caught:
                getattr(context, method)(*arguments)
            results.append(caught.value)
        return (1, 2) if isinstance(output_type, Output) else 1

    look.__annotations__ = {"context": StepContext, "return": output_type}
    # The decorator returns a step class. The first call creates a step, and the second call runs it.
    step(look)()()
    assert isinstance(results[0], StepContextError) is not is_valid


def test_the_context_creates_a_materializer_of_another_class(client: Client) -> None:
    """A materializer of another class that a step requests uses the output's folder."""
    results: list[Any] = []

    @step
    def look(context: StepContext) -> int:
        results.append(context.get_output_materializer(custom_materializer_class=OtherMaterializer))
        results.append(context.get_output_artifact_uri())
        return 1

    look()()
    materializer, output_uri = results
    assert isinstance(materializer, OtherMaterializer)
    assert materializer.uri == output_uri
