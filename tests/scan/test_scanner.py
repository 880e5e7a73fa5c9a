"""A scan finds a value in every encoding and location, and reports no other text."""

from __future__ import annotations

import base64
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.support.scan_files import (
    LOCATIONS,
    encodings_of,
    matcher_for,
    notebook,
    special_canary,
    write_database_with_deleted_row,
    write_history,
    write_notebook,
)
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.scan.fingerprints.file_format import export
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.scanner import CHUNK_SIZE, Scanner
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from zensecrets_jupyter.scan.matchers import Matcher

VALUE = special_canary("scan")
"""A value with characters that each encoding writes differently."""
ENCODED_TEXTS = encodings_of(VALUE)
"""The encoded texts of the value, by the name of the encoding."""


def matchers() -> list[Matcher]:
    """Return a matcher for the value, and a matcher for its fingerprint."""
    return [matcher_for(planted=VALUE), FingerprintMatcher(export([(VALUE, "planted.key")])[0], "f")]


def scan(matcher: Matcher, *paths: Path) -> list[tuple[str, str, str]]:
    """Scan, and return the file's name, the location and the encoding of each finding."""
    report = Scanner(matcher).scan(map(str, paths))
    assert {finding.name for finding in report.findings} <= {"planted.key"}
    assert find_canary(repr(report)) == []
    return [(Path(finding.path).name, finding.location, finding.encoding) for finding in report.findings]


def test_every_value_in_a_hundred_notebooks_is_found_and_nothing_else(tmp_path: Path) -> None:
    """Each notebook has the value once, in one encoding and one part. Every seventh notebook is a checkpoint of Jupyter.

    A part is a key of ``LOCATIONS``. A scan reports it as the location ``LOCATIONS[part]``.
    """
    names, parts = list(ENCODED_TEXTS), list(LOCATIONS)
    expected = {}
    for number in range(max(100, len(names))):
        encoding, part = names[number % len(names)], parts[number % len(parts)]
        folder = tmp_path / f"{number:03}" / (".ipynb_checkpoints" if number % 7 == 0 else "")
        folder.mkdir(parents=True)
        write_notebook(folder / f"{number:03}.ipynb", **{part: ENCODED_TEXTS[encoding]})
        expected[f"{number:03}.ipynb"] = LOCATIONS[part]
    write_notebook(tmp_path / "nothing.ipynb")
    for matcher in matchers():
        assert {(file, location) for file, location, _ in scan(matcher, tmp_path)} == set(expected.items())


# CI runs this slow test with one version of Python only.
@pytest.mark.one_python
@pytest.mark.parametrize("part", LOCATIONS)
def test_every_encoding_is_found_in_every_part_of_a_notebook(part: str, tmp_path: Path) -> None:
    """For each part, there is one notebook for each encoding."""
    for number, text in enumerate(ENCODED_TEXTS.values()):
        write_notebook(tmp_path / f"{number}.ipynb", **{part: text})
    matcher = matcher_for(planted=VALUE)
    assert {(file, location) for file, location, _ in scan(matcher, tmp_path)} == {
        (f"{number}.ipynb", LOCATIONS[part]) for number in range(len(ENCODED_TEXTS))
    }


@pytest.mark.parametrize("encoding", ENCODED_TEXTS)
def test_every_encoding_is_found_in_a_text(encoding: str, tmp_path: Path) -> None:
    """The finding in a text file has a line and an encoding, for both matchers."""
    (tmp_path / "a.txt").write_text(f"one\ntwo {ENCODED_TEXTS[encoding]} three\nfour", encoding="utf-8")
    for matcher in matchers():
        findings = scan(matcher, tmp_path)
        # An encoding may write the value in several lines, and UTF-16 makes the file binary: its value begins at byte 8.
        possible_locations = {"byte 8", *(f"line {number}" for number in range(2, 8))}
        assert {location for _, location, _ in findings} <= possible_locations
        assert findings
        assert all(encoding for _, _, encoding in findings)


def test_notebooks_without_values_have_no_findings(tmp_path: Path) -> None:
    """A scan finds nothing in this repository's notebooks, and does not report eleven characters of a value.

    A part of a value is reported only if it has at least twelve characters.
    """
    write_notebook(tmp_path / "a.ipynb", code=VALUE[:11], plain=VALUE[-11:])
    example_notebooks = Path(__file__).parents[2] / "notebooks"
    for matcher in matchers():
        assert scan(matcher, tmp_path, example_notebooks) == []


def test_a_value_in_base64_with_line_breaks_is_found(tmp_path: Path) -> None:
    """Some kernels send the base64 of a picture in several lines."""
    document = notebook()
    data = base64.encodebytes(bytes(range(256)) + VALUE.encode() + bytes(200)).decode()
    document.cells[0].outputs[1].data["image/png"] = data
    nbformat.write(document, tmp_path / "a.ipynb")
    for matcher in matchers():
        ((_, location, encoding),) = scan(matcher, tmp_path)
        assert location == "cell 1, output 2, image/png"
        assert "base64" in encoding


def test_a_value_over_several_lines_is_found_once(tmp_path: Path) -> None:
    """A notebook stores the lines of a printed PEM key separately."""
    private_key = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(canary("pem") for _ in range(5)) + "\n-----END PRIVATE KEY-----"
    write_notebook(tmp_path / "a.ipynb", stream=private_key)
    assert scan(matcher_for(planted=private_key), tmp_path) == [("a.ipynb", LOCATIONS["stream"], "plain")]


