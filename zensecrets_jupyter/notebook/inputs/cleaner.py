"""A source without values: those that were typed on our magic lines are taken out, others that are known are masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.magic_names import GROUPS
from zensecrets_jupyter.core.redaction import FAILED, Redactor, mask_text
from zensecrets_jupyter.notebook.inputs.literals import Repaired, without_literals

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.front_end import Guard


class Cleaner:
    """Cleans the sources of a shell's cells, while its guard is on."""

    def __init__(self, shell: InteractiveShell, guard: Guard) -> None:
        """Clean what ``shell`` is given as long as ``guard`` is on."""
        self._shell = shell
        self._guard = guard
        self._last: tuple[str, bool, Repaired] | None = None

    @property
    def is_on(self) -> bool:
        """Whether anything is cleaned now."""
        return self._guard.is_on

    @property
    def redactor(self) -> Redactor:
        """What finds values."""
        return self._guard.redactor

    def repaired(self, cell: str) -> Repaired:
        """Return a cell without the values that were typed on our magic lines; they are protected from now on."""
        automagic = bool(self._shell.automagic) and not any(name in self._shell.user_ns for name in GROUPS)
        if self._last is None or self._last[:2] != (cell, automagic):
            try:
                repaired = without_literals(cell, automagic=automagic)
            except Exception:  # noqa: BLE001 - the cell must run, and an unreadable source must not be kept as it is, whatever the reason
                repaired = Repaired(FAILED, is_clear=False)
            for literal in repaired.literals:
                self._guard.redactor.protect(literal.value, literal.name)
            self._last = (cell, automagic, repaired)
        return self._last[2]

    def cleaned(self, cell: str) -> str:
        """Return a cell as it may be kept: the same object if there is nothing in it."""
        return self.masked(self.repaired(cell).source) if self.is_on else cell

    def cleaned_code(self, code: str, cell: str) -> str:
        """Return what IPython made of ``cell`` as it may be kept."""
        if not self.is_on:
            return code
        repaired = self.repaired(cell)
        if repaired.source is not cell:
            try:
                code = self._shell.transform_cell(repaired.source)
            except SyntaxError:
                # Of such a cell IPython keeps the source as it is.
                code = repaired.source
        return self.masked(code)

    def masked(self, text: str, only: Redactor | None = None) -> str:
        """Return a text with the values in it masked, or those of ``only``: the same object if there are none.

        Unlike what the redactor masks itself, it does not count as an output in which something was masked.
        """
        if not self.is_on:
            return text
        try:
            places = (only or self.redactor).find(text)
        except Exception:  # noqa: BLE001 - whatever it is, the text must not be kept as it is
            return FAILED
        for place in reversed(places):
            text = f"{text[: place.start]}{mask_text(place.name)}{text[place.end :]}"
        return text

    def masked_bytes(self, data: bytes, only: Redactor) -> bytes:
        """Return the bytes of a text with the values of ``only`` masked: the same object if there are none."""
        text = data.decode("utf-8", "surrogateescape")
        masked = self.masked(text, only)
        return data if masked is text else masked.encode("utf-8", "surrogateescape")

    def forget(self) -> None:
        """Forget the last cell."""
        self._last = None
