"""The save hook of a real Jupyter Server: the files on disk, and the log."""

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

from tests.support.planting import PLACES, forms_of, nasty, notebook
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
NASTY = nasty("saved")
SECONDS_TO_START = 60


class Server(NamedTuple):
    """A running Jupyter Server, and the folder of all its files."""

    url: str
    token: str
    folder: Path
    home: Path

    def save(self, path: str, content: Any, kind: str = "notebook", file_format: str = "json") -> None:
        """Save a file through the contents API."""
        model = {"type": kind, "format": file_format, "content": content}
        answer = requests.put(f"{self.url}api/contents/{path}", json=model, headers={"Authorization": f"token {self.token}"}, timeout=60)
        assert answer.status_code in {200, 201}, answer.text

    @property
    def log(self) -> str:
        """Return the text of the log."""
        return (self.home / "log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a Jupyter Server whose user has registered two secrets in a terminal."""
    home = tmp_path_factory.mktemp("server")
    folder = home / "notebooks"
    folder.mkdir()
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime", "ZENSECRETS_HOME": "zensecrets"}
    token = secrets.token_hex()
    environment = {**os.environ, "JUPYTER_TOKEN": token, **{name: str(home / place) for name, place in own.items()}}
    environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    registered = run_zensecrets("secret", "register", "db", f"--password={VALUE}", f"--nasty={NASTY}", environment=environment)
    assert registered.returncode == 0, registered.stderr
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
    told = home / "runtime" / f"jpserver-{process.pid}.json"
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        if told.is_file() and (text := told.read_text(encoding="utf-8")):
            url: str = json.loads(text)["url"]
            try:
                if requests.get(f"{url}api", timeout=SECONDS_TO_START).ok:
                    return url
            except requests.ConnectionError:
                pass
        time.sleep(0.1)
    message = f"Jupyter Server did not start:\n{(home / 'log').read_text(encoding='utf-8')}"
    raise RuntimeError(message)


@pytest.mark.parametrize("place", PLACES)
def test_no_known_value_is_saved_in_a_notebook(place: str, server: Server) -> None:
    """In every location of a notebook and every encoding; the saved notebook is valid, and the log names the secret, not the value."""
    name = place.replace(" ", "-")
    forms = list(forms_of(NASTY).values())
    chosen = forms if place == "code" else forms[::8]
    for number, text in enumerate(chosen):
        server.save(f"{name}-{number}.ipynb", notebook(**{place: text}))
        saved = server.folder / f"{name}-{number}.ipynb"
        assert find_canary(saved) == []
        nbformat.validate(nbformat.read(saved, as_version=4))
    assert f"zensecrets masked ‹secret:db.nasty› in {name}-0.ipynb before it was saved." in server.log
    assert find_canary(server.home / "log") == []
    assert find_canary(server.home / "zensecrets") == []


def test_a_text_file_gets_references_or_marks(server: Server) -> None:
    """A script gets a reference, a log a mark; a file for the environment is what a person wants it to be."""
    server.save("run.py", f"key = '{VALUE}'\n", "file", "text")
    server.save("out.log", f"key: {VALUE}\n", "file", "text")
    assert (server.folder / "run.py").read_text(encoding="utf-8") == "key = '{{db.password}}'\n"
    assert (server.folder / "out.log").read_text(encoding="utf-8") == "key: ‹secret:db.password›\n"
    server.save(".env", f"KEY={VALUE}\n", "file", "text")
    assert find_canary(server.folder / ".env") != []
    (server.folder / ".env").unlink()


def test_what_holds_nothing_is_saved_as_it_is(server: Server) -> None:
    """A notebook without a value is on the disk what nbformat writes, and the log says nothing."""
    made = notebook()
    before = server.log.count("zensecrets masked")
    server.save("nothing.ipynb", made)
    assert nbformat.read(server.folder / "nothing.ipynb", as_version=4) == made
    assert server.log.count("zensecrets masked") == before


def test_a_secret_that_is_registered_later_is_known_too(server: Server) -> None:
    """The server checks for new fingerprints at each save."""
    value = canary("later")
    environment = {"ZENSECRETS_HOME": str(server.home / "zensecrets"), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    assert run_zensecrets("secret", "register", "later", f"--key={value}", environment=environment).returncode == 0
    server.save("later.ipynb", notebook(markdown=value))
    assert find_canary(server.folder / "later.ipynb") == []


def test_a_fault_of_ours_never_keeps_a_file_from_being_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With fingerprints of a newer version the content is not changed; the log says so, without any of the content."""
    import logging

    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path))
    (tmp_path / "fingerprints").write_text('{"zensecrets_fingerprints": 99}', encoding="utf-8")
    logger: logging.Logger = logging.getLogger("save hook")
    model = {"type": "file", "format": "text", "content": f"x = {VALUE}"}
    SaveHook(logger)(model=model, path="a.py", contents_manager=None)
    assert model["content"] == f"x = {VALUE}"
    assert "UnreadableFileError" in caplog.text
    assert "saved unchanged" in caplog.text
    assert find_canary(caplog.text) == []


@pytest.mark.parametrize("damage", [b'{"name": "torn.key", "id": "AAAA', b"\xff\xfe\n", b""], ids=["torn", "no UTF-8", "no end"])
def test_a_damaged_line_hides_no_other(
    damage: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What a full disk left of a line is taken out of the file, and said in the log; what the other lines stand for is masked as before."""
    import logging

    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path))
    header = file_format.new_header()
    whole = header + file_format.line_of(header, VALUE, "db.password")
    file = tmp_path / "fingerprints"
    file.write_bytes(whole.encode() + damage if damage else whole.encode()[:-1])
    model = {"type": "file", "format": "text", "content": f"x = {VALUE}"}
    SaveHook(logging.getLogger("save hook"))(model=model, path="a.py", contents_manager=None)
    assert not find_canary(model["content"])
    assert not damage or "removed a line" in caplog.text
    known = store.load_fingerprints()
    assert (known.names, known.damaged) == (["db.password"], 0)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"something\nelse\n"], ids=["empty", "no UTF-8", "another"])
