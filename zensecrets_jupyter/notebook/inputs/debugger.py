"""The files in which ipykernel's debugger keeps the sources of cells: they hold no value, and each line stays where it is.

A front end that debugs has each cell written to a file in the folder for temporary files before it runs. A breakpoint is a line of that
file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from zensecrets_jupyter.core.redaction import Redactor
    from zensecrets_jupyter.notebook.inputs.cleaner import Cleaner


class CleanDumps:
    """The dumped cells of a kernel."""

    def __init__(self, kernel: Any, cleaner: Cleaner) -> None:
        """Clean the cells that the debugger of ``kernel`` dumps."""
        debugger = getattr(kernel, "debugger", None)
        self._handlers: dict[str, Callable[..., Any]] = getattr(debugger, "started_debug_handlers", {})
        self._cleaner = cleaner

    def install(self, undo: ExitStack) -> None:
        """Have cells dumped without values from now on; ``undo`` stops it."""
        dump = self._handlers.get("dumpCell")
        if dump is None:
            return

        async def dump_clean(message: Any) -> Any:
            code = message["arguments"]["code"]
            clean = self._clean(code)
            if clean is code:
                return await dump(message)
            file = _file_of(code)
            file.write_text(clean, encoding="utf-8")
            body = {"sourcePath": str(file)}
            return {"type": "response", "request_seq": message["seq"], "success": True, "command": message["command"], "body": body}

        def uninstall() -> None:
            if self._handlers.get("dumpCell") is dump_clean:
                self._handlers["dumpCell"] = dump

        self._handlers["dumpCell"] = dump_clean
        undo.callback(uninstall)

    def sweep(self, new: Redactor) -> None:
        """Mask the values of ``new`` in the cells that were dumped before they were known.

        Raises:
            OSError: If a file can't be changed.
        """
        if not self._handlers:
            return
        for file in _file_of("").parent.glob("*.py"):
            text = file.read_text(encoding="utf-8", errors="surrogateescape")
            clean = with_same_lines(text, self._cleaner.masked(text, new))
            if clean is not text:
                with file.open("r+", encoding="utf-8", errors="surrogateescape") as written:
                    written.write(clean)
                    written.truncate()

    def _clean(self, code: str) -> str:
        return with_same_lines(code, self._cleaner.cleaned(code))


def with_same_lines(before: str, after: str) -> str:
    """Return ``after`` with an empty line for each line that it lacks, before the lines at the end that both texts have."""
    if before == after:
        return before
    old, new = before.split("\n"), after.split("\n")
    missing = len(old) - len(new)
    if missing <= 0:
        return after
    # The lines at the end are the same: what was taken out stood before them.
    same = 0
    while same < len(new) - 1 and old[-1 - same] == new[-1 - same]:
        same += 1
    return "\n".join([*new[: len(new) - same], *[""] * missing, *new[len(new) - same :]])


def _file_of(code: str) -> Path:
    from ipykernel.compiler import get_file_name

    return Path(get_file_name(code))
