"""Secrets of other programs in a notebook.

The tests register managers with the options `--external` and `--clear` of `%zen secrets-manager`.
"""

from __future__ import annotations

import json
import secrets
import uuid
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.support.fakes.moto_server import aws_environment, running_moto
from tests.support.kernels import running_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.kernels import Kernel

# CI runs these slow tests with one version of Python only.
pytestmark = pytest.mark.one_python

DEFINE_EXTERNAL = """
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.stack import ComponentType
def external(name): return Client().workspace.component(ComponentType.SECRETS_MANAGER, name).attributes["external"]
"""
"""Code that defines a function for the kernel.

It returns the stored option `--external` of a manager.
"""


def test_paths_and_keys_reach_the_command_as_they_are_typed(kernel: Kernel) -> None:
    """A pair, a list of pairs and JSON are passed to the command unchanged.

    No part of the line is treated as an inline secret, IPython does not expand `$db`, and `#` begins no comment.
    """
    assert kernel.run(DEFINE_EXTERNAL).ok
    for number, (option, expected) in enumerate(
        [
            ("--external db=prod/db#password", {"db": "prod/db#password"}),
            ("--external=db=prod/$db,token=prod/api#key", {"db": "prod/$db", "token": "prod/api#key"}),
            ("""--external='{"db": "prod/db#password"}'""", {"db": "prod/db#password"}),
        ]
    ):
        line = f"%zen secrets-manager register team{number} --flavor=vault {option}"
        result = kernel.run(line)
        assert (result.ok, result.stream("stderr")) == (True, "")
        assert kernel.run(f"external('team{number}') == {expected!r}").displayed_data() == ["True"]
        # `In[-3]` is the cell of the line: two cells have run since then, this one included. An inline secret would be removed from it.
        assert kernel.run("In[-3]").displayed_data() == [repr(f"get_ipython().run_line_magic('zen', {line[5:]!r})")]


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """Yield the environment variables for a moto server."""
    with running_moto() as port:
        yield aws_environment(port)


def _store_document(aws: dict[str, str], document: object) -> str:
    """Store a document in AWS Secrets Manager like another program, and return its name."""
    client = boto3.client(
        "secretsmanager",
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    name = f"prod/{uuid.uuid4().hex[:8]}"
    client.create_secret(Name=name, SecretString=json.dumps(document))
    return name


def _documents(secret: str) -> dict[str, tuple[dict[str, object], set[str]]]:
    """Return documents as other programs store them, by their name.

    Each document has the set of its keys whose values the guard must mask. ``secret`` is the sensitive value in each document.
    """
    return {
        "RDS": (
            {
                "username": "analyst",
                "password": secret,
                "engine": "postgres",
                "host": "warehouse.cluster-c9x8y7.eu-central-1.rds.example.com",
                "port": 5432,
                "dbname": "analytics",
                "dbInstanceIdentifier": "orders-replica",
            },
            {"password"},
        ),
        "MySQL": ({"user": "reporting", "password": secret, "database": "orders", "host": "mysql.example.com"}, {"password"}),
        "basic authentication": ({"username": "somebody", "password": secret}, {"password"}),
        "Google's service account": (
            {
                "type": "service_account",
                "project_id": "shop-analytics",
                "private_key": secret,
                "client_email": "reader@shop-analytics.example.com",
                "token_uri": "https://oauth2.example.com/token",
            },
            {"private_key"},
        ),
        "a client of Azure": ({"tenantId": "tenant-of-the-shop", "clientSecret": secret}, {"clientSecret"}),
        "Snowflake": ({"account": "shop-eu", "user": "loader", "password": secret, "warehouse": "reporting_wh"}, {"password"}),
        "a URL with the password": ({"url": f"postgresql://app:{secret}@db.example.com/orders", "password": secret}, {"url", "password"}),
        # The format of this document is unknown, so all its values are masked.
        "unknown document": ({"alpha": secret, "host": "db-of-nobody.example.com"}, {"alpha", "host"}),
    }


@pytest.mark.parametrize("document_name", list(_documents("")))
def test_only_sensitive_keys_of_external_secrets_are_masked(tmp_path: Path, aws: dict[str, str], document_name: str) -> None:
    """In documents of known formats, passwords are masked; hosts, ports, users and databases are not."""
    secret = secrets.token_urlsafe(24)
    document, masked_keys = _documents(secret)[document_name]
    with running_kernel(tmp_path, {**aws, "ZENSECRETS_PASSPHRASE": "some passphrase"}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        assert kernel.run(f"%zen secrets-manager register team --flavor=aws --external db={_store_document(aws, document)}").ok
        assert kernel.run("%stack register s -o default -a default -x team --set").ok
        result = kernel.run("from zensecrets_jupyter import Client; content = Client().get_secret('db').content; print(len(content))")
        assert result.stream("stdout") == f"{len(document)}\n", result.error
        for key, value in document.items():
            output = kernel.run(f"print(content[{key!r}])").stream("stdout")
            assert (output != f"{value}\n") is (key in masked_keys), key
        # The table may shorten a long value, so 12 characters are searched for.
        table = "".join(kernel.run("%secret get db").displayed_data())
        assert [key for key, value in document.items() if str(value)[:12] not in table] == [key for key in document if key in masked_keys]
        assert secret[:12] not in json.dumps([message["content"] for message in kernel.record], default=str)


def test_clear_keys_are_not_masked(tmp_path: Path, aws: dict[str, str]) -> None:
    """The values of keys in `--clear` are not masked.

    The option can be repeated and takes lists of keys.

    After a change of the option, the next read with `refresh=True` follows the new list.
    """
    path = _store_document(
        aws, {"alpha": "harmless-one-77", "beta": "harmless-two-88", "gamma": "harmless-three-99", "password": secrets.token_hex(12)}
    )
    # `refresh=True` reads the backend instead of the cache.
    print_values = "print(*Client().get_secret('db', refresh=True).content.values())"
    with running_kernel(tmp_path, {**aws, "ZENSECRETS_PASSPHRASE": "some passphrase"}) as kernel:
        assert kernel.run("%load_ext zensecrets_jupyter").ok
        line = f"%zen secrets-manager register team --flavor=aws --external db={path} --clear alpha --clear=beta,db.gamma"
        assert kernel.run(line).ok
        assert kernel.run("%stack register s -o default -a default -x team --set").ok
        output = kernel.run(f"from zensecrets_jupyter import Client; {print_values}").stream("stdout")
        assert output == "harmless-one-77 harmless-two-88 harmless-three-99 ‹secret:db.password›\n"
        assert kernel.run("%zen secrets-manager update team --clear beta").ok
        output = kernel.run(print_values).stream("stdout")
        assert output == "‹secret:db.alpha› harmless-two-88 ‹secret:db.gamma› ‹secret:db.password›\n"
        assert "an empty key" in kernel.run("%zen secrets-manager update team --clear=,").error
