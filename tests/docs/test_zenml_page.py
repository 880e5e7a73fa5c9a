"""Tests that all commands, options, flavors and attributes in the tables of docs/zenml.md exist.

They also check that the tables have all commands of ZenML 0.20.5 for secrets, stacks and components.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import pytest

from tests.support.command_lines import run
from zensecrets_jupyter.commands.framework.click_extensions import CONTEXT_SETTINGS, Command, FreeOptionsCommand
from zensecrets_jupyter.commands.framework.command_groups import Group
from zensecrets_jupyter.commands.framework.component_flavors import accepted_fields_of_flavor
from zensecrets_jupyter.commands.framework.help_texts import COMPONENT_PURPOSES
from zensecrets_jupyter.commands.tree import root
from zensecrets_jupyter.core.stack import ComponentType, get_flavor

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "zenml.md").read_text(encoding="utf-8")
COMMANDS_ON_PAGE = re.findall(r"`zenml ([^`]+)`", PAGE)
"""The commands after ``zenml`` in the page's code spans, with their options."""


COMPONENT_OPTIONS = (
    "--alerter --annotator --container_registry --data_validator --experiment_tracker --feature_store --model_deployer"
    " --secrets_manager --step_operator -al -an -c -d -dv -e -f -s -x"
)
"""The options of ZenML that choose a component of an optional type: one that a stack can lack."""
ZENML_COMMANDS = """
orchestrator copy
orchestrator delete
orchestrator describe
orchestrator down --force --yes -f -y
orchestrator explain
orchestrator flavor delete
orchestrator flavor describe
orchestrator flavor list
orchestrator flavor register
orchestrator get
orchestrator list
orchestrator logs --follow -f
orchestrator register --flavor --share -f
orchestrator remove-attribute
orchestrator rename
orchestrator share
orchestrator up
orchestrator update
secrets-manager secret cleanup --force --yes -f -y
secrets-manager secret delete --yes -y
secrets-manager secret get
secrets-manager secret list
secrets-manager secret register --interactive --schema -i -s
secrets-manager secret update --interactive -i
stack copy
stack delete --force --yes -f -y
stack describe
stack down --force --yes -f -y
stack export
stack get
stack import --filename --ignore-version-mismatch -f
stack list --just-mine -m
stack register COMPONENT_OPTIONS --artifact-store --orchestrator -a -o --set --share
stack register-secrets --skip-existing
stack remove-component COMPONENT_OPTIONS
stack rename
stack set
stack share
stack up
stack update COMPONENT_OPTIONS --artifact-store --orchestrator -a -o
"""
"""Every command of ZenML 0.20.5 for secrets, stacks and components, with its options.

The test replaces the word ``COMPONENT_OPTIONS`` by the options in :data:`COMPONENT_OPTIONS`. All types of components have the commands of
``orchestrator``.
"""


class FlavorRow(NamedTuple):
    """A row of the table of flavors.

    Attributes:
        type_label: The type of component, such as ``secrets manager``.
        flavor: The flavor.
        attributes: The attributes of the flavor.
    """

    type_label: str
    flavor: str
    attributes: list[str]


def _flavor_rows() -> Iterator[FlavorRow]:
    for type_label, flavor, last_cell in re.findall(r"^\| ([a-z ]+) \| `([\w-]+)` \| (.*?) \|", PAGE, re.MULTILINE):
        yield FlavorRow(type_label, flavor, re.findall(r"`(\w+)`", last_cell))


def _resolve(tokens: list[str]) -> tuple[click.Command, click.Context, list[str]]:
    """Return the command that the first tokens name, its context, and the remaining tokens."""
    command: click.Command = root
    context = click.Context(root, info_name="zen", **CONTEXT_SETTINGS)
    while isinstance(command, Group) and tokens:
        name, subcommand, tokens = command.resolve_command(context, tokens)
        assert subcommand is not None, name
        command, context = subcommand, click.Context(subcommand, info_name=name, parent=context)
    return command, context, tokens


