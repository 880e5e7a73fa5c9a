"""Tests that stored values are masked after `%load_ext`.

No cell has read a secret before.
"""

from __future__ import annotations

import secrets
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import secretstorage

from tests.support.kernels import running_kernel
from tests.support.leaks import is_visible
from tests.support.sealing.sessions import joined_session
from tests.support.terminal import run_zensecrets, spawn_in_terminal
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.kernels import Kernel

# CI runs these slow tests with one version of Python only.
pytestmark = pytest.mark.one_python

PRINT_CELL = "print(open('.env').read().strip())"
"""A cell that prints the value from a file. It reads no secret."""


@pytest.fixture
def value(tmp_path: Path) -> str:
    """Return a new value, and write it to the file `.env` in the kernel's folder."""
    value = canary("stored")
    (tmp_path / ".env").write_text(value)
    return value


def _register(tmp_path: Path, value: str, environment: dict[str, str]) -> None:
    """Register the value as ``db.password`` in another process.

    A new store is protected by a key file, unless ``environment`` contains a passphrase or a keyring is available.
    """
    variables = {"ZENSECRETS_HOME": str(tmp_path / "zensecrets"), **environment}
    process = run_zensecrets("secret", "register", "db", "--password=@-", stdin=value.encode(), environment=variables)
    assert process.returncode == 0, process.stderr


@contextmanager
def _loaded_kernel(tmp_path: Path, environment: dict[str, str], code: str = "") -> Iterator[tuple[Kernel, str]]:
    """Yield a new kernel, and the output of its first cell.

    The cell loads the extension and runs ``code``.
    """
    with running_kernel(tmp_path, environment) as kernel:
        result = kernel.run(f"%load_ext zensecrets_jupyter\n{code}")
        assert result.ok, result.error
        yield kernel, result.stream("stdout")


def test_a_value_is_masked_in_the_cell_that_loads_the_extension(tmp_path: Path, value: str) -> None:
    """A value is masked in each output of the cell with `%load_ext`.

    A key file protects the store.
    """
    _register(tmp_path, value, {})
    display_value = "from IPython.display import HTML, display\ndisplay(HTML(open('.env').read()))"
    code = f"{PRINT_CELL}\n{display_value}\nraise ValueError(open('.env').read())"
    with running_kernel(tmp_path) as kernel:
        result = kernel.run(f"%load_ext zensecrets_jupyter\n{code}")
        assert result.stream("stdout") == "‹secret:db.password›\n"
        assert result.displayed_data("text/html") == ["‹secret:db.password›"]
        assert result.error.endswith(": ‹secret:db.password›")
        assert not is_visible(kernel, value)


def test_a_value_is_masked_in_the_next_cell(tmp_path: Path, value: str) -> None:
    """In the next cell, the output of a program and a result are masked."""
    _register(tmp_path, value, {})
    with _loaded_kernel(tmp_path, {}) as (kernel, _):
        result = kernel.run("!cat .env")
        assert result.stream("stdout").strip() == "‹secret:db.password›"
        assert kernel.run("open('.env').read()").displayed_data() == ["'‹secret:db.password›'"]
        assert "registered or read as a key of secret 'db'" in " ".join("\n".join(kernel.run("%secret guard").displayed_data()).split())
        assert not is_visible(kernel, value)


def test_a_passphrase_in_the_environment_opens_the_store(tmp_path: Path, value: str) -> None:
    """With ZENSECRETS_PASSPHRASE, the guard gets the stored values without a prompt."""
    environment = {"ZENSECRETS_PASSPHRASE": secrets.token_urlsafe(12)}
    _register(tmp_path, value, environment)
    with _loaded_kernel(tmp_path, environment, PRINT_CELL) as (kernel, output):
        assert output == "‹secret:db.password›\n"
        assert not is_visible(kernel, value)


