"""Tests that pass values to other libraries: serializers, file systems, caches, databases and HTTP clients."""

from __future__ import annotations

import io
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import fsspec
import httpx
import joblib
import msgpack
import msgspec
import omegaconf
import orjson
import pandas as pd
import pytest
import ruamel.yaml
import sqlalchemy as sa
import toml
import tomli_w
import yaml
from fsspec.implementations.memory import MemoryFileSystem

from tests.support.fakes.moto_server import running_moto
from tests.support.postgresql import running_postgresql
from zensecrets_jupyter import ArbitrarySecretSchema, Client
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SPECIAL_CHARACTERS = "é: 'x' \"y\" \\n #{} & <"
"""A suffix for a value, which serializers have to quote or escape."""


class _Record(msgspec.Struct):
    token: str


def _ruamel(yaml_type: str) -> Callable[[Any], Any]:
    """Return a function that writes data with ruamel's YAML, and reads it back.

    The type is ``safe``, or ``rt`` for round trip.
    """

    def dump_and_load(data: Any) -> Any:
        writer, stream = ruamel.yaml.YAML(typ=yaml_type, pure=True), io.StringIO()
        writer.dump(data, stream)
        return ruamel.yaml.YAML(typ="safe", pure=True).load(stream.getvalue())

    return dump_and_load


def _omegaconf(data: Any) -> Any:
    text = omegaconf.OmegaConf.to_yaml(omegaconf.OmegaConf.create(data))
    return omegaconf.OmegaConf.to_container(omegaconf.OmegaConf.create(text))


ROUND_TRIPS: dict[str, Callable[[Any], Any]] = {
    "yaml.safe_dump": lambda data: yaml.safe_load(yaml.safe_dump(data)),
    "yaml.dump": lambda data: yaml.safe_load(yaml.dump(data)),
    "ruamel safe": _ruamel("safe"),
    "ruamel round trip": _ruamel("rt"),
    "toml": lambda data: toml.loads(toml.dumps(data)),
    "tomli-w": lambda data: toml.loads(tomli_w.dumps(data)),
    "omegaconf": _omegaconf,
    "msgspec JSON": lambda data: msgspec.json.decode(msgspec.json.encode(data)),
    "msgspec struct": lambda data: {"token": msgspec.convert(data, _Record).token},
    # With these options, orjson and msgpack refuse subclasses of ``str``.
    "orjson": lambda data: orjson.loads(orjson.dumps(data, option=orjson.OPT_PASSTHROUGH_SUBCLASS)),
    "msgpack": lambda data: msgpack.unpackb(msgpack.packb(data, strict_types=True)),
    "json": lambda data: json.loads(json.dumps(data)),
}
"""Functions that write data with a library, and read it back."""


def _register(name: str, **content: str) -> None:
    Client().secrets_manager.register_secret(ArbitrarySecretSchema(name=name, arbitrary_kv_pairs=content))


def _annotator(secret: str) -> Any:
    """Return an annotator with a reference to ``secret`` in an attribute.

    The annotator and its stack are new, and have the name of the secret.
    """
    workspace = Client().workspace
    workspace.register_component(ComponentType.ANNOTATOR, secret, "label_studio", {"authentication_secret": f"{{{{{secret}.token}}}}"})
    default = workspace.stack_record("default").components
    workspace.register_stack(secret, {**default, ComponentType.ANNOTATOR: secret})
    return Client().get_stack(secret).annotator