def test_a_file_without_its_key_is_made_anew(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The server says so; what is registered next is recognised, and the command says once what was lost."""
    import logging

    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path))
    file = tmp_path / "fingerprints"
    file.write_bytes(content)
    hook = SaveHook(logging.getLogger("save hook"))
    hook(model={"type": "file", "format": "text", "content": "x"}, path="a.py", contents_manager=None)
    assert "found damage in" in caplog.text
    file.write_bytes(content)
    the_redactor().protect(VALUE, "db.password")
    monkeypatch.setenv(store.VARIABLE, "on")
    store.take_removed_count()
    assert "was damaged, and" in sync_fingerprints()
    assert sync_fingerprints() == ""
    model = {"type": "file", "format": "text", "content": f"x = {VALUE}"}
    hook(model=model, path="a.py", contents_manager=None)
    assert not find_canary(model["content"])


def test_a_notebook_is_told_once_that_the_net_was_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message is under the cell after which the damage was found, in its own line and only once."""
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path))
    monkeypatch.setenv(store.VARIABLE, "on")
    store.take_removed_count()
    take_notes()
    (tmp_path / "fingerprints").write_text(file_format.new_header() + '{"name": "torn')
    the_redactor().protect(VALUE, "db.password")
    store_fingerprints()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Note: {tmp_path / 'fingerprints'} was damaged, and a line had to be taken out of it")
    store_fingerprints()
    assert capsys.readouterr().err == ""
    assert store.load_fingerprints().names == ["db.password"]


def test_a_command_goes_on_where_the_net_can_not(tmp_path: Path) -> None:
    """A command that stored a secret ends well, and says in one line why a saved notebook is not looked through for it."""
    home = tmp_path / "home"
    (home / "fingerprints").mkdir(parents=True)
    done = run_zensecrets("secret", "register", "db", f"--password={VALUE}", environment={"ZENSECRETS_HOME": str(home)})
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("Note: New values are not recognised when a notebook is saved: ")
    assert not find_canary(line)


def test_the_extension_is_listed_and_enabled(server: Server) -> None:
    """The server found and loaded it by the file that the wheel brings."""
    assert "zensecrets_jupyter | extension was successfully loaded." in server.log
