"""Parameters of a step as a pydantic model, as in ZenML before 0.40."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.validation_errors import describe_problems

if TYPE_CHECKING:
    from collections.abc import Mapping


class BaseParameters(BaseModel):
    """Base class of the parameters of a step; a subclass declares them as fields.

    The step has one parameter with the subclass as annotation, and receives an instance of it.
    """

    # Fields may have any class as a type, and names such as model_name. An error of pydantic does not show the values.
    model_config = ConfigDict(arbitrary_types_allowed=True, protected_namespaces=(), hide_input_in_errors=True)

    def __init__(self, /, **values: Any) -> None:
        """Validate the values of the fields.

        Raises:
            StepInterfaceError: If a value is missing or not acceptable. The error names the field and its type, and contains no value.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            problems = describe_problems(error, type(self))
        else:
            return
        # The error is raised outside of the except block, because the traceback would otherwise also show pydantic's error.
        message = f"The parameters {type(self).__name__} are not acceptable: {', '.join(problems)}."
        raise StepInterfaceError(message, hint="Give each field a value of its declared type.")


def create_parameters(model: type[BaseParameters], values: Mapping[str, Any], step: str) -> BaseParameters:
    """Return an instance of ``model`` with these values.

    Args:
        model: The class of the parameters.
        values: The values by field.
        step: The name of the step, for errors.

    Raises:
        StepInterfaceError: If a value is missing or not acceptable.
    """
    try:
        return model(**values)
    except StepInterfaceError as error:
        message, hint = error.message, error.hint
    # The error is raised outside of the except block, so that the traceback shows one error.
    raise StepInterfaceError(f"Step {step!r}: {message}", hint=hint)
