"""Tests of files with secrets: formats, encrypted exports, and reading and writing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from zensecrets_jupyter.core.errors import (
    InvalidSecretError,
    StoreTooNewError,
    UnreadableFileError,
    UnwritableFileError,
    WrongPassphraseError,
)
from zensecrets_jupyter.core.managers import SecretRecord
from zensecrets_jupyter.core.transfer import sealed_export, secret_formats
from zensecrets_jupyter.core.transfer.text_files import read_text, write_text
from zensecrets_jupyter.testing.canary import canary, find_canary

# ``name`` is reserved: neither a secret nor a key can have this name.
NAMES = strategies.from_regex(r"[a-zA-Z_äñ漢][\w-]{0,10}", fullmatch=True).filter(lambda name: name != "name")
TEXTS = strategies.text(strategies.characters(exclude_categories=["Cs"])) | strategies.sampled_from(
    [
        "",
        "null",
        "~",
        "yes",
        "0042",
        "1e3",
        "2020-01-01",
        "'",
        '"',
        "\\",
        "a\\",
        "${HOME}",
        "# no comment",
        " x ",
        "\r\n",
        "\0",
        "{{a.b}}",
        "- a",
        "é\u2028",
    ]
)
"""Random texts, and texts that YAML or .env files have to quote."""
RECORDS = strategies.dictionaries(
    NAMES,
    strategies.builds(SecretRecord, strategies.sampled_from(["arbitrary", "mine"]), strategies.dictionaries(NAMES, TEXTS, max_size=4)),
    min_size=1,
    max_size=4,
)


@given(RECORDS, strategies.sampled_from(["json", "yaml"]))
def test_written_secrets_are_read_unchanged(records: dict[str, SecretRecord], file_format: str) -> None:
    """Names, schemas, keys and values are read as they were written."""
    assert secret_formats.read(secret_formats.write(records, file_format), file_format, file="file", name="x") == records


@given(strategies.dictionaries(strategies.from_regex(r"[A-Z][A-Z_]{0,8}", fullmatch=True), TEXTS, min_size=1))
def test_an_env_file_is_read_unchanged_or_refused(content: dict[str, str]) -> None:
    """A value that a .env file can't represent is refused when it is written. Other values are read unchanged."""
    try:
        text = secret_formats.write({"s": SecretRecord("arbitrary", content)}, "env")
    except InvalidSecretError:
        return
    assert secret_formats.read(text, "env", file="file", name="s")["s"].content == content


# Hypothesis would report the key derivation of the encryption as too slow.
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS)
def test_a_sealed_export_opens_with_its_passphrase(records: dict[str, SecretRecord]) -> None:
    """An encrypted export opens with its passphrase."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        write_text(path, sealed_export.seal(secret_formats.write(records, "json"), "pass phrase"), private=True)
        text = read_text(path)
    assert sealed_export.is_sealed(text)
    assert (
        secret_formats.read(sealed_export.unseal(text, "export", lambda _prompt: "pass phrase"), "json", file="export", name="") == records
    )


def test_a_wrong_passphrase_differs_from_damage() -> None:
    """A wrong passphrase and a damaged file raise different errors. The encrypted file does not contain the value."""
    text = sealed_export.seal(f'{{"key": "{canary()}"}}', "right")
    assert find_canary(text) == []
    prompts = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return f"wrong {len(prompts)}"

    with pytest.raises(WrongPassphraseError):
        sealed_export.unseal(text, "file", ask)
    # The passphrase is asked for three times.
    assert len(prompts) == 3
    # The first damaged text has another character at this position inside the encrypted data. The second one has another parameter of the
    # key derivation. The third one has no end.
    position = text.index('"sealed"') + 20
    for damaged_text in (
        text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :],
        text.replace('"time": 3', '"time": 4'),
        text[:-30],
    ):
        with pytest.raises(UnreadableFileError, match="damaged"):
            sealed_export.unseal(damaged_text, "file", lambda _prompt: "right")


def test_values_are_read_as_text() -> None:
    """Numbers, dates and booleans in JSON and YAML are read as their original text."""
    records = secret_formats.read("a: 0042\nb: 1e3\nc: yes\nd: 2020-01-01\ne: '~'\nf: 0x1F\n", "yaml", file="f", name="s")
    assert records["s"].content == {"a": "0042", "b": "1e3", "c": "yes", "d": "2020-01-01", "e": "~", "f": "0x1F"}
    records = secret_formats.read('{"a": 1.50, "b": 12345678901234567890123, "c": true}', "json", file="f", name="s")
    assert records["s"].content == {"a": "1.50", "b": "12345678901234567890123", "c": "true"}


@pytest.mark.parametrize(
    ("path", "file_format", "name"),
    [
        (".env", "env", "env"), ("a/.env.local", "env", "env"), ("prod.env", "env", "prod"), ("x/s.JSON", "json", "s"),
        ("s.yml", "yaml", "s"), ("a.b.yaml", "yaml", "a.b"), ("noformat", "", "noformat"), ("c:\\x\\s.json", "json", "s"),
    ],
)  # fmt: skip
def test_a_file_name_determines_format_and_name(path: str, file_format: str, name: str) -> None:
    """The suffix of a file name determines the format, and the rest names the secret.

    In ``.env`` and ``.env.local``, the dot at the beginning is removed, so the name of the secret is ``env``.
    """
    assert (secret_formats.format_of(path), secret_formats.name_of(path)) == (file_format, name)


def test_an_export_of_a_newer_version_is_refused() -> None:
    """An export with a newer format version, here 2, raises StoreTooNewError."""
    with pytest.raises(StoreTooNewError):
        secret_formats.read('{"zensecrets_export": 2, "secrets": {}}', "json", file="f", name="s")


# Lists and an alias, deep nesting, a list as a key, a tag for Python objects (the file is incomplete, too), and 5000 nested lists.
@pytest.mark.parametrize(
    "text", ["a: &x [1]\nb: *x\n", "a: {b: {c: d}}\n", "? [a]\n: b\n", "a: !!python/object:os.system x\nb: [", "[" * 5000]
)
def test_unsupported_yaml_is_refused(text: str) -> None:
    """Lists, deep nesting and keys that are not texts are refused, and YAML tags run no code."""
    with pytest.raises(UnreadableFileError):
        secret_formats.read(text, "yaml", file="f", name="s")


def test_a_private_file_is_written_atomically(tmp_path: Path) -> None:
    """A private file has the mode 0600.

    An existing file is replaced only if ``replace`` is true. No temporary file remains, even after an error.
    """
    path = tmp_path / "file"
    write_text(path, "one", private=True)
    with pytest.raises(UnwritableFileError, match="--force"):
        write_text(path, "two", private=True)
    path.chmod(0o644)
    write_text(path, "three", private=True, replace=True)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("three", 0o600)
    # This path is a folder.
    with pytest.raises(UnwritableFileError):
        write_text(tmp_path, "four", replace=True)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_read_errors_have_different_texts(tmp_path: Path) -> None:
    """A missing file, a folder and a binary file raise errors with different texts."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, expected in (("missing", "does not exist"), (".", "folder"), ("binary", "UTF-8")):
        with pytest.raises(UnreadableFileError, match=expected):
            read_text(tmp_path / name)
