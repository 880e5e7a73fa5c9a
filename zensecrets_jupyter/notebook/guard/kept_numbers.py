"""Numbers in scripts and drawings: a figure is drawn unchanged even if its data holds a value's digits."""

from __future__ import annotations

import re
import secrets
from typing import Any

from zensecrets_jupyter.scan.formats.script_numbers import numbers_in_scripts

_BEGIN = f"\ue000{chr(0xE100 + secrets.randbelow(0x1000))}"
# Of characters that no text has but for a reason of its own.
_PLACEHOLDER = re.compile(f"{_BEGIN}(\\d+)\ue001")


class KeptNumbers:
    """Takes the numbers that programs read out of the content of a message, and puts them back."""

    def __init__(self) -> None:
        """Begin without any."""
        self._numbers: list[str] = []

    def without(self, content: Any) -> Any:
        """Return ``content`` with a placeholder for each number, also of outputs inside of a widget: the same object if there is none."""
        if isinstance(content, dict):
            changed = {key: self._without(key, inner) if isinstance(inner, str) else self.without(inner) for key, inner in content.items()}
            return changed if any(changed[key] is not inner for key, inner in content.items()) else content
        if isinstance(content, list):
            items = [self.without(inner) for inner in content]
            return items if any(new is not old for new, old in zip(items, content, strict=True)) else content
        return content

    def restored(self, content: Any) -> Any:
        """Return ``content``, which may have been masked meanwhile, with the numbers."""
        if not self._numbers:
            return content
        if isinstance(content, str):
            return _PLACEHOLDER.sub(lambda found: self._numbers[int(found[1])], content)
        if isinstance(content, dict):
            return {key: self.restored(inner) for key, inner in content.items()}
        return [self.restored(inner) for inner in content] if isinstance(content, list) else content

    def _without(self, kind: Any, text: str) -> str:
        spans = numbers_in_scripts(str(kind), text)
        parts, end = [], 0
        for start, stop in spans:
            parts += [text[end:start], f"{_BEGIN}{len(self._numbers)}\ue001"]
            self._numbers.append(text[start:stop])
            end = stop
        return "".join([*parts, text[end:]]) if spans else text
