"""One hundred realistic secrets from a seeded generator, so that failures are reproducible.

The values have the formats of real services, but no service accepts them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import random
import string
import struct
import uuid
from dataclasses import dataclass
from functools import cache
from math import gcd
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from zensecrets_jupyter.core.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterable

SEED = os.environ.get("ZENSECRETS_TEST_SEED", "20261128")
"""The seed of the generators. The default is arbitrary. Set ``ZENSECRETS_TEST_SEED`` to test other secrets."""

_DIGITS = string.digits
# The digits are also in ``_LOWER`` and ``_LETTERS``.
_LOWER = string.ascii_lowercase + string.digits
_LETTERS = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_WORDS = """
anchor autumn badger banana battery bicycle blanket bottle branch breeze bridge butter button candle canyon carpet castle cherry circle
clover coffee copper correct cotton cricket dragon eagle engine falcon feather flower forest garden ginger guitar hammer harbor helmet
horse island jacket jungle ladder lemon lizard marble meadow mirror monkey mountain orange orchid oyster parrot pepper pillow planet
pocket potato purple rabbit river rocket saddle salmon shadow silver sparrow spring staple stone summer sunset thunder ticket tiger tulip
turtle velvet violet walnut whisper willow window winter yellow
""".split()
"""Words from which :func:`_passwords` makes passwords."""


@dataclass(frozen=True)
class RealisticSecret:
    """A secret with realistic values.

    Attributes:
        name: The name of the secret.
        content: The values of the secret by their keys.
        secret_parts: The parts of the values that must be masked even without the rest of the value, such as the password of a URL.
        public_parts: The parts of the values that must stay readable without the rest of the value, such as a host.
    """

    name: str
    content: dict[str, str]
    secret_parts: tuple[str, ...] = ()
    public_parts: tuple[str, ...] = ()

    def named_values(self) -> Iterable[tuple[str, str]]:
        """Yield a pair for each key: the name in the mask, and the value."""
        for key, value in self.content.items():
            yield f"{self.name}.{key}", value


class RandomTexts(random.Random):
    """A generator of random texts."""

    def text(self, length: int, alphabet: str = _LETTERS) -> str:
        """Return ``length`` random characters of an alphabet."""
        return "".join(self.choices(alphabet, k=length))

    def base64(self, size: int) -> str:
        """Return ``size`` random bytes in base64."""
        return base64.b64encode(self.randbytes(size)).decode()

    def uuid(self) -> str:
        """Return a random UUID."""
        return str(uuid.UUID(int=self.getrandbits(128), version=4))

    def password(self, length: int = 16, signs: str = "!#%*-_.~") -> str:
        """Return letters and digits with at most two punctuation characters, like a password generator."""
        letters = [*self.text(length - 2), *self.text(2, signs)]
        self.shuffle(letters)
        # The first and the last character are letters or digits. There, the redactor may treat punctuation as a separator.
        return "".join([self.text(1), *letters[1:-1], self.text(1)])

    def pin(self, length: int) -> str:
        """Return digits that are neither a date nor a round number."""
        # A date starts with a digit from 0 to 3, and a round number ends in 0.
        return self.text(1, "456789") + self.text(length - 2, _DIGITS) + self.text(1, "13579")

    def prime(self, bits: int) -> int:
        """Return a prime number. The cryptography package can't generate one from a seed."""
        while True:
            # The two highest bits are set, so that the product of two primes has exactly twice as many bits. The lowest bit makes it odd.
            number = self.getrandbits(bits) | (3 << (bits - 2)) | 1
            # Fermat's test is sufficient for random numbers.
            if all(number % small for small in _SMALL_PRIMES) and pow(2, number - 1, number) == 1:
                return number

    def rsa_key(self) -> rsa.RSAPrivateKey:
        """Return an RSA key of 2048 bits."""
        public_exponent = 65537
        while True:
            p, q = self.prime(1024), self.prime(1024)
            if gcd(public_exponent, (p - 1) * (q - 1)) == 1:
                break
        private_exponent = pow(public_exponent, -1, (p - 1) * (q - 1))
        crt_exponents = rsa.rsa_crt_dmp1(private_exponent, p), rsa.rsa_crt_dmq1(private_exponent, q)
        public_numbers = rsa.RSAPublicNumbers(public_exponent, p * q)
        return rsa.RSAPrivateNumbers(p, q, private_exponent, *crt_exponents, rsa.rsa_crt_iqmp(p, q), public_numbers).private_key()


