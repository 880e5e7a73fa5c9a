"""Cleaning: values go, and everything else stays as it was, byte for byte."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from zensecrets_jupyter.scan.backup import restore, write_backup
from zensecrets_jupyter.scan.cleaner import Cleaner, CleaningResult
from zensecrets_jupyter.scan.fingerprints.file_format import export
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.scanner import Scanner
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from zensecrets_jupyter.scan.matchers import Matcher

pytestmark = pytest.mark.once

VALUE = special_canary("clean")
PLAIN = canary("plain")
MARK = "‹secret:planted.key›"
PLANTED = matcher_of(planted=VALUE)
"""It is made once: its patterns take longer than a search."""


def clean(looked: Matcher, *paths: Path) -> CleaningResult:
    """Clean these files, and look that a scan finds nothing in them afterwards."""
    cleaner = Cleaner(looked)
    files, kept = cleaner.read(paths)
    cleaned = cleaner.clean(files)
    cleaned.uncleaned += kept
    assert find_canary(repr(cleaned)) == []
    if not cleaned.uncleaned:
        assert Scanner(looked).scan(map(str, paths)).findings == []
    return cleaned


def dumped(made: Any, **style: Any) -> str:
    """Return a notebook as JSON in some style."""
    return json.dumps(made, **style) + "\n"


STYLES: list[dict[str, Any]] = [
    {"indent": 1, "ensure_ascii": False},
    {"indent": 4},
    {"separators": (",", ":")},
    {"indent": "\t", "sort_keys": True, "ensure_ascii": False},
]


@pytest.mark.parametrize("place", LOCATIONS)
def test_a_notebook_is_the_same_but_for_the_value(place: str, tmp_path: Path) -> None:
    """For every form, in every place and in any style of JSON, what stood there is replaced, and every other byte stays; it is valid."""
    path = tmp_path / "a.ipynb"
    for number, (form, text) in enumerate(encodings_of(VALUE).items()):
        before = dumped(notebook(**{place: text}), **STYLES[number % len(STYLES)])
        path.write_text(before, encoding="utf-8", newline="")
        assert clean(PLANTED, path).uncleaned == []
        after = path.read_bytes().decode("utf-8")
        nbformat.validate(nbformat.reads(after, as_version=4))
        if place == "attachment":
            ((old, new),) = [pair for pair in zip(before.split('"'), after.split('"'), strict=True) if pair[0] != pair[1]]
            assert len(base64.b64decode(new)) == len(base64.b64decode(old))
            # Digits of base64 hold neighbours too: up to two bytes on each side.
            assert base64.b64decode(new).startswith(b"some tex")
        else:
            assert _is_planted(json.dumps(json.loads(after), ensure_ascii=False)), form
            assert PLANTED.find(after.encode()) == [], form
            assert _others(json.loads(after)) == _others(json.loads(before)), form


def _others(thing: Any) -> Any:
    """Return a notebook without the texts that hold what was planted or what stands for it, which are one text each."""
    if isinstance(thing, dict):
        return [(key if not _is_planted(key) else "", _others(inner)) for key, inner in thing.items()]
    if isinstance(thing, list):
        joined = "".join(part for part in thing if isinstance(part, str))
        return "" if _is_planted(joined) else [_others(inner) for inner in thing]
    return "" if isinstance(thing, str) and _is_planted(thing) else thing


def _is_planted(text: str) -> bool:
    return MARK in text or "{{planted.key}}" in text or bool(PLANTED.find(text.encode("utf-8", "surrogatepass")))


def test_a_reference_stands_in_sources_and_a_mark_everywhere_else(tmp_path: Path) -> None:
    """A literal becomes the reference, an argument of ours asks, and what is no plain literal gets the mark."""
    made = notebook(stream=PLAIN, markdown=PLAIN)
    made.cells[0].source = "\n".join(
        [
            f'key = "{PLAIN}"',
            f"%secret register db --key={PLAIN} --other=1",
            f"%zen secret update db --key='{PLAIN}'",
            f"%zen annotator register a --authentication_secret={PLAIN}",
            f"part = '{PLAIN[:20]}'",
            f"digits = '{PLAIN.encode().hex()}'",
        ]
    )
    path = tmp_path / "a.ipynb"
    nbformat.write(made, path)
    clean(matcher_of(planted=PLAIN), path)
    after = nbformat.read(path, as_version=4)
    assert after.cells[0].source.splitlines() == [
        'key = "{{planted.key}}"',
        "%secret register db --key --other=1",
        "%zen secret update db --key",
        "%zen annotator register a --authentication_secret={{planted.key}}",
        f"part = '{MARK}'",
        f"digits = '{MARK}'",
    ]
    assert MARK in after.cells[0].outputs[0].text
    assert "{{planted.key}}" in after.cells[1].source
    nbformat.validate(after)


def test_a_value_over_lines_and_a_value_as_a_number_and_a_name(tmp_path: Path) -> None:
    """A key of several lines, digits in a display and in a cell's name: what is left is a valid notebook."""
    pem = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(canary("pem") for _ in range(5)) + "\n-----END PRIVATE KEY-----\n"
    made = notebook(stream=pem, code=f"\n{pem}")
    made.cells[0].outputs[1].data["application/json"] = {"number": 4711081500, "other": 4711}
    made.cells[1].id = "name-4711081500"
    path = tmp_path / "a.ipynb"
    nbformat.write(made, path)
    clean(matcher_of(planted=pem, digits="4711081500"), path)
    after = nbformat.read(path, as_version=4)
    nbformat.validate(after)
    assert after.cells[0].outputs[1].data["application/json"] == {"number": "‹secret:digits.key›", "other": 4711}
    assert after.cells[0].outputs[0].text.startswith("line\nsome text ")
    assert after.cells[0].outputs[0].text.endswith("more text\nline\n")
    assert find_canary(path) == []


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_cleaning_nothing_is_found(data: st.DataObject, tmp_path: Path) -> None:
    """Whatever stands around, between and in several of them: a scan finds nothing, and what held no value is as it was."""
    values = {"one": special_canary(), "two": canary(), "three": f"{canary()}\n{canary()}"}
    texts = {name: list(encodings_of(value).values()) for name, value in values.items()}
    piece = st.one_of(_TEXT, *(st.sampled_from(one) for one in texts.values()))
    planted = {place: "".join(data.draw(st.lists(piece, max_size=4))) for place in LOCATIONS if place != "key"}
    style = data.draw(st.sampled_from(STYLES))
    path = tmp_path / "a.ipynb"
    before = notebook(**planted)
    path.write_bytes(dumped(before, **style).encode("utf-8", "surrogatepass"))
    looked = matcher_of(**values)
    clean(looked, path)
    after = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    nbformat.validate(after)
    for new, old in zip(_texts(after), _texts(before), strict=True):
        assert new == old or looked.find(old.encode("utf-8", "surrogatepass"))
    plain = tmp_path / "a.txt"
    plain.write_text("\n".join(planted.values()), encoding="utf-8", newline="")
    clean(looked, plain)


