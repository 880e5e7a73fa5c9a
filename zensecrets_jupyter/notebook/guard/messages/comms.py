"""Widget state that a front end writes: the kernel receives it as typed, although the front end displays masks.

A kernel echoes what a front end wrote (ipywidgets' ``echo_update``), and the front end takes the echo as the new state. A masked echo would
replace what a person typed. The part of an echo that contains a value is therefore omitted: the front end that wrote it already has it.

State that the kernel sets itself is an output, and is masked. If a person edits a field that shows a mask, the front end sends the mask
back, and the kernel receives the text that the mask replaced.
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
_MAX_COMMS = 2_000
"""Comms whose masked texts are kept, the most recent ones."""

_Path = tuple[Any, ...]
_Originals = dict[str, list[str]]
"""The original texts of each mask in one text, in their order."""


class CommTexts:
    """The masked texts of comm messages, with their originals."""

    def __init__(self) -> None:
        """Create an empty collection."""
        self._comms: OrderedDict[str, dict[_Path, _Originals]] = OrderedDict()

    def masked(self, content: Any, redacted: Any, redactor: Redactor) -> Any:
        """Return ``redacted`` without the echo of a typed value.

        Args:
            content: The content of a message.
            redacted: The same content, masked.
            redactor: The redactor that masked it.
        """
        if not (isinstance(content, dict) and "comm_id" in content and isinstance(content.get("data"), dict)):
            return redacted
        data = content["data"]
        if data.get("method") == "echo_update" and isinstance(data.get("state"), dict):
            return {**redacted, "data": _without_masked_state(data, redacted["data"])}
        self._remember(str(content["comm_id"]), data, redacted["data"], redactor)
        return redacted

    def restored(self, comm: str, data: Any) -> Any:
        """Return ``data``, which a front end sent over ``comm``, with masks replaced by the original texts."""
        originals = self._comms.get(comm)
        return data if originals is None else _restored(data, (), originals)

    def _remember(self, comm: str, data: Any, redacted: Any, redactor: Redactor) -> None:
        new = {path: _originals(text, redactor) for path, text in _changed_texts(data, redacted, ())}
        if new:
            self._comms.setdefault(comm, {}).update(new)
            self._comms.move_to_end(comm)
            if len(self._comms) > _MAX_COMMS:
                self._comms.popitem(last=False)


class CommChannel:
    """Comm messages from front ends to a kernel."""

    def __init__(self, kernel: Any, texts: CommTexts) -> None:
        """Restore ``texts`` in the messages that ``kernel`` receives."""
        self._handlers: dict[str, Callable[..., Any]] = kernel.shell_handlers
        self._texts = texts

    def install(self, undo: ExitStack) -> None:
        """Restore original texts in received messages from now on; ``undo`` stops it."""
        original = self._handlers["comm_msg"]

        def handle_restored(stream: Any, ident: Any, message: Any) -> Any:
            content = message.get("content")
            if isinstance(content, dict) and "data" in content:
                content["data"] = self._texts.restored(str(content.get("comm_id")), content["data"])
            return original(stream, ident, message)

        def uninstall() -> None:
            if self._handlers.get("comm_msg") is handle_restored:
                self._handlers["comm_msg"] = original

        self._handlers["comm_msg"] = handle_restored
        undo.callback(uninstall)

    def flush(self) -> None:
        """Do nothing: received messages are not held back."""


def _without_masked_state(data: dict[str, Any], redacted: dict[str, Any]) -> dict[str, Any]:
    pairs = zip(data["state"].items(), redacted["state"].values(), strict=True)
    state = {name: value for (name, value), masked in pairs if value == masked}
    paths = data.get("buffer_paths") or []
    if any(path and path[0] not in state for path in paths):
        # Buffers are assigned to paths by their order, so paths can only be removed all together.
        with_buffers = {path[0] for path in paths if path}
        state = {name: value for name, value in state.items() if name not in with_buffers}
        paths = []
    return {**redacted, "state": state, "buffer_paths": paths}


def _changed_texts(thing: Any, redacted: Any, path: _Path) -> Iterator[tuple[_Path, str]]:
    """Yield the texts that were masked, each with its path."""
    if thing is redacted:
        return
    if isinstance(thing, str):
        yield path, thing
    elif isinstance(thing, dict) and isinstance(redacted, dict):
        for inner, (shown, masked) in zip(thing.values(), redacted.items(), strict=True):
            yield from _changed_texts(inner, masked, (*path, shown))
    elif isinstance(thing, list) and isinstance(redacted, list):
        for number, (inner, masked) in enumerate(zip(thing, redacted, strict=True)):
            yield from _changed_texts(inner, masked, (*path, number))


def _originals(text: str, redactor: Redactor) -> _Originals:
    originals: _Originals = {}
    for match in redactor.find(text):
        originals.setdefault(mask_text(match.name), []).append(text[match.start : match.end])
    return originals


def _restored(thing: Any, path: _Path, originals: dict[_Path, _Originals]) -> Any:
    if isinstance(thing, str):
        return _with_originals(thing, originals.get(path), originals) if "‹secret:" in thing else thing
    if isinstance(thing, dict):
        return {key: _restored(inner, (*path, key), originals) for key, inner in thing.items()}
    if isinstance(thing, list):
        return [_restored(inner, (*path, number), originals) for number, inner in enumerate(thing)]
    return thing


def _with_originals(text: str, own: _Originals | None, originals: dict[_Path, _Originals]) -> str:
    """Return ``text`` with masks replaced by originals: its own, or those of another path if a list item was moved."""
    remaining = {shown: list(texts) for shown, texts in (own or {}).items()}

    def original(match: re.Match[str]) -> str:
        texts = remaining.get(match[0]) or next((one[match[0]] for one in originals.values() if match[0] in one), [])
        # If a person copied a mask, both copies stand for the same text.
        return texts.pop(0) if len(texts) > 1 and texts is remaining.get(match[0]) else (texts or [match[0]])[0]

    return _MASK.sub(original, text)