_SMALL_PRIMES = [number for number in range(3, 2000) if all(number % divisor for divisor in range(2, int(number**0.5) + 1))]
"""The odd primes below 2000. A division by them excludes most numbers faster than Fermat's test."""


def _pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
    private_format: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
) -> str:
    return key.private_bytes(serialization.Encoding.PEM, private_format, serialization.NoEncryption()).decode()


def _openssh(seed: bytes, check: int) -> str:
    """Return an Ed25519 key in the format of OpenSSH, which OpenSSH's file PROTOCOL.key describes.

    The cryptography package would add random bytes that no seed reproduces.

    Args:
        seed: The 32 bytes of the private key.
        check: The number that the format contains twice, to detect a wrong passphrase.
    """

    def with_length(data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + data

    public_bytes = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    public_part = with_length(b"ssh-ed25519") + with_length(public_bytes)
    private_part = struct.pack(">II", check, check) + public_part + with_length(seed + public_bytes) + with_length(b"deploy@build")
    # The padding to a multiple of eight bytes is 1, 2, 3 and so on.
    private_part += bytes(range(1, -len(private_part) % 8 + 1))
    # The names of the cipher and of the key derivation function, and the empty options of that function.
    no_encryption = with_length(b"none") * 2 + with_length(b"")
    # The 1 is the number of keys in the file.
    data = b"openssh-key-v1\0" + no_encryption + struct.pack(">I", 1) + with_length(public_part) + with_length(private_part)
    digits = base64.b64encode(data).decode()
    lines = "\n".join(digits[start : start + 70] for start in range(0, len(digits), 70))
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n"


def _encode_claims(claims: dict[str, object]) -> str:
    """Encode the header or the claims of a JSON Web Token: base64url without padding."""
    return base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode().rstrip("=")


def _aws(rng: RandomTexts) -> Iterable[RealisticSecret]:
    """Yield AWS keys. The fixed beginnings are those of real keys and session tokens; ``ASIA`` marks a temporary key."""
    symbols = _LETTERS + "+/"
    for name in ("aws-prod", "aws-ci"):
        key_id = f"AKIA{rng.text(16, string.ascii_uppercase + '234567')}"
        content = {"access_key_id": key_id, "secret_access_key": rng.text(40, symbols), "region": "eu-central-1"}
        yield RealisticSecret(name, content, public_parts=("eu-central-1",))
    for name in ("aws-session", "aws-sso"):
        content = {
            "access_key_id": f"ASIA{rng.text(16, string.ascii_uppercase + '234567')}",
            "secret_access_key": rng.text(40, symbols),
            "session_token": f"IQoJb3JpZ2luX2VjE{rng.text(600, symbols)}==",
        }
        yield RealisticSecret(name, content)


def _tokens(rng: RandomTexts) -> Iterable[RealisticSecret]:
    """Yield tokens with the fixed parts of real tokens. For example, ``T3BlbkFJ`` is ``OpenAI`` in base64."""
    tokens = {
        "github-classic": f"ghp_{rng.text(36)}",
        "github-oauth": f"gho_{rng.text(36)}",
        "github-fine": f"github_pat_11{rng.text(20)}_{rng.text(59)}",
        "gitlab": f"glpat-{rng.text(20, _LETTERS + '_-')}",
        "gitlab-runner": f"glrt-{rng.text(20)}",
        "slack-bot": f"xoxb-{rng.text(12, _DIGITS)}-{rng.text(13, _DIGITS)}-{rng.text(24)}",
        "slack-user": f"xoxp-{rng.text(12, _DIGITS)}-{rng.text(12, _DIGITS)}-{rng.text(12, _DIGITS)}-{rng.text(32, _HEX)}",
        "slack-app": f"xapp-1-A{rng.text(10, string.ascii_uppercase)}-{rng.text(13, _DIGITS)}-{rng.text(64, _HEX)}",
        "openai": f"sk-proj-{rng.text(48)}T3BlbkFJ{rng.text(48)}",
        "openai-old": f"sk-{rng.text(20)}T3BlbkFJ{rng.text(20)}",
        "anthropic": f"sk-ant-api03-{rng.text(93, _LETTERS + '_-')}AA",
        "huggingface": f"hf_{rng.text(34, string.ascii_letters)}",
        "stripe": f"sk_live_{rng.text(24)}",
        "sendgrid": f"SG.{rng.text(22)}.{rng.text(43)}",
        "npm": f"npm_{rng.text(36)}",
        "pypi": f"pypi-AgEIcHlwaS5vcmc{rng.text(140)}",
        "google-maps": f"AIza{rng.text(35)}",
        "telegram": f"{rng.pin(10)}:AA{rng.text(33)}",
        "twilio": rng.text(32, _HEX),
        "databricks": f"dapi{rng.text(32, _HEX)}",
    }
    for name, token in tokens.items():
        yield RealisticSecret(name, {"token": token})
    webhook = f"https://hooks.slack.com/services/T{rng.text(8)}/B{rng.text(8)}/{rng.text(24)}"
    yield RealisticSecret("slack-hook", {"url": webhook}, public_parts=("https://hooks.slack.com/services/", "hooks.slack.com"))


def _signed_claims(rng: RandomTexts) -> Iterable[RealisticSecret]:
    """Yield JSON Web Tokens, which are signed claims."""
    headers: list[dict[str, object]] = [
        {"alg": "HS256", "typ": "JWT"},
        {"typ": "JWT", "alg": "HS512"},
        {"alg": "RS256", "kid": rng.text(40, _HEX), "typ": "JWT"},
    ]
    for number, header in enumerate(headers):
        claims = {"sub": rng.uuid(), "name": "Jane Doe", "role": "admin", "iat": 1_760_000_000 + number, "exp": 1_790_000_000 + number}
        # The lengths of signatures of 32, 64 and 256 bytes in base64url.
        signature_length = {"HS256": 43, "HS512": 86, "RS256": 342}[str(header["alg"])]
        token = f"{_encode_claims(header)}.{_encode_claims(claims)}.{rng.text(signature_length, _LETTERS + '_-')}"
        # Without a key ID, the header is the same in all tokens with this algorithm, so it is public.
        public = () if "kid" in header else (_encode_claims(header),)
        yield RealisticSecret(f"jwt-{header['alg']}", {"token": token}, public_parts=public)


def _private_keys(rng: RandomTexts) -> Iterable[RealisticSecret]:
    """Yield private keys in several formats. In ``pem-escaped``, the line ends are escaped, so the key is one line."""
    key, escaped_key = rng.rsa_key(), rng.rsa_key()
    curve_key = ec.derive_private_key(rng.getrandbits(255) | 1, ec.SECP256R1())
    edwards_key = ed25519.Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))
    pkcs8, traditional = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
    keys = {
        "pem-pkcs8": _pem(key),
        "pem-rsa": _pem(key, traditional).replace("\n", "\r\n"),
        "pem-escaped": _pem(escaped_key).replace("\n", "\\n"),
        "pem-curve": _pem(curve_key, pkcs8),
        "pem-curve-old": _pem(ec.derive_private_key(rng.getrandbits(255) | 1, ec.SECP256R1()), traditional),
        "pem-edwards": _pem(edwards_key),
        "pem-openssh": _openssh(rng.randbytes(32), rng.getrandbits(32)),
    }
    for name, text in keys.items():
        # ``secret_parts`` leaves out the first line of the body and the last one. The first line begins with the same characters in all
        # keys of a format, and the last line may be short.
        body = text.replace("\\n", "\n").splitlines()[1:-1]
        header_and_footer = (text.replace("\\n", "\n").splitlines()[0], text.replace("\\n", "\n").split("\n")[-2].strip())
        yield RealisticSecret(name, {"key": text}, secret_parts=tuple(body[1:-1]), public_parts=header_and_footer)


