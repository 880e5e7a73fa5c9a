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


def _start_in_terminal(*words: str, folder: Path) -> pexpect.spawn[str]:
    # `clean` seals its backup with this passphrase.
    environment = {"TERM": "xterm", "ZENSECRETS_PASSPHRASE": "open"}
    return spawn_in_terminal(str(ZENSECRETS), words, environment, folder=folder, seconds=120, size=(24, 80))


def _write_large_files(folder: Path) -> None:
    """Register ``VALUE``, and write 40 files of 8 MB, each with the value at its end."""
    folder.mkdir()
    assert run_zensecrets("secret", "register", "db", f"--password={VALUE}").returncode == 0
    for number in range(40):
        (folder / f"{number:02}.log").write_bytes(os.urandom(1_000_000).hex().encode() * 4 + VALUE.encode())


def test_a_long_scan_shows_a_bar_only_in_a_terminal(tmp_path: Path) -> None:
    """The progress bar appears after a second. If the output is piped, there is no progress bar."""
    folder, fingerprint_file = tmp_path / "folder", str(tmp_path / "fingerprints")
    folder.mkdir()
    assert run_zensecrets("secret", "register", "db", f"--password={VALUE}").returncode == 0
    assert run_zensecrets("fingerprints", "export", fingerprint_file).returncode == 0
    for number in range(8):
        # A search with fingerprints takes almost a second for each megabyte.
        (folder / f"{number}.log").write_bytes(os.urandom(500_000).hex().encode() + b" " + VALUE.encode())
    process = _start_in_terminal("scan", ".", "--fingerprints", fingerprint_file, folder=folder)
    # The bar shows the searched size and the total size, such as 2.1/8.0 MB.
    process.expect(r"\d/\d+\.\d MB")
    process.expect(pexpect.EOF)
    process.close()
    assert process.exitstatus == 1
    assert "Found 8 values" in str(process.before)
    assert find_canary(str(process.before)) == []
    process_without_terminal = run_zensecrets("scan", ".", "--fingerprints", fingerprint_file, folder=folder)
    assert (process_without_terminal.returncode, process_without_terminal.stderr) == (1, "")


def test_ctrl_c_damages_no_file(tmp_path: Path) -> None:
    """After Ctrl-C, each file is either unchanged or clean, and `clean` leaves no temporary files."""
    folder = tmp_path / "folder"
    _write_large_files(folder)
    files_before = {path.name: path.read_bytes() for path in folder.iterdir()}
    # The command searches for values before it changes files. The two delays make Ctrl-C interrupt different stages.
    for seconds in (1.5, 4):
        process = _start_in_terminal("clean", ".", folder=folder)
        time.sleep(seconds)
        process.sendintr()
        process.expect(pexpect.EOF)
        process.close()
        files_after = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert files_after.keys() == files_before.keys()
        mask = "‹secret:db.password›".encode()
        for name, content in files_before.items():
            assert files_after[name] in {content, content.replace(VALUE.encode(), mask)}, name
