"""Invisible characters and white space of values: they are stored with a note, and `--strip` removes them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import active_content_of, run
from tests.support.error_texts import error_details
from tests.support.scripted_user import ScriptedUser
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.commands import tree
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.commands.framework.argument_values import MAX_VALUE_BYTES, read_value
from zensecrets_jupyter.commands.front_end import FrontEndCapabilities
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.value_cleanup import describe_invisible, strip_invisible
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.commands.framework.outcome import Outcome

SECRET = canary("own")
VALUE = f"\ufeff {SECRET}\r\nof two lines \n"
"""A byte order mark, a space, the secret, CR LF, text, a space and a line end."""
NOTE = (
    "the value of s.key begins with a byte order mark, begins with white space, ends with a line end and has CR LF at the ends of its lines"
)


def test_typographic_quotes_have_a_note_and_can_be_stripped() -> None:
    """ASCII quotes are no problem. Typographic quotes inside a value, or only at one end, are no problem."""
    for quoted in (f"\u201c{SECRET}\u201d", f"\u2018{SECRET}\u2019", f"\u201e{SECRET}\u201c", f"\u00ab{SECRET}\u00bb"):
        assert describe_invisible(quoted) == "is in typographic quotes"
        assert strip_invisible(quoted) == SECRET
    for plain in ("\u201c", f"{SECRET}\u2019s", f'"{SECRET}"'):
        assert (describe_invisible(plain), strip_invisible(plain)) == ("", plain)
    outcome = tree.run(["secret", "register", "quoted", f"--key=\u201c{SECRET}\u201d"], NonInteractiveAsker())
    assert "the value of quoted.key is in typographic quotes, which is kept" in outcome.message
    assert not find_canary(outcome.message)


def store_from_argument(options: str) -> Outcome:
    """Register the value from the command line."""
    return tree.run(["secret", "register", "s", f"--key={VALUE}", *options.split()], NonInteractiveAsker())


def store_from_file(options: str) -> Outcome:
    """Register the value from a file with the name ``value``."""
    Path("value").write_bytes(VALUE.encode())
    return run(f"secret register s --key=@value {options}".strip())


def store_from_pipe(options: str) -> Outcome:
    """Register the value from a pipe, with the line end that programs add."""
    piped = FrontEndCapabilities(piped_input=io.BytesIO(f"{VALUE}\n".encode()))
    return tree.run(["secret", "register", "s", "--key=@-", *options.split()], NonInteractiveAsker(), piped)


def store_by_update(options: str) -> Outcome:
    """Update a secret with the value."""
    run("secret register s --key=x")
    return tree.run(["secret", "update", "s", f"--key={VALUE}", *options.split()], NonInteractiveAsker())


def store_by_import(options: str) -> Outcome:
    """Import the value."""
    Path("s.json").write_text(json.dumps({"key": VALUE}))
    return run(f"secret import s.json {options}".strip())


@pytest.mark.parametrize("store_value", [store_from_argument, store_from_file, store_from_pipe, store_by_update, store_by_import])
def test_invisible_characters_are_stored_with_a_note(store_value: Callable[[str], Outcome]) -> None:
    """The note says how to remove the characters, and does not contain the value."""
    outcome = store_value("")
    output = f"{outcome.message}{outcome.view}"
    assert f"Note: {NOTE}, which is kept; --strip removes it." in output
    assert not find_canary(output)
    assert active_content_of("s") == {"key": VALUE}


@pytest.mark.parametrize("store_value", [store_from_argument, store_from_file, store_from_pipe, store_by_update, store_by_import])
def test_strip_removes_invisible_characters(store_value: Callable[[str], Outcome]) -> None:
    """The stored value has no invisible characters, and no note is printed."""
    outcome = store_value("--strip")
    assert "Note" not in f"{outcome.message}{outcome.view}"
    assert active_content_of("s") == {"key": f"{SECRET}\nof two lines"}


def test_a_typed_value_has_a_note() -> None:
    """White space is stored with a note, or removed with --strip."""
    text = f" {SECRET}\t"
    note = "Note: the value of s.key begins with white space and ends with white space, which is kept; --strip removes it."
    assert note in run("secret register s --key", asker=ScriptedUser(text)).message
    assert active_content_of("s") == {"key": text}
    assert "Note" not in run("secret update s --key --strip", asker=ScriptedUser(text)).message
    assert active_content_of("s") == {"key": SECRET}


def test_a_value_from_the_environment_has_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """A non-interactive run reads a value such as ``s.key`` from the variable ZENSECRETS_SECRET_S_KEY."""
    monkeypatch.setenv("ZENSECRETS_SECRET_S_KEY", f"{SECRET} ")
    assert "the value of s.key ends with white space, which is kept" in run("secret register s --key").message
    run("annotator register labels --flavor=label_studio --authentication_secret={{t.token}}")
    run("stack update default -an labels")
    monkeypatch.setenv("ZENSECRETS_SECRET_T_TOKEN", f"{SECRET}\n")
    assert "Note: the value of t.token ends with a line end, which is kept." in run("stack register-secrets").message


def test_a_sealed_attribute_has_a_note() -> None:
    """A sealed attribute, such as a token, has a note. The ID of a channel has none."""
    Path("token").write_text(f"{SECRET}\n")
    # This file has the text of an attribute that is not sensitive: the ID of a channel.
    Path("url").write_text("https://127.0.0.1:1\n")
    lines = ["alerter register a --flavor=slack --slack_token=@token", "alerter update a --slack_token=@token"]
    for line in (*lines, "secrets-manager register a --flavor=github --repository=o/r --token=@token"):
        outcome = run(line)
        name = "a.token" if "github" in line else "a.slack_token"
        assert f"Note: the value of {name} ends with a line end, which is kept." in outcome.message, line
        assert not find_canary(outcome.message)
    assert "Note" not in run("alerter update a --default_slack_channel_id=@url").message


@pytest.mark.parametrize("value", ["", "a", "a b", "a\nb", "é"])
def test_other_values_have_no_note(value: str) -> None:
    """White space inside a value is no problem."""
    assert (describe_invisible(value), strip_invisible(value)) == ("", value)


@pytest.mark.parametrize("suffix", ["", "/part", "+a/b==", "x" * 300, "\0", "/" + "x" * 5000])
def test_an_error_does_not_quote_a_possible_password(suffix: str) -> None:
    """A password may begin with '@'. If the text after '@' is not clearly a path, the error names only the option."""
    with pytest.raises(UnreadableFileError, match=r"--key: the file (?:does not exist|can't be read)") as caught:
        read_value("key", f"@{SECRET}{suffix}")
    assert not find_canary(str(caught.value))


@pytest.mark.parametrize("path", ["folder/nothing", "key.pem", "~/key.json", "folder"])
def test_an_error_quotes_a_clear_path(path: str) -> None:
    """The text has a suffix such as ``.pem``, or its file or folder exists."""
    Path("folder").mkdir()
    with pytest.raises(UnreadableFileError, match=f"the file '{path}'"):
        read_value("key", f"@{path}")


def test_a_program_does_not_get_the_passphrase(tmp_path: Path) -> None:
    """The program that `secret env` starts gets the secret and no passphrase. It also gets no values that are inputs of other commands."""
    environment = {"ZENSECRETS_HOME": str(tmp_path / "other"), "ZENSECRETS_PASSPHRASE": canary("passphrase")}
    assert run_zensecrets("secret", "register", "s", f"--key={SECRET}", environment=environment).returncode == 0
    # Other commands read a new passphrase and the value of other.key from these variables.
    values_for_registration = {"ZENSECRETS_NEW_PASSPHRASE": canary("new"), "ZENSECRETS_SECRET_OTHER_KEY": canary("pending")}
    result = run_zensecrets("secret", "env", "s", "--", "env", environment={**environment, **values_for_registration})
    assert all(value not in result.stdout for value in values_for_registration.values())
    assert f"KEY={SECRET}\n" in result.stdout
    assert "ZENSECRETS_PASSPHRASE" not in result.stdout
    assert f"ZENSECRETS_HOME={tmp_path / 'other'}\n" in result.stdout


@pytest.mark.parametrize("line_end", ["", "\n", "\r\n"])
def test_a_piped_value_of_the_maximum_size_is_read(line_end: str) -> None:
    """The line end does not count as a part of the value. A value with one more byte is refused."""
    value = canary().ljust(MAX_VALUE_BYTES, "x")
    assert read_value("key", "@-", piped_input=io.BytesIO(f"{value}{line_end}".encode())) == value
    with pytest.raises(UnreadableFileError, match=r"--key: the piped input has more than 64 KiB\.") as caught:
        read_value("key", "@-", piped_input=io.BytesIO(f"{value}x{line_end}".encode()))
    assert find_canary(error_details(caught.value)) == []
