"""`scan` and `clean` with values in every encoding.

The test searches the cleaned files itself, because the search of the package may have the same error as `clean`.
"""

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

BINARY_ENCODINGS = {"UTF-16"}
"""Encodings whose text contains NUL. `clean` regards a UTF-8 file with NUL as binary, and only reports it."""
CASE_CHANGING_ENCODINGS = {"capitals", "small letters"}
"""Encodings that change the case of a value, so that its fingerprint does not match."""
MIN_LEAK_LENGTH = 12
"""The number of consecutive characters of a value that count as a leak."""


def _pem() -> str:
    lines = "\n".join(secrets.token_urlsafe(48) for _ in range(4))
    return f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----"


VALUES: dict[str, Callable[[], str]] = {
    "token": lambda: "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(40)),
    "special-characters": lambda: f"{secrets.token_urlsafe(15)}'\"\\é&<> ü/+=~{secrets.token_urlsafe(15)}",
    "pem": _pem,
    # A short value with few special characters.
    "password": lambda: f"{secrets.token_hex(4)}#Q{secrets.token_hex(4)}!m",
}
"""Functions that return a new value, by the name of its secret."""


class FileWithValue(NamedTuple):
    """A file with an encoded value.

    Attributes:
        encoding: The name of the encoding.
        text: The encoded value.
        min_leak_length: The number of consecutive characters of the text that count as a leak. It is larger than for the value if the
            encoding makes the value longer.
        other_text: Another value of the same function in :data:`VALUES`, in the same encoding. Characters that it shares with the text,
            such as the header of a private key, belong to the format and are no leak.
    """

    encoding: str
    text: str
    min_leak_length: int
    other_text: str


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return environment variables for a new store in ``tmp_path``, without a keyring."""
    return {"ZENSECRETS_HOME": str(tmp_path / "home"), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


@pytest.fixture
def files(tmp_path: Path, environment: dict[str, str]) -> dict[str, FileWithValue]:
    """Register the values, and write a file for each value and encoding."""
    (tmp_path / "files").mkdir()
    files_with_values: dict[str, FileWithValue] = {}
    for secret_name, make_value in VALUES.items():
        value = make_value()
        (tmp_path / "value").write_text(value, encoding="utf-8", newline="")
        # Each secret has one key, which is called "key".
        process = run_zensecrets("secret", "register", secret_name, f"--key=@{tmp_path / 'value'}", environment=environment)
        assert process.returncode == 0, process.stderr
        for number, (encoding, encode) in enumerate(ENCODERS.items()):
            text, file_name = encode(value), f"{secret_name}-{number}.txt"
            min_leak_length = max(MIN_LEAK_LENGTH, ceil(MIN_LEAK_LENGTH * len(text) / len(value)))
            files_with_values[file_name] = FileWithValue(encoding, text, min_leak_length, encode(make_value()))
            # An encoder may return surrogates, which Python's UTF-8 codec refuses without "surrogatepass".
            (tmp_path / "files" / file_name).write_bytes(f"before\n{text}\nafter\n".encode("utf-8", "surrogatepass"))
    (tmp_path / "value").unlink()
    return files_with_values


def _paths_with_findings(folder: Path, environment: dict[str, str], *options: str) -> set[str]:
    process = run_zensecrets("scan", ".", "--format", "json", *options, folder=folder, environment=environment)
    assert process.returncode in {0, 1}, process.stderr
    return {finding["path"] for finding in json.loads(process.stdout)["findings"]}


def _has_leak(file: FileWithValue, text: str) -> bool:
    """Return whether a text contains enough consecutive characters of the encoded value."""
    length = file.min_leak_length
    substrings = (file.text[start : start + length] for start in range(len(file.text) - length + 1))
    return any(substring in text and substring not in file.other_text for substring in substrings)


def test_every_encoding_is_found_and_cleaned(files: dict[str, FileWithValue], environment: dict[str, str], tmp_path: Path) -> None:
    """A scan on another machine, with exported fingerprints, misses only encodings that change the case of letters.

    `clean` leaves no part of a value in a file and does not change the other lines, or reports that it can't clean the file.
    """
    folder, fingerprint_file = tmp_path / "files", str(tmp_path / "fingerprints")
    assert set(files) - _paths_with_findings(folder, environment) == set()
    process = run_zensecrets("fingerprints", "export", fingerprint_file, environment=environment)
    assert process.returncode == 0, process.stderr
    environment_without_values = {**environment, "ZENSECRETS_HOME": str(tmp_path / "other")}
    missed_files = set(files) - _paths_with_findings(folder, environment_without_values, "--fingerprints", fingerprint_file)
    assert {files[name].encoding for name in missed_files} == CASE_CHANGING_ENCODINGS
    process = run_zensecrets("clean", ".", "--no-backup", folder=folder, environment=environment)
    # A line of the output starts with the file name.
    uncleaned_files = {line.split()[0] for line in process.stdout.splitlines() if "not cleaned: it is neither text nor a database" in line}
    assert {files[name].encoding for name in uncleaned_files} == BINARY_ENCODINGS
    cleaned_texts = {name: (folder / name).read_bytes().decode("utf-8", "surrogatepass") for name in files}
    assert {name for name, file in files.items() if _has_leak(file, cleaned_texts[name])} == uncleaned_files
    for name, text in cleaned_texts.items():
        assert (text[:7], text[-7:]) == ("before\n", "\nafter\n"), files[name].encoding
    assert _paths_with_findings(folder, environment) == uncleaned_files
