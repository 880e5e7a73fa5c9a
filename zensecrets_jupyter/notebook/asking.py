"""Who is asked for a value in a shell: a person, through hidden prompts, or nobody."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import InteractionUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.commands.ask import Asker


def somebody_is_there(shell: InteractiveShell) -> bool:
    """Tell whether a prompt of ``shell`` reaches a person.

    A kernel knows from each request whether its client answers prompts: nbclient and papermill say that they do not.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def asker(shell: InteractiveShell) -> Asker:
    """Return who answers questions in ``shell`` now."""
    from zensecrets_jupyter.commands.ask import HiddenPrompts, Nobody  # noqa: PLC0415 - loading the extension stays fast

    return HiddenPrompts(hidden_prompt, print) if somebody_is_there(shell) else Nobody()


def hidden_prompt(prompt: str) -> str:
    """Return what a person types, which is shown nowhere.

    In a kernel ``getpass`` goes through the front end's own password prompt, and ``input`` would echo.

    Raises:
        InteractionUnavailableError: If the prompt reaches nobody after all.
    """
    try:
        return getpass.getpass(prompt)
    except EOFError:
        reason = "the input is closed"
    except RuntimeError as error:
        # ipykernel's StdinNotImplementedError is only importable where ipykernel is installed.
        if type(error).__name__ != "StdinNotImplementedError":
            raise
        reason = "this front end shows no prompts"
    message = f"There was something to ask ({prompt.strip().rstrip(':')}), and {reason}."
    raise InteractionUnavailableError(message)


def passphrase_source(shell: InteractiveShell) -> Callable[[str], str]:
    """Return what asks for passphrases in ``shell``."""

    def ask(prompt: str) -> str:
        return asker(shell).ask_passphrase(prompt)

    return ask
