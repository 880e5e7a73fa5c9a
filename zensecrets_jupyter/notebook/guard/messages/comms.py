"""The comm channel: replaces masks by original texts in state that front ends send.

A kernel sends masked state. If a user edits a text field with a mask, the front end sends the mask back, and the widget needs the original
text.

ipywidgets echoes the state that a front end sends (``echo_update``), and the front end uses the echo as its new state. A masked echo
would replace the user's input. Therefore the masked part of an echo is omitted; the front end already has that state.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import mask_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack

    from zensecrets_jupyter.core.redaction import Redactor

_MASK = re.compile("‹secret:[^‹›]+›")
"""Matches any mask, such as ``‹secret:openai.api_key›``."""
_MAX_COMMS = 2_000
"""Maximum number of comms whose masked texts are stored. The comm whose texts were stored longest ago is dropped first."""

_Path = tuple[Any, ...]
"""The keys and indexes that lead to a text in JSON data."""
_Originals = dict[str, list[str]]
"""For each mask in a text, the original texts in their order.

The same mask may replace several texts, for example a value and its base64 encoding.
"""


class CommTexts:
    """The masked texts of comm messages, with their originals."""

    def __init__(self) -> None:
        """Create an empty collection."""
        self._comms: OrderedDict[str, dict[_Path, _Originals]] = OrderedDict()

    def record(self, content: Any, redacted: Any, redactor: Redactor) -> Any:
        """Store the original texts of a message's masks, and return the content to send.

        Args:
            content: The content of a message.
            redacted: The redacted content.
            redactor: The redactor.

        Returns:
            The redacted content. In an echo, masked state is omitted.
        """
        if not (isinstance(content, dict) and "comm_id" in content and isinstance(content.get("data"), dict)):
            return redacted
        data = content["data"]
        if data.get("method") == "echo_update" and isinstance(data.get("state"), dict):
            return {**redacted, "data": _omit_masked_state(data, redacted["data"])}
        self._store(str(content["comm_id"]), data, redacted["data"], redactor)
        return redacted

    def restore(self, comm: str, data: Any) -> Any:
        """Return the data that a front end sent, with masks replaced by the original texts."""
        originals = self._comms.get(comm)
        return data if originals is None else _restore(data, (), originals)

    def _store(self, comm: str, data: Any, redacted: Any, redactor: Redactor) -> None:
        originals_by_path = {path: _find_originals(text, redactor) for path, text in _changed_texts(data, redacted, ())}
        if originals_by_path:
            self._comms.setdefault(comm, {}).update(originals_by_path)
            self._comms.move_to_end(comm)
            if len(self._comms) > _MAX_COMMS:
                self._comms.popitem(last=False)


class CommChannel:
    """The channel of comm messages from front ends to a kernel."""

    def __init__(self, kernel: Any, texts: CommTexts) -> None:
        """Create the channel of ``kernel``, which restores ``texts``."""
        self._handlers: dict[str, Callable[..., Any]] = kernel.shell_handlers
        self._texts = texts

    def install(self, undo: ExitStack) -> None:
        """Start restoring original texts in received messages; ``undo`` stops it."""
        original = self._handlers["comm_msg"]

        def handle_restored(stream: Any, ident: Any, message: Any) -> Any:
            content = message.get("content")
            if isinstance(content, dict) and "data" in content:
                content["data"] = self._texts.restore(str(content.get("comm_id")), content["data"])
            return original(stream, ident, message)

        def uninstall() -> None:
            # Another extension may have replaced the handler in the meantime.
            if self._handlers.get("comm_msg") is handle_restored:
                self._handlers["comm_msg"] = original

        self._handlers["comm_msg"] = handle_restored
        undo.callback(uninstall)

    def flush(self) -> None:
        """Do nothing, because received messages are not held back."""


def _omit_masked_state(data: dict[str, Any], redacted: dict[str, Any]) -> dict[str, Any]:
    """Return the data of an echo without the state that contains masks."""
    pairs = zip(data["state"].items(), redacted["state"].values(), strict=True)
    state = {name: value for (name, value), masked in pairs if value == masked}
    paths = data.get("buffer_paths") or []
    if any(path and path[0] not in state for path in paths):
        # The first path belongs to the first buffer, and so on. So either all paths stay, or all are removed with their state.
        names_with_buffers = {path[0] for path in paths if path}
        state = {name: value for name, value in state.items() if name not in names_with_buffers}
        paths = []
    return {**redacted, "state": state, "buffer_paths": paths}


def _changed_texts(tree: Any, redacted: Any, path: _Path) -> Iterator[tuple[_Path, str]]:
    """Yield the original of each text that was masked, with its path."""
    if tree is redacted:
        return
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, dict) and isinstance(redacted, dict):
        # A key may be masked too. The front end sends the masked key back, so the path contains the masked key.
        for child, (masked_key, masked) in zip(tree.values(), redacted.items(), strict=True):
            yield from _changed_texts(child, masked, (*path, masked_key))
    elif isinstance(tree, list) and isinstance(redacted, list):
        for number, (child, masked) in enumerate(zip(tree, redacted, strict=True)):
            yield from _changed_texts(child, masked, (*path, number))


def _find_originals(text: str, redactor: Redactor) -> _Originals:
    originals: _Originals = {}
    for match in redactor.find(text):
        originals.setdefault(mask_text(match.name), []).append(text[match.start : match.end])
    return originals


def _restore(tree: Any, path: _Path, originals: dict[_Path, _Originals]) -> Any:
    if isinstance(tree, str):
        return _replace_masks(tree, originals.get(path), originals) if "‹secret:" in tree else tree
    if isinstance(tree, dict):
        return {key: _restore(child, (*path, key), originals) for key, child in tree.items()}
    if isinstance(tree, list):
        return [_restore(child, (*path, number), originals) for number, child in enumerate(tree)]
    return tree


def _replace_masks(text: str, path_originals: _Originals | None, originals: dict[_Path, _Originals]) -> str:
    """Return a text with masks replaced by the original texts of its path.

    Args:
        text: The text.
        path_originals: The original texts of the path of ``text``; ``None`` if there are none.
        originals: The original texts of all paths. They are searched too, because a text of a moved list item has another path now.
    """
    remaining = {mask: list(texts) for mask, texts in (path_originals or {}).items()}

    def original(match: re.Match[str]) -> str:
        mask = match[0]
        if mask in remaining:
            # If the user has copied a mask, the last original text replaces all remaining copies.
            texts = remaining[mask]
            return texts.pop(0) if len(texts) > 1 else texts[0]
        return next((path_texts[mask][0] for path_texts in originals.values() if mask in path_texts), mask)

    return _MASK.sub(original, text)
