"""Files of other programs: their encodings, their way of writing JSON, their notebooks, and their links."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.planting import matcher_of, special_canary
from zensecrets_jupyter.scan.cleaner import Cleaner
from zensecrets_jupyter.scan.file_walk import files_under
from zensecrets_jupyter.scan.fingerprints.file_format import export
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.scanner import Scanner
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once

ACCENTS = f'{canary("accents")}é/ü"ß'
ENCODINGS = ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
KNOWN = matcher_of(accents=ACCENTS)
PRINTS = FingerprintMatcher(export([(ACCENTS, "accents.key")])[0], "prints")
NOTEBOOK = (
    '{{"cells":[{{"cell_type":"code","metadata":{{}},"outputs":[],"execution_count":null,"source":["é\\n","y = \'{}\'\\n"]}}],'
    '"metadata":{{}},"nbformat":4,"nbformat_minor":5}}'
)


def units(text: str) -> list[str]:
    """Return the JSON escape of every character."""
    return [json.dumps(f"{one}\N{SNOWMAN}")[1:-7] if ord(one) > 127 else f"\\u{ord(one):04X}" for one in text]


ESCAPES = {
    "as json.dumps does": json.dumps(ACCENTS)[1:-1],
    "not at all": json.dumps(ACCENTS, ensure_ascii=False)[1:-1],
    "as PHP does": json.dumps(ACCENTS)[1:-1].replace("/", "\\/"),
    "in capitals": json.dumps(ACCENTS)[1:-1].replace("\\u00e9", "\\u00E9"),
    "every character": "".join(units(ACCENTS)),
    "every second one": "".join(
        unit if at % 2 else json.dumps(one)[1:-1] for at, (one, unit) in enumerate(zip(ACCENTS, units(ACCENTS), strict=True))
    ),
}


def cleaned(path: Path) -> str:
    """Clean a file in which a scan finds the value, by itself and by its fingerprint, and return what it is then."""
    for looked in (KNOWN, PRINTS):
        assert {finding.name for finding in Scanner(looked).scan([str(path)]).findings} == {"accents.key"}
    cleaner = Cleaner(KNOWN)
    files, kept = cleaner.read([path])
    assert (kept, cleaner.clean(files).uncleaned) == ([], [])
    assert Scanner(KNOWN).scan([str(path)]).findings == []
    return path.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_text_stays_in_its_encoding(encoding: str, tmp_path: Path) -> None:
    """A scan says in which line a value stands; cleaning replaces it, and leaves encoding, byte order mark and line ends as they were."""
    path = tmp_path / "a.py"
    path.write_bytes(f"é = 1\r\nkey = '{ACCENTS}'\r\n".encode(encoding))
    (finding,) = Scanner(KNOWN).scan([str(path)]).findings
    assert (finding.location, finding.is_whole) == ("line 2", True)
    cleaned(path)
    assert path.read_bytes() == "é = 1\r\nkey = '{{accents.key}}'\r\n".encode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS[:-1])
def test_a_notebook_may_be_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    """However its JSON escapes a value it is found and cleaned, and nothing else changes."""
    for number, escaped in enumerate(ESCAPES.values()):
        path = tmp_path / f"{number}.ipynb"
        path.write_bytes(NOTEBOOK.format(escaped).encode(encoding))
        assert json.loads(path.read_bytes().decode(encoding))["cells"][0]["source"][1] == f"y = '{ACCENTS}'\n"
        cleaned(path)
        assert path.read_bytes() == NOTEBOOK.format("{{accents.key}}").encode(encoding)


@pytest.mark.parametrize("escaped", ESCAPES.values(), ids=list(ESCAPES))
def test_json_that_is_no_notebook(escaped: str, tmp_path: Path) -> None:
    """A value is found however JSON escapes it, and what is left is JSON."""
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"k": 1}}\n{{"k": "{escaped}"}}\n', encoding="utf-8")
    lines = cleaned(path).splitlines()
    assert [json.loads(line)["k"] for line in lines] == [1, json.loads(lines[1])["k"]]
    assert "accents.key" in lines[1]


@pytest.mark.parametrize("comment", ["# ", "#", "# MAGIC ", "// ", "-- MAGIC "])
@pytest.mark.parametrize("magic", ["%secret register", "%zen secret update", "!zensecrets secret create"])
def test_a_magic_in_a_script_loses_its_argument(comment: str, magic: str, tmp_path: Path) -> None:
    """As in a notebook: the line then asks for the value. Scripts of jupytext and of Databricks have magics as comments."""
    path = tmp_path / "a.py"
    path.write_text(f"# %%\n{comment}{magic} db --user=me --password='{ACCENTS}' --port=1\nx = '{ACCENTS}'\n", encoding="utf-8")
    assert cleaned(path) == f"# %%\n{comment}{magic} db --user=me --password --port=1\nx = '{{{{accents.key}}}}'\n"


def test_a_link_beside_its_target_is_one_file(tmp_path: Path) -> None:
    """It is looked at once, under its own name, and stays a link; two links to a file elsewhere are one too."""
    for folder in ("a", "b", "elsewhere"):
        (tmp_path / folder).mkdir()
    for name, target in {"a/0": "../b/real", "a/1": "../elsewhere/real", "a/2": "../elsewhere/real", "a/3": "nowhere"}.items():
        (tmp_path / name).symlink_to(target)
    value = special_canary()
    (tmp_path / "b" / "real").write_text(value)
    (tmp_path / "elsewhere" / "real").write_text(value)
    unread: list[object] = []
    found = files_under([str(tmp_path / "a"), str(tmp_path / "b")], unread)  # type: ignore[arg-type]
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a/1", "b/real"]
    looked = matcher_of(planted=value)
    cleaner = Cleaner(looked)
    files, _ = cleaner.read(found)
    assert len(cleaner.clean(files).files) == 2
    assert (tmp_path / "a" / "0").is_symlink()
    assert not find_canary(tmp_path)
    assert unread == []
