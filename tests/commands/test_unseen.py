"""What comes along with a value unseen: it is kept and said on every way in, and `--strip` takes it off."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import content_of, run
from tests.support.scripted_user import ScriptedUser
from tests.support.terminal import run_zensecrets
from zensecrets_jupyter.commands import tree
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.commands.framework.argument_values import read_value
from zensecrets_jupyter.commands.front_end import FrontEndCapabilities
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.value_cleanup import describe_invisible, strip_invisible
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.commands.framework.outcome import Outcome

OWN = canary("own")
VALUE = f"\ufeff {OWN}\r\nof two lines \n"
TOLD = (
    "the value of s.key begins with a byte order mark, begins with white space, ends with a line end and has CR LF at the ends of its lines"
)


def test_typographic_quotes_are_told_and_taken_off() -> None:
    """What a word processor made of quotes is kept and said, and `--strip` takes it off; quotes of a language inside a value are not."""
    for quoted in (f"\u201c{OWN}\u201d", f"\u2018{OWN}\u2019", f"\u201e{OWN}\u201c", f"\u00ab{OWN}\u00bb"):
        assert describe_invisible(quoted) == "is in typographic quotes"
        assert strip_invisible(quoted) == OWN
    for plain in ("\u201c", f"{OWN}\u2019s", f'"{OWN}"'):
        assert (describe_invisible(plain), strip_invisible(plain)) == ("", plain)
    told = tree.run(["secret", "register", "quoted", f"--key=\u201c{OWN}\u201d"], NonInteractiveAsker())
    assert "the value of quoted.key is in typographic quotes, which is kept" in told.message
    assert not find_canary(told.message)


def by_argument(options: str) -> Outcome:
    """Type it on the line."""
    return tree.run(["secret", "register", "s", f"--key={VALUE}", *options.split()], NonInteractiveAsker())


def by_file(options: str) -> Outcome:
    """Take it from a file."""
    Path("value").write_bytes(VALUE.encode())
    return run(f"secret register s --key=@value {options}".strip())


def by_pipe(options: str) -> Outcome:
    """Pipe it in, with the line end that programs write after it."""
    piped = FrontEndCapabilities(piped=io.BytesIO(f"{VALUE}\n".encode()))
    return tree.run(["secret", "register", "s", "--key=@-", *options.split()], NonInteractiveAsker(), piped)


def by_update(options: str) -> Outcome:
    """Change a secret."""
    run("secret register s --key=x")
    return tree.run(["secret", "update", "s", f"--key={VALUE}", *options.split()], NonInteractiveAsker())


def by_import(options: str) -> Outcome:
    """Import it."""
    Path("s.json").write_text(json.dumps({"key": VALUE}))
    return run(f"secret import s.json {options}".strip())


@pytest.mark.parametrize("way", [by_argument, by_file, by_pipe, by_update, by_import])
def test_it_is_kept_and_said(way: Callable[[str], Outcome]) -> None:
    """As it is, with what it is and how to have it off; never with the value."""
    outcome = way("")
    shown = f"{outcome.message}{outcome.view}"
    assert f"Note: {TOLD}, which is kept; --strip removes it." in shown
    assert not find_canary(shown)
    assert content_of("s") == {"key": VALUE}


@pytest.mark.parametrize("way", [by_argument, by_file, by_pipe, by_update, by_import])
def test_strip_takes_it_off(way: Callable[[str], Outcome]) -> None:
    """And then nothing is said."""
    outcome = way("--strip")
    assert "Note" not in f"{outcome.message}{outcome.view}"
    assert content_of("s") == {"key": f"{OWN}\nof two lines"}


def test_it_is_said_of_what_is_typed() -> None:
    """A prompt takes no byte order mark; white space is kept and said, or taken off."""
    typed = f" {OWN}\t"
    told = "Note: the value of s.key begins with white space and ends with white space, which is kept; --strip removes it."
    assert told in run("secret register s --key", asker=ScriptedUser(typed)).message
    assert content_of("s") == {"key": typed}
    assert "Note" not in run("secret update s --key --strip", asker=ScriptedUser(typed)).message
    assert content_of("s") == {"key": OWN}


def test_it_is_said_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody is there values come from variables."""
    monkeypatch.setenv("ZENSECRETS_SECRET_S_KEY", f"{OWN} ")
    assert "the value of s.key ends with white space, which is kept" in run("secret register s --key").message
    run("annotator register labels --flavor=label_studio --authentication_secret={{t.token}}")
    run("stack update default -an labels")
    monkeypatch.setenv("ZENSECRETS_SECRET_T_TOKEN", f"{OWN}\n")
    assert "Note: the value of t.token ends with a line end, which is kept." in run("stack register-secrets").message


def test_it_is_said_of_sealed_attributes() -> None:
    """A component and a secrets manager keep a token as its file has it, and say so; of other attributes nothing is said."""
    Path("token").write_text(f"{OWN}\n")
    Path("url").write_text("https://127.0.0.1:1\n")
    lines = ["alerter register a --flavor=slack --slack_token=@token", "alerter update a --slack_token=@token"]
    for line in (*lines, "secrets-manager register a --flavor=github --repository=o/r --token=@token"):
        outcome = run(line)
        name = "a.token" if "github" in line else "a.slack_token"
        assert f"Note: the value of {name} ends with a line end, which is kept." in outcome.message, line
        assert not find_canary(outcome.message)
    assert "Note" not in run("alerter update a --default_slack_channel_id=@url").message


@pytest.mark.parametrize("value", ["", "a", "a b", "a\nb", "é"])
def test_of_others_nothing_is_said(value: str) -> None:
    """White space inside a value is its own."""
    assert (describe_invisible(value), strip_invisible(value)) == ("", value)


@pytest.mark.parametrize("end", ["", "/part", "+a/b==", "x" * 300, "\0", "/" + "x" * 5000])
def test_what_may_be_a_value_is_not_quoted(end: str) -> None:
    """A password may begin with '@': an error about a file that is not there says which argument it is, and not more."""
    with pytest.raises(UnreadableFileError, match=r"--key: the file (?:does not exist|can't be read)") as caught:
        read_value("key", f"@{OWN}{end}")
    assert not find_canary(str(caught.value))


@pytest.mark.parametrize("path", ["folder/nothing", "key.pem", "~/key.json", "folder"])
def test_what_is_surely_a_path_is_quoted(path: str) -> None:
    """It stands in a folder that is there, or has a suffix."""
    Path("folder").mkdir()
    with pytest.raises(UnreadableFileError, match=f"the file '{path}'"):
        read_value("key", f"@{path}")


def test_a_program_is_not_given_the_passphrase(tmp_path: Path) -> None:
    """`secret env` hands on the values that were named, and neither what opens all of them nor values that wait to be registered."""
    environment = {"ZENSECRETS_HOME": str(tmp_path / "other"), "ZENSECRETS_PASSPHRASE": canary("passphrase")}
    assert run_zensecrets("secret", "register", "s", f"--key={OWN}", environment=environment).returncode == 0
    waiting = {"ZENSECRETS_NEW_PASSPHRASE": canary("new"), "ZENSECRETS_SECRET_OTHER_KEY": canary("waiting")}
    done = run_zensecrets("secret", "env", "s", "--", "env", environment={**environment, **waiting})
    assert all(value not in done.stdout for value in waiting.values())
    assert f"KEY={OWN}\n" in done.stdout
    assert "ZENSECRETS_PASSPHRASE" not in done.stdout
    assert f"ZENSECRETS_HOME={tmp_path / 'other'}\n" in done.stdout
