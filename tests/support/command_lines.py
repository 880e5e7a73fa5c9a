"""Command lines that tests run through the command tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands import tree
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.core.client import Client

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.asking.form_request import Asker
    from zensecrets_jupyter.commands.framework.outcome import Outcome

LABELS = "annotator register labels --flavor=label_studio --authentication_secret={{label_studio_secret.api_key}}"
"""A command line that registers the annotator ``labels``, which refers to a secret."""


def run(line: str, *values: str, asker: Asker | None = None) -> Outcome:
    """Run a command line, in which ``values`` replace the question marks in their order.

    Spaces separate the words, and quotes have no meaning. The values may contain spaces.
    """
    remaining_values = list(values)
    words = [word.replace("?", remaining_values.pop(0)) if "?" in word else word for word in line.split(" ")]
    return tree.run(words, asker or NonInteractiveAsker())


def active_content_of(name: str) -> dict[str, str]:
    """Return the content of a secret in the active secrets manager, read without the cache."""
    return Client().get_secret(name, refresh=True).content
