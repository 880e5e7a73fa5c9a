"""A real ZenML server on loopback, with SQLite behind it, in an environment of its own: what ZenML needs would hold our libraries back.

The environment is made once, with whichever Python comes first, and kept in pytest's cache. Run as a program, by that environment's Python,
this module prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION = "0.98.0"
"""The ZenML that is tested against; it runs on each Python from 3.10 to 3.14."""
CACHE = Path(__file__).parents[2] / ".pytest_cache" / "d" / f"zenml-{VERSION}"
PREPARED = CACHE / "server"
"""The database of a server that has nothing yet but its administrator."""
ADMINISTRATOR, PASSWORD = "admin", "admin-password"
SECONDS = 120
"""How long it may take to start, and its client to do what a test asks of it."""


class ZenmlServer(NamedTuple):
    """A running server, with somebody who may use it, and ZenML's own client for it."""

    port: int
    folder: Path
    api_key: str
    token: str

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def client_variables(self) -> dict[str, str]:
        """What ZenML's own client finds in the environment."""
        return {"ZENML_STORE_URL": self.url, "ZENML_STORE_API_KEY": self.api_key}

    def run_client(self, code: str, *arguments: str) -> Any:
        """Return what ``code`` prints as JSON, in its last line, where ZenML is installed and this server is the one it asks."""
        return json.loads(self.run("python", "-c", code, *arguments, **self.client_variables).splitlines()[-1])

    def run(self, program: str, *arguments: str, answer: str = "", **variables: str) -> str:
        """Return what a program of ZenML's environment prints, with those variables; ``answer`` is what is typed into it."""
        command = [str(CACHE / "bin" / program), *arguments]
        environment = {**_environment(self.folder / "client"), **variables}
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=SECONDS, input=answer, env=environment, cwd=self.folder
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def leave_login(self, folder: Path, address: str, token: str = "") -> None:
        """Write into ``folder`` what ``zenml login`` leaves there that has got a token for the server at that address."""
        folder.mkdir(exist_ok=True)
        store = {"store": {"type": "rest", "url": address}}
        (folder / "config.yaml").write_text(json.dumps(store))
        (folder / "credentials.yaml").write_text(
            json.dumps({address: {"url": address, "api_token": {"access_token": token or self.token}}})
        )

    def new_api_key(self) -> str:
        """Return the key of a user of its own, who may do everything with secrets."""
        return _new_api_key(self.url, self.token)

    def put(self, name: str, values: Mapping[str, str]) -> None:
        """Register a secret past everybody's client."""
        asked = {"name": name, "values": dict(values)}
        _answer("POST", f"{self.url}/api/v1/secrets", json=asked, headers={"Authorization": f"Bearer {self.token}"})

    def empty(self) -> None:
        """Delete every secret that its administrator sees."""
        headers = {"Authorization": f"Bearer {self.token}"}
        for found in _answer("GET", f"{self.url}/api/v1/secrets?size=1000", headers=headers)["items"]:
            _answer("DELETE", f"{self.url}/api/v1/secrets/{found['id']}", headers=headers)

    def stored(self, prefix: str) -> dict[str, bytes]:
        """Return what is in the database, as it is there, of the secrets whose names begin so."""
        with closing(sqlite3.connect(self.folder / "server" / "stores" / "default_zen_store" / "zenml.db")) as connection:
            rows = connection.execute('SELECT name, "values" FROM secret WHERE substr(name, 1, ?) = ?', (len(prefix), prefix)).fetchall()
        return {name: str(values).encode() for name, values in rows}


