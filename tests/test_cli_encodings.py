"""The console script on streams of any encoding: values come out exactly or not at all, and tables can be read."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.support.terminal import ZENSECRETS, run_zensecrets, spawn_in_terminal
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from pathlib import Path

ENCODINGS = {
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ASCII, strict": {"PYTHONIOENCODING": "ascii:strict"},
    "the C locale": {"LC_ALL": "C"},
    "the C locale without UTF-8": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "UTF-8": {"PYTHONIOENCODING": "utf-8"},
    "UTF-16": {"PYTHONIOENCODING": "utf-16"},
}


def raw(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command and return the bytes that it wrote."""
    return subprocess.run([ZENSECRETS, *words], input=b"", capture_output=True, env={**os.environ, **environment}, check=False)


@pytest.fixture
def value(tmp_path: Path) -> str:
    """Register a secret whose value has characters of several alphabets and both line ends, and return the value."""
    text = f"zażółć {canary('encoded')} é €\r\n\u4f60\u597d\t\U0001f511\n"
    path = tmp_path / "value"
    path.write_bytes(text.encode())
    assert run_zensecrets("secret", "register", "klucz-ż", f"--hasło=@{path}").returncode == 0
    # Where arguments are ASCII, no other name can be given.
    assert run_zensecrets("secret", "register", "key", f"--value=@{path}").returncode == 0
    return text


@pytest.mark.parametrize("environment", ENCODINGS.values(), ids=ENCODINGS)
def test_a_value_is_revealed_byte_for_byte(value: str, environment: dict[str, str]) -> None:
    """A program that reads the output gets the bytes of the value, as a file that it came from held them, in whatever encoding."""
    ran = raw("secret", "get", "key", "--key", "value", "--reveal", environment=environment)
    assert (ran.returncode, ran.stdout) == (0, f"{value}\n".encode())


def test_a_terminal_that_lacks_a_character_gets_no_value(value: str) -> None:
    """An error in one line says what to do, the exit code is 1, and nothing of the value is shown."""
    words = ["secret", "get", "klucz-ż", "--key", "hasło", "--reveal"]
    process = spawn_in_terminal(str(ZENSECRETS), words, {"PYTHONIOENCODING": "latin-1"})
    shown = process.read()
    process.close()
    assert process.exitstatus == 1
    assert len(shown.splitlines()) == 1
    assert "Error: The value has a character that the encoding iso8859-1 lacks. Set PYTHONIOENCODING=utf-8, or send" in shown


def test_a_terminal_that_has_all_characters_shows_the_value(value: str) -> None:
    """A terminal with UTF-8 shows the value itself."""
    process = spawn_in_terminal(str(ZENSECRETS), ["secret", "get", "klucz-ż", "--key", "hasło", "--reveal"], {"PYTHONIOENCODING": "utf-8"})
    process.expect_exact("zażółć")
    process.expect(pexpect.EOF)
    process.close()
    assert process.exitstatus == 0


@pytest.mark.parametrize(
    "words", [["secret", "list"], ["secret", "get", "klucz-ż"], ["secret", "schemas"], ["stack", "list"]], ids=" ".join
)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "ascii:strict"])
def test_tables_are_drawn_in_what_the_encoding_has(value: str, words: list[str], encoding: str) -> None:
    """Rules are hyphens and masks have plain brackets, where the encoding has no others; no escape stands for a line."""
    ran = raw(*words, environment={"PYTHONIOENCODING": encoding})
    assert ran.returncode == 0
    lines = ran.stdout.decode(encoding.partition(":")[0]).splitlines()
    assert any(line.strip() and not line.strip(" -") for line in lines)
    assert "\\u25" not in "\n".join(lines)
    assert "\\u20" not in "\n".join(lines)
    if words[-1] == "klucz-ż":
        assert "<secret:klucz-\\u017c.has\\u0142o>" in ran.stdout.decode("latin-1")


def test_where_the_encoding_has_lines_tables_have_them(value: str) -> None:
    """With UTF-8 nothing is replaced."""
    shown = raw("secret", "get", "klucz-ż", environment={"PYTHONIOENCODING": "utf-8"}).stdout.decode()
    assert "───" in shown
    assert "‹secret:klucz-ż.hasło›" in shown
