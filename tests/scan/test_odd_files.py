"""What lies about on a machine and is no file: it ends no scan, and each thing that was not looked at is told in few words."""

from __future__ import annotations

import base64
import errno
import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.planting import matcher_of, write_history
from zensecrets_jupyter.core.errors import UnreadableFileError, UnwritableFileError, ZenSecretsError
from zensecrets_jupyter.core.transfer import sealed_export
from zensecrets_jupyter.scan import scanner
from zensecrets_jupyter.scan.backup import FORMAT_KEY, restore
from zensecrets_jupyter.scan.cleaner import Cleaner
from zensecrets_jupyter.scan.scanner import Scanner
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = canary("odd")
KNOWN = matcher_of(odd=VALUE)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "found.txt").write_text(VALUE)


def test_what_is_no_file_ends_no_scan(tmp_path: Path) -> None:
    """Pipes, sockets, sparse files of terabytes, paths over PATH_MAX and a damaged database: the value beside them is found."""
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    with Path("endless").open("wb") as file:
        file.truncate(2**43)
    Path("damaged.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    for _ in range(30):
        # One step at a time: the whole path is longer than any call takes.
        os.mkdir("d" * 200)  # noqa: PTH102 - as above
        os.chdir("d" * 200)
    Path("deep.txt").write_text(VALUE)
    os.chdir(tmp_path)
    report = Scanner(KNOWN).scan(["."])
    assert [finding.path for finding in report.findings] == ["found.txt"]
    reasons = {Path(skipped.path).name[:3]: skipped.reason for skipped in report.skipped}
    assert reasons == {"ddd": "its path is too long", "end": "it holds more than 16 GiB; to have it searched, pipe it in"}


def test_what_shows_the_state_of_the_system_is_not_looked_at(tmp_path: Path) -> None:
    """/proc and /sys hold no files: some never end, some wait, some change something when they are read."""
    Path("link").symlink_to("/proc/self/environ")
    Path("folder").symlink_to("/proc")
    report = Scanner(KNOWN).scan(["/proc", "/sys", "/proc/kmsg", "."])
    assert [finding.path for finding in report.findings] == ["found.txt"]
    assert {skipped.path for skipped in report.skipped} == {"/proc", "/sys", "/proc/kmsg", "link"}
    assert {skipped.reason for skipped in report.skipped} == {"it shows the state of the system, and holds no files"}


@pytest.mark.parametrize(("name", "kind"), [("/dev/zero", "a device"), ("pipe", "a pipe"), ("socket", "a socket")])
def test_what_is_named_and_is_no_file_is_told(name: str, kind: str) -> None:
    """At once, with what to do instead."""
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    with pytest.raises(UnreadableFileError, match=f"'{name}' is {kind}, .*zensecrets scan -"):
        Scanner(KNOWN).scan([name])


def test_a_file_that_grows_while_it_is_read_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is written faster than it is searched is given up on."""
    monkeypatch.setattr(scanner, "LARGEST", 1000)
    monkeypatch.setattr(scanner, "CHUNK", 100)
    monkeypatch.setattr(scanner, "_size", lambda _path: 0)
    Path("growing").write_bytes(b"x" * 5000)
    report = Scanner(KNOWN).scan(["growing"])
    assert "holds more than" in report.skipped[0].reason


def test_no_error_carries_a_path_that_nobody_can_read() -> None:
    """Whichever error it is: both ends of a path of 12,000 characters are shown."""
    error = ZenSecretsError(f"The file {'x/' * 6000}end.txt can't be read.", hint=f"Look at {'y' * 9000}.")
    assert len(str(error)) < 500
    assert "end.txt can't be read. Look at yyy" in str(error)
    assert len(error.args[0]) < 300


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, "full"), (errno.EIO, "failing"), (errno.EROFS, "read-only"), (errno.EDQUOT, "quota"), (errno.EFBIG, "size limit")],
)
def test_a_failing_disk_is_named_and_the_rest_is_cleaned(number: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is told: cleaned, or why not; what could not be written is as it was."""
    Path("other.txt").write_text(VALUE)
    real: Callable[[int], None] = os.fsync
    calls: list[int] = []

    def failing(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    cleaner = Cleaner(KNOWN)
    files, _ = cleaner.read([Path("found.txt"), Path("other.txt")])
    done = cleaner.clean(files)
    assert done.files == [Path("other.txt")]
    (kept,) = done.uncleaned
    assert (kept.path, reason in kept.reason) == ("found.txt", True)
    assert Path("found.txt").read_text() == VALUE
    assert sorted(path.name for path in Path().iterdir()) == ["found.txt", "other.txt"]


def test_a_database_with_the_longest_name_is_read() -> None:
    """What SQLite would keep beside it has a name that no file can have."""
    name = "d" * 252 + ".db"
    # SQLite itself makes none of such a name.
    write_history(Path("short.db"), VALUE)
    Path("short.db").rename(name)
    files, kept = Cleaner(KNOWN).read([Path(name)])
    assert (list(files), kept) == ([Path(name)], [])


def hostile(*names: str) -> str:
    """Write a backup that somebody else has made, with files of these names, and return its own."""
    content = {name: base64.b64encode(b"planted").decode() for name in names}
    Path("hostile.sealed").write_text(sealed_export.seal(json.dumps({FORMAT_KEY: 1, "files": content}), "open"))
    return "hostile.sealed"


def test_a_backup_writes_only_where_that_was_asked_for(tmp_path: Path) -> None:
    """Whatever paths it names: elsewhere, upwards, over a link, into a tool's folder, relative. One that is refused keeps all back."""
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
    with pytest.raises(UnwritableFileError, match=r"7 of its 8 files elsewhere than below .*nothing was restored"):
        restore(hostile(str(tmp_path / "found.txt"), *names), lambda _prompt: "open", ["."])
    assert Path("found.txt").read_text() == VALUE
    assert list(outside.iterdir()) == []
    assert sorted(set(tmp_path.rglob("*")) - {tmp_path / "hostile.sealed"}) == before
    assert restore(hostile(str(outside / "x")), lambda _prompt: "open", [str(outside)]) == [outside / "x"]
    assert not find_canary(outside)


@pytest.mark.parametrize("name", ["/dev/zero", "pipe", "/proc/kmsg", "x" * 12_000])
def test_what_is_no_backup_is_told_at_once(name: str) -> None:
    """A device, a pipe and a path that is none keep nobody waiting."""
    os.mkfifo("pipe")
    with pytest.raises(UnreadableFileError, match="no backup"):
        restore(name, lambda _prompt: "open", ["."])


@pytest.mark.parametrize("text", ["[" * 100_000, '{"zensecrets_backup": 1, "files": [1]}'])
def test_a_sealed_file_that_is_no_backup_is_told(text: str) -> None:
    """Whatever is sealed in it."""
    Path("hostile.sealed").write_text(sealed_export.seal(text, "open"))
    with pytest.raises(UnreadableFileError, match="holds no backup"):
        restore("hostile.sealed", lambda _prompt: "open", ["."])
