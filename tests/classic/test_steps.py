"""Steps of ZenML 0.20: definition, parameters and errors."""

from typing import TYPE_CHECKING, Any, Optional, Union

import pytest

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.client import Client
from zensecrets_jupyter.exceptions import MissingStepParameterError, StepContextError, StepInterfaceError
from zensecrets_jupyter.materializers.base_materializer import BaseMaterializer
from zensecrets_jupyter.pipelines import pipeline
from zensecrets_jupyter.steps import BaseParameters, BaseStep, Output, StepContext, step

if TYPE_CHECKING:
    from collections.abc import Callable


class Parameters(BaseParameters):
    """The parameters of most steps in this file."""

    rate: float
    rounds: int = 2


@step
def train(params: Parameters, first: int, second: int) -> float:
    """Return a rate."""
    return (first - second) * params.rate * params.rounds


@step
def first_number() -> int:
    """Return a number."""
    return 1


@step
def second_number() -> int:
    """Return another number."""
    return 2


@pipeline
def training(left: Any, right: Any, trainer: Any) -> None:
    """Train with two numbers."""
    trainer(left(), second=right())


def _train_and_read(trainer: Any, **options: Any) -> Any:
    return training(first_number(), second_number(), trainer).run(**options).get_step("trainer").output.read()


def test_a_decorated_function_is_a_class_of_steps() -> None:
    """The class has the name and docstring of the function."""
    assert issubclass(train, BaseStep)
    assert (train.__name__, train.__doc__, train.__module__) == ("train", "Return a rate.", __name__)
    instance: Any = train()
    assert isinstance(instance, train)
    assert (instance.name, instance.enable_cache, instance.is_cached) == ("train", True, True)
    bare: Any = train.entrypoint
    # (3 - 1) * rate 1 * 2 rounds, because 2 is the default of rounds.
    assert bare(Parameters(rate=1), 3, 1) == instance.entrypoint(Parameters(rate=1), 3, 1) == 4
    named = step(name="other", enable_cache=False, extra={"a": 1})(train.entrypoint)
    assert (named.__name__, named().name, named().is_cached, named().options) == ("other", "other", False, {"extra": {"a": 1}})


def test_later_parameters_override_earlier_ones(client: Client) -> None:
    """Parameters are read from the defaults, the constructor, ``configure`` and the run, in this order.

    The pipeline passes the numbers 1 and 2, so the result is ``-rate * rounds``.
    """
    assert _train_and_read(train(Parameters(rate=1))) == -2
    assert _train_and_read(train(params=Parameters(rate=1, rounds=1))) == -1
    assert _train_and_read(train().configure(parameters={"rate": 3})) == -6
    assert _train_and_read(train(Parameters(rate=1, rounds=1)).configure(parameters={"rounds": 5})) == -5
    trainer = train(Parameters(rate=1))
    assert _train_and_read(trainer, step_configurations={"trainer": {"parameters": {"rounds": 4}}}) == -4
    assert _train_and_read(trainer) == -2


def test_missing_and_wrong_parameters_are_refused(client: Client) -> None:
    """A run without a required parameter, and a step with wrong parameters, raise an error.

    ``MissingStepParameterError`` is only another name of ``StepInterfaceError``, so it also covers wrong parameters.
    """
    wrong_calls: dict[str, Callable[[], Any]] = {
        "'rate' is missing": lambda: _train_and_read(train()),
        "'rate' has to be float": lambda: _train_and_read(train().configure(parameters={"rate": "much"})),
        "has no parameter 'rat'. Did you mean 'rate'": lambda: train().configure(parameters={"rat": 1}),
        "are of type dict, and it takes Parameters": lambda: train({"rate": 1}),
        "argument 'parameters'. Give it to the decorator": lambda: train(parameters=Parameters(rate=1)),
        "its class takes params=Parameters": lambda: train(Parameters(rate=1), Parameters(rate=2)),
        "its class takes nothing": lambda: first_number(Parameters(rate=1)),
    }
    for error_text, call in wrong_calls.items():
        with pytest.raises(MissingStepParameterError) as caught:
            call()
        assert error_text in str(caught.value)
        assert is_one_line(caught.value)


