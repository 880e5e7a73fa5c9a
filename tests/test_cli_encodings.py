"""The installed script with output streams of any encoding.

The script prints a value exactly or not at all, and its tables are readable.
"""

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
"""Environment variables that set the encoding of the output.

In the C locale, Python uses UTF-8, unless two other variables forbid it.
"""


def run_with_raw_output(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command, and return its output as bytes."""
    return subprocess.run([ZENSECRETS, *words], input=b"", capture_output=True, env={**os.environ, **environment}, check=False)


@pytest.fixture
def value(tmp_path: Path) -> str:
    """Return a value with characters of several alphabets and both line ends.

    It is registered as ``klucz-ż.hasło``, which is Polish for "key" and "password", and as ``key.value``.
    """
    text = f"zażółć {canary('encoded')} é €\r\n\u4f60\u597d\t\U0001f511\n"
    path = tmp_path / "value"
    path.write_bytes(text.encode())
    assert run_zensecrets("secret", "register", "klucz-ż", f"--hasło=@{path}").returncode == 0
    # In the C locale, a command line can contain only ASCII names.
    assert run_zensecrets("secret", "register", "key", f"--value=@{path}").returncode == 0
    return text


@pytest.mark.parametrize("environment", ENCODINGS.values(), ids=ENCODINGS)
def test_a_value_is_revealed_byte_for_byte(value: str, environment: dict[str, str]) -> None:
    """A program that reads the output gets UTF-8. The encoding of the script's output does not matter."""
    process = run_with_raw_output("secret", "get", "key", "--key", "value", "--reveal", environment=environment)
    assert (process.returncode, process.stdout) == (0, f"{value}\n".encode())


@pytest.mark.usefixtures("value")
def test_a_value_is_not_shown_if_the_encoding_of_the_terminal_lacks_a_character() -> None:
    """The error is one line with the solution, and the exit code is 1."""
    words = ["secret", "get", "klucz-ż", "--key", "hasło", "--reveal"]
    process = spawn_in_terminal(str(ZENSECRETS), words, {"PYTHONIOENCODING": "latin-1"})
    output = process.read()
    process.close()
    assert process.exitstatus == 1
    assert len(output.splitlines()) == 1
    assert "Error: The value has a character that the encoding iso8859-1 lacks. Set PYTHONIOENCODING=utf-8, or send" in output


@pytest.mark.usefixtures("value")
def test_a_terminal_with_utf8_shows_the_value() -> None:
    """The value is shown, because UTF-8 has all characters."""
    process = spawn_in_terminal(str(ZENSECRETS), ["secret", "get", "klucz-ż", "--key", "hasło", "--reveal"], {"PYTHONIOENCODING": "utf-8"})
    process.expect_exact("zażółć")
    process.expect(pexpect.EOF)
    process.close()
    assert process.exitstatus == 0


@pytest.mark.parametrize(
    "words", [["secret", "list"], ["secret", "get", "klucz-ż"], ["secret", "schemas"], ["stack", "list"]], ids=" ".join
)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "ascii:strict"])
@pytest.mark.usefixtures("value")
def test_tables_use_only_characters_of_the_encoding(words: list[str], encoding: str) -> None:
    """If the encoding lacks box-drawing characters, horizontal lines are hyphens, and masks have ASCII brackets."""
    process = run_with_raw_output(*words, environment={"PYTHONIOENCODING": encoding})
    assert process.returncode == 0
    lines = process.stdout.decode(encoding.partition(":")[0]).splitlines()
    # A horizontal line consists of hyphens and spaces.
    assert any(line.strip() and not line.strip(" -") for line in lines)
    # The box-drawing characters are at U+25xx, and the brackets of a mask at U+20xx. They must not be escaped instead of replaced.
    assert "\\u25" not in "\n".join(lines)
    assert "\\u20" not in "\n".join(lines)
    # Letters that the encoding lacks are escaped.
    if words[-1] == "klucz-ż":
        assert "<secret:klucz-\\u017c.has\\u0142o>" in process.stdout.decode("latin-1")


@pytest.mark.usefixtures("value")
def test_tables_use_box_drawing_characters_with_utf8() -> None:
    """With UTF-8, no character of a table is replaced."""
    table = run_with_raw_output("secret", "get", "klucz-ż", environment={"PYTHONIOENCODING": "utf-8"}).stdout.decode()
    assert "───" in table
    assert "‹secret:klucz-ż.hasło›" in table
