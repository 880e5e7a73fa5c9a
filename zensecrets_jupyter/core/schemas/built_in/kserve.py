"""Storage credentials for KServe.

The field ``storage_type`` has one possible value in each schema: KServe's name of the storage.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from zensecrets_jupyter.core.fields import JSON_TEXT, ClearTextField
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class KServeS3SecretSchema(BaseSecretSchema):
    """Access of a KServe service account to S3."""

    TYPE: ClassVar[str] = "kserve_s3"

    storage_type: Literal["S3"] = ClearTextField(default="S3", description="Kind of storage")
    credentials: str | None = Field(default=None, description="Credentials")
    service_account: str | None = ClearTextField(default=None, description="Name of the service account")
    s3_endpoint: str | None = ClearTextField(default=None, description="Endpoint of the S3 API")
    s3_region: str | None = ClearTextField(default=None, description="Region")
    s3_use_https: str | None = ClearTextField(default=None, description="Whether to use HTTPS: 0 or 1")
    s3_verify_ssl: str | None = ClearTextField(default=None, description="Whether to verify certificates: 0 or 1")


class KServeGSSecretSchema(BaseSecretSchema):
    """Access of a KServe service account to Google Cloud Storage."""

    TYPE: ClassVar[str] = "kserve_gs"

    storage_type: Literal["GCS"] = ClearTextField(default="GCS", description="Kind of storage")
    credentials: str | None = Field(default=None, description="Service account key, as JSON", json_schema_extra=JSON_TEXT)
    service_account: str | None = ClearTextField(default=None, description="Name of the service account")


class KServeAzureSecretSchema(BaseSecretSchema):
    """Access of KServe to Azure Blob Storage."""

    TYPE: ClassVar[str] = "kserve_az"

    storage_type: Literal["Azure"] = ClearTextField(default="Azure", description="Kind of storage")
    credentials: str | None = Field(default=None, description="Credentials, as JSON", json_schema_extra=JSON_TEXT)