def test_the_decorator_validates_the_definition_of_a_step() -> None:
    """The decorator refuses invalid functions, and unknown arguments of the decorator.

    The invalid functions have a missing annotation, variable parameters, two contexts, or two parameters with a ``BaseParameters`` class.
    """

    def without_parameter_type(a) -> None: ...  # type: ignore[no-untyped-def] # noqa: ANN001 - the test needs a parameter without an annotation

    def without_return_type(a: int): ...  # type: ignore[no-untyped-def] # noqa: ANN202 - the test needs a function without a return annotation

    def with_variable_parameters(*a: int) -> None: ...

    def two_contexts(a: StepContext, b: StepContext) -> None: ...

    def two_parameters(a: Parameters, b: Parameters) -> None: ...

    for function in (without_parameter_type, without_return_type, with_variable_parameters, two_contexts, two_parameters):
        with pytest.raises(StepInterfaceError) as caught:
            step(function)
        assert function.__name__ in str(caught.value)
        assert is_one_line(caught.value)
    with pytest.raises(StepInterfaceError, match=r"no argument 'enable_chache' for step 'fine'.*'enable_cache'"):
        # The misspelling is intended.
        @step(enable_chache=True)
        def fine() -> None: ...


def test_the_annotation_defines_the_outputs_of_a_class(client: Client) -> None:
    """The annotation ``tuple[int, str]`` declares one output. ``Output`` declares one or several named outputs."""

    @step
    def pair() -> tuple[int, str]:
        return 1, "x"

    @step
    def named() -> Output(a=int, b=Optional[str]):  # type: ignore[valid-type] # noqa: UP045 - code for ZenML 0.20 has this older syntax
        return 1, None

    @step
    def single() -> Output(a=int):  # type: ignore[valid-type] # ZenML's syntax for named outputs
        return 1

    @pipeline
    def three(pair: Any, named: Any, single: Any) -> None:
        pair()
        named()
        single()

    run = three(pair(), named(), single()).run()
    outputs = {}
    for name in run.get_step_names():
        outputs[name] = {key: output.read() for key, output in run.get_step(name).outputs.items()}
    assert outputs == {"pair": {"output": (1, "x")}, "named": {"a": 1, "b": None}, "single": {"a": 1}}


@pytest.mark.parametrize(
    ("output_type", "output", "error_text"),
    [
        (int, "text", "is of type str, and the step declares int"),
        (tuple, [1], "is of type list, and the step declares tuple"),
        (tuple[int, int], 1, "is of type int, and the step declares tuple[int, int]"),
        (int, (1,), "is of type tuple, and the step declares int"),
        (Union[int, str], 1.5, "is of type float, and the step declares Union[int, str]"),  # noqa: UP007 - code for ZenML 0.20 has this older syntax
        (dict[str, int], [1], "is of type list, and the step declares dict[str, int]"),
        (Output(a=int, b=str), (1, 2), "Output 'b' of step 'my_step' is of type int, and the step declares str"),
        (Output(a=int, b=str), (1,), "declares 2 outputs (a, b) and returned 1"),
        (Output(a=int, b=str), 1, "declares 2 outputs (a, b) and returned one int"),
    ],
)
def test_an_output_of_the_wrong_type_fails_the_step(client: Client, output_type: Any, output: Any, error_text: str) -> None:
    """The error has the declared and the actual type, or both numbers of outputs."""

    def my_step() -> Any:
        return output

    my_step.__annotations__["return"] = output_type
    instance = step(my_step)()
    with pytest.raises(StepInterfaceError) as caught:
        instance()
    assert error_text in str(caught.value)
    assert is_one_line(caught.value)


