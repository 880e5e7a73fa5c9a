"""A ZenML server with SQLite on the loopback interface, in a virtual environment of its own.

The requirements of ZenML conflict with newer releases of our libraries. The environment is created once, in pytest's cache. The Python of
that environment runs this module as a script: it starts the server, prints its port, and serves until its standard input ends.
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
"""The tested version of ZenML, which supports Python 3.10 to 3.14."""
ENVIRONMENT = Path(__file__).parents[2] / ".pytest_cache" / "d" / f"zenml-{VERSION}"
"""The folder of ZenML's virtual environment."""
NEW_SERVER = ENVIRONMENT / "server"
"""The folder with the database of a new server. Its only user is the administrator. Each server of the tests gets a copy."""
ADMINISTRATOR, PASSWORD = "admin", "admin-password"
"""The name and the password of the administrator."""
TIMEOUT = 120
"""Timeout of a request, and of a program in ZenML's environment, in seconds."""


class ZenmlServer(NamedTuple):
    """A running server, its credentials, and methods that run ZenML's own client.

    Attributes:
        port: The port.
        folder: The folder of its files.
        api_key: The key of a service account.
        token: The access token of the administrator.
    """

    port: int
    folder: Path
    api_key: str
    token: str

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def client_variables(self) -> dict[str, str]:
        """Environment variables for ZenML's client."""
        return {"ZENML_STORE_URL": self.url, "ZENML_STORE_API_KEY": self.api_key}

    def run_client(self, code: str, *arguments: str) -> Any:
        """Run ``code`` with ZenML's client, and return the JSON value in the last line of its output."""
        return json.loads(self.run("python", "-c", code, *arguments, **self.client_variables).splitlines()[-1])

    def run(self, program: str, *arguments: str, stdin: str = "", **variables: str) -> str:
        """Run a program in ZenML's environment, and return its output.

        Args:
            program: The name of the program.
            arguments: Its arguments.
            stdin: The text of its standard input.
            variables: Environment variables.
        """
        command = [str(ENVIRONMENT / "bin" / program), *arguments]
        environment = {**_environment(self.folder / "client"), **variables}
        process = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=TIMEOUT, input=stdin, env=environment, cwd=self.folder
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    def write_login(self, folder: Path, address: str, token: str = "") -> None:
        """Write the files of ``zenml login`` for a server into ``folder``. The default token is that of the administrator."""
        folder.mkdir(exist_ok=True)
        store = {"store": {"type": "rest", "url": address}}
        # YAML files can contain JSON.
        (folder / "config.yaml").write_text(json.dumps(store))
        (folder / "credentials.yaml").write_text(
            json.dumps({address: {"url": address, "api_token": {"access_token": token or self.token}}})
        )

    def new_api_key(self) -> str:
        """Return the key of a new service account that may read and write all secrets."""
        return _new_api_key(self.url, self.token)

    def put(self, name: str, values: Mapping[str, str]) -> None:
        """Store a secret with the REST API, so without our package, which is under test."""
        body = {"name": name, "values": dict(values)}
        _send("POST", f"{self.url}/api/v1/secrets", json=body, headers={"Authorization": f"Bearer {self.token}"})

    def empty(self) -> None:
        """Delete all secrets of the administrator."""
        headers = {"Authorization": f"Bearer {self.token}"}
        for stored_secret in _send("GET", f"{self.url}/api/v1/secrets?size=1000", headers=headers)["items"]:
            _send("DELETE", f"{self.url}/api/v1/secrets/{stored_secret['id']}", headers=headers)

    def stored(self, prefix: str) -> dict[str, bytes]:
        """Return the stored bytes of the secrets whose names start with ``prefix``, by name."""
        with closing(sqlite3.connect(self.folder / "server" / "stores" / "default_zen_store" / "zenml.db")) as connection:
            rows = connection.execute('SELECT name, "values" FROM secret WHERE substr(name, 1, ?) = ?', (len(prefix), prefix)).fetchall()
        return {name: str(values).encode() for name, values in rows}


def run_with_zenml(program: str, *arguments: str, folder: Path) -> str:
    """Run a program in ZenML's environment without a server, with ZenML's files in ``folder``, and return its output."""
    _make_environment()
    shutil.copytree(NEW_SERVER / "stores", folder / "stores")
    variables = {
        "ZENML_LOCAL_STORES_PATH": str(folder / "stores"),
        "ZENML_DEFAULT_USER_NAME": ADMINISTRATOR,
        "ZENML_DISABLE_PIPELINE_LOGS_STORAGE": "true",
        "ZENML_DISABLE_STEP_LOGS_STORAGE": "true",
    }
    environment = {**_environment(folder / "client"), **variables}
    command = [str(ENVIRONMENT / "bin" / "python"), program, *arguments]
    process = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT, env=environment, cwd=folder)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@contextmanager
