"""Placeholders for numbers in scripts and drawings (such as SVG) while a message is redacted.

The data of a figure may contain the digits of a value by chance, and redaction must not change these numbers.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from zensecrets_jupyter.scan.formats.script_numbers import numbers_in_scripts

# A placeholder consists of U+E000, a random character, the index of the number, and U+E001. Ordinary text contains no private-use
# characters: https://www.unicode.org/faq/private_use.html. Because of the random character, a text that quotes a placeholder of an earlier
# process is not changed.
_PLACEHOLDER_START = f"\ue000{chr(0xE100 + secrets.randbelow(0x1000))}"
_PLACEHOLDER = re.compile(f"{_PLACEHOLDER_START}(\\d+)\ue001")


class NumberPlaceholders:
    """Replaces numbers in a message by placeholders while the message is redacted, and restores them."""

    def __init__(self) -> None:
        """Create an empty collection."""
        self._numbers: list[str] = []

    def insert(self, content: Any) -> Any:
        """Replace each number of a script or drawing in ``content`` by a placeholder.

        Returns:
            The changed content; the same object if it contains no number to replace.
        """
        if isinstance(content, dict):
            changed = {
                key: self._insert_in_text(key, child) if isinstance(child, str) else self.insert(child) for key, child in content.items()
            }
            return changed if any(changed[key] is not child for key, child in content.items()) else content
        if isinstance(content, list):
            items = [self.insert(child) for child in content]
            return items if any(new is not old for new, old in zip(items, content, strict=True)) else content
        return content

    def restore(self, content: Any) -> Any:
        """Return ``content``, which may have been redacted, with the numbers restored."""
        if not self._numbers:
            return content
        if isinstance(content, str):
            return _PLACEHOLDER.sub(lambda match: self._numbers[int(match[1])], content)
        if isinstance(content, dict):
            return {key: self.restore(child) for key, child in content.items()}
        return [self.restore(child) for child in content] if isinstance(content, list) else content

    def _insert_in_text(self, mime_type: Any, text: str) -> str:
        """Return ``text`` with placeholders, if its key in the message is the MIME type of a script or drawing."""
        spans = numbers_in_scripts(str(mime_type), text)
        parts, last_end = [], 0
        for start, stop in spans:
            parts += [text[last_end:start], f"{_PLACEHOLDER_START}{len(self._numbers)}\ue001"]
            self._numbers.append(text[start:stop])
            last_end = stop
        return "".join([*parts, text[last_end:]]) if spans else text
