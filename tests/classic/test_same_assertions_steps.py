"""Assertions of ZenML 0.20's tests about definitions and calls of steps; docs/zenml.md lists the differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional  # noqa: UP035 - code for ZenML 0.20 has this older syntax

import numpy as np
import pytest

from tests.classic.functions import add, annotated_function, number, single
from tests.support.error_texts import is_one_line
from zensecrets_jupyter.exceptions import MissingStepParameterError, StepInterfaceError
from zensecrets_jupyter.pipelines import pipeline
from zensecrets_jupyter.steps import BaseParameters, Output, StepContext, step
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.client import Client


class Wanted(BaseParameters):
    """Parameters with one required field and two optional fields."""

    needed: int
    given: int = 1
    optional: Optional[int] = None  # noqa: UP045 - code for ZenML 0.20 has this older syntax


class Other(BaseParameters):
    """Parameters of another step."""


class Unregistered:
    """A class without its own materializer."""


class Half(float):
    """A subclass of float."""


class Mixed(Half, Unregistered):
    """A subclass of float and another class."""


@step
def parameterised(params: Wanted) -> int:
    """Return the given value."""
    return params.needed + params.given


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
def test_invalid_definitions_are_refused(parameters: dict[str, Any], returns: Any) -> None:
    """The decorator raises an error with the name of the step."""
    with pytest.raises(StepInterfaceError, match="'generated'") as caught:
        step(annotated_function(parameters, returns))
    assert is_one_line(caught.value)


@pytest.mark.parametrize(
    ("context", "option", "expected"),
    [(context, option, option if option is not None else not context) for context in (False, True) for option in (None, False, True)],
)
def test_caching_has_the_given_value_or_depends_on_the_context(*, context: bool, option: bool | None, expected: bool) -> None:
    """``enable_cache`` of an instance is a bool."""
    instance = step(enable_cache=option)(annotated_function({"context": StepContext} if context else {}))()
    assert instance.enable_cache is instance.is_cached is expected


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
)
def test_values_of_each_type_reach_the_next_step(client: Client, returns: Any, value: Any) -> None:
    """A step with the same declared type receives the value unchanged."""
    function = annotated_function({}, returns, "return value")
    function.__globals__["value"] = value
    seen: list[Any] = []
    taking = annotated_function({"data": returns}, None, "seen.append(data)")
    taking.__globals__["seen"] = seen

    @pipeline
    def passing(first: Any, second: Any) -> None:
        second(first())

    passing(step(name="first", enable_cache=False)(function)(), step(name="second", enable_cache=False)(taking)()).run()
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
    """A wrong type or number of outputs fails the run, for named and unnamed outputs."""
    function = annotated_function({}, returns, "return value")
    function.__globals__["value"] = value
    with pytest.raises(StepInterfaceError) as caught:
        single(step(function)()).run(unlisted=True)
    assert is_one_line(caught.value)


untyped_add: Any = add


@pytest.mark.parametrize("inside", [True, False], ids=["in a pipeline", "alone"])
@pytest.mark.parametrize(
    ("args", "kwargs", "is_valid"),
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
def test_arguments_of_a_call_are_validated(client: Client, args: Any, kwargs: Any, *, inside: bool, is_valid: bool) -> None:
    """Wrong numbers, unknown names and wrong types of arguments raise errors."""

    @pipeline
    def calling(adder: Any) -> None:
        adder(*args, **kwargs)

    def call() -> Any:
        return calling(add()).run().get_step("adder").output.read() if inside else add()(*args, **kwargs)

    if is_valid:
        assert call() == 3
        return
    with pytest.raises(StepInterfaceError):
        call()


def test_keyword_only_parameters_are_inputs(client: Client) -> None:
    """A keyword-only parameter of a step is an input by name."""

    @step
    def subtract(first: int, *, second: int) -> int:
        return first - second

    @pipeline
    def subtracting(first: Any, second: Any) -> None:
        second(3, second=first())

    assert subtracting(number(), subtract()).run().get_step("second").output.read() == 2


untyped_parameterised: Any = parameterised


@pytest.mark.parametrize(
    ("make", "is_valid"),
    [
        (lambda: untyped_parameterised(params=Wanted(needed=1)), True),
        (lambda: untyped_parameterised(Wanted(needed=1)), True),
        (lambda: untyped_parameterised(params=BaseParameters()), False),
        (lambda: untyped_parameterised(params=Other()), False),
        (lambda: untyped_parameterised(wrong=Wanted(needed=1)), False),
        (lambda: untyped_parameterised(Wanted(needed=1), params=Wanted(needed=1)), False),
        (lambda: untyped_parameterised(Wanted(needed=1), Wanted(needed=1)), False),
        (lambda: untyped_parameterised(params=Wanted(needed=1), more=Wanted(needed=1)), False),
        (lambda: number(params=BaseParameters()), False),
    ],
)
def test_a_step_accepts_only_its_own_parameters(make: Callable[[], Any], *, is_valid: bool) -> None:
    """The constructor accepts one instance of the class of parameters, by position or by name."""
    if is_valid:
        assert make().given_parameters == {"needed": 1}
        return
    with pytest.raises(StepInterfaceError):
        make()


def test_parameters_have_defaults(client: Client) -> None:
    """A run without a required parameter raises an error that names it."""

    @step
    def look(params: Wanted) -> str:
        return f"{params.needed} {params.given} {params.optional}"

    assert single(look(Wanted(needed=2))).run().get_step("only").output.read() == "2 1 None"
    with pytest.raises(MissingStepParameterError, match="'needed' is missing"):
        single(look()).run()


def test_the_configuration_of_a_step_is_readable(client: Client) -> None:
    """The configuration has unresolved references, and the step has its name in the pipeline."""
    value = canary("password")
    client.create_secret("db", {"password": value})
    plain: Any = number()
    assert plain.pipeline_parameter_name is None
    assert tuple(plain.configuration) == ("number", True, {}, {}, {}, None, None)
    options = {"step_operator": "machines", "experiment_tracker": "runs", "extra": {"a": 1}, "settings": {"key": "{{db.password}}"}}
    instance: Any = step(name="other", enable_cache=False, **options)(parameterised.entrypoint)(Wanted(needed=3))
    configuration = instance.configuration
    assert (configuration.name, configuration.enable_cache) == ("other", False)
    assert (configuration.parameters, configuration.extra) == ({"needed": 3}, {"a": 1})
    assert (configuration.step_operator, configuration.experiment_tracker, configuration.settings) == (
        "machines",
        "runs",
        instance.settings,
    )
    assert "'{{db.password}}'" in repr(configuration)
    assert value not in repr(configuration)
    single(instance)
    assert instance.pipeline_parameter_name == "only"
