"""Everyday outputs that once showed a value, or lost text that was none: each is made by the library or the tool that people use."""

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

from tests.support.redaction.realistic_secrets import _Random
from zensecrets_jupyter.core.redaction import Redactor, mask_text

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = mask_text("a.key")
RANDOM = _Random(11)
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


def in_pieces(value: str, pieces: Iterable[str]) -> str:
    """Return what is shown of a text that comes in pieces."""
    stream = redactor_of(value).stream()
    return "".join(map(stream.feed, pieces)) + stream.release()


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
def test_a_private_key_inside_a_stored_file(file: str) -> None:
    """The key that a file holds in base64 or JSON is masked, as a whole, one line of it, and line by line."""
    redact = redactor_of(KEY_FILES[file]).redact
    assert LINES[9] not in redact(PEM)
    assert LINES[9] not in redact(f"a line: {LINES[9]}")
    shown = in_pieces(KEY_FILES[file], [piece for line in LINES for piece in (line, "\n")])
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
def test_a_short_password_inside_credentials(kind: str) -> None:
    """A password that a stored text holds is masked alone."""
    assert redactor_of(CREDENTIALS[kind]).redact(f"password is {PASSWORD}, yes") == f"password is {MASK}, yes"


class _Settings(pydantic.BaseModel):
    port: int


@pytest.mark.parametrize("value", ["GPzEyoL8){Es);<#aJd@", RANDOM.text(20), RANDOM.text(24), "ghp_" + RANDOM.text(36)])
def test_the_two_ends_around_an_ellipsis(value: str) -> None:
    """Pydantic and reprlib show the beginning and the end of a long text: both are masked with what stands between."""
    redact = redactor_of(value).redact
    with pytest.raises(pydantic.ValidationError) as error:
        _Settings.model_validate({"password": value, "user": "bob"})
    for text in (str(error.value), reprlib.repr(value), f"{value[:10]}\N{HORIZONTAL ELLIPSIS}{value[-5:]}"):
        shown = redact(text)
        assert value[:6] not in shown
        assert value[-5:] not in shown
    assert redact(f"{value[:8]}...") == f"{value[:8]}..."


@pytest.mark.parametrize("length", [16, 32, 64])
def test_a_key_of_bytes(length: int) -> None:
    """A key that is stored in base64 or in hexadecimal digits is masked in any way in which its bytes are shown."""
    key = bytes(range(201, 201 + length % 50)) + RANDOM.randbytes(length - length % 50)
    shown = [repr(key), str(list(key)), key.hex(), key.hex(":"), in_base64(key), repr(np.frombuffer(key, "u1"))]
    for value in (in_base64(key), key.hex()):
        redact = redactor_of(value).redact
        assert [text for text in shown if MASK not in redact(text)] == []


@pytest.mark.parametrize("width", [30, 40, 76])
@pytest.mark.parametrize("token", [RANDOM.text(120), "ya29.a0AfH6SM" + RANDOM.text(150), "sk-proj-" + RANDOM.text(100)])
def test_a_wrapped_token_in_pieces(token: str, width: int) -> None:
    """A token that is wrapped into lines is masked though each line, or each character, comes by itself."""
    rows = textwrap.wrap(token, width, break_on_hyphens=False)
    for pieces in ([f"{row}\n" for row in rows], list("\n".join(rows))):
        shown = in_pieces(token, pieces)
        assert [row for row in rows if len(row) > 12 and row in shown] == []


def test_characters_in_a_wrong_encoding() -> None:
    """UTF-8 that is read in an encoding of Western Europe, or written with question marks, is the value still."""
    value = "Gr\u00fc\u00dfe-Qx7-Stra\u00dfe"
    redact = redactor_of(value).redact
    data = value.encode()
    assert [redact(text) for text in (data.decode("latin-1"), data.decode("cp1252"), value.encode("ascii", "replace").decode())] == [
        MASK
    ] * 3


def test_an_array_of_letters() -> None:
    """NumPy shows bytes one by one, in lines that are wrapped."""
    value = "ghp_" + RANDOM.text(36)
    shown = redactor_of(value).redact(repr(np.frombuffer(value.encode(), "S1")))
    assert MASK in shown
    assert shown.count("b'") <= 2


NOTHING_LOST = [
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


@pytest.mark.parametrize(("value", "text", "shown"), NOTHING_LOST)
def test_what_stands_beside_a_value_stays(value: str, text: str, shown: str) -> None:
    """Quotes, line ends, user and host beside a password stay, in a whole text and in a stream without a line end."""
    assert redactor_of(value).redact(text) == shown
    assert in_pieces(value, [text]) == shown


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
def test_the_context_of_a_secret_is_no_secret(kind: str) -> None:
    """The code, the names and the hosts in a stored text are not masked elsewhere."""
    value, text = CONTEXT[kind]
    assert redactor_of(value).redact(text) == text


def test_another_certificate_is_no_secret() -> None:
    """A kubeconfig holds the certificate of its authority in base64; others begin alike."""
    certificate = "-----BEGIN CERTIFICATE-----\nMIIC5zCCAc+gAwIBAgIBADANBgkqhkiG9w0BAQsFADAVMRMwEQYDVQQDEwprdWJl"
    config = (
        "apiVersion: v1\nkind: Config\nclusters:\n- name: main\n  cluster:\n    server: https://10.0.0.1:6443\n"
        f"    certificate-authority-data: {in_base64(certificate + RANDOM.text(300))}\n"
        f"users:\n- name: admin\n  user:\n    token: {RANDOM.text(40)}\n"
    )
    other = f"  tls.crt: {in_base64('-----BEGIN CERTIFICATE-----' + chr(10) + 'MIID' + RANDOM.text(300))}\n"
    assert redactor_of(config).redact(other) == other


@pytest.mark.parametrize("before", ["Out[300]: ", "r*499)}\n", "4096, "])
def test_a_list_of_bytes_behind_a_number(before: str) -> None:
    """The number, which is no byte, does not belong to the list, and stays."""
    value = RANDOM.text(20)
    written = list("\u200b".join(value[start : start + 5] for start in range(0, 20, 5)).encode())
    shown = redactor_of(value).redact(f"{before}{written}\n")
    assert MASK in shown
    assert shown.startswith(before)
