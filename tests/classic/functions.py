"""Steps, a pipeline and a maker of functions, which several test modules use."""

from __future__ import annotations

from typing import Any

from zensecrets_jupyter.pipelines import pipeline
from zensecrets_jupyter.steps import step


def annotated_function(parameters: dict[str, Any], returns: Any = None, body: str = "pass") -> Any:
    """Return a function named ``generated`` with the annotated parameters.

    Args:
        parameters: The annotations by the parameters, as in a ``def`` statement: ``x``, ``x=1`` or ``*x``. With ``...`` as the annotation,
            the parameter has none.
        returns: The annotation of the result. With ``...`` the result has none.
        body: The statement that the function runs.
    """
    namespace: dict[str, Any] = {}
    exec(f"def generated({', '.join(parameters)}):\n    {body}", namespace)  # noqa: S102 - the text is from a test, which needs functions with many signatures
    function = namespace["generated"]
    # The name of a parameter is its text without the stars and the default.
    function.__annotations__ = {
        name.strip("*").partition("=")[0]: annotation for name, annotation in parameters.items() if annotation is not ...
    }
    if returns is not ...:
        function.__annotations__["return"] = returns
    return function


@pipeline
def one_step_pipeline(only: Any) -> None:
    """Run one step; ``only`` is that step."""
    only()


@step
def number() -> int:
    """Return 1."""
    return 1


@step
def add(first: int, second: int) -> int:
    """Add two numbers."""
    return first + second
