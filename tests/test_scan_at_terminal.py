"""`scan` and `clean` in a terminal: the progress bar and Ctrl-C."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pexpect

from tests.support.terminal import ZENSECRETS, run_zensecrets, spawn_in_terminal
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

VALUE = canary("terminal")


def _start(*words: str, folder: Path) -> pexpect.spawn[str]:
    environment = {"TERM": "xterm", "ZENSECRETS_PASSPHRASE": "open"}
    return spawn_in_terminal(str(ZENSECRETS), words, environment, folder=folder, seconds=120, size=(24, 80))


def _write_large_files(folder: Path) -> None:
    folder.mkdir()
    assert run_zensecrets("secret", "register", "db", f"--password={VALUE}").returncode == 0
    for number in range(40):
        (folder / f"{number:02}.log").write_bytes(os.urandom(1_000_000).hex().encode() * 4 + VALUE.encode())


def test_a_long_scan_shows_a_bar_only_in_a_terminal(tmp_path: Path) -> None:
    """The progress bar appears after a second. If the output is piped, there is no progress bar."""
    folder, fingerprints = tmp_path / "folder", str(tmp_path / "fingerprints")
    folder.mkdir()
    assert run_zensecrets("secret", "register", "db", f"--password={VALUE}").returncode == 0
    assert run_zensecrets("fingerprints", "export", fingerprints).returncode == 0
    for number in range(8):
        # A search with fingerprints takes almost a second for each megabyte.
        (folder / f"{number}.log").write_bytes(os.urandom(500_000).hex().encode() + b" " + VALUE.encode())
    process = _start("scan", ".", "--fingerprints", fingerprints, folder=folder)
    process.expect(r"\d/\d+\.\d MB")
    process.expect(pexpect.EOF)
    process.close()
    assert process.exitstatus == 1
    assert "Found 8 values" in str(process.before)
    assert find_canary(str(process.before)) == []
    piped = run_zensecrets("scan", ".", "--fingerprints", fingerprints, folder=folder)
    assert (piped.returncode, piped.stderr) == (1, "")


def test_ctrl_c_damages_no_file(tmp_path: Path) -> None:
    """After Ctrl-C, each file is either unchanged or clean, and `clean` leaves no temporary files."""
    folder = tmp_path / "folder"
    _write_large_files(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for seconds in (1.5, 4):
        process = _start("clean", ".", folder=folder)
        time.sleep(seconds)
        process.sendintr()
        process.expect(pexpect.EOF)
        process.close()
        after = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert after.keys() == before.keys()
        clean = "‹secret:db.password›".encode()
        assert all(after[name] in {data, data.replace(VALUE.encode(), clean)} for name, data in before.items())
