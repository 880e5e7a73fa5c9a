"""Steps: definition, configuration, and calls outside a pipeline."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.error_texts import error_details, is_one_line
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import (
    InvalidReferenceError,
    InvalidSecretError,
    NoSecretsManagerError,
    SecretNotFoundError,
    StackValidationError,
    StepContextError,
    StepInterfaceError,
)
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.steps import Output, Step, StepContext, get_step_context, pipeline, step
from zensecrets_jupyter.testing.canary import find_canary


def test_a_bare_decorator_copies_the_name_and_docstring() -> None:
    """A step has the name, docstring and module of its function."""

    @step
    def double(n: int) -> int:
        """Return the double."""
        return 2 * n

    assert isinstance(double, Step)
    assert (double.name, double.__doc__, double.__module__) == ("double", "Return the double.", __name__)
    assert double.entrypoint(3) == 6
    assert repr(double) == "<Step 'double'>"


def test_the_decorator_stores_its_arguments() -> None:
    """A step has the name, caching, secrets without duplicates, and settings from its decorator."""

    @step(name="other name", enable_cache=False, secrets=["one", "two", "one"], settings={"a": "{{one.key}}"})
    def my_step() -> None: ...

    assert (my_step.name, my_step.enable_cache, my_step.is_cached, my_step.secrets) == ("other name", False, False, ("one", "two"))
    assert repr(my_step.settings) == "StepSettings({'a': '{{one.key}}'})"


def test_configure_changes_a_step_and_returns_it() -> None:
    """``configure`` merges settings by default, and does not change omitted arguments."""

    @step(enable_cache=False, settings={"a": 1, "b": 2})
    def my_step() -> None: ...

    assert my_step.configure(settings={"b": 3}, secrets=["one"]) is my_step
    assert (dict(my_step.settings), my_step.secrets, my_step.is_cached) == ({"a": 1, "b": 3}, ("one",), False)
    my_step.configure(settings={"c": 4}, merge=False, enable_cache=True)
    assert (dict(my_step.settings), my_step.is_cached) == ({"c": 4}, True)


def test_a_failed_configure_changes_nothing() -> None:
    """A call of ``configure`` with a wrong argument leaves the step unchanged."""

    @step(secrets=["one"])
    def my_step() -> None: ...

    with pytest.raises(StepInterfaceError):
        my_step.configure(enable_cache=False, secrets=["two"], settings=7)  # type: ignore[arg-type] # the test passes a wrong type
    assert (my_step.secrets, my_step.is_cached) == (("one",), True)


def test_caching_is_off_by_default_with_a_context_parameter() -> None:
    """Caching is on by default, off with a StepContext, and an explicit argument overrides both."""

    @step
    def plain() -> None: ...

    @step
    def with_context(context: StepContext) -> None: ...

    @step(enable_cache=True)
    def explicitly_on(context: StepContext) -> None: ...

    assert [item.is_cached for item in (plain, with_context, explicitly_on)] == [True, False, True]


def test_the_context_is_injected_for_a_parameter_of_any_name(client: Client) -> None:
    """A parameter with the annotation StepContext, also inside Optional or Annotated, receives the context."""

    @step
    def first(a: int, anything: StepContext, b: int) -> tuple[str, int]:
        return anything.step_name, a - b

    @step
    def second(ctx: Optional[StepContext] = None) -> str:  # noqa: UP045 - the test needs this older syntax
        return "none" if ctx is None else ctx.step_name

    @step
    def third(ctx: StepContext | None = None) -> str:
        return "none" if ctx is None else ctx.step_name

    @step
    def fourth(*, ctx: Annotated[StepContext, "the context"]) -> str:
        return ctx.step_name

    assert first(5, 3) == ("first", 2)
    assert first(b=5, a=3) == ("first", -2)
    assert [second(), third(), fourth()] == ["second", "third", "fourth"]


@pytest.mark.parametrize(
    ("function", "error_text"),
    [
        (lambda: None, "<lambda>"),
        (len, "builtin"),
        (int, "a type"),
        ("text", "a str"),
    ],
)
def test_a_step_needs_a_named_function(function: Any, error_text: str) -> None:
    """A lambda, class, built-in function or text is refused.

    The error names the lambda or the type.
    """
    with pytest.raises(StepInterfaceError, match=error_text) as caught:
        step(function)
    assert is_one_line(caught.value)


def test_async_functions_and_generators_are_refused() -> None:
    """Coroutine and generator functions raise an error."""

    async def coroutine() -> None:
        await asyncio.sleep(0)

    def generator() -> Iterator[int]:
        yield 1

    async def both() -> AsyncIterator[int]:
        yield 1

    for function, error_text in ((coroutine, "async"), (generator, "generator"), (both, "async")):
        with pytest.raises(StepInterfaceError, match=error_text):
            step(function)


def test_variable_and_positional_only_parameters_are_refused() -> None:
    """An error for ``*args``, ``**kwargs`` or a positional-only parameter names the parameter."""

    def starred(*args: int) -> None: ...

    def double_starred(**kwargs: int) -> None: ...

    def positional(n: int, /) -> None: ...

    for function, error_text in ((starred, r"\*args"), (double_starred, r"\*\*kwargs"), (positional, "n, /")):
        with pytest.raises(StepInterfaceError, match=error_text):
            step(function)


def test_missing_annotations_are_refused_for_old_zenml() -> None:
    """With ``classic=True``, the rules of ZenML before 0.40, a missing annotation raises an error."""

    def parameter(n) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - the test needs a parameter without an annotation
        ...

    def returned():  # type: ignore[no-untyped-def] # noqa: ANN202 - the test needs a function without a return annotation
        ...

    with pytest.raises(StepInterfaceError, match="Parameter 'n' of step 'parameter' has no annotation"):
        Step(parameter, classic=True)
    with pytest.raises(StepInterfaceError, match=r"no return annotation.*-> None"):
        Step(returned, classic=True)


def test_two_contexts_are_refused() -> None:
    """A step with two context parameters raises an error."""

    def twice(one: StepContext, two: StepContext) -> None: ...

    with pytest.raises(StepInterfaceError, match="'one' and 'two'"):
        step(twice)


@pytest.mark.parametrize("name", ["", "a/b", "../up", ".", "a\nb", "x" * 200, 7])
def test_step_names_that_are_not_valid_in_a_path_are_refused(name: Any) -> None:
    """A name that is not valid as the name of a folder is refused, because each step has a folder for its outputs."""

    def my_step() -> None: ...

    with pytest.raises(StepInterfaceError, match="can't be named"):
        step(name=name)(my_step)


@pytest.mark.parametrize("secrets", ["one", [1], {"one": 1}.items(), 7])
def test_secrets_that_are_no_list_of_names_are_refused(secrets: Any) -> None:
    """Secrets that are no list of names raise an error, even a text, over whose letters Python would iterate."""

    def my_step() -> None: ...

    with pytest.raises(StepInterfaceError, match="no list of names"):
        step(secrets=secrets)(my_step)


@pytest.mark.parametrize("secrets", [[""], ["a.b"], ["{{a}}"], ["name"]])
def test_invalid_names_of_secrets_are_refused(secrets: list[str]) -> None:
    """An invalid name raises an error when the step is created.

    The word ``name`` is reserved.
    """
    with pytest.raises(InvalidSecretError):

        @step(secrets=secrets)
        def my_step() -> None: ...


def test_settings_that_resemble_references_are_refused() -> None:
    """A misspelled reference in settings raises an error, which suggests the correct reference."""
    with pytest.raises(InvalidReferenceError, match=r"\{\{a\.b\}\}"):

        @step(settings={"url": "{a.b}"})
        def my_step() -> None: ...


def test_the_annotation_defines_the_outputs() -> None:
    """The return annotation defines the names of the outputs.

    With the rules of old ZenML (``classic=True``), ``tuple[int, str]`` is one output.
    """

    @step
    def no_output() -> None: ...

    @step
    def single_output() -> int:
        return 1

    @step
    def named_output() -> Annotated[int, "count"]:
        return 1

    @step
    def two_outputs() -> Output(a=int, b=str):  # type: ignore[valid-type] # ZenML's syntax for several outputs
        return 1, "x"

    @step
    def annotated_pair() -> tuple[Annotated[int, "a"], Annotated[str, "b"]]:
        return 1, "x"

    @step
    def unnamed_pair() -> tuple[int, str]:
        return 1, "x"

    assert [item.signature.outputs for item in (no_output, single_output, named_output, two_outputs, annotated_pair, unnamed_pair)] == [
        (),
        ("output",),
        ("count",),
        ("a", "b"),
        ("a", "b"),
        ("output_0", "output_1"),
    ]
    assert Step(unnamed_pair.entrypoint, classic=True).signature.outputs == ("output",)


def test_the_bytecode_defines_the_outputs_without_an_annotation() -> None:
    """Without an annotation, a function that returns a value has one output.

    The annotation ``tuple[int, str]`` defines two outputs only if the bytecode of each ``return`` builds a tuple of two items.
    """

    @step
    def returns_call() -> tuple[int, str]:
        return divmod(1, 2)  # type: ignore[return-value] # the function is only inspected

    @step
    def bare(n):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - the test needs a function without annotations
        return n

    @step
    def bare_none(n):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - the test needs a function without annotations
        if n:
            return
        print(n)  # noqa: T201 - the function needs any statement

    @step
    def branches(n):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - the test needs a function without annotations
        return n or None

    assert [item.signature.outputs for item in (returns_call, bare, bare_none, branches)] == [("output",), ("output",), (), ("output",)]


def test_invalid_names_of_outputs_are_refused() -> None:
    """Duplicate, missing and invalid names of outputs raise an error."""

    def same() -> tuple[Annotated[int, "a"], Annotated[str, "a"]]:
        return 1, "x"

    def my_step() -> tuple[Annotated[int, "a"], str]:
        return 1, "x"

    def slash() -> Annotated[int, "a/b"]:
        return 1

    for function, error_text in ((same, "two outputs of the same name"), (my_step, "some of its outputs"), (slash, "'a/b'")):
        with pytest.raises(StepInterfaceError, match=error_text):
            step(function)


def test_a_call_of_a_step_returns_its_value(client: Client) -> None:
    """A call outside a pipeline returns the value itself, and stores no artifact."""
    value = object()

    @step
    def give() -> object:
        return value

    assert give() is value
    assert not list(client.workspace.home.rglob("*.pkl"))


def test_a_called_step_reads_secrets(client: Client, set_new_value: Callable[..., str]) -> None:
    """A step that runs outside a pipeline can read secrets through its context."""
    value = set_new_value("token")

    @step
    def by_parameter(context: StepContext) -> bool:
        return context.stack.secrets_manager.get_secret("token").content["key"] == value

    @step
    def by_function() -> bool:
        return get_step_context().stack.secrets_manager.get_secret("token").value("key") == value

    assert by_parameter()
    assert by_function()


def test_a_call_validates_the_secrets_of_a_step(client: Client) -> None:
    """A missing secret is reported before the step runs, with the command that registers it."""
    calls = []

    @step(secrets=["gone"], settings={"url": "https://{{db.user}}@host"})
    def my_step() -> None:
        calls.append(1)

    with pytest.raises(StackValidationError) as caught:
        my_step()
    assert [(problem.component, problem.attribute, problem.code) for problem in caught.value.report.problems] == [
        ("step 'my_step'", "url", "secret-not-found"),
        ("step 'my_step'", "secrets", "secret-not-found"),
    ]
    assert str(caught.value).endswith("Remedy: %secret register db --user, then %secret register gone")
    assert not calls


def test_wrong_arguments_are_refused(client: Client) -> None:
    """Missing, unknown and too many arguments, and an argument for the context, raise errors."""

    @step
    def my_step(n: int, context: StepContext) -> int:
        return n

    calls: list[tuple[Callable[[], Any], str]] = [
        (my_step, "'n'"),
        (lambda: my_step(1, 2), "too many"),
        (lambda: my_step(n=1, m=2), "'m'"),
        (lambda: my_step(1, context=3), "gets the context"),
    ]
    for call, error_text in calls:
        with pytest.raises(StepInterfaceError, match=error_text):
            call()


def test_a_step_can_call_another_step(client: Client) -> None:
    """If a step calls another step, the inner step has a context of its own. Afterwards the outer context is active again."""

    @step
    def inner(n: int, context: StepContext) -> str:
        return f"{context.step_name}{n}"

    @step
    def outer(context: StepContext) -> list[str]:
        return [get_step_context().step_name, inner(1), get_step_context().step_name]

    @pipeline
    def nested() -> None:
        outer()

    assert nested().steps["outer"].output.load() == ["outer", "inner1", "outer"]


def test_no_context_exists_outside_a_step(client: Client) -> None:
    """``get_step_context`` raises an error before and after a step."""

    @step
    def my_step() -> str:
        return get_step_context().step_name

    with pytest.raises(StepContextError, match="No step is running"):
        get_step_context()
    assert my_step() == "my_step"
    with pytest.raises(StepContextError):
        get_step_context()


def test_a_stack_without_a_secrets_manager_raises_an_error(client: Client) -> None:
    """``context.stack.secrets_manager`` does not return ``None``, but raises an error with the command that adds one."""

    @step
    def my_step(context: StepContext) -> None:
        context.stack.secrets_manager.get_secret("any")

    client.workspace.remove_from_stack("default", [ComponentType.SECRETS_MANAGER])
    with pytest.raises(NoSecretsManagerError, match="%stack update default -x"):
        my_step()


def test_the_error_of_a_step_is_raised_unchanged(client: Client, set_new_value: Callable[..., str]) -> None:
    """The caller gets the exception of the step, whose text contains no value.

    The step reads a misspelled key.
    """
    set_new_value("token")

    @step
    def my_step(context: StepContext) -> None:
        context.stack.secrets_manager.get_secret("token").value("kye")

    with pytest.raises(SecretNotFoundError, match="Did you mean 'key'") as caught:
        my_step()
    assert find_canary(error_details(caught.value)) == []


@given(st.integers(), st.integers())
def test_arguments_reach_the_function_by_position_and_by_name(a: int, b: int) -> None:
    """A step binds arguments as its function does, but skips the context parameter."""

    def subtract(a: int, context: StepContext, b: int = 0) -> int:
        return a - b

    arguments = step(subtract).signature.bind("subtract", (a,), {"b": b})
    assert arguments == {"a": a, "b": b} == step(subtract).signature.bind("subtract", (a, b), {})
