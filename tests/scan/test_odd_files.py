"""Special files, system folders and failing disks do not stop a scan or a cleaning. Hostile backups are not restored."""

from __future__ import annotations

import base64
import errno
import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.scan_files import matcher_for, write_history
from zensecrets_jupyter.core.errors import UnreadableFileError, UnwritableFileError, ZenSecretsError
from zensecrets_jupyter.core.transfer import sealed_export
from zensecrets_jupyter.scan import scanner
from zensecrets_jupyter.scan.backup import FORMAT_KEY, restore
from zensecrets_jupyter.scan.cleaner import Cleaner
from zensecrets_jupyter.scan.scanner import Scanner
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.

VALUE = canary("odd")
MATCHER = matcher_for(odd=VALUE)


@pytest.fixture(autouse=True)
def _folder_with_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test in a folder whose file ``found.txt`` contains the value."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "found.txt").write_text(VALUE)


def test_special_files_do_not_stop_a_scan(tmp_path: Path) -> None:
    """The scan finds the value in a normal file next to unusual files.

    The others are a pipe, a socket, a huge file, a file with a long path, and a damaged database. The scan reports that it skips the huge
    file and the long path.
    """
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as server_socket:
        server_socket.bind("socket")
    with Path("endless").open("wb") as file:
        # A sparse file of 8 TiB.
        file.truncate(2**43)
    Path("damaged.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    for _ in range(30):
        # The whole path is longer than PATH_MAX, so each call uses one name.
        os.mkdir("d" * 200)  # noqa: PTH102 - os.chdir on the next line has no counterpart in pathlib
        os.chdir("d" * 200)
    Path("deep.txt").write_text(VALUE)
    os.chdir(tmp_path)
    report = Scanner(MATCHER).scan(["."])
    assert [finding.path for finding in report.findings] == ["found.txt"]
    # The keys are the first three letters of the names: of the folders "ddd…" and of the file "endless".
    reasons = {Path(skipped.path).name[:3]: skipped.reason for skipped in report.skipped_files}
    assert reasons == {"ddd": "its path is too long", "end": "it has more than 16 GiB; to scan it, pipe it in"}


def test_file_systems_with_the_state_of_the_kernel_are_skipped(tmp_path: Path) -> None:
    """Reading files under /proc and /sys may never end, may block or may have side effects."""
    Path("link").symlink_to("/proc/self/environ")
    # A scan does not follow links to folders, so this link is not reported.
    Path("folder").symlink_to("/proc")
    report = Scanner(MATCHER).scan(["/proc", "/sys", "/proc/kmsg", "."])
    assert [finding.path for finding in report.findings] == ["found.txt"]
    assert {skipped.path for skipped in report.skipped_files} == {"/proc", "/sys", "/proc/kmsg", "link"}
    assert {skipped.reason for skipped in report.skipped_files} == {"it shows the state of the system, and contains no files"}


@pytest.mark.parametrize(("name", "description"), [("/dev/zero", "a device"), ("pipe", "a pipe"), ("socket", "a socket")])
def test_a_special_file_as_a_path_is_an_error(name: str, description: str) -> None:
    """The error suggests to pipe the data into the scan."""
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as server_socket:
        server_socket.bind("socket")
    with pytest.raises(UnreadableFileError, match=f"'{name}' is {description}, .*zensecrets scan -"):
        Scanner(MATCHER).scan([name])


def test_a_file_that_grows_beyond_the_limit_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log may grow faster than the scan reads it. In this test, the scan gets the size 0 before it reads the file."""
    monkeypatch.setattr(scanner, "MAX_FILE_SIZE", 1000)
    monkeypatch.setattr(scanner, "CHUNK_SIZE", 100)
    monkeypatch.setattr(scanner, "_file_size", lambda _path: 0)
    Path("growing").write_bytes(b"x" * 5000)
    report = Scanner(MATCHER).scan(["growing"])
    assert "has more than" in report.skipped_files[0].reason


def test_a_long_path_in_an_error_is_shortened() -> None:
    """The error shows both ends of the path."""
    error = ZenSecretsError(f"The file {'x/' * 6000}end.txt can't be read.", hint=f"Look at {'y' * 9000}.")
    assert len(str(error)) < 500
    assert "end.txt can't be read. Look at yyy" in str(error)
    # The message without the hint is shortened too.
    assert len(error.args[0]) < 300


@pytest.mark.parametrize(
    ("error_number", "reason"),
    [(errno.ENOSPC, "full"), (errno.EIO, "failing"), (errno.EROFS, "read-only"), (errno.EDQUOT, "quota"), (errno.EFBIG, "size limit")],
)
def test_a_disk_error_is_reported_and_the_other_files_are_cleaned(error_number: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ``fsync`` fails, so ``found.txt`` does not change. No temporary file remains."""
    Path("other.txt").write_text(VALUE)
    real_fsync: Callable[[int], None] = os.fsync
    descriptors: list[int] = []

    def fail_once(descriptor: int) -> None:
        descriptors.append(descriptor)
        if len(descriptors) == 1:
            raise OSError(error_number, os.strerror(error_number))
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_once)
    cleaner = Cleaner(MATCHER)
    files, _ = cleaner.read([Path("found.txt"), Path("other.txt")])
    result = cleaner.clean(files)
    assert result.cleaned_files == [Path("other.txt")]
    (skipped,) = result.uncleaned_files
    assert (skipped.path, reason in skipped.reason) == ("found.txt", True)
    assert Path("found.txt").read_text() == VALUE
    assert sorted(path.name for path in Path().iterdir()) == ["found.txt", "other.txt"]


