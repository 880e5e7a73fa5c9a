"""Steps, a pipeline and functions for several tests."""

from __future__ import annotations

from typing import Any

from zensecrets_jupyter.pipelines import pipeline
from zensecrets_jupyter.steps import step


def annotated_function(parameters: dict[str, Any], returns: Any = None, body: str = "pass") -> Any:
    """Return a function named ``generated`` with the annotated parameters.

    A parameter or a return value whose type is ``...`` gets no annotation.
    """
    namespace: dict[str, Any] = {}
    exec(f"def generated({', '.join(parameters)}):\n    {body}", namespace)  # noqa: S102 - the text is from a test, which needs functions with many signatures
    function = namespace["generated"]
    function.__annotations__ = {
        name.strip("*").partition("=")[0]: annotation for name, annotation in parameters.items() if annotation is not ...
    }
    if returns is not ...:
        function.__annotations__["return"] = returns
    return function


@pipeline
def one_step_pipeline(only: Any) -> None:
    """Run the step ``only``."""
    only()


@step
def number() -> int:
    """Return a number."""
    return 1


@step
def add(first: int, second: int) -> int:
    """Add two numbers."""
    return first + second
