"""Steps: how they are written, what is refused, and what calling one outside of a pipeline does."""

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


def test_a_bare_decorator_makes_a_step_with_the_function_s_name_and_text() -> None:
    """``@step`` alone keeps name, docstring and module, and the bare function as ``entrypoint``."""

    @step
    def double(n: int) -> int:
        """Return twice as much."""
        return 2 * n

    assert isinstance(double, Step)
    assert (double.name, double.__doc__, double.__module__) == ("double", "Return twice as much.", __name__)
    assert double.entrypoint(3) == 6
    assert repr(double) == "<Step 'double'>"


def test_arguments_of_the_decorator_are_kept() -> None:
    """Name, caching, secrets and settings are those that were given."""

    @step(name="other name", enable_cache=False, secrets=["one", "two", "one"], settings={"a": "{{one.key}}"})
    def some() -> None: ...

    assert (some.name, some.enable_cache, some.is_cached, some.secrets) == ("other name", False, False, ("one", "two"))
    assert repr(some.settings) == "StepSettings({'a': '{{one.key}}'})"


def test_configure_changes_a_step_and_returns_it() -> None:
    """``configure`` merges settings unless told not to, and leaves what is not given."""

    @step(enable_cache=False, settings={"a": 1, "b": 2})
    def some() -> None: ...

    assert some.configure(settings={"b": 3}, secrets=["one"]) is some
    assert (dict(some.settings), some.secrets, some.is_cached) == ({"a": 1, "b": 3}, ("one",), False)
    some.configure(settings={"c": 4}, merge=False, enable_cache=True)
    assert (dict(some.settings), some.is_cached) == ({"c": 4}, True)


def test_a_failed_configure_changes_nothing() -> None:
    """What is refused leaves the step as it was."""

    @step(secrets=["one"])
    def some() -> None: ...

    with pytest.raises(StepInterfaceError):
        some.configure(enable_cache=False, secrets=["two"], settings=7)  # type: ignore[arg-type] # that is the point
    assert (some.secrets, some.is_cached) == (("one",), True)


def test_caching_is_off_by_default_for_a_step_that_takes_its_context() -> None:
    """On by default, off with a StepContext, and an explicit word wins over both."""

    @step
    def plain() -> None: ...

    @step
    def with_context(context: StepContext) -> None: ...

    @step(enable_cache=True)
    def told_to(context: StepContext) -> None: ...

    assert [one.is_cached for one in (plain, with_context, told_to)] == [True, False, True]


def test_the_context_is_injected_for_a_parameter_of_any_name(client: Client) -> None:
    """The annotation decides, in the middle of other parameters and inside of Optional or Annotated too."""

    @step
    def first(a: int, anything: StepContext, b: int) -> tuple[str, int]:
        return anything.step_name, a - b

    @step
    def second(ctx: Optional[StepContext] = None) -> str:  # noqa: UP045 - the old way of writing it
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
    ("function", "said"),
    [
        (lambda: None, "<lambda>"),
        (len, "builtin"),
        (int, "a type"),
        ("text", "a str"),
    ],
)
def test_what_is_no_named_function_is_refused(function: Any, said: str) -> None:
    """A lambda, a class, a built-in and a text are each refused, with what they are."""
    with pytest.raises(StepInterfaceError, match=said) as caught:
        step(function)
    assert is_one_line(caught.value)


def test_functions_that_give_no_plain_value_are_refused() -> None:
    """Coroutines and generators are refused with another way to write them."""

    async def coroutine() -> None:
        await asyncio.sleep(0)

    def generator() -> Iterator[int]:
        yield 1

    async def both() -> AsyncIterator[int]:
        yield 1

    for function, said in ((coroutine, "async"), (generator, "generator"), (both, "async")):
        with pytest.raises(StepInterfaceError, match=said):
            step(function)


def test_parameters_that_name_no_one_input_are_refused() -> None:
    """``*args``, ``**kwargs`` and positional-only parameters are refused by name."""

    def starred(*args: int) -> None: ...

    def double_starred(**kwargs: int) -> None: ...

    def positional(n: int, /) -> None: ...

    for function, said in ((starred, r"\*args"), (double_starred, r"\*\*kwargs"), (positional, "n, /")):
        with pytest.raises(StepInterfaceError, match=said):
            step(function)


