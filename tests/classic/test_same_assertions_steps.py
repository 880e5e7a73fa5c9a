"""What ZenML 0.20's own tests assert of steps and their contexts, asserted here in our words; docs/zenml.md says what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional  # noqa: UP035 - as code for ZenML 0.20 writes them

import numpy as np
import pytest

from tests.core.told import in_one_line
from zensecrets_jupyter.environment import Environment
from zensecrets_jupyter.exceptions import MissingStepParameterError, StepContextError, StepInterfaceError
from zensecrets_jupyter.materializers import BuiltInMaterializer
from zensecrets_jupyter.pipelines import pipeline
from zensecrets_jupyter.steps import BaseParameters, Output, StepContext, step
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.client import Client


class Wanted(BaseParameters):
    """Parameters with one that has to be given, and two that need not."""

    needed: int
    given: int = 1
    perhaps: Optional[int] = None  # noqa: UP045 - as code for ZenML 0.20 writes it


class Other(BaseParameters):
    """Parameters of another step."""


class Unregistered:
    """A class that no materializer names."""


class Half(float):
    """A number of a class of its own."""


class Mixed(Half, Unregistered):
    """A number with two bases."""


class Keeper(BuiltInMaterializer):
    """Another materializer."""


@pipeline
def single(only: Any) -> None:
    """Run one step."""
    only()


@step
def number() -> int:
    """Return a number."""
    return 1


@step
def add(first: int, second: int) -> int:
    """Add two numbers."""
    return first + second


@step
def parameterised(params: Wanted) -> int:
    """Return what it was given."""
    return params.needed + params.given


def _function(parameters: dict[str, Any], returns: Any = None, body: str = "pass") -> Any:
    """Return a function that is annotated so; a returned ``...`` is no annotation."""
    namespace: dict[str, Any] = {}
    exec(f"def made({', '.join(parameters)}):\n    {body}", namespace)  # noqa: S102 - the test's own text
    made = namespace["made"]
    made.__annotations__ = {name.strip("*").partition("=")[0]: kind for name, kind in parameters.items() if kind is not ...}
    if returns is not ...:
        made.__annotations__["return"] = returns
    return made


@pytest.mark.parametrize(
    ("parameters", "returns"),
    [
        ({"a": BaseParameters, "b": BaseParameters}, None),
        ({"a": Wanted, "b": Other}, None),
        ({"a": StepContext, "b": StepContext}, None),
        ({"a": ..., "b": int}, None),
        ({"a": int, "b": int}, ...),
        ({"*a": int}, None),
        ({"**a": int}, None),
        ({}, Output()),
    ],
)
def test_definitions_that_are_refused(parameters: dict[str, Any], returns: Any) -> None:
    """By the decorator, with the step's name."""
    with pytest.raises(StepInterfaceError, match="'made'") as caught:
        step(_function(parameters, returns))
    assert in_one_line(caught.value)


@pytest.mark.parametrize(
    ("context", "option", "expected"),
    [(context, option, option if option is not None else not context) for context in (False, True) for option in (None, False, True)],
)
def test_caching_is_as_said_else_off_for_a_step_with_a_context(*, context: bool, option: bool | None, expected: bool) -> None:
    """The instance says it as a truth value."""
    made = step(enable_cache=option)(_function({"context": StepContext} if context else {}))()
    assert made.enable_cache is made.is_cached is expected


