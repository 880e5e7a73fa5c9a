"""The commands of `secret`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import content_of, run
from tests.support.scripted_user import ScriptedUser
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.core.errors import InvalidSecretError, SecretNotFoundError
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path


def test_a_secret_goes_through_its_life() -> None:
    """Register, list, get, update, remove a key, rename, look back, roll back, delete."""
    first, second = canary("1"), canary("2")
    run("secret register s --a=? --b=?", first, second)
    assert [row["name"] for row in run("secret list").value] == ["s"]
    assert run("secret get s").value.content == {"a": first, "b": second}
    run("secret update s --a=? --c=3 --remove-key b", second)
    assert content_of("s") == {"a": second, "c": "3"}
    run("secret rename s t")
    assert [row["version"] for row in run("secret history t").value] == ["2", "1"]
    run("secret rollback t --to 1")
    assert content_of("t") == {"a": first, "b": second}
    run("secret delete t -y")
    with pytest.raises(SecretNotFoundError):
        run("secret get t")


def test_a_single_value_is_a_string_that_shows_as_its_mark() -> None:
    """`secret get NAME --key KEY` returns the value itself; what is shown of it is the mark."""
    value = canary()
    run("secret register s --a=?", value)
    outcome = run("secret get s --key a")
    assert (outcome.value, outcome.view, outcome.message) == (value, "‹secret:s.a›", "")
    assert type(outcome.value) is str
    assert find_canary(repr(outcome)) == []


def test_a_value_that_is_clear_text_is_shown() -> None:
    """What the schema calls clear text needs no mark."""
    run("secret register login -s basic_auth --username=ada --password=?", canary())
    assert run("secret get login --key username").view == "ada"


@pytest.mark.parametrize("group", ["secret", "secrets-manager secret", "secrets_manager secret"])
def test_one_group_has_several_names(group: str) -> None:
    """The documentation's long name is the same command as the short one."""
    run(f"{group} register s --k=1")
    assert content_of("s") == {"k": "1"}


def test_values_come_from_files(tmp_path: Path) -> None:
    """`@path` is a file's text as it stands, `@@x` is `@x`, and `~` is the home folder."""
    text = f"{canary()}\r\nsecond line\n"
    (tmp_path / "folder" / "key.pem").write_bytes(text.encode())
    run("secret register s --a=@key.pem --b=@@x --c=a@b")
    assert content_of("s") == {"a": text, "b": "@x", "c": "a@b"}


def test_only_what_is_bare_is_asked_for() -> None:
    """A bare key is asked for, beside values that were given."""
    typed = canary()
    user = ScriptedUser(typed)
    run("secret register s --a=1 --b", asker=user)
    assert content_of("s") == {"a": "1", "b": typed}
    assert user.asked == ["Value of s.b: "]


def test_nothing_is_asked_in_vain() -> None:
    """What is wrong already is said before anybody types a value."""
    run("secret register s --a=1")
    for line in ("secret register s --b", "secret register x -s openai --b", "secret update y --b", "secret register a.b --k"):
        user = ScriptedUser()
        with pytest.raises((InvalidSecretError, SecretNotFoundError, ValueError)):
            run(line, asker=user)
        assert user.asked == []


def test_an_update_asks_for_what_is_there_and_keeps_what_is_left_empty() -> None:
    """`secret update NAME` goes through the keys; an empty answer keeps a value."""
    run("secret register s -s basic_auth --username=ada --password=?", canary("old"))
    new = canary("new")
    run("secret update s -i", asker=ScriptedUser("", new))
    assert content_of("s") == {"username": "ada", "password": new}
    before = content_of("s")
    assert "Nothing was changed" in run("secret update s", asker=ScriptedUser("", "")).message
    assert content_of("s") == before


@pytest.mark.parametrize("text", ["$pw", "{pw}", "%PW%", "{{a.b}}"])
def test_what_looks_like_a_variable_is_taken_with_literal(text: str) -> None:
    """`--literal` has a value taken as it stands, at registration and in an update."""
    run("secret register s --a=? --literal", text)
    run("secret update s --b=? --literal", text)
    assert content_of("s") == {"a": text, "b": text}


@pytest.mark.parametrize("text", ["pa$$word", "pa$word", "$1", "a{b}", "{a b}", "100%", "$", "{}", "$5.00 %x% "])
def test_what_only_holds_such_a_sign_is_a_value(text: str) -> None:
    """A password with a dollar or a brace needs nothing."""
    run("secret register s --a=?", text)
    assert content_of("s") == {"a": text}


def test_an_empty_value_is_a_value() -> None:
    """`--key=` registers the empty text."""
    run("secret register s --k=")
    assert content_of("s") == {"k": ""}


def test_reveal_is_refused_in_a_session() -> None:
    """A notebook keeps its outputs, so it gets the value as an object and no more."""
    run("secret register s --k=?", canary())
    with pytest.raises(UsageProblem, match=r"value = %secret get s --key k"):
        run("secret get s --key k --reveal")


def test_variables_are_set_for_the_session_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """`secret env NAME` sets variables, `--unset` makes them what they were."""
    monkeypatch.setenv("K", "before")
    value = canary()
    run("secret register s --k=? --other=2", value)
    told = run("secret env s").message
    assert (os.environ["K"], os.environ["OTHER"]) == (value, "2")
    assert find_canary(told) == []
    run("secret env s --prefix MY_")
    assert os.environ["MY_K"] == value
    run("secret env --unset")
    assert (os.environ["K"], "OTHER" in os.environ, "MY_K" in os.environ) == ("before", False, False)