def test_missing_annotations_are_refused_where_they_are_required() -> None:
    """For ZenML 0.20 every parameter and the return value are annotated; the error says what to add."""

    def parameter(n) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - that is the point
        ...

    def returned():  # type: ignore[no-untyped-def] # noqa: ANN202 - that is the point
        ...

    with pytest.raises(StepInterfaceError, match="Parameter 'n' of step 'parameter' has no annotation"):
        Step(parameter, annotated=True)
    with pytest.raises(StepInterfaceError, match=r"no return annotation.*-> None"):
        Step(returned, annotated=True)


def test_two_contexts_are_refused() -> None:
    """A step takes its context once."""

    def twice(one: StepContext, two: StepContext) -> None: ...

    with pytest.raises(StepInterfaceError, match="'one' and 'two'"):
        step(twice)


@pytest.mark.parametrize("name", ["", "a/b", "../up", ".", "a\nb", "x" * 200, 7])
def test_names_that_are_no_part_of_a_path_are_refused(name: Any) -> None:
    """A step's name becomes a folder's."""

    def some() -> None: ...

    with pytest.raises(StepInterfaceError, match="can't be named"):
        step(name=name)(some)


@pytest.mark.parametrize("secrets", ["one", [1], {"one": 1}.items(), 7])
def test_secrets_that_are_no_list_of_names_are_refused(secrets: Any) -> None:
    """A single text is a slip, not a list of letters."""

    def some() -> None: ...

    with pytest.raises(StepInterfaceError, match="no list of names"):
        step(secrets=secrets)(some)


@pytest.mark.parametrize("secrets", [[""], ["a.b"], ["{{a}}"], ["name"]])
def test_names_that_no_secret_can_have_are_refused(secrets: list[str]) -> None:
    """An empty or malformed name is refused when the step is made."""
    with pytest.raises(InvalidSecretError):

        @step(secrets=secrets)
        def some() -> None: ...


def test_settings_that_are_nearly_references_are_refused() -> None:
    """A slip is found when the step is made, with the likely intent."""
    with pytest.raises(InvalidReferenceError, match=r"\{\{a\.b\}\}"):

        @step(settings={"url": "{a.b}"})
        def some() -> None: ...


def test_outputs_follow_the_annotation() -> None:
    """None is no output, one is called ``output`` or as it is named; an unnamed tuple is several where the code puts it together."""

    @step
    def none() -> None: ...

    @step
    def one() -> int:
        return 1

    @step
    def named() -> Annotated[int, "count"]:
        return 1

    @step
    def output() -> Output(a=int, b=str):  # type: ignore[valid-type] # ZenML's way of writing it
        return 1, "x"

    @step
    def pair() -> tuple[Annotated[int, "a"], Annotated[str, "b"]]:
        return 1, "x"

    @step
    def unnamed() -> tuple[int, str]:
        return 1, "x"

    assert [one.signature.outputs for one in (none, one, named, output, pair, unnamed)] == [
        (),
        ("output",),
        ("count",),
        ("a", "b"),
        ("a", "b"),
        ("output_0", "output_1"),
    ]
    assert Step(unnamed.entrypoint, annotated=True).signature.outputs == ("output",)


def test_what_is_not_annotated_follows_the_code() -> None:
    """A tuple that is handed on is one output; without an annotation, a return with a value is one, and none is none."""

    @step
    def handed_on() -> tuple[int, str]:
        return divmod(1, 2)  # type: ignore[return-value] # it is not run

    @step
    def bare(n):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - as later ZenML takes it
        return n

    @step
    def bare_none(n):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - likewise
        if n:
            return
        print(n)  # noqa: T201 - anything

    @step
    def branches(n):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - likewise
        return n or None

    assert [one.signature.outputs for one in (handed_on, bare, bare_none, branches)] == [("output",), ("output",), (), ("output",)]


def test_outputs_that_can_t_be_told_apart_are_refused() -> None:
    """Two outputs of one name, names for some only, and names that are no part of a path."""

    def same() -> tuple[Annotated[int, "a"], Annotated[str, "a"]]:
        return 1, "x"

    def some() -> tuple[Annotated[int, "a"], str]:
        return 1, "x"

    def slash() -> Annotated[int, "a/b"]:
        return 1

    for function, said in ((same, "two outputs of the same name"), (some, "some of its outputs"), (slash, "'a/b'")):
        with pytest.raises(StepInterfaceError, match=said):
            step(function)


