"""What the front end can do that sent the request which is running: show a form, answer prompts, or neither."""

from __future__ import annotations

import getpass
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.asking.hidden_input import FROM_FILE
from zensecrets_jupyter.core.errors import InteractionUnavailableError, InvalidSecretError, SettingsError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

FORMS_VARIABLE = "ZENSECRETS_FORMS"
"""``on`` shows forms wherever prompts are answered, ``off`` nowhere; without it, or with ``auto``, notebooks get forms."""

WIDGET_FOLDER = Path(__file__).parent / "widget"
"""What the browser loads: built from ``js/``, and missing where the package was installed from a clone without Node."""

_LONGEST_LINE = 4095
"""Bytes of a line that a terminal hands over at most; Linux, ``termios(3)``, "Canonical and noncanonical mode"."""

_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"
"""What a terminal puts around what is pasted, if it was asked to; xterm's "Bracketed Paste Mode"."""

_FIRST_LINE = re.compile(rf"\s*(-----BEGIN [^\r\n]*|[{{\[])\s*|{re.escape(_PASTE_BEGINS)}.*")
"""What is the first line of a key, of JSON, or of a paste, and no value."""

_MORE = "Several lines can't be taken here. Press Enter when the paste has ended: "

_SERVES_COMMS = (7, 4)
"""The first ipykernel that hands a widget's messages on while a cell awaits something."""


def can_prompt(shell: InteractiveShell) -> bool:
    """Tell whether a prompt of ``shell`` reaches a person.

    A kernel knows from each request whether its client answers prompts: nbclient and papermill say that they do not. While it deals with
    a widget's message there is no cell to show a prompt under, and the answer would never come.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
    return bool(getattr(kernel, "_allow_stdin", False)) and _request(shell).get("header", {}).get("msg_type") != "comm_msg"


def can_show_forms(shell: InteractiveShell) -> bool:
    """Tell whether the front end that is running a cell of ``shell`` shows a form.

    Consoles of Jupyter show no widgets, and nothing in the protocol says so. What runs the cells of a notebook names the cell in its
    request (JupyterLab, Notebook 7 and VS Code do), which consoles have no reason to. Colab doesn't, and is known by its own package.

    Raises:
        SettingsError: If ZENSECRETS_FORMS is set to anything but on, off or auto.
    """
    chosen = os.environ.get(FORMS_VARIABLE, "").strip().lower() or "auto"
    if chosen not in {"on", "off", "auto"}:
        raise SettingsError(f"{FORMS_VARIABLE} is {chosen!r}, which says nothing.", hint="Set it to on, off or auto.")
    if chosen == "off" or getattr(shell, "kernel", None) is None or not can_prompt(shell) or not can_make_forms():
        return False
    return chosen == "on" or bool(_request(shell).get("metadata", {}).get("cellId")) or "google.colab" in sys.modules


def can_make_forms() -> bool:
    """Tell whether what a form is made of is installed here."""
    return (WIDGET_FOLDER / "form.js").is_file() and find_spec("anywidget") is not None


def can_await_forms(shell: InteractiveShell) -> bool:
    """Tell whether a cell of ``shell`` that awaits a form is told when it is submitted, so that waiting ends.

    Older kernels put what a form sends behind the cell that waits for it.
    """
    if getattr(shell, "kernel", None) is None:
        return False
    from ipykernel._version import version_info

    return tuple(version_info[:2]) >= _SERVES_COMMS


def ask_hidden(prompt: str) -> str:
    """Return what a person answers to the password prompt of a kernel's front end; ``input`` would echo.

    Raises:
        InteractionUnavailableError: If the prompt reaches nobody after all.
        InvalidSecretError: If the front end is a console whose terminal may have cut the answer, or hands on its first line only.
    """
    try:
        answer = getpass.getpass(prompt)
        if answer.endswith(_PASTE_ENDS):
            answer = answer.removesuffix(_PASTE_ENDS).removeprefix(_PASTE_BEGINS)
        is_first = _FIRST_LINE.fullmatch(answer) is not None
        if is_first:
            _swallow_rest()
    except EOFError:
        reason = "the input is closed"
    except RuntimeError as error:
        # ipykernel's StdinNotImplementedError is only importable where ipykernel is installed.
        if type(error).__name__ != "StdinNotImplementedError":
            raise
        reason = "this front end shows no prompts"
    else:
        if len(answer.encode("utf-8", "surrogatepass")) >= _LONGEST_LINE:
            message = f"What was typed has {_LONGEST_LINE:,} bytes or more, and a terminal cuts such a line; nothing was taken."
            raise InvalidSecretError(message, hint=FROM_FILE)
        if is_first:
            raise InvalidSecretError("Only the first line of a text of several lines came; nothing was taken.", hint=FROM_FILE)
        return answer
    message = f"There was something to ask ({prompt.strip().rstrip(':')}), and {reason}."
    raise InteractionUnavailableError(message)


def _swallow_rest() -> None:
    # A console would run the lines that come after an answer, show them, and keep them in the history.
    while (line := getpass.getpass(_MORE).strip()) and not line.startswith("-----END"):
        pass


def _request(shell: InteractiveShell) -> dict[str, Any]:
    found = shell.kernel.get_parent("shell")
    return found if isinstance(found, dict) else {}
