"""Fallback for a message that could not be redacted: the same structure with every text replaced."""

from __future__ import annotations

from typing import Any

from zensecrets_jupyter.core.redaction import FAILED

_SHORT = 5
"""Characters of a text that can hold no value: shorter ones are not protected."""

_WORDS = frozenset(
    """
    aborted application/vnd.jupyter.widget-view+json ask_exit banner codemirror_mode comm_id complete cursor_end cursor_start
    display_id evalue execution_count execution_state file_extension found_reply help_links history image/jpeg image/png implementation
    implementation_version incomplete indent invalid ipython keepkernel language_info matches metadata method mimetype nbconvert_exporter
    password payload prompt protocol_version pygments_lexer python replace request_seq restart set_next_input source starting status
    stderr stdout success supported_features target_module target_name text/html text/latex text/markdown text/plain traceback transient
    unknown update user_expressions version
    """.split()  # noqa: SIM905 - one word a line would be 60 lines
)
"""The protocol's own words, as keys and as values: https://jupyter-client.readthedocs.io/en/stable/messaging.html."""


def without_texts(thing: Any) -> Any:
    """Return ``thing`` with :data:`FAILED` for each text that is no word of the protocol, and 0 for each long number."""
    if isinstance(thing, str):
        return thing if len(thing) <= _SHORT or thing in _WORDS else FAILED
    if isinstance(thing, dict):
        return {without_texts(key): without_texts(inner) for key, inner in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [without_texts(inner) for inner in thing]
    # A number may be a value too, and has to stay a number.
    return thing if thing is None or isinstance(thing, bool) or len(str(thing)) <= _SHORT else 0
