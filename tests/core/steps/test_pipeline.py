"""Pipelines: definition, results of runs, and failures of steps."""

import os
import re
import threading
from collections.abc import Callable
from typing import Annotated, Any

import pytest

from tests.support.error_texts import error_details, is_one_line
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import (
    ArtifactError,
    InvalidSecretError,
    StackValidationError,
    StepContextError,
    StepInterfaceError,
)
from zensecrets_jupyter.core.steps import ExecutionStatus, Pipeline, StepContext, get_step_context, pipeline, recent_runs, step
from zensecrets_jupyter.testing.canary import canary, find_canary

Pair = tuple[Annotated[int, "first"], Annotated[int, "second"]]


@step
def make(n: int) -> int:
    """Return a number."""
    return n


@step
def split(n: int) -> Pair:
    """Return two numbers."""
    return n // 10, n % 10


@step
def add(a: int, b: int = 100) -> int:
    """Return the sum."""
    return a + b


@step
def fail(n: int) -> int:
    """Raise an error that quotes the argument."""
    message = f"it was {n}"
    raise LookupError(message)


def test_outputs_and_values_reach_the_next_step(client: Client) -> None:
    """A step can receive a single output, an unpacked output, a value or a default, and the run has the output of each step."""

    @pipeline
    def sums(n: int, *, offset: int = 0) -> None:
        first, second = split(make(n))
        both = split(n)
        add(add(first, second), offset)
        add(both[1])

    run = sums(42, offset=1)
    assert run.status is ExecutionStatus.COMPLETED
    assert list(run.steps) == ["make", "split", "split_2", "add", "add_2", "add_3"]
    outputs = {name: [artifact.load() for artifact in step_run.outputs.values()] for name, step_run in run.steps.items()}
    assert outputs == {"make": [42], "split": [4, 2], "split_2": [4, 2], "add": [6], "add_2": [7], "add_3": [102]}
    assert run.steps["add"].output.read() == 6
    assert 0 <= run.steps["add"].duration <= run.duration
    assert run.pipeline == "sums"
    assert run.stack == "default"
    assert run.name == run.id


def test_steps_can_be_arguments_of_a_pipeline(client: Client) -> None:
    """A pipeline can receive steps as arguments, as in ZenML 0.20."""

    @pipeline
    def train(loader: Any, trainer: Any) -> None:
        trainer(loader(1), 2)

    assert train(make, trainer=add).steps["add"].output.load() == 3