def _documents(rng: RandomTexts) -> Iterable[RealisticSecret]:
    """Yield secrets whose value is JSON: service accounts, and logins of databases and container registries."""
    for project in ("acme-prod-417203", "acme-ml-389114"):
        user = f"runner@{project}.iam.gserviceaccount.com"
        # One account has the short key of an elliptic curve, and the other one a long RSA key.
        key = _pem(ec.derive_private_key(rng.getrandbits(255) | 1, ec.SECP256R1())) if project == "acme-ml-389114" else _pem(rng.rsa_key())
        account = {
            "type": "service_account",
            "project_id": project,
            "private_key_id": rng.text(40, _HEX),
            "private_key": key,
            "client_email": user,
            "client_id": rng.text(21, _DIGITS),
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token",
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{quote(user)}",
            "universe_domain": "googleapis.com",
        }
        public: tuple[str, ...] = (
            "service_account",
            "https://accounts.google.com/o/oauth2/auth",
            "https://oauth2.googleapis.com/token",
            "googleapis.com",
        )
        yield RealisticSecret(f"gcp-{project}", {"json": json.dumps(account, indent=2)}, (account["private_key_id"],), public)
    for engine, port, user in (("postgres", 5432, "reporting"), ("mysql", 3306, "appuser")):
        password = rng.password(32)
        database = {
            "username": user,
            "password": password,
            "engine": engine,
            "host": f"{engine}-prod.c9akciq32{rng.text(3, _LOWER)}.eu-central-1.rds.amazonaws.com",
            "port": port,
            "dbname": "analytics",
            "dbInstanceIdentifier": f"{engine}-prod",
        }
        public = (user, engine, str(port), "analytics", f"{engine}-prod", str(database["host"]))
        yield RealisticSecret(f"rds-{engine}", {"json": json.dumps(database)}, (password,), public)
    azure = {
        "clientId": rng.uuid(),
        "clientSecret": f"{rng.text(3)}8Q~{rng.text(34)}",
        "subscriptionId": rng.uuid(),
        "tenantId": rng.uuid(),
        "activeDirectoryEndpointUrl": "https://login.microsoftonline.com",
        "resourceManagerEndpointUrl": "https://management.azure.com/",
    }
    yield RealisticSecret(
        "azure-principal",
        {"json": json.dumps(azure, indent=2)},
        secret_parts=(azure["clientSecret"],),
        public_parts=("https://login.microsoftonline.com", "https://management.azure.com/", "clientSecret", "subscriptionId"),
    )
    for registry in ("https://index.docker.io/v1/", "registry.gitlab.com"):
        password = rng.text(20)
        encoded_login = base64.b64encode(f"deploy:{password}".encode()).decode()
        config = {"auths": {registry: {"auth": encoded_login}}}
        # ``credsStore`` is not in this value. It is another setting of Docker's file, which must not be masked either.
        public = ("auths", registry, "credsStore")
        name = "docker-hub" if "docker" in registry else "docker-gitlab"
        yield RealisticSecret(name, {"config": json.dumps(config, indent=4)}, (encoded_login, password), public)