@pytest.mark.parametrize(
    ("returns", "value"),
    [
        (int, 3),
        (float, 0.5),
        (bool, True),
        (str, "x"),
        (bytes, b"x"),
        (dict, {"a": 1}),
        (list, [1]),
        (tuple, (1, 2)),
        (set, {1}),
        (dict, {}),
        (list, []),
        (Dict[str, int], {"a": 1}),  # noqa: UP006
        (List[str], ["a"]),  # noqa: UP006
        (dict[str, list[int]], {"a": [1]}),
        (Optional[int], None),  # noqa: UP045
        (np.ndarray, np.zeros(2)),
        (Half, Half(0.5)),
        (Mixed, Mixed(0.5)),
        (Unregistered, Unregistered()),
    ],
    ids=str,
)
def test_values_of_each_type_go_from_step_to_step(client: Client, returns: Any, value: Any) -> None:
    """Whatever a step declares and returns, the next one that declares the same gets it."""
    made = _function({}, returns, "return value")
    made.__globals__["value"] = value
    seen: list[Any] = []
    taking = _function({"data": returns}, None, "seen.append(data)")
    taking.__globals__["seen"] = seen

    @pipeline
    def passing(first: Any, second: Any) -> None:
        second(first())

    passing(step(name="first", enable_cache=False)(made)(), step(name="second", enable_cache=False)(taking)()).run()
    assert type(seen[0]) is type(value)
    assert isinstance(value, Unregistered) or np.array_equal(seen[0], value)


@pytest.mark.parametrize(
    ("returns", "value"),
    [
        (int, "no_int"),
        (Output(some=int), "no_int"),
        (Output(one=int, two=int), (1, "no_int")),
        (int, (1, 2)),
        (Output(some=int), (1, 2)),
        (Output(some=list), (1, 2, 3)),
        (Output(one=int, two=int), (1, 2, 3)),
        (Output(one=int, two=int, three=int), (1, 2)),
        (Output(one=tuple, two=tuple), ((1, 2), (3, 4), (5, 6))),
        (Output(one=list, two=int), [2, 1]),
    ],
    ids=str,
)
def test_values_of_another_type_or_number_fail_the_run(client: Client, returns: Any, value: Any) -> None:
    """Whether the output has a name or not."""
    made = _function({}, returns, "return value")
    made.__globals__["value"] = value
    with pytest.raises(StepInterfaceError) as caught:
        single(step(made)()).run(unlisted=True)
    assert in_one_line(caught.value)


made_add: Any = add


@pytest.mark.parametrize("inside", [True, False], ids=["in a pipeline", "alone"])
@pytest.mark.parametrize(
    ("args", "kwargs", "fits"),
    [
        ((1, 2), {}, True),
        ((), {"first": 1, "second": 2}, True),
        ((1,), {"second": 2}, True),
        ((1, 2, 3), {}, False),
        ((1,), {"first": 1, "second": 2}, False),
        ((), {"first": 1}, False),
        ((), {"first": 1, "second": 2, "third": 3}, False),
        (("1", 2), {}, False),
        ((), {"first": 1, "second": "2"}, False),
    ],
    ids=str,
)
def test_arguments_of_a_call(client: Client, args: Any, kwargs: Any, *, inside: bool, fits: bool) -> None:
    """By position, by name and mixed; too many, too few, unknown ones and those of another type are refused."""

    @pipeline
    def calling(adder: Any) -> None:
        adder(*args, **kwargs)

    def call() -> Any:
        return calling(add()).run().get_step("adder").output.read() if inside else add()(*args, **kwargs)

    if fits:
        assert call() == 3
        return
    with pytest.raises(StepInterfaceError):
        call()


def test_keyword_only_parameters_are_inputs(client: Client) -> None:
    """They are given by name."""

    @step
    def subtract(first: int, *, second: int) -> int:
        return first - second

    @pipeline
    def subtracting(first: Any, second: Any) -> None:
        second(3, second=first())

    assert subtracting(number(), subtract()).run().get_step("second").output.read() == 2


made_parameterised: Any = parameterised


