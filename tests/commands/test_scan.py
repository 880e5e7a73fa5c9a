"""The commands `scan`, `clean` and `fingerprints`: their reports, which never contain a value."""

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
    """Register a secret, write its value to some files, and return the value."""
    value = canary("command")
    # The value of "short" is too short to be searched for.
    run("secret register db --password=? --short=abc", value)
    write_notebook(Path("a.ipynb"), code=f"'{value}'", html=value, metadata=value.encode().hex())
    write_history(Path("history.sqlite"), f"login({value})")
    Path("clean.txt").write_text("nothing", encoding="utf-8")
    return value


def shown_text(outcome: Outcome) -> str:
    """Return all texts of an outcome that a user sees, and check that they contain no value."""
    parts = [str(outcome.value), outcome.message, str(outcome.view)]
    if isinstance(outcome.value, Table):
        parts += [outcome.value.plain(), outcome.value._repr_html_()]
    assert find_canary("\n".join(parts)) == []
    return "\n".join(parts)


def test_a_scan_reports_the_locations_of_values(value: str) -> None:
    """The exit code is 1. The notes say which values the scan can't find, and which secrets to rotate."""
    outcome = run("scan .")
    assert outcome.exit_code == 1
    assert isinstance(outcome.value, Table)
    assert sorted(tuple(row.values()) for row in outcome.value) == [
        ("a.ipynb", "cell 1, line 2", "db.password", "plain"),
        ("a.ipynb", "cell 1, output 2, text/html", "db.password", "plain"),
        ("a.ipynb", "metadata, about", "db.password", "hexadecimal"),
        ("history.sqlite", "table history, row 1, column source", "db.password", "plain"),
    ]
    text = shown_text(outcome)
    assert "Rotate these secrets: db.password." in text
    assert "Not searched for: db.short: it has fewer than 6 characters." in text
    assert run("secret scan clean.txt").exit_code == 0
    assert "Found no value in 1 file" in shown_text(run("scan clean.txt"))


def test_the_json_report_has_all_findings(value: str) -> None:
    """The report has the line of each finding, the skipped files and the secrets to rotate."""
    outcome = run("scan . --format json")
    document = json.loads(outcome.value)
    shown_text(outcome)
    assert outcome.exit_code == 1
    assert document["rotate"] == ["db.password"]
    assert (document["files"], document["unread"]) == (3, [])
    # "form" is the encoding, and "whole" is whether the finding is a whole value and not a part of one.
    first_finding = document["findings"][0]
    assert (first_finding["path"], first_finding["secret"], first_finding["form"], first_finding["whole"]) == (
        "a.ipynb",
        "db.password",
        "plain",
        True,
    )
    assert value in Path("a.ipynb").read_text(encoding="utf-8").splitlines()[first_finding["line"] - 1]


def test_the_sarif_report_fits_code_hosts(value: str) -> None:
    """The report is SARIF 2.1.0. Each result has a rule, a relative path and a line."""
    outcome = run("scan . --format sarif")
    document = json.loads(outcome.value)
    shown_text(outcome)
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run_report,) = document["runs"]
    rules = [rule["id"] for rule in run_report["tool"]["driver"]["rules"]]
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in run_report["tool"]["driver"]["rules"])
    assert len(run_report["results"]) == 4
    for result in run_report["results"]:
        location = result["locations"][0]["physicalLocation"]
        assert rules[result["ruleIndex"]] == result["ruleId"] == "zensecrets/known-value"
        assert result["level"] == "error"
        assert not Path(location["artifactLocation"]["uri"]).is_absolute()
        assert location["region"]["startLine"] >= 1
        assert result["message"]["text"]
    # By this fingerprint, a code host recognizes the same finding in a later report.
    identities = [result["partialFingerprints"]["zensecretsPlace/v1"] for result in run_report["results"]]
    assert len(set(identities)) == 4


def test_unknown_secrets_are_found_in_cells(value: str) -> None:
    """With --unknown, a finding has the type of the possible secret. Values of registered secrets are not reported as unknown."""
    # The key is written in two parts, so that secret scanners do not report this file.
    key = "AKIA" + "IOSFODNN7WZQRTXK"
    write_notebook(Path("b.ipynb"), code=f"aws = '{key}'", plain=f"key: {key}")
    outcome = run("scan . --unknown")
    unknown = [tuple(row.values()) for row in outcome.value if row["encoding"] == "unknown"]
    assert set(unknown) == {
        ("b.ipynb", "cell 1, line 2", "AWS Access Key", "unknown"),
        ("b.ipynb", "cell 1, output 2, text/plain", "AWS Access Key", "unknown"),
    }
    assert key not in shown_text(outcome)


def test_a_scan_with_fingerprints_finds_the_same_values(value: str) -> None:
    """The scan needs only the exported file, and no stored secret. Values that are easy to guess get no fingerprint."""
    text = shown_text(run("fingerprints export prints"))
    assert "1 value to prints" in text
    assert "db.short: it has fewer than 12 characters" in text
    assert find_canary(Path("prints")) == []
    run("secret register weak --key=Winter2024!")
    with pytest.raises(UsageProblem, match="Nothing was written"):
        run("fingerprints export others weak")
    # This command deletes all secrets.
    run("secret cleanup -y")
    with pytest.raises(UsageProblem, match="nothing to search for"):
        run("scan .")
    outcome = run("scan . --fingerprints prints")
    assert outcome.exit_code == 1
    assert len(outcome.value) == 4
    shown_text(outcome)


def test_cleaning_writes_a_sealed_backup(value: str) -> None:
    """A dry run changes nothing. The message names the secrets to rotate, and the backup restores all files."""
    before = {path: path.read_bytes() for path in Path().iterdir()}
    planned = run("clean . --dry-run")
    assert "would be cleaned, after a backup" in shown_text(planned)
    assert {path: path.read_bytes() for path in Path().iterdir()} == before
    with pytest.raises(InteractionUnavailableError, match="ZENSECRETS_PASSPHRASE"):
        run("clean .")
    assert {path: path.read_bytes() for path in Path().iterdir()} == before
    # The passphrase of the backup is typed twice.
    user = ScriptedUser("open", "open")
    outcome = run("clean . --backup backup.sealed", asker=user)
    text = shown_text(outcome)
    assert outcome.exit_code == 0
    assert "Rotate these secrets, because they were in a file: db.password." in text
    assert find_canary(Path()) == []
    assert run("scan .").exit_code == 0
    nbformat.validate(nbformat.read("a.ipynb", as_version=4))
    assert Path("clean.txt").read_bytes() == before[Path("clean.txt")]
    assert run("clean .").value.title == "No file contains a value."
    restored = run("clean --restore backup.sealed", asker=ScriptedUser("open"))
    assert "a.ipynb" in restored.message
    assert {path: path.read_bytes() for path in before} == before
    assert user.unused_answers == []


def test_cleaning_without_a_backup_asks_for_no_passphrase(value: str) -> None:
    """No user answers here, so a prompt would raise an error. A binary file can't be cleaned, so the exit code is 1."""
    Path("data.bin").write_bytes(b"\0" + value.encode())
    outcome = run("clean . --no-backup")
    assert outcome.exit_code == 1
    assert "not cleaned: it is neither text nor a database" in shown_text(outcome)
    # A match reads: ENCODING at PATH:OFFSET.
    remaining_paths = [match.split(" at ")[1].split(":")[0] for match in find_canary(Path())]
    assert [Path(path).name for path in remaining_paths] == ["data.bin"]
