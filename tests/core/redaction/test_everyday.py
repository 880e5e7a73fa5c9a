"""Regression tests with everyday outputs.

These outputs once showed a value, or other text in them was masked.
"""

from __future__ import annotations

import base64
import json
import reprlib
import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pydantic
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.redaction.realistic_secrets import RandomTexts
from zensecrets_jupyter.core.redaction import Redactor, mask_text

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = mask_text("a.key")
RANDOM = RandomTexts(11)
PASSWORD = "Kx7Rf2Qm9"
PEM = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
LINES = PEM.splitlines()
IDENTIFIER = RANDOM.text(40, "0123456789abcdef")
ACCOUNT = json.dumps(
    {
        "type": "service_account",
        "project_id": "acme-prod-417203",
        "private_key_id": IDENTIFIER,
        "private_key": PEM,
        "client_email": "runner@acme-prod-417203.iam.gserviceaccount.com",
    }
)


def in_base64(value: str | bytes) -> str:
    """Return the base64 of a text or of bytes."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def redactor_of(value: str) -> Redactor:
    """Return a redactor that protects ``value`` as ``a.key``."""
    redactor = Redactor()
    assert redactor.protect(value, "a.key")
    return redactor


def redact_stream(value: str, chunks: Iterable[str]) -> str:
    """Return the redacted text of a stream that arrives in chunks, while ``value`` is protected."""
    stream = redactor_of(value).stream()
    return "".join(map(stream.feed, chunks)) + stream.release()


KEY_FILES = {
    "environment file": f"A=1\nGCP_B64={in_base64(ACCOUNT)}\n",
    "Kubernetes": f"apiVersion: v1\ndata:\n  sa.json: {in_base64(ACCOUNT)}\nkind: Secret\n",
    "JSON": json.dumps({"sa": in_base64(ACCOUNT)}),
    "Airflow": json.dumps({"conn_type": "google_cloud_platform", "extra": json.dumps({"keyfile_dict": ACCOUNT})}),
    "kubeconfig": in_base64(f"users:\n- user:\n    client-key-data: {in_base64(PEM)}\n"),
    "base64": in_base64(ACCOUNT),
    "JSON in JSON": json.dumps({"sa": ACCOUNT}),
}


@pytest.mark.parametrize("file", KEY_FILES)
def test_a_private_key_inside_a_stored_file_is_masked(file: str) -> None:
    """A private key inside a stored file and each of its lines are masked.

    The secret is a file that contains the key in base64 or JSON.
    """
    redact = redactor_of(KEY_FILES[file]).redact
    assert LINES[9] not in redact(PEM)
    assert LINES[9] not in redact(f"a line: {LINES[9]}")
    shown = redact_stream(KEY_FILES[file], [chunk for line in LINES for chunk in (line, "\n")])
    assert [line for line in LINES[2:-2] if line in shown] == []


CREDENTIALS = {
    "Basic": f"Basic {in_base64(f'svc:{PASSWORD}')}",
    "Authorization": f"Authorization: Basic {in_base64(f'svc:{PASSWORD}')}",
    "npm": f"//registry.example.com/:_auth={in_base64(f'svc:{PASSWORD}')}",
    "docker": json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": in_base64(f"svc:{PASSWORD}")}}}),
    "Maven": f"<settings><server><username>deploy</username><password>{PASSWORD}</password></server></settings>",
    "SQL": f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}';",
    "a dict": f"{{'user': 'ann', 'password': '{PASSWORD}'}}",
    "Oracle": f"scott/{PASSWORD}@//oracle.example.com:1521/svc",
    "a list of keys": f"Zz8Tq3Wn5,{PASSWORD},Pp4Lm6Xc1",
    "a query": f"key1=Zz8Tq3Wn5&key2={PASSWORD}",
}


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_a_password_inside_credentials_is_masked(kind: str) -> None:
    """A short password inside credentials is also masked without its context."""
    assert redactor_of(CREDENTIALS[kind]).redact(f"password is {PASSWORD}, yes") == f"password is {MASK}, yes"


class _Settings(pydantic.BaseModel):
    port: int


@pytest.mark.parametrize("value", ["GPzEyoL8){Es);<#aJd@", RANDOM.text(20), RANDOM.text(24), "ghp_" + RANDOM.text(36)])
def test_a_value_with_an_ellipsis_is_masked(value: str) -> None:
    """A value that pydantic or reprlib shortens in its middle is masked.

    The beginning of the value, the ellipsis and the end of the value are masked.
    """
    redact = redactor_of(value).redact
    with pytest.raises(pydantic.ValidationError) as error:
        _Settings.model_validate({"password": value, "user": "bob"})
    for text in (str(error.value), reprlib.repr(value), f"{value[:10]}\N{HORIZONTAL ELLIPSIS}{value[-5:]}"):
        shown = redact(text)
        assert value[:6] not in shown
        assert value[-5:] not in shown
    assert redact(f"{value[:8]}...") == f"{value[:8]}..."


@pytest.mark.parametrize("length", [16, 32, 64])
def test_the_bytes_of_a_binary_key_are_masked(length: int) -> None:
    """If a secret is a binary key, its bytes are masked in every encoding.

    The secret is the key in base64 or hexadecimal.
    """
    key = bytes(range(201, 201 + length % 50)) + RANDOM.randbytes(length - length % 50)
    shown = [repr(key), str(list(key)), key.hex(), key.hex(":"), in_base64(key), repr(np.frombuffer(key, "u1"))]
    for value in (in_base64(key), key.hex()):
        redact = redactor_of(value).redact
        assert [text for text in shown if MASK not in redact(text)] == []


@pytest.mark.parametrize("width", [30, 40, 76])
@pytest.mark.parametrize("token", [RANDOM.text(120), "ya29.a0AfH6SM" + RANDOM.text(150), "sk-proj-" + RANDOM.text(100)])
def test_a_wrapped_token_in_a_stream_is_masked(token: str, width: int) -> None:
    """A token that is wrapped into lines is masked in a stream.

    Each line or each character arrives alone.
    """
    rows = textwrap.wrap(token, width, break_on_hyphens=False)
    for chunks in ([f"{row}\n" for row in rows], list("\n".join(rows))):
        shown = redact_stream(token, chunks)
        assert [row for row in rows if len(row) > 12 and row in shown] == []


def test_a_value_in_a_wrong_encoding_is_masked() -> None:
    """A value is masked if a program reads or writes it with a wrong encoding.

    Its UTF-8 is read as Latin-1 or cp1252, or it is written as ASCII with question marks.
    """
    value = "Gr\u00fc\u00dfe-Qx7-Stra\u00dfe"
    redact = redactor_of(value).redact
    data = value.encode()
    assert [redact(text) for text in (data.decode("latin-1"), data.decode("cp1252"), value.encode("ascii", "replace").decode())] == [
        MASK
    ] * 3


def test_a_numpy_array_of_letters_is_masked() -> None:
    """A value is masked if NumPy prints each of its bytes separately on wrapped lines."""
    value = "ghp_" + RANDOM.text(36)
    shown = redactor_of(value).redact(repr(np.frombuffer(value.encode(), "S1")))
    assert MASK in shown
    assert shown.count("b'") <= 2


TEXT_BESIDE_VALUES = [
    ("a\"b'c&d<e12", "x a&quot;b&#x27;c&amp;d&lt;e12 y", f"x {MASK} y"),
    ("admin:cRt4ZCXc3x", "login('cRt4ZCXc3x')", f"login('{MASK}')"),
    ("redis://:Ab%3Dc9-kd82@h:6379/0", "x=Ab=c9-kd82;", f"x={MASK};"),
    ("postgresql://app:p%40ss%2Fw0rd%21K7@db/o", "connect(password='p@ss/w0rd!K7')", f"connect(password='{MASK}')"),
    ("Zx9K\\n7Qm2{0}", "Zx9K\\n7Qm2{0}\n+pw=1", f"{MASK}\n+pw=1"),
    ("f9660f79#Qf59dcb06!m", "before\nW;r%CFlIM7BT;5GIb>sEFg77=\nafter", f"before\n{MASK}\nafter"),
    ("Zx9K\\n7Qm2{0}", "'Zx9K\\n7Qm2{0}'", f"'{MASK}'"),
    (
        "postgresql://analytics:s3cr3t-Pa55@db.example.com:5432/orders",
        "postgresql+asyncpg://analytics:s3cr3t-Pa55@db.example.com:5432/orders?ssl=1",
        f"postgresql+asyncpg://analytics:{MASK}@db.example.com:5432/orders?ssl=1",
    ),
]


@pytest.mark.parametrize(("value", "text", "shown"), TEXT_BESIDE_VALUES)
def test_text_beside_a_value_is_not_masked(value: str, text: str, shown: str) -> None:
    """Quotes, line ends, users and hosts beside a password are not masked.

    This is tested in a text and in a stream.
    """
    assert redactor_of(value).redact(text) == shown
    assert redact_stream(value, [text]) == shown


CONTEXT = {
    "settings.py": (f"import os\nfrom pathlib import Path\nSECRET_KEY = '{PASSWORD}.tq-4'\nprint(os.getcwd())\n", "import os\n"),
    "shell": (f"#!/bin/bash\nset -euo pipefail\nexport PGPASSWORD={PASSWORD}\nexit 0\n", "set -euo pipefail\n"),
    "properties": (f"spring.datasource.password={PASSWORD}\nlogging.level.root=INFO\na.b=c\nd.e=f\n", "logging.level.root=INFO\n"),
    "my.cnf": (f"[client]\nuser = app\npassword = {PASSWORD}\nssl-mode=REQUIRED\n", "ssl-mode=REQUIRED\n"),
    "XML": (
        f'<?xml version="1.0"?>\n<settings>\n<username>ann</username>\n<password>{PASSWORD}</password>\n</settings>',
        '<?xml version="1.0"?>\n',
    ),
    "a letter": (f"Hello Ann,\nhere are your credentials:\npassword: {PASSWORD}\nBest regards,\n", "Best regards,\n"),
    "Airflow": (json.dumps({"conn_type": "postgres", "login": "analytics", "password": PASSWORD}), "SELECT * FROM analytics.orders\n"),
    "JSON": (json.dumps({"password": PASSWORD, "format": "%(asctime)s %(message)s"}), "format='%(asctime)s %(message)s'\n"),
    "a service account": (ACCOUNT, "serviceAccount:etl-reader@acme-prod-417203.iam.gserviceaccount.com\n"),
    "Slack": (
        f"https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/{RANDOM.text(24)}",
        "https://hooks.slack.com/services/T01ABCDEF/B09ZZZ/\n",
    ),
    "Oracle": (f"scott/{PASSWORD}@//oracle.example.com:1521/svc", "connected to //oracle.example.com:1521/svc\n"),
    "a number": ("482913", "0x482913\n"),
}


@pytest.mark.parametrize("kind", CONTEXT)
def test_public_parts_of_a_stored_file_are_not_masked(kind: str) -> None:
    """If a secret is a file, its public parts are not masked in other texts.

    The public parts are code, names and hosts.
    """
    value, text = CONTEXT[kind]
    assert redactor_of(value).redact(text) == text


def test_another_certificate_is_not_masked() -> None:
    """If a secret is a kubeconfig, other certificates are not masked.

    All certificates begin with the same letters as the certificate in the kubeconfig.
    """
    certificate = "-----BEGIN CERTIFICATE-----\nMIIC5zCCAc+gAwIBAgIBADANBgkqhkiG9w0BAQsFADAVMRMwEQYDVQQDEwprdWJl"
    config = (
        "apiVersion: v1\nkind: Config\nclusters:\n- name: main\n  cluster:\n    server: https://10.0.0.1:6443\n"
        f"    certificate-authority-data: {in_base64(certificate + RANDOM.text(300))}\n"
        f"users:\n- name: admin\n  user:\n    token: {RANDOM.text(40)}\n"
    )
    other = f"  tls.crt: {in_base64('-----BEGIN CERTIFICATE-----' + chr(10) + 'MIID' + RANDOM.text(300))}\n"
    assert redactor_of(config).redact(other) == other


@pytest.mark.parametrize("before", ["Out[300]: ", "r*499)}\n", "4096, "])
def test_a_number_before_a_list_of_bytes_is_not_masked(before: str) -> None:
    """A number before a list of bytes is not masked.

    The number is too large for a byte.
    """
    value = RANDOM.text(20)
    codes = list("\u200b".join(value[start : start + 5] for start in range(0, 20, 5)).encode())
    shown = redactor_of(value).redact(f"{before}{codes}\n")
    assert MASK in shown
    assert shown.startswith(before)
