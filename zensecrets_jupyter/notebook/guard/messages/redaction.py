"""Redaction of packed messages. After an error, all texts of the message are replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import FAILED
from zensecrets_jupyter.notebook.guard.messages.comms import CommTexts
from zensecrets_jupyter.notebook.guard.messages.number_placeholders import NumberPlaceholders

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.notebook.guard.guard import Guard

_MAX_UNPROTECTED_LENGTH = 5
"""Maximum length of a text that is not replaced, because it is too short to be protected as a value."""

_PROTOCOL_TERMS = frozenset(
    """
    aborted application/vnd.jupyter.widget-view+json ask_exit banner codemirror_mode comm_id complete cursor_end cursor_start
    display_id evalue execution_count execution_state file_extension found_reply help_links history image/jpeg image/png implementation
    implementation_version incomplete indent invalid ipython keepkernel language_info matches metadata method mimetype nbconvert_exporter
    password payload prompt protocol_version pygments_lexer python replace request_seq restart set_next_input source starting status
    stderr stdout success supported_features target_module target_name text/html text/latex text/markdown text/plain traceback transient
    unknown update user_expressions version
    """.split()  # noqa: SIM905 - a list with one term a line would take 60 lines
)
"""Texts that the protocol itself uses, and that contain no secret: https://jupyter-client.readthedocs.io/en/stable/messaging.html."""


class MessageRedactor:
    """Redacts the parts of messages (such as the metadata and the content), which are packed as JSON.

    Attributes:
        comm_texts: The masked texts of comm messages, with their originals.
    """

    def __init__(self, guard: Guard, pack: Callable[[Any], bytes], unpack: Callable[[bytes], Any]) -> None:
        """Create a redactor.

        Args:
            guard: The guard.
            pack: Serializes a part of a message.
            unpack: Reads a serialized part.
        """
        self.comm_texts = CommTexts()
        self._guard = guard
        self._pack = pack
        self._unpack = unpack

    def redact(self, packed: bytes) -> bytes:
        """Return a packed part with its values masked.

        The part is unpacked for the search, because JSON may write a value with escape sequences.
        """
        redactor = self._guard.redactor
        try:
            if self._guard.stored_values.fingerprints is not None:
                packed = self._mask_fingerprinted(packed)
            if not redactor.json_may_contain_value(packed):
                return packed
            placeholders = NumberPlaceholders()
            tree = placeholders.insert(self._unpack(packed))
            redacted = redactor.redact_tree(tree)
            if redacted is tree:
                return packed
            redacted = self.comm_texts.record(tree, redacted, redactor)
            # A mask contains the secret's name, and a name can contain the value of another secret. So the result is searched again. After
            # an error, `redact_tree` returns a text. In both cases the fallback below replaces all texts.
            if type(redacted) is type(tree) and redactor.redact_tree(redacted) is redacted:
                return bytes(self._pack(placeholders.restore(redacted)))
        except Exception:  # noqa: BLE001, S110 - after any error the fallback below replaces all texts
            pass
        return self._redact_all(packed)

    def _mask_fingerprinted(self, packed: bytes) -> bytes:
        tree = self._unpack(packed)
        masked = _map_texts(tree, self._guard.mask_fingerprinted)
        return packed if masked == tree else bytes(self._pack(masked))

    def _redact_all(self, packed: bytes) -> bytes:
        try:
            return bytes(self._pack(redact_all_texts(self._unpack(packed))))
        except Exception:  # noqa: BLE001 - after any error the message must not be sent
            return bytes(self._pack({}))


def redact_all_texts(tree: Any) -> Any:
    """Return ``tree`` with :data:`FAILED` instead of each text, and 0 instead of each long number.

    Terms of the protocol and very short texts are not replaced, so that the front end can still process the message.
    """
    if isinstance(tree, str):
        return tree if len(tree) <= _MAX_UNPROTECTED_LENGTH or tree in _PROTOCOL_TERMS else FAILED
    if isinstance(tree, dict):
        return {redact_all_texts(key): redact_all_texts(child) for key, child in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [redact_all_texts(child) for child in tree]
    # A long number may be a value. The front end expects a number, so 0 replaces it.
    return tree if tree is None or isinstance(tree, bool) or len(str(tree)) <= _MAX_UNPROTECTED_LENGTH else 0


def _map_texts(tree: Any, change: Callable[[str], str]) -> Any:
    """Return JSON data with ``change`` applied to each text and key."""
    if isinstance(tree, str):
        return change(tree)
    if isinstance(tree, dict):
        return {change(key): _map_texts(child, change) for key, child in tree.items()}
    return [_map_texts(child, change) for child in tree] if isinstance(tree, list) else tree
