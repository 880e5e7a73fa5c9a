"""Numbers in the scripts of HTML outputs: a figure whose data hold the digits of a known value has to go on as a program.

A mask in the place of a number is a syntax error there, and nothing would be drawn. A text in a script is masked as everywhere.
"""

from __future__ import annotations

import re
from typing import Any

_SCRIPT = re.compile(r"(<script\b[^>]*>)(.*?)(?=</script>)", re.DOTALL | re.IGNORECASE)
# A string is read over as a whole; a number is one only as a whole item or member of data.
_TOKEN = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|(?<=[\[,:])(?P<blank>\s*)(?P<number>-?\d{6,}(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,\]}])",
    re.DOTALL,
)
_LONGEST = 1_000_000
"""Characters of a script that holds data; longer ones are libraries."""
_PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")
_TYPE = "text/html"


class NumbersInScripts:
    """Takes the numbers out of the scripts in the content of a message, and puts them back."""

    def __init__(self) -> None:
        """Begin without any."""
        self._numbers: list[str] = []

    def without(self, content: Any) -> Any:
        """Return ``content`` with a placeholder for each number: the same object if there is none, or no HTML."""
        html = _html_of(content)
        if html is None or "<script" not in html or "\ue000" in html:
            return content
        shielded = _SCRIPT.sub(self._without, html)
        return content if not self._numbers else {**content, "data": {**content["data"], _TYPE: shielded}}

    def restored(self, content: Any) -> Any:
        """Return ``content``, which may have been masked meanwhile, with the numbers."""
        html = _html_of(content)
        if html is None or not self._numbers:
            return content
        restored = _PLACEHOLDER.sub(lambda found: self._numbers[int(found[1])], html)
        return {**content, "data": {**content["data"], _TYPE: restored}}

    def _without(self, script: re.Match[str]) -> str:
        return script[0] if len(script[2]) > _LONGEST else script[1] + _TOKEN.sub(self._placeholder, script[2])

    def _placeholder(self, token: re.Match[str]) -> str:
        if token["number"] is None:
            return token[0]
        self._numbers.append(token["number"])
        return f"{token['blank']}\ue000{len(self._numbers) - 1}\ue001"


def _html_of(content: Any) -> str | None:
    data = content.get("data") if isinstance(content, dict) else None
    html = data.get(_TYPE) if isinstance(data, dict) else None
    return html if isinstance(html, str) else None