def test_calling_a_step_runs_it_and_returns_its_value(client: Client) -> None:
    """Outside of a pipeline the value itself comes back, and nothing is stored."""
    made = object()

    @step
    def give() -> object:
        return made

    assert give() is made
    assert not list(client.workspace.home.rglob("*.pkl"))


def test_calling_a_step_gives_it_its_secrets(client: Client, plant: Callable[..., str]) -> None:
    """A step that is called alone reaches the secrets manager, by its context and by get_step_context."""
    value = plant("token")

    @step
    def by_parameter(context: StepContext) -> bool:
        return context.stack.secrets_manager.get_secret("token").content["key"] == value

    @step
    def by_function() -> bool:
        return get_step_context().stack.secrets_manager.get_secret("token").value("key") == value

    assert by_parameter()
    assert by_function()


def test_calling_a_step_validates_first(client: Client) -> None:
    """What the step would miss is reported before it runs, with the command that mends it."""
    ran = []

    @step(secrets=["gone"], settings={"url": "https://{{db.user}}@host"})
    def some() -> None:
        ran.append(1)

    with pytest.raises(StackValidationError) as caught:
        some()
    assert [(one.component, one.attribute, one.code) for one in caught.value.report.problems] == [
        ("step 'some'", "url", "secret-not-found"),
        ("step 'some'", "secrets", "secret-not-found"),
    ]
    assert str(caught.value).endswith("Remedy: %secret register db --user, then %secret register gone")
    assert not ran


def test_arguments_that_do_not_suit_are_refused(client: Client) -> None:
    """Missing, unknown and too many arguments, and a context that somebody hands in, are refused without a value in the error."""

    @step
    def some(n: int, context: StepContext) -> int:
        return n

    calls: list[tuple[Callable[[], Any], str]] = [
        (some, "'n'"),
        (lambda: some(1, 2), "too many"),
        (lambda: some(n=1, m=2), "'m'"),
        (lambda: some(1, context=3), "gets the context"),
    ]
    for call, said in calls:
        with pytest.raises(StepInterfaceError, match=said):
            call()


def test_a_step_inside_of_a_step_runs_there(client: Client) -> None:
    """A step that another calls runs at once, with a context of its own, and the outer one's is there again afterwards."""

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


def test_there_is_no_context_outside_of_a_step(client: Client) -> None:
    """``get_step_context`` raises where no step runs, also after one did."""

    @step
    def some() -> str:
        return get_step_context().step_name

    with pytest.raises(StepContextError, match="No step is running"):
        get_step_context()
    assert some() == "some"
    with pytest.raises(StepContextError):
        get_step_context()


def test_a_stack_without_a_secrets_manager_says_so(client: Client) -> None:
    """``context.stack.secrets_manager`` raises with the remedy instead of being None."""

    @step
    def some(context: StepContext) -> None:
        context.stack.secrets_manager.get_secret("any")

    client.workspace.remove_from_stack("default", [ComponentType.SECRETS_MANAGER])
    with pytest.raises(NoSecretsManagerError, match="%stack update default -x"):
        some()


def test_what_a_step_raises_is_raised(client: Client, plant: Callable[..., str]) -> None:
    """The step's own exception reaches the caller as it is, and an error of ours about a secret holds no value."""
    plant("token")

    @step
    def some(context: StepContext) -> None:
        context.stack.secrets_manager.get_secret("token").value("kye")

    with pytest.raises(SecretNotFoundError, match="Did you mean 'key'") as caught:
        some()
    assert find_canary(error_details(caught.value)) == []


@given(st.integers(), st.integers())
def test_arguments_reach_the_function_by_position_and_by_name(a: int, b: int) -> None:
    """However they are given, the step's signature binds them as Python would without the context."""

    def subtract(a: int, context: StepContext, b: int = 0) -> int:
        return a - b

    bound = step(subtract).signature.bind("subtract", (a,), {"b": b})
    assert bound == {"a": a, "b": b} == step(subtract).signature.bind("subtract", (a, b), {})
