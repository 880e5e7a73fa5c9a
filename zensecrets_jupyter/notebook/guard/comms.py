"""Widget state that a front end writes: it reaches the kernel as it was typed, whatever the front end was shown before.

A kernel echoes what a front end wrote (ipywidgets' ``echo_update``), and the front end takes the echo as the new state. A masked echo would
replace what a person typed, so the part of an echo that holds a value is left out: the front end that wrote it has it already.

A state that the kernel set itself is an output, and is masked. What a person adds to the mask in the field comes back together with it, and
the kernel gets the text that the mask stands for.
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
_COMMS = 2_000
"""Comms of which the masked texts are remembered."""

_Path = tuple[Any, ...]
_Originals = dict[str, list[str]]
"""The texts that stand behind each mask of one text, in their order."""


class CommTexts:
    """The masked texts of comm messages, with their originals."""

    def __init__(self) -> None:
        """Begin without any."""
        self._comms: OrderedDict[str, dict[_Path, _Originals]] = OrderedDict()

    def install(self, kernel: Any, undo: ExitStack) -> None:
        """Put the original texts back into what front ends send to ``kernel``; ``undo`` stops it."""
        handlers: dict[str, Callable[..., Any]] = kernel.shell_handlers
        handle = handlers["comm_msg"]

        def handle_with_originals(stream: Any, ident: Any, message: Any) -> Any:
            content = message.get("content")
            if isinstance(content, dict) and "data" in content:
                content["data"] = self.restored(str(content.get("comm_id")), content["data"])
            return handle(stream, ident, message)

        def uninstall() -> None:
            if handlers.get("comm_msg") is handle_with_originals:
                handlers["comm_msg"] = handle

        handlers["comm_msg"] = handle_with_originals
        undo.callback(uninstall)

    def masked(self, content: Any, redacted: Any, redactor: Redactor) -> Any:
        """Return the content to send for ``redacted``, without the echo of a typed value."""
        if not (isinstance(content, dict) and "comm_id" in content and isinstance(content.get("data"), dict)):
            return redacted
        data = content["data"]
        if data.get("method") == "echo_update" and isinstance(data.get("state"), dict):
            return {**redacted, "data": _without_masked_state(data, redacted["data"])}
        self._remember(str(content["comm_id"]), data, redacted["data"], redactor)
        return redacted

    def restored(self, comm: str, data: Any) -> Any:
        """Return ``data``, which a front end sends over a comm, with the original texts in the place of masks."""
        known = self._comms.get(comm)
        return data if known is None else _restored(data, (), known)

    def _remember(self, comm: str, data: Any, redacted: Any, redactor: Redactor) -> None:
        found = {path: _originals(text, redactor) for path, text in _changed_texts(data, redacted, ())}
        if found:
            known = self._comms.setdefault(comm, {})
            known.update(found)
            self._comms.move_to_end(comm)
            if len(self._comms) > _COMMS:
                self._comms.popitem(last=False)


def _without_masked_state(data: dict[str, Any], redacted: dict[str, Any]) -> dict[str, Any]:
    pairs = zip(data["state"].items(), redacted["state"].values(), strict=True)
    state = {name: value for (name, value), masked in pairs if value == masked}
    paths = data.get("buffer_paths") or []
    if any(path and path[0] not in state for path in paths):
        # Buffers belong to paths by their order, so either all of them find their place or none.
        with_buffers = {path[0] for path in paths if path}
        state = {name: value for name, value in state.items() if name not in with_buffers}
        paths = []
    return {**redacted, "state": state, "buffer_paths": paths}


def _changed_texts(thing: Any, redacted: Any, path: _Path) -> Iterator[tuple[_Path, str]]:
    """Yield the texts that were masked, each with where it stands."""
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
    for found in redactor.find(text):
        originals.setdefault(mask_text(found.name), []).append(text[found.start : found.end])
    return originals


def _restored(thing: Any, path: _Path, known: dict[_Path, _Originals]) -> Any:
    if isinstance(thing, str):
        return _with_originals(thing, known.get(path), known) if "‹secret:" in thing else thing
    if isinstance(thing, dict):
        return {key: _restored(inner, (*path, key), known) for key, inner in thing.items()}
    if isinstance(thing, list):
        return [_restored(inner, (*path, number), known) for number, inner in enumerate(thing)]
    return thing


def _with_originals(text: str, here: _Originals | None, known: dict[_Path, _Originals]) -> str:
    """Return ``text`` with the masks replaced by the originals, also those shown elsewhere, such as a moved list item."""
    left = {shown: list(texts) for shown, texts in (here or {}).items()}

    def original(match: re.Match[str]) -> str:
        texts = left.get(match[0]) or next((one[match[0]] for one in known.values() if match[0] in one), [])
        # A mask that was doubled stands for the same text twice.
        return texts.pop(0) if len(texts) > 1 and texts is left.get(match[0]) else (texts or [match[0]])[0]

    return _MASK.sub(original, text)
