"""Annotations that are texts: of modules that postpone their evaluation, of cells, and of what only a type checker knows."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Any, Optional

import pytest
from IPython.core.interactiveshell import InteractiveShell

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.steps import Output, StepContext, get_step_context, pipeline, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.client import Client
    from zensecrets_jupyter.core.steps import StepContext as OnlyForTheChecker  # noqa: F401 - read as a text below

TEXTS = ["StepContext", "steps.StepContext", "Optional[StepContext]", "StepContext | None", "'StepContext'", "unknown.StepContext"]


def test_postponed_annotations_are_read() -> None:
    """The context and the outputs are found though every annotation of this module is a text."""

    @step
    def some(n: int, ctx: Optional[StepContext] = None) -> Output(a=int, b=str):  # type: ignore[valid-type] # noqa: UP045 - as written
        return n, get_step_context().step_name

    @step
    def named(n: int, ctx: StepContext) -> Annotated[int, "count"]:
        return n

    @step
    def nothing() -> None: ...

    assert (some.signature.context, some.signature.outputs) == ("ctx", ("a", "b"))
    assert (named.signature.context, named.signature.outputs) == ("ctx", ("count",))
    assert nothing.signature.outputs == ()


@pytest.mark.parametrize("text", TEXTS)
def test_a_context_that_only_a_type_checker_can_see_is_found(text: str) -> None:
    """An annotation that can't be evaluated is the context if it is written as one."""

    def some(n: OnlyHere, c: Any) -> OnlyHere: ...  # type: ignore[name-defined] # noqa: F821 - that is the point

    some.__annotations__["c"] = text
    signature = step(some).signature
    assert (signature.context, list(signature.inputs.parameters), signature.outputs) == ("c", ["n"], ("output",))


def test_types_of_the_enclosing_function_are_found() -> None:
    """A text that names something of the function around is evaluated with it, where the step uses that."""
    marks = Output(a=int, b=int)

    def some() -> marks:  # type: ignore[valid-type]
        return marks, 1

    assert step(some).signature.outputs == ("a", "b")


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """Return a shell whose cells are run as a notebook's are."""
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_steps_of_cells_run_and_are_cached(client: Client, shell: InteractiveShell) -> None:
    """Steps and a pipeline that are defined in cells run; a cell that is run again unchanged is a hit, and a changed one a miss."""
    cell = textwrap.dedent("""
        from zensecrets_jupyter.core.steps import StepContext, pipeline, step

        @step
        def make(n: int) -> int:
            return n + 1

        @step
        def show(n: int, context: StepContext) -> str:
            return f"{context.step_name} {n}"

        @pipeline
        def both():
            show(make(1))
        """)
    statuses = []
    for text in (cell, cell, cell.replace("n + 1", "n + 2")):
        shell.run_cell(text).raise_error()
        shell.run_cell("run = both()").raise_error()
        run = shell.user_ns["run"]
        statuses.append((run.steps["make"].status.value, run.steps["show"].output.load()))
    assert statuses == [("completed", "show 2"), ("cached", "show 2"), ("completed", "show 3")]


def test_steps_of_exec_run_and_are_cached(client: Client) -> None:
    """A step without any source text is cached by its code."""
    code = "@step\ndef make(n: int) -> int:\n    return n + 1\n"
    statuses = []
    for text in (code, code, code.replace("n + 1", "n - 1")):
        space: dict[str, Any] = {"step": step}
        exec(text, space)  # noqa: S102 - that is the point

        @pipeline
        def one(make: Any) -> None:
            make(1)

        statuses.append(one(space["make"]).steps["make"].status.value)
    assert statuses == ["completed", "cached", "completed"]


def test_two_contexts_are_refused_as_texts_too() -> None:
    """Postponed annotations hide no second context."""

    def twice(one: StepContext, two: Optional[StepContext] = None) -> None: ...  # noqa: UP045 - the old way of writing it

    with pytest.raises(StepInterfaceError, match="twice"):
        step(twice)
