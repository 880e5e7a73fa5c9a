"""The option ``--values=@FILE``: several keys of a secret from JSON or YAML, as in ZenML since 0.40."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.framework.argument_values import VALUES, is_clearly_path, read_value
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.transfer import formats
from zensecrets_jupyter.core.transfer.files import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.commands.framework.free_options import Argument
    from zensecrets_jupyter.commands.front_end import Call


def split_values(call: Call, given: Sequence[Argument]) -> tuple[list[Argument], dict[str, str]]:
    """Split off ``--values``: return the other arguments, and its values by key.

    Raises:
        UsageProblem: If ``--values`` is empty, or a key is given twice.
        UnreadableFileError: If the file can't be read, or is no mapping of keys to texts. The error never quotes content.
        InvalidSecretError: If a key is not allowed.
    """
    others = [one for one in given if one.key != VALUES]
    if len(others) == len(given):
        return others, {}
    text = next(one.text for one in given if one.key == VALUES)
    if not text:
        raise UsageProblem("--values holds several keys, and is empty.", hint="Write --values=@FILE, a file of JSON or YAML.")
    values = _mapping(call, text)
    twice = [one.key for one in others if one.key in values]
    if twice:
        raise UsageProblem(f"--{twice[0]} is given, and is in --values too.", hint="Give it once.")
    return others, values


def _mapping(call: Call, text: str) -> dict[str, str]:
    where = text[1:] if text.startswith("@") and text != "@-" else ""
    content = _read_file(where) if where else read_value(VALUES, text, call.capabilities.piped)
    file_format = "json" if content.lstrip().startswith(("{", "[")) else "yaml"
    try:
        found = formats.read(content, file_format, where=where or VALUES, name=VALUES, is_one=True)
    except UnreadableFileError as error:
        error.message = error.message if where else error.message.replace(f"The file {VALUES!r}", "The text of --values")
        raise
    if list(found) != [VALUES]:
        message = "--values holds names of secrets, and no keys with values."
        raise UsageProblem(message, hint=f"To import several secrets: %secret import {where or 'FILE'}")
    return dict(found[VALUES].content)


def _read_file(path: str) -> str:
    try:
        return read_text(path)
    except UnreadableFileError as error:
        # The path may be a password that begins with '@'.
        if not is_clearly_path(path):
            error.message = error.message.replace(f"The file {path!r}", "The file of --values")
        raise
