"""The command `secrets-manager copy`: its messages, its questions and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.command_lines import run
from tests.support.managers.fake_remote import FakeRemoteBackend
from tests.support.scripted_user import ScriptedUser
from zensecrets_jupyter.commands import tree
from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import (
    ComponentNotFoundError,
    InteractionUnavailableError,
    ManagerUnreachableError,
    SecretExistsError,
    SecretNotFoundError,
    UnsupportedOperationError,
)
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from tests.support.failing_manager import FailingBackend
    from zensecrets_jupyter.commands.asking.form_request import Asker
    from zensecrets_jupyter.commands.framework.outcome import Outcome
    from zensecrets_jupyter.core.managers import SecretsManager


@pytest.fixture(autouse=True)
def _two_managers() -> None:
    """Register two secrets in `default`, and an empty secrets manager `other`."""
    run("secrets-manager register other --flavor=memory")
    run("secret register a --key=?", canary("a"))
    run("secret register b -s openai --api_key=?", canary("b"))


def _other() -> SecretsManager:
    """Return the target of the copies."""
    return Client().workspace.open_manager("other")


def _copy(line: str = "", *, asker: Asker | None = None) -> Outcome:
    """Copy from `default` to `other`, and check that the outcome contains no value."""
    outcome = run(f"secrets-manager copy default other {line}".strip(), asker=asker)
    assert not find_canary(f"{outcome.message} {outcome.view!r} {outcome.summary}")
    return outcome


def test_all_secrets_are_copied() -> None:
    """The message counts the secrets, and says how to use the target in the active stack. A second copy does nothing."""
    outcome = _copy()
    assert outcome.message == "Copied 2 secrets from 'default' to 'other'.\nTo use them there: %stack update default -x other"
    assert (outcome.view, outcome.exit_code) == (None, 0)
    source = Client().secrets_manager
    assert _other().get_records(["a", "b"]) == source.get_records(["a", "b"])
    assert _copy().message.startswith("Copied 0 secrets from 'default' to 'other'; 2 already in the target.")
    run("stack update default -x other")
    assert _copy().message == "Copied 0 secrets from 'default' to 'other'; 2 already in the target."
    assert tree.run(["secret", "get", "b"], ScriptedUser()).value.TYPE == "openai"


def test_a_dry_run_shows_a_plan_and_writes_nothing() -> None:
    """The table has a row for each secret, with the keys that differ."""
    _copy("a")
    run("secret register c --key=mine")
    run("secret update a --more=?", canary("more"))
    run("secret register d --key=1")
    _copy("d")
    before = _other().get_records(["a", "b", "c", "d"])
    table = _copy("--dry-run").value
    # The secret "a" of the target lacks the key "more".
    assert [tuple(row.values()) for row in table] == [
        ("a", "conflict", "it lacks more"),
        ("b", "new", ""),
        ("c", "new", ""),
        ("d", "the same already", ""),
    ]
    assert table.note == "2 new, 1 the same already, 1 conflict."
    # The target has no b and no c, so their results are errors. Two errors with equal texts have an equal repr, but are not equal.
    assert repr(_other().get_records(["a", "b", "c", "d"])) == repr(before)


def test_an_empty_source_is_no_error() -> None:
    """The message says that there are no secrets."""
    # This command deletes all secrets.
    run("secret cleanup -y")
    assert _copy().message == "There are no secrets in secrets manager 'default'."
    assert "There are no secrets" in _copy("--dry-run").value.note


@pytest.fixture
def conflicts() -> dict[str, str]:
    """Register x, y and z with different values in the source and the target, and return the values of the target."""
    target_values = {}
    for name in ("x", "y", "z"):
        run(f"secret register {name} --key=?", canary("source"))
    _copy("x y z")
    for name in ("x", "y", "z"):
        target_values[name] = canary("target")
        _other().merge_secret(name, {"key": target_values[name]})
    return target_values


@pytest.mark.parametrize(
    ("answers", "replaced"),
    [(("s", "r", "s"), "y"), (("S",), ""), (("R",), "xyz"), (("s", "R"), "yz"), (("r", "S"), "x"), (("what?", "r", "s", "s"), "x")],
)
def test_a_user_resolves_conflicts_one_by_one_or_all_at_once(conflicts: dict[str, str], answers: tuple[str, ...], replaced: str) -> None:
    """The questions show names and no values, and come before the first write.

    The letters of ``replaced`` are the names of the secrets that the user lets the copy replace. The answers ``s`` and ``r`` skip or
    replace one secret. ``S`` and ``R`` do so for all remaining secrets. After an invalid answer, the question is repeated.
    """
    user = ScriptedUser(*answers)
    outcome = _copy(asker=user)
    assert user.unused_answers == []
    assert not find_canary(user.screen)
    assert user.prompts[0].startswith("'other' already has a secret 'x': other values of key. [s] skip it, [r] replace it, [S] skip all 3")
    for name, value in conflicts.items():
        expected = Client().get_secret(name).content if name in replaced else {"key": value}
        assert _other().get_secret(name).content == expected
    assert ("replaced a secret" in outcome.message) == bool(replaced)
    assert ("skipped" in outcome.message) == (len(replaced) < 3)


@pytest.mark.parametrize("answers", [("",), ("r", ""), ("no", "neither", "nor")])
def test_a_cancelled_copy_writes_nothing(conflicts: dict[str, str], answers: tuple[str, ...]) -> None:
    """Enter cancels the copy, also after other answers. Three invalid answers also cancel it."""
    assert _copy(asker=ScriptedUser(*answers)).message == "Nothing was copied."
    assert _other().list_secrets() == ["x", "y", "z"]
    assert {name: _other().get_secret(name).content for name in conflicts} == {name: {"key": value} for name, value in conflicts.items()}


def test_non_interactive_input_needs_the_option(conflicts: dict[str, str]) -> None:
    """Without --on-conflict, or with `stop`, the command raises an error. `skip` and `replace` need no question."""
    with pytest.raises(InteractionUnavailableError, match="--on-conflict=skip") as without_option:
        _copy()
    with pytest.raises(SecretExistsError, match="'x', 'y', 'z' already, with other content; nothing was copied") as stopped:
        _copy("--on-conflict=stop")
    # The hint does not suggest the option that the user has just given.
    assert "--on-conflict=stop" not in str(stopped.value)
    assert not find_canary(f"{without_option.value} {stopped.value}")
    assert _other().list_secrets() == ["x", "y", "z"]
    skipped = _copy("--on-conflict=skip")
    assert "Copied 2 secrets from 'default' to 'other'; 3 skipped." in skipped.message
    assert isinstance(skipped.view, Table)
    assert [row["name"] for row in skipped.view] == ["x", "y", "z"]
    assert _other().get_secret("x").content == {"key": conflicts["x"]}
    assert (
        "Copied 3 secrets from 'default' to 'other'; 3 of them replaced a secret; 2 already in the target."
        in _copy("--on-conflict=replace").message
    )
    assert _other().get_secret("x").content == Client().get_secret("x").content


def test_a_secret_that_can_t_be_copied_is_a_failure() -> None:
    """The other secrets are copied, the exit code is 1, and a table has the reason."""
    run(f"secrets-manager register limited --flavor={FakeRemoteBackend.FLAVOR}")
    # The fake backend takes at most 1000 characters.
    run("secret register large --key=?", canary("large") * 100)
    planned = run("secrets-manager copy default limited --dry-run").value
    # The column that says what would be done has no title.
    assert [row[""] for row in planned] == ["new", "new", "can't be done"]
    outcome = run("secrets-manager copy default limited")
    assert outcome.message == "Copied 2 secrets from 'default' to 'limited'; 1 can't be copied."
    assert (outcome.value, outcome.exit_code, outcome.summary) == (
        None,
        1,
        "1 secret could not be copied; the table above has the reasons.",
    )
    assert isinstance(outcome.view, Table)
    assert "1000 are allowed" in outcome.view[0]["why"]
    assert not find_canary(f"{planned!r} {outcome.view!r}")
    assert Client().workspace.open_manager("limited").list_secrets() == ["a", "b"]


def test_an_impossible_copy_is_an_error() -> None:
    """The command checks names and capabilities before it reads a secret."""
    run("secrets-manager register ci --flavor=env")
    run("secrets-manager register actions --flavor=github --repository=o/n --token=?", canary("token"))
    with pytest.raises(UnsupportedOperationError, match="can't register secrets"):
        run("secrets-manager copy default ci")
    with pytest.raises(UnsupportedOperationError, match="can't read secrets here"):
        run("secrets-manager copy actions default")
    with pytest.raises(UnsupportedOperationError, match="into itself"):
        run("secrets-manager copy default default")
    with pytest.raises(ComponentNotFoundError, match="Did you mean 'other'"):
        run("secrets-manager copy default othre")
    with pytest.raises(SecretNotFoundError):
        run("secrets-manager copy default other a missing")
    assert _other().list_secrets() == []


def test_an_interrupted_copy_can_be_continued(failing_backend: type[FailingBackend]) -> None:
    """The error says how many secrets were copied, and the same command copies the rest."""
    failing_backend.writes_left = 1
    with pytest.raises(ManagerUnreachableError, match=r"1 of 2 secrets are in 'broken', each of them complete.* again to continue"):
        run("secrets-manager copy default broken")
    failing_backend.writes_left = 10
    assert "Copied 1 secret from 'default' to 'broken'; 1 already in the target." in run("secrets-manager copy default broken").message


def test_names_are_completed() -> None:
    """Tab completes secrets managers, and then the secrets of the source."""
    words = ["secrets-manager", "copy"]
    assert [completion.text for completion in tree.complete(words, "")][:2] == ["default", "other"]
    assert [completion.text for completion in tree.complete([*words, "default"], "o")] == ["other"]
    assert {"a", "b"} <= {completion.text for completion in tree.complete([*words, "default", "other"], "")}


def test_a_missing_target_is_registered_with_the_attributes_of_the_source() -> None:
    """No secret is copied. With ``--dry-run`` or the name of a secret, a missing target is an error."""
    with pytest.raises(ComponentNotFoundError):
        run("secrets-manager copy default second --dry-run")
    with pytest.raises(ComponentNotFoundError):
        run("secrets-manager copy default second a")
    message = run("secrets-manager copy default second").message
    assert message.startswith("Registered secrets manager 'second' with the attributes of 'default'. To copy the secrets: ")
    assert Client().workspace.open_manager("second").list_secrets() == []
    assert "Copied 2 secrets" in run("secrets-manager copy default second").message
