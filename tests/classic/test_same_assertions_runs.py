"""Assertions of ZenML 0.20's tests about runs of steps, caching and contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.classic.functions import add, annotated_function, number, single
from zensecrets_jupyter.environment import Environment
from zensecrets_jupyter.exceptions import StepContextError, StepInterfaceError
from zensecrets_jupyter.materializers import BuiltInMaterializer
from zensecrets_jupyter.pipelines import pipeline
from zensecrets_jupyter.steps import Output, StepContext, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.client import Client


class Replacement(BuiltInMaterializer):
    """A materializer that is not the default."""


def test_materializers_are_set_for_all_outputs_or_for_each(client: Client) -> None:
    """A later call replaces only the materializers that it names."""

    @step
    def both() -> Output(one=int, two=str):  # type: ignore[valid-type] # ZenML's syntax for several outputs
        return 1, "x"

    def materializers(instance: Any) -> list[Any]:
        return [instance.materializer_of(name) for name in ("one", "two")]

    instance: Any = both()
    assert materializers(instance) == [BuiltInMaterializer] * 2
    assert materializers(instance.with_return_materializers(Replacement)) == [Replacement] * 2
    assert materializers(both().with_return_materializers({"two": Replacement})) == [BuiltInMaterializer, Replacement]
    assert materializers(instance.with_return_materializers({"one": BuiltInMaterializer, "two": Replacement})) == [
        BuiltInMaterializer,
        Replacement,
    ]
    assert materializers(instance.with_return_materializers(BuiltInMaterializer)) == [BuiltInMaterializer] * 2
    wrong: Any
    for wrong in (str, {"three": Replacement}, {"one": "no_class"}):
        with pytest.raises(StepInterfaceError):
            instance.with_return_materializers(wrong)
    assert materializers(instance) == [BuiltInMaterializer] * 2


def test_materializers_of_two_outputs_are_merged(client: Client) -> None:
    """Two calls that name different outputs set both materializers."""

    @step
    def both() -> Output(one=int, two=str):  # type: ignore[valid-type] # ZenML's syntax for several outputs
        return 1, "x"

    instance: Any = both().with_return_materializers({"one": Replacement})
    instance.with_return_materializers({"two": Replacement})
    assert [instance.materializer_of(name) for name in ("one", "two")] == [Replacement, Replacement]


def _is_completed(make: Callable[[], Any]) -> bool:
    """Return whether the step ran, so that its outputs were not cached."""
    return bool(pipeline(name="again")(single.connect)(make()).run().get_step("only").is_completed)


def test_the_cache_identifies_a_step_by_code_signature_and_materializers(client: Client) -> None:
    """A changed body, input, output or materializer is a cache miss."""
    named_step: Any = step(name="same")
    assert [_is_completed(named_step(annotated_function({}, int, "return 1"))) for _ in range(2)] == [True, False]
    assert _is_completed(named_step(annotated_function({}, int, "return 1 + len('')")))
    assert _is_completed(named_step(annotated_function({}, float, "return 1")))
    assert _is_completed(named_step(annotated_function({"a=1": int}, int, "return 1")))
    assert _is_completed(lambda: named_step(annotated_function({}, int, "return 1"))().with_return_materializers(Replacement))
    assert not _is_completed(named_step(annotated_function({}, int, "return 1")))


def test_a_step_without_caching_runs_each_time(client: Client) -> None:
    """An unchanged step with caching off runs in each run of the pipeline."""
    instance: Any = step(name="same", enable_cache=False)(annotated_function({}, int, "return 1"))
    assert [_is_completed(instance), _is_completed(instance)] == [True, True]


@pytest.mark.parametrize("crashes", [False, True])
def test_the_environment_shows_a_running_step(client: Client, *, crashes: bool) -> None:
    """``Environment`` shows the step during its run, and no step after its end or failure."""
    seen = []

    @step(enable_cache=False)
    def look() -> None:
        seen.append(Environment().step_is_running)
        if crashes:
            raise RuntimeError

    instance = single(look())
    if crashes:
        with pytest.raises(RuntimeError):
            instance.run()
    else:
        instance.run()
    assert [*seen, Environment().step_is_running] == [True, False]


def test_steps_wait_for_their_inputs_and_for_after(client: Client) -> None:
    """The order of the calls in the code does not matter."""
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
    """A step instance can be called and used twice; ZenML 0.20 refuses both."""
    instance = number()
    assert [instance(), instance()] == [1, 1]

    @pipeline
    def two(first: Any, second: Any) -> None:
        first()
        second()

    assert two(instance, instance).run().get_step_names() == ["first", "second"]
    again = single(instance)
    assert [again.run().status.value, again.run().status.value] == ["completed", "completed"]


@pytest.mark.parametrize("method", ["get_output_artifact_uri", "get_output_materializer"])
@pytest.mark.parametrize(
    ("returns", "arguments", "is_valid"),
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
    client: Client, method: str, returns: Any, arguments: tuple[str, ...], *, is_valid: bool
) -> None:
    """The name of an output is optional only if the step has one output."""
    seen: list[Any] = []

    def look(context: Any) -> Any:
        if is_valid:
            seen.append(getattr(context, method)(*arguments))
        else:
            with pytest.raises(StepContextError) as caught:
                getattr(context, method)(*arguments)
            seen.append(caught.value)
        return (1, 2) if isinstance(returns, Output) else 1

    look.__annotations__ = {"context": StepContext, "return": returns}
    step(look)()()
    assert isinstance(seen[0], StepContextError) is not is_valid


def test_the_context_creates_a_materializer_of_another_class(client: Client) -> None:
    """The materializer uses the folder of the output."""
    seen: list[Any] = []

    @step
    def look(context: StepContext) -> int:
        seen.append(context.get_output_materializer(custom_materializer_class=Replacement))
        seen.append(context.get_output_artifact_uri())
        return 1

    look()()
    assert isinstance(seen[0], Replacement)
    assert seen[0].uri == seen[1]
