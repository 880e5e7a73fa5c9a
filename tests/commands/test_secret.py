"""The commands of `secret`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import active_content_of, run
from tests.support.scripted_user import ScriptedUser
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.core.errors import InvalidSecretError, SecretNotFoundError
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path


def test_a_secret_is_registered_changed_rolled_back_and_deleted() -> None:
    """One test runs the basic commands in order."""
    first, second = canary("1"), canary("2")
    run("secret register s --a=? --b=?", first, second)
    assert [row["name"] for row in run("secret list").value] == ["s"]
    assert run("secret get s").value.content == {"a": first, "b": second}
    run("secret update s --a=? --c=3 --remove-key b", second)
    assert active_content_of("s") == {"a": second, "c": "3"}
    run("secret rename s t")
    assert [row["version"] for row in run("secret history t").value] == ["2", "1"]
    run("secret rollback t --to 1")
    assert active_content_of("t") == {"a": first, "b": second}
    run("secret delete t -y")
    with pytest.raises(SecretNotFoundError):
        run("secret get t")


def test_a_single_value_is_returned_plain_and_shown_masked() -> None:
    """`secret get NAME --key KEY` returns a str."""
    value = canary()
    run("secret register s --a=?", value)
    outcome = run("secret get s --key a")
    assert (outcome.value, outcome.view, outcome.message) == (value, "‹secret:s.a›", "")
    assert type(outcome.value) is str
    assert find_canary(repr(outcome)) == []


def test_a_clear_text_value_is_shown() -> None:
    """The schema declares which values are clear text."""
    run("secret register login -s basic_auth --username=ada --password=?", canary())
    assert run("secret get login --key username").view == "ada"


@pytest.mark.parametrize("group", ["secret", "secrets-manager secret", "secrets_manager secret"])
def test_the_group_secret_is_also_in_secrets_manager(group: str) -> None:
    """The documentation of ZenML uses the long name."""
    run(f"{group} register s --k=1")
    assert active_content_of("s") == {"k": "1"}


def test_a_value_can_come_from_a_file(tmp_path: Path) -> None:
    """`@path` is the unchanged content of a file, and `@@x` is the text `@x`."""
    text = f"{canary()}\r\nsecond line\n"
    # The test runs in this folder.
    (tmp_path / "folder" / "key.pem").write_bytes(text.encode())
    run("secret register s --a=@key.pem --b=@@x --c=a@b")
    assert active_content_of("s") == {"a": text, "b": "@x", "c": "a@b"}


def test_the_command_asks_only_for_bare_options() -> None:
    """The command asks for ``--b`` and not for ``--a=1``, which has its value on the command line."""
    typed_value = canary()
    user = ScriptedUser(typed_value)
    run("secret register s --a=1 --b", asker=user)
    assert active_content_of("s") == {"a": "1", "b": typed_value}
    assert user.prompts == ["Value of s.b: "]


def test_errors_come_before_questions() -> None:
    """A person types no value if the command is wrong.

    The lines have an existing secret, a key that is not in the schema, a missing secret, and an invalid name.
    """
    run("secret register s --a=1")
    for line in ("secret register s --b", "secret register x -s openai --b", "secret update y --b", "secret register a.b --k"):
        user = ScriptedUser()
        with pytest.raises((InvalidSecretError, SecretNotFoundError, ValueError)):
            run(line, asker=user)
        assert user.prompts == []


def test_an_update_asks_for_all_keys() -> None:
    """With -i, or without a key, an update asks for all keys. An empty answer keeps the stored value."""
    run("secret register s -s basic_auth --username=ada --password=?", canary("old"))
    new = canary("new")
    run("secret update s -i", asker=ScriptedUser("", new))
    assert active_content_of("s") == {"username": "ada", "password": new}
    before = active_content_of("s")
    assert "Nothing was changed" in run("secret update s", asker=ScriptedUser("", "")).message
    assert active_content_of("s") == before


@pytest.mark.parametrize("text", ["$pw", "{pw}", "%PW%", "{{a.b}}"])
def test_literal_stores_a_text_that_looks_like_a_variable(text: str) -> None:
    """The texts look like variables of IPython, a shell or Windows, or like a reference. Both commands have ``--literal``."""
    run("secret register s --a=? --literal", text)
    run("secret update s --b=? --literal", text)
    assert active_content_of("s") == {"a": text, "b": text}


@pytest.mark.parametrize("text", ["pa$$word", "pa$word", "$1", "a{b}", "{a b}", "100%", "$", "{}", "$5.00 %x% "])
def test_a_value_may_contain_a_dollar_sign_or_a_brace(text: str) -> None:
    """A text with a dollar sign, a percent sign or a brace needs no ``--literal`` if it does not look like a variable."""
    run("secret register s --a=?", text)
    assert active_content_of("s") == {"a": text}


def test_a_value_may_be_empty() -> None:
    """`--key=` registers the empty text."""
    run("secret register s --k=")
    assert active_content_of("s") == {"k": ""}


def test_reveal_is_an_error_in_a_session() -> None:
    """In a notebook, ``--reveal`` would save the value in an output. The error says how to get the value in code."""
    run("secret register s --k=?", canary())
    with pytest.raises(UsageProblem, match=r"value = %secret get s --key k"):
        run("secret get s --key k --reveal")


def test_environment_variables_are_set_and_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """`secret env NAME` sets variables, and `--unset` restores them."""
    monkeypatch.setenv("K", "before")
    value = canary()
    run("secret register s --k=? --other=2", value)
    message = run("secret env s").message
    assert (os.environ["K"], os.environ["OTHER"]) == (value, "2")
    assert find_canary(message) == []
    run("secret env s --prefix MY_")
    assert os.environ["MY_K"] == value
    run("secret env --unset")
    assert (os.environ["K"], "OTHER" in os.environ, "MY_K" in os.environ) == ("before", False, False)