def test_an_unlocked_keyring_opens_the_store(tmp_path: Path, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the wrapping key is in an unlocked keyring, the values are loaded and masked.

    If the keyring is locked, no prompt is shown, and the value is not masked.
    """
    # By default this variable disables keyrings in the tests.
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    with joined_session():
        _register(tmp_path, value, {})
        assert (
            "keyring" in run_zensecrets("secrets-manager", "describe", environment={"ZENSECRETS_HOME": str(tmp_path / "zensecrets")}).stdout
        )
        with _loaded_kernel(tmp_path, {}, PRINT_CELL) as (kernel, output):
            assert output == "‹secret:db.password›\n"
            assert not is_visible(kernel, value)
        with closing(secretstorage.dbus_init()) as bus:
            secretstorage.Collection(bus, "/org/freedesktop/secrets/aliases/default").lock()
        with _loaded_kernel(tmp_path, {}, PRINT_CELL) as (kernel, output):
            assert output == f"{value}\n"


def test_loading_neither_prompts_nor_creates_a_store(tmp_path: Path, value: str) -> None:
    """`%load_ext` shows no prompt and creates no store.

    A store with a passphrase stays locked, so its values are not masked.

    A missing store is not created.
    """
    _register(tmp_path, value, {"ZENSECRETS_PASSPHRASE": secrets.token_urlsafe(12)})
    with _loaded_kernel(tmp_path, {}) as (kernel, _):
        # A prompt would fail the test, because the test passes no answer.
        assert kernel.run(PRINT_CELL).stream("stdout") == f"{value}\n"
    with _loaded_kernel(tmp_path, {"ZENSECRETS_HOME": str(tmp_path / "elsewhere")}) as (kernel, _):
        assert kernel.run("1 + 1").displayed_data() == ["2"]
    assert not (tmp_path / "elsewhere").exists()


def test_fingerprints_are_used_if_the_store_is_locked(tmp_path: Path, value: str) -> None:
    """The guard masks the values of a locked store by their fingerprints."""
    _register(tmp_path, value, {"ZENSECRETS_PASSPHRASE": secrets.token_urlsafe(12), "ZENSECRETS_FINGERPRINTS": "on"})
    with _loaded_kernel(tmp_path, {}, PRINT_CELL) as (kernel, output):
        assert output == "‹secret:db.password›\n"
        assert "‹secret:db.password›" in kernel.run("[open('.env').read()]").displayed_data()[0]
        assert kernel.run("!cat .env").stream("stdout").strip() == "‹secret:db.password›"
        assert kernel.run("raise ValueError(open('.env').read())").error.endswith(": ‹secret:db.password›")
        # An output without a value does not change.
        assert kernel.run("{'text': 'nothing', 'number': 7}").displayed_data() == ["{'text': 'nothing', 'number': 7}"]
        assert not is_visible(kernel, value)


def test_a_remote_backend_is_not_read(tmp_path: Path, value: str) -> None:
    """`%load_ext` sends no request to a remote backend, so the value is not masked.

    The kernel does not even import the libraries for the backend.
    """
    environment = {"ZENSECRETS_HOME": str(tmp_path / "zensecrets")}
    for words in (
        # No server listens on port 9.
        ("secrets-manager", "register", "team", "--flavor=vault", "--url=http://127.0.0.1:9", "--token=some-unused-token"),
        ("stack", "register", "s", "-o", "default", "-a", "default", "-x", "team", "--set"),
    ):
        process = run_zensecrets(*words, environment=environment)
        assert process.returncode == 0, process.stderr
    with _loaded_kernel(tmp_path, {}) as (kernel, _):
        assert kernel.run(PRINT_CELL).stream("stdout") == f"{value}\n"
        assert kernel.run("import sys; print('hvac' in sys.modules, 'requests' in sys.modules)").stream("stdout") == "False False\n"


def test_a_damaged_store_does_not_block_the_kernel(tmp_path: Path, value: str) -> None:
    """With a damaged store, cells run, and the extension can be unloaded.

    No thread of the package remains.
    """
    _register(tmp_path, value, {})
    (tmp_path / "zensecrets" / "workspace.db").write_bytes(b"no database at all")
    with _loaded_kernel(tmp_path, {}, "print(6 * 7)") as (kernel, output):
        assert output == "42\n"
        assert kernel.run("%unload_ext zensecrets_jupyter").ok
        threads = kernel.run(
            "import threading; [thread.name for thread in threading.enumerate() if 'zensecrets' in thread.name]"
        ).displayed_data()
        assert threads == ["[]"]


def test_values_are_masked_in_a_terminal(tmp_path: Path, value: str) -> None:
    """IPython at a terminal masks a stored value after `%load_ext`.

    A script that loads the extension (`ipython -c`) masks it too.
    """
    _register(tmp_path, value, {})
    environment = {
        "HOME": str(tmp_path),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "TERM": "xterm",
        "ZENSECRETS_HOME": str(tmp_path / "zensecrets"),
    }
    options = ["--no-banner", "--colors=NoColor", "--no-confirm-exit"]
    lines = ["%load_ext zensecrets_jupyter", f"print('<shown>', open('{tmp_path}/.env').read())"]
    for script_options, typed_lines in ((["-c", "\n".join(lines)], []), ([], lines)):
        words = [*options, *script_options]
        child = spawn_in_terminal(str(Path(sys.executable).parent / "ipython"), words, environment, seconds=30, size=(40, 150))
        for line in typed_lines:
            # The prompt ends with the control sequence that shows the cursor.
            child.expect(r"In \[\d+\]:.*\x1b\[\?25h")
            child.send(f"{line}\r")
        # The pattern matches only the output, a mask or a part of the value, and not the echo of the typed line.
        child.expect(r"<shown> (‹[^›]*›|[\w-]{12})")
        assert str(child.after) == "<shown> ‹secret:db.password›"
        child.close(force=True)
