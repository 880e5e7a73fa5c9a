"""Errors with ZenML's names; some names are aliases of one error."""

from zensecrets_jupyter.core.errors import (
    ArtifactError,
    ComponentExistsError,
    MaterializerInterfaceError,
    RunNotFoundError,
    SecretExistsError,
    StackExistsError,
    StackValidationError,
    StepContextError,
    StepInterfaceError,
    ZenSecretsError,
)

__all__ = [
    "ArtifactInterfaceError",
    "DoesNotExistException",
    "EntityExistsError",
    "MaterializerInterfaceError",
    "MissingStepParameterError",
    "PipelineConfigurationError",
    "PipelineInterfaceError",
    "SecretExistsError",
    "StackComponentExistsError",
    "StackExistsError",
    "StackValidationError",
    "StepContextError",
    "StepInterfaceError",
    "ZenMLBaseException",
]

ArtifactInterfaceError = ArtifactError
DoesNotExistException = RunNotFoundError
EntityExistsError = SecretExistsError
MissingStepParameterError = PipelineConfigurationError = PipelineInterfaceError = StepInterfaceError
StackComponentExistsError = ComponentExistsError
ZenMLBaseException = ZenSecretsError
