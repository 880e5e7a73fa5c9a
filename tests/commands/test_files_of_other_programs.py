"""Commands that read and write files, with files that another program or another person wrote."""

from __future__ import annotations

import base64
import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import run
from tests.support.scripted_user import ScriptedUser
from zensecrets_jupyter import cli
from zensecrets_jupyter.core.errors import UnwritableFileError
from zensecrets_jupyter.core.transfer import sealed_export
from zensecrets_jupyter.scan.backup import FORMAT_KEY
from zensecrets_jupyter.scan.fingerprints.store import FINGERPRINTS_VARIABLE, load_fingerprints
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.framework.outcome import Outcome

VALUE = f"{canary('other files')}é"
"""A value with a letter whose bytes differ in UTF-8, UTF-16 and code page 1252."""
NOTEBOOK = '{{"cells":[{{"cell_type":"code","metadata":{{}},"outputs":[],"source":["y = \'{}\'"]}}],"metadata":{{}},"nbformat":4}}'
"""A template for ``str.format``: the text of a notebook that assigns a value to ``y``."""


def _file_and_location_rows(outcome: Outcome) -> list[tuple[str, str]]:
    return sorted((row["file"], row["location"]) for row in outcome.value)


def test_files_with_other_encodings_are_scanned_and_cleaned() -> None:
    """Files in other encodings are cleaned, and links are not followed.

    The folder has UTF-16, a code page, a notebook with JSON escapes, magics in comments, and a link.
    """
    run("secret register db --key=?", VALUE)
    # Each letter is a JSON escape, such as \u007A. Other programs may write JSON so.
    escaped = "".join(f"\\u{ord(letter):04X}" for letter in VALUE)
    before = {
        "code_page.py": f"x = '{VALUE}' # é\n".encode("cp1252"),
        "databricks.py": f"# MAGIC %secret register db --key={VALUE}\n".encode(),
        "jupytext.py": f"# %secret register db --key={VALUE}\n".encode(),
        "other.ipynb": NOTEBOOK.format(escaped).encode(),
        "wide.py": f"x = '{VALUE}'\n".encode("utf-16"),
    }
    after = {
        "code_page.py": "x = '{{db.key}}' # é\n".encode("cp1252"),
        "databricks.py": b"# MAGIC %secret register db --key\n",
        "jupytext.py": b"# %secret register db --key\n",
        "other.ipynb": NOTEBOOK.format("{{db.key}}").encode(),
        "wide.py": "x = '{{db.key}}'\n".encode("utf-16"),
    }
    for name, content in before.items():
        Path(name).write_bytes(content)
    Path("link.py").symlink_to("jupytext.py")
    locations = [(name, "cell 1, line 1" if name.endswith("ipynb") else "line 1") for name in before]
    assert _file_and_location_rows(run("scan .")) == locations
    cleaned = run("clean . --no-backup")
    assert (cleaned.exit_code, [row["file"] for row in cleaned.value]) == (0, list(before))
    assert {path.name: path.read_bytes() for path in Path().iterdir() if not path.is_symlink()} == after
    assert Path("link.py").is_symlink()
    assert run("scan .").exit_code == 0


@pytest.mark.parametrize("path", ["/proc/self", "/sys/kernel", "link"])
def test_the_exit_code_is_2_if_a_file_was_skipped(path: str) -> None:
    """The output has the path of the skipped file, and the reason."""
    run("secret register db --key=?", VALUE)
    Path("link").symlink_to("/proc/self/environ")
    for command in (f"scan {path}", f"clean {path} --no-backup"):
        outcome = run(command)
        assert (outcome.exit_code, f"Not read: {path}: it shows the state of the system" in f"{outcome.message}{outcome.view}") == (2, True)


def test_a_backup_of_another_person_writes_only_below_named_folders(tmp_path: Path) -> None:
    """`clean --restore` writes only below the current folder, or below folders that the command names.

    The paths in a backup of another person may be harmful, such as that of `.bashrc`.
    """
    outside = tmp_path / "outside" / ".bashrc"
    outside.parent.mkdir()
    content = {str(outside): base64.b64encode(b"written").decode()}
    Path("backup.sealed").write_text(sealed_export.seal(json.dumps({FORMAT_KEY: 1, "files": content}), "open"))
    with pytest.raises(UnwritableFileError, match="Nothing was restored"):
        run("clean --restore backup.sealed", asker=ScriptedUser("open"))
    assert not outside.exists()
    run(f"clean --restore backup.sealed {outside.parent}", asker=ScriptedUser("open"))
    assert outside.read_bytes() == b"written"


def test_fingerprints_are_stored_on_file_systems_without_hard_links(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Registration stores fingerprints without a hard link, and prints no warning.

    Some file systems, such as exFAT, have no hard links.
    """

    def refuse(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setenv(FINGERPRINTS_VARIABLE, "on")
    assert cli.run(["secret", "register", "db", f"--key={VALUE}"]) == 0
    # The key of the secret has the name "key".
    assert capfd.readouterr() == ("Registered secret 'db' with key key.\n", "")
    matcher = load_fingerprints()
    assert (matcher.names, matcher.damaged_line_count) == (["db.key"], 0)


@pytest.mark.parametrize("sign", ["/", "#"])
def test_no_command_shows_the_password_of_a_url(sign: str) -> None:
    """A password may contain `/` or `#`. No command shows a part of it.

    For a URL parser, the host ends at the first of these signs, so the rest of the password looks like a path or a fragment.
    """
    url = f"postgresql://u:p{sign}{canary('address')}@127.0.0.1:1/db"
    # No server listens on port 1, so each command that needs the database fails.
    outcomes = [run("secrets-manager register pg --flavor=sql --url=?", url), run("secrets-manager describe pg")]
    outcomes += [run("secrets-manager list"), run("stack update default -x pg"), run("stack describe"), run("stack export default s.yaml")]
    with pytest.raises(Exception, match="does not answer") as caught:
        run("secret list")
    assert find_canary(f"{caught.value}{[(outcome.message, str(outcome.value), str(outcome.view)) for outcome in outcomes]}") == []
    assert find_canary(Path("s.yaml")) == []
