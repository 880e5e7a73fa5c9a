"""Scanning and cleaning of files in other encodings, with other JSON escapes, and with links."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.scan_files import matcher_for, special_canary
from zensecrets_jupyter.scan.cleaner import Cleaner
from zensecrets_jupyter.scan.file_walk import files_under
from zensecrets_jupyter.scan.fingerprints.file_format import export
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.scanner import Scanner
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.

ACCENTS = f'{canary("accents")}é/ü"ß'
"""A value with characters that JSON can escape in several ways."""
ENCODINGS = ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
MATCHER = matcher_for(accents=ACCENTS)
FINGERPRINT_MATCHER = FingerprintMatcher(export([(ACCENTS, "accents.key")])[0], "prints")
NOTEBOOK = (
    '{{"cells":[{{"cell_type":"code","metadata":{{}},"outputs":[],"execution_count":null,"source":["é\\n","y = \'{}\'\\n"]}}],'
    '"metadata":{{}},"nbformat":4,"nbformat_minor":5}}'
)
"""A notebook in JSON, for ``str.format``: the argument replaces the single ``{}``."""


def unicode_escapes(text: str) -> list[str]:
    """Return each character of a text as a JSON escape with hexadecimal digits."""
    return [f"\\u{ord(character):04X}" if character.isascii() else json.dumps(character)[1:-1] for character in text]


ESCAPES = {
    "json.dumps": json.dumps(ACCENTS)[1:-1],
    "none": json.dumps(ACCENTS, ensure_ascii=False)[1:-1],
    "PHP": json.dumps(ACCENTS)[1:-1].replace("/", "\\/"),
    "upper case": json.dumps(ACCENTS)[1:-1].replace("\\u00e9", "\\u00E9"),
    "every character": "".join(unicode_escapes(ACCENTS)),
    "every second character": "".join(
        escape if index % 2 else json.dumps(character)[1:-1]
        for index, (character, escape) in enumerate(zip(ACCENTS, unicode_escapes(ACCENTS), strict=True))
    ),
}
"""The value as it stands in JSON, by the escapes that a program uses. "none" escapes only the quotation mark, as JSON requires."""


def clean(path: Path) -> str:
    """Check that both matchers find the value, clean the file, and return its new text."""
    for matcher in (MATCHER, FINGERPRINT_MATCHER):
        assert {finding.name for finding in Scanner(matcher).scan([str(path)]).findings} == {"accents.key"}
    cleaner = Cleaner(MATCHER)
    files, skipped = cleaner.read([path])
    assert (skipped, cleaner.clean(files).uncleaned_files) == ([], [])
    assert Scanner(MATCHER).scan([str(path)]).findings == []
    return path.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_cleaning_keeps_the_encoding_of_a_text(encoding: str, tmp_path: Path) -> None:
    """Cleaning keeps the encoding, the byte order mark and the line ends. A scan before it reports the line of the value."""
    path = tmp_path / "a.py"
    path.write_bytes(f"é = 1\r\nkey = '{ACCENTS}'\r\n".encode(encoding))
    (finding,) = Scanner(MATCHER).scan([str(path)]).findings
    assert (finding.location, finding.is_whole) == ("line 2", True)
    clean(path)
    assert path.read_bytes() == "é = 1\r\nkey = '{{accents.key}}'\r\n".encode(encoding)


@pytest.mark.parametrize("encoding", [encoding for encoding in ENCODINGS if encoding != "utf-32"])
def test_a_notebook_may_be_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    """A value with any JSON escapes is found and replaced, and nothing else changes. UTF-32 is tested only for other texts."""
    for number, escaped in enumerate(ESCAPES.values()):
        path = tmp_path / f"{number}.ipynb"
        path.write_bytes(NOTEBOOK.format(escaped).encode(encoding))
        assert json.loads(path.read_bytes().decode(encoding))["cells"][0]["source"][1] == f"y = '{ACCENTS}'\n"
        clean(path)
        assert path.read_bytes() == NOTEBOOK.format("{{accents.key}}").encode(encoding)


@pytest.mark.parametrize("escaped", ESCAPES.values(), ids=list(ESCAPES))
def test_values_in_other_json_files_are_replaced(escaped: str, tmp_path: Path) -> None:
    """A value with any JSON escapes is replaced, and the lines are still valid JSON."""
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"k": 1}}\n{{"k": "{escaped}"}}\n', encoding="utf-8")
    lines = clean(path).splitlines()
    # The first line is unchanged, and both lines can be parsed.
    assert [json.loads(line)["k"] for line in lines] == [1, json.loads(lines[1])["k"]]
    assert "accents.key" in lines[1]


@pytest.mark.parametrize("comment", ["# ", "#", "# MAGIC ", "// ", "-- MAGIC "])
@pytest.mark.parametrize("magic", ["%secret register", "%zen secret update", "!zensecrets secret create"])
def test_the_value_of_a_magic_in_a_script_is_removed(comment: str, magic: str, tmp_path: Path) -> None:
    """Only the name of the option remains, as in a notebook. Scripts of jupytext and Databricks contain magics as comments."""
    path = tmp_path / "a.py"
    path.write_text(f"# %%\n{comment}{magic} db --user=me --password='{ACCENTS}' --port=1\nx = '{ACCENTS}'\n", encoding="utf-8")
    assert clean(path) == f"# %%\n{comment}{magic} db --user=me --password --port=1\nx = '{{{{accents.key}}}}'\n"


def test_a_link_and_its_target_are_one_file(tmp_path: Path) -> None:
    """A scan reads a file with links once, by the path of the file itself.

    If only links are in the scanned folders, the scan reads the file once, by the path of the first link.
    """
    for folder in ("a", "b", "elsewhere"):
        (tmp_path / folder).mkdir()
    # The scanned folders are "a" and "b". The link "a/3" is broken.
    for name, target in {"a/0": "../b/real", "a/1": "../elsewhere/real", "a/2": "../elsewhere/real", "a/3": "nowhere"}.items():
        (tmp_path / name).symlink_to(target)
    value = special_canary()
    (tmp_path / "b" / "real").write_text(value)
    (tmp_path / "elsewhere" / "real").write_text(value)
    skipped: list[object] = []
    paths = files_under([str(tmp_path / "a"), str(tmp_path / "b")], skipped)  # type: ignore[arg-type]
    assert [str(path.relative_to(tmp_path)) for path in paths] == ["a/1", "b/real"]
    matcher = matcher_for(planted=value)
    cleaner = Cleaner(matcher)
    files, _ = cleaner.read(paths)
    assert len(cleaner.clean(files).cleaned_files) == 2
    assert (tmp_path / "a" / "0").is_symlink()
    assert not find_canary(tmp_path)
    assert skipped == []
