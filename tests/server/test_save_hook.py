"""The save hook of Jupyter Server masks values in saved files, and logs only their names."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import nbformat
import pytest
import requests

from tests.support.scan_files import LOCATIONS, encodings_of, notebook, special_canary
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.commands.files.fingerprint_sync import sync_fingerprints
from zensecrets_jupyter.commands.framework.active_manager import take_notes
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.notebook.fingerprint_sync import store_fingerprints
from zensecrets_jupyter.scan.fingerprints import file_format, store
from zensecrets_jupyter.server.save_hook import SaveHook
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from pathlib import Path

VALUE = canary("saved")
SPECIAL = special_canary("saved")
"""A value with characters that each encoding writes differently."""
SECONDS_TO_START = 60


class Server(NamedTuple):
    """A running Jupyter Server.

    Attributes:
        url: The base URL.
        token: The token for requests.
        folder: The folder of the notebooks.
        home: The folder of all files of the server.
    """

    url: str
    token: str
    folder: Path
    home: Path

    def save(self, path: str, content: Any, file_type: str = "notebook", file_format: str = "json") -> None:
        """Save a file through the contents API.

        The type is ``notebook`` or ``file``, and the format is ``json`` or ``text``.
        """
        model = {"type": file_type, "format": file_format, "content": content}
        response = requests.put(f"{self.url}api/contents/{path}", json=model, headers={"Authorization": f"token {self.token}"}, timeout=60)
        assert response.status_code in {200, 201}, response.text

    @property
    def log(self) -> str:
        """The text of the log."""
        return (self.home / "log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a Jupyter Server whose user has registered a secret in a terminal."""
    home = tmp_path_factory.mktemp("server")
    folder = home / "notebooks"
    folder.mkdir()
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "ZENSECRETS_HOME": "zensecrets",
    }
    token = secrets.token_hex()
    environment = {**os.environ, "JUPYTER_TOKEN": token, **{name: str(home / subfolder) for name, subfolder in folders.items()}}
    # The server must not use the keyring of the developer.
    environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    registration = run_zensecrets("secret", "register", "db", f"--password={VALUE}", f"--special={SPECIAL}", environment=environment)
    assert registration.returncode == 0, registration.stderr
    options = [
        "--ContentsManager.allow_hidden=True",
        "--no-browser",
        "--port=0",
        "--allow-root",
        f"--ServerApp.root_dir={folder}",
        "--log-level=DEBUG",
    ]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield Server(_url_of(process, home), token, folder, home)
        finally:
            process.terminate()
            process.wait()


def _url_of(process: subprocess.Popen[bytes], home: Path) -> str:
    # Jupyter Server writes its URL to this file, maybe before it accepts requests.
    info_file = home / "runtime" / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        if info_file.is_file() and (text := info_file.read_text(encoding="utf-8")):
            url: str = json.loads(text)["url"]
            try:
                if requests.get(f"{url}api", timeout=SECONDS_TO_START).ok:
                    return url
            except requests.ConnectionError:
                pass
        time.sleep(0.1)
    message = f"Jupyter Server did not start:\n{(home / 'log').read_text(encoding='utf-8')}"
    raise RuntimeError(message)


@pytest.mark.parametrize("location", LOCATIONS)
def test_no_value_with_a_fingerprint_is_saved_in_a_notebook(location: str, server: Server) -> None:
    """Encoded values are masked in each location. The log contains the names of the values, and not the values."""
    name = location.replace(" ", "-")
    texts = list(encodings_of(SPECIAL).values())
    # To save time, locations other than code are tested with every eighth encoding.
    tested_texts = texts if location == "code" else texts[::8]
    for number, text in enumerate(tested_texts):
        server.save(f"{name}-{number}.ipynb", notebook(**{location: text}))
        saved_file = server.folder / f"{name}-{number}.ipynb"
        assert find_canary(saved_file) == []
        nbformat.validate(nbformat.read(saved_file, as_version=4))
    assert f"zensecrets masked ‹secret:db.special› in {name}-0.ipynb before it was saved." in server.log
    assert find_canary(server.home / "log") == []
    assert find_canary(server.home / "zensecrets") == []


def test_values_in_text_files_are_replaced(server: Server) -> None:
    """References replace values in code, and masks replace them in other texts.

    A file named `.env` is not changed, because programs read their values from it.
    """
    server.save("run.py", f"key = '{VALUE}'\n", "file", "text")
    server.save("out.log", f"key: {VALUE}\n", "file", "text")
    assert (server.folder / "run.py").read_text(encoding="utf-8") == "key = '{{db.password}}'\n"
    assert (server.folder / "out.log").read_text(encoding="utf-8") == "key: ‹secret:db.password›\n"
    server.save(".env", f"KEY={VALUE}\n", "file", "text")
    assert find_canary(server.folder / ".env") != []
    (server.folder / ".env").unlink()


def test_a_notebook_without_values_is_saved_unchanged(server: Server) -> None:
    """A notebook without values is saved as it is, and nothing is logged."""
    content = notebook()
    before = server.log.count("zensecrets masked")
    server.save("nothing.ipynb", content)
    assert nbformat.read(server.folder / "nothing.ipynb", as_version=4) == content
    assert server.log.count("zensecrets masked") == before


