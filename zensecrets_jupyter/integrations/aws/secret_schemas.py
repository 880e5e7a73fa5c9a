"""The schema of AWS."""

from zensecrets_jupyter.core.schemas.aws import AWSSecretSchema

__all__ = ["AWSSecretSchema"]
