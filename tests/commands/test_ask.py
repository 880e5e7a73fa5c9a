"""How commands ask: what is asked for, what may be left empty, and what is never repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.scripted_user import ScriptedUser
from zensecrets_jupyter.commands.asking.form_request import SET, Answer, Asker, Continuation, Field, FormRequest, Section
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.core.errors import InteractionUnavailableError, InvalidSecretError, WrongPassphraseError
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION = Section(
    "cloud",
    "aws",
    (Field("id", "Access key"), Field("token", required=False), Field("region", present=SET)),
    command="%secret register cloud --schema=aws",
)


def ask(asker: Asker, *sections: Section) -> dict[str, dict[str, str]]:
    """Return the values that a question is finished with."""
    typed: dict[str, dict[str, str]] = {}

    def run(answers: Mapping[str, Answer]) -> Outcome:
        typed.update({subject: dict(answer.values) for subject, answer in answers.items()})
        return Outcome()

    asker.ask(FormRequest("Register", "cloud → default (local)", sections, Continuation(run)))
    return typed


def test_each_value_is_asked_for_unseen() -> None:
    """Every field is asked for with its description; empty answers are left out where they may be empty."""
    value = canary()
    user = ScriptedUser(value, "", "")
    assert ask(user, SECTION) == {"cloud": {"id": value}}
    assert user.asked == [
        "Value of cloud.id (Access key): ",
        "Value of cloud.token; empty for none: ",
        "Value of cloud.region; empty keeps the value that is set: ",
    ]
    assert user.shown == ["Register cloud → default (local)"]
    assert find_canary(user.screen) == []


def test_a_required_value_is_asked_for_three_times() -> None:
    """What is required and left empty each time ends as an error that names it."""
    user = ScriptedUser("", "", "")
    with pytest.raises(InvalidSecretError, match=r"cloud\.id"):
        ask(user, SECTION)
    assert user.unused_answers == []


def test_a_person_may_add_keys() -> None:
    """Where any key may be there, keys and values are asked for until an empty key; the first key may not be empty."""
    first, second = canary("1"), canary("2")
    user = ScriptedUser("", "a", first, "b", second, "")
    section = Section("any", "arbitrary", (), any_key=True)
    assert ask(user, section) == {"any": {"a": first, "b": second}}


def test_a_value_typed_as_a_key_is_not_repeated() -> None:
    """What can't be a key may be a value in the wrong prompt, so the refusal does not show it."""
    pasted = f"{canary()} {{"
    user = ScriptedUser(pasted, "name", "a", "1", "a", "")
    assert ask(user, Section("any", "arbitrary", (), any_key=True)) == {"any": {"a": "1"}}
    assert find_canary(user.screen) == []


def test_a_value_that_starts_with_an_at_sign_is_the_value() -> None:
    """In a prompt no file is read."""
    assert ask(ScriptedUser("@/etc/hostname"), SECTION._replace(fields=(Field("id"),))) == {"cloud": {"id": "@/etc/hostname"}}


def test_a_new_passphrase_is_typed_twice() -> None:
    """Two that differ are asked for again, three times at most; nothing of it is shown."""
    user = ScriptedUser("a", "b", "right", "right")
    assert user.ask_passphrase("New: ", confirm=True) == "right"
    with pytest.raises(WrongPassphraseError):
        ScriptedUser("a", "b", "a", "b", "a", "b").ask_passphrase("New: ", confirm=True)


def test_only_yes_confirms() -> None:
    """Everything else is no."""
    assert [ScriptedUser(answer).confirm("Sure?") for answer in ("y", "YES", "", "n", "maybe")] == [True, True, False, False, False]


def test_nobody_says_what_was_needed_and_how_to_give_it() -> None:
    """Each question to nobody is an error with the way out."""
    with pytest.raises(InteractionUnavailableError) as caught:
        ask(NonInteractiveAsker(), SECTION)
    assert "cloud.id." in str(caught.value)
    assert caught.value.hint == (
        "To pass it: %secret register cloud --schema=aws --id=@FILE --region=@FILE, or set "
        "ZENSECRETS_SECRET_CLOUD_ID, ZENSECRETS_SECRET_CLOUD_TOKEN, ZENSECRETS_SECRET_CLOUD_REGION"
    )
    with pytest.raises(InteractionUnavailableError, match="ZENSECRETS_PASSPHRASE"):
        NonInteractiveAsker().ask_passphrase("Passphrase: ")
    with pytest.raises(InteractionUnavailableError, match="-y"):
        NonInteractiveAsker().confirm("Sure?")
