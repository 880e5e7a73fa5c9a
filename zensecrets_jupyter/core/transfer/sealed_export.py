"""Export file that is encrypted with a passphrase.

The file is a JSON text with the Argon2id parameters of the encryption key and the encrypted secrets. A checksum over both distinguishes a
damaged file from a wrong passphrase.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import ManagerCorruptedError, UnreadableFileError, WrongPassphraseError
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.key_protections.key_derivation import WORK_LIMIT, derive_key, exceeds_limit, new_parameters
from zensecrets_jupyter.core.sealing.key_protections.passphrase import MAX_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT_KEY = "zensecrets_sealed_export"
"""The JSON key of the file's version, by which an encrypted export is recognized."""
VERSION = 1
"""Version of the encrypted format; a higher number is from a newer version of this package."""

_CONTEXT = (FORMAT_KEY, str(VERSION))
"""Authenticated context of the encryption: with another context, the data can't be decrypted."""


def is_sealed(text: str) -> bool:
    """Return whether a text is an encrypted export."""
    # FORMAT_KEY is the first JSON key of an encrypted export, so it is near the start. Later in another text, it may be a part of a value.
    return text.lstrip().startswith("{") and f'"{FORMAT_KEY}"' in text[:200]


def seal(text: str, passphrase: str) -> str:
    """Return ``text`` encrypted with a passphrase."""
    parameters = new_parameters()
    key = derive_key(passphrase, parameters, "the export")
    sealed = base64.b64encode(cipher.seal(key, text.encode("utf-8", "surrogatepass"), _CONTEXT)).decode("ascii")
    document = {FORMAT_KEY: VERSION, "argon2id": parameters, "checksum": _checksum(parameters, sealed), "sealed": sealed}
    return json.dumps(document, indent=2) + "\n"


def unseal(text: str, name: str, ask: Callable[[str], str]) -> str:
    """Return the plaintext of an encrypted export.

    Args:
        text: The text of the file.
        name: The name of the file in prompts and errors.
        ask: Gets the prompt and returns the passphrase; it is called up to ``MAX_ATTEMPTS`` times, until the passphrase opens the export.

    Raises:
        UnreadableFileError: If the file was altered or damaged.
        WrongPassphraseError: If no passphrase from ``ask`` opens the export.
        InteractionUnavailableError: If the session can't ask for the passphrase.
    """
    parameters, sealed = _parse(text, name)
    if exceeds_limit(parameters):
        message = f"Opening the export {name!r} would take more than {WORK_LIMIT}."
        raise UnreadableFileError(message, hint="This package does not write files like that: use another copy.")
    previous_passphrase = ""
    for attempt in range(MAX_ATTEMPTS):
        passphrase = ask(f"{'That does not open it. ' if attempt else ''}Passphrase of {name}: ")
        if attempt and passphrase == previous_passphrase:
            # A source such as an environment variable always returns the same passphrase, so further attempts are useless.
            break
        previous_passphrase = passphrase
        try:
            return cipher.unseal(derive_key(passphrase, parameters, f"the export {name!r}"), sealed, _CONTEXT).decode(
                "utf-8", "surrogatepass"
            )
        except ManagerCorruptedError:
            # The checksum was correct, so the passphrase is wrong.
            continue
    raise WrongPassphraseError(f"The passphrase does not open the export {name!r}.", hint="The file is intact: try another passphrase.")


def _parse(text: str, name: str) -> tuple[dict[str, Any], bytes]:
    try:
        document = json.loads(text)
        parameters, sealed = document["argon2id"], document["sealed"]
        if document[FORMAT_KEY] == VERSION and isinstance(parameters, dict) and document["checksum"] == _checksum(parameters, sealed):
            return parameters, base64.b64decode(sealed, validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError):
        pass
    message = f"The sealed export {name!r} was altered or damaged, or a newer version of this package wrote it."
    raise UnreadableFileError(message, hint="Take another copy of it.")


def _checksum(parameters: dict[str, Any], sealed: str) -> str:
    """Return the checksum over the parameters and the encrypted secrets."""
    return cipher.checksum((json.dumps(parameters, sort_keys=True), sealed)).hex()
