"""Tests of cleaning: it replaces values in files and changes no other byte."""

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
from zensecrets_jupyter.scan.backup import restore, write_backup
from zensecrets_jupyter.scan.cleaner import Cleaner, CleaningResult
from zensecrets_jupyter.scan.fingerprints.file_format import export
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.scanner import Scanner
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from zensecrets_jupyter.scan.matchers import Matcher

# CI runs these slow tests with one version of Python only.
pytestmark = pytest.mark.one_python

VALUE = special_canary("clean")
"""A value with characters that each encoding writes differently."""
PLAIN = canary("plain")
"""A value of letters and digits."""
MASK = "‹secret:planted.key›"
MATCHER = matcher_for(planted=VALUE)
"""A matcher for VALUE.

The tests share it, because the creation of its patterns takes longer than a search.
"""


def clean(matcher: Matcher, *paths: Path) -> CleaningResult:
    """Clean files and return the result.

    If every file was cleaned, check that a scan finds nothing in the files afterwards.
    """
    cleaner = Cleaner(matcher)
    files, uncleanable_files = cleaner.read(paths)
    result = cleaner.clean(files)
    result.uncleaned_files += uncleanable_files
    assert find_canary(repr(result)) == []
    if not result.uncleaned_files:
        assert Scanner(matcher).scan(map(str, paths)).findings == []
    return result


def to_json(document: Any, **style: Any) -> str:
    """Return a notebook as JSON.

    ``style`` contains options of `json.dumps`, such as an item of STYLES.
    """
    return json.dumps(document, **style) + "\n"


STYLES: list[dict[str, Any]] = [
    {"indent": 1, "ensure_ascii": False},
    {"indent": 4},
    {"separators": (",", ":")},
    {"indent": "\t", "sort_keys": True, "ensure_ascii": False},
]
"""Options of `json.dumps`: a style similar to Jupyter's, and others that cleaning must keep."""


@pytest.mark.parametrize("part", LOCATIONS)
def test_cleaning_a_notebook_changes_only_the_value(part: str, tmp_path: Path) -> None:
    """Only the value is replaced, and the notebook is valid.

    This is true for every encoding in every part of a notebook. The encodings take turns with the styles of JSON.
    """
    path = tmp_path / "a.ipynb"
    for number, (encoding, text) in enumerate(encodings_of(VALUE).items()):
        before = to_json(notebook(**{part: text}), **STYLES[number % len(STYLES)])
        path.write_text(before, encoding="utf-8", newline="")
        assert clean(MATCHER, path).uncleaned_files == []
        after = path.read_bytes().decode("utf-8")
        nbformat.validate(nbformat.reads(after, as_version=4))
        if part == "attachment":
            # The attachment is the only string that changes.
            ((old, new),) = [pair for pair in zip(before.split('"'), after.split('"'), strict=True) if pair[0] != pair[1]]
            assert len(base64.b64decode(new)) == len(base64.b64decode(old))
            # A digit of base64 can contain bits of two bytes, so up to two bytes next to the value are replaced too. The attachment starts
            # with "some text ", so its first 8 characters stay.
            assert base64.b64decode(new).startswith(b"some tex")
        else:
            assert _has_value_or_replacement(json.dumps(json.loads(after), ensure_ascii=False)), encoding
            assert MATCHER.find(after.encode()) == [], encoding
            assert _other_texts(json.loads(after)) == _other_texts(json.loads(before)), encoding


def _other_texts(node: Any) -> Any:
    """Return the texts of a notebook for comparison.

    Each text with the value or its replacement becomes empty.
    """
    if isinstance(node, dict):
        return [(key if not _has_value_or_replacement(key) else "", _other_texts(child)) for key, child in node.items()]
    if isinstance(node, list):
        # A notebook may store a text as a list of lines. One value may extend over several lines, so the lines are joined.
        joined = "".join(line for line in node if isinstance(line, str))
        return "" if _has_value_or_replacement(joined) else [_other_texts(child) for child in node]
    return "" if isinstance(node, str) and _has_value_or_replacement(node) else node


def _has_value_or_replacement(text: str) -> bool:
    return MASK in text or "{{planted.key}}" in text or bool(MATCHER.find(text.encode("utf-8", "surrogatepass")))


