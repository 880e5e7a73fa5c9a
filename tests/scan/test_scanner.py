"""Scanning: every value in every form and place is found, and nothing else."""

from __future__ import annotations

import base64
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.support.planting import (
    LOCATIONS,
    encodings_of,
    matcher_of,
    notebook,
    special_canary,
    write_deleted_row,
    write_history,
    write_notebook,
)
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.scan.fingerprints.file_format import export
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.scanner import CHUNK, Scanner
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from zensecrets_jupyter.scan.matchers import Matcher

VALUE = special_canary("scan")
FORMS = encodings_of(VALUE)


def both() -> list[Matcher]:
    """Return what looks for the value, by itself and by its fingerprints."""
    return [matcher_of(planted=VALUE), FingerprintMatcher(export([(VALUE, "planted.key")])[0], "f")]


def told(looked: Matcher, *paths: Path) -> list[tuple[str, str, str]]:
    """Return the file's name, the place and the form of all that is found."""
    report = Scanner(looked).scan(map(str, paths))
    assert {finding.name for finding in report.findings} <= {"planted.key"}
    assert find_canary(repr(report)) == []
    return [(Path(finding.path).name, finding.location, finding.encoding) for finding in report.findings]


def test_every_value_in_a_hundred_notebooks_is_found_and_nothing_else(tmp_path: Path) -> None:
    """Each notebook has one value, in one of all forms and in one of all places; checkpoints are notebooks too."""
    names, places = list(FORMS), list(LOCATIONS)
    expected = {}
    for number in range(max(100, len(names))):
        form, place = names[number % len(names)], places[number % len(places)]
        folder = tmp_path / f"{number:03}" / (".ipynb_checkpoints" if number % 7 == 0 else "")
        folder.mkdir(parents=True)
        write_notebook(folder / f"{number:03}.ipynb", **{place: FORMS[form]})
        expected[f"{number:03}.ipynb"] = LOCATIONS[place]
    write_notebook(tmp_path / "nothing.ipynb")
    for looked in both():
        assert {(file, place) for file, place, _ in told(looked, tmp_path)} == set(expected.items())


@pytest.mark.once
@pytest.mark.parametrize("place", LOCATIONS)
def test_every_form_is_found_in_every_place(place: str, tmp_path: Path) -> None:
    """One notebook a form, all in the same place."""
    for number, text in enumerate(FORMS.values()):
        write_notebook(tmp_path / f"{number}.ipynb", **{place: text})
    looked = matcher_of(planted=VALUE)
    assert {(file, place) for file, place, _ in told(looked, tmp_path)} == {
        (f"{number}.ipynb", LOCATIONS[place]) for number in range(len(FORMS))
    }


@pytest.mark.parametrize("form", FORMS)
def test_every_encoding_is_found_in_a_text(form: str, tmp_path: Path) -> None:
    """In a text file the finding says the line and an encoding, by whatever the value is known."""
    (tmp_path / "a.txt").write_text(f"one\ntwo {FORMS[form]} three\nfour", encoding="utf-8")
    for looked in both():
        found = told(looked, tmp_path)
        assert {place for _, place, _ in found} <= {"byte 8", "line 2", "line 3", "line 4", "line 5", "line 6", "line 7"}
        assert found
        # What is neither plain nor only quoted says how it is encoded.
        assert all(encoding for _, _, encoding in found)


def test_a_notebook_that_says_nothing_known_has_no_finding(tmp_path: Path) -> None:
    """Notebooks of this repository, with pictures in them or not, and a value's first eleven letters."""
    write_notebook(tmp_path / "a.ipynb", code=VALUE[:11], plain=VALUE[-11:])
    own = Path(__file__).parents[2] / "notebooks"
    for looked in both():
        assert told(looked, tmp_path, own) == []


def test_base64_in_lines_is_found(tmp_path: Path) -> None:
    """A picture whose base64 is broken into lines, as some kernels send it, holds a value in its bytes."""
    made = notebook()
    data = base64.encodebytes(bytes(range(256)) + VALUE.encode() + bytes(200)).decode()
    made.cells[0].outputs[1].data["image/png"] = data
    nbformat.write(made, tmp_path / "a.ipynb")
    for looked in both():
        ((_, place, form),) = told(looked, tmp_path)
        assert place == "cell 1, output 2, image/png"
        assert "base64" in form


def test_a_value_over_several_lines_is_found_once(tmp_path: Path) -> None:
    """A key in PEM, printed: the notebook keeps its lines apart."""
    pem = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(canary("pem") for _ in range(5)) + "\n-----END PRIVATE KEY-----"
    write_notebook(tmp_path / "a.ipynb", stream=pem)
    assert told(matcher_of(planted=pem), tmp_path) == [("a.ipynb", LOCATIONS["stream"], "plain")]


