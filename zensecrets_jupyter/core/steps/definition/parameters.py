"""Parameters of a step as a model, as up to ZenML 0.3x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.validation_errors import describe_problems

if TYPE_CHECKING:
    from collections.abc import Mapping


class BaseParameters(BaseModel):
    """Values that a step takes beside its inputs; a subclass declares them as fields, with types, defaults and validators.

    The step has one parameter that is annotated with the subclass, and gets an instance there.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, protected_namespaces=(), hide_input_in_errors=True)

    def __init__(self, /, **values: Any) -> None:
        """Take the values of the fields.

        Raises:
            StepInterfaceError: If one is missing, or is not what its field declares; it names the field and the type, and no value.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            problems = describe_problems(error, type(self))
        else:
            return
        kind = type(self).__name__
        message = f"The parameters {kind} are not acceptable: {', '.join(problems)}."
        raise StepInterfaceError(message, hint="Give each field what it declares.")


def made_parameters(kind: type[BaseParameters], values: Mapping[str, Any], step: str) -> BaseParameters:
    """Return parameters of the class ``kind``, made of the values of its fields.

    Raises:
        StepInterfaceError: As from making one; it names the step too.
    """
    try:
        return kind(**values)
    except StepInterfaceError as error:
        message, hint = error.message, error.hint
    raise StepInterfaceError(f"Step {step!r}: {message}", hint=hint)
