"""The schema of AWS."""

from zensecrets_jupyter.core.schemas.built_in.aws import AWSSecretSchema

__all__ = ["AWSSecretSchema"]
