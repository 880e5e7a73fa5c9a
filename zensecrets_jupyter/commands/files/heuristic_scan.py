"""What only looks like a secret: the detectors of detect-secrets, on what cells say rather than on a notebook's JSON.

On raw JSON most of what they find is a piece of a picture, and a password in an escaped string is missed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.scan.findings import UNKNOWN, Finding
from zensecrets_jupyter.scan.formats import notebooks
from zensecrets_jupyter.scan.scanner import NOTEBOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from zensecrets_jupyter.scan.matchers import Matcher

LONGEST_LINE = 5_000
"""Characters of a line that is looked at: a longer one was not written by a person, and the detectors' time grows with it."""


class Detectors:
    """Finds what looks like a secret and is none of the known values."""

    def __init__(self, known: Matcher) -> None:
        """Leave out what is ``known``.

        Raises:
            UsageProblem: If detect-secrets is not installed.
        """
        if find_spec("detect_secrets") is None:
            message = "--unknown looks with the detectors of detect-secrets, which is not installed."
            raise UsageProblem(message, hint="Install it: pip install 'zensecrets-jupyter[scan]'")
        self._known = known

    def find(self, path: Path, data: bytes) -> list[Finding]:
        """Return what looks like a secret in a notebook's cells or in a text."""
        from detect_secrets.settings import default_settings, get_filters, get_plugins  # noqa: PLC0415 - only for --unknown

        try:
            raw = data.decode("utf-8")
        except UnicodeDecodeError:
            return []
        if "\0" in raw:
            return []
        shown = self._known.mask(str(path))
        with default_settings() as settings:
            # With it, what was found would be sent to the service that it may belong to, to see whether it works.
            settings.disable_filters(_VERIFYING)
            filters = [one for one in get_filters() if one.injectable_variables <= {"secret", "line"}]
            detector = _Detector(self._known, get_plugins(), filters)
            if path.suffix in NOTEBOOKS and notebooks.is_notebook(raw):
                return list(self._in_notebook(shown, raw, detector))
            lines = enumerate(raw.splitlines(), 1)
            return [Finding(shown, f"line {number}", kind, UNKNOWN, number) for number, line in lines for kind in detector.kinds(line)]

    def _in_notebook(self, shown: str, raw: str, detector: _Detector) -> Iterator[Finding]:
        for text in notebooks.texts(raw):
            if text.is_base64 or text.tokens[0].is_key or not (text.is_source or _IN_OUTPUTS & set(text.path)):
                continue
            for number, line in enumerate(text.value(raw).splitlines(), 1):
                for kind in detector.kinds(line):
                    piece = text.tokens[min(number, len(text.tokens)) - 1]
                    yield Finding(shown, text.location(self._known, number), kind, UNKNOWN, raw.count("\n", 0, piece.start) + 1)


_VERIFYING = "detect_secrets.filters.common.is_ignored_due_to_verification_policies"
_IN_OUTPUTS = {"data", "text", "evalue", "traceback"}


class _Detector:
    """The detectors and their filters, on one line after the other."""

    def __init__(self, known: Matcher, plugins: Iterable[Any], filters: Iterable[Any]) -> None:
        self._known = known
        self._plugins = list(plugins)
        self._filters = list(filters)

    def kinds(self, line: str) -> list[str]:
        """Return what kinds of secrets there seem to be in a line."""
        if not line.strip() or len(line) > LONGEST_LINE or self._is_filtered(line=line):
            return []
        found = [one for plugin in self._plugins for one in plugin.analyze_line(filename=_AS_IF_IN, line=line, line_number=1) or ()]
        return sorted(
            {
                one.type
                for one in found
                if not self._is_filtered(line=line, secret=one.secret_value) and not self._is_known(one.secret_value)
            }
        )

    def _is_filtered(self, **given: str) -> bool:
        return any(one(**{name: given[name] for name in one.injectable_variables}) for one in self._filters if _asks(one, given))

    def _is_known(self, found: str | None) -> bool:
        return bool(self._known.find((found or "").encode("utf-8", "surrogatepass")))


_AS_IF_IN = "cell.py"
"""The detectors go by a file's name; a cell is code."""


def _asks(one: Any, given: Mapping[str, str]) -> bool:
    """Tell whether a filter asks for what there is; one for a line has been asked before there is a secret."""
    return (
        bool(one.injectable_variables)
        and one.injectable_variables <= given.keys()
        and ("secret" in given) == ("secret" in one.injectable_variables)
    )
