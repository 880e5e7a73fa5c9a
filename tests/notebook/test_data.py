"""Tests that libraries in a guarded kernel write and send the exact values."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import msgpack
import pytest
import toml
import yaml

from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Kernel

pytestmark = pytest.mark.one_python

WRITE_WITH_LIBRARIES = """
import base64, csv, http.server, io, json, pathlib, sqlite3, subprocess, sys, threading
import fsspec, httpx, joblib, msgpack, msgspec, omegaconf, orjson, pandas, ruamel.yaml, sqlalchemy, toml, tomli_w, yaml
from fsspec.implementations.memory import MemoryFileSystem
from zensecrets_jupyter import AWSSecretSchema, Client
client, folder = Client(), pathlib.Path("written")
folder.mkdir()
key = client.get_secret("cloud").aws_secret_access_key
data = {"token": client.get_secret("service").content["token"], "typed": key}
assert {type(value) for value in data.values()} == {str} and type(client.get_secret("service").content) is dict

(folder / "safe.yaml").write_text(yaml.safe_dump(data))
(folder / "dump.yaml").write_text(yaml.dump(data))
ruamel.yaml.YAML(typ="safe", pure=True).dump(data, folder / "ruamel.yaml")
ruamel.yaml.YAML().dump(data, folder / "round.yaml")
(folder / "toml.toml").write_text(toml.dumps(data))
(folder / "w.toml").write_text(tomli_w.dumps(data))
(folder / "omega.yaml").write_text(omegaconf.OmegaConf.to_yaml(omegaconf.OmegaConf.create(data)))
(folder / "msgspec.json").write_bytes(msgspec.json.encode(data))
(folder / "orjson.json").write_bytes(orjson.dumps(data, option=orjson.OPT_PASSTHROUGH_SUBCLASS))
(folder / "json.json").write_text(json.dumps(data))
(folder / "data.msgpack").write_bytes(msgpack.packb(data, strict_types=True))
pandas.DataFrame([data]).to_csv(folder / "frame.csv", index=False)
with open(folder / "rows.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, list(data)); writer.writeheader(); writer.writerow(data)
engine = sqlalchemy.create_engine(f"sqlite:///{folder}/data.db")
with engine.begin() as connection:
    connection.execute(sqlalchemy.text("CREATE TABLE data (token TEXT, typed TEXT)"))
    connection.execute(sqlalchemy.text("INSERT INTO data VALUES (:token, :typed)"), data)
engine.dispose()
child = "import json, sys; json.dump({'token': sys.argv[1], 'typed': sys.stdin.read()}, open('written/child.json', 'w'))"
subprocess.run([sys.executable, "-c", child, data["token"]], input=data["typed"], text=True, check=True)

class Recorder(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        assert self.headers["Authorization"] == f"Bearer {key}"
        (folder / "sent.json").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *arguments):
        pass

with http.server.HTTPServer(("127.0.0.1", 0), Recorder) as server:
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    httpx.post(f"http://127.0.0.1:{server.server_port}/", headers={"Authorization": f"Bearer {key}"}, json=data)
    thread.join()
"""
"""Code that writes and sends ``data`` with each library.

``data`` contains two values: ``token`` of an arbitrary secret, and ``typed``, an attribute of a typed schema.
"""

USE_CACHES = """
class Session(MemoryFileSystem):
    protocol, cachable = "session", True
    def __init__(self, token="", **options):
        super().__init__(**options)
        self.token = token

fsspec.register_implementation("session", Session, clobber=True)
called = []
memory = joblib.Memory("joblib", verbose=0)
@memory.cache
def length(token):
    pathlib.Path("called").open("a").write("x")
    return len(token), token

def read(name):
    token = client.get_secret(name).content["token"]
    options = {"token": token}
    session = fsspec.filesystem("session", **options)
    pandas.DataFrame({"a": [1]}).to_csv(f"session://{name}/t.csv", storage_options=options)
    return session.token == token == length(token)[1]

assert read("one") and read("two") and read("one")
assert pathlib.Path("called").read_text() == "xx"
client.secrets_manager.merge_secret("one", {"token": client.get_secret("two").content["token"][::-1]})
assert read("one") and read("two")
assert pathlib.Path("called").read_text() == "xxx"
print(client.get_secret("one").content["token"])
"""
"""Code that uses caches with two secrets, and then with a new value of the first.

The file ``called`` gets an ``x`` for each call that joblib does not find in its cache.
"""


def _read_file(path: Path) -> dict[str, str]:
    """Return the content of a file that a library has written."""
    text = "" if path.suffix in {".db", ".msgpack"} else path.read_text(encoding="utf-8")
    if path.suffix == ".db":
        with closing(sqlite3.connect(path)) as database:
            return dict(zip(("token", "typed"), database.execute("SELECT token, typed FROM data").fetchone(), strict=True))
    if path.suffix == ".csv":
        return next(csv.DictReader(text.splitlines()))
    parse = {".yaml": yaml.safe_load, ".toml": toml.loads, ".json": json.loads}.get(path.suffix)
    data: dict[str, str] = parse(text) if parse else msgpack.unpackb(path.read_bytes())
    return data


def test_libraries_write_the_exact_value(kernel: Kernel, tmp_path: Path) -> None:
    """Libraries write and send the exact values, while the kernel shows masks.

    They write to files and a database, and send to a program and a server. The token has characters that file formats escape.
    """
    token, key = canary("token") + "é: 'x' \"y\" \\n #{} & <", canary("typed")
    assert kernel.run("%secret register service --token", [token]).ok
    assert kernel.run("%secret register cloud -s aws --aws_access_key_id --aws_secret_access_key", [canary("id"), key]).ok
    result = kernel.run(WRITE_WITH_LIBRARIES)
    assert result.ok, result.error
    files = {path.name: _read_file(path) for path in (tmp_path / "written").iterdir()}
    assert len(files) == 16
    assert {name: data for name, data in files.items() if data != {"token": token, "typed": key}} == {}
    assert kernel.run("print(data)").stream("stdout") == (
        "{'token': '‹secret:service.token›', 'typed': '‹secret:cloud.aws_secret_access_key›'}\n"
    )


def test_caches_of_libraries_distinguish_values(kernel: Kernel) -> None:
    """Caches distinguish the values of two secrets, and of a secret after an update.

    The caches are those of fsspec, pandas and joblib.
    """
    for name in ("one", "two"):
        assert kernel.run(f"%secret register {name} --token", [canary(name)]).ok
    imports = "\n".join(line for line in WRITE_WITH_LIBRARIES.splitlines() if line.startswith(("import", "from")))
    result = kernel.run(f"{imports}\nclient = Client()\n{USE_CACHES}")
    assert result.ok, result.error
    assert result.stream("stdout") == "‹secret:one.token›\n"