def test_every_command_and_option_exists() -> None:
    """Each command in the tables exists with its options.

    The page shows the commands of the orchestrator as an example, and they exist for all types of components.
    """
    assert len(COMMANDS_ON_PAGE) > 60
    lines: list[str] = []
    for line in COMMANDS_ON_PAGE:
        if line.startswith("orchestrator "):
            lines += [line.replace("orchestrator", group, 1) for group in COMPONENT_PURPOSES]
        else:
            lines.append(line)
    for line in lines:
        command, context, remaining = _resolve(shlex.split(line))
        assert not isinstance(command, Group), line
        if isinstance(command, Command):
            options = command.declared_options(context)
            for option in [token.partition("=")[0].replace("_", "-") for token in remaining if token.startswith("-")]:
                # Some commands accept any key as an option. On the page, such an option is in capitals or one of these two.
                is_key = isinstance(command, FreeOptionsCommand) and (option[2:].isupper() or option in {"--values", "-v"})
                assert option in options or is_key, line


def test_every_command_of_zenml_is_supported() -> None:
    """Each of ZenML's commands for secrets, stacks and components exists with its options, and is in the tables."""
    contexts = [_resolve(shlex.split(line))[1] for line in COMMANDS_ON_PAGE]
    # A command path starts with the name of the program.
    names_on_page = {context.command_path.partition(" ")[2] for context in contexts}
    for line in ZENML_COMMANDS.replace("COMPONENT_OPTIONS", COMPONENT_OPTIONS).strip().splitlines():
        tokens = line.split()
        options = {token.replace("_", "-") for token in tokens if token.startswith("-")}
        name = " ".join(token for token in tokens if not token.startswith("-"))
        # A command of the orchestrator is checked for all types of components. Other commands are checked once, without a replacement.
        for group in COMPONENT_PURPOSES if tokens[0] == "orchestrator" else ("orchestrator",):
            command, context, remaining = _resolve(name.replace("orchestrator", group).split())
            assert isinstance(command, Command), (name, group)
            assert not remaining, (name, group)
            assert options <= command.declared_options(context).keys(), (name, group)
        assert name in names_on_page, name


@pytest.mark.parametrize("component_type", ComponentType)
def test_every_attribute_of_a_type_exists(component_type: ComponentType) -> None:
    """Each flavor of the type in the table exists, and accepts or ignores each attribute in its row."""
    rows = [row for row in _flavor_rows() if row.type_label == component_type.label]
    assert rows
    for row in rows:
        accepted_attributes = set(accepted_fields_of_flavor(component_type, row.flavor))
        if component_type is not ComponentType.SECRETS_MANAGER:
            accepted_attributes |= set(get_flavor(component_type.value, row.flavor).IGNORED)
        assert set(row.attributes) <= accepted_attributes, row.flavor


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("stack up", "nothing to start: stack 'default'"),
        ("stack down -y", "nothing to stop: stack 'default'"),
        ("stack share default", "was not changed"),
        ("orchestrator up default", "nothing to start: the orchestrator 'default'"),
        ("orchestrator down -f", "nothing to stop"),
        ("artifact-store logs -f", "no logs here"),
        ("artifact-store explain", "Artifact stores save the outputs of steps."),
        ("secrets-manager share", "was not changed"),
        ("alerter flavor delete slack", "Nothing was deleted"),
        ("integration install aws -y", "Nothing was installed"),
        ("init --path x", "nothing to prepare"),
        ("secret backup", "no backup store"),
        ("annotator dataset list", "does not manage datasets"),
        ("stack register s -o default -a default --share", "--share has no effect"),
        ("alerter register a --flavor=custom --share", "--share has no effect"),
    ],
)
def test_a_command_without_effect_succeeds_and_says_why(line: str, message: str) -> None:
    """A command of ZenML that has no effect in this package succeeds, so that a script continues, and explains why.

    The message has at most four lines. A warning or a note does not count as a line of its own.
    """
    outcome = run(line)
    assert outcome.exit_code == 0
    assert message in outcome.message
    assert len(outcome.message.replace("\nWarning", " Warning").replace("\nNote", " Note").splitlines()) <= 4
