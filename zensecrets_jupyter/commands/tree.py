"""The root of the command tree, and functions that run or complete a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.click_extensions import CONTEXT_SETTINGS, HelpRequested, convert_usage_error
from zensecrets_jupyter.commands.framework.command_groups import Group, LazyCommand
from zensecrets_jupyter.commands.framework.help_texts import COMPONENT_PURPOSES, ROOT_TEXTS
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.front_end import SESSION, Call, FrontEndCapabilities
from zensecrets_jupyter.core.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.asking.form_request import Asker

_PACKAGE = "zensecrets_jupyter.commands"


def make_root(**extra_commands: LazyCommand) -> Group:
    """Return the root group of a front end.

    Args:
        **extra_commands: Further commands of this front end, by name.
    """
    lazy_commands = {
        "secret": LazyCommand(f"{_PACKAGE}.secrets.secret", "secret", "Manage the secrets of the active stack."),
        "scan": LazyCommand(f"{_PACKAGE}.files.scan", "scan", "Find values of secrets in notebooks and other files."),
        "clean": LazyCommand(f"{_PACKAGE}.files.clean", "clean", "Replace values of secrets in notebooks and other files."),
        "fingerprints": LazyCommand(f"{_PACKAGE}.files.fingerprints", "fingerprints", "Export fingerprints for scans without the values."),
        "stack": LazyCommand(f"{_PACKAGE}.stacks.stack", "stack", "Manage stacks."),
        **{name: LazyCommand(f"{_PACKAGE}.stacks.component", name.replace("-", "_"), _summary(name)) for name in COMPONENT_PURPOSES},
        **extra_commands,
    }
    return Group(
        "zensecrets",
        lazy_commands=lazy_commands,
        zenml_texts=ROOT_TEXTS,
        context_settings=CONTEXT_SETTINGS,
        help="Manage secrets, stacks and references of ZenML 0.20.",
    )


def _summary(group: str) -> str:
    return f"Manage {plural(group.replace('-', ' '))}, which {COMPONENT_PURPOSES[group]}."


root = make_root()
"""The root for sessions, such as notebooks. The terminal program has its own root with one more command."""


def run(words: Sequence[str], asker: Asker, capabilities: FrontEndCapabilities = SESSION, *, root_group: Group = root) -> Outcome:
    """Run a command and return its outcome.

    Args:
        words: The words after ``%zen`` or ``zensecrets``.
        asker: Asks a person for missing values.
        capabilities: The capabilities of the front end.
        root_group: The root of the command tree.

    Returns:
        The outcome; if the line requests help, an outcome with the help text.

    Raises:
        UsageProblem: If the words are not a valid command line.
        ZenSecretsError: If the command fails.
    """
    problem: click.UsageError | None = None
    try:
        with root_group.make_context(capabilities.program, list(words), obj=Call(asker, capabilities)) as context:
            outcome = root_group.invoke(context)
            return outcome if isinstance(outcome, Outcome) else Outcome(outcome)
    except HelpRequested as request:
        return Outcome(text=str(request))
    except click.UsageError as error:
        problem = error
    # The error is raised outside the except block, so that click's error is not its context.
    raise convert_usage_error(problem)


class Completion(NamedTuple):
    """A completion of the current word, with its help line."""

    text: str
    help: str = ""


def complete(words: Sequence[str], incomplete: str, *, root_group: Group = root) -> list[Completion]:
    """Return the completions of ``incomplete``, the word after ``words``.

    The function asks nothing and raises no error.
    """
    from zensecrets_jupyter.commands.framework import completion

    return [Completion(text, help_line) for text, help_line in completion.complete(root_group, words, incomplete)]