def test_a_reference_replaces_a_value_in_sources_and_a_mask_elsewhere(tmp_path: Path) -> None:
    """In a source, a whole value becomes the reference.

    A part of a value, or its hexadecimal digits, become the mask.

    The option of `%secret register` or `%zen secret update` loses its value, so that the command asks for it. An output gets the mask.
    """
    document = notebook(stream=PLAIN, markdown=PLAIN)
    document.cells[0].source = "\n".join(
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
    nbformat.write(document, path)
    clean(matcher_for(planted=PLAIN), path)
    after = nbformat.read(path, as_version=4)
    assert after.cells[0].source.splitlines() == [
        'key = "{{planted.key}}"',
        "%secret register db --key --other=1",
        "%zen secret update db --key",
        "%zen annotator register a --authentication_secret={{planted.key}}",
        f"part = '{MASK}'",
        f"digits = '{MASK}'",
    ]
    assert MASK in after.cells[0].outputs[0].text
    assert "{{planted.key}}" in after.cells[1].source
    nbformat.validate(after)


def test_values_over_several_lines_in_numbers_and_in_cell_ids_are_removed(tmp_path: Path) -> None:
    """The notebook is still valid after these values are removed.

    The private key has several lines. The value of the secret `digits` is a number in a JSON output, and a part of a cell id.
    """
    private_key = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(canary("pem") for _ in range(5)) + "\n-----END PRIVATE KEY-----\n"
    document = notebook(stream=private_key, code=f"\n{private_key}")
    document.cells[0].outputs[1].data["application/json"] = {"number": 4711081500, "other": 4711}
    document.cells[1].id = "name-4711081500"
    path = tmp_path / "a.ipynb"
    nbformat.write(document, path)
    clean(matcher_for(planted=private_key, digits="4711081500"), path)
    after = nbformat.read(path, as_version=4)
    nbformat.validate(after)
    assert after.cells[0].outputs[1].data["application/json"] == {"number": "‹secret:digits.key›", "other": 4711}
    assert after.cells[0].outputs[0].text.startswith("line\nsome text ")
    assert after.cells[0].outputs[0].text.endswith("more text\nline\n")
    assert find_canary(path) == []


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_scan_finds_nothing_after_cleaning(data: st.DataObject, tmp_path: Path) -> None:
    """After cleaning, a scan finds nothing, and texts without a value are unchanged.

    The texts around the values are arbitrary.

    The function `clean` makes the scan.
    """
    values = {"one": special_canary(), "two": canary(), "three": f"{canary()}\n{canary()}"}
    texts = {name: list(encodings_of(value).values()) for name, value in values.items()}
    value_or_text = st.one_of(_TEXT, *(st.sampled_from(encoded_texts) for encoded_texts in texts.values()))
    texts_of_parts = {part: "".join(data.draw(st.lists(value_or_text, max_size=4))) for part in LOCATIONS if part != "key"}
    style = data.draw(st.sampled_from(STYLES))
    path = tmp_path / "a.ipynb"
    before = notebook(**texts_of_parts)
    path.write_bytes(to_json(before, **style).encode("utf-8", "surrogatepass"))
    matcher = matcher_for(**values)
    clean(matcher, path)
    after = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    nbformat.validate(after)
    for new, old in zip(_texts(after), _texts(before), strict=True):
        assert new == old or matcher.find(old.encode("utf-8", "surrogatepass"))
    plain = tmp_path / "a.txt"
    plain.write_text("\n".join(texts_of_parts.values()), encoding="utf-8", newline="")
    clean(matcher, plain)


def _texts(document: nbformat.NotebookNode) -> list[str]:
    """Return the texts of the notebook that may contain a value, except the attachment."""
    code, markdown = document.cells
    stream, display, error = code.outputs
    texts = [code.source, markdown.source, stream.text, error.evalue, *error.traceback, code.metadata.note, document.metadata.about]
    return [*texts, display.data["text/html"], display.data["text/plain"], display.metadata.seen]


def test_text_files_keep_their_mode_line_ends_and_links(tmp_path: Path) -> None:
    """Cleaning keeps the mode, the line ends, a symbolic link and a byte order mark.

    It leaves no temporary file.
    """
    script, html_export, link = tmp_path / "run.py", tmp_path / "a.html", tmp_path / "link.py"
    script.write_bytes(f"\ufeffkey = '{PLAIN}'\r\nprint(key)\r\n".encode())
    script.chmod(0o750)
    html_export.write_text(f"<p>{PLAIN}</p>", encoding="utf-8")
    link.symlink_to(script)
    assert clean(matcher_for(planted=PLAIN), link, html_export).uncleaned_files == []
    assert script.read_bytes().decode() == "\ufeffkey = '{{planted.key}}'\r\nprint(key)\r\n"
    assert script.stat().st_mode & 0o777 == 0o750
    assert html_export.read_text(encoding="utf-8") == f"<p>{MASK}</p>"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "link.py", "run.py"]


def test_values_are_removed_from_rows_blobs_and_free_pages_of_databases(tmp_path: Path) -> None:
    """A value in a row becomes a mask, and a blob keeps its length.

    Deleted rows are removed from the file.

    SQLite keeps the text of a deleted row on a free page.
    """
    sources = tmp_path / "history.sqlite"
    write_history(sources, "x = 1", f"print({VALUE!r})", f"{'long ' * 2000}{VALUE}")
    blobs = tmp_path / ".jupyter_ystore.db"
    blob = b"\x01\x05" + VALUE.encode() + b"\xff"
    with closing(sqlite3.connect(blobs)) as database, database:
        database.execute("CREATE TABLE yupdates (path text PRIMARY KEY, yupdate blob) WITHOUT ROWID")
        database.execute("INSERT INTO yupdates VALUES ('a', ?)", [blob])
    deleted = tmp_path / "deleted.db"
    write_database_with_deleted_row(deleted, f"gone {VALUE} gone")
    assert find_canary(deleted) != []
    assert clean(matcher_for(planted=VALUE), sources, blobs, deleted).uncleaned_files == []
    assert find_canary(tmp_path) == []
    with closing(sqlite3.connect(sources)) as database:
        assert database.execute("SELECT source FROM history ORDER BY line").fetchmany(2) == [("x = 1",), (f"print({MASK!r})",)]
    with closing(sqlite3.connect(blobs)) as database:
        ((cleaned,),) = database.execute("SELECT yupdate FROM yupdates").fetchall()
    assert (len(cleaned), cleaned[:2], cleaned[-1:]) == (len(blob), b"\x01\x05", b"\xff")
    with closing(sqlite3.connect(deleted)) as database:
        assert database.execute("SELECT count(*) FROM documents").fetchone() == (20,)


