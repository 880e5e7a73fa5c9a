"""Checks of files that environment variables name, such as certificates.

If a file is unusable, an SDK raises an unclear error or none. So the files are checked after a request has failed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import InvalidOptionsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PEM = "certificates in PEM"
"""The required content of a file with certificates. It selects the check, and is part of the messages."""
JSON = "credentials in JSON"
"""The required content of a file with credentials. It selects the check, and is part of the messages."""

REQUESTS_VARIABLES: Mapping[str, str] = {"REQUESTS_CA_BUNDLE": PEM, "CURL_CA_BUNDLE": PEM}
"""The variables that ``requests`` reads ("SSL Cert Verification" in its documentation), each with the required content of its file."""


def find_file_error(variables: Mapping[str, str], *, flavor: str) -> InvalidOptionsError | None:
    """Return the error for the first variable with an unusable file, or ``None``.

    The text of the error does not contain the path, because the variable may be set to a secret by mistake.

    Args:
        variables: Names of variables, each with the content that its file must have: :data:`PEM` or :data:`JSON`.
        flavor: The flavor of the secrets manager, for the error.
    """
    for variable, content in variables.items():
        path = os.environ.get(variable)
        problem = _describe_problem(Path(path), content) if path else ""
        if problem:
            return InvalidOptionsError(
                f"{variable} names a file that {problem}.", flavor=flavor, hint=f"Set it to a file with {content}, or unset it."
            )
    return None


def _describe_problem(path: Path, content: str) -> str:
    """Return the problem of a file as a text for the message, or an empty text.

    The text follows "names a file that", for example "does not exist".
    """
    try:
        if path.is_dir():
            # The variable may name a folder of certificates.
            return "" if content == PEM else "is a folder"
        data = path.read_bytes()
    except FileNotFoundError:
        return "does not exist"
    except (OSError, ValueError) as error:
        return f"can't be read ({type(error).__name__})"
    if content == PEM:
        return "" if b"-----BEGIN " in data else f"has no {PEM}"
    try:
        json.loads(data)
    except ValueError:
        return f"has no {JSON}"
    return ""
