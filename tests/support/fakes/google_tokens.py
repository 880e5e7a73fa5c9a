"""The server that changes what a service account has signed for a token, over HTTP on loopback, and the account's key file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.fakes.web import Answer, Asked, WebServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.faults.answers import Fault

TOKEN = "a-token-of-the-fake"


class TokenServer(WebServer):
    """It gives a token to everybody, or while ``refusal`` says something, that instead."""

    refusal: str = ""

    def answer(self, asked: Asked) -> Answer:  # noqa: ARG002 - everybody is answered alike
        """Answer as Google's does."""
        if self.refusal:
            return Answer(400, {"error": "invalid_grant", "error_description": self.refusal})
        return Answer(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})

    def spoiled(self, fault: Fault) -> Answer:
        """Fail."""
        return Answer(int(fault.code), {"error": "internal_failure"})

    def write_key_file(self, path: Path) -> None:
        """Write the key file of an account that asks this server."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {"type": "service_account", "project_id": "of-the-account", "private_key_id": "1", "client_id": "1"}
        account = {**account, "private_key": pem, "client_email": "tried@example.com", "token_uri": f"{self.url}/token"}
        path.write_text(json.dumps(account))