def _files(rng: RandomTexts) -> Iterable[RealisticSecret]:
    """Yield secrets whose value is a settings file, with public settings beside the secret ones."""
    for name, server in (("kube-prod", "https://10.0.0.1:6443"), ("kube-dev", "https://127.0.0.1:6443")):
        token = rng.text(64)
        certificate = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n" + rng.base64(600).encode()).decode()
        text = (
            f"apiVersion: v1\nkind: Config\nclusters:\n- name: main\n  cluster:\n    server: {server}\n"
            f"    certificate-authority-data: {certificate}\ncontexts:\n- name: main\n  context:\n    cluster: main\n    user: admin\n"
            f"current-context: main\nusers:\n- name: admin\n  user:\n    token: {token}\n"
        )
        public = (
            "apiVersion: v1",
            "kind: Config",
            "apiVersion: v1\nkind: Config\nclusters:\n",
            f"    server: {server}",
            "  user:",
            "users:",
        )
        yield RealisticSecret(name, {"config": text}, (token,), public)
    for host, login in (("api.example.com", "deploy"), ("git.example.org", "build-bot")):
        password = rng.password(20, "-_.")
        text = f"machine {host}\n  login {login}\n  password {password}\n"
        yield RealisticSecret(f"netrc-{login}", {"file": text}, (password,), (host, login, f"  login {login}"))
    password = rng.password(18, "-_.")
    text = f"db.example.com:5432:analytics:reporting:{password}\n"
    yield RealisticSecret("pgpass", {"file": text}, (password,), ("db.example.com:5432", "db.example.com", "analytics"))
    # The text of each file, its secret parts and its public parts.
    settings: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {}
    key, database_password = rng.text(50, _LETTERS + "!@#%^&*(-_=+)"), rng.password(20, "-_.~")
    text = (
        f"DEBUG=false\nLOG_LEVEL=info\nPORT=8000\nALLOWED_HOSTS=localhost,127.0.0.1\nSECRET_KEY='{key}'\n"
        f"DATABASE_URL=postgres://web:{database_password}@db:5432/web\nTIME_ZONE=Europe/Berlin\n"
    )
    public_lines = ("DEBUG=false", "LOG_LEVEL=info", "PORT=8000", "localhost,127.0.0.1", "TIME_ZONE=Europe/Berlin", "ALLOWED_HOSTS")
    settings["dotenv-web"] = (text, (key, database_password), public_lines)
    token, secret = rng.text(40, _HEX), rng.base64(30)
    settings["dotenv-jobs"] = (
        f"# jobs\nexport AWS_REGION=us-east-1\nexport WANDB_API_KEY={token}\nexport SIGNING_SECRET={secret}\nexport EPOCHS=100\n",
        (token, secret),
        ("export AWS_REGION=us-east-1", "# jobs", "export EPOCHS=100", "us-east-1"),
    )
    token = rng.text(40, _LETTERS + "+/")
    settings["aws-credentials"] = (
        f"[default]\naws_access_key_id = AKIA{rng.text(16, string.ascii_uppercase)}\naws_secret_access_key = {token}\nregion = us-west-2\n",
        (token,),
        ("[default]", "region = us-west-2", "us-west-2", "aws_secret_access_key"),
    )
    password = rng.password(24)
    settings["yaml-app"] = (
        f'server:\n  host: 0.0.0.0\n  port: 8080\ndatabase:\n  user: app\n  password: "{password}"\n  pool_size: 10\n',
        (password,),
        ("server:", "  host: 0.0.0.0", "  port: 8080", "  pool_size: 10", "database:", "  user: app"),
    )
    for name, (text, secret_parts, public_parts) in settings.items():
        yield RealisticSecret(name, {"file": text}, secret_parts, public_parts)


