"""Heuristic scan for texts that look like secrets, with the detectors of detect-secrets.

In a notebook, the detectors search the texts of cells and outputs. A search of the raw JSON would mostly report parts of images, and would
miss passwords in escaped strings.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.scan.findings import UNKNOWN, Finding
from zensecrets_jupyter.scan.formats import notebooks
from zensecrets_jupyter.scan.scanner import NOTEBOOK_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from zensecrets_jupyter.scan.matchers import Matcher

MAX_LINE_LENGTH = 5_000
"""The maximum number of characters of a line that is searched. Longer lines are skipped: a program wrote them, and a search is slow."""


class HeuristicScan:
    """Finds texts that look like secrets, except values of registered secrets."""

    def __init__(self, matcher: Matcher) -> None:
        """Create the scan.

        Args:
            matcher: Finds the values of registered secrets, which are left out.

        Raises:
            UsageProblem: If detect-secrets is not installed.
        """
        if find_spec("detect_secrets") is None:
            message = "--unknown uses detect-secrets, which is not installed."
            raise UsageProblem(message, hint="Install it: pip install 'zensecrets-jupyter[scan]'")
        self._matcher = matcher

    def find(self, path: Path, data: bytes) -> list[Finding]:
        """Return findings for the texts in a file that look like secrets.

        The file is a notebook or a text file in UTF-8. Other files have no findings.
        """
        from detect_secrets.settings import default_settings, get_filters, get_plugins

        try:
            raw = data.decode("utf-8")
        except UnicodeDecodeError:
            return []
        if "\0" in raw:
            return []
        masked_path = self._matcher.mask(str(path))
        with default_settings() as settings:
            # With this filter, detect-secrets would send a possible secret to the service that issued it.
            settings.disable_filters(_VERIFICATION_FILTER)
            # `injectable_variables` has the names of a filter's arguments. With other arguments it needs a file, and a cell is no file.
            filters = [filter_ for filter_ in get_filters() if filter_.injectable_variables <= {"secret", "line"}]
            detector = _LineDetector(self._matcher, get_plugins(), filters)
            if path.suffix in NOTEBOOK_SUFFIXES and notebooks.is_notebook(raw):
                return list(self._find_in_notebook(masked_path, raw, detector))
            lines = enumerate(raw.splitlines(), 1)
            return [
                Finding(masked_path, f"line {number}", secret_type, UNKNOWN, number)
                for number, line in lines
                for secret_type in detector.secret_types(line)
            ]

    def _find_in_notebook(self, masked_path: str, raw: str, detector: _LineDetector) -> Iterator[Finding]:
        for text in notebooks.texts(raw):
            is_in_output = bool(_OUTPUT_KEYS & set(text.path))
            if text.is_base64 or text.tokens[0].is_key or not (text.is_source or is_in_output):
                continue
            for number, line in enumerate(text.decoded_text(raw).splitlines(), 1):
                for secret_type in detector.secret_types(line):
                    # A text has one token for each of its lines, or one token for all of them.
                    token = text.tokens[min(number, len(text.tokens)) - 1]
                    line_in_file = raw.count("\n", 0, token.start) + 1
                    yield Finding(masked_path, text.location(self._matcher, number), secret_type, UNKNOWN, line_in_file)


# The verification policy of detect-secrets is to ask the service whether a secret is valid.
_VERIFICATION_FILTER = "detect_secrets.filters.common.is_ignored_due_to_verification_policies"
_OUTPUT_KEYS = {"data", "text", "evalue", "traceback"}
"""The JSON keys in nbformat under which the texts of outputs are."""


class _LineDetector:
    """The detectors of detect-secrets, which it calls plug-ins, and their filters, for one line at a time."""

    def __init__(self, matcher: Matcher, plugins: Iterable[Any], filters: Iterable[Any]) -> None:
        self._matcher = matcher
        self._plugins = list(plugins)
        self._filters = list(filters)

    def secret_types(self, line: str) -> list[str]:
        """Return the types of the possible secrets in a line."""
        if not line.strip() or len(line) > MAX_LINE_LENGTH or self._is_filtered(line=line):
            return []
        types = set()
        for plugin in self._plugins:
            for candidate in plugin.analyze_line(filename=_FILE_NAME, line=line, line_number=1) or ():
                secret = candidate.secret_value
                if not self._is_filtered(line=line, secret=secret) and not self._is_registered(secret):
                    types.add(candidate.type)
        return sorted(types)

    def _is_filtered(self, **variables: str) -> bool:
        return any(
            filter_(**{name: variables[name] for name in filter_.injectable_variables})
            for filter_ in self._filters
            if _is_applicable(filter_, variables)
        )

    def _is_registered(self, text: str | None) -> bool:
        return bool(self._matcher.find((text or "").encode("utf-8", "surrogatepass")))


_FILE_NAME = "cell.py"
"""The file name that the detectors get for every line. They depend on its suffix, and most cells contain Python code."""


def _is_applicable(filter_: Any, variables: Mapping[str, str]) -> bool:
    """Return whether a filter takes these variables.

    Filters of whole lines run first, without the variable ``secret``. Filters of secrets run after that.
    """
    return (
        bool(filter_.injectable_variables)
        and filter_.injectable_variables <= variables.keys()
        and ("secret" in variables) == ("secret" in filter_.injectable_variables)
    )