def test_a_secret_registered_later_is_masked(server: Server) -> None:
    """The server checks for new fingerprints at each save."""
    value = canary("later")
    environment = {"ZENSECRETS_HOME": str(server.home / "zensecrets"), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    assert run_zensecrets("secret", "register", "later", f"--key={value}", environment=environment).returncode == 0
    server.save("later.ipynb", notebook(markdown=value))
    assert find_canary(server.folder / "later.ipynb") == []


def test_a_file_is_saved_after_an_error_of_the_hook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If the fingerprint file cannot be read, the content is unchanged.

    The log has the class of the error, without the content.
    """
    import logging

    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path))
    # The file has an unknown version of the format.
    (tmp_path / "fingerprints").write_text('{"zensecrets_fingerprints": 99}', encoding="utf-8")
    logger: logging.Logger = logging.getLogger("save hook")
    model = {"type": "file", "format": "text", "content": f"x = {VALUE}"}
    SaveHook(logger)(model=model, path="a.py", contents_manager=None)
    assert model["content"] == f"x = {VALUE}"
    assert "UnreadableFileError" in caplog.text
    assert "saved unchanged" in caplog.text
    assert find_canary(caplog.text) == []


@pytest.mark.parametrize(
    "damage", [b'{"name": "truncated.key", "id": "AAAA', b"\xff\xfe\n", b""], ids=["truncated", "no UTF-8", "no line end"]
)
def test_other_lines_are_used_after_a_damaged_line(
    damage: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged line is removed and logged, and values of other lines are masked.

    If only the last line end is missing, the line is kept.
    """
    import logging

    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path))
    header = file_format.new_header()
    file_text = header + file_format.line_of(header, VALUE, "db.password")
    file = tmp_path / "fingerprints"
    # If the damage is empty, the last line end is removed instead.
    file.write_bytes(file_text.encode() + damage if damage else file_text.removesuffix("\n").encode())
    model = {"type": "file", "format": "text", "content": f"x = {VALUE}"}
    SaveHook(logging.getLogger("save hook"))(model=model, path="a.py", contents_manager=None)
    assert not find_canary(model["content"])
    if damage:
        assert "removed 1 line" in caplog.text
    fingerprints = store.load_fingerprints()
    assert (fingerprints.names, fingerprints.damaged_line_count) == (["db.password"], 0)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"something\nelse\n"], ids=["empty", "no UTF-8", "another format"])
def test_a_fingerprint_file_without_its_key_is_replaced(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The header contains the hash key, without which no fingerprint can be used.

    The server logs the damage, and the next synchronization of fingerprints reports it once. Later values are masked again.
    """
    import logging

    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path))
    file = tmp_path / "fingerprints"
    file.write_bytes(content)
    hook = SaveHook(logging.getLogger("save hook"))
    hook(model={"type": "file", "format": "text", "content": "x"}, path="a.py", contents_manager=None)
    assert "found damage in" in caplog.text
    # The hook may have replaced the file, so it is damaged again.
    file.write_bytes(content)
    the_redactor().protect(VALUE, "db.password")
    monkeypatch.setenv(store.FINGERPRINTS_VARIABLE, "on")
    # Counts of earlier loads are cleared.
    store.take_removed_line_count()
    assert "was damaged, and" in sync_fingerprints()
    assert sync_fingerprints() == ""
    model = {"type": "file", "format": "text", "content": f"x = {VALUE}"}
    hook(model=model, path="a.py", contents_manager=None)
    assert not find_canary(model["content"])


def test_damage_is_reported_once_in_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The note is one line on stderr. A second synchronization does not repeat it."""
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path))
    monkeypatch.setenv(store.FINGERPRINTS_VARIABLE, "on")
    # Counts and notes of earlier tests are cleared.
    store.take_removed_line_count()
    take_notes()
    (tmp_path / "fingerprints").write_text(file_format.new_header() + '{"name": "truncated')
    the_redactor().protect(VALUE, "db.password")
    store_fingerprints()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Note: {tmp_path / 'fingerprints'} was damaged, and 1 line had to be removed")
    store_fingerprints()
    assert capsys.readouterr().err == ""
    assert store.load_fingerprints().names == ["db.password"]


def test_a_command_succeeds_without_its_fingerprints(tmp_path: Path) -> None:
    """A command that cannot store fingerprints succeeds, and prints the reason in one line."""
    home = tmp_path / "home"
    # A folder with the name of the file can't be written as a file.
    (home / "fingerprints").mkdir(parents=True)
    process = run_zensecrets("secret", "register", "db", f"--password={VALUE}", environment={"ZENSECRETS_HOME": str(home)})
    assert process.returncode == 0, process.stderr
    (line,) = process.stderr.splitlines()
    assert line.startswith("Note: Saved notebooks are not searched for new values: ")
    assert not find_canary(line)


def test_the_server_loads_the_extension(server: Server) -> None:
    """The server loads the extension, because a configuration file of the package enables it."""
    assert "zensecrets_jupyter | extension was successfully loaded." in server.log
