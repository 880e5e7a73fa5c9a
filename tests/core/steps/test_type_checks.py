"""Type checks of inputs and outputs against annotations."""

import enum
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Protocol, TypeVar, Union

import numpy as np
import pytest

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.steps import pipeline, step
from zensecrets_jupyter.core.steps.definition.type_checks import has_type

Bound = TypeVar("Bound", bound=int)
Either = TypeVar("Either", int, str)
Free = TypeVar("Free")


class Colour(str, enum.Enum):
    """A subclass of str."""

    RED = "red"


class Quacks(Protocol):
    """A protocol that isinstance can't check, because it is not ``runtime_checkable``. It accepts every value."""

    def quack(self) -> None:
        """Return nothing."""


# Both lists have pairs of a value and an annotation. The items of containers are not checked: ``[1]`` is accepted as ``list[str]``.
ACCEPTED: list[tuple[Any, Any]] = [
    (1, int),
    (True, int),
    (1, float),
    (np.int64(1), int),
    (np.float32(1), float),
    (1.5, complex),
    (Colour.RED, str),
    (None, None),
    (None, Optional[int]),  # noqa: UP045 - the test needs this older syntax
    ("x", Union[int, str]),  # noqa: UP007 - the test needs this older syntax
    ("x", int | str),
    ([1], list[str]),
    ((1, "x"), tuple[int, str]),
    ([1], Sequence[int]),
    (len, Callable[..., int]),
    (int, type[int]),
    (1, Annotated[int, "count"]),
    ("a", Literal["a", "b"]),
    (1, Bound),
    ("x", Either),
    (object(), Free),
    (object(), Any),
    (object(), object),
    (1, Quacks),
    # This annotation is a text, such as the name of a class that only a type checker imports. It can't be checked.
    (1, "OnlyForTheChecker"),
]
REFUSED: list[tuple[Any, Any]] = [
    ("1", int),
    (1.0, int),
    (np.float64(1), int),
    ("1", float),
    (1, str),
    (b"x", str),
    (Decimal(1), float),
    (1, None),
    (None, int),
    ("x", Optional[int]),  # noqa: UP045 - the test needs this older syntax
    (1.5, int | str),
    ((1,), list[int]),
    ([1], tuple),
    ({1}, dict[int, int]),
    ("1", Annotated[int, "count"]),
    ("c", Literal["a", "b"]),
    (1, Literal[True]),  # 1 == True, but the types differ.
    ("x", Bound),
    (1.5, Either),
    (1, Callable[..., int]),
]


def test_has_type_returns_the_expected_result() -> None:
    """A value is accepted if it has the annotated type. An annotation that can't be checked accepts every value."""
    assert [(value, declared) for value, declared in ACCEPTED if not has_type(value, declared)] == []
    assert [(value, declared) for value, declared in REFUSED if has_type(value, declared)] == []


def test_inputs_and_outputs_are_checked_in_and_outside_a_pipeline(client: Client) -> None:
    """An input or output of a wrong type raises an error that does not quote the value."""

    @step
    def double(n: int) -> int:
        return n * 2

    @step
    def returns_wrong_type(n: int) -> str:
        return n  # type: ignore[return-value] # the test returns a wrong type

    @step
    def text() -> str:
        return "hunter2"

    @pipeline
    def passes_argument(value: Any) -> None:
        double(value)

    @pipeline
    def passes_output() -> None:
        double(text())

    wrong_calls: dict[str, Callable[[], Any]] = {
        "Input 'n' of step 'double' is of type str, and the step declares int.": lambda: double("hunter2"),
        "Output 'output' of step 'returns_wrong_type' is of type int, and the step declares str.": lambda: returns_wrong_type(1),
        "Input 'n' of step 'double' is of type str": lambda: passes_argument("hunter2"),
        "Input 'n' of step 'double' is of type str, and": passes_output,
    }
    for error_text, run in wrong_calls.items():
        with pytest.raises(StepInterfaceError) as caught:
            run()
        assert error_text in str(caught.value)
        assert is_one_line(caught.value)
        assert "hunter2" not in str(caught.value)
    # An argument is checked before the run. An output is checked during the run, when the next step receives it.
    assert passes_argument.last_run is None
    assert passes_output.last_run is not None
