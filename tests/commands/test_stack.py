"""The commands of `stack`, and `register-secrets` above all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import LABELS, content_of, run
from tests.support.scripted_user import ScriptedUser
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import ManagerUnreachableError
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.failing_manager import FailingBackend


def test_stacks_go_through_their_life() -> None:
    """Register, set, describe, copy, rename, remove a component, delete."""
    run("stack register one -o default -a default -x default --set")
    assert run("stack get").value == "one"
    run("stack copy one two")
    run("stack rename two three")
    run("stack remove-component three -x")
    assert [row["type"] for row in run("stack describe three").value] == ["orchestrator", "artifact store"]
    run("stack set default")
    run("stack delete three -y")
    assert {row["stack"] for row in run("stack list").value} == {"default", "one"}


def test_a_stack_that_could_not_run_is_warned_about() -> None:
    """register, update and set succeed, and say what would keep a pipeline from running."""
    run(LABELS)
    warned = [
        run("stack register new -o default -a default -x default -an labels").message,
        run("stack update new -an labels").message,
        run("stack set new").message,
    ]
    for text in warned:
        assert "Warning: Stack 'new' can't run: 1 problem." in text
        assert "%stack register-secrets new" in text


def test_a_remote_orchestrator_with_a_local_manager_is_warned_about() -> None:
    """Steps that run elsewhere can't reach what only this machine has."""
    run("orchestrator register far --flavor=kubernetes")
    assert "can't reach the local secrets manager 'default'" in run("stack register new -o far -a default -x default").message


def test_validate_returns_its_report() -> None:
    """The report is data; a terminal's process ends with 1 where there is a problem."""
    run(LABELS)
    run("stack update -an labels")
    outcome = run("stack validate")
    assert (outcome.exit_code, len(outcome.value.problems)) == (1, 1)
    run("secret register label_studio_secret --api_key=?", canary())
    assert run("stack validate").exit_code == 0


def test_register_secrets_asks_for_what_the_stack_needs() -> None:
    """Secrets are grouped; existing values may stay; other keys and the schema stay too."""
    old, new = canary("old"), canary("new")
    run(LABELS)
    run("alerter register chat --flavor=slack --slack_token=? --default_slack_channel_id=?", "{{chat.token}}", "{{chat.channel}}")
    run("stack update -an labels -al chat")
    run("secret register label_studio_secret -s label_studio --api_key=?", old)
    run("secret register chat --channel=c --more=m")
    user = ScriptedUser(new, "", "")
    run("stack register-secrets --all", asker=user)
    assert content_of("chat") == {"channel": "c", "more": "m", "token": new}
    assert content_of("label_studio_secret") == {"api_key": old}
    assert Client().get_secret("label_studio_secret").TYPE == "label_studio"
    assert "  alerter 'chat'.slack_token needs chat.token" in user.shown
    assert find_canary(user.screen) == []
    assert run("stack register-secrets").message.startswith("Every secret that stack 'default' needs is registered.")


def test_a_stack_that_needs_nothing_says_so() -> None:
    """Without references there is nothing to ask."""
    assert run("stack register-secrets").message == "Stack 'default' needs no secrets."


def test_a_failure_half_way_says_what_was_written(failing: type[FailingBackend]) -> None:
    """Everything is typed first; a failure names what was written and what not, and the rest is tried again with what was typed."""
    first, second = canary("1"), canary("2")
    for name in ("one", "two"):
        run(f"annotator register {name} --flavor=custom --secret=?", f"{{{{{name}.key}}}}")
    run("annotator register both --flavor=custom --a=? --b=?", "{{one.key}}", "{{two.key}}")
    run("stack update -an both")
    failing.writes_left = 1
    user = ScriptedUser(first, second, "n")
    with pytest.raises(ManagerUnreachableError, match=r"Written: one; not written: two\.") as caught:
        run("stack register-secrets", asker=user)
    assert find_canary(str(caught.value)) == []
    assert Client().secrets_manager.list_secrets() == ["one"]
    mending = Mending(failing, "", second, "y")
    failing.writes_left = 0
    assert run("stack register-secrets", asker=mending).message == "Registered 'two'."
    assert (content_of("one"), content_of("two")) == ({"key": first}, {"key": second})


class Mending(ScriptedUser):
    """Somebody who mends the connection when asked whether to try again."""

    def __init__(self, manager: type[FailingBackend], *answers: str) -> None:
        """Answer, and mend ``manager``."""
        super().__init__(*answers)
        self._manager = manager

    def confirm(self, question: str) -> bool:
        """Mend it, then answer."""
        self._manager.writes_left = 10
        return super().confirm(question)
