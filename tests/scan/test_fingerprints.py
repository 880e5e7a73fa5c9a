"""A fingerprint recognizes a value in files, and does not reveal the value."""

from __future__ import annotations

import base64
import json
import secrets
import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.processes import run_python
from tests.support.scan_files import encodings_of, special_canary
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.scan.fingerprints.file_format import export
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher
from zensecrets_jupyter.scan.fingerprints.store import fingerprint_file, load_fingerprints, save_fingerprints
from zensecrets_jupyter.scan.fingerprints.strength import MIN_STRENGTH, strength
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

VALUES = {
    "plain.key": canary("print"),
    "special.key": special_canary("print"),
    "pem.key": "-----BEGIN PRIVATE KEY-----\n" + "\n".join(secrets.token_urlsafe(48) for _ in range(4)) + "\n-----END PRIVATE KEY-----",
    # The shortest value that gets a fingerprint.
    "short.key": "vX8#kQ2!mZ7$",
    "hex.key": secrets.token_hex(20),
    "token.key": "sk-proj-" + secrets.token_urlsafe(30),
    "url.key": f"postgresql://user:{secrets.token_urlsafe(24)}@host/db",
    "json.key": json.dumps({"type": "x", "private": secrets.token_urlsafe(40)}),
}
TEXT, REFUSED = export((value, name) for name, value in VALUES.items())
"""A fingerprint file, and the reasons why values got no fingerprint, by name."""
MATCHER = FingerprintMatcher(TEXT, "f")
"""A matcher for all values. Errors call its fingerprint file ``f``."""


@pytest.mark.parametrize("name", VALUES)
def test_every_encoding_is_recognized(name: str) -> None:
    """Other text, quotes or binary data may surround the value."""
    assert REFUSED == {}
    for encoding, text in encodings_of(VALUES[name]).items():
        for before, after in (("", ""), ("abc ", " abc"), ("x = '", "'\n"), ("é\x00", "\xff ")):
            matches = MATCHER.find(f"{before}{text}{after}".encode())
            assert {match.name for match in matches} == {name}, encoding


@given(text=st.text(st.characters(codec="utf-8"), max_size=300))
@settings(max_examples=50, deadline=None)
def test_arbitrary_text_does_not_match(text: str) -> None:
    """The matcher finds no value in a random text."""
    assert MATCHER.find(text.encode()) == []


def test_a_value_in_the_bytes_of_a_base64_picture_is_found() -> None:
    """The match covers all base64 digits of the value.

    If these digits are removed, the picture contains no part of the value.
    """
    header, value = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", VALUES["plain.key"].encode()
    picture = header + secrets.token_bytes(2000) + b"\0" + value + b"\0" + secrets.token_bytes(100)
    digits = base64.b64encode(picture)
    (match,) = MATCHER.find(b'"' + digits + b'"')
    assert match.encoding == "base64"
    # The offsets of the match include the quotation mark before the digits.
    remaining_digits = digits[: match.start - 1] + digits[match.end - 1 :]
    assert find_canary(base64.b64decode(remaining_digits + b"=" * (-len(remaining_digits) % 4))) == []


def test_a_fingerprint_file_contains_no_part_of_a_value() -> None:
    """The header says what the file reveals. Two exports of the same values have no hash in common."""
    # The file contains no 8 successive characters of a value. Characters of the PEM header are allowed: all private keys begin with it.
    for value in VALUES.values():
        for start in range(0, len(value) - 8, 4):
            assert value[start : start + 8] not in TEXT or value[start : start + 8] in "-----BEGIN PRIVATE KEY-----"
    assert find_canary(TEXT) == []
    header, *lines = TEXT.splitlines()
    assert "nothing else" in json.loads(header)["about"]
    other_lines = export((value, name) for name, value in VALUES.items())[0].splitlines()[1:]
    assert _hashes(lines).isdisjoint(_hashes(other_lines))


def _hashes(lines: Iterable[str]) -> set[str]:
    """Return the hashes in the lines of a fingerprint file. A window is a part of a value that has its own hash."""
    return {window_hash for line in lines for _size, _kind, window_hash, *_ in json.loads(line)["windows"]}