def _texts(made: nbformat.NotebookNode) -> list[str]:
    """Return the texts that are planted into, but for the attachment."""
    code, markdown = made.cells
    stream, shown, error = code.outputs
    texts = [code.source, markdown.source, stream.text, error.evalue, *error.traceback, code.metadata.note, made.metadata.about]
    return [*texts, shown.data["text/html"], shown.data["text/plain"], shown.metadata.seen]


def test_text_files_keep_their_mode_their_line_ends_and_their_links(tmp_path: Path) -> None:
    """A script gets references, an export marks; a link stays one, and nothing else is left in the folder."""
    script, export_, link = tmp_path / "run.py", tmp_path / "a.html", tmp_path / "link.py"
    script.write_bytes(f"\ufeffkey = '{PLAIN}'\r\nprint(key)\r\n".encode())
    script.chmod(0o750)
    export_.write_text(f"<p>{PLAIN}</p>", encoding="utf-8")
    link.symlink_to(script)
    assert clean(matcher_of(planted=PLAIN), link, export_).uncleaned == []
    assert script.read_bytes().decode() == "\ufeffkey = '{{planted.key}}'\r\nprint(key)\r\n"
    assert script.stat().st_mode & 0o777 == 0o750
    assert export_.read_text(encoding="utf-8") == f"<p>{MARK}</p>"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "link.py", "run.py"]


