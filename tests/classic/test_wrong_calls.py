"""Wrong arguments of steps, pipelines and parameters: errors with near misses or a correct call.

A near miss is a similar name in the hint of an error, such as ``Did you mean 'rate'``.

In the ids of tests, ``0.20`` is the API with ZenML 0.20's names, which is also called classic, and ``now`` is the new API.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import field_validator

import zensecrets_jupyter as new_api
from tests.support.error_texts import is_one_line
from zensecrets_jupyter.config.resource_settings import ByteUnit, ResourceSettings
from zensecrets_jupyter.exceptions import DoesNotExistException, StepInterfaceError
from zensecrets_jupyter.pipelines import Schedule, pipeline
from zensecrets_jupyter.post_execution import get_pipeline
from zensecrets_jupyter.steps import BaseParameters, Output, step
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.client import Client


class Rates(BaseParameters):
    """Parameters with several types of fields."""

    rate: float
    names: list[str] = []  # noqa: RUF012 - pydantic copies the default for each instance
    mode: int | None = None

    @field_validator("mode")
    @classmethod
    def _check_mode(cls, mode: int | None) -> int | None:
        # The limit is arbitrary: tests need values that the field's own check refuses.
        if mode is not None and mode > 9:
            message = f"{mode} is too large"
            raise ValueError(message)
        return mode


@step
def load() -> Output(left=int, right=int):  # type: ignore[valid-type] # ZenML's syntax for several outputs
    """Return two numbers."""
    return 1, 2


@step(enable_cache=False)
def train(params: Rates, data: int) -> float:
    """Return a number."""
    return params.rate * data


@step
def show(data: int) -> None:
    """Return nothing."""


new_load = new_api.step(load.entrypoint)
new_show = new_api.step(show.entrypoint)


def _check_refused(error_text: str, call: Callable[[], Any]) -> None:
    """Check that a call raises an error in one line that contains ``error_text``."""
    with pytest.raises(StepInterfaceError) as caught:
        call()
    assert error_text in str(caught.value)
    assert is_one_line(caught.value)


# Each of the next functions uses the outputs of a step as if the step had another number of outputs.


def _unpack_three(outputs: Any) -> None:
    _a, _b, _c = outputs


def _unpack_one(outputs: Any) -> None:
    (_a,) = outputs


def _unpack_at_least_three(outputs: Any) -> None:
    """Unpack with two names before the star, and one after it."""
    _a, _b, *_rest, _c = outputs


def _unpack_with_star_in_the_middle(outputs: Any) -> None:
    """Unpack with one name before the star, and two after it."""
    _a, *_rest, _b, _c = outputs


def _unpack_in_a_loop(outputs: Any) -> None:
    for _a, _b, _c in [outputs]:
        pass


def _read_third_item(outputs: Any) -> None:
    outputs[2]


@pytest.mark.parametrize("is_classic", [True, False], ids=["0.20", "now"])
@pytest.mark.parametrize(
    ("use_outputs", "error_text"),
    [
        (_unpack_three, "has 2 outputs (left, right), and 3 are unpacked"),
        (_unpack_one, "has 2 outputs (left, right), and 1 is unpacked"),
        (_unpack_at_least_three, "has 2 outputs (left, right), and at least 3 are unpacked"),
        (_unpack_with_star_in_the_middle, "has 2 outputs (left, right), and at least 3 are unpacked"),
        (_unpack_in_a_loop, "has 2 outputs (left, right), and 3 are unpacked"),
        (_read_third_item, "has 2 outputs (left, right), and there is no output with index 2"),
    ],
)
def test_a_wrong_number_of_unpacked_outputs_is_refused(
    client: Client, use_outputs: Callable[[Any], None], error_text: str, *, is_classic: bool
) -> None:
    """If an assignment, a loop or an index needs another number of outputs, the error names the step and its outputs."""

    def pipeline_function(loader: Any) -> None:
        use_outputs(loader())

    def run() -> Any:
        return pipeline(pipeline_function)(loader=load()).run() if is_classic else new_api.pipeline(pipeline_function)(new_load)

    _check_refused("Step 'loader' " if is_classic else "Step 'load' ", run)
    _check_refused(error_text, run)


@pytest.mark.parametrize("is_classic", [True, False], ids=["0.20", "now"])
def test_unpacking_a_step_without_outputs_is_refused(client: Client, *, is_classic: bool) -> None:
    """Unpacking a step without outputs raises an error. Other errors in the function of the pipeline are raised unchanged."""

    def pipeline_function(viewer: Any) -> None:
        _a, _b = viewer(1)

    def failing_function(viewer: Any) -> None:
        viewer(1)
        len(None)  # type: ignore[arg-type] # the test passes a wrong type

    def run(function: Any) -> Any:
        return pipeline(function)(viewer=show()).run() if is_classic else new_api.pipeline(function)(new_show)

    _check_refused(f"Step '{'viewer' if is_classic else 'show'}' has no outputs, and 2 are unpacked", lambda: run(pipeline_function))
    with pytest.raises(TypeError, match="len"):
        run(failing_function)


def test_the_correct_number_of_outputs_is_unpacked(client: Client) -> None:
    """Outputs can be unpacked, also with a star, by index, in a loop, or as arguments."""

    @step
    def add(first: int, second: int) -> int:
        return first + second

    @pipeline
    def all_ways(loader: Any, adder: Any) -> None:
        outputs = loader()
        left, right = outputs
        first, *rest = outputs
        assert [left, right] == [first, *rest] == list(outputs) == [outputs[0], outputs[-1]] == [output for output in outputs]  # noqa: C416
        assert outputs[:1] == (left,)
        assert len(outputs) == 2
        adder(*outputs)

    assert all_ways(load(), add()).run().get_step("adder").output.read() == 3


@pytest.mark.parametrize("decorate", [step, new_api.step], ids=["0.20", "now"])
def test_an_empty_output_annotation_is_refused(decorate: Any) -> None:
    """``Output()`` raises an error that suggests another annotation."""

    def nothing() -> None: ...

    nothing.__annotations__["return"] = Output()
    _check_refused("Step 'nothing' declares Output() without an output", lambda: decorate(nothing))


@pipeline
def training(loader: Any, trainer: Any) -> None:
    """Train with the first of two numbers."""
    trainer(loader()[0])


# Without their types, so that the type checker does not report the wrong calls.
untyped_training: Any = training
untyped_train: Any = train


@pytest.mark.parametrize(
    ("call", "error_text"),
    [
        (lambda: untyped_training(loader=load(), trainr=train()), "unexpected keyword argument 'trainr'. Did you mean 'trainer'"),
        (lambda: untyped_training(loader=load(), d=train()), "unexpected keyword argument 'd'. It takes loader, trainer."),
        (lambda: untyped_training(load(), x=1, y=2), "unexpected keyword arguments 'x', 'y'"),
        (lambda: untyped_training(load()), "missing a required argument: 'trainer'"),
        (lambda: untyped_train(rate=1), "'rate'. Give the parameter like this: train(params=Rates(rate=…))"),
        (lambda: untyped_train(epochs=3), "unexpected keyword argument 'epochs'. Its class takes params=Rates(…)."),
        (lambda: untyped_train(rates=3), "unexpected keyword argument 'rates'. Did you mean 'rate'"),
        (lambda: untyped_train(parms=Rates(rate=1)), "unexpected keyword argument 'parms'. Did you mean 'params'"),
        (lambda: untyped_train(data=3), "'data' is an input: give it in the function of the pipeline, which calls the step"),
        (lambda: untyped_train(enable_cache=False), "Give it to the decorator, as @step(enable_cache=…)"),
        (lambda: untyped_train(step_operator="x"), "Give it to the decorator, as @step(step_operator=…)"),
        (lambda: show()(dat=1), "Wrong arguments for step 'show': got an unexpected keyword argument 'dat'. Did you mean 'data'"),
        (lambda: new_show(dat=1), "Wrong arguments for step 'show': got an unexpected keyword argument 'dat'. Did you mean 'data'"),
        (lambda: new_show(1, daten=1), "unexpected keyword argument 'daten'. Did you mean 'data'"),
        (lambda: training(load(), train()).run(run_nam="x"), "unexpected keyword argument 'run_nam'. Did you mean 'run_name'"),
    ],
)
def test_an_unknown_argument_is_reported_before_a_missing_one(call: Callable[[], Any], error_text: str) -> None:
    """The error has a near miss, or the correct way to pass the argument."""
    _check_refused(error_text, call)


@pytest.mark.parametrize(
    ("misspelled", "option"),
    [
        ("run_nam", "run_name"),
        ("stps", "steps"),
        ("config_paht", "config_path"),
        ("unlistd", "unlisted"),
        ("step_configuration", "step_configurations"),
        ("schedul", "schedule"),
        ("enable_cach", "enable_cache"),
        ("merg", "merge"),
    ],
)
def test_near_misses_include_all_options(misspelled: str, option: str) -> None:
    """A near miss can be an option of the run or of the pipeline."""
    instance: Any = training(load(), train())
    error_text = f"no argument {misspelled!r} for pipeline 'training'. Did you mean '{option}'"
    _check_refused(error_text, lambda: instance.with_options(**{misspelled: 1}))


def test_only_the_decorator_sets_a_name() -> None:
    """``name`` of an existing step or pipeline can't change. The error suggests the decorator."""
    step_or_pipeline: Any
    for step_or_pipeline in (new_show, training(load(), train()), new_api.pipeline(nothing)):
        _check_refused("can't be changed. Give it to the decorator: @", partial(step_or_pipeline.with_options, name="x"))


