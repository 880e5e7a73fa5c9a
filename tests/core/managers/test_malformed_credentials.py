"""Credentials with invalid characters, and environment variables that name unusable files, are reported without values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zensecrets_jupyter import InvalidOptionsError, ManagerAccessError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager, get_flavor
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.

UNREACHABLE_HOST = "127.0.0.1:1"
"""An address at which no service listens, so a sent request would raise a network error."""

MALFORMED_CREDENTIALS = [
    ("vault", {"url": f"http://{UNREACHABLE_HOST}"}, {"VAULT_TOKEN": f"hvs.{canary('vault')}\nx"}),
    ("github", {"repository": "o/r", "api_url": f"http://{UNREACHABLE_HOST}"}, {"GITHUB_TOKEN": f"ghp_{canary('github')}\nx"}),
    (
        "azure",
        {"vault_url": f"https://{UNREACHABLE_HOST}"},
        {"AZURE_TENANT_ID": f"{canary('azure')} /", "AZURE_CLIENT_ID": "a", "AZURE_CLIENT_SECRET": "b"},
    ),
]
"""Flavors with the attributes of a manager, and environment variables with a credential that has an invalid character.

The invalid characters are a newline in a token, and a space and a slash in a tenant ID.
"""


@pytest.mark.parametrize(("flavor", "attributes", "variables"), MALFORMED_CREDENTIALS)
def test_malformed_credential_is_reported(
    flavor: str, attributes: dict[str, str], variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A malformed credential raises ManagerAccessError, not a network error, and is not shown."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    backend_class = get_flavor(flavor)
    manager = SecretsManager(
        backend_class(backend_class.make_options({**attributes, "deadline": 1}), context=ManagerContext(name="tested"))
    )
    with pytest.raises(ManagerAccessError, match=r"does not accept the credentials.*Check the credentials") as caught:
        manager.list_secrets()
    assert find_canary(str(caught.value)) == []


ADDRESSES = {
    "aws": {"region_name": "eu-central-1", "endpoint_url": f"https://{UNREACHABLE_HOST}"},
    "azure": {"vault_url": f"https://{UNREACHABLE_HOST}"},
    "gcp": {"project": "some-project"},
    "github": {"repository": "o/r", "api_url": f"https://{UNREACHABLE_HOST}"},
    "vault": {"url": f"https://{UNREACHABLE_HOST}"},
    "zenml": {"url": f"https://{UNREACHABLE_HOST}"},
}
"""For each flavor, the attributes of a manager with an unreachable service."""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AZURE_TENANT_ID": "a",
    "AZURE_CLIENT_ID": "b",
    "AZURE_CLIENT_SECRET": "c",
    "GITHUB_TOKEN": "ghp_x",
    "VAULT_TOKEN": "hvs.x",
    "ZENML_STORE_API_KEY": "x",
}
"""Environment variables with well-formed credentials."""
FILE_VARIABLES = [
    ("aws", "AWS_CA_BUNDLE"),
    ("azure", "AZURE_CLIENT_CERTIFICATE_PATH"),
    ("azure", "REQUESTS_CA_BUNDLE"),
    ("gcp", "GOOGLE_APPLICATION_CREDENTIALS"),
    ("github", "REQUESTS_CA_BUNDLE"),
    ("vault", "VAULT_CACERT"),
    ("vault", "CURL_CA_BUNDLE"),
    ("zenml", "REQUESTS_CA_BUNDLE"),
]
"""Flavors, each with an environment variable that names a file."""


# The content of the file: no file, text that is not JSON, and JSON that is neither a certificate nor a valid key file.
@pytest.mark.parametrize("content", [None, "{ ?", '{"type": "service_account", "private_key": "?"}'], ids=["missing", "broken", "other"])
@pytest.mark.parametrize(("flavor", "variable"), FILE_VARIABLES)
def test_unusable_file_of_a_variable_is_reported(
    flavor: str, variable: str, content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an environment variable names an unusable file, the error contains the name of the variable.

    The error contains neither the path nor the content of the file. The test replaces each question mark in the content with a canary.
    """
    file = tmp_path / canary("path")
    if content is not None:
        file.write_text(content.replace("?", canary("content")))
    for name, value in {**CREDENTIALS, variable: str(file)}.items():
        monkeypatch.setenv(name, value)
    if variable == "AZURE_CLIENT_CERTIFICATE_PATH":
        # With a client secret in the environment, Azure's client would not read the certificate.
        monkeypatch.delenv("AZURE_CLIENT_SECRET")
    backend_class = get_flavor(flavor)
    manager = SecretsManager(
        backend_class(backend_class.make_options({**ADDRESSES[flavor], "deadline": 1}), context=ManagerContext(name="tested"))
    )
    with pytest.raises(InvalidOptionsError, match=f"{variable} names a file .*Set it to a file with") as caught:
        manager.list_secrets()
    assert find_canary(str(caught.value)) == []