def test_a_write_ahead_log_is_cleaned_with_its_database(tmp_path: Path) -> None:
    """Cleaning removes a value that is only in SQLite's write-ahead log.

    Afterwards neither the log nor the database contains it.
    """
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (x text)")
        database.execute("INSERT INTO t VALUES (?)", [PLAIN])
        database.commit()
        assert find_canary(tmp_path / "a.db-wal") != []
        assert clean(matcher_for(planted=PLAIN), path).uncleaned_files == []
    assert find_canary(tmp_path) == []


def test_files_that_can_not_be_cleaned_are_reported(tmp_path: Path) -> None:
    """A binary file, a read-only file and an open database do not change.

    A database in which a mask would violate a constraint does not change either.
    """
    binary, locked, busy, unique = (tmp_path / name for name in ("a.bin", "a.py", "busy.db", "unique.db"))
    binary.write_bytes(b"\0" + PLAIN.encode())
    locked.write_text(PLAIN, encoding="utf-8")
    locked.chmod(0o444)
    write_history(busy, PLAIN)
    with closing(sqlite3.connect(unique)) as database, database:
        database.execute("CREATE TABLE t (x text UNIQUE)")
        # The mask would be in two rows of a unique column.
        database.executemany("INSERT INTO t VALUES (?)", [(MASK,), (PLAIN,)])
    with closing(sqlite3.connect(busy)) as database:
        database.execute("BEGIN EXCLUSIVE")
        cleaned = clean(matcher_for(planted=PLAIN), binary, locked, busy, unique)
    reasons = {Path(skipped.path).name: skipped.reason for skipped in cleaned.uncleaned_files}
    assert reasons == {
        "a.bin": "it is neither text nor a database: create it again, or delete it",
        "a.py": "it is read-only",
        "busy.db": "another program has it open",
        "unique.db": "table t, row 2, column x can't be replaced",
    }
    assert [find_canary(path) != [] for path in (binary, locked, busy, unique)] == [True] * 4


def test_a_file_that_changes_before_it_is_replaced_is_not_cleaned(tmp_path: Path) -> None:
    """A file that another program changes after it is read is not cleaned.

    So the change is not lost.
    """
    path = tmp_path / "a.py"
    path.write_text(PLAIN, encoding="utf-8")
    cleaner = Cleaner(matcher_for(planted=PLAIN))
    files, _ = cleaner.read([path])
    path.write_text(f"{PLAIN} and more", encoding="utf-8")
    assert [skipped.reason for skipped in cleaner.clean(files).uncleaned_files] == ["it changed in the meantime"]
    assert path.read_text(encoding="utf-8") == f"{PLAIN} and more"


def test_a_sealed_backup_restores_all_files(tmp_path: Path) -> None:
    """The restored files are equal byte for byte.

    The backup contains no plain value, and its mode is 0600.
    """
    folder = tmp_path / "folder"
    folder.mkdir()
    write_notebook(folder / "a.ipynb", code=VALUE)
    write_history(folder / "h.sqlite", VALUE)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    backup = tmp_path / "backup.sealed"
    files, _ = Cleaner(matcher_for(planted=VALUE)).read(folder.iterdir())
    # "open" is the passphrase of the backup.
    write_backup(backup, files, "open")
    assert find_canary(backup) == []
    assert backup.stat().st_mode & 0o777 == 0o600
    clean(matcher_for(planted=VALUE), *before)
    assert {path: path.read_bytes() for path in folder.iterdir()} != before
    assert set(restore(str(backup), lambda _: "open", [str(tmp_path)])) == set(before)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_fingerprints_clean_files_like_values(tmp_path: Path) -> None:
    """A value can be removed by its fingerprint, without the value."""
    path = tmp_path / "a.ipynb"
    write_notebook(path, code=f"'{PLAIN}'", stream=PLAIN.encode().hex())
    # "f" is the name of the file of fingerprints in error messages.
    clean(FingerprintMatcher(export([(PLAIN, "planted.key")])[0], "f"), path)
    after = nbformat.read(path, as_version=4)
    assert "'{{planted.key}}'" in after.cells[0].source
    assert MASK in after.cells[0].outputs[0].text
