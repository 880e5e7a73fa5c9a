"""A fake of Google's OAuth token server, and the key file of a service account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.fakes.web import Request, Response, WebServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.faults.injector import Fault

TOKEN = "token-of-the-fake-server"


class TokenServer(WebServer):
    """The fake server. It issues a token to every client.

    Attributes:
        refusal: If this text is set, the server refuses every client with it as the error text.
    """

    refusal: str = ""

    def answer(self, request: Request) -> Response:  # noqa: ARG002 - the response is the same for every request
        """Return a token or an error in Google's format."""
        if self.refusal:
            return Response(400, {"error": "invalid_grant", "error_description": self.refusal})
        return Response(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})

    def fault_response(self, fault: Fault) -> Response:
        """Return an error response with the HTTP status of the fault."""
        return Response(int(fault.code), {"error": "internal_failure"})

    def write_key_file(self, path: Path) -> None:
        """Write the key file of a service account that uses this server."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {"type": "service_account", "project_id": "of-the-account", "private_key_id": "1", "client_id": "1"}
        account = {**account, "private_key": pem, "client_email": "tested@example.com", "token_uri": f"{self.url}/token"}
        path.write_text(json.dumps(account))
