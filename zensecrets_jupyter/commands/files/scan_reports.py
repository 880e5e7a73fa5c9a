"""Reports of a scan: as a table, as JSON, and as SARIF for code hosts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.core.text import counted
from zensecrets_jupyter.scan.file_walk import shorten_path

if TYPE_CHECKING:
    from zensecrets_jupyter.scan.findings import Finding, ScanReport

UNREAD_EXIT_CODE = 2
"""The exit code if no value was found, but a file could not be read."""

FORMATS = ("text", "json", "sarif")


class _SarifRule(NamedTuple):
    """A rule of the SARIF report; SARIF assigns each finding to a rule.

    Attributes:
        name: The name of the rule.
        description: A short description, without a period.
        help_text: What a reader should do about a finding.
        level: The severity in SARIF: ``error`` or ``warning``.
    """

    name: str
    description: str
    help_text: str
    level: str


_KNOWN = "zensecrets/known-value"
_UNKNOWN = "zensecrets/possible-secret"
_RULES = {
    _KNOWN: _SarifRule(
        "KnownValue",
        "The value of a registered secret",
        "The file contains the value of a registered secret. Rotate the secret, and remove it from the file: zensecrets clean PATH",
        "error",
    ),
    _UNKNOWN: _SarifRule(
        "PossibleSecret",
        "A text that looks like a secret",
        "If the text is a secret, register and rotate it, and write the reference {{name.key}} instead.",
        "warning",
    ),
}
"""The rules by their id: one for values of registered secrets, and one for findings of ``scan --unknown``."""


def as_table(report: ScanReport, note: str = "") -> Table:
    """Return the findings as a table with notes; ``note`` is an additional one."""
    rows = [
        (finding.path, finding.location, finding.name, finding.encoding if finding.is_whole else f"{finding.encoding}, a part")
        for finding in report.findings
    ]
    searched_files = f"{counted(report.file_count, 'file')} ({report.byte_count / 1e6:.1f} MB)"
    title = f"Found {counted(len(rows), 'value')} in {searched_files}" if rows else f"Found no value in {searched_files}"
    notes = [f"Not read: {shorten_path(unread.path)}: {unread.reason}." for unread in report.skipped_files]
    notes += [note] if note else []
    if report.names:
        notes.append(f"Rotate these secrets: {', '.join(report.names)}. To remove them from the files: %zen clean PATH")
    return Table(["file", "location", "secret", "encoding"], rows, title=title, note="\n".join(notes))


def as_json(report: ScanReport) -> str:
    """Return the report as JSON.

    The JSON key ``place`` contains the location of a value, and ``form`` contains its encoding. These two JSON keys must not be renamed to
    the usual terms, because other programs read the report.
    """
    findings = [
        {
            "path": finding.path,
            "place": finding.location,
            "line": finding.line or None,
            "secret": finding.name,
            "form": finding.encoding,
            "whole": finding.is_whole,
        }
        for finding in report.findings
    ]
    unread = [file._asdict() for file in report.skipped_files]
    document = {"findings": findings, "unread": unread, "rotate": report.names, "files": report.file_count, "bytes": report.byte_count}
    return json.dumps(document, indent=2)


def as_sarif(report: ScanReport) -> str:
    """Return the report as SARIF 2.1.0 (OASIS) with the properties that GitHub requires."""
    from importlib.metadata import version

    driver = {
        "name": "zensecrets",
        "semanticVersion": version("zensecrets-jupyter"),
        "rules": [
            {
                "id": rule_id,
                "name": rule.name,
                "shortDescription": {"text": rule.description},
                "fullDescription": {"text": f"{rule.description}."},
                "help": {"text": rule.help_text},
                "defaultConfiguration": {"level": rule.level},
                # Code hosts show 9.0 as critical, and 5.0 as medium.
                "properties": {"tags": ["security"], "security-severity": "9.0" if rule.level == "error" else "5.0"},
            }
            for rule_id, rule in _RULES.items()
        ],
    }
    unread = [{"level": "warning", "message": {"text": f"{file.path} was not read: {file.reason}."}} for file in report.skipped_files]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": unread}],
        "results": [_sarif_result(finding) for finding in report.findings],
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2)


def _sarif_result(finding: Finding) -> dict[str, Any]:
    rule_id = _KNOWN if finding.is_known else _UNKNOWN
    summary = (
        f"This is the value of {finding.name} ({finding.encoding})" if finding.is_known else f"This looks like a secret ({finding.name})"
    )
    # By this hash, a code host recognizes the same finding in a later report. Therefore the name of the hash, zensecretsPlace/v1, is fixed,
    # although "place" means the location.
    attributes = (finding.path, finding.location, finding.name, finding.encoding)
    identity = hashlib.sha256("\0".join(attributes).encode("utf-8", "replace")).hexdigest()
    # Lines in SARIF start at 1. A finding in a file without lines has the line 0.
    return {
        "ruleId": rule_id,
        "ruleIndex": list(_RULES).index(rule_id),
        "level": _RULES[rule_id].level,
        "message": {"text": f"{summary}: {finding.location}."},
        "locations": [
            {"physicalLocation": {"artifactLocation": _artifact_location(finding.path), "region": {"startLine": max(finding.line, 1)}}},
        ],
        "partialFingerprints": {"zensecretsPlace/v1": identity},
    }


def _artifact_location(path: str) -> dict[str, str]:
    # A code host identifies a file by its path in the repository. In a CI job, the current folder is the repository,
    # which has the conventional name %SRCROOT% in SARIF.
    absolute = Path(path).absolute()
    if absolute.is_relative_to(Path.cwd()):
        return {"uri": quote(absolute.relative_to(Path.cwd()).as_posix(), errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}
    return {"uri": f"file://{quote(absolute.as_posix(), errors='surrogateescape')}"}