def run_with_zenml(program: str, *arguments: str, folder: Path) -> str:
    """Return what a program of Python prints where ZenML is installed and keeps what it has in ``folder``, without a server."""
    _make_environment()
    shutil.copytree(PREPARED / "stores", folder / "stores")
    own = {
        "ZENML_LOCAL_STORES_PATH": str(folder / "stores"),
        "ZENML_DEFAULT_USER_NAME": ADMINISTRATOR,
        "ZENML_DISABLE_PIPELINE_LOGS_STORAGE": "true",
        "ZENML_DISABLE_STEP_LOGS_STORAGE": "true",
    }
    environment = {**_environment(folder / "client"), **own}
    command = [str(CACHE / "bin" / "python"), program, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS, env=environment, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def running_zenml() -> Iterator[ZenmlServer]:
    """Yield a new server, that ends with the block."""
    _make_environment()
    with tempfile.TemporaryDirectory(prefix="zs-zenml-") as name:
        folder = Path(name)
        shutil.copytree(PREPARED, folder / "server")
        with _serving(folder / "server") as port:
            url = f"http://127.0.0.1:{port}"
            token = _answer("POST", f"{url}/api/v1/login", data={"username": ADMINISTRATOR, "password": PASSWORD})["access_token"]
            yield ZenmlServer(port, folder, _new_api_key(url, token), token)


@contextmanager
def _serving(folder: Path) -> Iterator[int]:
    """Yield the port of a server whose database is in the folder, and made there if there is none."""
    asked = {
        "ZENML_LOCAL_STORES_PATH": str(folder / "stores"),
        "ZENML_SERVER": "true",
        "ZENML_SERVER_AUTO_ACTIVATE": "true",
        "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
        "ZENML_DEFAULT_USER_NAME": ADMINISTRATOR,
        "ZENML_DEFAULT_USER_PASSWORD": PASSWORD,
    }
    environment = {**_environment(folder), **asked}
    log = folder / "log"
    with log.open("w") as said:
        command = [str(CACHE / "bin" / "python"), __file__]
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, env=environment, cwd=folder
        )
    try:
        assert server.stdout is not None
        first = server.stdout.readline()
        assert first.strip().isdecimal(), log.read_text()
        # It listens before it answers.
        _answer("GET", f"http://127.0.0.1:{int(first)}/api/v1/info")
        yield int(first)
    finally:
        server.terminate()
        server.communicate(timeout=30)


def _new_api_key(url: str, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    named = {"name": f"tests-{secrets.token_hex(4)}", "active": True}
    account = _answer("POST", f"{url}/api/v1/service_accounts", json=named, headers=headers)["id"]
    made = _answer("POST", f"{url}/api/v1/service_accounts/{account}/api_keys", json={"name": "key"}, headers=headers)
    key: str = made["body"]["key"]
    return key


def _answer(method: str, url: str, **more: Any) -> Any:
    answer = requests.request(method, url, timeout=SECONDS, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _environment(folder: Path) -> dict[str, str]:
    """Return the variables of a person who has that home, and keeps ZenML from asking and telling the world anything."""
    folder.mkdir(parents=True, exist_ok=True)
    quiet = {"ZENML_ANALYTICS_OPT_IN": "false", "ZENML_AUTO_OPEN_DASHBOARD": "false", "ZENML_LOGGING_COLORS_DISABLED": "true"}
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "ZENML_CONFIG_PATH": str(folder / "settings"), **quiet}


def _make_environment() -> None:
    """Install ZenML, unless that was done; of several processes one does it, and the others wait."""
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    done = CACHE / "done"
    with (CACHE.parent / f"{CACHE.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The Python that it was made with may be gone.
        if done.exists() and (CACHE / "bin" / "python").exists():
            return
        shutil.rmtree(CACHE, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(CACHE)], check=True)
        wanted = ["--quiet", "--disable-pip-version-check", f"zenml[server]=={VERSION}"]
        subprocess.run([str(CACHE / "bin" / "python"), "-m", "pip", "install", *wanted], check=True)
        # To make a database takes the server as long as to start.
        with _serving(PREPARED):
            pass
        done.touch()


def _serve() -> None:
    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    # Nobody reads on: what ZenML logs there would fill the pipe, and then it would wait.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server = uvicorn.Server(uvicorn.Config("zenml.zen_server.zen_server_api:app", log_level="critical"))
    # Whoever started it may be killed.
    threading.Thread(target=_end_with_standard_input, args=(server,), daemon=True).start()
    server.run(sockets=[listening])


def _end_with_standard_input(server: Any) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    _serve()
