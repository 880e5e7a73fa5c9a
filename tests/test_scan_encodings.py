"""The commands `scan` and `clean` on files that hold a value in every encoding; what is left is judged without our own search."""

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
"""Encodings that, between two lines of UTF-8, make a file one of bytes, which is told and left as it is."""
OTHER_CASE = {"capitals", "small letters"}
"""Encodings that change a value's case: fingerprints are of the letters as they are."""
PIECE = 12
"""Characters of a value in a row that nothing may show."""


def _pem() -> str:
    lines = "\n".join(secrets.token_urlsafe(48) for _ in range(4))
    return f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----"


VALUES: dict[str, Callable[[], str]] = {
    "token": lambda: "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(40)),
    "awkward": lambda: f"{secrets.token_urlsafe(15)}'\"\\é&<> ü/+=~{secrets.token_urlsafe(15)}",
    "pem": _pem,
    "password": lambda: f"{secrets.token_hex(4)}#Q{secrets.token_hex(4)}!m",
}
"""Kinds of values; each call makes another one."""


class Planted(NamedTuple):
    """A file that was written: the encoding, what stands in it, how many characters of that are a piece, and what is layout."""

    encoding: str
    text: str
    piece: int
    layout: str


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a store that holds all values, beside files with each of them in each encoding in ``files``."""
    return {"ZENSECRETS_HOME": str(tmp_path / "home"), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


@pytest.fixture
def planted(tmp_path: Path, environment: dict[str, str]) -> dict[str, Planted]:
    """Register the values, and write a file for each in each encoding."""
    (tmp_path / "files").mkdir()
    found: dict[str, Planted] = {}
    for kind, make in VALUES.items():
        value = make()
        (tmp_path / "value").write_text(value, encoding="utf-8", newline="")
        done = run_zensecrets("secret", "register", kind, f"--key=@{tmp_path / 'value'}", environment=environment)
        assert done.returncode == 0, done.stderr
        for number, (encoding, encode) in enumerate(ENCODERS.items()):
            text, name = encode(value), f"{kind}-{number}.txt"
            found[name] = Planted(encoding, text, max(PIECE, ceil(PIECE * len(text) / len(value))), encode(make()))
            (tmp_path / "files" / name).write_bytes(f"before\n{text}\nafter\n".encode("utf-8", "surrogatepass"))
    (tmp_path / "value").unlink()
    return found


def _found(folder: Path, environment: dict[str, str], *options: str) -> set[str]:
    done = run_zensecrets("scan", ".", "--format", "json", *options, folder=folder, environment=environment)
    assert done.returncode in {0, 1}, done.stderr
    return {finding["path"] for finding in json.loads(done.stdout)["findings"]}


def _readable(planted: Planted, left: str) -> bool:
    """Tell whether a piece of what was planted is left."""
    pieces = (planted.text[start : start + planted.piece] for start in range(len(planted.text) - planted.piece + 1))
    return any(piece in left and piece not in planted.layout for piece in pieces)


def test_every_encoding_is_found_and_cleaned(planted: dict[str, Planted], environment: dict[str, str], tmp_path: Path) -> None:
    """By values a scan finds every file, by fingerprints all but those in another case; `clean` leaves no piece, or says that it can't."""
    folder, prints = tmp_path / "files", str(tmp_path / "prints")
    assert set(planted) - _found(folder, environment) == set()
    done = run_zensecrets("fingerprints", "export", prints, environment=environment)
    assert done.returncode == 0, done.stderr
    elsewhere = {**environment, "ZENSECRETS_HOME": str(tmp_path / "other")}
    missed = set(planted) - _found(folder, elsewhere, "--fingerprints", prints)
    assert {planted[name].encoding for name in missed} == OTHER_CASE
    done = run_zensecrets("clean", ".", "--no-backup", folder=folder, environment=environment)
    kept = {line.split()[0] for line in done.stdout.splitlines() if "not cleaned: it is neither text nor a database" in line}
    assert {planted[name].encoding for name in kept} == BINARY
    left = {name: (folder / name).read_bytes().decode("utf-8", "surrogatepass") for name in planted}
    assert {name for name in planted if _readable(planted[name], left[name])} == kept
    assert [planted[name].encoding for name, text in left.items() if (text[:7], text[-7:]) != ("before\n", "\nafter\n")] == []
    assert _found(folder, environment) == kept