@pytest.mark.parametrize(
    "value", ["Tr0ub4dor&3", "password-password", "correct horse", "2024-01-01T00:00", "aaaaaaaaaaaaaaaaaaaa", "123456789012345"]
)
def test_a_value_that_is_easy_to_guess_gets_no_fingerprint(value: str) -> None:
    """Short values, words, dates and sequences are refused, and the reason does not contain the value."""
    text, refused = export([(value, "weak.key")])
    assert list(refused) == ["weak.key"]
    assert value not in refused["weak.key"]
    # The file has only its header.
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("letters", "length"), [(string.hexdigits[:16], 32), (string.ascii_letters + string.digits, 20), (string.printable[:90], 16)]
)
def test_random_values_are_strong_enough(letters: str, length: int) -> None:
    """At most two of 200 random values count as weak.

    About one of 3,000 random values is weak, because it contains words or repetitions by chance.
    """
    texts = ["".join(secrets.choice(letters) for _ in range(length)) for _ in range(200)]
    weak = [text for text in texts if strength(text) <= MIN_STRENGTH]
    assert len(weak) <= 2, weak


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"zensecrets_fingerprints": 2}', '{"zensecrets_fingerprints": 1, "key": "AA=="}'])
def test_another_file_is_an_error(text: str) -> None:
    """A file that is not a fingerprint file is an error.

    The error names the file and the command that creates fingerprints.
    """
    with pytest.raises(UnreadableFileError, match=r"'f' .*fingerprints export"):
        FingerprintMatcher(text, "f")


def test_a_damaged_line_is_an_error_with_its_number() -> None:
    """Without the error, a scan would silently miss the value of the damaged line."""
    first, second, third, *_ = TEXT.splitlines()
    with pytest.raises(UnreadableFileError, match="Line 3"):
        FingerprintMatcher("\n".join([first, second, third[:100]]), "f")


def test_a_protected_value_is_stored_once_in_a_private_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the owner can read the fingerprint file, and it contains no value.

    With ``ZENSECRETS_FINGERPRINTS=off``, no file is written.
    """
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    name, value = f"remembered{secrets.token_hex(4)}.key", canary("remembered")
    monkeypatch.setenv("ZENSECRETS_FINGERPRINTS", "off")
    the_redactor().protect(value, name)
    save_fingerprints()
    assert not fingerprint_file().exists()
    monkeypatch.delenv("ZENSECRETS_FINGERPRINTS")
    save_fingerprints()
    size = fingerprint_file().stat().st_size
    save_fingerprints()
    assert fingerprint_file().stat().st_size == size
    assert fingerprint_file().stat().st_mode & 0o777 == 0o600
    assert name in load_fingerprints().names
    assert [match.name for match in load_fingerprints().find(value.encode())] == [name]
    assert find_canary(tmp_path) == []
    the_redactor().forget(name)


def test_concurrent_processes_lose_no_fingerprints(tmp_path: Path) -> None:
    """Four processes add ten values each. Afterwards the folder contains no lock file and no temporary file."""
    code = f"""
import json, os, secrets
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

def work(number):
    from zensecrets_jupyter.core.redaction import the_redactor
    from zensecrets_jupyter.scan.fingerprints.store import save_fingerprints
    for turn in range(10):
        the_redactor().protect(secrets.token_urlsafe(30), "n%d.k%d" % (number, turn))
        save_fingerprints()

os.environ["ZENSECRETS_HOME"] = {str(tmp_path / "home")!r}
with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
    list(pool.map(work, range(4)))
from zensecrets_jupyter.scan.fingerprints.store import fingerprint_file, load_fingerprints, save_fingerprints
print(json.dumps(load_fingerprints().names))
"""
    assert run_python(code) == sorted(f"n{number}.k{turn}" for number in range(4) for turn in range(10))
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["fingerprints"]


def test_a_fingerprint_that_is_added_during_a_repair_is_not_lost(tmp_path: Path) -> None:
    """One process rewrites the file slowly, while another process adds the value ``late.key``.

    With the argument ``load``, the first process loads the file, which removes a damaged line. With ``remove``, it removes ``gone.key``.
    """
    code = f"""
import json, os, secrets, sys, time
from multiprocessing import get_context

os.environ["ZENSECRETS_HOME"] = {str(tmp_path / "home")!r}

def rewrite(rewrite_began, value_added):
    from zensecrets_jupyter.scan.fingerprints import store
    write = store.write_atomically
    def write_slowly(*args, **kwargs):
        rewrite_began.set()
        # With a lock, the other process can't add a value before the write ends.
        value_added.wait(0.4)
        write(*args, **kwargs)
    store.write_atomically = write_slowly
    {{"load": store.load_fingerprints, "remove": lambda: store.remove_fingerprints("gone.key")}}[sys.argv[1]]()

from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.scan.fingerprints.store import fingerprint_file, load_fingerprints, save_fingerprints
the_redactor().protect(secrets.token_urlsafe(30), "gone.key")
save_fingerprints()
if sys.argv[1] == "load":
    with fingerprint_file().open("ab") as file:
        file.write(b"torn\\n")
context = get_context("fork")
rewrite_began, value_added = context.Event(), context.Event()
other_process = context.Process(target=rewrite, args=(rewrite_began, value_added))
other_process.start()
rewrite_began.wait(20)
the_redactor().protect(secrets.token_urlsafe(30), "late.key")
save_fingerprints()
value_added.set()
other_process.join()
print(json.dumps(load_fingerprints().names))
"""
    assert run_python(code, "load") == ["gone.key", "late.key"]
    assert run_python(code, "remove") == ["late.key"]
