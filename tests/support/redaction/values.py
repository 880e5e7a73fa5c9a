"""Values for tests: values that encodings change, and values in the formats of well-known services."""

from __future__ import annotations

import base64
import json
import secrets
import string
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from zensecrets_jupyter.testing.canary import canary

DIFFICULT = {
    "letters": "{}",
    "short": "aB3-x9",
    "quotes": "{}\"and'more",
    "single quote": "it's-{}",
    "backslash": "C:\\new\\{}\\",
    "accents": "clé-é-{}-ñandú",
    "ampersand and angle": "<{}&co>",
    "line end": "first-{}\nsecond-line-of-it",
    "CR LF": "first-{}\r\nsecond-line-of-it\r\n",
    "emoji": "\U0001f600\U0001f511{}\U0001f600",
    "slashes and plus": "a+/b=c/{}==",
    "blanks": "  pass phrase {} with blanks ",
    "percent and braces": "100%{{$x_y}}#{}",
    "control": "a\tb\x07c\x7f{}",
    "half a character": "\ud83d{}\udc00",
    "everything": "\"'\\é&<\n\U0001f600{}",
}
"""Templates of values that are difficult to find when they are encoded, by the reason.

:func:`difficult_value` replaces ``{}`` by random digits, and ``{{`` by ``{``. ``letters`` is an easy value for comparison.
``half a character`` has surrogates, which are the two halves of a character in UTF-16.
"""


def difficult_value(kind: str) -> str:
    """Return a value from the template ``kind`` of :data:`DIFFICULT`. It is unique, except ``short``, which has no ``{}``."""
    # The last 14 characters of a canary are random hexadecimal digits.
    return DIFFICULT[kind].format(canary()[-14:])


def _random(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _encode_claims(claims: dict[str, object]) -> str:
    """Encode the header or the claims of a JSON Web Token: base64url without padding."""
    return base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode().rstrip("=")


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, private_format: serialization.PrivateFormat) -> str:
    """Return the PEM file of a private key."""
    return key.private_bytes(serialization.Encoding.PEM, private_format, serialization.NoEncryption()).decode()


@cache
def realistic_values() -> dict[str, str]:
    """Return values in the formats of well-known services, by the names for their masks.

    Each test process has other values. No service accepts them.
    """
    account_key, pkcs8_key, rsa_key = (rsa.generate_private_key(65537, 2048) for _ in range(3))
    curve_key = ec.generate_private_key(ec.SECP256R1())
    token_header, token_claims = _encode_claims({"alg": "HS256", "typ": "JWT"}), _encode_claims({"sub": "1234567890", "name": "John Doe"})
    symbols = string.ascii_letters + string.digits + "+/"
    account = {
        "type": "service_account",
        "project_id": "acme-prod-123456",
        "private_key_id": _random(40, "0123456789abcdef"),
        "private_key": pem(account_key, serialization.PrivateFormat.PKCS8),
        "client_email": f"runner-{_random(8)}@acme-prod-123456.iam.gserviceaccount.com",
        "client_id": _random(21, string.digits),
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/runner%40acme-prod-123456.iam.gserviceaccount.com",
        "universe_domain": "googleapis.com",
    }
    return {
        "aws.access_key_id": f"AKIA{_random(16, string.ascii_uppercase + '234567')}",
        "aws.secret_access_key": _random(40, symbols),
        "aws.session_token": f"IQoJb3JpZ2luX2VjE{_random(800, symbols)}==",
        "github.classic": f"ghp_{_random(36)}",
        "github.fine_grained": f"github_pat_11{_random(20)}_{_random(59)}",
        "openai.api_key": f"sk-proj-{_random(48)}T3BlbkFJ{_random(48)}",
        "slack.bot": f"xoxb-123456789012-1234567890123-{_random(24)}",
        "slack.hook": f"https://hooks.slack.com/services/T{_random(8)}/B{_random(8)}/{_random(24)}",
        "jwt.token": f"{token_header}.{token_claims}.{_random(43)}",
        "pem.pkcs8": pem(pkcs8_key, serialization.PrivateFormat.PKCS8),
        "pem.rsa": pem(rsa_key, serialization.PrivateFormat.TraditionalOpenSSL).replace("\n", "\r\n"),
        "pem.curve": pem(curve_key, serialization.PrivateFormat.PKCS8),
        "pem.openssh": pem(rsa.generate_private_key(65537, 2048), serialization.PrivateFormat.OpenSSH),
        "gcp.service_account": json.dumps(account, indent=2),
        "gcp.access_token": f"ya29.a0AfH6SM{_random(120)}",
        "postgresql.url": f"postgresql://app:{_random(16)}@localhost:5432/postgres",
        "azure.connection_string": f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={_random(86, symbols)}==;"
        "EndpointSuffix=core.windows.net",
        "azure.sas": f"?sv=2022-11-02&ss=bfqt&srt=sco&sp=rwdl&se=2026-01-01T00:00:00Z&spr=https&sig={_random(43)}%3D",
        "huggingface.token": f"hf_{_random(34)}",
        "uuid.key": f"0b5a2f1e-9c1d-4e5f-8a7b-{_random(12, '0123456789abcdef')}",
        "hex.key": _random(64, "0123456789abcdef"),
        "settings.json": json.dumps({"user": "admin", "nested": [{"token": _random(40)}]}),
    }


def longest_visible(value: str, output: str) -> int:
    """Return the length of the longest part of ``value`` in ``output``."""
    longest = 0
    for start in range(len(value)):
        # Only a part that is longer than the longest earlier one counts.
        while start + longest < len(value) and value[start : start + longest + 1] in output:
            longest += 1
    return longest
