"""The commands of `stack`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import LABELS, active_content_of, run
from tests.support.scripted_user import ScriptedUser
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import ManagerUnreachableError
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.failing_manager import FailingBackend


def test_a_stack_is_registered_changed_and_deleted() -> None:
    """One test runs the basic commands in order."""
    run("stack register one -o default -a default -x default --set")
    assert run("stack get").value == "one"
    run("stack copy one two")
    run("stack rename two three")
    run("stack remove-component three -x")
    assert [row["type"] for row in run("stack describe three").value] == ["orchestrator", "artifact store"]
    run("stack set default")
    run("stack delete three -y")
    assert {row["stack"] for row in run("stack list").value} == {"default", "one"}


def test_commands_warn_about_a_stack_that_can_t_run() -> None:
    """The commands register, update and set succeed with a warning. The component "labels" refers to a missing secret."""
    run(LABELS)
    messages = [
        run("stack register new -o default -a default -x default -an labels").message,
        run("stack update new -an labels").message,
        run("stack set new").message,
    ]
    for message in messages:
        assert "Warning: Stack 'new' can't run: 1 problem." in message
        assert "%stack register-secrets new" in message


def test_commands_warn_about_a_remote_orchestrator_with_a_local_secrets_manager() -> None:
    """Steps on other machines can't reach a local store."""
    run("orchestrator register far --flavor=kubernetes")
    assert "can't reach the local secrets manager 'default'" in run("stack register new -o far -a default -x default").message


def test_validate_returns_a_report() -> None:
    """The exit code is 1 if there is a problem."""
    run(LABELS)
    run("stack update -an labels")
    outcome = run("stack validate")
    assert (outcome.exit_code, len(outcome.value.problems)) == (1, 1)
    run("secret register label_studio_secret --api_key=?", canary())
    assert run("stack validate").exit_code == 0


def test_register_secrets_asks_for_the_required_values() -> None:
    """Existing values, other keys and the schema do not change.

    With ``--all``, the command asks for existing values too. An empty answer keeps a value.
    """
    old, new = canary("old"), canary("new")
    run(LABELS)
    run("alerter register chat --flavor=slack --slack_token=? --default_slack_channel_id=?", "{{chat.token}}", "{{chat.channel}}")
    run("stack update -an labels -al chat")
    run("secret register label_studio_secret -s label_studio --api_key=?", old)
    run("secret register chat --channel=c --more=m")
    user = ScriptedUser(new, "", "")
    run("stack register-secrets --all", asker=user)
    assert active_content_of("chat") == {"channel": "c", "more": "m", "token": new}
    assert active_content_of("label_studio_secret") == {"api_key": old}
    assert Client().get_secret("label_studio_secret").TYPE == "label_studio"
    assert "  alerter 'chat'.slack_token needs chat.token" in user.messages
    assert find_canary(user.screen) == []
    assert run("stack register-secrets").message.startswith("Every secret that stack 'default' needs is registered.")


def test_a_stack_without_references_needs_no_secrets() -> None:
    """The command `stack register-secrets` asks nothing."""
    assert run("stack register-secrets").message == "Stack 'default' needs no secrets."


def test_a_failed_write_lists_the_written_secrets(failing_backend: type[FailingBackend]) -> None:
    """The user can try again with the same input, and only the unwritten secrets are written."""
    first, second = canary("1"), canary("2")
    for name in ("one", "two"):
        run(f"annotator register {name} --flavor=custom --secret=?", f"{{{{{name}.key}}}}")
    run("annotator register both --flavor=custom --a=? --b=?", "{{one.key}}", "{{two.key}}")
    run("stack update -an both")
    failing_backend.writes_left = 1
    user = ScriptedUser(first, second, "n")
    with pytest.raises(ManagerUnreachableError, match=r"Written: one; not written: two\.") as caught:
        run("stack register-secrets", asker=user)
    assert find_canary(str(caught.value)) == []
    assert Client().secrets_manager.list_secrets() == ["one"]
    # A missing value is required, so the empty answer is refused, and the prompt is repeated. "y" confirms the second attempt.
    user = RepairingUser(failing_backend, "", second, "y")
    failing_backend.writes_left = 0
    assert run("stack register-secrets", asker=user).message == "Registered 'two'."
    assert (active_content_of("one"), active_content_of("two")) == ({"key": first}, {"key": second})


class RepairingUser(ScriptedUser):
    """A user who repairs the connection before the second attempt."""

    def __init__(self, backend: type[FailingBackend], *answers: str) -> None:
        """Prepare the answers, and the backend to repair."""
        super().__init__(*answers)
        self._backend = backend

    def confirm(self, question: str) -> bool:
        """Repair the backend, and answer."""
        self._backend.writes_left = 10
        return super().confirm(question)