def test_an_input_of_the_wrong_type_is_refused(client: Client) -> None:
    """An input of a wrong type raises an error. A default is accepted, even if it has another type."""

    @step
    def text() -> str:
        return "x"

    @step
    def add(number: int, addend: int = None) -> int:  # type: ignore[assignment] # noqa: RUF013 - old code has this syntax
        return number + (addend or 0)

    @pipeline
    def adding(first: Any, add: Any) -> None:
        add(first())

    assert adding(first_number(), add()).run().get_step("add").output.read() == 1
    with pytest.raises(StepInterfaceError, match="Input 'number' of step 'add' is of type str, and the step declares int"):
        adding(text(), add()).run()
    with pytest.raises(StepInterfaceError, match="Input 'addend' of step 'add' is of type str"):
        add()(1, addend="1")


def test_materializers_are_validated() -> None:
    """Another class, a materializer without a write method, and an unknown output are refused."""

    class Nothing(BaseMaterializer):
        """A materializer without a method that writes or reads."""

    # One materializer for all outputs, or a mapping of outputs to materializers.
    materializers: Any
    for materializers, error_text in (
        (int, "no materializer"),
        ({"other": BaseMaterializer}, "no output 'other'"),
        (Nothing, "no method that writes"),
    ):
        with pytest.raises(StepInterfaceError, match=error_text):
            first_number().with_return_materializers(materializers)


def test_a_context_has_the_step_name_and_the_outputs(client: Client) -> None:
    """``step_name`` is the name of the step in the pipeline.

    The methods for outputs accept the names of the outputs.
    """
    step_names = []

    @step
    def look(context: StepContext) -> Output(a=int, b=int):  # type: ignore[valid-type] # ZenML's syntax for several outputs
        step_names.append(context.step_name)
        assert context.get_output_artifact_uri(output_name="a") != context.get_output_artifact_uri("b")
        # A name is required, because the step has two outputs. No output has the name "c".
        for name in (None, "c"):
            with pytest.raises(StepContextError):
                context.get_output_artifact_uri(name)
        return 1, 2

    @step
    def nothing(context: StepContext) -> None:
        with pytest.raises(StepContextError, match="no outputs"):
            context.get_output_materializer()

    @pipeline
    def looking(first: Any, second: Any) -> None:
        first()
        second()

    looking(look(), nothing()).run()
    assert step_names == ["first"]
    # By default, a step with a context is not cached.
    assert [look().is_cached, look().configure(enable_cache=True).is_cached] == [False, True]


def test_a_step_class_is_cached_by_its_code_and_attributes(client: Client) -> None:
    """A changed method, attribute or base class is a cache miss.

    A step class with its own constructor is never cached.
    """

    def run(size: int, base_adds: int, *, constructor: bool = False) -> tuple[bool, int]:
        class Base(BaseStep):
            def added(self) -> int:
                return base_adds

        class Sized(Base):
            SIZE = size

            def entrypoint(self) -> int:
                return self.SIZE + self.added()

        class WithConstructor(Sized):
            def __init__(self) -> None:
                super().__init__()

        @pipeline(name="one_step")
        def one_step(only: Any) -> None:
            only()

        step_view = one_step(WithConstructor() if constructor else Sized()).run().get_step("only")
        return step_view.is_cached, step_view.output.read()

    # Each run returns whether the step was cached, and its output.
    assert [run(1, 1), run(1, 1), run(2, 1), run(2, 2), run(2, 2)] == [(False, 2), (True, 2), (False, 3), (False, 4), (True, 4)]
    assert [run(1, 1, constructor=True), run(1, 1, constructor=True)] == [(False, 2), (False, 2)]


def test_a_class_without_an_entrypoint_is_refused() -> None:
    """A step class without the method ``entrypoint`` raises an error that names the class."""

    class Empty(BaseStep):
        """A class without the method ``entrypoint``."""

    with pytest.raises(StepInterfaceError, match="Empty"):
        Empty()
