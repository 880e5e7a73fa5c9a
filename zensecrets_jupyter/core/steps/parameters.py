"""Parameters of a step as a model, as up to ZenML 0.3x."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class BaseParameters(BaseModel):
    """Values that a step takes beside its inputs; a subclass declares them as fields, with types, defaults and validators.

    The step has one parameter that is annotated with the subclass, and gets an instance there.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, protected_namespaces=(), hide_input_in_errors=True)