@pytest.mark.parametrize(
    ("make", "fits"),
    [
        (lambda: made_parameterised(params=Wanted(needed=1)), True),
        (lambda: made_parameterised(Wanted(needed=1)), True),
        (lambda: made_parameterised(params=BaseParameters()), False),
        (lambda: made_parameterised(params=Other()), False),
        (lambda: made_parameterised(wrong=Wanted(needed=1)), False),
        (lambda: made_parameterised(Wanted(needed=1), params=Wanted(needed=1)), False),
        (lambda: made_parameterised(Wanted(needed=1), Wanted(needed=1)), False),
        (lambda: made_parameterised(params=Wanted(needed=1), more=Wanted(needed=1)), False),
        (lambda: number(params=BaseParameters()), False),
    ],
)
def test_what_a_step_is_made_with(make: Callable[[], Any], *, fits: bool) -> None:
    """Parameters of its own class, once, by position or by name."""
    if fits:
        assert make().given_parameters == {"needed": 1}
        return
    with pytest.raises(StepInterfaceError):
        make()


def test_parameters_have_their_defaults_and_may_be_none(client: Client) -> None:
    """What has no default and is not given is named when the pipeline is run."""

    @step
    def look(params: Wanted) -> str:
        return f"{params.needed} {params.given} {params.perhaps}"

    assert single(look(Wanted(needed=2))).run().get_step("only").output.read() == "2 1 None"
    with pytest.raises(MissingStepParameterError, match=r"needed \(missing\)"):
        single(look()).run()


def test_materializers_are_set_for_all_outputs_or_for_each(client: Client) -> None:
    """What is set later comes over what was set before, and what it does not name stays."""

    @step
    def both() -> Output(one=int, two=str):  # type: ignore[valid-type] # ZenML's way of writing it
        return 1, "x"

    def kept(made: Any) -> list[Any]:
        return [made.materializer_of(name) for name in ("one", "two")]

    made: Any = both()
    assert kept(made) == [BuiltInMaterializer] * 2
    assert kept(made.with_return_materializers(Keeper)) == [Keeper] * 2
    assert kept(both().with_return_materializers({"two": Keeper})) == [BuiltInMaterializer, Keeper]
    assert kept(made.with_return_materializers({"one": BuiltInMaterializer, "two": Keeper})) == [BuiltInMaterializer, Keeper]
    assert kept(made.with_return_materializers(BuiltInMaterializer)) == [BuiltInMaterializer] * 2
    wrong: Any
    for wrong in (str, {"three": Keeper}, {"one": "no_class"}):
        with pytest.raises(StepInterfaceError):
            made.with_return_materializers(wrong)
    assert kept(made) == [BuiltInMaterializer] * 2


def test_materializers_of_one_output_are_added(client: Client) -> None:
    """Naming one output and later another sets both."""

    @step
    def both() -> Output(one=int, two=str):  # type: ignore[valid-type] # ZenML's way of writing it
        return 1, "x"

    made: Any = both().with_return_materializers({"one": Keeper})
    made.with_return_materializers({"two": Keeper})
    assert [made.materializer_of(name) for name in ("one", "two")] == [Keeper, Keeper]


def _ran(make: Callable[[], Any]) -> bool:
    """Tell whether the step was run, and not found in the cache."""
    return bool(pipeline(name="again")(single.connect)(make()).run().get_step("only").is_completed)


def test_the_cache_knows_a_step_by_its_code_its_signature_and_its_materializers(client: Client) -> None:
    """Two instances of one step are the same; another body, input, output or materializer is another step."""
    made: Any = step(name="same")
    assert [_ran(made(_function({}, int, "return 1"))) for _ in range(2)] == [True, False]
    assert _ran(made(_function({}, int, "return 1 + len('')")))
    assert _ran(made(_function({}, float, "return 1")))
    assert _ran(made(_function({"a=1": int}, int, "return 1")))
    assert _ran(lambda: made(_function({}, int, "return 1"))().with_return_materializers(Keeper))
    assert not _ran(made(_function({}, int, "return 1")))


def test_a_step_without_caching_runs_each_time(client: Client) -> None:
    """Though nothing of it has changed."""
    made: Any = step(name="same", enable_cache=False)(_function({}, int, "return 1"))
    assert [_ran(made), _ran(made)] == [True, True]


