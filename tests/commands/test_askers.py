"""Askers, the objects that ask the user for missing values of a command.

Tests of prompts, empty answers, and typed texts that no message may show.
"""

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
    (Field("id", "Access key"), Field("token", required=False), Field("region", current_value_label=SET)),
    command="%secret register cloud --schema=aws",
)
"""A secret with three fields: a required one, an optional one, and one that already has a value."""


def ask(asker: Asker, *sections: Section) -> dict[str, dict[str, str]]:
    """Ask for the values of sections. Return the entered values by secret and key."""
    values: dict[str, dict[str, str]] = {}

    def run(answers: Mapping[str, Answer]) -> Outcome:
        values.update({subject: dict(answer.values) for subject, answer in answers.items()})
        return Outcome()

    # After the answers, the asker calls the continuation, which collects the values.
    asker.ask(FormRequest("Register", "cloud → default (local)", sections, Continuation(run)))
    return values


def test_each_value_has_a_hidden_prompt() -> None:
    """A prompt has the key of its field, and the description if there is one.

    Empty answers are left out of the result.
    """
    value = canary()
    user = ScriptedUser(value, "", "")
    assert ask(user, SECTION) == {"cloud": {"id": value}}
    assert user.prompts == [
        "Value of cloud.id (Access key): ",
        "Value of cloud.token; empty for none: ",
        "Value of cloud.region; empty keeps the value that is set: ",
    ]
    assert user.messages == ["Register cloud → default (local)"]
    assert find_canary(user.screen) == []


def test_a_required_value_has_three_attempts() -> None:
    """After three empty answers, the asker raises an error with secret and key."""
    user = ScriptedUser("", "", "")
    with pytest.raises(InvalidSecretError, match=r"cloud\.id"):
        ask(user, SECTION)
    assert user.unused_answers == []


def test_a_person_can_add_keys() -> None:
    """The asker asks for keys and values until an empty key. The first key must not be empty."""
    first, second = canary("1"), canary("2")
    user = ScriptedUser("", "a", first, "b", second, "")
    section = Section("any", "arbitrary", (), any_key=True)
    assert ask(user, section) == {"any": {"a": first, "b": second}}


def test_an_invalid_key_is_not_repeated() -> None:
    """The asker refuses an invalid key without showing it, and asks again.

    A user may type a value at the prompt for a key by mistake.
    """
    with_space_and_brace = f"{canary()} {{"
    # A secret can't have a key "name".
    reserved = "name"
    duplicate = "a"
    user = ScriptedUser(with_space_and_brace, reserved, "a", "1", duplicate, "")
    assert ask(user, Section("any", "arbitrary", (), any_key=True)) == {"any": {"a": "1"}}
    assert find_canary(user.screen) == []


def test_an_at_sign_at_a_prompt_reads_no_file() -> None:
    """A typed text that begins with ``@`` is the value itself.

    Only on a command line, ``@FILE`` is the content of a file.
    """
    assert ask(ScriptedUser("@/etc/hostname"), SECTION._replace(fields=(Field("id"),))) == {"cloud": {"id": "@/etc/hostname"}}


def test_a_new_passphrase_is_typed_twice() -> None:
    """After two different inputs, the asker asks again. After three such attempts it raises an error."""
    user = ScriptedUser("a", "b", "right", "right")
    assert user.ask_passphrase("New: ", confirm=True) == "right"
    with pytest.raises(WrongPassphraseError):
        ScriptedUser("a", "b", "a", "b", "a", "b").ask_passphrase("New: ", confirm=True)


def test_only_yes_confirms() -> None:
    """The answers ``y`` and ``yes`` confirm in any case of letters. Every other answer means no."""
    assert [ScriptedUser(answer).confirm("Sure?") for answer in ("y", "YES", "", "n", "maybe")] == [True, True, False, False, False]


def test_non_interactive_input_is_an_error_with_the_missing_values() -> None:
    """The hint of the error says how to pass the missing values. Questions for a passphrase or a confirmation are errors too."""
    with pytest.raises(InteractionUnavailableError) as caught:
        ask(NonInteractiveAsker(), SECTION)
    assert "cloud.id." in str(caught.value)
    # The command has only the required values. There is an environment variable for each value.
    assert caught.value.hint == (
        "To pass it: %secret register cloud --schema=aws --id=@FILE --region=@FILE, or set "
        "ZENSECRETS_SECRET_CLOUD_ID, ZENSECRETS_SECRET_CLOUD_TOKEN, ZENSECRETS_SECRET_CLOUD_REGION"
    )
    with pytest.raises(InteractionUnavailableError, match="ZENSECRETS_PASSPHRASE"):
        NonInteractiveAsker().ask_passphrase("Passphrase: ")
    with pytest.raises(InteractionUnavailableError, match="-y"):
        NonInteractiveAsker().confirm("Sure?")
