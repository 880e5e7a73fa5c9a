"""Which variables of an environment hold secrets, by their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.redactor import Redactor, the_redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET = re.compile(
    r"token(?!iz)|secret|passw(?:or)?d|passphrase|passwd|(?:api|access|account|private|shared)_?key|(?:\A|_)(?:key|pwd|pat)s?(?:\Z|_|\d)",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"(?:file|path|dir|folder|home|sock|url|uri|endpoint|name|type|length|size|id_prefix|expires?|expiry|ttl)\Z",
    re.IGNORECASE,
)
_FOLDERS = frozenset({"PWD"})
"""Variables that hold a folder, for all that their names look like: a shell's (POSIX, sh, "Environment Variables")."""
_URL_WITH_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s:@]*:[^/?#\s]+@")


def protect_environment(environ: Mapping[str, str], *, redactor: Redactor | None = None) -> list[str]:
    """Protect the variables whose names say token, key, secret or password, and URLs with a password; return their names as ``env.NAME``.

    What is short or common is left out, and so is what is protected already, under the name of its secret.

    Args:
        environ: The environment, such as ``os.environ``.
        redactor: Who protects them; :func:`the_redactor` if none is given.
    """
    chosen = redactor or the_redactor()
    names = []
    for variable, value in environ.items():
        told = _SECRET.search(variable) and variable not in _FOLDERS and not _PLACE.search(variable)
        if (told or _URL_WITH_PASSWORD.match(value)) and chosen.protect(value, f"env.{variable}"):
            names.append(f"env.{variable}")
    return names
