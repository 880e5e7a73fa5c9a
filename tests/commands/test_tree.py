"""The command tree: spelling, help, tables and completion."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.support.command_lines import LABELS, active_content_of, run
from zensecrets_jupyter.commands import tree
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.commands.tables.table import Table
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    import pytest


def test_dashes_and_underscores_are_equal() -> None:
    """A dash and an underscore are equal in commands, options and the keys of a schema, but not in other keys."""
    run("secret register o -s openai --api-key=1")
    assert active_content_of("o") == {"api_key": "1"}
    run("secret register free --api-key=1 --api_key=2")
    assert active_content_of("free") == {"api-key": "1", "api_key": "2"}
    # These commands raise no error.
    run("secret update free --remove_key api-key")
    run("stack register new --orchestrator default --artifact_store default --secrets_manager default")
    run("artifact_store list")
    run("stack remove_component new --secrets-manager")


def test_each_command_has_help() -> None:
    """The help starts with the usage."""

    def walk(group: Any, words: list[str]) -> None:
        for name in group.list_commands(None):
            command = group.get_command(None, name)
            assert command.help, words
            text = tree.run([*words, name, "--help"], NonInteractiveAsker()).message
            assert text.startswith(f"Usage: %zen {' '.join([*words, name])}")
            if hasattr(command, "list_commands"):
                walk(command, [*words, name])

    walk(tree.root, [])


def test_lists_and_descriptions_are_tables() -> None:
    """An outcome has a value for code and a view for a terminal. Here both are the same table."""
    for line in (
        "secret list",
        "secret schemas",
        "secret schemas aws",
        "stack list",
        "stack describe",
        "orchestrator list",
        "orchestrator describe",
    ):
        outcome = run(line)
        assert isinstance(outcome.value, Table)
        assert outcome.view is outcome.value
        assert str(outcome.value)


def test_completion_offers_the_possible_next_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The completion offers commands, options, names, keys and references. It reads no keys from a locked store.

    A key that is already on the line is not offered again.
    """
    run("secret register openai -s openai --api_key=?", canary())
    run(LABELS)

    def completions_of(line: str) -> list[str]:
        *words, incomplete = line.split(" ")
        return [completion.text for completion in tree.complete(words, incomplete)]

    assert completions_of("sta") == ["stack"]
    assert completions_of("secrets_m") == ["secrets-manager"]
    assert completions_of("secret up") == ["update"]
    assert completions_of("secret update openai --a") == ["--api_key="]
    assert completions_of("secret update openai --api_key=1 --a") == []
    assert completions_of("secret register x --schema=aws --aws_s") == ["--aws_secret_access_key=", "--aws_session_token="]
    assert completions_of("secret register x --schema=op") == ["--schema=openai"]
    assert completions_of("secret get ope") == ["openai"]
    assert completions_of("secret get openai --key ") == ["api_key"]
    assert (
        completions_of("secret get openai --ref")
        == completions_of("stack validate --ref")
        == completions_of("stack register-secrets --ref")
        == ["--refresh"]
    )
    assert completions_of("secret und") == ["undelete"]
    assert completions_of("stack set d") == ["default"]
    assert completions_of("stack update -an l") == ["labels"]
    assert completions_of("annotator register a --flavor=label_studio --in") == ["--instance_url="]
    assert completions_of("annotator update labels --authentication_secret={{o") == ["--authentication_secret={{openai."]
    assert completions_of("annotator update labels --x=http://{{openai.a") == ["--x=http://{{openai.api_key}}"]
    assert completions_of("nonsense x ") == completions_of("secret update nobody --x") == []
    # Now a passphrase protects the store. In a process without the variable, the store is locked.
    monkeypatch.setenv("ZENSECRETS_PASSPHRASE", "open")
    run("secrets-manager rewrap default --to passphrase")
    code = "import sys; from zensecrets_jupyter.commands import tree; print(tree.complete(['secret', 'get', 'openai', '--key'], ''))"
    monkeypatch.delenv("ZENSECRETS_PASSPHRASE")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
