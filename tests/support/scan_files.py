"""Notebooks and databases that contain values, and the locations that a scan reports for them."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from zensecrets_jupyter.core.redaction.encoders import ENCODERS
from zensecrets_jupyter.scan.matchers import ValueMatcher
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from pathlib import Path

SPECIAL_CHARACTERS = "'\"\\é&<> ü/+=~🔑"
"""Characters that different encodings write in different ways."""


def special_canary(label: str = "") -> str:
    """Return a value that starts and ends with a canary, with special characters between them."""
    return f"{canary(label)}{SPECIAL_CHARACTERS}{canary('end')}"


def matcher_for(**values: str) -> ValueMatcher:
    """Return a matcher for the values of the arguments. The value of the argument ``db`` has the name ``db.key`` in matches."""
    matcher = ValueMatcher()
    for name, value in values.items():
        # An empty text means that the matcher can find the value.
        assert matcher.add(value, f"{name}.key") == ""
    return matcher


_WITHOUT_FINGERPRINT = frozenset({
    "xxd", "hexdump -C", "hexdump", "od", "od -c", "curl --trace", "wrapped table", "wrapped table of pipes", "in HTML spans",
    "terminal colors",
    "encoded words, Q", "encoded words, B", "base64 in YAML", "capitals", "small letters", "base85", "Ascii85", "PowerShell",
})  # fmt: skip
"""Names of encoders whose texts no fingerprint matches. They add text between the parts of a value, or change its letters."""


def encodings_of(value: str) -> dict[str, str]:
    """Return the encoded texts of a value, by the name of the encoding.

    Duplicates are left out, and encodings that a fingerprint does not match, because some tests search with fingerprints.
    """
    texts: dict[str, str] = {}
    for name, encode in ENCODERS.items():
        text = encode(value)
        if text not in texts.values() and name not in _WITHOUT_FINGERPRINT:
            texts[name] = text
    return texts


LOCATIONS = {
    "code": "cell 1, line 2",
    "markdown": "cell 2, line 1",
    "stream": "cell 1, output 1, text",
    "html": "cell 1, output 2, text/html",
    "plain": "cell 1, output 2, text/plain",
    "json": "cell 1, output 2, application/json, inner, y",
    "output metadata": "cell 1, output 2, metadata, seen",
    "error": "cell 1, output 3, evalue",
    "traceback": "cell 1, output 3, traceback",
    "cell metadata": "cell 1, metadata, note",
    "attachment": "cell 2, attachment, note.txt, text/plain",
    "metadata": "metadata, about",
    "key": "metadata, ‹secret:planted.key› (the key)",
    "widget state": "metadata, widgets, application/vnd.jupyter.widget-state+json, state, w1, state, value",
}
"""Parts of a notebook in which :func:`notebook` inserts a text, each with the location that a scan reports.

A value in the key of an object is masked in the location. The tests give it the name ``planted.key``.
"""


def notebook(**texts: str) -> nbformat.NotebookNode:
    """Return a notebook with texts in some of its parts. The names of the arguments are keys of :data:`LOCATIONS`."""

    def text_of(part: str) -> str:
        text = texts.get(part, "nothing")
        return f"some text {text} more text"

    state = {"w1": {"model_name": "TextModel", "model_module": "@jupyter-widgets/controls", "state": {"value": text_of("widget state")}}}
    outputs = [
        new_output("stream", name="stdout", text=f"line\n{text_of('stream')}\nline\n"),
        new_output(
            "display_data",
            {
                "text/html": f"<b>\n{text_of('html')}\n</b>",
                "text/plain": text_of("plain"),
                "application/json": {"inner": ["x", {"y": text_of("json")}]},
            },
            metadata={"seen": text_of("output metadata")},
        ),
        new_output("error", ename="E", evalue=text_of("error"), traceback=["frame", text_of("traceback")]),
    ]
    code = new_code_cell(f"x = 1\n# {text_of('code')}\ny = 2", outputs=outputs, metadata={"note": text_of("cell metadata")})
    encoded = base64.b64encode(text_of("attachment").encode()).decode()
    markdown = new_markdown_cell(text_of("markdown"), attachments={"note.txt": {"text/plain": encoded}})
    metadata: dict[str, Any] = {
        "about": text_of("metadata"),
        texts.get("key", "no key"): 1,
        "widgets": {"application/vnd.jupyter.widget-state+json": {"version_major": 2, "version_minor": 0, "state": state}},
    }
    document: nbformat.NotebookNode = new_notebook(cells=[code, markdown], metadata=metadata)
    nbformat.validate(document)
    return document


def write_notebook(path: Path, **texts: str) -> None:
    """Write :func:`notebook` to a file."""
    nbformat.write(notebook(**texts), path)


def write_history(path: Path, *sources: str) -> None:
    """Write a database like IPython's history, with one row for each source."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE history (session integer, line integer, source text, source_raw text, PRIMARY KEY (session, line))")
        database.executemany("INSERT INTO history VALUES (1, ?, ?, ?)", [(line, source, "x") for line, source in enumerate(sources)])


def write_database_with_deleted_row(path: Path, text: str) -> None:
    """Write a database with a deleted row, whose text is still in the file."""
    with closing(sqlite3.connect(path)) as database:
        # With this option, SQLite does not overwrite the bytes of a deleted row.
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE documents (id integer PRIMARY KEY, body text)")
        database.executemany("INSERT INTO documents (body) VALUES (?)", [(f"row {number}",) for number in range(20)])
        database.execute("INSERT INTO documents (body) VALUES (?)", [text])
        database.commit()
        database.execute("DELETE FROM documents WHERE body = ?", [text])
        database.commit()
