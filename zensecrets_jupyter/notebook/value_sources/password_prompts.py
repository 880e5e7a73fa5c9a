"""Watch password prompts: what a person types unseen is protected as ``prompt.N``, whichever code asked."""

from __future__ import annotations

import getpass
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction.recognition.reasons import the_reasons

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.core.redaction import Redactor

_LONGEST_PROMPT = 40
_typed_for_command: ContextVar[list[tuple[str, str]] | None] = ContextVar("zensecrets_typed_for_command", default=None)


@contextmanager
def deferred_protection(redactor: Redactor) -> Iterator[None]:
    """Protect what is typed for a command of ours only when it ends: by then a value that was registered has its own name."""
    typed: list[tuple[str, str]] = []
    token = _typed_for_command.set(typed)
    try:
        yield
    finally:
        _typed_for_command.reset(token)
        for value, prompt in typed:
            _protect(redactor, value, prompt)


@contextmanager
def unprotected_prompts() -> Iterator[None]:
    """Take nothing that is typed for a secret: a question of ours, such as for a key's name, is hidden only because ``input`` is kept."""
    token = _typed_for_command.set([])
    try:
        yield
    finally:
        _typed_for_command.reset(token)


def install(shell: InteractiveShell, redactor: Redactor, undo: ExitStack) -> None:
    """Protect what is typed at password prompts of ``shell`` from now on; ``undo`` stops it."""

    def learn(value: object, prompt: object) -> None:
        protect_answer(redactor, value, prompt)

    kernel = getattr(shell, "kernel", None)
    if hasattr(kernel, "_input_request"):
        _watch_kernel(kernel, learn, undo)
    # Everything in getpass that reads a line from a terminal ends in this function, also for who imported getpass before us.
    if hasattr(getpass, "_raw_input"):
        _watch_function("_raw_input", learn, undo)
    if kernel is None:
        if not hasattr(getpass, "_raw_input") or sys.platform == "win32":
            _watch_function("getpass", learn, undo)
        _watch_terminal_prompts(learn, undo)


def protect_answer(redactor: Redactor, value: object, prompt: object) -> None:
    """Protect ``value``, which a person typed unseen: now, or when the command ends that asked for it."""
    if not isinstance(value, str) or not value:
        return
    typed = _typed_for_command.get()
    if typed is None:
        _protect(redactor, value, str(prompt))
    else:
        typed.append((value, str(prompt)))


def _protect(redactor: Redactor, value: str, prompt: str) -> None:
    before = {value for value, _ in redactor.protected_values()}
    if value in before:
        return
    numbers = [int(name[7:]) for name in (*redactor.names, *redactor.unmaskable) if name.startswith("prompt.") and name[7:].isdigit()]
    name = f"prompt.{max(numbers, default=0) + 1}"
    redactor.protect(value, name)
    asked = " ".join(prompt.split()).rstrip(":")
    shown = f"{asked[:_LONGEST_PROMPT]}…" if len(asked) > _LONGEST_PROMPT else asked
    the_reasons().add(name, f"typed at the password prompt {shown!r}" if shown else "typed at a password prompt")


def _watch_kernel(kernel: Any, learn: Any, undo: ExitStack) -> None:
    """Watch the one method with which a kernel asks its front end: ``getpass`` and ``input`` both call it."""
    original = kernel._input_request  # noqa: SLF001 - there is no public method below getpass and raw_input

    def input_request(prompt: Any, *args: Any, **options: Any) -> Any:
        value = original(prompt, *args, **options)
        if options.get("password", args[2] if len(args) > 2 else False):  # noqa: PLR2004 - after identity and parent
            learn(value, prompt)
        return value

    def restore() -> None:
        if vars(kernel).get("_input_request") is input_request:
            del kernel._input_request  # noqa: SLF001 - as above

    kernel._input_request = input_request  # noqa: SLF001 - as above
    undo.callback(restore)


def _watch_function(name: str, learn: Any, undo: ExitStack) -> None:
    original = getattr(getpass, name)

    def watched(prompt: Any = "Password: ", *args: Any, **options: Any) -> Any:
        value = original(prompt, *args, **options)
        learn(value, prompt if isinstance(prompt, str) else "")
        return value

    def restore() -> None:
        if getattr(getpass, name) is watched:
            setattr(getpass, name, original)

    setattr(getpass, name, watched)
    undo.callback(restore)


def _watch_terminal_prompts(learn: Any, undo: ExitStack) -> None:
    """Watch prompt_toolkit, which IPython's terminal has loaded: a prompt or dialogue with a field that shows no letters."""
    module = sys.modules.get("prompt_toolkit.application")
    if module is None:
        # Another program's shell, whose prompts are its own; importing it takes longer than loading may.
        return
    application = module.Application
    original = application.run_async

    async def run_async(self: Any, *args: Any, **options: Any) -> Any:
        try:
            return await original(self, *args, **options)
        finally:
            for text in _hidden_texts(self):
                learn(text, "")

    def restore() -> None:
        if application.run_async is run_async:
            application.run_async = original

    application.run_async = run_async
    undo.callback(restore)


def _hidden_texts(application: Any) -> Iterator[str]:
    """Yield the text of each field of ``application`` that is drawn as asterisks now."""
    from prompt_toolkit.layout.controls import BufferControl
    from prompt_toolkit.layout.processors import ConditionalProcessor, PasswordProcessor

    for control in application.layout.find_all_controls():
        if not isinstance(control, BufferControl):
            continue
        for processor in control.input_processors or ():
            is_hidden = isinstance(processor, PasswordProcessor)
            if isinstance(processor, ConditionalProcessor) and isinstance(processor.processor, PasswordProcessor):
                is_hidden = processor.filter()
            if is_hidden and control.buffer.text:
                yield control.buffer.text
