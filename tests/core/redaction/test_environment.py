"""Recognition of secrets in environment variables with realistic names and values."""

from __future__ import annotations

import base64
import itertools
import json
import re
import secrets
import string
from urllib.parse import quote

import pytest

from zensecrets_jupyter.core.redaction import Redactor, protect_environment
from zensecrets_jupyter.core.redaction.environment import secrets_of_variable


def _random(length: int) -> str:
    """Return random text in which small letters, capitals and digits alternate, so that it always looks like a key."""
    alphabets = itertools.cycle([string.ascii_lowercase, string.ascii_uppercase, string.digits])
    return "".join(secrets.choice(alphabet) for alphabet in itertools.islice(alphabets, length))


def _hex(length: int) -> str:
    """Return ``length`` random hexadecimal digits."""
    return secrets.token_hex(length // 2)


def _pem() -> str:
    r"""Return random bytes as a PEM text on one line.

    Each line end is written as ``\n``, as in a ``.env`` file.
    """
    return f"-----BEGIN PRIVATE KEY-----\\n{base64.b64encode(secrets.token_bytes(90)).decode()}\\n-----END PRIVATE KEY-----"


_PASSWORD = f"Tr0ub4dor-{_random(6)}"
_SECRET_NAMES = {
    "LOGIN_PASSWORD": f"${_random(12)}",
    **dict.fromkeys(
        """
        DB_PASS SMTP_PASS SSHPASS MYSQL_PW ADMIN_PW MYSQL_PWD PGPASSWORD REDISCLI_AUTH DB_PASSWORD POSTGRES_PASSWORD
        MYSQL_ROOT_PASSWORD RABBITMQ_DEFAULT_PASS MONGO_INITDB_ROOT_PASSWORD EMAIL_HOST_PASSWORD LDAP_BIND_PASSWORD
        KEYSTORE_PASSWORD KEY_PASSPHRASE SSH_PASSPHRASE BORG_PASSPHRASE RESTIC_PASSWORD ANSIBLE_BECOME_PASS
        ANSIBLE_VAULT_PASSWORD SNOWFLAKE_PASSWORD FTP_PASS SUDO_PASSWORD ROOTPASS dbPassword db_passwd DBPASSWORD
        SMTP_PASSWORD_PROD REDIS_PASSWORD ELASTIC_PASSWORD NEXUS_PASS SONAR_PASSWD WIFI_PSK userPassword IMAP_PASS
        """.split(),
        _PASSWORD,
    ),
    **dict.fromkeys(
        """
        GITHUB_TOKEN GH_TOKEN GITLAB_TOKEN CI_JOB_TOKEN SLACK_BOT_TOKEN DISCORD_TOKEN TELEGRAM_BOT_TOKEN NPM_TOKEN PYPI_TOKEN
        VAULT_TOKEN HF_TOKEN HUGGING_FACE_HUB_TOKEN JUPYTERHUB_API_TOKEN JUPYTER_TOKEN TOKEN AUTH_TOKEN ACCESS_TOKEN
        REFRESH_TOKEN BEARER_TOKEN SENTRY_AUTH_TOKEN CLOUDFLARE_API_TOKEN DATABRICKS_TOKEN MLFLOW_TRACKING_TOKEN
        AWS_SESSION_TOKEN DIGITALOCEAN_ACCESS_TOKEN GITHUB_PAT AZURE_DEVOPS_EXT_PAT BEARER OPENAI_API_KEY ANTHROPIC_API_KEY
        GOOGLE_API_KEY COHERE_API_KEY WANDB_API_KEY PINECONE_API_KEY AZURE_OPENAI_API_KEY DD_API_KEY STRIPE_SECRET_KEY
        SECRET_KEY DJANGO_SECRET_KEY FLASK_SECRET_KEY SECRET_KEY_BASE JWT_SECRET SESSION_SECRET CLIENT_SECRET
        AZURE_CLIENT_SECRET AWS_SECRET_ACCESS_KEY ENCRYPTION_KEY FERNET_KEY AIRFLOW__CORE__FERNET_KEY SIGNING_KEY
        AZURE_STORAGE_KEY AZURE_STORAGE_ACCOUNT_KEY COSMOS_KEY APIKEY MAPBOX_KEY VOLC_SK HUAWEI_SK TWILIO_AUTH NPM_AUTH
        ALGOLIA_ADMIN_KEY SENDGRID_KEY STRIPE_KEY_LIVE TOKEN_PROD API_KEY_OPENAI LICENSE_KEY SUBSCRIPTION_KEY AZURE_SEARCH_KEY
        githubToken accessToken MY_SECRET my-api-key WEBHOOK_SECRET COOKIE_SECRET HASH_SALT AZURE_STORAGE_SAS
        REQUEST_SIGNATURE BW_SESSION OP_SESSION_work SESSION_COOKIE KEY APP_KEY DB_CREDENTIALS SERVICE_CREDENTIALS
        """.split(),
        _random(32),
    ),
    **dict.fromkeys(
        """
        RAILS_MASTER_KEY HONEYCOMB_WRITEKEY SEGMENT_WRITE_KEY APPINSIGHTS_INSTRUMENTATIONKEY KAGGLE_KEY WG_PRIVATE_KEY CONSUL_HTTP_TOKEN
        TF_VAR_db_password ALIBABA_CLOUD_ACCESS_KEY_SECRET NEXTAUTH_SECRET DJANGO_SECRET LDAP_BIND_PW DB_PASS_READONLY API_TOKEN_2 S3_SECRET
        CI_REGISTRY_PASSWORD ROLLBAR_ACCESS_TOKEN COMET_API_KEY NEPTUNE_API_TOKEN LABEL_STUDIO_API_KEY ZENML_STORE_API_KEY APP_PW
        SNOWFLAKE_PRIVATE_KEY_PASSPHRASE WALLET_SEED SECURITY_CODE X_API_KEY HTTP_AUTHORIZATION GPG_PRIVATE_KEY DATA_ENCRYPTION_KEY
        """.split(),
        _hex(32),
    ),
    # This value replaces the password from the list above.
    "DB_PASS": "sunflower9",
    "DB_PASS_OLD": "sunflower9",
    "OTP_SECRET": "JBSWY3DPEHPK3PXP",
    "TOTP_SEED": "JBSWY3DPEHPK3PXP",
    "SHARED_SECRET": "abc:def:ghi",
    "VAULT_SECRET_ID": "3c7a1d2e-90f4-4b6b-9f0d-5f4f2b7c8d1a",
    "UNLOCK_PIN": "730164",
    "JWT_SECRET_HEX": _hex(64),
    "MNEMONIC": "glove frost lamp cargo witch onion pulse rebel sunny tiger vivid wagon",
    "LDAP_PASS": "sunflower garden",
    "APP_SECRET": "my dear old secret",
    "API_KEY": "0f8fad5b-d9cb-469f-a165-70867728950e",
}
"""Variables whose names show that the whole value is a secret.

The variables of a list share one value.
"""

# Key IDs of AWS consist of the digits of base32.
_AWS_KEY = "AKIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
_TOKENS = {
    "GIT_THING": f"ghp_{_random(36)}",
    "FINE_GRAINED": f"github_pat_{_random(22)}_{_random(59)}",
    "RUNNER_REGISTRATION": f"glpat-{_random(20)}",
    "BOT": f"xoxb-1234567890-{_random(24)}",
    "AWS_ACCESS_KEY_ID": _AWS_KEY,
    "MODEL_ACCESS": f"sk-proj-{_random(48)}",
    "OLD_MODEL_ACCESS": f"sk-{_random(48)}",
    "CLAUDE": f"sk-ant-api03-{_random(80)}",
    "PAYMENTS": f"sk_live_{_random(24)}",
    "HUB": f"hf_{_random(34)}",
    "PACKAGES": f"npm_{_random(36)}",
    "UPLOAD": f"pypi-AgEIcHlwaS5vcmc{_random(60)}",
    "MAPS": f"AIza{_random(35)}",
    "OAUTH": f"GOCSPX-{_random(28)}",
    "SESSION": f"eyJhbGciOiJIUzI1NiJ9.eyJ{_random(30)}.{_random(43)}",
    "MAIL": f"SG.{_random(22)}.{_random(43)}",
    "DOCKER": f"dckr_pat_{_random(27)}",
    "SPARK": f"dapi{_hex(32)}",
    "CLOUD": f"dop_v1_{_hex(64)}",
    "BACKEND": f"hvs.{_random(90)}",
    "CHAT": f"123456789:AA{_random(33)}",
    "TLS": _pem(),
    "TLS_IN_BASE64": base64.b64encode(_pem().encode()).decode(),
}
"""Variables whose whole value has the format of a well-known token.

Most of their names are not sensitive.
"""


@pytest.mark.parametrize("variable", [*_SECRET_NAMES, *_TOKENS])
def test_a_secret_is_protected(variable: str) -> None:
    """The whole value of a variable is protected if the name is sensitive or the value has the format of a token."""
    value = {**_SECRET_NAMES, **_TOKENS}[variable]
    redactor = Redactor()
    assert protect_environment({variable: value}, redactor=redactor) == [f"env.{variable}"]
    assert redactor.redact(f"is {value} shown") == f"is ‹secret:env.{variable}› shown"


_PARTLY_SECRET = {
    "DATABASE_URL": ("postgresql://analyst:{}@warehouse.example.com:5432/sales", ["analyst", "warehouse.example.com", "sales"]),
    "REDIS_URL": ("redis://:{}@cache.example.com:6379/0", ["cache.example.com"]),
    "CELERY_BROKER_URL": ("amqp://worker:{}@queue.example.com//", ["worker", "queue.example.com"]),
    "MONGODB_URI": ("mongodb+srv://reader:{}@cluster0.example.net/shop?retryWrites=true", ["reader", "cluster0.example.net"]),
    "HTTPS_PROXY": ("http://someone:{}@proxy.example.com:3128", ["someone", "proxy.example.com"]),
    "PIP_EXTRA_INDEX_URL": (
        "https://one.example.com/simple https://build:{}@two.example.com/simple",
        ["one.example.com", "two.example.com"],
    ),
    "BROKERS": ("redis://:{}@first.example.com:6379/0,redis://second.example.com:6379/0", ["first.example.com", "second.example.com"]),
    "AIRFLOW_CONN_WAREHOUSE": ("mysql://loader:{}@db.example.com/raw", ["loader", "db.example.com"]),
    "SPRING_DATASOURCE_URL": ("jdbc:postgresql://db.example.com/shop?user=app&password={}", ["db.example.com", "shop"]),
    "SQLSERVER_URL": ("jdbc:sqlserver://db.example.com:1433;databaseName=shop;user=app;password={};", ["db.example.com", "shop"]),
    "ORACLE_URL": ("jdbc:oracle:thin:scott/{}@//db.example.com:1521/orcl", ["scott", "db.example.com"]),
    "PG_DSN": ("host=db.example.com user=app password={} dbname=shop", ["db.example.com", "shop"]),
    "ODBC_DSN": ("Driver=ODBC Driver 18;Server=db.example.com;Uid=app;Pwd={};", ["db.example.com"]),
    "MYSQL_DSN": ("app:{}@tcp(db.example.com:3306)/shop", ["db.example.com", "shop"]),
    "SENTRY_DSN": ("https://{}@errors.example.com/42", ["errors.example.com"]),
    "AZURE_STORAGE_CONNECTION_STRING": (
        "DefaultEndpointsProtocol=https;AccountName=lake;AccountKey={};EndpointSuffix=core.windows.net",
        ["DefaultEndpointsProtocol", "lake", "core.windows.net"],
    ),
    "SERVICEBUS": ("Endpoint=sb://bus.example.net/;SharedAccessKeyName=root;SharedAccessKey={}", ["bus.example.net"]),
    "REDIS_CONFIGURATION": ("cache.example.net:6380,password={},ssl=True,abortConnect=False", ["cache.example.net", "abortConnect"]),
    "SLACK_WEBHOOK_URL": ("https://hooks.slack.com/services/T0AB12CD3/B0EF45GH6/{}", ["hooks.slack.com"]),
    "DISCORD_WEBHOOK": ("https://discord.com/api/webhooks/1098765432/{}", ["discord.com"]),
    "TEAMS_WEBHOOK_PROD": ("https://example.webhook.office.com/webhookb2/{}", ["example.webhook.office.com"]),
    "BLOB_URL": ("https://lake.blob.core.windows.net/raw/sales.csv?sv=2022-11-02&se=2027-01-01&sig={}", ["lake.blob.core.windows.net"]),
    "SEARCH_ENDPOINT": ("https://search.example.com/v1?lang=en&api_key={}", ["search.example.com", "lang"]),
    "GIT_REMOTE": ("https://x-access-token:{}@github.com/some/repository", ["github.com", "some/repository"]),
    "OTEL_EXPORTER_OTLP_HEADERS": ("x-tenant=blue,api-key={}", ["x-tenant", "blue"]),
    "JAVA_OPTS": ("-Xmx2g -Djavax.net.ssl.keyStorePassword={} -Duser.timezone=UTC", ["-Xmx2g", "timezone"]),
    "EXTRA_ARGUMENTS": ("--host db.example.com --password {} --retries 3", ["db.example.com", "retries"]),
    "AUTHORIZATION": ("Bearer {}", []),
    "BASIC_AUTH": ("someone:{}", ["someone"]),
    "NEO4J_AUTH": ("neo4j/{}", []),
    "CLOUDINARY_URL": ("cloudinary://123456789012345:{}@shop", ["shop"]),
    "GIT_CREDENTIALS": ("https://someone:{}@github.com", ["someone", "github.com"]),
    "ELASTIC_CLOUD_AUTH": ("elastic:{}", ["elastic"]),
    "KAFKA_SASL_JAAS_CONFIG": (
        'org.apache.kafka.common.security.plain.PlainLoginModule required username="app" password="{}";',
        ["PlainLoginModule", "app"],
    ),
    "APPLICATIONINSIGHTS_CONNECTION_STRING": (
        "InstrumentationKey={};IngestionEndpoint=https://eu.in.example.com/",
        ["IngestionEndpoint", "eu.in.example.com"],
    ),
    "COOKIE": ("theme=dark; sessionid={}; lang=en", ["theme=dark", "lang=en"]),
    "APP_SECRETS": ('{{"stripe": "{}", "mode": "live"}}', ["stripe", "mode", "live"]),
    "GOOGLE_CREDENTIALS": (
        '{{"type": "service_account", "project_id": "shop-analytics", "client_email": "bot@shop-analytics.iam", "private_key": "{}"}}',
        ["shop-analytics", "service_account", "bot@"],
    ),
    "AZURE_CREDENTIALS": (
        '{{"clientId": "0f8fad5b-d9cb-469f-a165-70867728950e", "clientSecret": "{}", "tenantId": "common-tenant"}}',
        ["0f8fad5b", "common-tenant"],
    ),
    "VCAP_SERVICES": (
        '{{"db": [{{"name": "warehouse", "credentials": {{"host": "db.example.com", "password": "{}"}}}}]}}',
        ["warehouse", "db.example"],
    ),
    "DOCKER_AUTH_CONFIG": ('{{"auths": {{"registry.example.com": {{"auth": "{}"}}}}}}', ["registry.example.com"]),
    "SERVICE_SETTINGS": ('{{"endpoint": "https://api.example.com", "apiKey": "{}", "retries": 12}}', ["api.example.com"]),
    "RDS_LOGIN": (
        '{{"engine": "postgres", "host": "db.example.com", "username": "analyst", "password": "{}"}}',
        ["db.example.com", "analyst"],
    ),
    "COMPOSER_AUTH": ('{{"github-oauth": {{"github.com": "ghp_{}"}}}}', ["github.com"]),
}
"""A template and its public parts, by the name of the variable.

The test replaces ``{}`` by a secret.

In the templates, ``{{`` and ``}}`` are the braces of JSON.
"""


@pytest.mark.parametrize("variable", list(_PARTLY_SECRET))
def test_only_the_secret_part_is_protected(variable: str) -> None:
    """In URLs, connection strings, headers, command lines and JSON, only the secret part is masked."""
    template, public = _PARTLY_SECRET[variable]
    secret = _random(40)
    value = template.format(secret)
    redactor = Redactor()
    assert protect_environment({variable: value}, redactor=redactor) == [f"env.{variable}"]
    assert secret not in redactor.redact(f"without the rest: {secret}")
    output = redactor.redact(value)
    assert secret[:12] not in output
    assert [text for text in public if text not in output] == []


def test_passwords_of_several_urls_are_protected() -> None:
    """If a variable contains several URLs, the password of each is masked.

    Each password is masked both percent-encoded and decoded.
    """
    # Percent-encoding changes the characters ``@`` and ``/``.
    passwords = [f"p@ss/{_random(12)}" for _ in range(3)]
    urls = [f"redis://user{number}:{quote(password, safe='')}@host{number}:6379/0" for number, password in enumerate(passwords)]
    for separator in (",", ";", " ", "\n", "|"):
        redactor = Redactor()
        protect_environment({"NODES": separator.join(urls)}, redactor=redactor)
        output = redactor.redact("\n".join([*urls, *passwords]))
        assert [password for password in passwords if password in output or quote(password, safe="") in output] == []
        assert re.findall(r"host\d", output) == ["host0", "host1", "host2"]


_NOT_SECRET = {
    "OPENAI_MAX_TOKENS": "131072",
    "MAX_TOKEN": "1048576",
    "PRIMARY_KEY": "customer_id",
    "PARTITION_KEY": "event_date",
    "SORT_KEY": "created_at_timestamp",
    "CACHE_KEY": "users-v2-8f3a9c41",
    "S3_KEY": "data/x.parquet",
    "S3_OBJECT_KEY": "exports/2026-01/run-8f3a2b.parquet",
    "AWS_SESSION_TOKEN_EXPIRATION": "2026-11-28T05:00:00Z",
    "AWS_CREDENTIAL_EXPIRATION": "2026-11-28T05:00:00Z",
    "TOKEN_EXPIRY_SECONDS": "86400000",
    "TOKEN_TTL": "3600000",
    "TOKEN_TYPE": "refreshable",
    "TOKENIZERS_PARALLELISM": "falsehood",
    "TOKENIZER": "bert-base-uncased",
    "PAD_TOKEN": "<|endoftext|>",
    "EOS_TOKEN": "<|end_of_text|>",
    "MASK_TOKEN": "[MASK-TOKEN]",
    "KEYBOARD_LAYOUT": "us-international",
    "KEYMAP": "de-latin1-nodeadkeys",
    "XKBLAYOUT": "us,de,fr",
    "KEYTIMEOUT": "1000000",
    "HOTKEY": "ctrl-shift-space",
    "MONKEY": "chimpanzee",
    "MONKEY_PATCH": "enabled-everywhere",
    "TURKEY_REGION": "istanbul",
    "PASSENGER_APP_ENV": "production-eu",
    "PASSENGER_COUNT": "20000000",
    "COMPASS_HEADING": "north-north-west",
    "BYPASS_CACHE": "sometimes",
    "SSH_AUTH_SOCK": "/run/user/1000/ssh-XXXXXXabcd12/agent.4711",
    "SSH_ASKPASS": "/usr/lib/ssh/x11-ssh-askpass",
    "GIT_ASKPASS": "/opt/vscode/extensions/git/dist/askpass.sh",
    "XAUTHORITY": "/run/user/1000/gdm/Xauthority",
    "GPG_KEY": "A035C8C19219BA821ECEA86B64E628F8D684696D",
    "GPG_AGENT_INFO": "/run/user/1000/gnupg/S.gpg-agent:0:1",
    "PGP_KEY_ID": "0x64E628F8D684696D",
    "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus,guid=6f1c3fb4d3c1e1e7b2a1c0a95f3a9d11",
    "DESKTOP_SESSION": "gnome-classic",
    "XDG_SESSION_ID": "c1234567",
    "XDG_SESSION_TYPE": "wayland",
    "SESSION_MANAGER": "local/host:@/tmp/.ICE-unix/1234,unix/host:/tmp/.ICE-unix/1234",
    "TERM_SESSION_ID": "w0t0p0:8B5C3B6E-3D0B-4B2C-9C57-2C1F7DF7A0A1",
    "PWD": "/home/someone/projects/forecast",
    "OLDPWD": "/home/someone/projects/forecast/notebooks",
    "PATH": "/opt/conda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PYTHONPATH": "/home/someone/src:/opt/lib/python3.11/site-packages",
    "LS_COLORS": "rs=0:di=01;34:ln=01;36:mh=00:pi=40;33:so=01;35:*.tar=01;31:*.key=00;36:*.pass=01",
    "LESSOPEN": "| /usr/bin/lesspipe %s",
    "HOSTNAME": "ip-10-0-12-34.eu-west-1.compute.internal",
    "LANG": "en_US.UTF-8",
    "HOSTKEY_ALGORITHMS": "ssh-ed25519,rsa-sha2-512",
    "BASH_FUNC_login%%": "() { token=$1; password=$(cat /run/secrets/password); curl -u me:$password; }",
    "LICENSE": "BSD-3-Clause",
    "COOKIE": "chocolate-chip",
    "PUBLIC_API_KEY": "pub-8f3a9c41d2e05b67",
    "FILE_PAT": "*.parquet",
    "SHELL": "/usr/bin/zsh",
    "EDITOR": "nano --tempfile",
    "AWS_REGION": "eu-central-1",
    "AWS_PROFILE": "analytics-readonly",
    "AWS_SHARED_CREDENTIALS_FILE": "/home/someone/.aws/credentials",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/notebook-execution",
    "GOOGLE_APPLICATION_CREDENTIALS": "/home/someone/keys/analytics-sa.json",
    "KUBECONFIG": "/home/someone/.kube/config",
    "CLIENT_ID": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "AZURE_TENANT_ID": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "KEY_VAULT_NAME": "analytics-vault-prod",
    "KEY_VAULT_URL": "https://analytics-vault.vault.azure.net/",
    "SECRET_NAME": "prod/warehouse/login",
    "APP_DSN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "DB_PASSWORD": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "POSTGRES_PASSWORD_FILE": "/run/secrets/postgres_password",
    "MYSQL_PASSWORD": "/run/secrets/mysql_password",
    "API_TOKEN": "op://private/github/token",
    "OPENAI_API_KEY": "your-api-key-here",
    "STRIPE_SECRET_KEY": "${STRIPE_SECRET_KEY_FROM_VAULT}",
    "SECRETS_BACKEND": "airflow.providers.hashicorp.secrets.vault.VaultBackend",
    "SECRETS_MANAGER": "hashicorp-vault",
    "SECRETARY_EMAIL": "office@example.com",
    "PASSWORD_POLICY": "strong-and-long",
    "PASSWORD_HASHER": "argon2id-default",
    "PASSWORD_RESET_URL": "https://example.com/reset-password",
    "PASSWORD_MIN_LENGTH": "12000000",
    "AUTH_TYPE": "openid-connect",
    "AUTH_BACKEND": "ldap-with-groups",
    "BASIC_AUTH_ENABLED": "sometimes",
    "POSTGRES_HOST_AUTH_METHOD": "scram-sha-256",
    "AUTHOR": "Ada Lovelace and friends",
    "AUTHORIZATION_URL": "https://login.example.com/oauth2/authorize",
    "AUTHORIZATION_MODE": "role-based",
    "COOKIE_DOMAIN": ".analytics.example.com",
    "SESSION_COOKIE_NAME": "analytics_session",
    "COOKIECUTTER_CONFIG": "/home/someone/.cookiecutterrc",
    "CSRF_HEADER_NAME": "X-CSRF-Token-Header",
    "JWT_ALGORITHM": "RS256-with-rotation",
    "SIGNATURE_VERSION": "s3v4-express",
    "WEBHOOK_PORT": "90000000",
    "WEBHOOK_URL": "https://example.com/hooks/build-finished",
    "DATABASE_URL": "sqlite:////home/someone/data/forecast.db",
    "DB_DSN": "sqlite:///forecast.db",
    "REDIS_URL": "redis://cache.example.com:6379/0",
    "POSTGRES_URL": "postgresql://analyst@warehouse.example.com:5432/sales",
    "HTTP_PROXY": "http://proxy.example.com:3128",
    "NO_PROXY": "localhost,127.0.0.1,.example.com",
    "MLFLOW_TRACKING_URI": "https://mlflow.example.com:5000",
    "CUDA_VISIBLE_DEVICES": "0,1,2,3,4,5,6,7",
    "MODEL_NAME": "meta-llama/Llama-3.1-70B-Instruct",
    "GIT_COMMIT": "9f1c3fb4d3c1e1e7b2a1c0a95f3a9d1105c2c7aa",
    "GITHUB_SHA": "0c2b1b8f5c8a9d7d6f0f4a8e7f6b5c4d3e2f1a0b",
    "RUN_ID": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "BUILD_DATE": "2026-11-28",
    "START_TIMESTAMP": "1764305999",
    "SEED": "20261128",
    "SETTINGS": '{"engine": "postgres", "retries": 3, "host": "db.example.com", "primaryKey": "customer_id"}',
    "KEY_COLUMNS": "customer_id,order_id",
    "FOREIGN_KEYS": "customer_id,order_id",
    "KEYS": "alpha,beta,gamma",
    "PUBLIC_KEY": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8mVq0x2c0u3m1G5k8Y7n3hT9wE2rL4pQ6sV8xZ1bN7 someone@laptop",
    "SSH_PUBLIC_KEY": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7vq0x2c0u3m1G5k8Y7n3hT9wE2rL4pQ6sV8xZ1bN7 someone@laptop",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_51H8mVq0x2c0u3m1G5k8Y7n3hT9wE2",
    "RECAPTCHA_SITE_KEY": "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI",
    "PIP_INDEX_URL": "https://pypi.example.com/simple",
    "CONDA_PROMPT_MODIFIER": "(forecasting-env) ",
    "FIRST_PASS": "vectorised-scan",
    "NUM_TOKENS": "200000000",
    "ZENML_SECRET_VALIDATION_LEVEL": "SECRET_AND_KEY_EXISTS",
    "ENABLE_TOKEN_CACHE": "sometimes",
    "JPY_SESSION_NAME": "/home/someone/notebooks/forecast.ipynb",
    "COLORTERM": "truecolor-24bit",
    "WINDOWPATH": "20000000",
    "INVOCATION_ID": "5f1c3fb4d3c1e1e7b2a1c0a95f3a9d11",
    "JOURNAL_STREAM": "8:12345678",
    "PYTHON_SHA256": "07a4356e912900e61a15cb0949a06c4a05012e213ecd6b4e84d0f67aabbee372",
    "VIRTUAL_ENV_PROMPT": "(analytics-project) ",
}
"""Variables without a secret. Many have a name or a value that looks secret.

Some values, such as ``falsehood``, are longer than the usual ones: ``false`` is too short to be protected under any name.
"""


@pytest.mark.parametrize("variable", list(_NOT_SECRET))
def test_other_values_are_not_protected(variable: str) -> None:
    """Numbers, paths, dates, column names, plain words, public keys, placeholders and references are not protected."""
    assert protect_environment({variable: _NOT_SECRET[variable]}, redactor=Redactor()) == []


def test_a_secret_has_a_reason() -> None:
    """The reason says why a value is protected.

    It is the name of the variable, the kind of token, or the part of the value that is secret.
    """
    expected = {
        "DB_PASS": (_PASSWORD, "environment variable, its name"),
        "GIT_THING": (_TOKENS["GIT_THING"], "environment variable, the value looks like a GitHub token"),
        "DATABASE_URL": (f"postgresql://app:{_PASSWORD}@db/sales", "environment variable, the password of a URL in it"),
        "SERVICE": (json.dumps({"apiKey": _random(32)}), "environment variable, the value of 'apiKey' in its JSON"),
    }
    for variable, (value, reason) in expected.items():
        assert [secret.reason for secret in secrets_of_variable(variable, value)] == [reason]


@pytest.mark.parametrize(
    "unit", ["1", "1_", "1.", "a", "a.", "a/", "A1", "-", "--a ", "a=", "a@", "a:", "https://a", "eyJ", "{", '{"a":', "key=", "%", "$("]
)
@pytest.mark.parametrize("variable", ["SOME_TEXT", "SOME_KEY", "SOME_TOKEN", "SOME_PASS", "SOME_DSN", "SOME_COOKIE", "SOME_WEBHOOK"])
def test_a_large_value_is_classified_in_linear_time(variable: str, unit: str) -> None:
    """A value of 256 KiB, which repeats a short text, is classified in linear time.

    In quadratic time, this test would take minutes, and a variable could block a notebook.
    """
    large_value = unit * (2**18 // len(unit))
    # A different last character makes a regular expression backtrack if it matches only the repeated text.
    for value in (large_value, f"{large_value}!"):
        assert isinstance(secrets_of_variable(variable, value), list)
