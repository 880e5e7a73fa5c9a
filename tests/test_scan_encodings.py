"""`scan` and `clean` with values in every encoding, checked without the search of this package."""

from __future__ import annotations

import json
import secrets
import string
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.core.redaction.encoders import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BINARY = {"UTF-16"}
"""Encodings that make a file of UTF-8 lines binary, so that `clean` only reports it."""
OTHER_CASE = {"capitals", "small letters"}
"""Encodings that change the case of a value, so that its fingerprint does not match."""
MIN_LEAK = 12
"""The number of consecutive characters of a value that count as a leak."""


def _pem() -> str:
    lines = "\n".join(secrets.token_urlsafe(48) for _ in range(4))
    return f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----"


VALUES: dict[str, Callable[[], str]] = {
    "token": lambda: "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(40)),
    "awkward": lambda: f"{secrets.token_urlsafe(15)}'\"\\é&<> ü/+=~{secrets.token_urlsafe(15)}",
    "pem": _pem,
    "password": lambda: f"{secrets.token_hex(4)}#Q{secrets.token_hex(4)}!m",
}
"""Functions that return a new value, by the type of the value."""


class FileWithValue(NamedTuple):
    """A file with an encoded value.

    Attributes:
        encoding: The name of the encoding.
        text: The encoded value.
        piece: The number of consecutive characters that count as a leak.
        layout: Another value in the same encoding, which shows the characters that the encoding adds.
    """

    encoding: str
    text: str
    piece: int
    layout: str


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a store."""
    return {"ZENSECRETS_HOME": str(tmp_path / "home"), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


@pytest.fixture
def files(tmp_path: Path, environment: dict[str, str]) -> dict[str, FileWithValue]:
    """Register the values, and write a file for each value and encoding."""
    (tmp_path / "files").mkdir()
    files_with_values: dict[str, FileWithValue] = {}
    for kind, make in VALUES.items():
        value = make()
        (tmp_path / "value").write_text(value, encoding="utf-8", newline="")
        process = run_zensecrets("secret", "register", kind, f"--key=@{tmp_path / 'value'}", environment=environment)
        assert process.returncode == 0, process.stderr
        for number, (encoding, encode) in enumerate(ENCODERS.items()):
            text, name = encode(value), f"{kind}-{number}.txt"
            files_with_values[name] = FileWithValue(encoding, text, max(MIN_LEAK, ceil(MIN_LEAK * len(text) / len(value))), encode(make()))
            (tmp_path / "files" / name).write_bytes(f"before\n{text}\nafter\n".encode("utf-8", "surrogatepass"))
    (tmp_path / "value").unlink()
    return files_with_values


def _paths_found(folder: Path, environment: dict[str, str], *options: str) -> set[str]:
    process = run_zensecrets("scan", ".", "--format", "json", *options, folder=folder, environment=environment)
    assert process.returncode in {0, 1}, process.stderr
    return {finding["path"] for finding in json.loads(process.stdout)["findings"]}


def _has_leak(file: FileWithValue, text: str) -> bool:
    """Return whether a piece of the encoded value is left in a text."""
    pieces = (file.text[start : start + file.piece] for start in range(len(file.text) - file.piece + 1))
    return any(piece in text and piece not in file.layout for piece in pieces)


def test_every_encoding_is_found_and_cleaned(files: dict[str, FileWithValue], environment: dict[str, str], tmp_path: Path) -> None:
    """A scan with fingerprints misses only encodings in another case.

    `clean` leaves no piece, or reports that it can't clean a file.
    """
    folder, prints = tmp_path / "files", str(tmp_path / "prints")
    assert set(files) - _paths_found(folder, environment) == set()
    process = run_zensecrets("fingerprints", "export", prints, environment=environment)
    assert process.returncode == 0, process.stderr
    elsewhere = {**environment, "ZENSECRETS_HOME": str(tmp_path / "other")}
    missed = set(files) - _paths_found(folder, elsewhere, "--fingerprints", prints)
    assert {files[name].encoding for name in missed} == OTHER_CASE
    process = run_zensecrets("clean", ".", "--no-backup", folder=folder, environment=environment)
    uncleaned = {line.split()[0] for line in process.stdout.splitlines() if "not cleaned: it is neither text nor a database" in line}
    assert {files[name].encoding for name in uncleaned} == BINARY
    texts = {name: (folder / name).read_bytes().decode("utf-8", "surrogatepass") for name in files}
    assert {name for name in files if _has_leak(files[name], texts[name])} == uncleaned
    assert [files[name].encoding for name, text in texts.items() if (text[:7], text[-7:]) != ("before\n", "\nafter\n")] == []
    assert _paths_found(folder, environment) == uncleaned