def test_rows_of_a_database_are_found(tmp_path: Path) -> None:
    """Texts, blobs and rows that are longer than a page say their table and row; what was deleted says its byte."""
    write_history(tmp_path / "history.sqlite", "x = 1", f"print({VALUE!r})", f"{'long ' * 2000}{VALUE}{' long' * 2000}")
    with closing(sqlite3.connect(tmp_path / ".jupyter_ystore.db")) as database, database:
        database.execute("CREATE TABLE yupdates (path text, yupdate blob)")
        database.execute("INSERT INTO yupdates VALUES ('a', ?)", [b"\x01\x05" + VALUE.encode() + b"\xff"])
    write_deleted_row(tmp_path / "deleted.db", f"gone {VALUE} gone")
    for looked in both():
        found = told(looked, tmp_path)
        assert [place for file, place, _ in found if file == "history.sqlite"] == [
            "table history, row 2, column source",
            "table history, row 3, column source",
        ]
        assert [place for file, place, _ in found if file == ".jupyter_ystore.db"] == ["table yupdates, row 1, column yupdate"]
        ((_, place, _),) = [one for one in found if one[0] == "deleted.db"]
        assert place.startswith("byte ")
        assert place.endswith(", deleted")


def test_a_journal_of_a_database_is_found(tmp_path: Path) -> None:
    """What is still in the write-ahead log is found there, and looking writes nothing."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (x text)")
        database.execute("INSERT INTO t VALUES (?)", [VALUE])
        database.commit()
        before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
        assert [file for file, _, _ in told(matcher_of(planted=VALUE), tmp_path)] == ["a.db-wal"]
        assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_damaged_database_and_a_damaged_notebook_are_searched_as_they_are(tmp_path: Path) -> None:
    """What can't be read as what it says it is still holds bytes."""
    (tmp_path / "a.sqlite").write_bytes(b"SQLite format 3\0" + b"\1" * 900 + VALUE.encode())
    (tmp_path / "a.ipynb").write_text(f'{{"cells": [\n"{VALUE}', encoding="utf-8")
    (tmp_path / "deep.ipynb").write_text("[" * 100_000 + VALUE, encoding="utf-8")
    for looked in both():
        assert [(file, place) for file, place, _ in told(looked, tmp_path)] == [
            ("a.ipynb", "line 2"),
            ("a.sqlite", "byte 916"),
            ("deep.ipynb", "line 1"),
        ]


def test_html_scripts_and_binary_files_are_found(tmp_path: Path) -> None:
    """An export, a script, a pickle and a file in another encoding."""
    (tmp_path / "export.html").write_text(f"<p>\n{FORMS['HTML']}</p>", encoding="utf-8")
    (tmp_path / "script.py").write_text(f"x = {VALUE!r}\n", encoding="utf-8")
    (tmp_path / "data.bin").write_bytes(b"\0\1\2" + VALUE.encode() + b"\xff\0")
    (tmp_path / "wide.txt").write_bytes(VALUE[:30].encode("utf-16"))
    looked = matcher_of(planted=VALUE)
    assert [(file, place) for file, place, _ in told(looked, tmp_path)] == [
        ("data.bin", "byte 3"),
        ("export.html", "line 2"),
        ("script.py", "line 1"),
        ("wide.txt", "line 1"),
    ]


@pytest.mark.once
def test_a_large_file_is_searched_over_the_borders_of_its_pieces(tmp_path: Path) -> None:
    """A value that is cut by the end of a piece is found once, whole, at its line."""
    line = b"x" * 99 + b"\n"
    start = CHUNK - CHUNK % 100 - 100
    data = line * (start // 100)
    cut = CHUNK - len(data) - 20
    data += b"y" * cut + VALUE.encode() + b"\n" + line * (CHUNK // 100)
    (tmp_path / "large.log").write_bytes(data)
    for looked in both()[:1]:
        report = Scanner(looked).scan([str(tmp_path)])
        (found,) = report.findings
        assert (found.line, found.location, found.is_whole) == (start // 100 + 1, f"line {start // 100 + 1}", True)
        assert report.size == len(data)


def test_folders_of_tools_and_virtual_environments_are_passed_over(tmp_path: Path) -> None:
    """Unless they are named themselves."""
    for folder in (".git", "node_modules", "__pycache__", "env"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(VALUE, encoding="utf-8")
    (tmp_path / "env" / "pyvenv.cfg").touch()
    looked = matcher_of(planted=VALUE)
    assert told(looked, tmp_path) == []
    assert told(looked, tmp_path / ".git", tmp_path / "env" / "a.txt") == [("a.txt", "line 1", "plain")] * 2


def test_a_value_in_a_files_name_is_found_and_not_told(tmp_path: Path) -> None:
    """The name is masked wherever the file is named."""
    value = canary("name")
    (tmp_path / f"key-{value}.txt").touch()
    report = Scanner(matcher_of(planted=value)).scan([str(tmp_path)])
    (found,) = report.findings
    assert (found.location, Path(found.path).name) == ("the file's name", "key-‹secret:planted.key›.txt")


def test_what_can_not_be_read_is_told(tmp_path: Path) -> None:
    """A file that vanishes, or that is none, is in the report; a path that does not exist is an error."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert Scanner(matcher_of(planted=VALUE)).scan([str(tmp_path)]).files == 0
    with pytest.raises(UnreadableFileError, match="no file or folder"):
        Scanner(matcher_of(planted=VALUE)).scan([str(tmp_path / "nowhere")])
