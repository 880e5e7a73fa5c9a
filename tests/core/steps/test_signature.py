"""Signatures of steps with text annotations, and caching of code from cells and ``exec``.

In this module, ``from __future__ import annotations`` turns each annotation into a text, such as ``"StepContext"``.
"""

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

CONTEXT_ANNOTATIONS = [
    "StepContext",
    "steps.StepContext",
    "Optional[StepContext]",
    "StepContext | None",
    "'StepContext'",
    "unknown.StepContext",
]
"""Text annotations of a context parameter. Some contain names that are unknown in this module."""


def test_postponed_annotations_are_evaluated() -> None:
    """The context and the outputs are recognized in a module with text annotations."""

    @step
    def my_step(n: int, ctx: Optional[StepContext] = None) -> Output(a=int, b=str):  # type: ignore[valid-type] # noqa: UP045 - the test needs this older syntax
        return n, get_step_context().step_name

    @step
    def named(n: int, ctx: StepContext) -> Annotated[int, "count"]:
        return n

    @step
    def nothing() -> None: ...

    assert (my_step.signature.context_parameter, my_step.signature.outputs) == ("ctx", ("a", "b"))
    assert (named.signature.context_parameter, named.signature.outputs) == ("ctx", ("count",))
    assert nothing.signature.outputs == ()


@pytest.mark.parametrize("text", CONTEXT_ANNOTATIONS)
def test_a_context_that_only_a_type_checker_imports_is_recognized(text: str) -> None:
    """If a text annotation can't be evaluated and contains the name StepContext, its parameter is the context."""

    def my_step(n: OnlyHere, c: Any) -> OnlyHere: ...  # type: ignore[name-defined] # noqa: F821 - the test needs an unknown name

    # The annotation of ``c`` is the text of the test case. The annotation of ``n`` can't be evaluated.
    my_step.__annotations__["c"] = text
    signature = step(my_step).signature
    assert (signature.context_parameter, list(signature.inputs.parameters), signature.outputs) == ("c", ["n"], ("output",))


def test_types_of_the_enclosing_function_are_evaluated() -> None:
    """A text annotation can contain a local variable of the enclosing function if the step uses this variable in its body."""
    outputs = Output(a=int, b=int)

    def my_step() -> outputs:  # type: ignore[valid-type]
        # The use of the variable puts it into the closure of the function. The step is not called.
        return outputs, 1

    assert step(my_step).signature.outputs == ("a", "b")


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """Return an IPython shell."""
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_steps_that_a_notebook_cell_defines_are_cached(client: Client, shell: InteractiveShell) -> None:
    """If the cell that defines a step is unchanged, the step is a cache hit.

    If the cell has changed, the step is a cache miss.
    """
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


def test_a_step_that_exec_defines_is_cached(client: Client) -> None:
    """A step without source text is cached. Its bytecode decides whether it has changed."""
    code = "@step\ndef make(n: int) -> int:\n    return n + 1\n"
    statuses = []
    for text in (code, code, code.replace("n + 1", "n - 1")):
        namespace: dict[str, Any] = {"step": step}
        exec(text, namespace)  # noqa: S102 - the test needs a function without source text

        @pipeline
        def my_pipeline(make: Any) -> None:
            make(1)

        statuses.append(my_pipeline(namespace["make"]).steps["make"].status.value)
    assert statuses == ["completed", "cached", "completed"]


def test_two_contexts_in_text_annotations_are_refused() -> None:
    """Two context parameters raise an error, also with postponed annotations."""

    def twice(one: StepContext, two: Optional[StepContext] = None) -> None: ...  # noqa: UP045 - the test needs this older syntax

    with pytest.raises(StepInterfaceError, match="twice"):
        step(twice)