@pytest.mark.parametrize("round_trip", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_serializers_write_the_exact_value(round_trip: Callable[[Any], Any]) -> None:
    """Serialized content and resolved attributes are read back as equal values, whose type is ``str``."""
    value = canary("through") + SPECIAL_CHARACTERS
    _register("service", token=value)
    content = Client().get_secret("service").content
    for data in (content, {"token": _annotator("service").authentication_secret}):
        value_read_back = round_trip(data)["token"]
        assert value_read_back == value
        assert type(value_read_back) is str
        assert type(data["token"]) is str


class _Session(MemoryFileSystem):  # type: ignore[misc] # fsspec has no type annotations
    """A file system with credentials, which fsspec caches like the file systems of clouds."""

    protocol = "session"
    cachable = True  # fsspec's spelling

    def __init__(self, token: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.token = token


@pytest.fixture
def _sessions() -> Iterator[None]:
    """Register the file system, and clear its cached sessions afterwards."""
    fsspec.register_implementation("session", _Session, clobber=True)
    yield
    _Session.clear_instance_cache()


@pytest.mark.usefixtures("_sessions")
def test_fsspec_uses_a_session_per_value() -> None:
    """Fsspec uses a different session for each value, also after an update of a secret."""
    first_value, second_value, new_value = canary("one"), canary("two"), canary("new")
    _register("one", token=first_value)
    _register("two", token=second_value)
    first_annotator, second_annotator = _annotator("one"), _annotator("two")

    def session(component: Any) -> str:
        """Return the token of the session that fsspec uses for a component."""
        return str(fsspec.filesystem("session", token=component.authentication_secret).token)

    assert [session(first_annotator), session(second_annotator), session(first_annotator)] == [first_value, second_value, first_value]
    Client().secrets_manager.merge_secret("one", {"token": new_value})
    assert [session(first_annotator), session(second_annotator)] == [new_value, second_value]
    storage_options = {"token": Client().get_secret("one").content["token"]}
    assert fsspec.url_to_fs("session://bucket/x", **storage_options)[0].token == new_value


@pytest.mark.usefixtures("_sessions")
def test_pandas_passes_the_value_in_storage_options() -> None:
    """Pandas passes the exact value to the file system that stores a table."""
    value = canary("pandas")
    _register("store", token=value)
    options = {"token": Client().get_secret("store").content["token"]}
    pd.DataFrame({"a": [1, 2]}).to_csv("session://bucket/table.csv", index=False, storage_options=options)
    assert pd.read_csv("session://bucket/table.csv", storage_options=options)["a"].tolist() == [1, 2]
    # fsspec keeps each file system that it has created in this cache.
    tokens = {session.token for session in _Session._cache.values()}
    assert tokens == {value}
    assert {type(token) for token in tokens} == {str}


def test_joblib_caches_by_value(tmp_path: Path) -> None:
    """A memoized function runs again for each new value."""
    first_value, second_value, new_value = canary("one"), canary("two"), canary("new")
    _register("one", token=first_value)
    _register("two", token=second_value)
    passed_tokens: list[str] = []

    def size(token: str) -> int:
        passed_tokens.append(token)
        return len(token)

    cached_size = joblib.Memory(tmp_path / "joblib", verbose=0).cache(size)

    def run(name: str) -> None:
        assert cached_size(Client().get_secret(name).content["token"]) > 0

    for name in ("one", "two", "one", "two"):
        run(name)
    Client().secrets_manager.merge_secret("one", {"token": new_value})
    run("one")
    assert passed_tokens == [first_value, second_value, new_value]
    assert {type(token) for token in passed_tokens} == {str}
    # joblib's cache contains values. A search for leaked values, which runs after each test, would find them.
    shutil.rmtree(tmp_path / "joblib")


def test_sqlalchemy_logs_in() -> None:
    """A PostgreSQL server accepts URLs with the value as password, and refuses a wrong password."""
    value = canary("database")
    _register("db", password=value)
    password = Client().get_secret("db").content["password"]
    with running_postgresql("somebody", value) as server:
        address = f"{server.host}:{server.port}/postgres"
        urls: list[sa.URL | str] = [
            sa.URL.create("postgresql+psycopg", "somebody", password, server.host, server.port, "postgres"),
            f"postgresql+psycopg://somebody:{password}@{address}",
            Client().active_stack.resolve(f"postgresql+psycopg://somebody:{{{{db.password}}}}@{address}"),
        ]
        for url in urls:
            engine = sa.create_engine(url)
            assert type(engine.url.password) is str
            with engine.connect() as connection:
                row = connection.execute(sa.text("SELECT current_user, CAST(:value AS text)"), {"value": password}).one()
            engine.dispose()
            assert tuple(row) == ("somebody", value)
        engine = sa.create_engine(f"postgresql+psycopg://somebody:{password[:-1]}@{address}")
        with pytest.raises(sa.exc.OperationalError):
            engine.connect()
        engine.dispose()


def test_boto3_stores_and_reads_with_a_value() -> None:
    """A boto3 client accepts values as credentials, and as data that it stores and reads."""
    keys = {"aws_access_key_id": canary("id"), "aws_secret_access_key": canary("key")}
    _register("aws", **keys)
    content = Client().get_secret("aws").content
    with running_moto() as port:
        client = boto3.client("secretsmanager", region_name="eu-west-1", endpoint_url=f"http://127.0.0.1:{port}", **content)
        client.create_secret(Name="copy", SecretString=content["aws_secret_access_key"])
        stored_text = client.get_secret_value(SecretId="copy")["SecretString"]
        client.close()
    assert stored_text == keys["aws_secret_access_key"]
    assert {type(value) for value in content.values()} == {str}


class _Recorder(BaseHTTPRequestHandler):
    """Records the headers of every request, and answers with an empty response."""

    received_headers: list[dict[str, str]]

    def do_GET(self) -> None:
        """Record the headers and answer."""
        self.received_headers.append(dict(self.headers))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def test_httpx_sends_the_value() -> None:
    """A server reads the exact value from headers and from basic authentication."""
    value = canary("httpx")
    _register("api", token=value)
    token = Client().get_secret("api").content["token"]
    assert type(token) is str
    # The HTTP server creates a handler for each request, so the headers are an attribute of a class.
    handler = type("Recorder", (_Recorder,), {"received_headers": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/"
        httpx.get(address, headers={"X-Token": token, "Authorization": f"Bearer {token}"})
        httpx.get(address, auth=("ada", token))
        server.shutdown()
        thread.join()
    received_headers = handler.received_headers  # type: ignore[attr-defined] # the class is created in this function
    # httpx sends the names of headers in capitals or small letters as they were passed.
    token_request, basic_auth_request = [{name.lower(): text for name, text in headers.items()} for headers in received_headers]
    assert (token_request["x-token"], token_request["authorization"]) == (value, f"Bearer {value}")
    assert basic_auth_request["authorization"] == httpx.BasicAuth("ada", value)._auth_header
