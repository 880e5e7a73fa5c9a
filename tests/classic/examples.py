"""Scripts in Markdown: each heading of the second level has one block of Python."""

from __future__ import annotations

import re
from pathlib import Path

_EXAMPLE = re.compile(r"^## (.+?)\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_IMPORTED = re.compile(r"^(\s*(?:from|import) )(\w+)", re.MULTILINE)


def examples_in(file: str) -> dict[str, str]:
    """Return the scripts of a file beside this one, by their headings."""
    found = dict(_EXAMPLE.findall(Path(__file__).with_name(file).read_text(encoding="utf-8")))
    assert found
    return found


def with_package(source: str, old: str, new: str) -> str:
    """Return the script with another package in its imports, and nothing else changed."""
    changed = _IMPORTED.sub(lambda match: f"{match[1]}{new if match[2] == old else match[2]}", source)
    assert changed != source
    return changed
