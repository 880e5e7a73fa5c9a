"""Parameters of a step as a model, as up to ZenML 0.3x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.steps.definition.type_checks import type_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_VALIDATOR = ("value_error", "assertion_error")


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
            problems = _problems(type(self), error)
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


def _problems(kind: type[BaseParameters], error: ValidationError) -> list[str]:
    """Return each wrong field with what is wrong with it, never a value: a validator's own text may quote one."""
    said = []
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        field, *inside = one["loc"] or ("",)
        declared = kind.model_fields.get(str(field))
        if one["type"] == "missing":
            problem = "missing"
        elif one["type"] in _BY_VALIDATOR:
            problem = "refused by its validator"
        elif declared is not None and not inside:
            problem = f"has to be {type_name(declared.annotation)}"
        else:
            problem = str(one["type"]).replace("_", " ")
        said.append(f"{'.'.join(map(str, (field, *inside)))} ({problem})".strip())
    return list(dict.fromkeys(said))
