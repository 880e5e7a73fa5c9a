"""Lines as a person types them, run through the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands import tree
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.core.client import Client

if TYPE_CHECKING:
    from zensecrets_jupyter.commands.asking.form_request import Asker
    from zensecrets_jupyter.commands.framework.outcome import Outcome

LABELS = "annotator register labels --flavor=label_studio --authentication_secret={{label_studio_secret.api_key}}"


def run(line: str, *values: str, asker: Asker | None = None) -> Outcome:
    """Run a line; each ``?`` in it is the next of the values."""
    waiting = list(values)
    words = [word.replace("?", waiting.pop(0)) if "?" in word else word for word in line.split(" ")]
    return tree.run(words, asker or NonInteractiveAsker())


def content_of(name: str) -> dict[str, str]:
    """Return what is stored under a name."""
    return Client().get_secret(name, refresh=True).content
