"""Assertions of ZenML 0.20's tests about definitions and calls of steps; docs/zenml-python.md lists the differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional  # noqa: UP035 - code for ZenML 0.20 has this older syntax

import numpy as np
import pytest

from tests.classic.functions import add, annotated_function, number, one_step_pipeline
from tests.support.error_texts import is_one_line
from zensecrets_jupyter.exceptions import MissingStepParameterError, StepInterfaceError
from zensecrets_jupyter.pipelines import pipeline
from zensecrets_jupyter.steps import BaseParameters, Output, StepContext, step
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.client import Client


class NumberParameters(BaseParameters):
    """Parameters with one required field and two optional fields."""

    required: int
    default: int = 1
    optional: Optional[int] = None  # noqa: UP045 - code for ZenML 0.20 has this older syntax


class OtherParameters(BaseParameters):
    """Parameters of another step."""


class WithoutMaterializer:
    """A class for which no materializer is registered."""


class FloatSubclass(float):
    """A subclass of float."""


class Mixed(FloatSubclass, WithoutMaterializer):
    """A subclass of float and another class."""


@step
def add_parameters(params: NumberParameters) -> int:
    """Return the sum of two parameters."""
    return params.required + params.default


@pytest.mark.parametrize(
    ("parameters", "output_type"),
    [
        ({"a": BaseParameters, "b": BaseParameters}, None),
        ({"a": NumberParameters, "b": OtherParameters}, None),
        ({"a": StepContext, "b": StepContext}, None),
        ({"a": ..., "b": int}, None),
        ({"a": int, "b": int}, ...),
        ({"*a": int}, None),
        ({"**a": int}, None),
        ({}, Output()),
    ],
)
def test_invalid_definitions_are_refused(parameters: dict[str, Any], output_type: Any) -> None:
    """The decorator raises an error with the name of the function, which is ``generated``."""
    with pytest.raises(StepInterfaceError, match="'generated'") as caught:
        step(annotated_function(parameters, output_type))
    assert is_one_line(caught.value)


@pytest.mark.parametrize(
    ("has_context", "option", "expected"),
    [
        (False, None, True),
        (False, False, False),
        (False, True, True),
        (True, None, False),
        (True, False, False),
        (True, True, True),
    ],
)
def test_caching_depends_on_the_option_or_on_the_context(*, has_context: bool, option: bool | None, expected: bool) -> None:
    """``enable_cache`` turns caching on or off. By default, only steps without a context are cached."""
    instance = step(enable_cache=option)(annotated_function({"context": StepContext} if has_context else {}))()
    assert instance.enable_cache is instance.is_cached is expected


@pytest.mark.parametrize(
    ("output_type", "value"),
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
        (FloatSubclass, FloatSubclass(0.5)),
        (Mixed, Mixed(0.5)),
        (WithoutMaterializer, WithoutMaterializer()),
    ],
)
def test_values_of_each_type_reach_the_next_step(client: Client, output_type: Any, value: Any) -> None:
    """A step with the same declared type receives the value unchanged."""
    function = annotated_function({}, output_type, "return value")
    # The globals of the functions are a namespace of their own, so the values are added to it.
    function.__globals__["value"] = value
    received: list[Any] = []
    receive = annotated_function({"data": output_type}, None, "received.append(data)")
    receive.__globals__["received"] = received

    @pipeline
    def passing(first: Any, second: Any) -> None:
        second(first())

    passing(step(name="first", enable_cache=False)(function)(), step(name="second", enable_cache=False)(receive)()).run()
    assert type(received[0]) is type(value)
    # Instances of WithoutMaterializer have no __eq__, so a loaded instance is not equal to the original. Mixed is left out too.
    assert isinstance(value, WithoutMaterializer) or np.array_equal(received[0], value)


@pytest.mark.parametrize(
    ("output_type", "value"),
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
def test_values_of_another_type_or_number_fail_the_run(client: Client, output_type: Any, value: Any) -> None:
    """A wrong type or a wrong number of returned outputs fails the run."""
    function = annotated_function({}, output_type, "return value")
    function.__globals__["value"] = value
    with pytest.raises(StepInterfaceError) as caught:
        one_step_pipeline(step(function)()).run(unlisted=True)
    assert is_one_line(caught.value)


untyped_add: Any = add


@pytest.mark.parametrize("is_in_pipeline", [True, False], ids=["in a pipeline", "outside a pipeline"])
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
def test_arguments_of_a_call_are_validated(client: Client, args: Any, kwargs: Any, *, is_in_pipeline: bool, is_valid: bool) -> None:
    """Wrong numbers, unknown names and wrong types of arguments raise errors."""

    @pipeline
    def calling(adder: Any) -> None:
        adder(*args, **kwargs)

    def call() -> Any:
        return calling(add()).run().get_step("adder").output.read() if is_in_pipeline else add()(*args, **kwargs)

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


untyped_add_parameters: Any = add_parameters
"""The same step, for calls with wrong arguments that the type checker would report."""


@pytest.mark.parametrize(
    ("make", "is_valid"),
    [
        (lambda: untyped_add_parameters(params=NumberParameters(required=1)), True),
        (lambda: untyped_add_parameters(NumberParameters(required=1)), True),
        (lambda: untyped_add_parameters(params=BaseParameters()), False),
        (lambda: untyped_add_parameters(params=OtherParameters()), False),
        (lambda: untyped_add_parameters(wrong=NumberParameters(required=1)), False),
        (lambda: untyped_add_parameters(NumberParameters(required=1), params=NumberParameters(required=1)), False),
        (lambda: untyped_add_parameters(NumberParameters(required=1), NumberParameters(required=1)), False),
        (lambda: untyped_add_parameters(params=NumberParameters(required=1), more=NumberParameters(required=1)), False),
        (lambda: number(params=BaseParameters()), False),
    ],
)
def test_a_step_accepts_only_its_own_parameters(make: Callable[[], Any], *, is_valid: bool) -> None:
    """A step accepts one instance of its own class of parameters, by position or by name."""
    if is_valid:
        assert make().code_parameters == {"required": 1}
        return
    with pytest.raises(StepInterfaceError):
        make()


def test_parameters_have_defaults(client: Client) -> None:
    """A parameter without a value has its default. If a required parameter has no value, a run raises an error."""

    @step
    def look(params: NumberParameters) -> str:
        return f"{params.required} {params.default} {params.optional}"

    assert one_step_pipeline(look(NumberParameters(required=2))).run().get_step("only").output.read() == "2 1 None"
    with pytest.raises(MissingStepParameterError, match="'required' is missing"):
        one_step_pipeline(look()).run()


def test_the_configuration_of_a_step_is_readable(client: Client) -> None:
    """References in the configuration are not resolved.

    Before a pipeline uses the step, ``pipeline_parameter_name`` is ``None``. Then it is the name of the pipeline's parameter.
    """
    value = canary("password")
    client.create_secret("db", {"password": value})
    plain: Any = number()
    assert plain.pipeline_parameter_name is None
    # The fields are: name, enable_cache, parameters, settings, extra, step_operator, experiment_tracker.
    assert tuple(plain.configuration) == ("number", True, {}, {}, {}, None, None)
    options = {"step_operator": "machines", "experiment_tracker": "runs", "extra": {"a": 1}, "settings": {"key": "{{db.password}}"}}
    instance: Any = step(name="other", enable_cache=False, **options)(add_parameters.entrypoint)(NumberParameters(required=3))
    configuration = instance.configuration
    assert (configuration.name, configuration.enable_cache) == ("other", False)
    assert (configuration.parameters, configuration.extra) == ({"required": 3}, {"a": 1})
    assert (configuration.step_operator, configuration.experiment_tracker, configuration.settings) == (
        "machines",
        "runs",
        instance.settings,
    )
    assert "'{{db.password}}'" in repr(configuration)
    assert value not in repr(configuration)
    one_step_pipeline(instance)
    assert instance.pipeline_parameter_name == "only"
