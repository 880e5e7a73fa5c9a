"""Redaction for nbconvert: ``jupyter nbconvert --to html --Exporter.preprocessors=zensecrets_jupyter.server.export.RedactPreprocessor``.

The preprocessor recognizes the values of the active stack's secrets, if they can be read without a prompt and without the keyring. It also
recognizes values that have a fingerprint (keyed hashes) under ``ZENSECRETS_HOME``. If the redaction of a notebook fails, the export fails
too, so an unredacted export is never written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbconvert.preprocessors import Preprocessor

from zensecrets_jupyter.commands.files.values_to_find import sensitive_values
from zensecrets_jupyter.commands.framework.active_manager import active_manager
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.interaction import NonInteractivePassphraseSource, use_passphrase_source
from zensecrets_jupyter.core.redaction import mask_text
from zensecrets_jupyter.scan.documents import DocumentMasker
from zensecrets_jupyter.scan.fingerprints.store import load_fingerprints
from zensecrets_jupyter.scan.matchers import UnionMatcher, ValueMatcher

if TYPE_CHECKING:
    from nbformat import NotebookNode


class RedactPreprocessor(Preprocessor):
    """Preprocessor that replaces values: by references in cell sources, by masks in other texts."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Return the redacted notebook, and ``resources``, in which files are redacted.

        The files are under the key ``outputs``. Other preprocessors have extracted them from the notebook, such as images.
        """
        masker = DocumentMasker(UnionMatcher(self._make_matcher(), load_fingerprints()))
        redacted = masker.mask_document(nb)
        files = resources.get("outputs") or {}
        for name, data in files.items():
            files[name] = masker.mask_data(data) if isinstance(data, bytes) else masker.mask_string(data)
        if masker.masked_names:
            self.log.warning("zensecrets masked %s in the export.", ", ".join(mask_text(name) for name in sorted(masker.masked_names)))
        return redacted, resources

    def _make_matcher(self) -> ValueMatcher:
        """Return a matcher for the secrets of the active stack.

        It has no values if reading the secrets needs a prompt or the keyring.
        """
        matcher = ValueMatcher()
        try:
            with use_passphrase_source(NonInteractivePassphraseSource()):
                manager = active_manager()
                values = sensitive_values(manager, manager.list_secrets()) if manager.opens_without_keyring else []
        except ZenSecretsError as error:
            self.log.warning("zensecrets recognises only values with a fingerprint, since the secrets manager can't be read: %s", error)
            return matcher
        for value, name in values:
            matcher.add(value, name)
        return matcher