def _databases(rng: RandomTexts) -> Iterable[RealisticSecret]:
    """Yield URLs and connection strings with a password, a key or a signature."""
    templates = {
        "url-postgresql": "postgresql://app:{}@db.example.com:5432/analytics?sslmode=require",
        "url-mysql": "mysql+pymysql://root:{}@127.0.0.1:3306/shop?charset=utf8mb4",
        "url-mongodb": "mongodb+srv://app:{}@cluster0.example.mongodb.net/?retryWrites=true&w=majority",
        "url-redis": "redis://:{}@localhost:6379/0",
        "url-amqp": "amqps://guest:{}@mq.example.com:5671/%2F",
        "url-snowflake": "snowflake://loader:{}@xy12345.eu-central-1/warehouse/public?role=LOADER",
        "jdbc-postgresql": "jdbc:postgresql://db.example.com:5432/analytics?user=app&password={}&ssl=true",
        "jdbc-sqlserver": "jdbc:sqlserver://db.example.com:1433;databaseName=sales;user=sa;password={};encrypt=true;",
        "odbc": "Driver={{ODBC Driver 18 for SQL Server}};Server=tcp:db.example.com,1433;Database=sales;Uid=app;Pwd={};Encrypt=yes;",
        "ado": "Server=db.example.com;Database=sales;User Id=app;Password={};TrustServerCertificate=True;",
        "libpq": "host=db.example.com port=5432 dbname=analytics user=app password={} sslmode=require",
    }
    public_parts = {
        "url-postgresql": ("db.example.com:5432/analytics", "sslmode=require", "postgresql://"),
        "url-mysql": ("127.0.0.1:3306", "charset=utf8mb4", "mysql+pymysql://"),
        "url-mongodb": ("cluster0.example.mongodb.net", "retryWrites=true&w=majority"),
        "url-redis": ("localhost:6379/0", "redis://", "localhost:6379"),
        "url-amqp": ("mq.example.com:5671", "amqps://"),
        "url-snowflake": ("xy12345.eu-central-1", "role=LOADER"),
        "jdbc-postgresql": ("jdbc:postgresql://db.example.com:5432/analytics", "ssl=true"),
        "jdbc-sqlserver": ("jdbc:sqlserver://db.example.com:1433", "databaseName=sales", "encrypt=true"),
        "odbc": ("ODBC Driver 18 for SQL Server", "Server=tcp:db.example.com,1433", "Database=sales", "Encrypt=yes"),
        "ado": ("Server=db.example.com", "Database=sales", "TrustServerCertificate=True"),
        "libpq": ("host=db.example.com port=5432 dbname=analytics user=app", "sslmode=require"),
    }
    for name, template in templates.items():
        is_url = name.startswith("url")
        # The punctuation characters of a password in a URL are those that a URL must encode.
        password = rng.password(18, "/@#%" if is_url else "!*-_.")
        encoded_password = quote(password, safe="") if is_url else password
        # The set removes a duplicate: outside URLs, the encoded password equals the password.
        yield RealisticSecret(name, {"url": template.format(encoded_password)}, tuple({password, encoded_password}), public_parts[name])
    key = rng.base64(64)
    text = f"DefaultEndpointsProtocol=https;AccountName=acmestorage;AccountKey={key};EndpointSuffix=core.windows.net"
    yield RealisticSecret("azure-storage", {"url": text}, (key,), ("DefaultEndpointsProtocol=https", "EndpointSuffix=core.windows.net"))
    key = rng.base64(32)
    text = f"Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey={key}"
    yield RealisticSecret(
        "azure-bus", {"url": text}, (key,), ("SharedAccessKeyName=RootManageSharedAccessKey", "RootManageSharedAccessKey")
    )
    signature = base64.b64encode(hmac.new(rng.randbytes(32), b"sas", hashlib.sha256).digest()).decode()
    text = f"?sv=2022-11-02&ss=bfqt&srt=sco&sp=rwdlacup&se=2027-01-01T00:00:00Z&spr=https&sig={quote(signature, safe='')}"
    yield RealisticSecret("azure-sas", {"url": text}, (quote(signature, safe=""),), ("sv=2022-11-02&ss=bfqt&srt=sco", "spr=https"))