def running_zenml() -> Iterator[ZenmlServer]:
    """Yield a new server, and stop it afterwards."""
    _make_environment()
    with tempfile.TemporaryDirectory(prefix="zs-zenml-") as name:
        folder = Path(name)
        shutil.copytree(NEW_SERVER, folder / "server")
        with _running_server(folder / "server") as port:
            url = f"http://127.0.0.1:{port}"
            token = _send("POST", f"{url}/api/v1/login", data={"username": ADMINISTRATOR, "password": PASSWORD})["access_token"]
            yield ZenmlServer(port, folder, _new_api_key(url, token), token)


@contextmanager
def _running_server(folder: Path) -> Iterator[int]:
    """Start a server with its database in ``folder``, yield its port, and stop it."""
    variables = {
        "ZENML_LOCAL_STORES_PATH": str(folder / "stores"),
        "ZENML_SERVER": "true",
        "ZENML_SERVER_AUTO_ACTIVATE": "true",
        "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
        "ZENML_DEFAULT_USER_NAME": ADMINISTRATOR,
        "ZENML_DEFAULT_USER_PASSWORD": PASSWORD,
    }
    environment = {**_environment(folder), **variables}
    log = folder / "log"
    with log.open("w") as log_file:
        command = [str(ENVIRONMENT / "bin" / "python"), __file__]
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log_file, text=True, env=environment, cwd=folder
        )
    try:
        assert server.stdout is not None
        first_line = server.stdout.readline()
        assert first_line.strip().isdecimal(), log.read_text()
        # The server accepts connections before it can answer. This request ends when the server can answer.
        _send("GET", f"http://127.0.0.1:{int(first_line)}/api/v1/info")
        yield int(first_line)
    finally:
        server.terminate()
        server.communicate(timeout=30)


def _new_api_key(url: str, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    new_account = {"name": f"tests-{secrets.token_hex(4)}", "active": True}
    account = _send("POST", f"{url}/api/v1/service_accounts", json=new_account, headers=headers)["id"]
    response = _send("POST", f"{url}/api/v1/service_accounts/{account}/api_keys", json={"name": "key"}, headers=headers)
    key: str = response["body"]["key"]
    return key


def _send(method: str, url: str, **options: Any) -> Any:
    """Send a request, and return the JSON of its response."""
    response = requests.request(method, url, timeout=TIMEOUT, **options)
    assert response.status_code == 200, response.text
    return response.json()


def _environment(folder: Path) -> dict[str, str]:
    """Create ``folder`` as ZenML's home folder, and return environment variables that disable prompts and analytics."""
    folder.mkdir(parents=True, exist_ok=True)
    quiet_options = {"ZENML_ANALYTICS_OPT_IN": "false", "ZENML_AUTO_OPEN_DASHBOARD": "false", "ZENML_LOGGING_COLORS_DISABLED": "true"}
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "ZENML_CONFIG_PATH": str(folder / "settings"), **quiet_options}


def _make_environment() -> None:
    """Install ZenML if it is not installed. A lock lets other processes wait for the end of the installation."""
    ENVIRONMENT.parent.mkdir(parents=True, exist_ok=True)
    finished_marker = ENVIRONMENT / "done"
    with (ENVIRONMENT.parent / f"{ENVIRONMENT.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The Python of a cached environment may have been removed.
        if finished_marker.exists() and (ENVIRONMENT / "bin" / "python").exists():
            return
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        pip_options = ["--quiet", "--disable-pip-version-check", f"zenml[server]=={VERSION}"]
        subprocess.run([str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", *pip_options], check=True)
        # The first start of a server also creates its database, which doubles the time of the start. Later servers copy this database.
        with _running_server(NEW_SERVER):
            pass
        finished_marker.touch()


def _serve() -> None:
    """Start the server, print its port, and serve until the standard input ends."""
    import uvicorn

    listening_socket = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listening_socket.getsockname()[1]}\n")
    sys.stdout.flush()
    # After the port, no process reads the pipe. ZenML's logs would fill it and block the server, so they go to the standard error.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server = uvicorn.Server(uvicorn.Config("zenml.zen_server.zen_server_api:app", log_level="critical"))
    # If the test process is killed, the standard input of the server ends, and the server stops.
    threading.Thread(target=_end_with_standard_input, args=(server,), daemon=True).start()
    server.run(sockets=[listening_socket])


def _end_with_standard_input(server: Any) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    _serve()
