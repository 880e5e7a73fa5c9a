"""`scan`, `clean` and `fingerprints` by commands: what they tell, and that they never tell a value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.support.command_lines import run
from tests.support.scan_files import write_history, write_notebook
from tests.support.scripted_user import ScriptedUser
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.core.errors import InteractionUnavailableError
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.framework.outcome import Outcome


@pytest.fixture
def value() -> str:
    """Register a secret whose value is in some files, and return it."""
    value = canary("command")
    run("secret register db --password=? --short=abc", value)
    write_notebook(Path("a.ipynb"), code=f"'{value}'", html=value, metadata=value.encode().hex())
    write_history(Path("history.sqlite"), f"login({value})")
    Path("clean.txt").write_text("nothing", encoding="utf-8")
    return value


def shown(outcome: Outcome) -> str:
    """Return all that a user sees of an outcome, and look that no value is in it."""
    parts = [str(outcome.value), outcome.message, str(outcome.view)]
    if isinstance(outcome.value, Table):
        parts += [outcome.value.plain(), outcome.value._repr_html_()]
    assert find_canary("\n".join(parts)) == []
    return "\n".join(parts)


def test_a_scan_tells_where_values_are_and_ends_with_one(value: str) -> None:
    """The table names file, place, secret and form, what was not looked for, and what to rotate."""
    outcome = run("scan .")
    assert outcome.exit_code == 1
    assert isinstance(outcome.value, Table)
    assert sorted(tuple(row.values()) for row in outcome.value) == [
        ("a.ipynb", "cell 1, line 2", "db.password", "plain"),
        ("a.ipynb", "cell 1, output 2, text/html", "db.password", "plain"),
        ("a.ipynb", "metadata, about", "db.password", "hexadecimal"),
        ("history.sqlite", "table history, row 1, column source", "db.password", "plain"),
    ]
    text = shown(outcome)
    assert "Rotate these secrets: db.password." in text
    assert "Not searched for: db.short: it has fewer than 6 characters." in text
    assert run("secret scan clean.txt").exit_code == 0
    assert "Found no value in 1 file" in shown(run("scan clean.txt"))


def test_json_says_the_same_as_data(value: str) -> None:
    """Each finding with its line, what was not read, and what to rotate."""
    outcome = run("scan . --format json")
    document = json.loads(outcome.value)
    shown(outcome)
    assert outcome.exit_code == 1
    assert document["rotate"] == ["db.password"]
    assert (document["files"], document["unread"]) == (3, [])
    first = document["findings"][0]
    assert (first["path"], first["secret"], first["form"], first["whole"]) == ("a.ipynb", "db.password", "plain", True)
    assert value in Path("a.ipynb").read_text(encoding="utf-8").splitlines()[first["line"] - 1]


def test_sarif_is_what_a_code_host_takes(value: str) -> None:
    """Version 2.1.0, each result with a known rule, a relative place and a line."""
    outcome = run("scan . --format sarif")
    document = json.loads(outcome.value)
    shown(outcome)
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (ran,) = document["runs"]
    rules = [rule["id"] for rule in ran["tool"]["driver"]["rules"]]
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in ran["tool"]["driver"]["rules"])
    assert len(ran["results"]) == 4
    for result in ran["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert rules[result["ruleIndex"]] == result["ruleId"] == "zensecrets/known-value"
        assert result["level"] == "error"
        assert not Path(place["artifactLocation"]["uri"]).is_absolute()
        assert place["region"]["startLine"] >= 1
        assert result["message"]["text"]
    identities = [result["partialFingerprints"]["zensecretsPlace/v1"] for result in ran["results"]]
    assert len(set(identities)) == 4


def test_what_looks_like_a_secret_is_found_in_cells(value: str) -> None:
    """With --unknown, a planted key in a cell is found by its kind; what is known is not told twice, and nothing is told of code."""
    key = "AKIA" + "IOSFODNN7WZQRTXK"
    write_notebook(Path("b.ipynb"), code=f"aws = '{key}'", plain=f"key: {key}")
    outcome = run("scan . --unknown")
    found = [tuple(row.values()) for row in outcome.value if row["encoding"] == "unknown"]
    assert set(found) == {
        ("b.ipynb", "cell 1, line 2", "AWS Access Key", "unknown"),
        ("b.ipynb", "cell 1, output 2, text/plain", "AWS Access Key", "unknown"),
    }
    assert key not in shown(outcome)


def test_fingerprints_find_without_the_values(value: str) -> None:
    """The same places, with nothing in the store; what could be guessed is named and left out."""
    told = shown(run("fingerprints export prints"))
    assert "1 value to prints" in told
    assert "db.short: it has fewer than 12 characters" in told
    assert find_canary(Path("prints")) == []
    run("secret register weak --key=Winter2024!")
    with pytest.raises(UsageProblem, match="Nothing was written"):
        run("fingerprints export others weak")
    run("secret cleanup -y")
    with pytest.raises(UsageProblem, match="nothing to search for"):
        run("scan .")
    outcome = run("scan . --fingerprints prints")
    assert outcome.exit_code == 1
    assert len(outcome.value) == 4
    shown(outcome)


def test_cleaning_keeps_a_sealed_backup_and_names_what_to_rotate(value: str) -> None:
    """A dry run changes nothing; cleaning asks for a passphrase; a scan finds nothing then; the backup brings it all back."""
    before = {path: path.read_bytes() for path in Path().iterdir()}
    planned = run("clean . --dry-run")
    assert "would be cleaned, after a backup" in shown(planned)
    assert {path: path.read_bytes() for path in Path().iterdir()} == before
    with pytest.raises(InteractionUnavailableError, match="ZENSECRETS_PASSPHRASE"):
        run("clean .")
    assert {path: path.read_bytes() for path in Path().iterdir()} == before
    user = ScriptedUser("open", "open")
    outcome = run("clean . --backup kept.sealed", asker=user)
    text = shown(outcome)
    assert outcome.exit_code == 0
    assert "Rotate these secrets, because they were in a file: db.password." in text
    assert find_canary(Path()) == []
    assert run("scan .").exit_code == 0
    nbformat.validate(nbformat.read("a.ipynb", as_version=4))
    assert Path("clean.txt").read_bytes() == before[Path("clean.txt")]
    assert run("clean .").value.title == "No file contains a value."
    restored = run("clean --restore kept.sealed", asker=ScriptedUser("open"))
    assert "a.ipynb" in restored.message
    assert {path: path.read_bytes() for path in before} == before
    assert user.unused_answers == []


def test_cleaning_without_a_backup_says_so_on_purpose(value: str) -> None:
    """With --no-backup nobody is asked, and what can't be cleaned makes it end with one."""
    Path("data.bin").write_bytes(b"\0" + value.encode())
    outcome = run("clean . --no-backup")
    assert outcome.exit_code == 1
    assert "not cleaned: it is neither text nor a database" in shown(outcome)
    assert [Path(found.split(" at ")[1].split(":")[0]).name for found in find_canary(Path())] == ["data.bin"]
