"""An export that only a passphrase opens.

It is a JSON text: what the key is made from besides the passphrase (Argon2id), and the sealed secrets. A checksum over both tells a
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

MARK = "zensecrets_sealed_export"
VERSION = 1

_BOUND_TO = (MARK, str(VERSION))


def is_sealed(text: str) -> bool:
    """Tell whether a file's text is a sealed export."""
    return text.lstrip().startswith("{") and f'"{MARK}"' in text[:200]


def seal(text: str, passphrase: str) -> str:
    """Return ``text`` sealed with a passphrase."""
    place = new_parameters()
    key = derive_key(passphrase, place, "the export")
    sealed = base64.b64encode(cipher.seal(key, text.encode("utf-8", "surrogatepass"), _BOUND_TO)).decode("ascii")
    document = {MARK: VERSION, "argon2id": place, "checksum": _checksum(place, sealed), "sealed": sealed}
    return json.dumps(document, indent=2) + "\n"


def unseal(text: str, where: str, ask: Callable[[str], str]) -> str:
    """Return what was sealed; ``ask`` gives the passphrase, and is asked again if it is wrong.

    Raises:
        UnreadableFileError: If the file was altered or damaged.
        WrongPassphraseError: If what ``ask`` gave did not open it.
        InteractionUnavailableError: If nobody is there to be asked.
    """
    place, sealed = _parse(text, where)
    if exceeds_limit(place):
        message = f"Opening the export {where!r} would take more than {WORK_LIMIT}."
        raise UnreadableFileError(message, hint="This package writes nothing like that: take another copy of it.")
    before = ""
    for turn in range(MAX_ATTEMPTS):
        passphrase = ask(f"{'That does not open it. ' if turn else ''}Passphrase of {where}: ")
        if turn and passphrase == before:
            # It comes from a place that gives the same one again, such as a variable.
            break
        before = passphrase
        try:
            return cipher.unseal(derive_key(passphrase, place, f"the export {where!r}"), sealed, _BOUND_TO).decode("utf-8", "surrogatepass")
        except ManagerCorruptedError:
            continue
    raise WrongPassphraseError(f"The passphrase does not open the export {where!r}.", hint="The file is whole: try another one.")


def _parse(text: str, where: str) -> tuple[dict[str, Any], bytes]:
    try:
        document = json.loads(text)
        place, sealed = document["argon2id"], document["sealed"]
        if document[MARK] == VERSION and isinstance(place, dict) and document["checksum"] == _checksum(place, sealed):
            return place, base64.b64decode(sealed, validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError):
        pass
    message = f"The sealed export {where!r} was altered or damaged, or a newer version of this package wrote it."
    raise UnreadableFileError(message, hint="Take another copy of it.")


def _checksum(place: dict[str, Any], sealed: str) -> str:
    return cipher.checksum((json.dumps(place, sort_keys=True), sealed)).hex()
