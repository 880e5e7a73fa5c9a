"""nbconvert without values: ``jupyter nbconvert --to html --Exporter.preprocessors=zensecrets_jupyter.server.export.RedactPreprocessor``.

What is known are the values that the active stack's secrets manager gives without asking anybody, and those with a fingerprint under
``ZENSECRETS_HOME``. Should looking through a notebook fail, so does the export.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbconvert.preprocessors import Preprocessor

from zensecrets_jupyter.commands.files.scan_targets import sensitive_values
from zensecrets_jupyter.commands.framework.active_manager import manager_of
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.interaction import nobody, passphrases_from
from zensecrets_jupyter.core.redaction import mark
from zensecrets_jupyter.scan.documents import DocumentMasker
from zensecrets_jupyter.scan.fingerprints.store import load_fingerprints
from zensecrets_jupyter.scan.matchers import UnionMatcher, ValueMatcher

if TYPE_CHECKING:
    from nbformat import NotebookNode


class RedactPreprocessor(Preprocessor):
    """Puts marks, and references in sources, in the place of known values in what is exported."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Return the notebook without values, and ``resources`` with none in the files that other preprocessors took out of it."""
        masker = DocumentMasker(UnionMatcher(self._values(), load_fingerprints()))
        redacted = masker.document(nb)
        files = resources.get("outputs") or {}
        for name, data in files.items():
            files[name] = masker.data(data) if isinstance(data, bytes) else masker.text(data)
        if masker.masked:
            self.log.warning("zensecrets masked %s in the export.", ", ".join(mark(name) for name in sorted(masker.masked)))
        return redacted, resources

    def _values(self) -> ValueMatcher:
        known = ValueMatcher()
        try:
            with passphrases_from(nobody):
                manager = manager_of()
                found = sensitive_values(manager, manager.list_secrets()) if manager.opens_unasked else []
        except ZenSecretsError as error:
            self.log.warning("zensecrets knows only what has a fingerprint, since the secrets manager can't be read: %s", error)
            return known
        for value, name in found:
            known.add(value, name)
        return known
