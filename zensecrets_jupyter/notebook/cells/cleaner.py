"""Clean the sources of cells: remove inline secrets, and mask all other protected values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.magic_lines import GROUPS
from zensecrets_jupyter.core.redaction import FAILED, Redactor, mask_text
from zensecrets_jupyter.core.text_edits import Edit, apply_edits
from zensecrets_jupyter.notebook.cells.inline_secrets import CleanedCell, remove_inline_secrets

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.front_end import GuardControl


class CellCleaner:
    """Cleaner for the sources of a shell's cells; sources stay unchanged while the guard is off."""

    def __init__(self, shell: InteractiveShell, guard: GuardControl) -> None:
        """Create a cleaner for the cells of ``shell``."""
        self._shell = shell
        self._guard = guard
        # The last cell, the magics that need no `%` in it, and the cleaned cell.
        self._last_result: tuple[str, frozenset[str], CleanedCell] | None = None

    @property
    def is_on(self) -> bool:
        """Whether the guard is on."""
        return self._guard.is_on

    @property
    def redactor(self) -> Redactor:
        """The guard's redactor."""
        return self._guard.redactor

    def remove_inline_secrets(self, cell: str) -> CleanedCell:
        """Return a cell without its inline secrets, and protect them."""
        # A variable of the user hides the magic of the same name from automagic.
        automagic_names = frozenset(GROUPS) - self._shell.user_ns.keys() if self._shell.automagic else frozenset()
        if self._last_result is None or self._last_result[:2] != (cell, automagic_names):
            try:
                cleaned = remove_inline_secrets(cell, automagic_names=automagic_names)
            except Exception:  # noqa: BLE001 - after an error here the cell still has to run, but the history must not store its source
                cleaned = CleanedCell(FAILED, is_clean=False)
            for secret in cleaned.inline_secrets:
                self._guard.redactor.protect(secret.value, secret.name)
            self._last_result = (cell, automagic_names, cleaned)
        return self._last_result[2]

    def clean(self, cell: str) -> str:
        """Return the source of a cell without values; the same object if it contains none."""
        return self.mask(self.remove_inline_secrets(cell).source) if self.is_on else cell

    def clean_transformed(self, code: str, cell: str) -> str:
        """Return the Python code that IPython makes of a cell, without values.

        Args:
            code: The code that IPython made of the original cell.
            cell: The original cell.
        """
        if not self.is_on:
            return code
        cleaned = self.remove_inline_secrets(cell)
        if cleaned.source is not cell:
            try:
                code = self._shell.transform_cell(cleaned.source)
            except SyntaxError:
                # IPython stores the source of a cell that it can't transform.
                code = cleaned.source
        return self.mask(code)

    def mask(self, text: str, redactor: Redactor | None = None) -> str:
        """Return a text with its values masked; the same object if it contains none.

        Unlike the redactor's own methods, this method does not count the masks, because the guard reports the number of masks in outputs.

        Args:
            text: The text.
            redactor: The redactor with the values to mask; by default the guard's.
        """
        if not self.is_on:
            return text
        try:
            matches = (redactor or self.redactor).find(text)
        except Exception:  # noqa: BLE001 - after any error the text must not be stored
            return FAILED
        return apply_edits(text, [Edit(match.start, match.end, mask_text(match.name)) for match in matches]) if matches else text

    def mask_bytes(self, data: bytes, redactor: Redactor) -> bytes:
        """Return the bytes of a text with its values masked; the same object if it contains none.

        Args:
            data: The bytes.
            redactor: The redactor with the values to mask.
        """
        text = data.decode("utf-8", "surrogateescape")
        masked = self.mask(text, redactor)
        return data if masked is text else masked.encode("utf-8", "surrogateescape")

    def forget(self) -> None:
        """Delete the stored result for the last cell, because it contains inline secrets."""
        self._last_result = None
