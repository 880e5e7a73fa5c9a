"""Fixtures for JupyterLab, Notebook 7, and a Chromium without a window."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

from tests.browser.leak_surfaces import NetworkTraffic
from tests.support.kernels import IPC_TRANSPORT, short_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Playwright, WebSocket

SECONDS_TO_START = 60
"""The timeout for the start of a server, and of each request during the start."""

# Playwright's own timeout of 5 seconds is too short on a busy machine, where a menu may appear late. The unit is milliseconds.
expect.set_options(timeout=30_000)


class Lab(NamedTuple):
    """A running server of JupyterLab, or of Notebook 7.

    Attributes:
        url: The base URL, which ends with a slash.
        token: The token with which the server accepts requests.
        folder: The folder of notebooks.
        app: The Python module that starts the server: ``jupyterlab`` or ``notebook``.
    """

    url: str
    token: str
    folder: Path
    app: str = "jupyterlab"

    @property
    def home(self) -> Path:
        """The folder of all files that the server, its kernels and the extension write."""
        return self.folder.parent

    def open(self, page: Page, path: str = "") -> None:
        """Open the file at ``path`` in the folder of notebooks. With an empty path, open JupyterLab's launcher.

        In Notebook 7, ``path`` must be a notebook.
        """
        if self.app == "notebook":
            page.goto(f"{self.url}notebooks/{path}?token={self.token}")
            page.locator(".jp-NotebookPanel").wait_for()
            return
        # JupyterLab reopens the files of the last session. The parameter `reset` prevents this, so the files of earlier tests are closed.
        page.goto(f"{self.url}lab{'/tree/' + path if path else ''}?reset&token={self.token}")
        page.locator("#jp-main-dock-panel").wait_for()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Yield a JupyterLab whose settings and files are in a new folder.

    All tests of the process share it.
    """
    with running_app("jupyterlab", tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@contextmanager
def running_app(app: str, home: Path, **variables: str) -> Iterator[Lab]:
    """Start JupyterLab or Notebook 7, and stop it after the block.

    Its log, with debug records, is the file ``log`` in ``home``.

    Args:
        app: The Python module that starts the server: ``jupyterlab`` or ``notebook``.
        home: The folder for the files of the server.
        variables: Environment variables of the server and its kernels.
    """
    folder = home / "notebooks"
    folder.mkdir()
    token = secrets.token_hex()
    subfolders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "IPYTHONDIR": "ipython",
        "ZENSECRETS_HOME": "zensecrets",
        "JUPYTERLAB_SETTINGS_DIR": "config/lab/user-settings",
    }
    folder_variables = {variable: str(home / subfolder) for variable, subfolder in subfolders.items()}
    # The sockets of the kernels are in this folder. The server gets a short link to it, because the path of a socket has a maximum length.
    (home / "runtime").mkdir(mode=0o700)
    _write_settings(home / "config")
    options = ["--no-browser", "--port=0", "--allow-root", f"--ServerApp.root_dir={folder}", "--log-level=DEBUG"]
    command = [sys.executable, "-m", app, *options]
    with short_path(home / "runtime") as runtime, (home / "log").open("wb") as log:
        environment = {**os.environ, "JUPYTER_TOKEN": token, **folder_variables, "JUPYTER_RUNTIME_DIR": str(runtime), **variables}
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield Lab(_wait_for_url(server, home), token, folder, app)
        finally:
            server.terminate()
            server.wait()


def _write_settings(config: Path) -> None:
    """Write settings that save widget states, disable news and update checks, and give kernels Unix sockets."""
    settings = {
        "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
        "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    for name, values in settings.items():
        path = config / "lab" / "user-settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    (config / "jupyter_config.json").write_text(json.dumps(IPC_TRANSPORT), encoding="utf-8")


def _wait_for_url(server: subprocess.Popen[bytes], home: Path) -> str:
    """Wait until the server answers requests, and return its URL."""
    # The server writes its URL to this file before it answers requests.
    info_file = home / "runtime" / f"jpserver-{server.pid}.json"
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        if info_file.is_file() and (text := info_file.read_text(encoding="utf-8")):
            url: str = json.loads(text)["url"]
            try:
                if requests.get(f"{url}api", timeout=SECONDS_TO_START).ok:
                    return url
            except requests.ConnectionError:
                pass
        time.sleep(0.1)
    message = f"The server did not start:\n{(home / 'log').read_text(encoding='utf-8')}"
    raise RuntimeError(message)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield the Chromium of the system."""
    with chromium() as browser:
        yield browser


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium of the system without a window, and close it after the block.

    The script ``tests/install-system-packages`` installs Chromium.
    """
    path = shutil.which("chromium")
    assert path is not None, "Chromium is not installed; run tests/install-system-packages."
    # Without these options, Chromium contacts hosts of its vendor at each start. On a machine without a network, this takes long.
    options = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with _driver() as driver:
        browser = driver.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


_running_drivers: list[Playwright] = []
"""A list of the running driver of Playwright. The list is empty if no driver runs."""


@contextmanager
def _driver() -> Iterator[Playwright]:
    """Yield Playwright's driver, and start it if it does not run.

    A thread can start only one driver.
    """
    if _running_drivers:
        yield _running_drivers[0]
        return
    with sync_playwright() as driver:
        _running_drivers.append(driver)
        try:
            yield driver
        finally:
            _running_drivers.clear()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Yield an empty page in its own browser profile."""
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        yield context.new_page()


@pytest.fixture(scope="session")
def notebook_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Yield a Notebook 7 whose settings and files are in a new folder.

    All tests of the process share it.
    """
    with running_app("notebook", tmp_path_factory.mktemp("notebook")) as app:
        yield app


@pytest.fixture(params=["lab", "notebook_app"])
def app(request: pytest.FixtureRequest) -> Lab:
    """Return JupyterLab or Notebook 7; each test that uses this fixture runs with both."""
    app: Lab = request.getfixturevalue(request.param)
    return app


@pytest.fixture
def traffic(page: Page) -> NetworkTraffic:
    """Return a record to which the page's requests and websocket messages are added."""
    traffic = NetworkTraffic([], [])

    def listen(socket: WebSocket) -> None:
        for event in ("framesent", "framereceived"):
            socket.on(event, lambda frame: traffic.frames.append(frame if isinstance(frame, bytes) else frame.encode()))

    page.on("websocket", listen)
    page.on("request", lambda request: traffic.requests.append(f"{request.url} {request.post_data_buffer!r}"))
    return traffic
