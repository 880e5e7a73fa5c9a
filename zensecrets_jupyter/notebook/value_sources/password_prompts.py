"""Protection of answers to password prompts, under the names ``prompt.1``, ``prompt.2`` and so on."""

from __future__ import annotations

import getpass
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction.recognition.reasons import the_protection_reasons

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell

    from zensecrets_jupyter.core.redaction import Redactor

_MAX_PROMPT_LENGTH = 40
"""Maximum number of characters that the reason for a mask quotes from a prompt."""

_PREFIX = "prompt."
"""The beginning of the names of answers."""

_deferred_answers: ContextVar[list[tuple[str, str]] | None] = ContextVar("zensecrets_deferred_answers", default=None)
"""Answers of the current block with their prompts; ``None`` outside of :func:`deferred_protection` and :func:`unprotected_prompts`.

The context manager of the block decides whether the answers are protected.
"""


@contextmanager
def deferred_protection(redactor: Redactor) -> Iterator[None]:
    """Protect the answers to prompts of a block, but only at its end.

    If the block stores an answer in a secret, the value is already protected under the secret's name at the end of the block. It then gets
    no second name such as ``prompt.1``.
    """
    answers: list[tuple[str, str]] = []
    token = _deferred_answers.set(answers)
    try:
        yield
    finally:
        _deferred_answers.reset(token)
        for value, prompt in answers:
            _protect(redactor, value, prompt)


@contextmanager
def unprotected_prompts() -> Iterator[None]:
    """Do not protect answers to prompts of a block, such as a key's name."""
    # The answers are added to this list, which is then dropped.
    token = _deferred_answers.set([])
    try:
        yield
    finally:
        _deferred_answers.reset(token)


def install(shell: InteractiveShell, redactor: Redactor, undo: ExitStack) -> None:
    """Protect the answers to password prompts of ``shell`` from now on; ``undo`` stops it."""

    def protect(value: object, prompt: object) -> None:
        protect_answer(redactor, value, prompt)

    kernel = getattr(shell, "kernel", None)
    if hasattr(kernel, "_input_request"):
        _wrap_kernel_prompts(kernel, protect, undo)
    # Every function of getpass that reads from a terminal calls `_raw_input`. Therefore the wrapper also works for code that has already
    # imported the function `getpass.getpass`.
    if hasattr(getpass, "_raw_input"):
        _wrap_getpass_function("_raw_input", protect, undo)
    if kernel is None:
        # On Windows, `getpass.getpass` reads the console without `_raw_input`. In a kernel, ipykernel replaces `getpass.getpass`.
        if not hasattr(getpass, "_raw_input") or sys.platform == "win32":
            _wrap_getpass_function("getpass", protect, undo)
        _wrap_terminal_prompts(protect, undo)


def protect_answer(redactor: Redactor, value: object, prompt: object) -> None:
    """Protect the answer to a password prompt now, or at the end of :func:`deferred_protection`."""
    if not isinstance(value, str) or not value:
        return
    deferred = _deferred_answers.get()
    if deferred is None:
        _protect(redactor, value, str(prompt))
    else:
        deferred.append((value, str(prompt)))


def _protect(redactor: Redactor, value: str, prompt: str) -> None:
    if value in {protected for protected, _ in redactor.protected_values()}:
        return
    # The next free number. The names of values that can't be masked are not reused either.
    names = [name for name in (*redactor.names, *redactor.unmaskable) if name.startswith(_PREFIX)]
    numbers = [int(suffix) for name in names if (suffix := name.removeprefix(_PREFIX)).isdigit()]
    name = f"{_PREFIX}{max(numbers, default=0) + 1}"
    redactor.protect(value, name)
    quoted_prompt = " ".join(prompt.split()).rstrip(":")
    short_prompt = f"{quoted_prompt[:_MAX_PROMPT_LENGTH]}…" if len(quoted_prompt) > _MAX_PROMPT_LENGTH else quoted_prompt
    the_protection_reasons().add(name, f"typed at the password prompt {short_prompt!r}" if short_prompt else "typed at a password prompt")


def _wrap_kernel_prompts(kernel: Any, protect: Any, undo: ExitStack) -> None:
    """Wrap the method of a kernel that both ``getpass`` and ``input`` call."""
    original = kernel._input_request  # noqa: SLF001 - ipykernel has no public method that both getpass and input call

    def input_request(prompt: Any, *args: Any, **options: Any) -> Any:
        value = original(prompt, *args, **options)
        if options.get("password", args[2] if len(args) > 2 else False):  # noqa: PLR2004 - the third argument after the prompt is the password flag
            protect(value, prompt)
        return value

    def restore() -> None:
        # The wrapper is an attribute of the object, which hides the method of the class until it is deleted.
        if vars(kernel).get("_input_request") is input_request:
            del kernel._input_request  # noqa: SLF001 - ipykernel has no public method that both getpass and input call

    kernel._input_request = input_request  # noqa: SLF001 - ipykernel has no public method that both getpass and input call
    undo.callback(restore)


def _wrap_getpass_function(name: str, protect: Any, undo: ExitStack) -> None:
    original = getattr(getpass, name)

    def wrapper(prompt: Any = "Password: ", *args: Any, **options: Any) -> Any:
        value = original(prompt, *args, **options)
        protect(value, prompt if isinstance(prompt, str) else "")
        return value

    def restore() -> None:
        if getattr(getpass, name) is wrapper:
            setattr(getpass, name, original)

    setattr(getpass, name, wrapper)
    undo.callback(restore)


def _wrap_terminal_prompts(protect: Any, undo: ExitStack) -> None:
    """Wrap the method of prompt_toolkit that runs prompts and dialogues, which may ask for passwords."""
    module = sys.modules.get("prompt_toolkit.application")
    if module is None:
        # The shell is embedded in another program and shows no prompts of prompt_toolkit. An import would make `%load_ext` slow.
        return
    application = module.Application
    original = application.run_async

    async def run_async(self: Any, *args: Any, **options: Any) -> Any:
        try:
            return await original(self, *args, **options)
        finally:
            for text in _hidden_texts(self):
                protect(text, "")

    def restore() -> None:
        if application.run_async is run_async:
            application.run_async = original

    application.run_async = run_async
    undo.callback(restore)


def _hidden_texts(application: Any) -> Iterator[str]:
    """Yield the text of each field of ``application`` that is displayed as asterisks."""
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
