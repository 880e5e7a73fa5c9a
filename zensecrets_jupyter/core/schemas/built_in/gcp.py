"""Google Cloud credentials."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from pydantic import Field

from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.fields import JSON_TEXT
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class GCPSecretSchema(BaseSecretSchema):
    """A Google Cloud service account key, as the JSON text of its key file.

    The field has ZenML's name ``token``, although a service account key is not a token.
    """

    TYPE: ClassVar[str] = "gcp"

    token: str = Field(description="Service account key, as JSON", json_schema_extra=JSON_TEXT)

    def get_credential_dict(self) -> dict[str, Any]:
        """Return the JSON object of the token as a dict.

        Raises:
            InvalidSecretError: If the token is not a JSON object.
        """
        try:
            parsed = json.loads(self.token)
        except (ValueError, RecursionError):
            # Deeply nested JSON raises RecursionError.
            parsed = None
        if isinstance(parsed, dict):
            return parsed
        message = f"The token of secret {self.name!r} is not a JSON object."
        raise InvalidSecretError(message, name=self.name, hint="Register the service account's key file: --token=@key.json.")
