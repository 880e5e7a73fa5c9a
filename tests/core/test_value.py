"""Tests of values, whose type is ``str``, and of secrets and references in pickles and representations."""

from __future__ import annotations

import copy
import hashlib
import http.client
import json
import os
import pickle
import pprint
import subprocess
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import cloudpickle
import psycopg
import pytest
import requests
import sqlalchemy as sa
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.error_texts import error_details
from tests.support.postgresql import running_postgresql
from tests.support.processes import run_python
from zensecrets_jupyter import (
    AWSSecretSchema,
    BasicAuthSecretSchema,
    Client,
    NotInStackError,
    SecretKeyNotFoundError,
    SecretReference,
    UnregisteredValueError,
)
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERIALIZERS: dict[str, Callable[[Any], bytes]] = {
    **{f"pickle {protocol}": partial(pickle.dumps, protocol=protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
    "cloudpickle": cloudpickle.dumps,
    "cloudpickle of a function that uses it": lambda value: cloudpickle.dumps(lambda: value),
}
"""Functions that pickle an object. The last one pickles a function that returns the object."""


class RegisteredValue:
    """A value of a secret that is registered in the default secrets manager.

    Attributes:
        text: The text that was registered.
        secret: The secret that was read.
        value: The value in this secret.
    """

    def __init__(self) -> None:
        """Register the secret and read it back."""
        self.text = canary("value")
        manager = Client().secrets_manager
        manager.register_secret(BasicAuthSecretSchema(name="login", username="somebody", password=self.text))
        self.secret = manager.get_secret("login")
        self.value = self.secret.value("password")


@pytest.fixture
def registered_value() -> RegisteredValue:
    """Return a value that was registered and read."""
    return RegisteredValue()


class _Recorder(BaseHTTPRequestHandler):
    """Records request headers, and answers like S3 with an empty list of buckets."""

    received_headers: list[dict[str, str]]

    def do_GET(self) -> None:
        """Record the headers and answer."""
        self.received_headers.append(dict(self.headers))
        body = b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[tuple[int, list[dict[str, str]]]]:
    """Run a local HTTP server, and return its port and the headers of requests."""
    # The HTTP server creates a handler for each request, so the headers are an attribute of a class, which is new for each test.
    handler = type("Recorder", (_Recorder,), {"received_headers": []})
    with HTTPServer(("127.0.0.1", 0), handler) as http_server:
        thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield http_server.server_port, handler.received_headers  # type: ignore[attr-defined] # the class is created in this function
        http_server.shutdown()
        thread.join()


def test_values_are_exact_texts(registered_value: RegisteredValue) -> None:
    """The content is exactly a ``dict``, and each value exactly a ``str``, not a subclass.

    This includes the values that attributes and resolved references return.
    """
    secret = registered_value.secret
    assert isinstance(secret, BasicAuthSecretSchema)
    assert type(secret.content) is dict
    # Each access returns a new dict, so a change of the dict does not change the secret.
    assert secret.content is not secret.content
    for value in (*secret.content.values(), secret.password, secret.value("password"), secret.reference("password").resolve()):
        assert type(value) is str
    assert secret.password == secret.content["password"] == registered_value.text
    assert Client().active_stack.resolve("{{login.password}}") == registered_value.text
    assert type(Client().active_stack.resolve("{{login.username}}:{{login.password}}")) is str


def test_a_read_value_is_masked(registered_value: RegisteredValue) -> None:
    """After a value is read, the redactor replaces it in any text by its mask.

    The mask has the name of the secret and the key.
    """
    for container in (registered_value.value, [registered_value.value], {"a": (registered_value.value,)}, registered_value.secret.content):
        masked = the_redactor().redact(repr(container))
        assert "‹secret:login.password›" in masked
        assert find_canary(masked) == []


@pytest.mark.parametrize("represent", [repr, str, pprint.pformat, "{!r}".format])
def test_secrets_and_references_show_no_value(represent: Callable[[Any], str], registered_value: RegisteredValue) -> None:
    """The text of a secret shows the mask. The text of a reference has no value."""
    for container in (registered_value.secret, registered_value.secret.reference("password"), [registered_value.secret]):
        assert find_canary(represent(container)) == []
    assert represent(registered_value.secret).count("‹secret:login.password›") == 1


@pytest.mark.parametrize("serialize", SERIALIZERS.values(), ids=SERIALIZERS)
def test_a_pickle_holds_no_value(serialize: Callable[[Any], bytes], registered_value: RegisteredValue) -> None:
    """A pickle of a secret, of a reference, or of a container with both does not contain the value."""
    reference = registered_value.secret.reference("password")
    for container in (reference, registered_value.secret, [reference, {"s": registered_value.secret}]):
        assert find_canary(serialize(container)) == []


@pytest.mark.parametrize("serialize", SERIALIZERS.values(), ids=SERIALIZERS)
def test_an_unpickled_reference_resolves(serialize: Callable[[Any], bytes], registered_value: RegisteredValue) -> None:
    """An unpickled reference is equal to the original, and resolves to a ``str``."""
    unpickled = pickle.loads(serialize(registered_value.secret.reference("password")))  # noqa: S301 - our own bytes
    if callable(unpickled):
        unpickled = unpickled()  # One of the pickles contains a function that returns the reference.
    assert isinstance(unpickled, SecretReference)
    # A reference is a tuple of a name and a key.
    assert (unpickled, str(unpickled)) == (("login", "password"), "{{login.password}}")
    assert unpickled.resolve() == registered_value.text
    assert type(unpickled.resolve()) is str


def test_unpickling_reads_the_current_value(registered_value: RegisteredValue) -> None:
    """A secret or reference that is unpickled after an update has the new value."""
    pickled = pickle.dumps([registered_value.secret.reference("password"), registered_value.secret])
    new_value = canary("changed")
    Client().secrets_manager.merge_secret("login", {"password": new_value})
    reference, secret = pickle.loads(pickled)  # noqa: S301 - our own bytes
    assert (reference.resolve(), secret.content["password"]) == (new_value, new_value)


def test_a_reference_resolves_in_another_process(registered_value: RegisteredValue) -> None:
    """Another process with the same home unpickles and resolves references and secrets."""
    container = {"reference": registered_value.secret.reference("password"), "secret": registered_value.secret}
    code = """
import hashlib, json, pickle, sys
unpickled = pickle.loads(bytes.fromhex(sys.argv[1]))
value = unpickled["reference"].resolve()
print(json.dumps({
    "exact": type(value) is str,
    "digest": hashlib.sha256(json.dumps(value).encode()).hexdigest(),
    "same": value == unpickled["secret"].content["password"],
    "repr": repr(unpickled),
}))
"""
    result = run_python(code, pickle.dumps(container).hex())
    assert result["exact"]
    assert result["same"]
    assert result["digest"] == hashlib.sha256(json.dumps(registered_value.text).encode()).hexdigest()
    assert find_canary(result["repr"]) == []


def test_a_pickle_of_a_deleted_secret_raises_an_error(registered_value: RegisteredValue) -> None:
    """Resolving an unpickled reference to a deleted secret raises an error.

    The error has the name of the secret and no value.
    """
    pickled = pickle.dumps(registered_value.secret.reference("password"))
    Client().secrets_manager.delete_secret("login")
    with pytest.raises(KeyError, match="no secret 'login'") as caught:
        pickle.loads(pickled).resolve()  # noqa: S301 - our own bytes
    assert find_canary(error_details(caught.value)) == []


def test_an_unregistered_secret_does_not_pickle() -> None:
    """An unregistered secret can't be pickled, and a reference to it can't be resolved.

    A reference that is parsed from a text belongs to no stack, so it can't be resolved either.
    """
    secret = BasicAuthSecretSchema(name="new", username="somebody", password=canary("new"))
    with pytest.raises(UnregisteredValueError) as caught:
        pickle.dumps(secret)
    assert isinstance(caught.value, pickle.PicklingError)
    assert find_canary(error_details(caught.value)) == []
    with pytest.raises(UnregisteredValueError):
        pickle.loads(pickle.dumps(secret.reference("password"))).resolve()  # noqa: S301 - our own bytes
    with pytest.raises(NotInStackError, match=r"active_stack\.resolve"):
        SecretReference.parse("{{login.password}}").resolve()


def test_a_reference_to_a_missing_key_is_refused(registered_value: RegisteredValue) -> None:
    """A reference to a missing key raises an error with the existing keys."""
    with pytest.raises(SecretKeyNotFoundError, match="Its keys are password, username"):
        # The misspelled key is a missing key.
        registered_value.secret.reference("passwort")


def test_copying_a_secret_returns_it(registered_value: RegisteredValue) -> None:
    """``copy.copy`` and ``copy.deepcopy`` return the same object."""
    assert copy.deepcopy(registered_value.secret) is registered_value.secret
    assert copy.copy(registered_value.secret) is registered_value.secret


def test_json_writes_the_value(registered_value: RegisteredValue) -> None:
    """``json.dumps`` writes a value like any other text."""
    assert json.dumps({"token": registered_value.value}) == json.dumps({"token": registered_value.text})
    assert json.loads(json.dumps(registered_value.secret.content)) == {"username": "somebody", "password": registered_value.text}


def test_an_http_header_contains_the_value(registered_value: RegisteredValue, server: tuple[int, list[dict[str, str]]]) -> None:
    """A server reads the plain value from headers that http.client and requests send."""
    port, received_headers = server
    headers = {"X-Token": registered_value.value, "Authorization": f"Bearer {registered_value.value}"}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/", headers=headers)
    assert connection.getresponse().read()
    connection.close()
    assert requests.get(f"http://127.0.0.1:{port}/", headers=headers, timeout=10).ok
    assert requests.get(f"http://127.0.0.1:{port}/", auth=("somebody", registered_value.value), timeout=10).ok
    # The third request has basic authentication and no header X-Token.
    assert [request.get("X-Token") for request in received_headers] == [registered_value.text, registered_value.text, None]
    assert [request["Authorization"] for request in received_headers][:2] == [f"Bearer {registered_value.text}"] * 2
    # requests has no public function that returns the header of basic authentication.
    assert requests.auth._basic_auth_str("somebody", registered_value.text) == received_headers[2]["Authorization"]


def test_boto3_signs_with_a_value(server: tuple[int, list[dict[str, str]]]) -> None:
    """A boto3 client sends the values of a secret, and signs with them.

    The signature is the same as with the original texts.
    """
    port, received_headers = server
    keys = {"aws_access_key_id": canary("id"), "aws_secret_access_key": canary("key"), "aws_session_token": canary("token")}
    content = AWSSecretSchema(name="aws", **keys).content
    client = boto3.client("s3", region_name="eu-west-1", endpoint_url=f"http://127.0.0.1:{port}", **content)
    assert client.list_buckets()["Buckets"] == []
    client.close()
    assert keys["aws_access_key_id"] in received_headers[0]["Authorization"]
    assert received_headers[0]["X-Amz-Security-Token"] == keys["aws_session_token"]

    def signature(keys: dict[str, str]) -> str:
        request = AWSRequest("GET", "https://example.com/")
        # With a fixed time, the signature depends only on the keys.
        request.context["timestamp"] = "20260101T000000Z"
        text_signature: str = SigV4Auth(Credentials(*keys.values()), "s3", "eu-west-1").signature("text", request)
        return text_signature

    assert signature(content) == signature(keys)


def test_sqlalchemy_accepts_a_value(registered_value: RegisteredValue) -> None:
    """SQLAlchemy hides the password in the ``repr`` of a URL, and passes the exact value."""
    url = sa.URL.create("postgresql+psycopg", "somebody", registered_value.value, "localhost", 5432, "db")
    assert find_canary(repr(url)) == []
    assert url.render_as_string(hide_password=False) == f"postgresql+psycopg://somebody:{registered_value.text}@localhost:5432/db"
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT :value, length(:value)"), {"value": registered_value.value}).one()
    engine.dispose()
    assert tuple(row) == (registered_value.text, len(registered_value.text))


def test_psycopg_accepts_a_value(registered_value: RegisteredValue) -> None:
    """A PostgreSQL server accepts a value as password and parameter, and refuses a wrong password."""
    with running_postgresql("somebody", registered_value.text) as server:
        connection_string = f"host={server.host} port={server.port} dbname=postgres user=somebody"
        with psycopg.connect(connection_string, password=registered_value.value) as connection:
            assert connection.execute("SELECT %s::text", (registered_value.value,)).fetchone() == (registered_value.text,)
        with pytest.raises(psycopg.OperationalError) as caught:
            psycopg.connect(connection_string, password=registered_value.value[:-1])
        assert find_canary(str(caught.value)) == []


def test_environment_variables_contain_the_value(registered_value: RegisteredValue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child process reads the plain value from an inherited or passed environment."""
    code = "import os; print(os.environ['TOKEN'], end='')"
    monkeypatch.setenv("TOKEN", registered_value.value)
    inherited = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    child_with_own_environment = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, "TOKEN": registered_value.value}
    )
    assert (inherited, child_with_own_environment.stdout) == (registered_value.text, registered_value.text)
