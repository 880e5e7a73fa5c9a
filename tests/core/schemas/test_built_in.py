"""Tests of the built-in schemas: their keys, and required and sensitive keys."""

from __future__ import annotations

import json

import pytest

from tests.support.error_texts import error_details
from tests.support.processes import run_python
from zensecrets_jupyter import GCPSecretSchema, InvalidSecretError
from zensecrets_jupyter.core.schemas import get_schema, schema_types
from zensecrets_jupyter.core.schemas.registry import BUILT_IN
from zensecrets_jupyter.testing.canary import canary, find_canary

# The keys of each type. An asterisk marks a required key, and a hyphen marks a clear-text key, whose value is not sensitive.
SCHEMAS = {
    "arbitrary": "",
    "aws": "aws_access_key_id* aws_secret_access_key* aws_session_token",
    "azure": "account_name- account_key sas_token connection_string client_id- client_secret tenant_id-",
    "basic_auth": "username*- password*",
    "gcp": "token*",
    "huggingface": "token*",
    "kserve_az": "storage_type- credentials",
    "kserve_gs": "storage_type- credentials service_account-",
    "kserve_s3": "storage_type- credentials service_account- s3_endpoint- s3_region- s3_use_https- s3_verify_ssl-",
    "label_studio": "api_key*",
    "mysql": "user- password ssl_ca ssl_cert ssl_key",
    "openai": "api_key*",
    "postgresql": "host- port- user*- password* database-",
    "seldon_az": (
        "rclone_config_azureblob_type- rclone_config_azureblob_account- rclone_config_azureblob_key rclone_config_azureblob_sas_url "
        "rclone_config_azureblob_use_msi-"
    ),
    "seldon_gs": (
        "rclone_config_gs_type- rclone_config_gs_client_id- rclone_config_gs_client_secret rclone_config_gs_project_number- "
        "rclone_config_gs_service_account_credentials rclone_config_gs_anonymous- rclone_config_gs_token rclone_config_gs_auth_url- "
        "rclone_config_gs_token_url-"
    ),
    "seldon_s3": (
        "rclone_config_s3_type- rclone_config_s3_provider- rclone_config_s3_env_auth- rclone_config_s3_access_key_id "
        "rclone_config_s3_secret_access_key rclone_config_s3_session_token rclone_config_s3_region- rclone_config_s3_endpoint-"
    ),
    "slack": "token*",
    "whylabs": "whylabs_default_org_id*- whylabs_api_key* whylabs_default_dataset_id-",
}


@pytest.mark.parametrize("schema_type", SCHEMAS)
def test_a_schema_has_its_keys(schema_type: str) -> None:
    """Each schema has exactly the keys of the table, in order, with the same required and clear-text keys."""
    schema = get_schema(schema_type)
    expected = SCHEMAS[schema_type].split()
    assert schema_type == schema.TYPE
    assert schema.get_schema_keys() == [key.rstrip("*-") for key in expected]
    assert schema.required_keys() == [key.rstrip("*-") for key in expected if "*" in key]
    assert [key for key in schema.get_schema_keys() if not schema.is_sensitive(key)] == [key.rstrip("*-") for key in expected if "-" in key]
    assert schema.takes_any_key() is (schema_type == "arbitrary")


@pytest.mark.parametrize("schema_type", SCHEMAS)
def test_a_schema_masks_sensitive_keys(schema_type: str) -> None:
    """The content contains each sensitive value. The representations of the secret show none of them."""
    schema = get_schema(schema_type)
    keys = schema.get_schema_keys() or ["any", "key"]  # The type ``arbitrary`` accepts any keys.
    sensitive = [key for key in keys if schema.is_sensitive(key)]
    content = {key: canary(key) for key in sensitive}
    # The required keys that are not sensitive.
    required = {key: "clear" for key in schema.required_keys() if key not in content}
    secret = schema.from_content("mine", {**required, **content})
    assert {key: secret.content[key] for key in sensitive} == content
    assert set(secret.value_sources()) == set(content.values())
    assert type(secret.content) is dict
    assert find_canary(repr(secret) + str(secret.model_dump()) + secret.model_dump_json()) == []
    assert all(type(value) is str for value in secret.content.values())


@pytest.mark.parametrize("schema_type", [schema_type for schema_type in SCHEMAS if schema_type != "arbitrary"])
def test_each_key_has_a_description(schema_type: str) -> None:
    """Each schema and each of its keys has a description, which forms show."""
    schema = get_schema(schema_type)
    assert all(schema.model_fields[key].description for key in schema.get_schema_keys())
    assert schema.__doc__


def test_the_table_is_complete() -> None:
    """The table contains all built-in schemas, and schema_types() lists each of them."""
    assert set(SCHEMAS) == set(BUILT_IN)
    assert set(SCHEMAS) <= set(schema_types())


def test_listing_the_schemas_imports_none_of_them() -> None:
    """Listing the types imports no module of a built-in schema."""
    code = """
import json, sys
from zensecrets_jupyter.core.schemas import schema_types
schema_types()
print(json.dumps([name for name in sys.modules if name.startswith("zensecrets_jupyter.core.schemas.built_in")]))
"""
    assert run_python(code) == []


def test_a_gcp_token_is_parsed() -> None:
    """get_credential_dict returns the JSON object of the token."""
    key = {"type": "service_account", "private_key": canary("key")}
    assert GCPSecretSchema(name="gcp", token=json.dumps(key)).get_credential_dict() == key


@pytest.mark.parametrize("template", ["{}", '["{}"]', '"{}"', '{{"a": {}', ""])
def test_an_invalid_gcp_token_is_refused_without_its_text(template: str) -> None:
    """A token that is not a JSON object raises InvalidSecretError without the token.

    The message advises to read the token from a file, with ``--token=@FILE``.
    """
    secret = GCPSecretSchema(name="gcp", token=template.format(canary("token")))
    with pytest.raises(InvalidSecretError, match="--token=@") as caught:
        secret.get_credential_dict()
    assert find_canary(error_details(caught.value)) == []


def test_booleans_are_texts_in_the_content() -> None:
    """The content has the value of a boolean key as ``true`` or ``false``.

    rclone expects these texts.
    """
    schema = get_schema("seldon_s3")
    assert schema.from_content("mine", {}).content["rclone_config_s3_env_auth"] == "false"
    assert schema.from_content("mine", {"rclone_config_s3_env_auth": "true"}).content["rclone_config_s3_env_auth"] == "true"
