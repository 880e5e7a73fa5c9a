"""Functions that read example scripts, and change the package that a script imports.

The scripts are in a Markdown file. Each heading of level two has one Python block directly below it.
"""

from __future__ import annotations

import re
from pathlib import Path

_EXAMPLE = re.compile(r"^## (.+?)\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The beginning of an import statement, up to the name of the top-level package.
_IMPORT = re.compile(r"^(\s*(?:from|import) )(\w+)", re.MULTILINE)


def examples_in(file: str) -> dict[str, str]:
    """Return the scripts in a Markdown file of this folder, by their headings."""
    examples = dict(_EXAMPLE.findall(Path(__file__).with_name(file).read_text(encoding="utf-8")))
    assert examples
    return examples


def replace_package(source: str, old: str, new: str) -> str:
    """Return a script that imports the package ``new`` instead of ``old``."""
    new_source = _IMPORT.sub(lambda match: f"{match[1]}{new if match[2] == old else match[2]}", source)
    assert new_source != source
    return new_source
