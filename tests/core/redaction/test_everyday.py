"""Regression tests with everyday outputs.

Earlier versions of the redactor showed a value in these outputs, or masked other text in them.
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
"""The mask of the value that :func:`redactor_of` protects."""
RANDOM = RandomTexts(11)
"""A generator of random texts with a fixed seed."""
PASSWORD = "Kx7Rf2Qm9"
"""A short password.

Parts of a value are usually masked if they have at least twelve characters.
"""
PEM = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
"""A private key, which is a new one in each run."""
PEM_LINES = PEM.splitlines()
SERVICE_ACCOUNT = json.dumps(
    {
        "type": "service_account",
        "project_id": "acme-prod-417203",
        "private_key_id": RANDOM.text(40, "0123456789abcdef"),
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
    "environment file": f"A=1\nGCP_B64={in_base64(SERVICE_ACCOUNT)}\n",
    "Kubernetes": f"apiVersion: v1\ndata:\n  sa.json: {in_base64(SERVICE_ACCOUNT)}\nkind: Secret\n",
    "JSON": json.dumps({"sa": in_base64(SERVICE_ACCOUNT)}),
    "Airflow": json.dumps({"conn_type": "google_cloud_platform", "extra": json.dumps({"keyfile_dict": SERVICE_ACCOUNT})}),
    "kubeconfig": in_base64(f"users:\n- user:\n    client-key-data: {in_base64(PEM)}\n"),
    "base64": in_base64(SERVICE_ACCOUNT),
    "JSON in JSON": json.dumps({"sa": SERVICE_ACCOUNT}),
}
"""Files by their kinds, each with the private key in JSON, base64 or both."""


@pytest.mark.parametrize("file", KEY_FILES)
def test_a_private_key_inside_a_stored_file_is_masked(file: str) -> None:
    """If a value is a file with a private key, the key is also masked.

    The key is masked as a PEM file and in a stream, and each line of it in another text.
    """
    redact = redactor_of(KEY_FILES[file]).redact
    key_line = PEM_LINES[9]  # Any line in the middle of the key.
    assert key_line not in redact(PEM)
    assert key_line not in redact(f"a line: {key_line}")
    # Each line and each line end arrives in its own chunk.
    output = redact_stream(KEY_FILES[file], [chunk for line in PEM_LINES for chunk in (line, "\n")])
    # The header, the footer, the first line of digits, which begins alike in all keys, and the short last line may be shown.
    assert [line for line in PEM_LINES[2:-2] if line in output] == []


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
"""Values in several formats. Each contains :data:`PASSWORD`."""


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_a_password_inside_credentials_is_masked(kind: str) -> None:
    """If a value contains a short password, the password is also masked in other texts."""
    assert redactor_of(CREDENTIALS[kind]).redact(f"password is {PASSWORD}, yes") == f"password is {MASK}, yes"


class _Settings(pydantic.BaseModel):
    """A model whose validation fails if ``port`` is missing."""

    port: int


@pytest.mark.parametrize("value", ["GPzEyoL8){Es);<#aJd@", RANDOM.text(20), RANDOM.text(24), "ghp_" + RANDOM.text(36)])
def test_a_value_with_an_ellipsis_in_the_middle_is_masked(value: str) -> None:
    """If pydantic or reprlib shortens a value in its middle, its beginning and its end are masked.

    A short beginning without the end is not masked.
    """
    redact = redactor_of(value).redact
    # The error for the missing field ``port`` shows the whole input, shortened in its middle.
    with pytest.raises(pydantic.ValidationError) as error:
        _Settings.model_validate({"password": value, "user": "bob"})
    for text in (str(error.value), reprlib.repr(value), f"{value[:10]}\N{HORIZONTAL ELLIPSIS}{value[-5:]}"):
        output = redact(text)
        assert value[:6] not in output
        assert value[-5:] not in output
    assert redact(f"{value[:8]}...") == f"{value[:8]}..."


@pytest.mark.parametrize("length", [16, 32, 64])
def test_the_bytes_of_a_binary_key_are_masked(length: int) -> None:
    """The bytes of a binary key are masked in six encodings.

    The protected value is the base64 or the hexadecimal of the key.
    """
    # The first bytes are outside ASCII, so that repr() writes each of them as an escape.
    key = bytes(range(201, 215)) + RANDOM.randbytes(length - 14)
    encodings = [repr(key), str(list(key)), key.hex(), key.hex(":"), in_base64(key), repr(np.frombuffer(key, "u1"))]
    for value in (in_base64(key), key.hex(), f"0x{key.hex()}"):
        redact = redactor_of(value).redact
        assert [text for text in encodings if MASK not in redact(text)] == []


@pytest.mark.parametrize("length", range(10, 132))
def test_hexadecimal_digits_with_a_prefix_are_masked(length: int) -> None:
    """A value such as the private key of an Ethereum account is masked, and other text is shown."""
    value = "0x" + RANDOM.randbytes(66).hex()[:length]
    assert redactor_of(value).redact(f"key = {value}, and more") == f"key = {MASK}, and more"


@pytest.mark.parametrize("width", [30, 40, 76])
@pytest.mark.parametrize("token", [RANDOM.text(120), "ya29.a0AfH6SM" + RANDOM.text(150), "sk-proj-" + RANDOM.text(100)])
def test_a_wrapped_token_in_a_stream_is_masked(token: str, width: int) -> None:
    """A token that is wrapped into lines is masked in a stream, if each line or each character arrives in its own chunk."""
    rows = textwrap.wrap(token, width, break_on_hyphens=False)
    # In the first list, each line is a chunk. In the second list, each character is a chunk.
    for chunks in ([f"{row}\n" for row in rows], list("\n".join(rows))):
        output = redact_stream(token, chunks)
        # A last row of at most twelve characters may be shown.
        assert [row for row in rows if len(row) > 12 and row in output] == []


def test_a_value_in_a_wrong_encoding_is_masked() -> None:
    """A value is masked if its UTF-8 is read as Latin-1 or cp1252, or if it is written as ASCII with question marks."""
    value = "Gr\u00fc\u00dfe-Qx7-Stra\u00dfe"
    redact = redactor_of(value).redact
    assert redact(value.encode().decode("latin-1")) == MASK
    assert redact(value.encode().decode("cp1252")) == MASK
    assert redact(value.encode("ascii", "replace").decode()) == MASK


def test_a_numpy_array_of_letters_is_masked() -> None:
    """A value is masked if NumPy prints each of its letters as a bytes literal, on several lines."""
    value = "ghp_" + RANDOM.text(36)
    output = redactor_of(value).redact(repr(np.frombuffer(value.encode(), "S1")))
    assert MASK in output
    # NumPy writes each letter as b'x'. At most two of the 40 letters may be shown.
    visible_letters = output.count("b'")
    assert visible_letters <= 2


TEXT_BESIDE_VALUES = [
    ("a\"b'c&d<e12", "x a&quot;b&#x27;c&amp;d&lt;e12 y", f"x {MASK} y"),
    ("admin:cRt4ZCXc3x", "login('cRt4ZCXc3x')", f"login('{MASK}')"),
    ("redis://:Ab%3Dc9-kd82@h:6379/0", "x=Ab=c9-kd82;", f"x={MASK};"),
    ("postgresql://app:p%40ss%2Fw0rd%21K7@db/o", "connect(password='p@ss/w0rd!K7')", f"connect(password='{MASK}')"),
    # This value contains a backslash and the letter n, and no line end.
    ("Zx9K\\n7Qm2{0}", "Zx9K\\n7Qm2{0}\n+pw=1", f"{MASK}\n+pw=1"),
    # The second line of the text is the base85 of the value.
    ("f9660f79#Qf59dcb06!m", "before\nW;r%CFlIM7BT;5GIb>sEFg77=\nafter", f"before\n{MASK}\nafter"),
    ("Zx9K\\n7Qm2{0}", "'Zx9K\\n7Qm2{0}'", f"'{MASK}'"),
    (
        "postgresql://analytics:s3cr3t-Pa55@db.example.com:5432/orders",
        "postgresql+asyncpg://analytics:s3cr3t-Pa55@db.example.com:5432/orders?ssl=1",
        f"postgresql+asyncpg://analytics:{MASK}@db.example.com:5432/orders?ssl=1",
    ),
]
"""Tuples of a value, a text that contains the value or its password, and the redacted text."""


@pytest.mark.parametrize(("value", "text", "expected"), TEXT_BESIDE_VALUES)
def test_text_beside_a_value_is_not_masked(value: str, text: str, expected: str) -> None:
    """Quotes, line ends, users and hosts beside a masked value are not masked."""
    assert redactor_of(value).redact(text) == expected
    assert redact_stream(value, [text]) == expected


FILES_WITH_PUBLIC_PARTS = {
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
    "a service account": (SERVICE_ACCOUNT, "serviceAccount:etl-reader@acme-prod-417203.iam.gserviceaccount.com\n"),
    "Slack": (
        f"https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/{RANDOM.text(24)}",
        "https://hooks.slack.com/services/T01ABCDEF/B09ZZZ/\n",
    ),
    "Oracle": (f"scott/{PASSWORD}@//oracle.example.com:1521/svc", "connected to //oracle.example.com:1521/svc\n"),
}
"""A value, and another text with a public part of the value, by its kind."""


@pytest.mark.parametrize("kind", FILES_WITH_PUBLIC_PARTS)
def test_public_parts_of_a_stored_file_are_not_masked(kind: str) -> None:
    """Public parts of a value, such as code, names and hosts, are not masked.

    The value is a file, a URL or a connection string.
    """
    value, text = FILES_WITH_PUBLIC_PARTS[kind]
    assert redactor_of(value).redact(text) == text


def test_a_pin_after_0x_is_not_masked() -> None:
    """If a value is a PIN, a hexadecimal number with its digits is not masked."""
    assert redactor_of("482913").redact("0x482913\n") == "0x482913\n"


def test_another_certificate_is_not_masked() -> None:
    """Another certificate with the same beginning as one in a protected kubeconfig is not masked."""
    certificate = "-----BEGIN CERTIFICATE-----\nMIIC5zCCAc+gAwIBAgIBADANBgkqhkiG9w0BAQsFADAVMRMwEQYDVQQDEwprdWJl"
    config = (
        "apiVersion: v1\nkind: Config\nclusters:\n- name: main\n  cluster:\n    server: https://10.0.0.1:6443\n"
        f"    certificate-authority-data: {in_base64(certificate + RANDOM.text(300))}\n"
        f"users:\n- name: admin\n  user:\n    token: {RANDOM.text(40)}\n"
    )
    other_certificate = "-----BEGIN CERTIFICATE-----\nMIID" + RANDOM.text(300)
    other_file = f"  tls.crt: {in_base64(other_certificate)}\n"
    assert redactor_of(config).redact(other_file) == other_file


@pytest.mark.parametrize("before", ["Out[300]: ", "r*499)}\n", "4096, "])
def test_a_number_before_a_list_of_bytes_is_not_masked(before: str) -> None:
    """A number above 255 before the list of a value's bytes is not masked.

    A number above 255 is not a byte.
    """
    value = RANDOM.text(20)
    # The redactor ignores invisible spaces (U+200B), so it also finds the value in the bytes of this text.
    value_with_invisible_spaces = "\u200b".join(textwrap.wrap(value, 5))
    byte_list = list(value_with_invisible_spaces.encode())
    output = redactor_of(value).redact(f"{before}{byte_list}\n")
    assert MASK in output
    assert output.startswith(before)