def _keys(rng: RandomTexts) -> Iterable[RealisticSecret]:
    """Yield UUIDs, keys and PINs. In ``hex-128`` and ``base64-256``, the number is the size of the key in bits."""
    keys = {
        "uuid-1": rng.uuid(),
        "uuid-2": rng.uuid(),
        "uuid-capitals": rng.uuid().upper(),
        "hex-128": rng.text(32, _HEX),
        "hex-160": rng.text(40, _HEX),
        "hex-256": rng.text(64, _HEX),
        "hex-capitals": rng.text(32, "0123456789ABCDEF"),
        "base64-256": rng.base64(32),
        "base64-512": rng.base64(64),
        "fernet": base64.urlsafe_b64encode(rng.randbytes(32)).decode(),
    }
    for name, key in keys.items():
        yield RealisticSecret(name, {"key": key})
    for number, length in enumerate((6, 6, 6, 8, 8), 1):
        yield RealisticSecret(f"pin-{number}", {"pin": rng.pin(length)})


def _passwords(rng: RandomTexts) -> Iterable[RealisticSecret]:
    """Yield passwords, each named after its most unusual property, and logins of HTTP basic authentication."""

    def word() -> str:
        return rng.choice([word for word in _WORDS if len(word) >= 6])

    passwords = {
        "password-season": "Summer2024!",
        "password-passphrase": "correct horse battery staple",
        "password-leet": "Tr0ub4dor&3",
        "password-sign": f"{word()}!",
        "password-capital": f"{word().capitalize()}#{rng.text(1, '123456789')}",
        "password-two-words": f"{word()}.{word()}",
        "password-words": "-".join(rng.sample(_WORDS, 4)),
        "password-blanks": " ".join(rng.sample(_WORDS, 5)),
        "password-year": f"{word().capitalize()}{rng.randint(1960, 2009)}$",
        "password-quotes": f'it\'s "{word()}" {rng.text(3, _DIGITS)}',
        "password-signs": rng.text(12, "!@#%^&*()_+;:~?"),
        "password-generated": rng.password(20),
        "password-short": rng.password(8),
        "password-chinese": f"密码是春天的{rng.choice('花树鸟风月')}园{rng.text(3, _DIGITS)}",
        "password-japanese": f"ひみつの{rng.choice('山川海空星')}パスワード",
        "password-german": f"Grüße-{rng.text(4)}-Straße",
        "password-spanish": f"contraseña¡{rng.text(5)}!",
        "password-cyrillic": f"Весна-{rng.text(4, _DIGITS)}-пароль",
    }
    for name, password in passwords.items():
        yield RealisticSecret(name, {"password": password})
    password = rng.password(14)
    yield RealisticSecret("basic-pair", {"credentials": f"svc-loader:{password}"}, (password,), ("svc-loader",))
    password = rng.password(14)
    encoded_login = base64.b64encode(f"svc-reader:{password}".encode()).decode()
    yield RealisticSecret("basic-header", {"header": f"Basic {encoded_login}"}, (encoded_login,), ("Basic",))


