"""A real JupyterLab and a real Notebook 7, and a headless Chromium that looks at them."""

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

# A machine that is busy with other things shows a menu late; it shows it all the same.
expect.set_options(timeout=30_000)


class Lab(NamedTuple):
    """A JupyterLab, or a Notebook 7, that is running; ``home`` holds everything that it writes."""

    url: str
    token: str
    folder: Path
    app: str = "jupyterlab"

    @property
    def home(self) -> Path:
        """The folder that holds everything that it, its kernels and its extensions write."""
        return self.folder.parent

    def open(self, page: Page, path: str = "") -> None:
        """Show the file at ``path`` in its folder, or the launcher."""
        if self.app == "notebook":
            page.goto(f"{self.url}notebooks/{path}?token={self.token}")
            page.locator(".jp-NotebookPanel").wait_for()
            return
        page.goto(f"{self.url}lab{'/tree/' + path if path else ''}?reset&token={self.token}")
        page.locator("#jp-main-dock-panel").wait_for()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a JupyterLab with a folder, a configuration and a home of its own."""
    with running("jupyterlab", tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@contextmanager
def running(app: str, home: Path, **variables: str) -> Iterator[Lab]:
    """Start JupyterLab, or Notebook 7, whose state lies under ``home``, logging all that it can, and end it afterwards.

    It and its kernels have ``variables`` in their environment.
    """
    folder = home / "notebooks"
    folder.mkdir()
    token = secrets.token_hex()
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "IPYTHONDIR": "ipython",
        "ZENSECRETS_HOME": "zensecrets",
        "JUPYTERLAB_SETTINGS_DIR": "config/lab/user-settings",
    }
    places = {name: str(home / place) for name, place in own.items()}
    (home / "runtime").mkdir(mode=0o700)
    _set_up(home / "config")
    options = ["--no-browser", "--port=0", "--allow-root", f"--ServerApp.root_dir={folder}", "--log-level=DEBUG"]
    command = [sys.executable, "-m", app, *options]
    with short_path(home / "runtime") as runtime, (home / "log").open("wb") as log:
        environment = {**os.environ, "JUPYTER_TOKEN": token, **places, "JUPYTER_RUNTIME_DIR": str(runtime), **variables}
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield Lab(_url_of(server, home), token, folder, app)
        finally:
            server.terminate()
            server.wait()


def _set_up(config: Path) -> None:
    """Turn on what keeps the most, and off what asks for attention or for the internet."""
    settings = {
        "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
        "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    for name, values in settings.items():
        path = config / "lab" / "user-settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    (config / "jupyter_config.json").write_text(json.dumps(IPC_TRANSPORT), encoding="utf-8")


def _url_of(server: subprocess.Popen[bytes], home: Path) -> str:
    # The server writes where it listens into this file, some time before it answers there.
    told = home / "runtime" / f"jpserver-{server.pid}.json"
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and server.poll() is None:
        if told.is_file() and (text := told.read_text(encoding="utf-8")):
            url: str = json.loads(text)["url"]
            try:
                if requests.get(f"{url}api", timeout=SECONDS_TO_START).ok:
                    return url
            except requests.ConnectionError:
                pass
        time.sleep(0.1)
    message = f"JupyterLab did not start:\n{(home / 'log').read_text(encoding='utf-8')}"
    raise RuntimeError(message)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return the machine's own Chromium."""
    with chromium() as browser:
        yield browser


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's own Chromium, which `tests/install-system-packages` installs, without a window."""
    path = shutil.which("chromium")
    assert path is not None, "There is no chromium here: run tests/install-system-packages."
    # Chromium looks up its vendor's hosts at every start, which takes long where there is no way out.
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with _driver() as driver:
        browser = driver.chromium.launch(executable_path=path, args=quiet)
        yield browser
        browser.close()


_drivers: list[Playwright] = []


@contextmanager
def _driver() -> Iterator[Playwright]:
    """Start Playwright's driver, or share the one that runs: a thread can't start two."""
    if _drivers:
        yield _drivers[0]
        return
    with sync_playwright() as driver:
        _drivers.append(driver)
        try:
            yield driver
        finally:
            _drivers.clear()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return an empty page in a profile of its own."""
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        yield context.new_page()


@pytest.fixture(scope="session")
def notebook_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a Notebook 7."""
    with running("notebook", tmp_path_factory.mktemp("notebook")) as app:
        yield app


@pytest.fixture(params=["lab", "notebook_app"])
def app(request: pytest.FixtureRequest) -> Lab:
    """Return JupyterLab, and Notebook 7 the next time."""
    found: Lab = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def wire(page: Page) -> NetworkTraffic:
    """Record the page's websockets as the browser's own developer tools do."""
    wire = NetworkTraffic([], [])

    def listen(socket: WebSocket) -> None:
        for event in ("framesent", "framereceived"):
            socket.on(event, lambda data: wire.frames.append(data if isinstance(data, bytes) else data.encode()))

    page.on("websocket", listen)
    page.on("request", lambda request: wire.requests.append(f"{request.url} {request.post_data_buffer!r}"))
    return wire
