"""This package's errors under ZenML's names; several of these names may refer to the same error."""

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
