"""Read example scripts from a Markdown file, with one Python block below each heading."""

from __future__ import annotations

import re
from pathlib import Path

_EXAMPLE = re.compile(r"^## (.+?)\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_IMPORTED = re.compile(r"^(\s*(?:from|import) )(\w+)", re.MULTILINE)


def examples_in(file: str) -> dict[str, str]:
    """Return the scripts of a file in this folder, by heading."""
    examples = dict(_EXAMPLE.findall(Path(__file__).with_name(file).read_text(encoding="utf-8")))
    assert examples
    return examples


def with_package(source: str, old: str, new: str) -> str:
    """Return the script with the package ``new`` instead of ``old`` in its imports."""
    changed = _IMPORTED.sub(lambda match: f"{match[1]}{new if match[2] == old else match[2]}", source)
    assert changed != source
    return changed
