"""The option ``--values=@FILE``, which reads several keys of a secret from JSON or YAML.

The text itself may also be JSON or YAML: ``--values='{"KEY": "VALUE"}'``. ZenML has this option since version 0.40.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.framework.argument_values import VALUES_OPTION, is_clearly_path, read_value
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.transfer import secret_formats
from zensecrets_jupyter.core.transfer.text_files import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.framework.free_options import Argument
    from zensecrets_jupyter.commands.front_end import Call


def split_values(call: Call, arguments: Sequence[Argument]) -> tuple[list[Argument], dict[str, str]]:
    """Return the arguments other than ``--values``, and the keys and values in ``--values``.

    Raises:
        UsageProblem: If ``--values`` is empty or has several secrets, or a key is both an option and in ``--values``.
        UnreadableFileError: If the file can't be read, or is not a mapping of keys to texts. The error never quotes content.
        InvalidSecretError: If a key is not allowed.
    """
    other_arguments = [argument for argument in arguments if argument.key != VALUES_OPTION]
    if len(other_arguments) == len(arguments):
        return other_arguments, {}
    text = next(argument.text for argument in arguments if argument.key == VALUES_OPTION)
    if not text:
        raise UsageProblem("--values is empty.", hint="Write --values=@FILE, with a file of JSON or YAML.")
    values = _read_mapping(call, text)
    duplicates = [argument.key for argument in other_arguments if argument.key in values]
    if duplicates:
        raise UsageProblem(f"--{duplicates[0]} is an option of the line and also a key in --values.", hint="Set it once.")
    return other_arguments, values


def _read_mapping(call: Call, text: str) -> dict[str, str]:
    # The text "@-" means piped input, which read_value reads.
    path = text[1:] if text.startswith("@") and text != "@-" else ""
    content = _read_file(path) if path else read_value(VALUES_OPTION, text, call.capabilities.piped_input)
    file_format = "json" if content.lstrip().startswith(("{", "[")) else "yaml"
    # The content has no name for its secret. The name of the option is a placeholder.
    try:
        secrets = secret_formats.read(content, file_format, file=path or VALUES_OPTION, name=VALUES_OPTION, is_single=True)
    except UnreadableFileError as error:
        # If the text comes from the line or from piped input, the message must not call it a file.
        error.message = error.message if path else error.message.replace(f"The file {VALUES_OPTION!r}", "The text of --values")
        raise
    if list(secrets) != [VALUES_OPTION]:
        message = "--values has several secrets. It must have the keys and values of one secret."
        raise UsageProblem(message, hint=f"To import several secrets: %secret import {path or 'FILE'}")
    return dict(secrets[VALUES_OPTION].content)


def _read_file(path: str) -> str:
    try:
        return read_text(path)
    except UnreadableFileError as error:
        # The path may be a password that begins with '@'.
        if not is_clearly_path(path):
            error.message = error.message.replace(f"The file {path!r}", "The file of --values")
        raise