@pytest.mark.parametrize("crashes", [False, True])
def test_a_step_runs_only_while_it_runs(client: Client, *, crashes: bool) -> None:
    """The environment says so, and no longer when the step has ended or failed."""
    seen = []

    @step(enable_cache=False)
    def look() -> None:
        seen.append(Environment().step_is_running)
        if crashes:
            raise RuntimeError

    made = single(look())
    if crashes:
        with pytest.raises(RuntimeError):
            made.run()
    else:
        made.run()
    assert [*seen, Environment().step_is_running] == [True, False]


def test_steps_wait_for_those_whose_outputs_they_take_and_those_they_are_put_after(client: Client) -> None:
    """Also where the later one is called first."""
    order: list[str] = []

    @step(enable_cache=False)
    def note(context: StepContext) -> int:
        order.append(context.step_name)
        return 1

    @pipeline
    def ordered(one: Any, two: Any, three: Any) -> None:
        three(one(), two())
        one.after(two)

    ordered(note(), note(), add()).run()
    assert order == ["two", "one"]


def test_steps_and_pipelines_can_be_used_again(client: Client) -> None:
    """ZenML 0.20 refuses an instance that is called twice, or stands for two steps; here both work."""
    made = number()
    assert [made(), made()] == [1, 1]

    @pipeline
    def two(first: Any, second: Any) -> None:
        first()
        second()

    assert two(made, made).run().get_step_names() == ["first", "second"]
    again = single(made)
    assert [again.run().status.value, again.run().status.value] == ["completed", "completed"]


@pytest.mark.parametrize("method", ["get_output_artifact_uri", "get_output_materializer"])
@pytest.mark.parametrize(
    ("returns", "asked", "fits"),
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
def test_outputs_that_a_context_knows(client: Client, method: str, returns: Any, asked: tuple[str, ...], *, fits: bool) -> None:
    """One need not be named, several have to, and what is not there is refused."""
    seen: list[Any] = []

    def look(context: Any) -> Any:
        if fits:
            seen.append(getattr(context, method)(*asked))
        else:
            with pytest.raises(StepContextError) as caught:
                getattr(context, method)(*asked)
            seen.append(caught.value)
        return (1, 2) if isinstance(returns, Output) else 1

    look.__annotations__ = {"context": StepContext, "return": returns}
    step(look)()()
    assert isinstance(seen[0], StepContextError) is not fits


def test_a_context_makes_a_materializer_of_another_class(client: Client) -> None:
    """At the place of the output."""
    seen: list[Any] = []

    @step
    def look(context: StepContext) -> int:
        seen.append(context.get_output_materializer(custom_materializer_class=Keeper))
        seen.append(context.get_output_artifact_uri())
        return 1

    look()()
    assert isinstance(seen[0], Keeper)
    assert seen[0].uri == seen[1]


def test_a_step_shows_what_it_is_configured_with(client: Client) -> None:
    """And what the pipeline calls it; references in settings stay references."""
    value = canary("password")
    client.create_secret("db", {"password": value})
    plain: Any = number()
    assert plain.pipeline_parameter_name is None
    assert tuple(plain.configuration) == ("number", True, {}, {}, {}, None, None)
    options = {"step_operator": "machines", "experiment_tracker": "runs", "extra": {"a": 1}, "settings": {"key": "{{db.password}}"}}
    made: Any = step(name="other", enable_cache=False, **options)(parameterised.entrypoint)(Wanted(needed=3))
    found = made.configuration
    assert (found.name, found.enable_cache, found.parameters, found.extra) == ("other", False, {"needed": 3}, {"a": 1})
    assert (found.step_operator, found.experiment_tracker, found.settings) == ("machines", "runs", made.settings)
    assert "'{{db.password}}'" in repr(found)
    assert value not in repr(found)
    single(made)
    assert made.pipeline_parameter_name == "only"