def test_databases_lose_it_in_rows_blobs_and_free_pages(tmp_path: Path) -> None:
    """Rows get marks, blobs as many bytes of something else, and what was deleted is gone from the file."""
    sources = tmp_path / "history.sqlite"
    write_history(sources, "x = 1", f"print({VALUE!r})", f"{'long ' * 2000}{VALUE}")
    blobs = tmp_path / ".jupyter_ystore.db"
    blob = b"\x01\x05" + VALUE.encode() + b"\xff"
    with closing(sqlite3.connect(blobs)) as database, database:
        database.execute("CREATE TABLE yupdates (path text PRIMARY KEY, yupdate blob) WITHOUT ROWID")
        database.execute("INSERT INTO yupdates VALUES ('a', ?)", [blob])
    gone = tmp_path / "deleted.db"
    write_deleted_row(gone, f"gone {VALUE} gone")
    assert find_canary(gone) != []
    assert clean(matcher_of(planted=VALUE), sources, blobs, gone).uncleaned == []
    assert find_canary(tmp_path) == []
    with closing(sqlite3.connect(sources)) as database:
        assert database.execute("SELECT source FROM history ORDER BY line").fetchmany(2) == [("x = 1",), (f"print({MARK!r})",)]
    with closing(sqlite3.connect(blobs)) as database:
        ((cleaned,),) = database.execute("SELECT yupdate FROM yupdates").fetchall()
    assert (len(cleaned), cleaned[:2], cleaned[-1:]) == (len(blob), b"\x01\x05", b"\xff")
    with closing(sqlite3.connect(gone)) as database:
        assert database.execute("SELECT count(*) FROM documents").fetchone() == (20,)


def test_a_write_ahead_log_is_cleaned_with_its_database(tmp_path: Path) -> None:
    """What is still in the log gets into the database, cleaned, and the log is emptied."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (x text)")
        database.execute("INSERT INTO t VALUES (?)", [PLAIN])
        database.commit()
        assert find_canary(tmp_path / "a.db-wal") != []
        assert clean(matcher_of(planted=PLAIN), path).uncleaned == []
    assert find_canary(tmp_path) == []


def test_what_can_not_be_cleaned_is_told_and_left(tmp_path: Path) -> None:
    """Binary and read-only files, a database in use, and one whose constraint forbids it, stay as they are."""
    binary, locked, busy, unique = (tmp_path / name for name in ("a.bin", "a.py", "busy.db", "unique.db"))
    binary.write_bytes(b"\0" + PLAIN.encode())
    locked.write_text(PLAIN, encoding="utf-8")
    locked.chmod(0o444)
    write_history(busy, PLAIN)
    with closing(sqlite3.connect(unique)) as database, database:
        database.execute("CREATE TABLE t (x text UNIQUE)")
        database.executemany("INSERT INTO t VALUES (?)", [(MARK,), (PLAIN,)])
    with closing(sqlite3.connect(busy)) as database:
        database.execute("BEGIN EXCLUSIVE")
        cleaned = clean(matcher_of(planted=PLAIN), binary, locked, busy, unique)
    reasons = {Path(kept.path).name: kept.reason for kept in cleaned.uncleaned}
    assert reasons == {
        "a.bin": "it is neither text nor a database: make it anew, or delete it",
        "a.py": "it is read-only",
        "busy.db": "another program has it open",
        "unique.db": "table t, row 2, column x can't be replaced",
    }
    assert [find_canary(path) != [] for path in (binary, locked, busy, unique)] == [True] * 4


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    """What somebody wrote between reading and replacing is not lost."""
    path = tmp_path / "a.py"
    path.write_text(PLAIN, encoding="utf-8")
    cleaner = Cleaner(matcher_of(planted=PLAIN))
    files, _ = cleaner.read([path])
    path.write_text(f"{PLAIN} and more", encoding="utf-8")
    assert [kept.reason for kept in cleaner.clean(files).uncleaned] == ["it changed meanwhile"]
    assert path.read_text(encoding="utf-8") == f"{PLAIN} and more"


def test_a_backup_is_sealed_and_brings_everything_back(tmp_path: Path) -> None:
    """The files of the backup are what they were, byte for byte; the backup itself holds nothing in clear and is private."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write_notebook(folder / "a.ipynb", code=VALUE)
    write_history(folder / "h.sqlite", VALUE)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    backup = tmp_path / "backup.sealed"
    files, _ = Cleaner(matcher_of(planted=VALUE)).read(folder.iterdir())
    write_backup(backup, files, "open")
    assert find_canary(backup) == []
    assert backup.stat().st_mode & 0o777 == 0o600
    clean(matcher_of(planted=VALUE), *before)
    assert {path: path.read_bytes() for path in folder.iterdir()} != before
    assert set(restore(str(backup), lambda _: "open", [str(tmp_path)])) == set(before)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_fingerprints_clean_as_values_do(tmp_path: Path) -> None:
    """Whoever has no value can take it out too."""
    path = tmp_path / "a.ipynb"
    write_notebook(path, code=f"'{PLAIN}'", stream=PLAIN.encode().hex())
    clean(FingerprintMatcher(export([(PLAIN, "planted.key")])[0], "f"), path)
    after = nbformat.read(path, as_version=4)
    assert "'{{planted.key}}'" in after.cells[0].source
    assert MARK in after.cells[0].outputs[0].text
