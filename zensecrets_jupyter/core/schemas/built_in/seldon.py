"""Storage credentials for Seldon Core, which uses rclone.

In capitals, the names of the fields are the environment variables that configure rclone, such as ``RCLONE_CONFIG_S3_TYPE``.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from zensecrets_jupyter.core.fields import JSON_TEXT, ClearTextField
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class SeldonS3SecretSchema(BaseSecretSchema):
    """An rclone remote for S3 (https://rclone.org/s3)."""

    TYPE: ClassVar[str] = "seldon_s3"

    rclone_config_s3_type: Literal["s3"] = ClearTextField(default="s3", description="Kind of remote")
    rclone_config_s3_provider: str = ClearTextField(default="aws", description="Provider: aws, ceph, minio, …")
    rclone_config_s3_env_auth: bool = ClearTextField(default=False, description="Use the credentials of the environment")
    rclone_config_s3_access_key_id: str | None = Field(default=None, description="Access key ID")
    rclone_config_s3_secret_access_key: str | None = Field(default=None, description="Secret access key")
    rclone_config_s3_session_token: str | None = Field(default=None, description="Session token")
    rclone_config_s3_region: str | None = ClearTextField(default=None, description="Region")
    rclone_config_s3_endpoint: str | None = ClearTextField(default=None, description="Endpoint of the S3 API")


class SeldonGSSecretSchema(BaseSecretSchema):
    """An rclone remote for Google Cloud Storage (https://rclone.org/googlecloudstorage)."""

    TYPE: ClassVar[str] = "seldon_gs"

    rclone_config_gs_type: Literal["google cloud storage"] = ClearTextField(default="google cloud storage", description="Kind of remote")
    rclone_config_gs_client_id: str | None = ClearTextField(default=None, description="OAuth client ID")
    rclone_config_gs_client_secret: str | None = Field(default=None, description="OAuth client secret")
    rclone_config_gs_project_number: str | None = ClearTextField(default=None, description="Project number")
    rclone_config_gs_service_account_credentials: str | None = Field(
        default=None, description="Service account key, as JSON", json_schema_extra=JSON_TEXT
    )
    rclone_config_gs_anonymous: bool = ClearTextField(default=False, description="Access public buckets without credentials")
    rclone_config_gs_token: str | None = Field(default=None, description="OAuth access token, as JSON", json_schema_extra=JSON_TEXT)
    rclone_config_gs_auth_url: str | None = ClearTextField(default=None, description="URL of the authorisation server")
    rclone_config_gs_token_url: str | None = ClearTextField(default=None, description="URL of the token server")


class SeldonAzureSecretSchema(BaseSecretSchema):
    """An rclone remote for Azure Blob Storage (https://rclone.org/azureblob)."""

    TYPE: ClassVar[str] = "seldon_az"

    rclone_config_azureblob_type: Literal["azureblob"] = ClearTextField(default="azureblob", description="Kind of remote")
    rclone_config_azureblob_account: str | None = ClearTextField(default=None, description="Storage account name")
    rclone_config_azureblob_key: str | None = Field(default=None, description="Storage account key")
    rclone_config_azureblob_sas_url: str | None = Field(default=None, description="SAS URL of the container")
    rclone_config_azureblob_use_msi: bool = ClearTextField(default=False, description="Use a managed identity")
