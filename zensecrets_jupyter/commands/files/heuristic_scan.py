"""Find texts that look like secrets, with the detectors of detect-secrets on the text of cells.

On a notebook's raw JSON the detectors mostly report parts of images, and miss passwords in escaped strings.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.scan.findings import UNKNOWN, Finding
from zensecrets_jupyter.scan.formats import notebooks
from zensecrets_jupyter.scan.scanner import NOTEBOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from zensecrets_jupyter.scan.matchers import Matcher

LONGEST_LINE = 5_000
"""The longest line, in characters, that is scanned: longer ones are not written by people, and take the detectors long."""


class Detectors:
    """Finds texts that look like secrets and are no known values."""

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
        """Return the texts that look like secrets in a notebook's cells or in a text file."""
        from detect_secrets.settings import default_settings, get_filters, get_plugins

        try:
            raw = data.decode("utf-8")
        except UnicodeDecodeError:
            return []
        if "\0" in raw:
            return []
        shown = self._known.mask(str(path))
        with default_settings() as settings:
            # This filter would send a possible secret to its service, to verify it.
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
    """The detectors and their filters, applied to one line at a time."""

    def __init__(self, known: Matcher, plugins: Iterable[Any], filters: Iterable[Any]) -> None:
        self._known = known
        self._plugins = list(plugins)
        self._filters = list(filters)

    def kinds(self, line: str) -> list[str]:
        """Return the kinds of the possible secrets in a line."""
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
"""The file name for the detectors, which depend on the suffix; a cell is code."""


def _asks(one: Any, given: Mapping[str, str]) -> bool:
    """Return whether a filter can decide with the given variables; line filters run before a secret is known."""
    return (
        bool(one.injectable_variables)
        and one.injectable_variables <= given.keys()
        and ("secret" in given) == ("secret" in one.injectable_variables)
    )