def test_a_database_with_the_longest_possible_name_is_read() -> None:
    """The database is read without a journal of SQLite, whose name would be too long."""
    name = "d" * 252 + ".db"
    # SQLite can't create a database with the long name.
    write_history(Path("short.db"), VALUE)
    Path("short.db").rename(name)
    files, skipped = Cleaner(MATCHER).read([Path(name)])
    assert (list(files), skipped) == ([Path(name)], [])


def write_hostile_backup(*names: str) -> str:
    """Write a backup as an attacker could, and return the name of the backup.

    The backup contains files with the paths ``names``. Its passphrase is ``open``.
    """
    content = {name: base64.b64encode(b"planted").decode() for name in names}
    Path("hostile.sealed").write_text(sealed_export.seal(json.dumps({FORMAT_KEY: 1, "files": content}), "open"))
    return "hostile.sealed"


def test_a_backup_writes_only_below_the_named_folders(tmp_path: Path) -> None:
    """Nothing is restored if the backup has a path that is not allowed.

    A path is allowed if it is absolute and below a folder in the last argument of ``restore``. Folders of tools such as .git are excluded.
    """
    outside = tmp_path.parent / "outside"
    outside.mkdir()
    Path("link").symlink_to(outside)
    Path(".git", "hooks").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    names = [
        str(outside / "x"),
        f"{tmp_path}/../outside/x",
        f"{tmp_path}/link/x",
        f"{tmp_path}/.git/hooks/post-checkout",
        "relative.txt",
        "~/x",
        f"{tmp_path}/nul\0",
    ]
    with pytest.raises(UnwritableFileError, match=r"7 of its 8 files outside .*Nothing was restored"):
        restore(write_hostile_backup(str(tmp_path / "found.txt"), *names), lambda _prompt: "open", ["."])
    assert Path("found.txt").read_text() == VALUE
    assert list(outside.iterdir()) == []
    assert sorted(set(tmp_path.rglob("*")) - {tmp_path / "hostile.sealed"}) == before
    assert restore(write_hostile_backup(str(outside / "x")), lambda _prompt: "open", [str(outside)]) == [outside / "x"]
    assert not find_canary(outside)


@pytest.mark.parametrize("name", ["/dev/zero", "pipe", "/proc/kmsg", "x" * 12_000])
def test_a_special_file_as_a_backup_is_an_error(name: str) -> None:
    """A device, a pipe or a path that is too long is not a backup. The error comes at once: reading a device or a pipe may never end."""
    os.mkfifo("pipe")
    with pytest.raises(UnreadableFileError, match="not a readable backup"):
        restore(name, lambda _prompt: "open", ["."])


@pytest.mark.parametrize("text", ["[" * 100_000, '{"zensecrets_backup": 1, "files": [1]}'])
def test_another_sealed_file_as_a_backup_is_an_error(text: str) -> None:
    """The sealed text is JSON, but not the JSON of a backup."""
    Path("hostile.sealed").write_text(sealed_export.seal(text, "open"))
    with pytest.raises(UnreadableFileError, match="is not a backup"):
        restore("hostile.sealed", lambda _prompt: "open", ["."])