def test_values_in_rows_of_a_database_are_found(tmp_path: Path) -> None:
    """The findings have the table and the row, and for deleted rows the offset in the file."""
    # The third row has the value in the middle of a long text.
    write_history(tmp_path / "history.sqlite", "x = 1", f"print({VALUE!r})", f"{'long ' * 2000}{VALUE}{' long' * 2000}")
    # JupyterLab's real-time collaboration stores changes of notebooks in this database.
    with closing(sqlite3.connect(tmp_path / ".jupyter_ystore.db")) as database, database:
        database.execute("CREATE TABLE yupdates (path text, yupdate blob)")
        database.execute("INSERT INTO yupdates VALUES ('a', ?)", [b"\x01\x05" + VALUE.encode() + b"\xff"])
    write_database_with_deleted_row(tmp_path / "deleted.db", f"gone {VALUE} gone")
    for matcher in matchers():
        findings = scan(matcher, tmp_path)
        assert [location for file, location, _ in findings if file == "history.sqlite"] == [
            "table history, row 2, column source",
            "table history, row 3, column source",
        ]
        assert [location for file, location, _ in findings if file == ".jupyter_ystore.db"] == ["table yupdates, row 1, column yupdate"]
        (location,) = [location for file, location, _ in findings if file == "deleted.db"]
        assert location.startswith("byte ")
        assert location.endswith(", deleted")


def test_values_in_the_journal_of_a_database_are_found(tmp_path: Path) -> None:
    """The new row is only in the write-ahead log, and a scan finds it there. The scan changes no file."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (x text)")
        database.execute("INSERT INTO t VALUES (?)", [VALUE])
        database.commit()
        before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
        assert [file for file, _, _ in scan(matcher_for(planted=VALUE), tmp_path)] == ["a.db-wal"]
        assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_damaged_databases_and_notebooks_are_searched_as_bytes(tmp_path: Path) -> None:
    """The location is a line of the notebook, or an offset in the database in bytes."""
    (tmp_path / "a.sqlite").write_bytes(b"SQLite format 3\0" + b"\1" * 900 + VALUE.encode())
    (tmp_path / "a.ipynb").write_text(f'{{"cells": [\n"{VALUE}', encoding="utf-8")
    (tmp_path / "deep.ipynb").write_text("[" * 100_000 + VALUE, encoding="utf-8")
    for matcher in matchers():
        assert [(file, location) for file, location, _ in scan(matcher, tmp_path)] == [
            ("a.ipynb", "line 2"),
            ("a.sqlite", "byte 916"),
            ("deep.ipynb", "line 1"),
        ]


def test_values_in_html_scripts_and_binary_files_are_found(tmp_path: Path) -> None:
    """``wide.txt`` is in UTF-16, and contains only the first 30 characters of the value."""
    (tmp_path / "export.html").write_text(f"<p>\n{ENCODED_TEXTS['HTML']}</p>", encoding="utf-8")
    (tmp_path / "script.py").write_text(f"x = {VALUE!r}\n", encoding="utf-8")
    (tmp_path / "data.bin").write_bytes(b"\0\1\2" + VALUE.encode() + b"\xff\0")
    (tmp_path / "wide.txt").write_bytes(VALUE[:30].encode("utf-16"))
    matcher = matcher_for(planted=VALUE)
    assert [(file, location) for file, location, _ in scan(matcher, tmp_path)] == [
        ("data.bin", "byte 3"),
        ("export.html", "line 2"),
        ("script.py", "line 1"),
        ("wide.txt", "line 1"),
    ]


# CI runs this slow test with one version of Python only.
@pytest.mark.one_python
def test_a_value_across_two_chunks_of_a_large_file_is_found(tmp_path: Path) -> None:
    """The scan reports the whole value once, with its line."""
    line = b"x" * 99 + b"\n"
    lines_before = CHUNK_SIZE // len(line) - 1
    data = line * lines_before
    # The first chunk ends after 20 bytes of the value.
    padding = b"y" * (CHUNK_SIZE - 20 - len(data))
    data += padding + VALUE.encode() + b"\n" + line * (CHUNK_SIZE // len(line))
    (tmp_path / "large.log").write_bytes(data)
    report = Scanner(matcher_for(planted=VALUE)).scan([str(tmp_path)])
    (finding,) = report.findings
    assert (finding.line, finding.location, finding.is_whole) == (lines_before + 1, f"line {lines_before + 1}", True)
    assert report.byte_count == len(data)


def test_folders_of_tools_and_virtual_environments_are_skipped(tmp_path: Path) -> None:
    """The scan searches these folders only if the command names the folder or a file."""
    for folder in (".git", "node_modules", "__pycache__", "env"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(VALUE, encoding="utf-8")
    # This file makes the folder a virtual environment.
    (tmp_path / "env" / "pyvenv.cfg").touch()
    matcher = matcher_for(planted=VALUE)
    assert scan(matcher, tmp_path) == []
    assert scan(matcher, tmp_path / ".git", tmp_path / "env" / "a.txt") == [("a.txt", "line 1", "plain")] * 2


def test_a_value_in_the_name_of_a_file_is_found_and_masked(tmp_path: Path) -> None:
    """The path of the finding contains the mask."""
    value = canary("name")
    (tmp_path / f"key-{value}.txt").touch()
    report = Scanner(matcher_for(planted=value)).scan([str(tmp_path)])
    (finding,) = report.findings
    assert (finding.location, Path(finding.path).name) == ("the file's name", "key-‹secret:planted.key›.txt")


def test_special_files_are_ignored_and_a_missing_path_is_an_error(tmp_path: Path) -> None:
    """The scan ignores a pipe and a broken link in a folder."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert Scanner(matcher_for(planted=VALUE)).scan([str(tmp_path)]).file_count == 0
    with pytest.raises(UnreadableFileError, match="no file or folder"):
        Scanner(matcher_for(planted=VALUE)).scan([str(tmp_path / "nowhere")])