def nothing() -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("values", "error_text"),
    # The test replaces "{value}" by a canary. A mode above 9 is refused by the validator of the class.
    [
        ({}, "'rate' is missing"),
        ({"rate": "{value}"}, "'rate' has to be float"),
        ({"rate": 1, "names": "{value}"}, "'names' has to be list[str]"),
        ({"rate": 1, "names": ["a", {"x": "{value}"}]}, "'names.1' is not a text"),
        ({"rate": 1, "mode": "{value}"}, "'mode' has to be int | None"),
        ({"rate": 1, "mode": 12}, "'mode' was refused by its own check"),
        ({"rate": "{value}", "mode": 10}, "'rate' has to be float, 'mode' was refused by its own check"),
    ],
)
def test_wrong_parameters_are_reported_without_the_value(client: Client, values: dict[str, Any], error_text: str) -> None:
    """The error is one line, and does not contain the value.

    If a run sets the parameters, the error also names the step.
    """
    value = canary("parameters")

    def insert_value(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {key: insert_value(item) for key, item in tree.items()}
        if isinstance(tree, list):
            return [insert_value(item) for item in tree]
        return value if tree == "{value}" else tree

    parameters = insert_value(values)
    with pytest.raises(StepInterfaceError) as caught:
        Rates(**parameters)
    assert str(caught.value).startswith(f"The parameters Rates are not acceptable: {error_text}.")
    assert is_one_line(caught.value)
    assert value not in str(caught.value)
    with pytest.raises(StepInterfaceError) as caught:
        training(load(), train()).run(step_configurations={"trainer": {"parameters": parameters}})
    assert str(caught.value).startswith(f"Step 'train': The parameters Rates are not acceptable: {error_text}.")
    assert error_text in str(caught.value)
    assert is_one_line(caught.value)
    assert value not in str(caught.value)


def test_get_pipeline_needs_a_name_or_a_pipeline(client: Client) -> None:
    """For a pipeline without runs, the result is ``None``. An object that is no pipeline raises an error."""
    assert get_pipeline("training") is None
    assert get_pipeline(training) is None
    for no_pipeline in (Rates, object(), 1234, None):
        with pytest.raises(DoesNotExistException) as caught:
            get_pipeline(no_pipeline)
        assert is_one_line(caught.value)


@pytest.mark.parametrize(
    ("make", "error_text"),
    [
        (lambda: ResourceSettings(cpu_count=-13), "'cpu_count' has to be at least 0"),
        (lambda: ResourceSettings(cpu_count=-101.7), "'cpu_count'"),
        (lambda: ResourceSettings(gpu_count=-1), "'gpu_count'"),
        (lambda: ResourceSettings(memory="1 KB"), "'memory' has to be a whole number with a unit"),
        (lambda: ResourceSettings(memory="-1KB"), "'memory'"),
        (lambda: ResourceSettings(memory="KB"), "'memory'"),
        (lambda: ResourceSettings(memory="1AB"), "'memory'"),
        (lambda: ResourceSettings(memory="1KB").get_memory("XB"), "no unit 'XB'"),
        (Schedule, "The schedule has no time"),
        # An interval needs a start time.
        (lambda: Schedule(interval_second=5), "The schedule has no time"),
    ],
)
def test_invalid_machine_settings_and_schedules_are_refused(make: Callable[[], Any], error_text: str) -> None:
    """``ResourceSettings`` and ``Schedule`` are validated, although they have no effect here.

    The same code may run with ZenML later.
    """
    _check_refused(error_text, make)


def test_valid_machine_settings_and_schedules_are_accepted() -> None:
    """Valid settings are accepted, and the memory can be read in each unit."""
    assert ResourceSettings().empty
    assert ResourceSettings(cpu_count=None, gpu_count=None, memory=None).empty
    assert not any(ResourceSettings(**options).empty for options in ({"cpu_count": 0.3}, {"gpu_count": 1}, {"memory": "1KB"}))
    # Each memory and unit, and the memory as a number of this unit.
    memory = {("1KB", "MB"): 0.001, ("1000MB", "KB"): 1_000_000, ("1000MB", "GB"): 1, ("11GiB", "KiB"): 11 * 1024**2, ("42PiB", "PiB"): 42}
    for (text, unit), expected in memory.items():
        assert ResourceSettings(memory=text).get_memory(unit) == expected
    assert ResourceSettings(memory="2GiB").get_memory(ByteUnit.MIB) == 2048
    assert ResourceSettings().get_memory() is None
    # The first two units are KB and KiB.
    assert [unit.byte_value for unit in ByteUnit][:2] == [1000, 1024]
    assert Schedule(cron_expression="* * * * *").cron_expression
    assert Schedule(start_time="2022-10-21T12:00:00", interval_second=5).interval_second == 5


class OtherRates(BaseParameters):
    """Parameters of a class that no step in this file accepts."""

    rate: float


PARAMETER_SETTERS: dict[str, Callable[[Any], object]] = {
    "class-based step": lambda parameters: train().configure(parameters=parameters),
    "step": lambda parameters: new_show.configure(parameters=parameters),
    "copy of a step": lambda parameters: new_show.with_options(parameters=parameters),
    "pipeline": lambda parameters: new_api.pipeline(name="some")(lambda: None).configure(parameters=parameters),
}
"""The ways to set parameters, in the classic API ("class-based step") and in the new API."""


WRONG_PARAMETERS: list[object] = [5, "text", b"bytes", ["rate"], {1: 2}, True, object(), OtherRates(rate=5)]
"""Objects that are no mapping, a mapping with a key that is no text, and an instance of another class."""


@pytest.mark.parametrize("configure", PARAMETER_SETTERS)
@pytest.mark.parametrize("parameters", WRONG_PARAMETERS, ids=lambda value: type(value).__name__)
def test_parameters_of_a_wrong_type_are_refused(configure: str, parameters: object) -> None:
    """Parameters have to be a mapping with text keys, or an instance of the step's own class."""
    with pytest.raises(StepInterfaceError, match="are of type") as caught:
        PARAMETER_SETTERS[configure](parameters)
    assert is_one_line(caught.value)


def test_an_instance_of_the_parameters_class_is_accepted() -> None:
    """The values of the instance that ``configure`` gets replace the values from the constructor."""
    assert train(Rates(rate=1)).configure(parameters=Rates(rate=5)).code_parameters == {"rate": 5}


CONFIG_PATH_SETTERS: dict[str, Callable[[Any], object]] = {
    "class-based run": lambda path: pipeline(name="some")(_connect)(load()).run(config_path=path),
    "class-based configuration": lambda path: pipeline(name="some")(_connect)(load()).with_config(path),
    "run": lambda path: new_api.pipeline(name="some")(lambda: None).with_options(config_path=path),
}
"""The ways to set the configuration file, in the classic API ("class-based …") and in the new API."""


def _connect(loader: Any) -> None:
    loader()


@pytest.mark.parametrize("use", CONFIG_PATH_SETTERS)
@pytest.mark.parametrize("path", [5, b"bytes", ["a"], {1: 2}, True, object()], ids=lambda value: type(value).__name__)
def test_a_path_of_a_wrong_type_is_refused(client: Client, use: str, path: object) -> None:
    """The path of a configuration file has to be a text or a path object."""
    with pytest.raises(StepInterfaceError, match="is of type") as caught:
        CONFIG_PATH_SETTERS[use](path)
    assert is_one_line(caught.value)
