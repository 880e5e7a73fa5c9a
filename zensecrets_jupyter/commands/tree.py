"""The whole tree: its root, what runs a line of words in it, and what completes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from zensecrets_jupyter.commands.framework.click_extensions import SETTINGS, Group, HelpRequested, LazyCommand, usage_problem_from
from zensecrets_jupyter.commands.framework.help_texts import COMPONENTS, OF_ROOT
from zensecrets_jupyter.commands.framework.outcome import Outcome
from zensecrets_jupyter.commands.front_end import SESSION, Call, FrontEndCapabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.asking.form_request import Asker

_PACKAGE = "zensecrets_jupyter.commands"


def make_root(**further: LazyCommand) -> Group:
    """Return the tree's root, with commands that only one face has."""
    later = {
        "secret": LazyCommand(
            f"{_PACKAGE}.secrets.secret", "secret", "Secrets of the active stack: register, get, list, update, import, export."
        ),
        "scan": LazyCommand(f"{_PACKAGE}.files.scan", "scan", "Find known values in notebooks and other files."),
        "clean": LazyCommand(f"{_PACKAGE}.files.clean", "clean", "Replace known values in notebooks and other files."),
        "fingerprints": LazyCommand(f"{_PACKAGE}.files.fingerprints", "fingerprints", "Fingerprints, to scan without the values: export."),
        "stack": LazyCommand(f"{_PACKAGE}.stacks.stack", "stack", "Stacks: register, set, validate, register-secrets, export, import."),
        **{name: LazyCommand(f"{_PACKAGE}.stacks.component", name.replace("-", "_"), summary) for name, summary in COMPONENTS.items()},
        **further,
    }
    return Group(
        "zensecrets", later=later, elsewhere=OF_ROOT, context_settings=SETTINGS, help="Secrets, stacks and references of ZenML 0.20."
    )


root = make_root()


def run(words: Sequence[str], asker: Asker, capabilities: FrontEndCapabilities = SESSION, *, within: Group = root) -> Outcome:
    """Run the command that ``words`` name and return what came of it.

    Args:
        words: What was typed after ``%zen`` or ``zensecrets``.
        asker: Who is asked for what is missing.
        capabilities: What the face can do.
        within: The tree.

    Raises:
        UsageProblem: If the words make no command.
        ZenSecretsError: What the command ends with.
    """
    problem: click.UsageError | None = None
    try:
        with within.make_context(capabilities.program, list(words), obj=Call(asker, capabilities)) as context:
            outcome = within.invoke(context)
            return outcome if isinstance(outcome, Outcome) else Outcome(outcome)
    except HelpRequested as told:
        return Outcome(text=str(told))
    except click.UsageError as error:
        problem = error
    raise usage_problem_from(problem)


class Completion(NamedTuple):
    """What may stand in place of the word that is being typed, and a line on what it is."""

    text: str
    help: str = ""


def complete(words: Sequence[str], incomplete: str, *, within: Group = root) -> list[Completion]:
    """Return what ``incomplete``, the word after ``words``, may become; nothing is asked of anybody, and nothing is raised."""
    from zensecrets_jupyter.commands.framework import completion  # noqa: PLC0415 - it is only needed where somebody presses Tab

    return [Completion(text, about) for text, about in completion.complete(within, words, incomplete)]