def test_each_step_prints_a_line(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """A run prints a line at its start, after each step, and at its end."""

    @pipeline
    def two() -> None:
        fail(make(1))

    for _ in range(2):
        with pytest.raises(LookupError):
            two()
    # The times differ in each run, so "N" replaces them.
    lines = [re.sub(r"\d+\.\d\d s", "N s", " ".join(line.split())) for line in capsys.readouterr().out.splitlines()]
    run = two.last_run
    assert run is not None
    assert lines[:3] == ["Pipeline 'two': 2 steps on stack 'default'.", "make N s completed", "fail N s failed (LookupError)"]
    # Each run prints four lines: its start, both steps and its end. The second run begins at line 4.
    assert lines[5] == "make N s cached"
    assert lines[7] == f"Run {run.id} failed in N s."


def test_a_failed_step_ends_the_run(client: Client) -> None:
    """The exception of a failed step is raised, and no later step runs."""

    @pipeline
    def three() -> None:
        add(fail(make(7)))

    with pytest.raises(LookupError, match="it was 7") as caught:
        three()
    run = three.last_run
    assert run is not None
    assert caught.value.pipeline_run is run  # type: ignore[attr-defined] # the pipeline adds the attribute
    assert run in recent_runs("three")
    assert run.status is ExecutionStatus.FAILED
    assert [(step_run.name, step_run.status.value) for step_run in run.steps.values()] == [
        ("make", "completed"),
        ("fail", "failed"),
        ("add", "not run"),
    ]
    assert run.steps["fail"].error is caught.value
    assert run.steps["make"].output.load() == 7
    assert repr(run) == f"<PipelineRun {run.id!r} failed: make completed, fail failed, add not run>"
    for name in ("fail", "add"):
        with pytest.raises(StepContextError, match="has no output: it is"):
            _ = run.steps[name].output


def test_ctrl_c_ends_the_run(client: Client) -> None:
    """A KeyboardInterrupt in a step is raised unchanged, the run fails, and later steps do not run."""

    @step
    def interrupted() -> None:
        raise KeyboardInterrupt

    @pipeline
    def my_pipeline() -> None:
        interrupted()
        make(1)

    with pytest.raises(KeyboardInterrupt):
        my_pipeline()
    assert my_pipeline.last_run is not None
    assert my_pipeline.last_run.status is ExecutionStatus.FAILED
    assert my_pipeline.last_run.steps["make"].status is ExecutionStatus.NOT_RUN
    with pytest.raises(StepContextError):
        get_step_context()


def test_an_exception_without_attributes_is_raised(client: Client) -> None:
    """If the exception of a step accepts no attributes, it is raised without the attribute ``pipeline_run``."""

    class ReadOnlyError(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            # Special attributes can be set, because contextlib sets ``__traceback__``.
            if not name.startswith("__"):
                raise AttributeError(name)
            super().__setattr__(name, value)

    @step
    def fails() -> None:
        raise ReadOnlyError

    @pipeline
    def my_pipeline() -> None:
        fails()

    with pytest.raises(ReadOnlyError):
        my_pipeline()
    assert my_pipeline.last_run is not None


def test_a_step_output_can_t_be_used_as_a_value(client: Client) -> None:
    """A pipeline receives a placeholder for each output of a step.

    Its use as a value raises an error. The hint of the error suggests how to write the code instead.
    """
    uses: list[tuple[Callable[[Any], Any], str]] = [
        (bool, "__bool__"),
        (lambda output: output + 1, "__add__"),
        (lambda output: 1 + output, "__radd__"),
        (lambda output: -output, "__neg__"),
        (lambda output: output == 1, "__eq__"),
        (lambda output: output < 1, "__lt__"),
        (len, "__len__"),
        (float, "__float__"),
        (lambda output: [1, 2][output], "__index__"),
        (lambda output: output[0], "__getitem__"),
        (lambda output: 1 in output, "__contains__"),
        (lambda output: output(), "__call__"),
        (list, "unpacked"),
        (lambda output: output.shape, "'shape'"),
        (lambda output: make([output]), "inside another argument"),
    ]
    for use, error_text in uses:

        @pipeline
        def my_pipeline(use: Callable[[Any], Any] = use) -> None:
            use(make(1))

        with pytest.raises(StepInterfaceError, match=error_text) as caught:
            my_pipeline()
        assert is_one_line(caught.value)
        assert caught.value.hint


def test_the_repr_of_a_step_output_names_its_step(client: Client) -> None:
    """The ``repr`` of the placeholder of an output names its step.

    The placeholder has no method such as ``_repr_html_``. IPython looks for these methods when it displays an object.
    """
    texts = []

    @pipeline
    def my_pipeline() -> None:
        output: Any = make(1)
        texts.append(repr(output))
        texts.append(str(hasattr(output, "_repr_html_")))

    my_pipeline()
    assert texts == ["<output 'output' of step 'make', not computed yet>", "False"]


def test_a_step_output_is_valid_only_in_its_pipeline(client: Client) -> None:
    """The placeholder of an output raises an error in another pipeline, and as an argument of a step outside a pipeline."""
    outputs: list[Any] = []

    @pipeline
    def my_pipeline() -> None:
        outputs.append(make(1))

    @pipeline
    def other() -> None:
        add(outputs[0])

    my_pipeline()
    for use in (other, lambda: add(outputs[0])):
        with pytest.raises(StepInterfaceError, match="Load it first"):
            use()


def test_a_nested_pipeline_adds_its_steps(client: Client, set_new_value: Callable[..., str]) -> None:
    """A nested pipeline adds its steps to the outer run. Its settings and secrets apply to these steps, and to no others."""
    set_new_value("inner_secret")

    @step(enable_cache=False)
    def look(n: int, context: StepContext) -> tuple[int, str, bool]:
        # KEY is the variable of the key "key" of the secret.
        return n, context.settings.where, "KEY" in os.environ

    @pipeline(settings={"where": "inner"}, secrets=["inner_secret"])
    def inner(n: int) -> Any:
        return look(n)

    @pipeline(settings={"where": "outer"})
    def outer() -> None:
        look(0)
        inner_outputs: Any = inner(1)
        show(inner_outputs[1])

    @step
    def show(where: str) -> str:
        return where

    run = outer()
    assert list(run.steps) == ["look", "look_2", "show"]
    assert [[output.load() for output in run.steps[name].outputs.values()] for name in ("look", "look_2")] == [
        [0, "outer", False],
        [1, "inner", True],
    ]
    assert run.steps["show"].output.load() == "inner"
    client.secrets_manager.delete_secret("inner_secret")
    with pytest.raises(StackValidationError, match="inner_secret"):
        outer()


def test_a_pipeline_without_steps_is_refused(client: Client) -> None:
    """A function that calls no step raises an error."""

    @pipeline
    def none() -> None: ...

    with pytest.raises(StepInterfaceError, match="calls no step"):
        none()


def test_an_error_in_the_function_ends_the_pipeline(client: Client) -> None:
    """After an error in a pipeline's function, a call of a step runs the step at once."""

    @pipeline
    def broken() -> None:
        make(1)
        raise LookupError

    with pytest.raises(LookupError):
        broken()
    assert make(3) == 3
    assert broken.last_run is None


def test_a_pipeline_needs_a_named_function() -> None:
    """``pipeline`` refuses a class, a built-in function and a lambda."""
    for decorated in (int, len, lambda: None):
        with pytest.raises(StepInterfaceError):
            pipeline(decorated)


def test_configure_changes_the_arguments_of_the_decorator() -> None:
    """``configure`` merges settings, replaces other passed arguments, and returns the pipeline."""

    @pipeline(name="other", enable_cache=False, secrets=["one"], settings={"a": 1})
    def my_pipeline() -> None:
        """Do nothing."""

    assert isinstance(my_pipeline, Pipeline)
    assert (my_pipeline.name, my_pipeline.__doc__, my_pipeline.enable_cache, my_pipeline.secrets) == (
        "other",
        "Do nothing.",
        False,
        ("one",),
    )
    assert my_pipeline.configure(settings={"b": 2}, secrets=["two"], enable_cache=True) is my_pipeline
    assert (dict(my_pipeline.settings), my_pipeline.secrets, my_pipeline.enable_cache) == ({"a": 1, "b": 2}, ("two",), True)


def test_arguments_that_can_t_be_pickled_are_refused_before_the_run(client: Client) -> None:
    """An argument that can't be pickled raises an error, and no step runs."""

    @step
    def hold(argument: object) -> None: ...

    @pipeline
    def unpicklable() -> None:
        hold(threading.Lock())

    with pytest.raises(ArtifactError, match=r"Argument 'argument' of step 'hold' can't be stored: a _thread\.lock can't be pickled"):
        unpicklable()
    assert unpicklable.last_run is None


def test_after_defines_the_order_of_steps(client: Client) -> None:
    """``after`` defines the order of two steps that do not use each other's outputs.

    A cycle raises an error.
    """
    order: list[str] = []

    @step(enable_cache=False)
    def first() -> None:
        order.append("first")

    @step(enable_cache=False)
    def second() -> None:
        order.append("second")

    @pipeline
    def reversed_order() -> None:
        first.after(second)
        first()
        second()

    @pipeline
    def cyclic() -> None:
        first.after(second)
        second.after(first)
        first()
        second()

    # The steps can append to the list, because they run in this process.
    reversed_order()
    assert order == ["second", "first"]
    with pytest.raises(StepInterfaceError, match="wait for each other"):
        cyclic()
    with pytest.raises(StepInterfaceError, match="in the function of a pipeline"):
        first.after(second)
    assert order == ["second", "first"]


def test_each_call_of_a_step_has_its_own_name(client: Client) -> None:
    """The second and each later call of a step has a number in its name."""

    @step
    def named(context: StepContext) -> str:
        return context.step_name

    @pipeline
    def three() -> None:
        for _ in range(3):
            named()

    assert [step_run.output.load() for step_run in three().steps.values()] == ["named", "named_2", "named_3"]


def test_secrets_are_environment_variables_while_steps_run(client: Client, set_new_value: Callable[..., str]) -> None:
    """The secrets of a pipeline are environment variables in all its steps. During a step, the secrets of the step override them."""
    # Both keys ``api-key`` and ``api.key`` are the variable API_KEY.
    pipeline_value = set_new_value("pipeline_secret", "api-key")
    step_value = set_new_value("step_secret", "token")
    overriding_value = set_new_value("overriding_secret", "api.key")
    environment_before = dict(os.environ)

    @step(secrets=["step_secret"])
    def with_secret() -> bool:
        return (os.environ["API_KEY"], os.environ["TOKEN"]) == (pipeline_value, step_value)

    @step(secrets=["overriding_secret"])
    def with_overriding_secret() -> bool:
        return os.environ["API_KEY"] == overriding_value and "TOKEN" not in os.environ

    @step
    def without_secret() -> bool:
        return os.environ["API_KEY"] == pipeline_value

    @pipeline(secrets=["pipeline_secret"])
    def my_pipeline() -> None:
        with_secret()
        with_overriding_secret()
        without_secret()

    run = my_pipeline()
    assert [step_run.output.load() for step_run in run.steps.values()] == [True, True, True]
    assert dict(os.environ) == environment_before


def test_the_environment_is_restored_after_an_error(
    client: Client, set_new_value: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed step, each variable has its earlier value or does not exist."""
    monkeypatch.setenv("KEY", "before")
    monkeypatch.delenv("OTHER", raising=False)
    # The secret has two keys, "key" and "other".
    set_new_value("token")
    set_new_value("token", "other")

    @step(secrets=["token"])
    def broken() -> None:
        assert find_canary(os.environ["KEY"] + os.environ["OTHER"])
        raise LookupError

    @pipeline
    def my_pipeline() -> None:
        broken()

    for run in (my_pipeline, broken):
        with pytest.raises(LookupError):
            run()
        assert os.environ["KEY"] == "before"
        assert "OTHER" not in os.environ


def test_missing_secrets_are_reported_before_the_run(client: Client) -> None:
    """The report has all missing secrets of the pipeline and its steps."""

    @step(secrets=["one"])
    def my_step() -> None: ...

    @pipeline(secrets=["two"])
    def both() -> None:
        my_step()

    with pytest.raises(StackValidationError, match=r"Pipeline 'both'\.secrets needs secret 'two'") as caught:
        both()
    assert [(problem.component, problem.attribute) for problem in caught.value.report.problems] == [
        ("pipeline 'both'", "secrets"),
        ("step 'my_step'", "secrets"),
    ]


def test_keys_with_the_same_variable_are_refused_before_the_run(client: Client, set_new_value: Callable[..., str]) -> None:
    """The keys ``api-key`` and ``api.key`` have the same variable ``API_KEY``.

    The error names both keys and contains no value.
    """
    set_new_value("one", "api-key")
    set_new_value("two", "api.key")
    called_steps = []

    @step
    def first() -> None:
        called_steps.append(1)

    @step(secrets=["one", "two"])
    def second() -> None:
        called_steps.append(2)

    @pipeline
    def both() -> None:
        first()
        second()

    with pytest.raises(InvalidSecretError, match=r"one.api-key and two.api.key have the same environment variable API_KEY") as caught:
        both()
    assert not called_steps
    assert find_canary(error_details(caught.value)) == []


def test_a_secret_is_read_once_until_it_changes(client: Client, set_new_value: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop in a step reads a secret from the backend once, and gets the new value after an update."""
    set_new_value("token")
    manager = client.secrets_manager
    reads = []
    read = manager.backend.read

    def count_and_read(name: str) -> Any:
        reads.append(name)
        return read(name)

    monkeypatch.setattr(manager.backend, "read", count_and_read)
    new_value = canary("changed")

    @step(settings={"token": "{{token.key}}"})
    def many(context: StepContext) -> bool:
        for _ in range(500):
            _ = context.settings.token
            _ = context.stack.secrets_manager.get_secret("token").content["key"]
        read_count = len(reads)
        manager.merge_secret("token", {"key": new_value})
        return read_count == 1 and context.settings.token == new_value

    @pipeline
    def my_pipeline() -> None:
        many()

    # Only the reads of the run are counted, not those of the lines above.
    reads.clear()
    assert my_pipeline().steps["many"].output.load() is True


def test_the_repr_of_runs_contains_no_value(client: Client, set_new_value: Callable[..., str]) -> None:
    """The ``repr`` of runs, steps, outputs and settings contains no value of a secret."""
    set_new_value("token")

    @step(settings={"url": "https://{{token.key}}@host"})
    def secret_url(context: StepContext) -> Any:
        return context.settings.url

    @step
    def use(url: str) -> str:
        return f"{url}/path"

    @pipeline
    def both() -> None:
        use(secret_url())

    run = both()
    step_runs = list(run.steps.values())
    outputs = [step_run.outputs for step_run in step_runs]
    for text in (repr(run), repr(run.steps), repr(step_runs), repr(outputs), repr(run.settings), repr(both)):
        assert find_canary(text) == []
    # The output itself contains the value.
    assert find_canary(step_runs[1].output.load())
