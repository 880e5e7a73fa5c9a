"""Azure credentials."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.fields import ClearTextField
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class AzureSecretSchema(BaseSecretSchema):
    """An account key, SAS token, connection string or service principal of Azure."""

    TYPE: ClassVar[str] = "azure"

    account_name: str | None = ClearTextField(default=None, description="Storage account name")
    account_key: str | None = Field(default=None, description="Storage account key")
    sas_token: str | None = Field(default=None, description="Shared access signature")
    connection_string: str | None = Field(default=None, description="Connection string of the storage account")
    client_id: str | None = ClearTextField(default=None, description="Client ID of the service principal")
    client_secret: str | None = Field(default=None, description="Client secret of the service principal")
    tenant_id: str | None = ClearTextField(default=None, description="Tenant ID of the service principal")