@cache
def realistic_secrets(seed: Any = SEED) -> tuple[RealisticSecret, ...]:
    """Return one hundred secrets, which are the same for the same seed."""
    generators = (_aws, _tokens, _signed_claims, _private_keys, _documents, _files, _databases, _keys, _passwords)
    # The seed contains the name of the function, so that a new secret in one function does not change the secrets of another function.
    return tuple(secret for generate in generators for secret in generate(RandomTexts(f"{seed} {generate.__name__}")))


def redactor_of_all() -> Redactor:
    """Return a redactor that protects all values of the secrets, except public ones such as the name of a region."""
    redactor = Redactor()
    for secret in realistic_secrets():
        for name, value in secret.named_values():
            # ``protect`` returns whether the value will be masked.
            assert redactor.protect(value, name) == (value not in secret.public_parts), name
    return redactor


def masks_in(content: Any, redactor: Redactor) -> list[str]:
    """Return a description of each value that ``redactor`` finds in the texts of parsed JSON.

    A description has the name of the value, the seed, the 40 characters before the match, and the match. A failed test shows the
    descriptions.
    """
    if isinstance(content, dict):
        return [mask for key, item in content.items() for mask in (*masks_in(key, redactor), *masks_in(item, redactor))]
    if isinstance(content, list):
        return [mask for item in content for mask in masks_in(item, redactor)]
    if not isinstance(content, str):
        return []
    return [
        f"{span.name} (seed {SEED}): {content[max(0, span.start - 40) : span.start]!r} {content[span.start : span.end][:200]!r}"
        for span in redactor.find(content)
    ]
