"""Files of other programs and other people, by the commands: what a user types and what it ends with."""

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
from zensecrets_jupyter.scan.fingerprints.store import VARIABLE, load_fingerprints
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.framework.outcome import Outcome

VALUE = f"{canary('other files')}é"
NOTEBOOK = '{{"cells":[{{"cell_type":"code","metadata":{{}},"outputs":[],"source":["y = \'{}\'"]}}],"metadata":{{}},"nbformat":4}}'


def _found(outcome: Outcome) -> list[tuple[str, str]]:
    return sorted((row["file"], row["location"]) for row in outcome.value)


def test_a_folder_of_other_programs() -> None:
    """UTF-16, a code page, other escapes of JSON, magics in comments, a link beside its target: each is found and cleaned once."""
    run("secret register db --key=?", VALUE)
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
    places = [(name, "cell 1, line 1" if name.endswith("ipynb") else "line 1") for name in before]
    assert _found(run("scan .")) == places
    cleaned = run("clean . --no-backup")
    assert (cleaned.exit_code, [row["file"] for row in cleaned.value]) == (0, list(before))
    assert {path.name: path.read_bytes() for path in Path().iterdir() if not path.is_symlink()} == after
    assert Path("link.py").is_symlink()
    assert run("scan .").exit_code == 0


@pytest.mark.parametrize("path", ["/proc/self", "/sys/kernel", "link"])
def test_what_is_not_looked_at_is_no_clean_bill(path: str) -> None:
    """A scan and a clean of it end with 2, at once, with the reason."""
    run("secret register db --key=?", VALUE)
    Path("link").symlink_to("/proc/self/environ")
    for command in (f"scan {path}", f"clean {path} --no-backup"):
        outcome = run(command)
        assert (outcome.exit_code, f"Not read: {path}: it shows the state of the system" in f"{outcome.message}{outcome.view}") == (2, True)


def test_a_backup_of_somebody_else_writes_nothing_elsewhere(tmp_path: Path) -> None:
    """`clean --restore` takes what is below the folder that it is called in, or below one that is named, and nothing of it else."""
    outside = tmp_path / "outside" / ".bashrc"
    outside.parent.mkdir()
    content = {str(outside): base64.b64encode(b"planted").decode()}
    Path("backup.sealed").write_text(sealed_export.seal(json.dumps({FORMAT_KEY: 1, "files": content}), "open"))
    with pytest.raises(UnwritableFileError, match="nothing was restored"):
        run("clean --restore backup.sealed", asker=ScriptedUser("open"))
    assert not outside.exists()
    run(f"clean --restore backup.sealed {outside.parent}", asker=ScriptedUser("open"))
    assert outside.read_bytes() == b"planted"


def test_fingerprints_are_kept_where_there_are_no_hard_links(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """As on exFAT and some network drives: the file is written all the same, and the command says nothing of it."""

    def refuse(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setenv(VARIABLE, "on")
    assert cli.run(["secret", "register", "db", f"--key={VALUE}"]) == 0
    assert capfd.readouterr() == ("Registered secret 'db' with key key.\n", "")
    known = load_fingerprints()
    assert (known.names, known.damaged) == (["db.key"], 0)


@pytest.mark.parametrize("sign", ["/", "#"])
def test_a_password_in_an_address_is_shown_by_no_command(sign: str) -> None:
    """Whatever sign in it ends an address's part: the part before it is no host, and none of it is shown."""
    address = f"postgresql://u:p{sign}{canary('address')}@127.0.0.1:1/db"
    told = [run("secrets-manager register pg --flavor=sql --url=?", address), run("secrets-manager describe pg")]
    told += [run("secrets-manager list"), run("stack update default -x pg"), run("stack describe"), run("stack export default s.yaml")]
    with pytest.raises(Exception, match="does not answer") as caught:
        run("secret list")
    assert find_canary(f"{caught.value}{[(one.message, str(one.value), str(one.view)) for one in told]}") == []
    assert find_canary(Path("s.yaml")) == []
