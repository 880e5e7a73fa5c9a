"""Capabilities of the front end that runs the current cell: forms and prompts."""

from __future__ import annotations

import getpass
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.commands.asking.hidden_input import FROM_FILE, unanswered_error
from zensecrets_jupyter.core.errors import InvalidSecretError, SettingsError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

FORMS_VARIABLE = "ZENSECRETS_FORMS"
"""Environment variable that decides where forms are shown.

``on`` shows forms in every front end that answers prompts, ``off`` in none, and ``auto``, the default, in notebooks only.
"""

WIDGET_FOLDER = Path(__file__).parent / "widget"
"""Folder of the scripts for the browser, which are built from ``js/``.

Without Node, an installation from a clone does not contain it.
"""

_MAX_LINE_BYTES = 4095
"""Maximum size of a typed line in a terminal. A line of exactly this size may be truncated.

Linux: ``termios(3)``, section "Canonical and noncanonical mode".
"""

_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"
"""Escape sequences that a terminal writes around pasted text.

A program can enable them: xterm, "Bracketed Paste Mode".
"""

_FIRST_LINE = re.compile(rf"\s*(-----BEGIN [^\r\n]*|[{{\[])\s*|{re.escape(_PASTE_BEGINS)}.*")
"""An answer that is incomplete: only the first line of a private key, of JSON, or of a paste.

A paste is incomplete if its end sequence is missing.
"""

_FURTHER_LINES_PROMPT = "This prompt accepts one line only. Press Enter when the paste has ended: "

_MIN_IPYKERNEL = (7, 4)
"""The first ipykernel that processes a widget's messages while a cell awaits a result."""


def can_prompt(shell: InteractiveShell) -> bool:
    """Return whether a user can answer a prompt of ``shell``.

    Each request to a kernel says whether its client answers prompts; nbclient and papermill do not. While a kernel processes a widget's
    message (``comm_msg``), no cell can display a prompt, so the kernel would wait forever for the answer.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
    return bool(getattr(kernel, "_allow_stdin", False)) and _current_request(shell).get("header", {}).get("msg_type") != "comm_msg"


def can_show_forms(shell: InteractiveShell) -> bool:
    """Return whether the front end that runs a cell of ``shell`` can show a form.

    Jupyter consoles show no widgets, but the protocol does not say which front end sends a request. A request of a notebook contains the
    identifier of its cell (in JupyterLab, Notebook 7 and VS Code), and a request of a console does not. Colab sends no identifier, and is
    detected by its package.

    Raises:
        SettingsError: If ZENSECRETS_FORMS is neither on, off nor auto.
    """
    setting = os.environ.get(FORMS_VARIABLE, "").strip().lower() or "auto"
    if setting not in {"on", "off", "auto"}:
        raise SettingsError(f"{FORMS_VARIABLE} has the invalid value {setting!r}.", hint="Set it to on, off or auto.")
    if setting == "off" or getattr(shell, "kernel", None) is None or not can_prompt(shell) or not can_make_forms():
        return False
    return setting == "on" or bool(_current_request(shell).get("metadata", {}).get("cellId")) or "google.colab" in sys.modules


def can_make_forms() -> bool:
    """Return whether this installation can create forms: it needs ``form.js`` and anywidget."""
    return (WIDGET_FOLDER / "form.js").is_file() and find_spec("anywidget") is not None


def can_await_forms(shell: InteractiveShell) -> bool:
    """Return whether a cell of ``shell`` can await a form.

    Older kernels process the messages of a form only after the cell has ended, so the cell would wait forever.
    """
    if getattr(shell, "kernel", None) is None:
        return False
    from ipykernel._version import version_info

    return tuple(version_info[:2]) >= _MIN_IPYKERNEL


def ask_hidden(prompt: str) -> str:
    """Show a hidden prompt in a kernel's front end, and return the answer.

    Raises:
        InteractionUnavailableError: If no user can answer the prompt.
        InvalidSecretError: If the terminal of a console may have truncated the answer, or has sent only the first line of a paste.
    """
    try:
        answer = getpass.getpass(prompt)
        if answer.endswith(_PASTE_ENDS):
            answer = answer.removesuffix(_PASTE_ENDS).removeprefix(_PASTE_BEGINS)
        is_first_line = _FIRST_LINE.fullmatch(answer) is not None
        if is_first_line:
            _discard_further_lines()
    except EOFError:
        reason = "the input is closed"
    except RuntimeError as error:
        # The class of the error is in ipykernel, which may not be installed, so its name is compared.
        if type(error).__name__ != "StdinNotImplementedError":
            raise
        reason = "this front end shows no prompts"
    else:
        if len(answer.encode("utf-8", "surrogatepass")) >= _MAX_LINE_BYTES:
            message = f"The answer has {_MAX_LINE_BYTES:,} bytes or more, and a terminal may truncate it; the answer was not used."
            raise InvalidSecretError(message, hint=FROM_FILE)
        if is_first_line:
            raise InvalidSecretError(
                "The prompt got only the first line of a text with several lines; the answer was not used.", hint=FROM_FILE
            )
        return answer
    raise unanswered_error(prompt, reason)


def _discard_further_lines() -> None:
    # A console would run the lines after the answer, display them, and record them in the history. The loop reads until an empty line or
    # the last line of a private key.
    while (line := getpass.getpass(_FURTHER_LINES_PROMPT).strip()) and not line.startswith("-----END"):
        pass


def _current_request(shell: InteractiveShell) -> dict[str, Any]:
    """Return the message of Jupyter's protocol that the kernel processes now."""
    request = shell.kernel.get_parent("shell")
    return request if isinstance(request, dict) else {}
